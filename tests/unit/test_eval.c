/* Figures of an evaluation, against numbers worked out by hand or published. */
#include "unit/support.h"

#include <math.h>

#include "eval/metrics.h"

static void near(double a, double b, double within)
{
    if (!(fabs(a - b) <= within))
        fail_msg("%.12g is not within %g of %.12g", a, within, b);
}

static void test_wilson(void **state)
{
    (void)state;
    /* Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine
     * 17, 1998, table I, method 3: four digits. */
    static const struct {
        size_t k, n;
        double low, high;
    } published[] = {{81, 263, 0.2553, 0.3662},
                     {15, 148, 0.0624, 0.1605},
                     {0, 20, 0, 0.1611},
                     {1, 29, 0.0061, 0.1718}};
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        hem_interval w = hem_wilson(published[i].k, published[i].n);
        near(w.low, published[i].low, 5e-5);
        near(w.high, published[i].high, 5e-5);
    }
    hem_interval none = hem_wilson(0, 0), all = hem_wilson(20, 20);
    near(none.low, 0, 0);
    near(none.high, 1, 0);
    near(all.high, 1, 0);
    near(all.low, 1 - 0.1611, 5e-5); /* the mirror image of 0 of 20 */
}

/* {true, predicted} pairs and their losses. */
static hem_evaluation example(void)
{
    static const int pairs[][2] = {{0, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 0}, {1, 0}, {2, 0}};
    hem_evaluation e;
    assert_int_equal(hem__evaluation_init(&e, 4, NULL), HEM_OK);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        hem__evaluation_add(&e, pairs[i][0], pairs[i][1], 0.5f * (float)i);
    hem__evaluation_finish(&e);
    return e;
}

static void test_figures(void **state)
{
    (void)state;
    hem_evaluation e = example();
    assert_int_equal(e.n, 7);
    assert_int_equal(e.correct, 3);
    near(e.accuracy, 3.0 / 7, 1e-15);
    near(e.loss, 0.5 * 21 / 7, 1e-15);
    near(e.interval.low, hem_wilson(3, 7).low, 0);
    assert_int_equal(e.confusion[0 * 4 + 0], 2);
    assert_int_equal(e.confusion[0 * 4 + 1], 1);
    assert_int_equal(e.confusion[1 * 4 + 0], 2);
    assert_int_equal(e.confusion[2 * 4 + 0], 1);
    near(e.precision[0], 2.0 / 5, 1e-15);
    near(e.recall[0], 2.0 / 3, 1e-15);
    near(e.f1[0], 2 * 0.4 * (2.0 / 3) / (0.4 + 2.0 / 3), 1e-15);
    assert_true(isnan(e.precision[2])); /* never predicted */
    near(e.recall[2], 0, 0);
    near(e.f1[2], 0, 0);
    assert_true(isnan(e.precision[3]) && isnan(e.recall[3]) && isnan(e.f1[3])); /* never there */
    hem_evaluation_release(&e);
    assert_null(e.confusion);
}

static void test_no_images(void **state)
{
    (void)state;
    hem_evaluation e;
    assert_int_equal(hem__evaluation_init(&e, 3, NULL), HEM_OK);
    hem__evaluation_finish(&e);
    assert_true(isnan(e.loss) && isnan(e.accuracy));
    near(e.interval.high, 1, 0);
    hem_evaluation_release(&e);
}

/* 10^6 losses of which float sums would lose half. */
static void test_sum_in_double(void **state)
{
    (void)state;
    hem_evaluation e;
    assert_int_equal(hem__evaluation_init(&e, 2, NULL), HEM_OK);
    for (int i = 0; i < 1000000; i++)
        hem__evaluation_add(&e, 0, 0, i == 0 ? 16777216.0f : 0.25f);
    hem__evaluation_finish(&e);
    near(e.loss, (16777216.0 + 0.25 * 999999) / 1e6, 1e-9);
    hem_evaluation_release(&e);
}

static void expect_cell(hem_confused c, int t, int p, size_t count)
{
    assert_int_equal(c.true_class, t);
    assert_int_equal(c.predicted_class, p);
    assert_int_equal(c.count, count);
}

static void test_most_confused(void **state)
{
    (void)state;
    hem_evaluation e = example();
    hem_confused out[8];
    assert_int_equal(hem_most_confused(&e, false, out, 8), 3);
    expect_cell(out[0], 1, 0, 2);
    expect_cell(out[1], 0, 1, 1); /* ties by class number */
    expect_cell(out[2], 2, 0, 1);
    assert_int_equal(hem_most_confused(&e, false, out, 1), 1);
    expect_cell(out[0], 1, 0, 2);
    assert_int_equal(hem_most_confused(&e, true, out, 8), 2);
    expect_cell(out[0], 0, 1, 3);
    expect_cell(out[1], 0, 2, 1);
    assert_int_equal(hem_most_confused(&e, false, out, 0), 0);
    hem_evaluation_release(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wilson),        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_no_images),     cmocka_unit_test(test_sum_in_double),
        cmocka_unit_test(test_most_confused),
    };
    return cmocka_run_group_tests_name("eval", tests, NULL, NULL);
}
