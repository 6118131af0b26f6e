/* The key 'defaults': which layers its values reach, what is refused and where, overrides, the
 * resolved text and the comparison of experiments. */
#include "unit/support.h"

#include "spec/spec.h"

#define TWO                                                                                        \
    "model:\n"                                                                                     \
    "  - conv: {filters: 4, kernel: 3}\n"                                                          \
    "  - maxpool\n"                                                                                \
    "  - dropout\n"                                                                                \
    "  - dense\n"                                                                                  \
    "  - dense: {units: 10, activation: softmax, l2: 0.5}\n"
#define DEFAULTS                                                                                   \
    "defaults:\n"                                                                                  \
    "  dense: {units: 20, activation: relu, l2: 0.25}\n"                                           \
    "  conv: {padding: same, stride: 2}\n"                                                         \
    "  maxpool: 2\n"                                                                               \
    "  dropout: 0.3\n"

static hem_spec *parse(const char *text, const char *override)
{
    hem_error error = {0};
    hem_spec *spec = NULL;
    if (hem_spec_parse(text, "x.yaml", &override, override != NULL, &spec, &error) != HEM_OK)
        fail_msg("%s:%d:%d: %s (%s)", error.file, error.line, error.column, error.text, error.hint);
    return spec;
}

static void expect_layers(const hem_spec *spec, double l2)
{
    assert_int_equal(spec->n_layers, 5);
    const hem__layer_spec *l = spec->layers;
    assert_int_equal(l[0].u.conv.padding, HEM__PAD_SAME);
    assert_int_equal(l[0].u.conv.stride[0], 2);
    assert_int_equal(l[0].u.conv.stride[1], 2);
    assert_true(l[0].l2 == 0);
    assert_int_equal(l[1].u.pool.size[0], 2);
    assert_int_equal(l[1].u.pool.stride[1], 2); /* like its size */
    assert_true(l[2].u.dropout.rate == 0.3);
    assert_int_equal(l[3].u.dense.units, 20);
    assert_true(l[3].l2 == l2);
    assert_int_equal(l[4].u.dense.units, 10); /* its own values count */
    assert_true(l[4].l2 == 0.5);
    assert_null(spec->defaults);
}

static void test_reach(void **state)
{
    (void)state;
    hem_spec *before = parse("data: synthetic\n" DEFAULTS TWO, NULL);
    hem_spec *after = parse("data: synthetic\n" TWO DEFAULTS, NULL); /* any order of the keys */
    expect_layers(before, 0.25);
    expect_layers(after, 0.25);
    assert_int_equal(before->layers[0].u.conv.stride_at.line, 4); /* where the default stands */
    hem_spec_free(before);
    hem_spec_free(after);
}

/* A layer's `maxpool: 3` takes the default's other keys; a layer's own size replaces a default. */
static void test_shorthand(void **state)
{
    (void)state;
    hem_spec *spec = parse("data: synthetic\n"
                           "defaults: {maxpool: {size: 2, padding: same}, avgpool: 4}\n"
                           "model:\n"
                           "  - maxpool: 3\n"
                           "  - avgpool: {stride: 1}\n"
                           "  - dense: {units: 10, activation: softmax}\n",
                           NULL);
    assert_int_equal(spec->layers[0].u.pool.size[0], 3);
    assert_int_equal(spec->layers[0].u.pool.padding, HEM__PAD_SAME);
    assert_int_equal(spec->layers[1].u.pool.size[0], 4);
    assert_int_equal(spec->layers[1].u.pool.stride[0], 1);
    hem_spec_free(spec);
}

static void test_resolved(void **state)
{
    (void)state;
    hem_spec *spec = parse("data: synthetic\n" DEFAULTS TWO, NULL);
    char *once = hem_spec_resolved(spec);
    assert_non_null(once);
    assert_null(strstr(once, "defaults"));
    hem_spec *again = parse(once, NULL);
    expect_layers(again, 0.25);
    char *twice = hem_spec_resolved(again);
    assert_string_equal(once, twice);
    char key[128], a[128], b[128];
    assert_false(hem_spec_difference(spec, again, NULL, key, a, b));
    hem_spec *other = parse("data: synthetic\n" DEFAULTS TWO, "defaults.dense.l2=0");
    assert_true(hem_spec_difference(spec, other, NULL, key, a, b));
    assert_string_equal(key, "model.3.dense.l2");
    assert_string_equal(a, "0.25");
    free(once);
    free(twice);
    hem_spec_free(spec);
    hem_spec_free(again);
    hem_spec_free(other);
}

