/* exp, log, tanh, sigmoid on a dense sample of floats, and the values that must be exact; softmax
 * and its loss on numbers that overflow, vanish or are not numbers. --sparser 9 takes a ninth of
 * the sample. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "kernel/functions.h"
#include "kernel/reference.h"
#include "support.h"
#include "support_functions.h"

/* Under an emulator: every so many times fewer floats. */
static uint64_t sparser = 1;

static void test_sample(void **state)
{
    (void)state;
    check_functions(997 * sparser); /* odd: reaches every pattern of low bits */
}

static void test_activation_sample(void **state)
{
    (void)state;
    check_activations(2003 * sparser);
}

/* Kinks, ends and what is no number, on every tier. */
static void test_activation_ends(void **state)
{
    (void)state;
    const float inf = INFINITY;
    const float x[HEM__LANES] = {0, -0.0f, inf, -inf, NAN, 1, -1, 200, -200, 3e38f, -3e38f};
    const float expected[HEM__N_CURVES][5] = {
        {0, 0, inf, -inf, NAN}, {0, 0, inf, -1, NAN}, {0, 0, inf, 0, NAN}, {0, 0, inf, 0, NAN}};
    const hem__kernels_f32 *kernels[MOST_TIERS + 1];
    bool exact[MOST_TIERS];
    int n = tiers_to_test(kernels, exact);
    kernels[n++] = &hem__kernels_reference_f32;
    for (int t = 0; t < n; t++) {
        for (int f = 0; f < HEM__N_CURVES; f++) {
            float a = f == 1 ? 1 : 0.5f, y[HEM__LANES], dx[HEM__LANES];
            kernels[t]->curve[f](x, a, y, HEM__LANES);
            for (int i = 0; i < 5; i++)
                assert_true(isnan(expected[f][i]) ? isnan(y[i]) != 0 : y[i] == expected[f][i]);
            assert_true(y[7] == 200 && y[9] == 3e38f);
            kernels[t]->curve_grad[f](f < 2 ? y : x, a, x, dx, HEM__LANES);
            assert_true(dx[2] == inf && isnan(dx[4]) && dx[7] == 200 && dx[9] == 3e38f);
            assert_true(f == 0 ? dx[8] == -100 : dx[8] == 0 && dx[10] == 0);
        }
        float y[HEM__LANES], slope = -2;
        kernels[t]->prelu(x, &slope, 1, y, 1);
        assert_true(y[2] == inf && y[3] == inf && isnan(y[4]) && y[5] == 1 && y[6] == 2);
    }
}

static void test_exact_values(void **state)
{
    (void)state;
    assert_true(REF(exp)(0) == 1 && REF(exp)(-0.0f) == 1);
    assert_true(REF(exp)(-INFINITY) == 0);
    assert_true(REF(log)(1) == 0);
    assert_true(REF(tanh)(0) == 0 && signbit(REF(tanh)(-0.0f)));
    assert_true(REF(tanh)(20) == 1 && REF(tanh)(-INFINITY) == -1);
    assert_true(REF(sigmoid)(0) == 0.5f);
    assert_true(REF(sigmoid)(INFINITY) == 1 && REF(sigmoid)(-INFINITY) == 0);
    assert_true(REF(sigmoid)(100) == 1 && REF(sigmoid)(-100) == 0);
}

/* exp goes from a normal number to 0 and never through a denormal. */
static void test_exp_never_denormal(void **state)
{
    (void)state;
    for (float x = -87.0f; x > -105.0f; x = nextafterf(x, -INFINITY)) {
        float y = REF(exp)(x);
        assert_true(y == 0 ? x < HEM__EXP_LIMIT : isnormal(y) != 0);
    }
}

enum { CLASSES = 5 };

/* Loss, gradient and prediction of lane 0 for these logits and label 1, on every tier. */
static void check_loss(const float z[CLASSES], float expected_loss, int expected_class)
{
    const hem__kernels_f32 *kernels[MOST_TIERS + 1];
    bool exact[MOST_TIERS];
    int n = tiers_to_test(kernels, exact);
    kernels[n++] = &hem__kernels_reference_f32;
    for (int t = 0; t < n; t++) {
        float logits[CLASSES * HEM__LANES] = {0}, dz[CLASSES * HEM__LANES], loss[HEM__LANES];
        uint16_t labels[HEM__LANES] = {1};
        int32_t predicted[HEM__LANES];
        for (int c = 0; c < CLASSES; c++)
            logits[c * HEM__LANES] = z[c];
        hem__loss_run run = {.C = CLASSES, .labels = labels, .n = 1, .on = 1, .scale = 1};
        kernels[t]->loss[HEM__SOFTMAX_CROSS_ENTROPY](&run, logits, NULL, dz, loss, predicted);
        assert_int_equal(predicted[0], expected_class);
        assert_int_equal(predicted[1], -1);
        assert_true(loss[1] == 0 && dz[1] == 0);
        if (isnan(expected_loss)) {
            assert_true(isnan(loss[0]) && isnan(dz[0]));
            continue;
        }
        assert_true(fabsf(loss[0] - expected_loss) <= 1e-5f * (1 + expected_loss));
        float sum = 0;
        for (int c = 0; c < CLASSES; c++)
            sum += dz[c * HEM__LANES];
        assert_true(fabsf(sum) < 1e-6f);
    }
}

