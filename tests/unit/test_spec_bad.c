/* What wrong experiment files and overrides get: place, text and help, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/str.h"
#include "hemline/spec.h"
#include "unit/spec_bad_overrides.h"
#include "unit/spec_bad_rows.h"

/* True where the error is as expected; else says what it is. */
static bool as_expected(const bad *row, hem_status status, const hem_spec *spec,
                        const hem_error *error)
{
    char line[2048] = "accepted";
    if (status != HEM_OK)
        hem_error_format(error, line, sizeof line);
    bool good = status == HEM_ERR_USAGE && error->status == status && spec == NULL &&
                strcmp(line, row->expected) == 0 && strcmp(error->hint, row->hint) == 0;
    if (!good)
        print_error("of:       %s\nexpected: %s\n  hint:   %s\ngot:      %s\n  hint:   %s\n",
                    row->text, row->expected, row->hint, line, error->hint);
    return good;
}

static void test_files(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        hem_error error = {0};
        hem_spec *spec = (hem_spec *)(uintptr_t)1; /* must become NULL */
        hem_status status = hem_spec_parse(files[i].text, "x.yaml", NULL, 0, &spec, &error);
        wrong += !as_expected(&files[i], status, spec, &error);
        /* The error is optional. */
        assert_int_equal(hem_spec_parse(files[i].text, "x.yaml", NULL, 0, &spec, NULL), status);
    }
    assert_int_equal(wrong, 0);
}

static void test_overrides(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof overrides / sizeof *overrides; i++) {
        hem_error error = {0};
        hem_spec *spec = NULL;
        hem_status status = hem_spec_parse(GOOD, "x.yaml", &overrides[i].text, 1, &spec, &error);
        wrong += !as_expected(&overrides[i], status, spec, &error);
    }
    assert_int_equal(wrong, 0);
}

/* Every message fits on one line, names the file or the override, and has a line of help. */
static void test_every_error_helps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_null(strchr(files[i].expected, '\n'));
        assert_ptr_equal(strstr(files[i].expected, "x.yaml:"), files[i].expected);
        assert_true(strlen(files[i].hint) > 0);
    }
    for (size_t i = 0; i < sizeof overrides / sizeof *overrides; i++) {
        assert_ptr_equal(strstr(overrides[i].expected, "--set "), overrides[i].expected);
        assert_true(strlen(overrides[i].hint) > 0);
    }
}

/* ---- files that only a file system can have -------------------------------------------------- */

