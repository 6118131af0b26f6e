/* Error text: places, hints, cutting, cleaning; and "did you mean". */
#include "unit/support.h"

#include "base/error.h"

static void test_fail(void **state)
{
    (void)state;
    hem_error err;
    char line[256];
    assert_int_equal(hem__fail(&err, HEM_ERR_DATA, "row %d is %s", 3, "odd"), HEM_ERR_DATA);
    assert_int_equal(err.status, HEM_ERR_DATA);
    assert_string_equal(err.file, "");
    assert_string_equal(err.hint, "");
    assert_int_equal(hem_error_format(&err, line, sizeof line), 12);
    assert_string_equal(line, "row 3 is odd");
    assert_int_equal(hem__hint(&err, "make it %s", "even"), HEM_ERR_DATA);
    assert_string_equal(err.hint, "make it even");
    /* A later failure keeps nothing of the one before. */
    hem__fail_at(&err, HEM_ERR_USAGE, "a.yaml", 14, 7, "unknown key");
    assert_string_equal(err.hint, "");
    hem_error_format(&err, line, sizeof line);
    assert_string_equal(line, "a.yaml:14:7: unknown key");
    hem__fail(&err, HEM_ERR_IO, "gone");
    assert_string_equal(err.file, "");
    assert_int_equal(err.line, 0);
}

static void test_places(void **state)
{
    (void)state;
    hem_error err;
    char line[64];
    hem__fail_at(&err, HEM_ERR_USAGE, "a", 3, 0, "b");
    hem_error_format(&err, line, sizeof line);
    assert_string_equal(line, "a:3: b");
    hem__fail_at(&err, HEM_ERR_USAGE, "a", 0, 0, "b");
    hem_error_format(&err, line, sizeof line);
    assert_string_equal(line, "a: b");
    assert_int_equal(hem_error_format(&err, line, 3), 4);
    assert_string_equal(line, "a:");
}

static void test_no_error_wanted(void **state)
{
    (void)state;
    assert_int_equal(hem__fail(NULL, HEM_ERR_MODEL, "x"), HEM_ERR_MODEL);
    assert_int_equal(hem__hint(NULL, "y"), HEM_ERR_MODEL);
    assert_int_equal(hem__fail_at(NULL, HEM_ERR_IO, "f", 1, 1, "x"), HEM_ERR_IO);
    assert_int_equal(hem__hint(NULL, "y"), HEM_ERR_IO);
    assert_int_equal(hem__fail_memory(NULL, "x", 5), HEM_ERR_MEMORY);
}

static void test_own_text_as_argument(void **state)
{
    (void)state;
    hem_error err;
    hem__fail(&err, HEM_ERR_DATA, "inner");
    hem__fail(&err, HEM_ERR_DATA, "outer: %s", err.text);
    assert_string_equal(err.text, "outer: inner");
}

static void test_hostile_text(void **state)
{
    (void)state;
    hem_error err;
    hem__fail_at(&err, HEM_ERR_USAGE, "a\nb", 1, 1, "key '%s'", "x\x1b[31m\ny\x7f");
    assert_string_equal(err.file, "a?b");
    assert_string_equal(err.text, "key 'x?[31m?y?'");
}

static void test_cut(void **state)
{
    (void)state;
    hem_error err;
    char text[2000];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    hem__fail_at(&err, HEM_ERR_USAGE, text, 1, 1, "%s", text);
    hem__hint(&err, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_string_equal(err.text + sizeof err.text - 5, "a...");
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
    assert_string_equal(err.file + sizeof err.file - 5, "a...");
    /* Three-byte letters: the cut falls between two of them. */
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    for (int shift = 0; shift < 3; shift++) {
        hem__fail(&err, HEM_ERR_USAGE, "%.*s%s", shift, "xx", text);
        size_t n = strlen(err.text);
        assert_string_equal(err.text + n - 3, "...");
        assert_int_equal((n - 3 - (size_t)shift) % 3, 0);
        assert_true(n >= sizeof err.text - 4);
    }
    /* A text that just fits is left alone. */
    memset(text, 'a', sizeof text);
    text[sizeof err.text - 1] = '\0';
    hem__fail(&err, HEM_ERR_USAGE, "%s", text);
    assert_string_equal(err.text, text);
}

static void test_memory(void **state)
{
    (void)state;
    hem_error err;
    hem__fail_memory(&err, "the plan", 3u << 20);
    assert_string_equal(err.text, "not enough memory for the plan (3.0 MiB)");
    assert_true(strlen(err.hint) > 0);
    hem__fail_memory(&err, "a name", 10);
    assert_string_equal(err.text, "not enough memory for a name (10 bytes)");
    hem__fail_memory(&err, "a name", 0);
    assert_string_equal(err.text, "not enough memory for a name");
}

static void test_status_names(void **state)
{
    (void)state;
    for (int a = HEM_OK; a <= HEM_INTERRUPTED; a++) {
        const char *name = hem_status_name((hem_status)a);
        assert_string_not_equal(name, "unknown status");
        for (int b = HEM_OK; b < a; b++)
            assert_string_not_equal(name, hem_status_name((hem_status)b));
    }
    assert_string_equal(hem_status_name(HEM_ERR_DATA), "bad data");
    assert_string_equal(hem_status_name((hem_status)99), "unknown status");
}

static void test_nearest(void **state)
{
    (void)state;
    const char *const keys[] = {"filters", "kernel", "stride", "padding", "l2", "relu", NULL};
    const char *const none[] = {NULL};
    assert_string_equal(hem__nearest("fliters", keys), "filters"); /* two letters swapped */
    assert_string_equal(hem__nearest("filter", keys), "filters");
    assert_string_equal(hem__nearest("kernal", keys), "kernel");
    assert_string_equal(hem__nearest("stryde", keys), "stride");
    assert_string_equal(hem__nearest("pading", keys), "padding");
    assert_string_equal(hem__nearest("l1", keys), "l2");
    assert_string_equal(hem__nearest("relu", keys), "relu");
    assert_null(hem__nearest("banana", keys));
    assert_null(hem__nearest("x", keys));
    const char *const few[] = {"k", "seed", NULL};
    assert_null(hem__nearest("x", few));                    /* nothing of it would be left */
    assert_string_equal(hem__nearest("sede", few), "seed"); /* a swap is one slip, not two */
    assert_null(hem__nearest("", keys));
    assert_null(hem__nearest("filters", none));
    char endless[200];
    memset(endless, 'f', sizeof endless);
    endless[sizeof endless - 1] = '\0';
    assert_null(hem__nearest(endless, keys));
    const char *const longs[] = {endless, "fff", NULL};
    assert_string_equal(hem__nearest("ffff", longs), "fff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_no_error_wanted),
        cmocka_unit_test(test_own_text_as_argument),
        cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_status_names),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
