/* Lists of layers inside layers: read, named, overridden, written, compared, copied, refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spec/spec.h"

static const char NESTED[] = "data: synthetic\n"
                             "model:\n"
                             "  - conv: {filters: 8, kernel: 3}\n"
                             "  - residual:\n"
                             "      layers:\n"
                             "        - conv: {filters: 8, kernel: 3, padding: same}\n"
                             "        - residual: [tanh, {conv: {filters: 8, kernel: 1}}]\n"
                             "        - batchnorm\n"
                             "      shortcut:\n"
                             "        - conv: {filters: 8, kernel: 1}\n"
                             "  - relu\n"
                             "  - dense: {units: 10, activation: softmax}\n";

static hem_spec *parse(const char *text, const char *override)
{
    hem_spec *spec;
    hem_error err = {0};
    if (hem_spec_parse(text, "x.yaml", &override, override != NULL, &spec, &err) != HEM_OK)
        fail_msg("%d:%d: %s", err.line, err.column, err.text);
    return spec;
}

static void test_flat(void **state)
{
    (void)state;
    static const char *const names[] = {"conv1", "residual1",  "conv2", "residual2", "tanh1",
                                        "conv3", "batchnorm1", "conv4", "relu1",     "dense1"};
    hem_spec *spec = parse(NESTED, NULL);
    assert_int_equal(spec->n_layers, 10);
    for (size_t i = 0; i < 10; i++)
        assert_string_equal(spec->layers[i].name, names[i]);
    const hem__layer_spec *outer = &spec->layers[1], *inner = &spec->layers[3];
    assert_int_equal(outer->u.residual.layers.first, 2);
    assert_int_equal(outer->u.residual.layers.n, 5);
    assert_int_equal(outer->u.residual.shortcut.first, 7);
    assert_int_equal(outer->u.residual.shortcut.n, 1);
    assert_int_equal(hem__layer_extent(outer), 7);
    assert_int_equal(inner->u.residual.layers.n, 2);
    assert_int_equal(inner->u.residual.shortcut.n, 0);
    assert_int_equal(spec->layers[5].at.line, 7);
    assert_true(spec->layers[6].u.norm.momentum == 0.99);
    assert_true(spec->layers[6].u.norm.epsilon == 1e-3);
    hem_spec *copy;
    assert_int_equal(hem__spec_copy(spec, &copy, NULL), HEM_OK);
    hem_spec_free(spec);
    char *text = hem_spec_resolved(copy);
    spec = parse(text, NULL);
    char *again = hem_spec_resolved(spec);
    assert_string_equal(text, again);
    assert_non_null(strstr(text, "  - residual:\n"
                                 "      layers:\n"
                                 "        - conv: {filters: 8, kernel: 3,"));
    assert_non_null(strstr(text,
                           "\n            shortcut: []\n        - batchnorm: {momentum: 0.99, "
                           "epsilon: 0.001, scale: true, center: true, freeze: false}\n"
                           "      shortcut:\n        - conv: "));
    free(text);
    free(again);
    hem_spec_free(copy);
    hem_spec_free(spec);
}

static void test_overrides(void **state)
{
    (void)state;
    static const struct {
        const char *override, *key, *a, *b; /* where it differs from the file without it */
    } rows[] = {
        {"model.1.residual.layers.0.conv.filters=9", "model.1.residual.layers.0.conv.filters", "8",
         "9"},
        {"model.1.residual.layers.1.residual.layers.1.conv.kernel=2",
         "model.1.residual.layers.1.residual.layers.1.conv.kernel", "1", "2"},
        {"model.1.residual.layers.1.residual.shortcut=[relu]",
         "model.1.residual.layers.1.residual.shortcut.0", "(absent)", "relu"},
        {"model.1.residual.shortcut=[]", "model.1.residual.shortcut.0", "conv", "(absent)"},
        {"model.1.residual.layers=[relu]", "model.1.residual.layers.0", "conv", "relu"},
        {"model.1.residual.layers.2=relu", "model.1.residual.layers.2", "batchnorm", "relu"},
        {"model.1.residual.layers.2.batchnorm.momentum=0.9",
         "model.1.residual.layers.2.batchnorm.momentum", "0.99", "0.9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hem_spec *plain = parse(NESTED, NULL), *other = parse(NESTED, rows[i].override);
        char key[128], a[128], b[128];
        assert_true(hem_spec_difference(plain, other, NULL, key, a, b));
        assert_string_equal(key, rows[i].key);
        assert_string_equal(a, rows[i].a);
        assert_string_equal(b, rows[i].b);
        assert_true(hem_spec_difference(other, plain, NULL, key, a, b));
        assert_string_equal(key, rows[i].key);
        hem_spec_free(plain);
        hem_spec_free(other);
    }
}