static void test_loss(void **state)
{
    (void)state;
    check_loss((float[]){0, 0, 0, 0, 0}, logf(5), 0); /* ties: the first */
    check_loss((float[]){1000, 0, 0, 0, 0}, 1000, 0);
    check_loss((float[]){0, 3e38f, 0, 0, -3e38f}, 0, 1);
    check_loss((float[]){-1000, -1000, -1000, -1000, -1000}, logf(5), 0);
    check_loss((float[]){NAN, 0, 0, 0, 0}, NAN, 0);
    check_loss((float[]){0, 1, NAN, 0, 0}, NAN, 1); /* the maximum passes over it */
    check_loss((float[]){0, 1, 0, INFINITY, 0}, NAN, 3);
}

/* Where outputs saturate the losses of sigmoid outputs stay what they are, for label 1. */
static void check_sigmoid(const float z[CLASSES], float entropy, float squared, int predicted_class)
{
    const hem__kernels_f32 *kernels[MOST_TIERS + 1];
    bool exact[MOST_TIERS];
    int n = tiers_to_test(kernels, exact);
    kernels[n++] = &hem__kernels_reference_f32;
    for (int t = 0; t < 2 * n; t++) {
        float logits[CLASSES * HEM__LANES] = {0}, dz[CLASSES * HEM__LANES], loss[HEM__LANES];
        uint16_t labels[HEM__LANES] = {1};
        int32_t predicted[HEM__LANES];
        float expected = t < n ? entropy : squared;
        for (int c = 0; c < CLASSES; c++)
            logits[c * HEM__LANES] = z[c];
        hem__loss_run run = {.C = CLASSES, .labels = labels, .n = 1, .on = 1, .scale = 1};
        hem__loss which = t < n ? HEM__SIGMOID_CROSS_ENTROPY : HEM__SIGMOID_SQUARED_ERROR;
        kernels[t % n]->loss[which](&run, logits, NULL, dz, loss, predicted);
        assert_int_equal(predicted[0], predicted_class);
        assert_true(isnan(expected) ? isnan(loss[0]) != 0
                                    : fabsf(loss[0] - expected) <= 2e-6f * expected);
        assert_true(isnan(expected) || isfinite(dz[0]));
    }
}

static void test_sigmoid_losses(void **state)
{
    (void)state;
    check_sigmoid((float[]){0, 0, 0, 0, 0}, 5 * logf(2), 0.625f, 0); /* ties: the first */
    check_sigmoid((float[]){-1000, 1000, -1000, -1000, -1000}, 0, 0, 1);
    check_sigmoid((float[]){1000, -1000, -1000, -1000, -1000}, 2000, 1, 0);
    /* outputs that round to 1 are equal, though their logits are not */
    check_sigmoid((float[]){30, 40, -1000, -1000, -1000}, 30, 0.5f, 0);
    /* 1 - p is lost in single precision, the loss is not */
    check_sigmoid((float[]){-1000, 20, -1000, -1000, -1000}, 2.0611536e-9f, 0, 1);
    check_sigmoid((float[]){NAN, 0, 0, 0, 0}, NAN, NAN, 0);
    check_sigmoid((float[]){0, NAN, 0, 0, 0}, NAN, NAN, 0);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--sparser") == 0 && atoi(argv[2]) % 2 == 1) {
        sparser = (uint64_t)atoi(argv[2]);
    } else if (argc > 1) {
        fprintf(stderr, "usage: %s [--sparser ODD_NUMBER]\n", argv[0]);
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_activation_sample),
        cmocka_unit_test(test_activation_ends),
        cmocka_unit_test(test_exact_values),
        cmocka_unit_test(test_exp_never_denormal),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_sigmoid_losses),
    };
    print_tiers();
    return cmocka_run_group_tests_name("functions", tests, NULL, NULL);
}
