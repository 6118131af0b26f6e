/* Axes: nice ends and ticks, their texts, and labels that keep apart. */
#include "support.h"

#include <math.h>

#include "report/plot.h"

static void check_ticks(const hem__axis *axis, const char *expected)
{
    char all[512] = "";
    for (size_t i = 0; i < axis->n_ticks; i++) {
        char text[32];
        hem__tick_text(axis, axis->ticks[i], text);
        strcat(all, i > 0 ? "|" : "");
        strcat(all, text);
    }
    assert_string_equal(all, expected);
}

static void test_linear(void **state)
{
    (void)state;
    static const struct {
        double low, high;
        int most;
        bool widen;
        hem__number_format format;
        const char *ticks;
    } rows[] = {
        {0, 1, 5, true, HEM__FORMAT_PLAIN, "0.0|0.2|0.4|0.6|0.8|1.0"},
        {0.283, 0.568, 5, true, HEM__FORMAT_PLAIN, "0.2|0.3|0.4|0.5|0.6"},
        {0.8044, 0.8987, 5, true, HEM__FORMAT_PERCENT, "80 %|82 %|84 %|86 %|88 %|90 %"},
        {0.911, 0.9135, 5, true, HEM__FORMAT_PERCENT,
         "91.10 %|91.15 %|91.20 %|91.25 %|91.30 %|91.35 %"},
        {1, 20, 8, false, HEM__FORMAT_WHOLE, "5|10|15|20"},
        {1, 6, 8, false, HEM__FORMAT_WHOLE, "1|2|3|4|5|6"},
        {1, 1, 8, false, HEM__FORMAT_WHOLE, "1|2"},
        {0, 0.0001, 5, true, HEM__FORMAT_PLAIN, "0|2e-5|4e-5|6e-5|8e-5|1e-4"},
        {-1e6, 2e7, 5, true, HEM__FORMAT_PLAIN, "-5e+6|0|5e+6|1e+7|1.5e+7|2e+7"},
        {-1, 1, 4, true, HEM__FORMAT_PLAIN, "-1.0|-0.5|0.0|0.5|1.0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hem__axis axis;
        hem__axis_linear(&axis, rows[i].low, rows[i].high, rows[i].most, rows[i].widen,
                         rows[i].format);
        check_ticks(&axis, rows[i].ticks);
        assert_true(axis.low <= rows[i].low && axis.high >= rows[i].high);
    }
}

/* Nothing that can stand in a run may give an axis without ends, ticks beyond room, or no end. */
static void test_strange(void **state)
{
    (void)state;
    static const double ends[] = {0, 1e-300, -1e300, 1e300, 5e-324, 1, -1};
    const double odd[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    hem__axis axis;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
            hem__axis_linear(&axis, ends[i], ends[k], 5, true, HEM__FORMAT_PLAIN);
            assert_true(axis.low < axis.high && axis.n_ticks <= HEM__MOST_TICKS);
            hem__axis_log(&axis, ends[i], ends[k], 5, true);
            assert_true(axis.low < axis.high && axis.low > 0 && axis.n_ticks <= HEM__MOST_TICKS);
        }
    }
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        hem__axis_linear(&axis, odd[i], 1, 5, true, HEM__FORMAT_PLAIN);
        assert_true(axis.low < axis.high);
        hem__axis_log(&axis, 1, odd[i], 5, true);
        assert_true(axis.low < axis.high);
        assert_true(isnan(hem__axis_share(&axis, odd[i])));
    }
    assert_true(isnan(hem__axis_share(&axis, 0))); /* no place on a logarithmic axis */
}

static void test_log(void **state)
{
    (void)state;
    hem__axis axis;
    hem__axis_log(&axis, 1e-7, 10, 9, true);
    check_ticks(&axis, "1e-7|1e-6|1e-5|1e-4|1e-3|0.01|0.1|1|10");
    hem__axis_log(&axis, 0.3, 6, 5, true);
    check_ticks(&axis, "0.5|1|2|5");
    hem__axis_log(&axis, 1e-7, 10, 4, true);
    check_ticks(&axis, "1e-7|1e-5|1e-3|0.1|10");
    assert_true(fabs(hem__axis_share(&axis, 1e-3) - 0.5) < 1e-12);
}

static void test_spread(void **state)
{
    (void)state;
    double places[5] = {50, 52, 51, 10, 98};
    size_t order[5];
    hem__spread(places, 5, 10, 0, 100, order);
    for (int i = 1; i < 5; i++)
        assert_true(places[order[i]] - places[order[i - 1]] >= 10 - 1e-9);
    assert_true(places[3] == 10 && places[4] == 98);
    assert_true(places[0] < places[2] && places[2] < places[1]); /* in their order */
    double low[3] = {99, 99, 99};
    hem__spread(low, 3, 10, 0, 100, order);
    for (int i = 0; i < 3; i++)
        assert_true(low[i] >= 79 && low[i] <= 100);
}

static void test_shorten(void **state)
{
    (void)state;
    char out[64];
    hem__shorten("short", 11, 100, out, sizeof out);
    assert_string_equal(out, "short");
    hem__shorten("a name that is far too long for its place", 11, 80, out, sizeof out);
    assert_true(hem__text_width(out, 11, false) <= 80);
    assert_string_equal(out + strlen(out) - 3, "...");
    hem__shorten("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", 11, 40, out, sizeof out);
    for (const char *c = out; *c != '.'; c += 2) /* no character is cut in two */
        assert_int_equal((unsigned char)*c, 0xc3);
    hem__shorten("anything", 11, 0, out, 4);
    assert_true(strlen(out) < 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear), cmocka_unit_test(test_strange), cmocka_unit_test(test_log),
        cmocka_unit_test(test_spread), cmocka_unit_test(test_shorten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