static void write_file(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void expect_load(const char *path, const char *expected)
{
    hem_error error = {0};
    hem_spec *spec = NULL;
    assert_int_equal(hem_spec_load(path, NULL, 0, &spec, &error), HEM_ERR_USAGE);
    assert_null(spec);
    char line[2048];
    hem_error_format(&error, line, sizeof line);
    assert_string_equal(line, expected);
    assert_true(strlen(error.hint) > 0);
}

static void test_load(void **state)
{
    (void)state;
    char folder[] = "/tmp/hemline-spec-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);

    expect_load("missing.yaml", "missing.yaml: cannot open: No such file or directory");
    assert_int_equal(mkdir("folder.yaml", 0700), 0);
    expect_load("folder.yaml", "folder.yaml: this is a folder, not a file");
    write_file("nul.yaml", "data: syn\0thetic\n", 17);
    expect_load("nul.yaml", "nul.yaml:1:10: control character U+0000");
    write_file("utf16.yaml", "\xff\xfe\0a\0", 5);
    expect_load("utf16.yaml", "utf16.yaml:1:1: byte 0xFF is not UTF-8");
    write_file("empty.yaml", "", 0);
    expect_load("empty.yaml", "empty.yaml:1:1: the file holds no experiment");
    size_t n = (1 << 20) + 1;
    char *large = malloc(n);
    assert_non_null(large);
    memset(large, '#', n);
    write_file("large.yaml", large, n);
    free(large);
    expect_load("large.yaml", "large.yaml: too large: 1048577 bytes, at most 1048576 are read");

    const char *made[] = {"nul.yaml", "utf16.yaml", "empty.yaml", "large.yaml"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        assert_int_equal(unlink(made[i]), 0);
    assert_int_equal(rmdir("folder.yaml"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- files made to exhaust time, stack or memory --------------------------------------------- */

/* `unit` repeated up to n bytes behind `head`. */
static char *repeated(const char *head, const char *unit, size_t n)
{
    hem__str text = {0};
    hem__str_add(&text, head);
    while (text.length + strlen(unit) <= n)
        hem__str_add(&text, unit);
    char *taken = hem__str_take(&text);
    assert_non_null(taken);
    return taken;
}

/* Each line names the one before it nine times: resolved, it would be 9^30 words. */
static char *alias_bomb(void)
{
    hem__str text = {0};
    hem__str_add(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 30; i++) {
        hem__str_printf(&text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 9; j++)
            hem__str_printf(&text, "%s*a%d", j > 0 ? ", " : "", i - 1);
        hem__str_add(&text, "]\n");
    }
    char *taken = hem__str_take(&text);
    assert_non_null(taken);
    return taken;
}

static void expect_refused(char *text, const char *part)
{
    hem_error error = {0};
    hem_spec *spec = NULL;
    double start = hem__now();
    assert_int_equal(hem_spec_parse(text, "x.yaml", NULL, 0, &spec, &error), HEM_ERR_USAGE);
    double seconds = hem__now() - start;
    if (part != NULL)
        assert_non_null(strstr(error.text, part));
    /* The worst takes 1 s without sanitizers. What this is to find takes hours, or the stack. */
    if (seconds > 30)
        fail_msg("%.40s... took %.1f s", text, seconds);
    free(text);
}

static void test_bombs(void **state)
{
    (void)state;
    const size_t full = 1 << 20;
    expect_refused(alias_bomb(), "anchors '&' are not allowed");
    expect_refused(repeated("a: ", "[", full), "deeper than 32");
    expect_refused(repeated("a: ", "{a: ", full), "deeper than 32");
    expect_refused(repeated("", "- ", full), "deeper than 32");
    expect_refused(repeated("", "? ", full), NULL);
    expect_refused(repeated("a: [", "*a,", full), "aliases '*' are not allowed");
    expect_refused(repeated("a: ", "&a ", full), NULL);
    expect_refused(repeated("a: ", "!a ", full), NULL);
    expect_refused(repeated("a: [", "a,", full), "too many values");
    expect_refused(repeated("data: synthetic\nmodel:\n", "- relu\n", full), "too many values");
    expect_refused(repeated("data: synthetic\nmodel:\n", "- relu\n", 10000),
                   "more than 1000 layers");
    expect_refused(repeated("", "a: 1\n", full), "too many values");
    expect_refused(repeated("", "data: 1\n", 100000), "'data' is given twice");
    expect_refused(repeated("", "a", full), "must be keys with values");
    expect_refused(repeated("", "a\n", full), NULL);
    expect_refused(repeated("a: \"", "\\n", full), "not closed");
    expect_refused(repeated("", "\"", full), NULL);
    expect_refused(repeated("a: |\n", "\n", full), "more than 256 lines");
    expect_refused(repeated("a: >\n", " \n", full), "more than 256 lines");
    expect_refused(repeated("", "'", full), "must be keys with values");
    expect_refused(repeated("", "\n", full), "holds no experiment");
    expect_refused(repeated("", "---\n", full), NULL);
    expect_refused(repeated("", "#\n", full + 100), "too large");
}

/* Nothing may reach stdout or stderr: the library never prints. */
static void test_silent(void **state)
{
    (void)state;
    char path[] = "/tmp/hemline-spec-XXXXXX";
    int capture = mkstemp(path);
    assert_true(capture >= 0);
    assert_int_equal(unlink(path), 0);
    fflush(stdout);
    fflush(stderr);
    int saved[2] = {dup(1), dup(2)};
    assert_true(saved[0] >= 0 && saved[1] >= 0);
    assert_true(dup2(capture, 1) >= 0 && dup2(capture, 2) >= 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        hem_spec *spec;
        if (hem_spec_parse(files[i].text, "x.yaml", NULL, 0, &spec, NULL) == HEM_OK)
            hem_spec_free(spec);
    }
    fflush(stdout);
    fflush(stderr);
    off_t written = lseek(capture, 0, SEEK_END);
    assert_true(dup2(saved[0], 1) >= 0 && dup2(saved[1], 2) >= 0);
    close(saved[0]);
    close(saved[1]);
    close(capture);
    assert_int_equal(written, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_every_error_helps),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
