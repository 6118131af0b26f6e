/* The growing string, and doubles as text. */
#include "unit/support.h"

#include <float.h>
#include <locale.h>
#include <math.h>

#include "base/philox.h"
#include "base/str.h"

static void test_grow(void **state)
{
    (void)state;
    hem__str s = {0};
    for (int i = 0; i < 1000; i++)
        hem__str_printf(&s, "%03d,", i);
    hem__str_add(&s, "end");
    hem__str_add_bytes(&s, "xy\0z", 4);
    assert_int_equal(s.length, 4 * 1000 + 3 + 4);
    assert_false(s.failed);
    char *text = hem__str_take(&s);
    assert_memory_equal(text, "000,001,", 8);
    assert_memory_equal(text + 3992, "998,999,endxy\0z", 16);
    assert_null(s.text);
    assert_int_equal(s.length, 0);
    free(text);
}

static void test_empty(void **state)
{
    (void)state;
    hem__str s = {0};
    char *text = hem__str_take(&s);
    assert_string_equal(text, "");
    free(text);
    hem__str_add(&s, "x");
    hem__str_release(&s);
    assert_null(s.text);
    hem__str_release(&s);
}

static void test_failure_sticks(void **state)
{
    (void)state;
    hem__str s = {0};
    hem__str_add(&s, "abc");
    hem__str_add_bytes(&s, "x", SIZE_MAX - 2); /* the sum overflows: refused before any copy */
    assert_true(s.failed);
    hem__str_add(&s, "def");
    assert_int_equal(s.length, 3);
    assert_null(hem__str_take(&s));
    assert_false(s.failed); /* taking empties it */
    hem__str_release(&s);
}

static void check_number(double value, const char *expected)
{
    char buffer[32];
    assert_ptr_equal(hem__format_double(buffer, value), buffer);
    assert_string_equal(buffer, expected);
}

static void test_numbers(void **state)
{
    (void)state;
    check_number(0.0, "0.0");
    check_number(-0.0, "-0.0");
    check_number(1.0, "1.0");
    check_number(0.1, "0.1");
    check_number(-2.5, "-2.5");
    check_number(1e-4, "0.0001");
    check_number(1e22, "1e+22");
    check_number(123456.0, "123456.0");
    check_number(1.0 / 3.0, "0.3333333333333333");
    check_number(DBL_MAX, "1.7976931348623157e+308");
    check_number(-DBL_MAX, "-1.7976931348623157e+308");
    check_number(5e-324, "5e-324");
    check_number((double)NAN, "nan");
    check_number((double)-NAN, "nan");
    check_number((double)INFINITY, "inf");
    check_number((double)-INFINITY, "-inf");
}

static void test_numbers_read_back(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t counter[4] = {i, 0, 0, 0}, word[4];
        double value, back;
        char buffer[32];
        hem__philox((hem__philox_key){{1, 2}}, counter, word);
        memcpy(&value, word, sizeof value);
        if (!isfinite(value))
            continue;
        back = strtod(hem__format_double(buffer, value), NULL);
        assert_memory_equal(&back, &value, sizeof value);
    }
}

/* Where the machine has a locale with a decimal comma, it must not show. */
static void test_locale(void **state)
{
    (void)state;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL && setlocale(LC_NUMERIC, "fr_FR") == NULL)
        skip();
    check_number(2.5, "2.5");
    setlocale(LC_NUMERIC, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_read_back),
        cmocka_unit_test(test_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
