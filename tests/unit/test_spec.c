/* Experiment files that are right: their values, overrides and differences. How they are written
 * out again is in test_spec_written.c, what wrong ones get in test_spec_bad.c. */
#include "unit/support_spec.h"

#include <locale.h>
#include <math.h>

#define GOOD                                                                                       \
    "data: synthetic\n"                                                                            \
    "model:\n"                                                                                     \
    "  - conv: {filters: 6, kernel: [4, 5]}\n"                                                     \
    "  - maxpool: 2\n"                                                                             \
    "  - dropout: 0.3\n"                                                                           \
    "  - flatten\n"                                                                                \
    "  - dense: {units: 10, activation: softmax}\n"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_conv),    cmocka_unit_test(test_dense_files),
        cmocka_unit_test(test_defaults),    cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_locale),      cmocka_unit_test(test_texts),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_overrides),   cmocka_unit_test(test_overrides_together),
        cmocka_unit_test(test_activations), cmocka_unit_test(test_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