static void test_overrides(void **state)
{
    (void)state;
    hem_spec *spec = parse("data: synthetic\n" DEFAULTS TWO, "defaults.dense.l2=0");
    expect_layers(spec, 0);
    hem_spec_free(spec);
    spec = parse("data: synthetic\n" DEFAULTS TWO, "defaults.maxpool.padding=same"); /* beside 2 */
    assert_int_equal(spec->layers[1].u.pool.size[0], 2);
    assert_int_equal(spec->layers[1].u.pool.padding, HEM__PAD_SAME);
    hem_spec_free(spec);
    spec = parse("data: synthetic\n" DEFAULTS TWO, "model.3.dense.l2=1"); /* - dense */
    assert_true(spec->layers[3].l2 == 1);
    assert_int_equal(spec->layers[3].u.dense.units, 20);
    hem_spec_free(spec);
    spec = parse("data: synthetic\nmodel:\n  - dense: {units: 10, activation: softmax}\n",
                 "defaults.dense.l2=2"); /* a file without defaults */
    assert_true(spec->layers[0].l2 == 2);
    hem_spec_free(spec);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *defaults, *override, *expected, *hint;
    } rows[] = {
        /* clang-format off */
        {"defaults: {desne: {l2: 1}}\n", NULL,
         "x.yaml:2:12: unknown key 'desne' in defaults", "did you mean 'dense'?"},
        {"defaults: {dense: {l3: 1}}\n", NULL,
         "x.yaml:2:20: unknown key 'l3' in dense", "did you mean 'l2'?"},
        {"defaults: {units: 5}\n", NULL, "x.yaml:2:12: unknown key 'units' in defaults",
         "it is a key of 'dense', for example - dense: {units: 10, activation: softmax}"},
        {"defaults:\n  conv: {stride: 0}\n", NULL, /* no layer uses it */
         "x.yaml:3:18: stride must be a whole number from 1 to 4096, or two: [rows, columns], not 0",
         NULL},
        {"defaults: {dense: {l2: 1, l2: 2}}\n", NULL,
         "x.yaml:2:27: 'l2' is given twice", "first on line 2: keep one of them"},
        {"defaults: {dense: {l2: 1}, dense: {l2: 2}}\n", NULL,
         "x.yaml:2:28: 'dense' is given twice", "keep one of them"},
        {"defaults: {flatten: 1}\n", NULL,
         "x.yaml:2:12: 'flatten' has no values that could have defaults", NULL},
        {"defaults: {dense: 5}\n", NULL,
         "x.yaml:2:19: dense must be keys with values, not 5", NULL},
        {"defaults: {dropout: 1.5}\n", NULL,
         "x.yaml:2:21: dropout must be a number from 0 to below 1, not 1.5", NULL},
        {"defaults:\n", NULL,
         "x.yaml:2:1: defaults must be keys with values, but has no value",
         "for example defaults: {dense: {activation: relu}, conv: {padding: same}}"},
        {"defaults: {dense: {l2: 1}}\n", "defaults.dens.l2=0",
         "--set defaults.dens.l2=0: unknown key 'dens' in defaults", "did you mean 'dense'?"},
        {"defaults: {dense: {l2: 1}}\n", "defaults.dense.l2=-1",
         "--set defaults.dense.l2=-1: l2 must be a number from 0 to 1000000, not -1", NULL},
        {"defaults: {dense: {l2: 1}}\n", "defaults.dropout.rate=0",
         "--set defaults.dropout.rate=0: 'dropout' has no keys of its own", "end the path there"},
        /* clang-format on */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512], said[1600];
        hem_error error = {0};
        hem_spec *spec = NULL;
        snprintf(text, sizeof text, "data: synthetic\n%smodel:\n  - dense: {units: 3}\n",
                 rows[i].defaults);
        size_t n = rows[i].override != NULL;
        assert_int_equal(hem_spec_parse(text, "x.yaml", &rows[i].override, n, &spec, &error),
                         HEM_ERR_USAGE);
        if (error.file[0] != '\0')
            snprintf(said, sizeof said, "%s:%d:%d: %s", error.file, error.line, error.column,
                     error.text);
        else
            snprintf(said, sizeof said, "%s", error.text);
        assert_string_equal(said, rows[i].expected);
        assert_true(error.hint[0] != '\0');
        if (rows[i].hint != NULL)
            assert_string_equal(error.hint, rows[i].hint);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reach),    cmocka_unit_test(test_shorthand),
        cmocka_unit_test(test_resolved), cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
