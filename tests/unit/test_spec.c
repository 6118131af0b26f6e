/* Experiment files that are right: their values, overrides, the resolved text, differences, and the
 * documentation. What wrong files get is in test_spec_bad.c. */
#include "unit/support.h"

#include <locale.h>
#include <math.h>

#include "base/file.h"
#include "base/philox.h"
#include "base/str.h"
#include "spec/keys.h"

#define GOOD                                                                                       \
    "data: synthetic\n"                                                                            \
    "model:\n"                                                                                     \
    "  - conv: {filters: 6, kernel: [4, 5]}\n"                                                     \
    "  - maxpool: 2\n"                                                                             \
    "  - dropout: 0.3\n"                                                                           \
    "  - flatten\n"                                                                                \
    "  - dense: {units: 10, activation: softmax}\n"

/* ---- helpers -------------------------------------------------------------------------------- */

static hem_spec *parse_with(const char *text, const char *const *overrides, size_t n)
{
    hem_error error = {0};
    hem_spec *spec = NULL;
    if (hem_spec_parse(text, "some/x.yaml", overrides, n, &spec, &error) != HEM_OK)
        fail_msg("%s:%d:%d: %s (%s)\nof: %s", error.file, error.line, error.column, error.text,
                 error.hint, text);
    assert_non_null(spec);
    return spec;
}

static hem_spec *parse(const char *text)
{
    return parse_with(text, NULL, 0);
}

static hem_spec *load(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/experiments/%s", HEM_SOURCE_DIR, name);
    hem_error error = {0};
    hem_spec *spec = NULL;
    if (hem_spec_load(path, NULL, 0, &spec, &error) != HEM_OK)
        fail_msg("%s:%d:%d: %s", error.file, error.line, error.column, error.text);
    return spec;
}

static char *resolved(const hem_spec *spec)
{
    char *text = hem_spec_resolved(spec);
    assert_non_null(text);
    return text;
}

/* Writing out and reading back gives the same text and no difference. */
static void expect_round_trip(const hem_spec *spec)
{
    char key[128], a[128], b[128];
    char *once = resolved(spec);
    hem_spec *again = parse(once);
    char *twice = resolved(again);
    assert_string_equal(once, twice);
    assert_false(hem_spec_difference(spec, again, NULL, key, a, b));
    assert_string_equal(hem_spec_name(spec), hem_spec_name(again));
    free(once);
    free(twice);
    hem_spec_free(again);
}

static void expect_at(hem__at at, int line, int column)
{
    assert_int_equal(at.line, line);
    assert_int_equal(at.column, column);
}

/* ---- values --------------------------------------------------------------------------------- */

static void test_two_conv(void **state)
{
    (void)state;
    hem_spec *spec = load("two-conv.yaml");
    assert_string_equal(hem_spec_name(spec), "two-conv");
    assert_int_equal(spec->data.kind, HEM__DATA_FASHION_MNIST);
    assert_int_equal(spec->scale, HEM__SCALE_255);
    assert_int_equal(spec->validation.kind, HEM__VALIDATION_FIRST);
    assert_int_equal(spec->validation.count, 5000);
    assert_int_equal(spec->n_layers, 7);
    const char *names[] = {"conv1",    "conv2",  "maxpool1", "dropout1",
                           "flatten1", "dense1", "dense2"};
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(spec->layers[i].name, names[i]);
    const hem__layer_spec *conv = &spec->layers[0], *dense = &spec->layers[6];
    assert_int_equal(conv->u.conv.filters, 6);
    assert_int_equal(conv->u.conv.kernel[0], 4);
    assert_int_equal(conv->u.conv.kernel[1], 4);
    assert_int_equal(conv->u.conv.padding, HEM__PAD_SAME);
    assert_int_equal(conv->activation, HEM__ACT_RELU);
    assert_int_equal(spec->layers[1].u.conv.padding, HEM__PAD_VALID);
    assert_int_equal(spec->layers[2].u.pool.size[1], 2);
    assert_int_equal(spec->layers[2].u.pool.stride[1], 2);
    assert_true(spec->layers[3].u.dropout.rate == 0.3);
    assert_int_equal(dense->u.dense.units, 10);
    assert_int_equal(dense->activation, HEM__ACT_SOFTMAX);
    assert_true(dense->l2 == 1e-4);
    assert_int_equal(hem_spec_epochs(spec), 20);
    assert_int_equal(spec->train.optimizer.kind, HEM__OPT_ADAM);
    assert_true(spec->train.optimizer.learning_rate == 1e-4);
    expect_round_trip(spec);
    hem_spec_free(spec);
}

