/* The experiments that come with hemline: every file reads, writes itself out and reads back the
 * same, and reference.json speaks of files and rows that there are. */
#include "unit/support.h"

#include <glob.h>

#include <jansson.h>

#include "hemline/hemline.h"

#define FOLDER HEM_SOURCE_DIR "/experiments/"

static json_t *facts;

static hem_spec *load(const char *path, const char *const *overrides, size_t n)
{
    hem_error err = {0};
    hem_spec *spec = NULL;
    if (hem_spec_load(path, overrides, n, &spec, &err) != HEM_OK)
        fail_msg("%s:%d:%d: %s (%s)", err.file, err.line, err.column, err.text, err.hint);
    return spec;
}

static const char *word(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL)
        fail_msg("reference.json: an entry has no text '%s'", key);
    return text;
}

static const json_t *row_of(const char *id)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(facts, "rows"), i, row)
    {
        if (strcmp(word(row, "id"), id) == 0)
            return row;
    }
    return NULL;
}

static void test_files(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(FOLDER "*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        hem_spec *spec = load(found.gl_pathv[i], NULL, 0), *again = NULL;
        char *text = hem_spec_resolved(spec);
        char key[128], a[128], b[128];
        assert_non_null(text);
        assert_int_equal(hem_spec_parse(text, "resolved", NULL, 0, &again, NULL), HEM_OK);
        assert_false(hem_spec_difference(spec, again, NULL, key, a, b));
        free(text);
        hem_spec_free(spec);
        hem_spec_free(again);
    }
    globfree(&found);
}

/* A file that no row names would never be run, unless its first words say that it is meant so. */
static bool is_of_no_report(const char *path)
{
    hem_spec *spec;
    assert_int_equal(hem_spec_load(path, NULL, 0, &spec, NULL), HEM_OK);
    bool is = strncmp(hem_spec_text(spec), "# Of no report: ", 16) == 0;
    hem_spec_free(spec);
    return is;
}

static void test_every_file_has_a_row(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(FOLDER "*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *name = strrchr(found.gl_pathv[i], '/') + 1;
        size_t j, named = 0;
        const json_t *row;
        json_array_foreach(json_object_get(facts, "rows"), j, row)
        {
            named += strcmp(word(row, "experiment"), name) == 0;
        }
        if (named == 0 && !is_of_no_report(found.gl_pathv[i]))
            fail_msg("no row of reference.json names %s", name);
    }
    globfree(&found);
}

/* Reported shares are percent; what else is said of it is a note. */
static void check_reported(const char *id, json_t *reported)
{
    const char *key;
    json_t *value;
    assert_true(json_is_object(reported));
    json_object_foreach(reported, key, value)
    {
        bool share =
            strcmp(key, "train") == 0 || strcmp(key, "validation") == 0 || strcmp(key, "test") == 0;
        bool text = strcmp(key, "note") == 0;
        double number = json_number_value(value);
        if (!(share && number > 10 && number < 100) && !(text && json_is_string(value)))
            fail_msg("row %s: '%s' is reported as what it cannot be", id, key);
    }
}

static void test_rows(void **state)
{
    (void)state;
    size_t i;
    const json_t *row;
    assert_true(json_array_size(json_object_get(facts, "rows")) > 0);
    json_array_foreach(json_object_get(facts, "rows"), i, row)
    {
        char path[512];
        const char *id = word(row, "id"), *method = word(row, "method"), *overrides[16];
        const json_t *list = json_object_get(row, "overrides");
        const json_t *confusion = json_object_get(row, "confusion");
        assert_ptr_equal(row_of(id), row); /* no two of one id */
        assert_in_range(json_array_size(list), 0, 15);
        for (size_t j = 0; j < json_array_size(list); j++)
            overrides[j] = json_string_value(json_array_get(list, j));
        snprintf(path, sizeof path, FOLDER "%s", word(row, "experiment"));
        hem_spec_free(load(path, overrides, json_array_size(list)));
        bool folds = strcmp(method, "kfold") == 0;
        assert_true(folds || strcmp(method, "train") == 0);
        assert_true(!folds || json_integer_value(json_object_get(row, "folds")) > 1);
        assert_in_range(json_integer_value(json_object_get(row, "seeds")), 5, 100);
        assert_true(json_is_boolean(json_object_get(row, "known")));
        assert_true(strlen(word(row, "title")) > 0);
        if (!json_is_null(confusion))
            assert_non_null(
                json_object_get(json_object_get(facts, "confusion"), json_string_value(confusion)));
        check_reported(id, json_object_get(row, "reported"));
    }
}

static void test_claims(void **state)
{
    (void)state;
    size_t i;
    const json_t *claim;
    assert_true(json_array_size(json_object_get(facts, "claims")) > 0);
    json_array_foreach(json_object_get(facts, "claims"), i, claim)
    {
        const json_t *better = row_of(word(claim, "better")), *worse = row_of(word(claim, "worse"));
        if (better == NULL || worse == NULL || better == worse)
            fail_msg("claim %s needs two rows", word(claim, "id"));
        assert_true(strlen(word(claim, "text")) > 0);
        assert_int_equal(word(claim, "report")[0], word(better, "id")[0]);
    }
}

/* Rows are the true classes, of 1,000 test images each. */
static void test_confusion(void **state)
{
    (void)state;
    const char *name;
    json_t *matrix;
    json_object_foreach(json_object_get(facts, "confusion"), name, matrix)
    {
        assert_int_equal(json_array_size(matrix), 10);
        for (size_t i = 0; i < 10; i++) {
            const json_t *counts = json_array_get(matrix, i);
            json_int_t sum = 0;
            assert_int_equal(json_array_size(counts), 10);
            for (size_t j = 0; j < 10; j++)
                sum += json_integer_value(json_array_get(counts, j));
            assert_int_equal(sum, 1000);
        }
    }
}

static void test_gradient_check(void **state)
{
    (void)state;
    const json_t *weights = json_object_get(facts, "gradient_check");
    assert_int_equal(json_array_size(weights), 7);
    for (size_t i = 0; i < 7; i++) {
        const json_t *w = json_array_get(weights, i);
        double analytic = json_number_value(json_object_get(w, "analytic"));
        double numeric = json_number_value(json_object_get(w, "numeric"));
        assert_true(analytic != 0 && numeric != 0);
        assert_true(analytic - numeric < 1e-4 && numeric - analytic < 1e-4);
        assert_true(strlen(word(w, "name")) > 0 && strlen(word(w, "weight")) > 0);
    }
}

int main(void)
{
    json_error_t at;
    facts = json_load_file(FOLDER "reference.json", JSON_REJECT_DUPLICATES, &at);
    if (facts == NULL) {
        fprintf(stderr, "reference.json:%d: %s\n", at.line, at.text);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),     cmocka_unit_test(test_every_file_has_a_row),
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_claims),
        cmocka_unit_test(test_confusion), cmocka_unit_test(test_gradient_check),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(facts);
    return failed;
}