static void refused(const char *text, const char *override, const char *expected, const char *hint)
{
    hem_spec *spec;
    hem_error err = {0};
    char line[1024];
    assert_int_equal(hem_spec_parse(text, "x.yaml", &override, override != NULL, &spec, &err),
                     HEM_ERR_USAGE);
    assert_null(spec);
    hem_error_format(&err, line, sizeof line);
    line[strcspn(line, "\n")] = '\0';
    assert_string_equal(line, expected);
    assert_string_equal(err.hint, hint);
}

#define LAYER(text) "data: synthetic\nmodel:\n  - " text "\n"
#define EXAMPLE "for example - dense: {units: 10, activation: softmax}"

static void test_refused(void **state)
{
    (void)state;
    refused(LAYER("residual"), NULL, "x.yaml:3:5: 'layers' is missing in residual",
            "add 'layers:' and below it the layers, " EXAMPLE);
    refused(LAYER("residual: []"), NULL, "x.yaml:3:15: layers has no layers",
            "begin each layer with '- ', " EXAMPLE);
    refused(LAYER("residual: 3"), NULL, "x.yaml:3:15: layers must be a list of layers, not 3",
            "begin each layer with '- ', " EXAMPLE);
    refused(LAYER("residual: {shortcut: [relu]}"), NULL,
            "x.yaml:3:5: 'layers' is missing in residual",
            "add 'layers:' and below it the layers, " EXAMPLE);
    refused(LAYER("residual: {layers: [relu], shortcut: relu}"), NULL,
            "x.yaml:3:42: shortcut must be a list of layers, not 'relu'",
            "begin each layer with '- ', " EXAMPLE);
    refused(LAYER("residual: [conv: {filters: 0, kernel: 1}]"), NULL,
            "x.yaml:3:32: filters must be a whole number from 1 to 2000000000, not 0",
            "filters: Output channels.");
    refused(LAYER("residual: [batchnorm: {momentum: 1}]"), NULL,
            "x.yaml:3:38: momentum must be a number from 0 to below 1, not 1",
            "momentum: The share of the running mean and variance that stays at each step. "
            "Default 0.99.");
    refused(NESTED, "model.1.residual.layers.7.conv.filters=2",
            "--set model.1.residual.layers.7.conv.filters=2: no layer '7' in layers",
            "the 3 layers count from 0");
    refused(NESTED, "model.1.residual.layers.1.residual.shortcut.0=relu",
            "--set model.1.residual.layers.1.residual.shortcut.0=relu: the file has no list "
            "'shortcut' to change",
            "begin each layer of it with '- '");
}

/* Eight inside each other are read, nine are not; a thousand layers, wherever they are. */
static void test_limits(void **state)
{
    (void)state;
    char text[16384] = "data: synthetic\nmodel: [";
    for (int i = 0; i < 8; i++)
        strcat(text, "{residual: [");
    strcat(text, "relu");
    for (int i = 0; i < 8; i++)
        strcat(text, "]}");
    strcat(text, "]\n");
    hem_spec *spec = parse(text, NULL);
    assert_int_equal(spec->n_layers, 9);
    hem_spec_free(spec);
    char *relu = strstr(text, "relu");
    memmove(relu + 12 + 4 + 2, relu + 4, strlen(relu + 4) + 1);
    memcpy(relu, "{residual: [relu]}", 18);
    refused(text, NULL, "x.yaml:2:116: more than 8 residuals inside each other",
            "put them one after the other");

    strcpy(text, "data: synthetic\nmodel: [residual: [relu");
    for (int i = 0; i < 998; i++)
        strcat(text, ", relu");
    size_t length = strlen(text);
    strcat(text, "]]\n");
    spec = parse(text, NULL);
    assert_int_equal(spec->n_layers, 1000);
    hem_spec_free(spec);
    strcpy(text + length, "], relu]\n");
    refused(text, NULL, "x.yaml:2:6015: more than 1000 layers", "remove some");
}

static void test_experiment(void **state)
{
    (void)state;
    hem_spec *spec;
    assert_int_equal(
        hem_spec_load(HEM_SOURCE_DIR "/experiments/conv-bn.yaml", NULL, 0, &spec, NULL), HEM_OK);
    assert_int_equal(spec->n_layers, 22);
    assert_int_equal(spec->layers[1].kind, HEM__LAYER_BATCHNORM);
    assert_int_equal(spec->layers[20].kind, HEM__LAYER_GLOBAL_MAXPOOL);
    hem_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flat),       cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_experiment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
