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
