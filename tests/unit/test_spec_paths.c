/* The paths that hem_spec_paths() names: an override takes each of them, and each of its words. */
#include "support.h"

#include "spec/spec.h"

static const char MODEL[] = "data: {synthetic: {train: 100}}\n"
                            "model:\n"
                            "  - conv: {filters: 8, kernel: 3, padding: same}\n"
                            "  - residual:\n"
                            "      layers: [tanh, {conv: {filters: 8, kernel: 1}}]\n"
                            "      shortcut: [{conv: {filters: 8, kernel: 1}}]\n"
                            "  - maxpool: 2\n"
                            "  - prelu\n"
                            "  - dense: {units: 10, activation: softmax}\n";

typedef struct told {
    size_t paths, words;
    const char *wanted; /* path, or "path=word" */
    size_t found;
} told;

/* Parsing may fail because the words do not go together, but never because of the path. */
static void check_override(const char *override)
{
    static const char *const of_the_path[] = {"unknown", "no keys", "no layer", "no path", "is 'c"};
    hem_spec *spec;
    hem_error err = {0};
    if (hem_spec_parse(MODEL, "x.yaml", &override, 1, &spec, &err) == HEM_OK)
        hem_spec_free(spec);
    for (size_t i = 0; i < sizeof of_the_path / sizeof of_the_path[0]; i++) {
        if (strstr(err.text, of_the_path[i]) != NULL)
            fail_msg("%s: %s", override, err.text);
    }
}

static void take(void *user, const char *path, const char *word, const char *help)
{
    told *t = user;
    char override[600];
    assert_non_null(help);
    snprintf(override, sizeof override, "%s%s%s", path, word != NULL ? "=" : "",
             word != NULL ? word : "");
    t->found += strcmp(override, t->wanted) == 0;
    t->paths += word == NULL;
    t->words += word != NULL;
    if (word == NULL)
        snprintf(override, sizeof override, "%s=7", path);
    check_override(override);
}

static told tell(const hem_spec *spec, const char *wanted)
{
    told t = {.wanted = wanted};
    hem_spec_paths(spec, take, &t);
    return t;
}

static void test_tables(void **state)
{
    (void)state;
    static const char *const wanted[] = {"train.epochs",      "train.optimizer=adam",
                                         "augment=none",      "train.optimizer.adam.learning_rate",
                                         "validation.first",  "train.keep=best validation loss",
                                         "scale=1/255",       "defaults.conv.filters",
                                         "train.shuffle=true"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_int_equal(tell(NULL, wanted[i]).found, 1);
    assert_int_equal(tell(NULL, "validation=first").found, 0); /* it needs a number */
    assert_true(tell(NULL, "").paths > 100);
}

static void test_layers(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "model.0.conv.filters",   "model.1.residual.layers.1.conv.kernel",
        "model.2.maxpool",        "model.1.residual.shortcut.0.conv.stride",
        "model.3.prelu.per=unit", "model.4.dense.activation=relu",
        "model.4=flatten",        "model.1.residual.layers.0=relu",
    };
    hem_spec *spec;
    assert_int_equal(hem_spec_parse(MODEL, "x.yaml", NULL, 0, &spec, NULL), HEM_OK);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_int_equal(tell(spec, wanted[i]).found, 1);
    assert_int_equal(tell(spec, "model.4.conv.filters").found, 0);
    assert_true(tell(spec, "").paths > tell(NULL, "").paths);
    hem_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
