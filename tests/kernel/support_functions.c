#include "support_functions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "kernel/functions.h"
#include "kernel/reference.h"
#include "support.h"

enum { BATCH = 4096 };

typedef struct function {
    const char *name;
    double worst;      /* allowed error in ulp of the true value */
    double worst_seen; /* of the reference */
    float at;          /* where */
} function;

/* Errors are counted in units of the last place of a float near `expected`. */
static double ulps(float got, double expected)
{
    int exponent;
    if (expected == 0 || (fabs(expected) < 0x1p-126 && got == 0))
        return got == 0 ? 0 : HUGE_VAL;
    (void)frexp(expected, &exponent);
    return fabs((double)got - expected) / ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

static void check_one(function *f, float x, float got, double expected)
{
    if (isnan(x)) {
        if (!isnan(got))
            fail_msg("%s(NaN) = %a", f->name, (double)got);
        return;
    }
    double error = ulps(got, expected);
    if (!(error <= f->worst))
        fail_msg("%s(%a) = %a, should be %a: %.2f ulp, allowed %.2f", f->name, (double)x,
                 (double)got, expected, error, f->worst);
    if (error > f->worst_seen) {
        f->worst_seen = error;
        f->at = x;
    }
}

static double true_sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static void check_reference(function f[5], const float *x, float *of_tanh, float *of_sigmoid)
{
    for (int i = 0; i < BATCH; i++) {
        double wide = (double)x[i];
        of_tanh[i] = REF(tanh)(x[i]);
        of_sigmoid[i] = REF(sigmoid)(x[i]);
        check_one(&f[2], x[i], of_tanh[i], tanh(wide));
        check_one(&f[3], x[i], of_sigmoid[i], true_sigmoid(wide));
        if (isnan(x[i]) || x[i] <= 0)
            check_one(&f[0], x[i], REF(exp)(x[i]), exp(wide));
        if (isnan(x[i]) || (isnormal(x[i]) && x[i] > 0))
            check_one(&f[1], x[i], REF(log)(x[i]), log(wide));
        if (isnan(x[i]) || (x[i] >= 0 && x[i] <= 1))
            check_one(&f[4], x[i], REF(log1p)(x[i]), log1p(wide));
    }
}

/* The portable tier: 4 ulp of the true value. */
static void check_tier(const hem__kernels_f32 *kernels, int which, bool exact, const float *x,
                       const float *expected)
{
    static float y[BATCH];
    function loose = {.name = kernels->name, .worst = 4};
    kernels->pointwise[which](x, y, BATCH);
    for (int i = 0; i < BATCH; i++) {
        bool same = memcmp(&y[i], &expected[i], sizeof y[i]) == 0;
        if (same || (isnan(y[i]) && isnan(expected[i])))
            continue;
        if (exact)
            fail_msg("%s, function %d of %a: %a, reference %a", kernels->name, which, (double)x[i],
                     (double)y[i], (double)expected[i]);
        double wide = (double)x[i];
        check_one(&loose, x[i], y[i], which == 1 ? tanh(wide) : true_sigmoid(wide));
    }
}

void check_functions(uint64_t step)
{
    static float x[BATCH], of_tanh[BATCH], of_sigmoid[BATCH];
    function f[5] = {{.name = "exp", .worst = 1.1},
                     {.name = "log", .worst = 1},
                     {.name = "tanh", .worst = 2},
                     {.name = "sigmoid", .worst = 3},
                     {.name = "log1p", .worst = 3}};
    const hem__kernels_f32 *kernels[MOST_TIERS];
    bool exact[MOST_TIERS];
    int n_tiers = tiers_to_test(kernels, exact);
    for (uint64_t next = 0; next < UINT64_C(1) << 32;) {
        for (int i = 0; i < BATCH; i++, next += step) {
            uint32_t bits = (uint32_t)next;
            memcpy(&x[i], &bits, sizeof bits);
        }
        check_reference(f, x, of_tanh, of_sigmoid);
        for (int t = 0; t < n_tiers; t++) {
            check_tier(kernels[t], 1, exact[t], x, of_tanh);
            check_tier(kernels[t], 2, exact[t], x, of_sigmoid);
        }
    }
    for (int i = 0; i < 5; i++)
        print_message("%-8s largest error %.3f ulp, at %a (allowed %.1f)\n", f[i].name,
                      f[i].worst_seen, (double)f[i].at, f[i].worst);
}

/* ---- activations ------------------------------------------------------------------------------
 */

static double true_elu(double x)
{
    return x > 0 ? x : expm1(x);
}

static double true_gelu(double x)
{
    return x < -1e9 ? 0 : 0.5 * x * erfc(-x * 0.70710678118654752440);
}

/* 0 where functions.h says so. */
static double true_silu(double x)
{
    return x < (double)HEM__EXP_LIMIT ? 0 : x * true_sigmoid(x);
}

static double true_gelu_slope(double x)
{
    double density = 0.39894228040143267794 * exp(-0.5 * x * x);
    return 0.5 * erfc(-x * 0.70710678118654752440) + (density > 0 ? x * density : 0);
}

static double true_silu_slope(double x)
{
    double other = true_sigmoid(-x);
    return true_sigmoid(x) * (1 + (other > 0 && isfinite(x) ? x * other : 0));
}

/* An activation, or its slope, which is held to an absolute error. */
typedef struct activation {
    const char *name;
    int which; /* of the kernels' curve */
    bool slope;
    double (*true_value)(double);
    double worst, worst_portable; /* allowed: ulp, slopes 1e-7 */
    double worst_seen;
    float at;
} activation;

static double error_of(const activation *f, float got, double expected)
{
    if (isnan(got) && isnan(expected))
        return 0;
    if ((double)got == expected) /* infinity too */
        return 0;
    return f->slope ? fabs((double)got - expected) * 1e7 : ulps(got, expected);
}

static void run_activation(const activation *f, const hem__kernels_f32 *kernels, const float *x,
                           float *y)
{
    static float ones[BATCH];
    for (int i = 0; i < BATCH; i++)
        ones[i] = 1;
    if (f->slope)
        kernels->curve_grad[f->which](x, 1, ones, y, BATCH);
    else
        kernels->curve[f->which](x, 1, y, BATCH);
}

static void check_activation(activation *f, const float *x)
{
    static float expected[BATCH], y[BATCH];
    const hem__kernels_f32 *kernels[MOST_TIERS];
    bool exact[MOST_TIERS];
    int n_tiers = tiers_to_test(kernels, exact);
    run_activation(f, &hem__kernels_reference_f32, x, expected);
    for (int i = 0; i < BATCH; i++) {
        double error = error_of(f, expected[i], f->true_value((double)x[i]));
        if (!(error <= f->worst))
            fail_msg("%s(%a) = %a, should be %a", f->name, (double)x[i], (double)expected[i],
                     f->true_value((double)x[i]));
        if (error > f->worst_seen) {
            f->worst_seen = error;
            f->at = x[i];
        }
    }
    for (int t = 0; t < n_tiers; t++) {
        run_activation(f, kernels[t], x, y);
        for (int i = 0; i < BATCH; i++) {
            bool same = memcmp(&y[i], &expected[i], sizeof y[i]) == 0;
            if (same || (isnan(y[i]) && isnan(expected[i])))
                continue;
            double error = error_of(f, y[i], f->true_value((double)x[i]));
            if (exact[t] || !(error <= f->worst_portable))
                fail_msg("%s of %s at %a: %a, reference %a", f->name, kernels[t]->name,
                         (double)x[i], (double)y[i], (double)expected[i]);
        }
    }
}

void check_activations(uint64_t step)
{
    static float x[BATCH];
    activation f[] = {
        {.name = "elu", .which = 1, .true_value = true_elu, .worst = 2, .worst_portable = 4},
        {.name = "gelu", .which = 2, .true_value = true_gelu, .worst = 7, .worst_portable = 10},
        {.name = "silu", .which = 3, .true_value = true_silu, .worst = 4, .worst_portable = 6},
        {"gelu'", 2, true, true_gelu_slope, 3, 5, 0, 0},
        {"silu'", 3, true, true_silu_slope, 3, 5, 0, 0},
    };
    const int n = sizeof f / sizeof f[0];
    for (uint64_t next = 0; next < UINT64_C(1) << 32;) {
        for (int i = 0; i < BATCH; i++, next += step) {
            uint32_t bits = (uint32_t)next;
            memcpy(&x[i], &bits, sizeof bits);
        }
        for (int k = 0; k < n; k++)
            check_activation(&f[k], x);
    }
    for (int k = 0; k < n; k++)
        print_message("%-8s largest error %.3f %s, at %a (allowed %.1f)\n", f[k].name,
                      f[k].worst_seen, f[k].slope ? "1e-7" : "ulp", (double)f[k].at, f[k].worst);
}