static void test_dense_files(void **state)
{
    (void)state;
    hem_spec *spec = load("dense-dropout.yaml");
    const int units[] = {300, 100, 100, 50, 20, 10};
    size_t n = 0;
    for (size_t i = 0; i < spec->n_layers; i++) {
        if (spec->layers[i].kind == HEM__LAYER_DENSE) {
            assert_int_equal(spec->layers[i].u.dense.units, units[n++]);
            assert_true(spec->layers[i].l2 == 1e-5);
        }
    }
    assert_int_equal(n, 6);
    assert_int_equal(spec->train.optimizer.kind, HEM__OPT_SGD);
    assert_true(spec->train.optimizer.learning_rate == 0.1);
    assert_int_equal(spec->train.epochs, 12);
    expect_round_trip(spec);
    hem_spec_free(spec);

    spec = load("dense-tanh.yaml");
    assert_int_equal(spec->scale, HEM__SCALE_STANDARDIZE);
    assert_int_equal(spec->validation.kind, HEM__VALIDATION_FRACTION);
    assert_true(spec->validation.fraction == 0.2);
    assert_int_equal(spec->train.batch, 64);
    assert_int_equal(spec->train.epochs, 100);
    assert_int_equal(spec->train.keep, HEM__KEEP_BEST_LOSS);
    assert_int_equal(spec->train.optimizer.kind, HEM__OPT_MOMENTUM);
    assert_true(spec->train.optimizer.dampening == 0.9);
    expect_round_trip(spec);
    hem_spec_free(spec);
}

static void test_defaults(void **state)
{
    (void)state;
    hem_spec *spec = parse("model: [conv: {filters: 2, kernel: 3}, dense: {units: 4}]\n"
                           "data: synthetic\n");
    assert_int_equal(spec->data.synthetic.train, 6000);
    assert_int_equal(spec->data.synthetic.test, 1000);
    assert_int_equal(spec->data.synthetic.height, 28);
    assert_int_equal(spec->data.synthetic.width, 28);
    assert_int_equal(spec->data.synthetic.channels, 1);
    assert_int_equal(spec->data.synthetic.classes, 10);
    assert_true(spec->data.synthetic.seed == 0);
    assert_int_equal(spec->scale, HEM__SCALE_255);
    assert_int_equal(spec->validation.kind, HEM__VALIDATION_NONE);
    const hem__layer_spec *conv = &spec->layers[0];
    assert_int_equal(conv->u.conv.stride[0], 1);
    assert_int_equal(conv->u.conv.stride[1], 1);
    assert_int_equal(conv->u.conv.padding, HEM__PAD_VALID);
    assert_int_equal(conv->activation, HEM__ACT_NONE);
    assert_int_equal(conv->init.kind, HEM__INIT_GLOROT);
    assert_true(conv->bias && conv->l2 == 0);
    const hem__train_spec *train = &spec->train;
    assert_int_equal(train->epochs, 10);
    assert_int_equal(train->batch, 32);
    assert_int_equal(train->optimizer.kind, HEM__OPT_ADAM);
    assert_true(train->optimizer.learning_rate == 1e-3 && train->optimizer.beta1 == 0.9);
    assert_true(train->optimizer.beta2 == 0.999 && train->optimizer.epsilon == 1e-7);
    assert_int_equal(train->keep, HEM__KEEP_LAST);
    assert_true(train->shuffle && !train->drop_last);
    assert_int_equal(train->groups, 0);
    assert_int_equal(train->checkpoint_steps, 0);
    assert_true(hem_spec_seed(spec) == 0);
    assert_null(spec->description);
    expect_at(train->batch_at, 0, 0);
    expect_at(spec->layers[1].at, 1, 40);
    expect_at(spec->layers[1].u.dense.units_at, 1, 55);
    expect_at(conv->u.conv.stride_at, 0, 0);
    hem_spec_free(spec);
}

/* The word, the value alone and the keys; the same parameters as layers; overrides. */
static void test_activations(void **state)
{
    (void)state;
    static const char text[] =
        "data: synthetic\nmodel:\n  - dense: {units: 5, activation: leaky_relu}\n"
        "  - dense: {units: 5, activation: {leaky_relu: 0.2}}\n"
        "  - dense: {units: 5, activation: {elu: {alpha: 0.5}}}\n"
        "  - dense: {units: 5, activation: {prelu: {init: -1, per: unit}}}\n"
        "  - elu\n  - prelu: {per: unit}\n  - leaky_relu: 1\n  - prelu\n  - silu\n"
        "  - dense: {units: 10, activation: softmax}\n";
    static const char *const overrides[] = {"model.0.dense.activation.leaky_relu.slope=0.5",
                                            "model.2.dense.activation=gelu", "model.4.elu.alpha=3"};
    hem_spec *spec = parse(text);
    const hem__layer_spec *l = spec->layers;
    assert_true(l[0].activation == HEM__ACT_LEAKY_RELU && l[0].act.slope == 0.01);
    assert_true(l[1].activation == HEM__ACT_LEAKY_RELU && l[1].act.slope == 0.2);
    assert_true(l[2].activation == HEM__ACT_ELU && l[2].act.alpha == 0.5);
    assert_true(l[3].activation == HEM__ACT_PRELU && l[3].act.init == -1);
    assert_int_equal(l[3].act.per, HEM__PER_UNIT);
    assert_true(l[4].kind == HEM__LAYER_ELU && l[4].act.alpha == 1);
    assert_true(l[5].act.init == 0.25 && l[5].act.per == HEM__PER_UNIT);
    assert_true(l[6].kind == HEM__LAYER_LEAKY_RELU && l[6].act.slope == 1);
    assert_true(l[7].act.init == 0.25 && l[7].act.per == HEM__PER_CHANNEL);
    assert_int_equal(l[8].kind, HEM__LAYER_SILU);
    assert_string_equal(l[7].name, "prelu2");
    expect_at(l[1].act.at, 4, 36);
    expect_round_trip(spec);
    hem_spec_free(spec);
    spec = parse_with(text, overrides, 3);
    assert_true(spec->layers[0].act.slope == 0.5 && spec->layers[4].act.alpha == 3);
    assert_int_equal(spec->layers[2].activation, HEM__ACT_GELU);
    expect_round_trip(spec);
    hem_spec_free(spec);
}

