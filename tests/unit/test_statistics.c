/* Statistics of studies, against tables and values worked out by hand or to 40 digits. */
#include "unit/support.h"

#include <math.h>

#include "hemline/study.h"

#define NEAR(a, b, bound) assert_true(fabs((a) - (b)) <= (bound))

/* Found by bisection on the incomplete beta function with 40 digits; the first columns of printed
 * tables agree. */
static void test_student(void **state)
{
    static const struct {
        double p, freedom, t;
    } known[] = {
        {.975, 1, 12.7062047361747},     {.975, 2, 4.302652729749464},
        {.975, 4, 2.776445105197794},    {.975, 9, 2.262157162798206},
        {.975, 29, 2.045229642132704},   {.975, 100, 1.983971518523552},
        {.975, 9999, 1.960201263621358}, {.995, 10, 3.169272672616951},
        {.95, 7, 1.894578605090007},     {.9995, 3, 12.92397863668748},
        {.6, 5, 0.2671808657041451},     {.975, 2.5, 3.574654842003683},
        {.51, 1, 0.03142626604335115},
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        double t = hem_student_quantile(known[i].p, known[i].freedom);
        NEAR(t / known[i].t, 1, 1e-11);
        NEAR(hem_student_quantile(1 - known[i].p, known[i].freedom) / -known[i].t, 1, 1e-11);
    }
    NEAR(hem_student_quantile(0.5, 3), 0, 1e-9);
    NEAR(hem_student_quantile(0.975, 1e6), 1.959966, 1e-6); /* the normal distribution's */
    assert_true(isnan(hem_student_quantile(0, 3)));
    assert_true(isnan(hem_student_quantile(1, 3)));
    assert_true(isnan(hem_student_quantile(0.5, 0)));
    assert_true(isnan(hem_student_quantile((double)NAN, 3)));
}

static void test_sample(void **state)
{
    (void)state;
    /* mean 5, squares 4 + 0 + 1 + 1 + 4 = 10, deviation sqrt(10 / 4) */
    const double values[] = {3, 5, 4, 6, 7, (double)NAN};
    const double s = sqrt(2.5), t = 2.776445105197793;
    hem_statistics all = hem_statistics_of(values, 6);
    assert_int_equal(all.n, 5);
    NEAR(all.mean, 5, 0);
    NEAR(all.deviation, s, 1e-15);
    NEAR(all.smallest, 3, 0);
    NEAR(all.largest, 7, 0);
    NEAR(all.interval.low, 5 - t * s / sqrt(5), 1e-12);
    NEAR(all.interval.high, 5 + t * s / sqrt(5), 1e-12);
    NEAR(all.further.low, 5 - t * s * sqrt(1.2), 1e-12);
    NEAR(all.further.high, 5 + t * s * sqrt(1.2), 1e-12);

    hem_statistics one = hem_statistics_of(values, 1);
    assert_int_equal(one.n, 1);
    NEAR(one.mean, 3, 0);
    assert_true(isnan(one.deviation) && isnan(one.interval.low) && isnan(one.further.high));
    hem_statistics none = hem_statistics_of(values + 5, 1);
    assert_int_equal(none.n, 0);
    assert_true(isnan(none.mean) && isnan(none.smallest));
}

static void test_pairs(void **state)
{
    (void)state;
    const double a[] = {10, 12, 11, 13, (double)NAN}, b[] = {9, 10, 10, 11, 1};
    hem_paired p = hem_compare_paired(a, b, 5); /* 1, 2, 1, 2 */
    assert_int_equal(p.difference.n, 4);
    NEAR(p.difference.mean, 1.5, 1e-15);
    NEAR(p.difference.deviation, sqrt(1.0 / 3), 1e-15);
    NEAR(p.difference.smallest, 1, 0);
    NEAR(p.difference.largest, 2, 0);
    NEAR(p.difference.interval.low, 1.5 - 3.182446305283710 * sqrt(1.0 / 12), 1e-9);
    assert_int_equal(p.verdict, HEM_VERDICT_BETTER);
    assert_int_equal(hem_compare_paired(b, a, 5).verdict, HEM_VERDICT_WORSE);
    const double c[] = {9, 13, 9, 14};
    assert_int_equal(hem_compare_paired(a, c, 4).verdict, HEM_VERDICT_NOISE);
    assert_int_equal(hem_compare_paired(a, b, 1).verdict, HEM_VERDICT_NOISE); /* too few */
    assert_int_equal(hem_compare_paired(a, b, 0).difference.n, 0);
    assert_string_equal(hem_verdict_name(HEM_VERDICT_NOISE), "cannot be told from noise");
}

static void test_box(void **state)
{
    (void)state;
    hem_box box;
    /* positions 2.25, 4.5 and 6.75 of the sorted values 1..9, 100; upper end 7.75 + 1.5 * 4.5 */
    const double values[] = {9, 1, 100, 3, (double)NAN, 2, 5, 4, 7, 6, 8};
    assert_int_equal(hem_box_of(values, 11, &box, NULL), HEM_OK);
    assert_int_equal(box.n, 10);
    NEAR(box.smallest, 1, 0);
    NEAR(box.low_whisker, 1, 0);
    NEAR(box.q1, 3.25, 1e-15);
    NEAR(box.median, 5.5, 1e-15);
    NEAR(box.q3, 7.75, 1e-15);
    NEAR(box.high_whisker, 9, 0);
    NEAR(box.largest, 100, 0);
    assert_int_equal(box.n_outliers, 1);
    const double same[] = {2, 2};
    assert_int_equal(hem_box_of(same, 2, &box, NULL), HEM_OK);
    assert_true(box.q1 == 2 && box.high_whisker == 2 && box.n_outliers == 0);
    assert_int_equal(hem_box_of(same, 0, &box, NULL), HEM_OK);
    assert_true(box.n == 0 && isnan(box.median));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_student),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_box),
    };
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