static double learning_rate(const char *text)
{
    char file[512];
    snprintf(file, sizeof file, GOOD "train: {optimizer: {sgd: {learning_rate: %s}}}\n", text);
    hem_spec *spec = parse(file);
    double value = spec->train.optimizer.learning_rate;
    hem_spec_free(spec);
    return value;
}

static void test_numbers(void **state)
{
    (void)state;
    assert_true(learning_rate("1e-4") == 1e-4);
    assert_true(learning_rate("1E-4") == 1e-4);
    assert_true(learning_rate(".5") == 0.5);
    assert_true(learning_rate("5") == 5);
    assert_true(learning_rate("5.") == 5);
    assert_true(learning_rate("+0.1e+1") == 1);
    assert_true(learning_rate("1000") == 1000);
    assert_true(learning_rate("0.1") == 0.1);

    const char *numbers[] = {"0", "-1", "+1", ".5", "5.", "1e3", "1e-3", "-1.5E+10", "007"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_true(hem__text_is_number(numbers[i]));
    const char *others[] = {"",    "-",   ".",    "e5",  "1e",    "1e+", "1.2.3", "0x1",
                            "1_0", "nan", ".nan", "inf", "1/255", "1 ",  "--1",   "5%"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(hem__text_is_number(others[i]));
}

/* A program with a decimal comma must read and write the same files. */
static void test_locale(void **state)
{
    (void)state;
    const char *names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE", NULL};
    const char *set = NULL;
    for (size_t i = 0; names[i] != NULL && set == NULL; i++)
        set = setlocale(LC_NUMERIC, names[i]);
    if (set == NULL) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    assert_true(learning_rate("0.25") == 0.25);
    hem_spec *spec = parse(GOOD);
    expect_round_trip(spec);
    hem_spec_free(spec);
    setlocale(LC_NUMERIC, "C");
}

static void test_texts(void **state)
{
    (void)state;
    hem_spec *spec = parse("name: \"my net\"\n"
                           "description: |\n"
                           "  Two \"lines\",\n"
                           "  caf\xc3\xa9\\s\n"
                           "data: {idx: 'it''s a ''folder''', expect: fashion-mnist}\n"
                           "model: [\"flatten\", 'relu']\n"
                           "train: {keep: \"last\", batch: 'all', last_batch: drop}\r\n");
    assert_string_equal(hem_spec_name(spec), "my net");
    assert_string_equal(spec->description, "Two \"lines\",\ncaf\xc3\xa9\\s\n");
    assert_string_equal(spec->data.directory, "it's a 'folder'");
    assert_string_equal(spec->data.expect, "fashion-mnist");
    assert_int_equal(spec->train.batch, 0);
    assert_true(spec->train.drop_last);
    expect_round_trip(spec);
    hem_spec_free(spec);

    /* Texts that would be something else to YAML keep what they are. */
    const char *folders[] = {"5",  "true", "-", "~",   "1e3", "a: b",
                             "#x", "[",    "'", "a b", "\\n", "%"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        hem__str text = {0};
        hem__str_printf(&text, "data: {idx: \"%s%s\"}\nmodel: [relu]\n",
                        folders[i][0] == '\\' ? "\\" : "", folders[i]);
        spec = parse(text.text);
        assert_string_equal(spec->data.directory, folders[i]);
        expect_round_trip(spec);
        hem_spec_free(spec);
        hem__str_release(&text);
    }
    /* An unquoted number where text is wanted is text; a byte order mark is no character. */
    spec = parse("\xef\xbb\xbf"
                 "data: {idx: 5}\nmodel: [relu]\n");
    assert_string_equal(spec->data.directory, "5");
    assert_null(spec->data.expect);
    hem_spec_free(spec);
}

static void test_names(void **state)
{
    (void)state;
    const char *names[][2] = {
        {"a/b/two-conv.yaml", "two-conv"},
        {"x.yml", "x"},
        {"x", "x"},
        {"x.yaml.yaml", "x.yaml"},
        {".yaml", "_yaml"},
        {"-s.yaml", "_s"},
        {"my net.yaml", "my net"},
        {"a\nb\x1b[.yaml", "a_b_["},
        {"a/", "experiment"},
        {"\xff.yaml", "_"},
        {"caf\xc3\xa9.yaml", "caf\xc3\xa9"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        hem_spec *spec = NULL;
        assert_int_equal(hem_spec_parse(GOOD, names[i][0], NULL, 0, &spec, NULL), HEM_OK);
        assert_string_equal(hem_spec_name(spec), names[i][1]);
        assert_string_equal(hem_spec_text(spec), GOOD);
        expect_round_trip(spec);
        hem_spec_free(spec);
    }
    char path[600];
    memset(path, 'n', sizeof path);
    path[sizeof path - 1] = '\0';
    hem_spec *spec = NULL;
    assert_int_equal(hem_spec_parse(GOOD, path, NULL, 0, &spec, NULL), HEM_OK);
    assert_int_equal(strlen(hem_spec_name(spec)), 128);
    expect_round_trip(spec);
    hem_spec_free(spec);
}

/* ---- overrides ------------------------------------------------------------------------------ */

/* The outputs of a model as far as they do not depend on the images. */
static void test_outputs(void **state)
{
    static const struct {
        const char *layers, *last; /* NULL: unknown */
        int n;
    } models[] = {
        {"  - dense: {units: 30}\n  - dense: {units: 7}\n  - batchnorm\n  - softmax\n", "dense2",
         7},
        {"  - conv: {filters: 5, kernel: 3}\n  - relu\n  - global_avgpool\n  - softmax\n", "conv1",
         5},
        {"  - conv: {filters: 5, kernel: 3}\n  - flatten\n  - softmax\n", NULL, 0},
        {"  - residual:\n      - dense: {units: 9}\n      - dense: {units: 9}\n  - dense: {units: "
         "4}\n",
         "dense3", 4},
        {"  - dense: {units: 9}\n  - residual:\n      - dense: {units: 9}\n  - softmax\n", NULL, 0},
        {"  - flatten\n  - softmax\n", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        char text[256];
        int n = -1;
        snprintf(text, sizeof text, "data: synthetic\nmodel:\n%s", models[i].layers);
        hem_spec *spec = parse(text);
        const hem__layer_spec *layer = hem__spec_outputs(spec, &n);
        assert_int_equal(n, models[i].n);
        assert_string_equal(layer ? layer->name : "none", models[i].last ? models[i].last : "none");
        hem_spec_free(spec);
    }
}

static void test_overrides(void **state)
{
    (void)state;
    static const struct {
        const char *override, *expected; /* a part of the resolved text */
    } rows[] = {
        {"train.epochs=5", "\n  epochs: 5\n"},
        {"train.batch=all", "\n  batch: all\n"},
        {"train.keep=last", "\n  keep: last\n"},
        {"train.seed=18446744073709551615", "\n  seed: 18446744073709551615\n"},
        {"train.optimizer.sgd.learning_rate=.1", "\n  optimizer: {sgd: {learning_rate: 0.1}}\n"},
        {"train.optimizer=sgd", "\n  optimizer: {sgd: {learning_rate: 0.01}}\n"},
        {"train.optimizer.adam.beta1=.5", "\n  optimizer: {adam: {learning_rate: 0.001, beta1: "
                                          "0.5, beta2: 0.999, epsilon: 1e-07}}\n"},
        {"train={epochs: 3}", "\n  epochs: 3\n"},
        {"train.checkpoint.steps=100", "\n  checkpoint: {steps: 100}\n"},
        {"train.checkpoint={steps: 7}", "\n  checkpoint: {steps: 7}\n"},
        {"data=fashion-mnist", "\ndata: fashion-mnist\n"},
        {"data.synthetic.train=9", "\ndata: {synthetic: {train: 9, test: 1000,"},
        {"data.idx=a/b", "\ndata: {idx: a/b, expect: any, classes: auto, labels: {from: 0}}\n"},
        {"data={idx: a, expect: mnist, classes: 10}",
         "\ndata: {idx: a, expect: mnist, classes: 10, labels: {from: 0}}\n"},
        {"validation.first=5", "\nvalidation: {first: 5}\n"},
        {"validation={fraction: .5, seed: 3}",
         "\nvalidation: {fraction: 0.5, stratify: false, seed: 3}\n"},
        {"scale=none", "\nscale: none\n"},
        {"model.2.dropout=0.1", "\n  - dropout: 0.1\n"},
        {"model.0.conv.kernel=[1, 2]", "kernel: [1, 2], "},
        {"model.0.conv.filters=7", "{filters: 7, "},
        {"model.1.maxpool=3", "\n  - maxpool: {size: 3, stride: 3, padding: valid}\n"},
        {"model.1.maxpool.stride=1", "\n  - maxpool: {size: 2, stride: 1, padding: valid}\n"},
        {"model.1={avgpool: 2}", "\n  - avgpool: {size: 2, stride: 2, padding: valid}\n"},
        {"model.3=relu", "\n  - relu\n"},
        {"model=[relu]", "\nmodel:\n  - relu\ntrain:\n"},
        {"name=other", "name: other\n"},
        {"description=a=b", "\ndescription: \"a=b\"\n"},
        {"train.epochs=5 # why", "\n  epochs: 5\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hem_spec *spec = parse_with(GOOD, &rows[i].override, 1);
        char *text = resolved(spec);
        if (strstr(text, rows[i].expected) == NULL)
            fail_msg("--set %s gives\n%s", rows[i].override, text);
        assert_string_equal(hem_spec_text(spec), GOOD);
        free(text);
        expect_round_trip(spec);
        hem_spec_free(spec);
    }
}

/* In order, over what the file says, and over each other. */
static void test_overrides_together(void **state)
{
    (void)state;
    const char *file = "data: synthetic\n"
                       "validation: {fraction: 0.5, stratify: false, seed: 3}\n"
                       "model:\n"
                       "  - maxpool:\n"
                       "      size: [2, 3]\n"
                       "train:\n"
                       "  epochs: 0\n" /* wrong, but replaced */
                       "  optimizer: adam\n";
    const char *overrides[] = {
        "train.epochs=5",
        "train.epochs=6",
        "validation.fraction=0.25",
        "model.0.maxpool.stride=[1, 2]",
        "train.optimizer.adam.epsilon=1e-3",
        "train.optimizer.momentum.momentum=0.5",
        "train.optimizer.momentum.dampening=0.25",
        "train.keep=best validation accuracy",
    };
    hem_spec *spec = parse_with(file, overrides, sizeof overrides / sizeof *overrides);
    assert_int_equal(spec->train.epochs, 6);
    assert_true(spec->validation.fraction == 0.25 && spec->validation.seed == 3);
    assert_int_equal(spec->layers[0].u.pool.size[1], 3);
    assert_int_equal(spec->layers[0].u.pool.stride[1], 2);
    assert_int_equal(spec->train.optimizer.kind, HEM__OPT_MOMENTUM);
    assert_true(spec->train.optimizer.momentum == 0.5 && spec->train.optimizer.dampening == 0.25);
    assert_true(spec->train.optimizer.learning_rate == 0.01);
    assert_int_equal(spec->train.keep, HEM__KEEP_BEST_ACCURACY);

    /* A message about a value names the override that set it. */
    hem_error error = {0};
    char line[1024];
    hem__spec_fail(spec, spec->layers[0].u.pool.stride_at, &error, "too wide");
    hem_error_format(&error, line, sizeof line);
    assert_string_equal(line, "--set model.0.maxpool.stride=[1, 2]: too wide");
    hem__spec_fail(spec, spec->layers[0].u.pool.size_at, &error, "too wide");
    hem_error_format(&error, line, sizeof line);
    assert_string_equal(line, "some/x.yaml:5:13: too wide");
    assert_int_equal(hem__spec_fail(spec, spec->train.batch_at, &error, "too many"), HEM_ERR_USAGE);
    hem_error_format(&error, line, sizeof line);
    assert_string_equal(line, "some/x.yaml: too many");
    hem_spec_free(spec);
}

/* ---- written out and read back -------------------------------------------------------------- */

static uint32_t draw(uint32_t *counter, uint32_t n)
{
    uint32_t out[4];
    hem__philox(hem__philox_key_of(7, HEM__DRAW_CHECK), (const uint32_t[4]){(*counter)++, 0, 0, 0},
                out);
    return out[0] % n;
}

static void write_choice(const hem__choice *choice, uint32_t *counter, hem__str *out);

/* A list of one layer; residuals come inside each other once in fourteen times. */
static void write_layers(const hem__key *key, uint32_t *counter, hem__str *out)
{
    hem__str_add(out, "[");
    write_choice(key->choice, counter, out);
    hem__str_add(out, "]");
}

/* A value of this key that its table allows, as a file would write it. */
static void write_random(const hem__key *key, uint32_t *counter, hem__str *out)
{
    size_t n_words = 0;
    if (key->type == HEM__KEY_LAYERS) {
        write_layers(key, counter, out);
        return;
    }
    while (key->words != NULL && key->words[n_words].name != NULL)
        n_words++;
    bool range = key->max > key->min;
    if (n_words > 0 && (!range || draw(counter, 3) == 0)) {
        hem__str_add(out, key->words[draw(counter, (uint32_t)n_words)].name);
        return;
    }
    double share = draw(counter, 1000) / 1000.0;
    if (key->type == HEM__KEY_AMOUNT) {
        const hem__unit_range *unit = key->units;
        unit += unit[1].name != NULL ? draw(counter, 2) : 0;
        double value = unit->max * share;
        hem__str_printf(out, "%.*f %s", unit->whole ? 0 : 3, value, unit->name);
        return;
    }
    if (key->type == HEM__KEY_TEXT)
        hem__str_printf(out, "\"t %u\\n\\\"\"", draw(counter, 100));
    else if (key->type == HEM__KEY_SEED)
        hem__str_printf(out, "%u", draw(counter, UINT32_MAX));
    else if (key->type == HEM__KEY_REAL)
        hem__str_printf(out, "%.*g", (int)draw(counter, 14) + 4,
                        key->min + (key->max - key->min) * (share + 1e-9) * 0.99);
    else if (key->type == HEM__KEY_PAIR && draw(counter, 2) == 0)
        hem__str_printf(out, "[%u, %u]", draw(counter, 4096) + 1, draw(counter, 4096) + 1);
    else
        hem__str_printf(out, "%.0f", key->min + floor((key->max - key->min) * share));
}

static void write_choice(const hem__choice *choice, uint32_t *counter, hem__str *out);

/* "a: 1, b: 2" of a random part of the keys, the required ones always. */
static void write_keys(const hem__key *keys, uint32_t *counter, hem__str *out)
{
    const char *comma = "";
    /* A layer without biases may not say what they should be. */
    bool no_bias = hem__key_find(keys, "bias") != NULL && draw(counter, 3) == 0;
    for (; keys != NULL && keys->name != NULL; keys++) {
        bool required = keys->fallback == NULL && keys->like == NULL;
        if (!required && draw(counter, 2) == 0)
            continue;
        if (no_bias ? strncmp(keys->name, "bias_", 5) == 0 : strcmp(keys->name, "bias") == 0)
            continue;
        hem__str_printf(out, "%s%s: ", comma, keys->name);
        if (strcmp(keys->name, "bias") == 0) {
            hem__str_add(out, "false");
        } else if (keys->type == HEM__KEY_MAP) {
            hem__str_add(out, "{");
            write_keys(keys->keys, counter, out);
            hem__str_add(out, "}");
        } else if (keys->type == HEM__KEY_CHOICE) {
            write_choice(keys->choice, counter, out);
        } else {
            write_random(keys, counter, out);
        }
        comma = ", ";
    }
}

static void write_choice(const hem__choice *choice, uint32_t *counter, hem__str *out)
{
    size_t n = 0;
    while (choice->alternatives[n].name != NULL)
        n++;
    const hem__alternative *a = &choice->alternatives[draw(counter, (uint32_t)n)];
    if (a->keys == NULL && a->value == NULL) {
        hem__str_add(out, a->name);
        return;
    }
    hem__str_printf(out, "{%s: ", a->name);
    if (a->keys != NULL && (a->value == NULL || draw(counter, 2) == 0)) {
        hem__str_add(out, "{");
        write_keys(a->keys, counter, out);
        hem__str_add(out, "}");
    } else {
        write_random(a->value, counter, out);
    }
    if (a->beside != NULL && draw(counter, 2) == 0) {
        hem__str beside = {0};
        write_keys(a->beside, counter, &beside);
        hem__str_printf(out, "%s%s", beside.length > 0 ? ", " : "", beside.text ? beside.text : "");
        hem__str_release(&beside);
    }
    hem__str_add(out, "}");
}

static void write_random_file(uint32_t *counter, hem__str *out)
{
    hem__str_add(out, "data: ");
    write_choice(hem__key_find(hem__top_keys, "data")->choice, counter, out);
    hem__str_add(out, "\nscale: ");
    write_random(hem__key_find(hem__top_keys, "scale"), counter, out);
    hem__str_add(out, "\naugment: {");
    write_keys(hem__augment_keys, counter, out);
    hem__str_add(out, "}\nvalidation: {last: 10}\nmodel:\n");
    for (uint32_t layers = draw(counter, 6) + 1; layers > 0; layers--) {
        hem__str_add(out, "  - ");
        write_choice(&hem__layer_choice, counter, out);
        hem__str_add(out, "\n");
    }
    hem__str_add(out, "train:\n");
    for (const hem__key *key = hem__key_find(hem__top_keys, "train")->keys; key->name; key++) {
        hem__str_printf(out, "  %s: ", key->name);
        if (strcmp(key->name, "epochs") == 0) /* any schedule and warm-up fits one epoch */
            hem__str_add(out, "1");
        else if (strcmp(key->name, "warmup") == 0)
            hem__str_printf(out, "%.3f", draw(counter, 1000) / 1000.0);
        else if (key->type == HEM__KEY_CHOICE)
            write_choice(key->choice, counter, out);
        else if (key->type == HEM__KEY_MAP)
            hem__str_add(out, "{}");
        else
            write_random(key, counter, out);
        hem__str_add(out, "\n");
    }
}

static void test_random_files(void **state)
{
    (void)state;
    uint32_t counter = 0;
    for (int i = 0; i < 500; i++) {
        hem__str text = {0};
        write_random_file(&counter, &text);
        assert_false(text.failed);
        hem_spec *spec = parse(text.text);
        expect_round_trip(spec);
        hem_spec_free(spec);
        hem__str_release(&text);
    }
}

static void test_template(void **state)
{
    (void)state;
    hem_spec *spec = parse(hem_spec_template());
    hem_spec *two_conv = load("two-conv.yaml");
    char key[128], a[128], b[128];
    assert_false(hem_spec_difference(spec, two_conv, NULL, key, a, b));
    expect_round_trip(spec);
    hem_spec_free(spec);
    hem_spec_free(two_conv);
}

/* ---- differences ---------------------------------------------------------------------------- */

static void test_differences(void **state)
{
    (void)state;
    static const struct {
        const char *override, *key, *a, *b; /* key NULL: no difference */
    } rows[] = {
        {"train.epochs=5", "train.epochs", "10", "5"},
        {"train.epochs=10", NULL, "", ""},
        {"train.optimizer.adam.learning_rate=1e-3", NULL, "", ""},
        {"train.optimizer.adam.learning_rate=.5", "train.optimizer.adam.learning_rate", "0.001",
         "0.5"},
        {"train.optimizer=sgd", "train.optimizer", "adam", "sgd"},
        {"data.synthetic.seed=1", "data.synthetic.seed", "0", "1"},
        {"data={idx: x}", "data", "synthetic", "idx"},
        {"validation={first: 5}", "validation", "none", "first"},
        {"model.0.conv.kernel=4", "model.0.conv.kernel", "[4, 5]", "4"},
        {"model.0.conv.init=he_normal", "model.0.conv.init", "glorot", "he_normal"},
        {"model.0.conv.init.uniform=.5", "model.0.conv.init", "glorot", "uniform"},
        {"model.0.conv.bias_init=zeros", NULL, "", ""},
        {"model.0.conv.bias_l1=.5", "model.0.conv.bias_l1", "0.0", "0.5"},
        {"train.loss=half_squared_error", "train.loss", "cross_entropy", "half_squared_error"},
        {"train.loss.cross_entropy.label_smoothing=.1", "train.loss.cross_entropy.label_smoothing",
         "0.0", "0.1"},
        {"model.2.dropout=.5", "model.2.dropout", "0.3", "0.5"},
        {"model.0.conv.activation=none", NULL, "", ""},
        {"model.0.conv.activation=prelu", "model.0.conv.activation", "none", "prelu"},
        {"model.0.conv.activation.elu.alpha=2", "model.0.conv.activation", "none", "elu"},
        {"model.3=relu", "model.3", "flatten", "relu"},
        {"model=[conv: {filters: 6, kernel: [4, 5]}, maxpool: 2]", "model.2", "dropout",
         "(absent)"},
        {"train.checkpoint.steps=4", "train.checkpoint.steps", "none", "4"},
        {"augment={rotation: 8 deg}", "augment.rotation", "0 deg", "8 deg"},
        {"augment.shift=[2px, 8%]", "augment.shift", "0 px", "[2 px, 8%]"},
        {"augment={fill: nearest}", NULL, "", ""},
        {"name=other", NULL, "", ""},
        {"description=other", NULL, "", ""},
    };
    hem_spec *base = parse(GOOD);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hem_spec *other = parse_with(GOOD, &rows[i].override, 1);
        char key[128] = "", a[128] = "", b[128] = "";
        assert_int_equal(hem_spec_difference(base, other, NULL, key, a, b), rows[i].key != NULL);
        assert_string_equal(key, rows[i].key ? rows[i].key : "");
        assert_string_equal(a, rows[i].a);
        assert_string_equal(b, rows[i].b);
        if (rows[i].key != NULL) {
            assert_true(hem_spec_difference(other, base, NULL, key, b, a));
            assert_string_equal(key, rows[i].key);
            assert_string_equal(a, rows[i].a);
            assert_string_equal(b, rows[i].b);
            const char *ignored[] = {"scale", rows[i].key, NULL};
            bool covered = strncmp(rows[i].key, "model.", 6) != 0;
            if (covered)
                assert_false(hem_spec_difference(base, other, ignored, key, a, b));
        }
        hem_spec_free(other);
    }
    const char *both[] = {"train.epochs=5", "train.seed=1"};
    hem_spec *other = parse_with(GOOD, both, 2);
    char key[128], a[128], b[128];
    assert_true(
        hem_spec_difference(base, other, (const char *const[]){"train.epochs", NULL}, key, a, b));
    assert_string_equal(key, "train.seed");
    assert_false(hem_spec_difference(base, other, (const char *const[]){"train", NULL}, key, a, b));
    /* "train.epoch" is not the beginning of a path. */
    assert_true(
        hem_spec_difference(base, other, (const char *const[]){"train.epoch", NULL}, key, a, b));
    assert_string_equal(key, "train.epochs");
    hem_spec_free(other);
    hem_spec_free(base);
}

/* ---- tables and documentation --------------------------------------------------------------- */

static void check_table(const hem__key *keys);

static void check_choice(const hem__choice *choice)
{
    int kind = 0;
    for (const hem__alternative *a = choice->alternatives; a->name != NULL; a++, kind++) {
        assert_int_equal(a->kind, kind); /* names are looked up by kind */
        assert_non_null(a->example);
        assert_non_null(a->help);
        if (a->keys != NULL)
            check_table(a->keys);
        if (a->beside != NULL)
            check_table(a->beside);
    }
    assert_true(kind >= 2 && kind <= HEM__MAX_KEYS); /* examples take the second */
}

static void check_table(const hem__key *keys)
{
    size_t n = 0;
    for (; keys[n].name != NULL; n++) {
        const hem__key *key = &keys[n];
        assert_non_null(key->help);
        assert_ptr_equal(hem__key_find(keys, key->name), key); /* no name twice */
        if (key->like != NULL)
            assert_true(hem__key_find(keys, key->like) < key && key->type == HEM__KEY_PAIR);
        if (key->keys != NULL)
            check_table(key->keys);
        bool again = key->choice == &hem__layer_choice && strcmp(key->name, "model") != 0;
        if (key->choice != NULL && !again)
            check_choice(key->choice);
        if (key->words != NULL && key->type == HEM__KEY_TEXT)
            assert_int_equal(key->words[0].value, 0); /* written for NULL */
    }
    assert_true(n > 0 && n <= HEM__MAX_KEYS);
}

static void test_tables(void **state)
{
    (void)state;
    check_table(hem__top_keys);
    for (int kind = 0; kind < HEM__N_LAYER_KINDS; kind++)
        assert_string_equal(hem__layer_kind_name((hem__layer_kind)kind),
                            hem__layer_choice.alternatives[kind].name);
    assert_string_equal(hem__activation_name(HEM__ACT_SOFTMAX), "softmax");
    assert_string_equal(hem__activation_name(HEM__ACT_PRELU), "prelu");
    assert_string_equal(hem__optimizer_name(HEM__OPT_ADAM), "adam");
    assert_string_equal(hem__loss_name(HEM__LOSS_HALF_SQUARED_ERROR), "half_squared_error");
    assert_string_equal(hem__keep_name(HEM__KEEP_BEST_ACCURACY), "best validation accuracy");
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

/* "  key: value; default" and its help, as the row of the page's table. */
static void make_row(const char *line, const char *help, hem__str *out)
{
    const char *colon = strstr(line, ": "), *end = strchr(line, '\n'), *semicolon = end;
    assert_non_null(colon);
    while (semicolon > colon && strncmp(semicolon, "; ", 2) != 0)
        semicolon--;
    const char *fallback = semicolon + 2;
    if (strncmp(fallback, "default ", 8) == 0)
        fallback += 8;
    hem__str_printf(out, "\n| `%.*s` | %.*s | %.*s | %.*s |\n", (int)(colon - line - 2), line + 2,
                    (int)(semicolon - colon - 2), colon + 2, (int)(end - fallback), fallback,
                    (int)strcspn(help, "\n"), help);
}

/* The part of the page from this heading to the next one; free() it. */
static char *section_of(const char *page, const char *heading)
{
    const char *start = strstr(page, heading);
    if (start == NULL) {
        fail_msg("docs/experiment-file.md lacks the section '%s'", heading);
        return NULL;
    }
    size_t length = strlen(heading);
    const char *end = strstr(start + length, "\n#");
    return end ? strndup(start, (size_t)(end - start) + 1) : strdup(start);
}

/* The page has a section for each part of the reference, with the same rows, and no other rows. */
static void test_documentation(void **state)
{
    (void)state;
    char *reference = hem_spec_reference();
    assert_non_null(reference);
    unsigned char *bytes;
    size_t length, rows = 0;
    assert_int_equal(hem__file_read(HEM_SOURCE_DIR "/docs/experiment-file.md", 1 << 20, HEM_ERR_IO,
                                    &bytes, &length, NULL),
                     HEM_OK);
    char *page = (char *)bytes, *section = NULL;
    for (const char *line = reference; *line != '\0'; line = strchr(line, '\n') + 1) {
        int n = (int)strcspn(line, "\n");
        if (n == 0)
            continue;
        hem__str wanted = {0};
        if (line[0] != ' ') {
            free(section);
            hem__str_printf(&wanted, "\n### %.*s\n", n, line);
            section = section_of(page, wanted.text);
            hem__str again = {0};
            hem__str_printf(&again, "\n%.*s\n", n, line);
            assert_null(strstr(line + n, again.text)); /* no table stands twice */
            hem__str_release(&again);
        } else if (line[2] != ' ') {
            make_row(line, line + n + 1 + 6, &wanted);
            rows++;
        } else {
            hem__str_printf(&wanted, "%.*s", n - 6, line + 6); /* help or example */
        }
        if (line[0] == ' ' && strstr(section, wanted.text) == NULL)
            fail_msg("docs/experiment-file.md lacks '%s'", wanted.text);
        hem__str_release(&wanted);
    }
    assert_int_equal(count(page, "\n| `"), rows);
    assert_true(rows > 40);
    free(section);
    free(bytes);
    free(reference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_conv),    cmocka_unit_test(test_dense_files),
        cmocka_unit_test(test_defaults),    cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_locale),      cmocka_unit_test(test_texts),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_overrides),   cmocka_unit_test(test_overrides_together),
        cmocka_unit_test(test_activations), cmocka_unit_test(test_random_files),
        cmocka_unit_test(test_template),    cmocka_unit_test(test_differences),
        cmocka_unit_test(test_tables),      cmocka_unit_test(test_documentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
