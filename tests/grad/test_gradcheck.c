/* Every layer's gradient: backpropagated against central differences in double, by the public
 * gradient check, over small networks that meet the odd cases: even kernels with same padding,
 * strides that leave rows over, ragged channel blocks, overlapping pools, dropout with its fixed
 * mask, penalties, batches that are not whole tiles, several gradient groups. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hemline/hemline.h"

#define OUTPUT "  - dense: {units: 5, activation: softmax, l2: 1e-3}\n"

#define SIGMOID "  - dense: {units: 5, activation: sigmoid, l2: 1e-3, init: glorot_normal}\n"

typedef struct network {
    const char *name;
    int channels; /* of the image */
    int images;
    const char *scale;
    const char *layers;
    const char *train; /* more lines under train: */
} network;

static const network networks[] = {
    {"dense only", 1, 10, "1/255", OUTPUT, ""},
    {"dense relu", 1, 16, "1/255", "  - dense: {units: 37, activation: relu, l2: 1e-2}\n" OUTPUT,
     ""},
    {"dense tanh, standardized", 1, 17, "standardize",
     "  - dense: {units: 19, activation: tanh}\n  - dense: {units: 50, activation: tanh}\n" OUTPUT,
     ""},
    {"standardized by pixel", 3, 17, "standardize by pixel",
     "  - conv: {filters: 5, kernel: 3, activation: tanh}\n  - flatten\n" OUTPUT, ""},
    {"standardized by image", 1, 17, "standardize by image",
     "  - conv: {filters: 5, kernel: 3, activation: tanh}\n  - flatten\n" OUTPUT, ""},
    {"dense sigmoid without bias", 1, 3, "1/255",
     "  - dense: {units: 21, activation: sigmoid, bias: false, init: he}\n" OUTPUT, ""},
    {"dense softmax inside", 1, 10, "1/255", "  - dense: {units: 11, activation: softmax}\n" OUTPUT,
     ""},
    {"activations as layers", 3, 10, "1/255",
     "  - conv: {filters: 9, kernel: 3}\n  - tanh\n  - conv: {filters: 4, kernel: 3}\n  - relu\n"
     "  - flatten\n  - sigmoid\n  - dense: {units: 13}\n  - softmax\n  - relu\n" OUTPUT,
     ""},
    {"softmax over channels", 1, 10, "1/255",
     "  - conv: {filters: 10, kernel: 3, activation: softmax}\n  - avgpool: 2\n  - "
     "flatten\n" OUTPUT,
     ""},
    {"even kernel, same", 1, 10, "1/255",
     "  - conv: {filters: 6, kernel: 4, padding: same, activation: relu}\n"
     "  - conv: {filters: 13, kernel: [2, 3], padding: same, activation: relu, l2: 1e-3}\n"
     "  - maxpool: 2\n  - dropout: 0.3\n  - flatten\n" OUTPUT,
     ""},
    {"strides", 3, 20, "1/255",
     "  - conv: {filters: 10, kernel: 3, stride: 2, padding: same, activation: tanh}\n"
     "  - conv: {filters: 7, kernel: [3, 2], stride: [2, 3], activation: relu}\n  - "
     "flatten\n" OUTPUT,
     ""},
    {"stride larger than the kernel", 1, 10, "1/255",
     "  - conv: {filters: 5, kernel: 3, activation: relu}\n"
     "  - conv: {filters: 3, kernel: 1, stride: 3}\n  - flatten\n" OUTPUT,
     ""},
    {"stride larger than the map", 1, 10, "1/255",
     "  - conv: {filters: 5, kernel: 3, activation: relu}\n"
     "  - conv: {filters: 3, kernel: 2, stride: [4096, 3], padding: same}\n"
     "  - conv: {filters: 4, kernel: 1, stride: 4096}\n  - flatten\n" OUTPUT,
     ""},
    {"one unit behind a map", 1, 10, "1/255",
     "  - conv: {filters: 9, kernel: 3, activation: tanh}\n"
     "  - dense: {units: 1, activation: tanh}\n" OUTPUT,
     ""},
    {"kernel as large as the map", 1, 10, "1/255",
     "  - conv: {filters: 11, kernel: 2, activation: relu}\n"
     "  - conv: {filters: 17, kernel: 11, activation: tanh}\n" OUTPUT,
     ""},
    {"kernel as large as the map, same, two outputs a side", 1, 10, "1/255",
     "  - maxpool: 6\n  - conv: {filters: 11, kernel: 1, activation: tanh}\n"
     "  - conv: {filters: 5, kernel: 2, padding: same, activation: tanh}\n" OUTPUT,
     ""},
    {"convolutions by Fourier transforms", 3, 20, "1/255",
     "  - conv: {filters: 9, kernel: 7, padding: same, activation: relu, l2: 1e-3}\n"
     "  - conv: {filters: 10, kernel: [6, 8], padding: same, activation: tanh}\n"
     "  - conv: {filters: 7, kernel: 7, bias: false}\n  - flatten\n" OUTPUT,
     ""},
    {"kernel larger than the map, same", 1, 10, "1/255",
     "  - maxpool: 3\n  - conv: {filters: 3, kernel: 2, activation: tanh}\n"
     "  - conv: {filters: 4, kernel: 7, padding: same, activation: relu}\n  - flatten\n" OUTPUT,
     ""},
    {"overlapping max pool", 1, 10, "1/255",
     "  - conv: {filters: 4, kernel: 3, activation: relu}\n  - maxpool: {size: 3, stride: 2, "
     "padding: same}\n"
     "  - conv: {filters: 9, kernel: 2}\n  - maxpool: {size: 2, stride: 1}\n  - flatten\n" OUTPUT,
     ""},
    {"average pools", 1, 10, "1/255",
     "  - conv: {filters: 9, kernel: 3, activation: relu}\n  - avgpool: {size: 3, stride: 2, "
     "padding: same}\n"
     "  - conv: {filters: 3, kernel: 2, activation: tanh}\n  - avgpool: {size: 2, stride: 3}\n"
     "  - flatten\n" OUTPUT,
     ""},
    {"dropout after relu and after dense", 1, 33, "1/255",
     "  - dense: {units: 24, activation: relu}\n  - dropout: 0.5\n  - dense: {units: 12, "
     "activation: tanh}\n"
     "  - dropout: 0.1\n" OUTPUT,
     ""},
    {"dense leaky_relu", 1, 16, "1/255",
     "  - dense: {units: 19, activation: {leaky_relu: 0.2}}\n"
     "  - dense: {units: 12, activation: leaky_relu}\n" OUTPUT,
     ""},
    {"dense elu", 1, 17, "standardize",
     "  - dense: {units: 19, activation: {elu: 0.5}}\n"
     "  - dense: {units: 12, activation: elu}\n" OUTPUT,
     ""},
    {"dense gelu", 1, 17, "standardize",
     "  - dense: {units: 19, activation: gelu}\n  - dense: {units: 12, activation: gelu}\n" OUTPUT,
     ""},
    {"dense silu", 1, 17, "standardize",
     "  - dense: {units: 19, activation: silu}\n  - dense: {units: 12, activation: silu}\n" OUTPUT,
     ""},
    {"dense prelu", 1, 40, "1/255",
     "  - dense: {units: 19, activation: prelu, l2: 1e-3}\n"
     "  - dense: {units: 12, activation: {prelu: {init: -0.5, per: unit}}}\n" OUTPUT,
     ""},
    {"conv leaky_relu and elu", 1, 10, "1/255",
     "  - conv: {filters: 9, kernel: 3, activation: {leaky_relu: 0.3}}\n"
     "  - conv: {filters: 4, kernel: 3, stride: 2, activation: {elu: 2}}\n  - flatten\n" OUTPUT,
     ""},
    {"conv gelu and silu", 3, 10, "1/255",
     "  - conv: {filters: 9, kernel: 3, activation: gelu}\n  - maxpool: 2\n"
     "  - conv: {filters: 4, kernel: 3, activation: silu}\n  - flatten\n" OUTPUT,
     ""},
    {"conv prelu by channel and by unit", 1, 20, "1/255",
     "  - conv: {filters: 11, kernel: 3, stride: 2, activation: prelu}\n"
     "  - conv: {filters: 9, kernel: 2, activation: {prelu: {init: 0, per: unit}}}\n"
     "  - flatten\n" OUTPUT,
     ""},
    {"the others as layers", 3, 10, "standardize",
     "  - prelu: 2\n  - conv: {filters: 9, kernel: 3}\n  - elu: 0.3\n  - gelu\n"
     "  - conv: {filters: 4, kernel: 3}\n  - leaky_relu: 0.1\n  - flatten\n  - prelu\n  - silu\n"
     "  - dense: {units: 13}\n  - prelu: {per: unit}\n  - elu\n" OUTPUT,
     ""},
    {"prelu in several gradient groups", 1, 150, "1/255",
     "  - conv: {filters: 3, kernel: 3, activation: prelu}\n  - avgpool: 2\n  - flatten\n" OUTPUT,
     "  groups: 3\n"},
    {"Winograd's algorithm, patches of 4 x 4", 1, 18, "1/255",
     "  - conv: {filters: 32, kernel: 2, activation: tanh}\n"
     "  - conv: {filters: 37, kernel: 3, padding: same, activation: tanh, l2: 1e-3}\n"
     "  - conv: {filters: 34, kernel: 3, padding: same, bias: false}\n  - batchnorm\n  - relu\n"
     "  - maxpool: 2\n  - flatten\n" OUTPUT,
     ""},
    {"Winograd's algorithm, patches of 2 x 2", 1, 18, "1/255",
     "  - conv: {filters: 48, kernel: 5, activation: tanh}\n"
     "  - conv: {filters: 57, kernel: 3, activation: tanh}\n  - flatten\n" OUTPUT,
     ""},
    {"several gradient groups", 1, 150, "1/255",
     "  - conv: {filters: 3, kernel: 3, activation: tanh}\n  - avgpool: 2\n  - flatten\n" OUTPUT,
     "  groups: 3\n"},
    {"label smoothing", 1, 21, "1/255",
     "  - dense: {units: 12, activation: tanh, init: he_normal, bias_init: {normal: 0.1}}\n" OUTPUT,
     "  loss: {cross_entropy: {label_smoothing: 0.2}}\n"},
    {"binary cross-entropy", 1, 21, "1/255",
     "  - dense: {units: 12, activation: relu, init: lecun}\n" SIGMOID,
     "  loss: binary_cross_entropy\n"},
    {"half squared error of sigmoids", 1, 21, "1/255",
     "  - dense: {units: 12, activation: sigmoid, init: {uniform: 0.05}}\n" SIGMOID,
     "  loss: half_squared_error\n"},
    {"half squared error of a softmax", 1, 21, "1/255",
     "  - dense: {units: 12, activation: sigmoid, bias_init: {constant: 0.1}}\n" OUTPUT,
     "  loss: half_squared_error\n"},
    {"binary cross-entropy, sigmoid as a layer", 1, 80, "1/255",
     "  - conv: {filters: 5, kernel: 12}\n  - sigmoid\n",
     "  loss: binary_cross_entropy\n  groups: 2\n"},
    {"all penalties", 1, 10, "1/255",
     "  - conv: {filters: 5, kernel: 3, activation: tanh, l1: 1e-2, l2: 1e-2, bias_l1: 0.1, "
     "bias_l2: 0.2}\n  - avgpool: 2\n"
     "  - dense: {units: 9, activation: relu, l1: 1e-2, bias_l1: 0.1, init: {normal: 0.1}}\n"
     "  - dense: {units: 5, activation: softmax, l1: 2e-3, l2: 1e-3, bias_l2: 0.1}\n",
     ""},
    {"batch normalisation of units, 20 images", 1, 20, "1/255",
     "  - dense: {units: 21, bias: false}\n  - batchnorm\n  - tanh\n"
     "  - dense: {units: 9, activation: relu, bias: false}\n"
     "  - batchnorm: {scale: false, epsilon: 0.1}\n" OUTPUT,
     ""},
    {"batch normalisation of channels, 33 images", 3, 33, "1/255",
     "  - conv: {filters: 11, kernel: 3, bias: false}\n  - batchnorm\n  - relu\n"
     "  - maxpool: 2\n  - conv: {filters: 5, kernel: 2, activation: tanh}\n"
     "  - batchnorm: {center: false}\n  - dropout: 0.2\n  - flatten\n" OUTPUT,
     ""},
    {"batch normalisation, 100 images", 1, 100, "1/255",
     "  - batchnorm\n  - conv: {filters: 3, kernel: 3, stride: 2, bias: false}\n"
     "  - batchnorm: {scale: false, center: false}\n  - flatten\n  - batchnorm\n" OUTPUT,
     "  groups: 1\n"},
    {"dense1.bias before batch normalisation has no gradient", 1, 17, "1/255",
     "  - dense: {units: 12}\n  - batchnorm\n  - sigmoid\n" OUTPUT, ""},
    {"identity shortcut", 1, 20, "1/255",
     "  - conv: {filters: 6, kernel: 3, activation: relu}\n"
     "  - residual:\n    - conv: {filters: 6, kernel: 3, padding: same, activation: relu}\n"
     "    - conv: {filters: 6, kernel: 3, padding: same}\n"
     "  - relu\n  - maxpool: 2\n  - flatten\n" OUTPUT,
     ""},
    {"projected shortcut with batch normalisation", 3, 33, "1/255",
     "  - conv: {filters: 4, kernel: 3, bias: false}\n  - batchnorm\n  - relu\n"
     "  - residual:\n      layers:\n"
     "        - conv: {filters: 9, kernel: 3, stride: 2, padding: same, bias: false}\n"
     "        - batchnorm\n        - relu\n"
     "        - conv: {filters: 9, kernel: 3, padding: same, bias: false}\n"
     "        - batchnorm\n"
     "      shortcut:\n"
     "        - conv: {filters: 9, kernel: 1, stride: 2, padding: same, bias: false}\n"
     "        - batchnorm\n"
     "  - relu\n  - global_avgpool\n" OUTPUT,
     ""},
    {"residuals inside each other", 1, 70, "1/255",
     "  - dense: {units: 13, activation: relu}\n"
     "  - residual:\n    - residual:\n      - residual: [{dense: {units: 13, activation: tanh}}]\n"
     "    - dense: {units: 13, activation: relu}\n"
     "  - residual: {layers: [tanh], shortcut: [flatten, {dense: {units: 13}}]}\n"
     "  - residual: [residual: [flatten], dropout: 0.2]\n" OUTPUT,
     "  groups: 3\n"},
    {"shortcut of its own, both flattened", 1, 10, "1/255",
     "  - conv: {filters: 3, kernel: 3, activation: relu}\n"
     "  - residual: {layers: [flatten, {dense: {units: 8, activation: relu}}],\n"
     "               shortcut: [flatten, {dense: {units: 8}}]}\n" OUTPUT,
     ""},
    {"global pools", 1, 20, "1/255",
     "  - conv: {filters: 10, kernel: 3, activation: relu}\n"
     "  - residual: {layers: [global_maxpool], shortcut: [global_avgpool]}\n" OUTPUT,
     ""},
    {"frozen layers", 1, 20, "1/255",
     "  - conv: {filters: 3, kernel: 3, activation: relu, freeze: true}\n"
     "  - conv: {filters: 4, kernel: 3, bias: false}\n  - batchnorm: {freeze: true}\n  - relu\n"
     "  - flatten\n  - dense: {units: 11, activation: tanh, freeze: true, l2: 1e-3}\n" OUTPUT,
     ""},
    {"layers that write in place around residuals", 3, 37, "standardize",
     "  - prelu: {init: 0.5, per: unit}\n"
     "  - residual: {layers: [prelu, {conv: {filters: 5, kernel: 3, activation: relu}}],\n"
     "               shortcut: [{conv: {filters: 5, kernel: 3}}]}\n"
     "  - leaky_relu: 0.2\n"
     "  - residual:\n      layers: [batchnorm, prelu, {conv: {filters: 5, kernel: 3, padding: "
     "same}},\n               dropout: 0.2, batchnorm: {freeze: true}, gelu,\n"
     "               residual: [elu: 0.5, {conv: {filters: 5, kernel: 1, activation: prelu}}]]\n"
     "      shortcut: [tanh, leaky_relu: 0.4]\n"
     "  - elu\n  - residual: [prelu: {per: unit, init: -0.5}]\n"
     "  - residual: {layers: [silu], shortcut: [residual: [leaky_relu]]}\n"
     "  - gelu\n  - flatten\n  - residual: [batchnorm, softmax]\n" OUTPUT,
     ""},
    {"the same without batch statistics, in groups", 1, 150, "standardize",
     "  - residual: [prelu: 0.3]\n"
     "  - conv: {filters: 9, kernel: 3, stride: 2, activation: relu}\n"
     "  - residual: {layers: [maxpool: {size: 3, stride: 1, padding: same}, gelu],\n"
     "               shortcut: [{conv: {filters: 9, kernel: 1, freeze: true}}, prelu: {freeze: "
     "true}]}\n"
     "  - leaky_relu\n  - residual: [batchnorm: {freeze: true}, sigmoid, dropout: 0.3]\n"
     "  - global_avgpool\n  - residual: [{dense: {units: 9, activation: prelu, l1: 1e-3}}]\n"
     "  - elu\n" SIGMOID,
     "  loss: binary_cross_entropy\n  groups: 3\n"},
    {"batch normalisation straight before sigmoid outputs", 1, 30, "1/255",
     "  - residual: {layers: [flatten, {dense: {units: 7, activation: relu, freeze: true, l2: "
     "0.1}}],\n               shortcut: [flatten, {dense: {units: 7, bias: false}}, batchnorm: "
     "{center: false}]}\n"
     "  - {dense: {units: 5, bias: false, l1: 1e-3}}\n  - batchnorm\n  - sigmoid\n",
     "  loss: half_squared_error\n"},
    {"dense2.bias in a residual at the end has no gradient", 1, 18, "1/255",
     "  - dense: {units: 5, activation: prelu}\n"
     "  - residual: [{dense: {units: 5}}, batchnorm: {center: false}]\n  - softmax\n",
     "  loss: {cross_entropy: {label_smoothing: 0.1}}\n"},
    {"more groups than tiles", 1, 100, "1/255", "  - dense: {units: 9, activation: tanh}\n" OUTPUT,
     "  groups: 9\n"},
};

static hem_context *context;

static void check(void **state)
{
    const network *n = *state;
    char text[4096];
    hem_error err = {0};
    snprintf(text, sizeof text,
             "data: {synthetic: {train: 200, test: 20, height: 12, width: 12, channels: %d, "
             "classes: 5}}\n"
             "scale: %s\nmodel:\n%strain:\n  batch: 32\n%s",
             n->channels, n->scale, n->layers, n->train);
    hem_spec *spec = NULL;
    hem_data *data = NULL;
    hem_net *net = NULL;
    hem_status status = hem_spec_parse(text, n->name, NULL, 0, &spec, &err);
    if (status == HEM_OK)
        status = hem_data_open(spec, NULL, &data, &err);
    if (status == HEM_OK)
        status = hem_net_new(context, spec, data, 1, &net, &err);
    if (status != HEM_OK)
        fail_msg("%s:%d:%d: %s", err.file, err.line, err.column, err.text);
    hem_gradcheck_options options = hem_gradcheck_options_default();
    options.images = n->images;
    options.entries = 24;
    hem_gradcheck_result result;
    assert_int_equal(hem_gradcheck(net, data, &options, &result, &err), HEM_OK);
    for (size_t i = 0; i < result.n_rows; i++) {
        const hem_gradcheck_row *r = &result.rows[i];
        print_message("  %-16s %4zu checked %3zu skipped  %+.8e %+.8e  ratio %.2g  float %.1e\n",
                      r->name, r->checked, r->skipped, r->analytic, r->numeric, r->worst_ratio,
                      r->float_error);
        assert_true(r->ok);
        /* a gradient that is nowhere checks nothing; subtracting the mean takes a bias away */
        bool lost = strstr(n->name, "no gradient") && strstr(n->name, r->name);
        assert_true(lost ? fabs(r->analytic) < 1e-12 : r->analytic != 0);
    }
    assert_true(result.ok);
    hem_gradcheck_release(&result);
    hem_net_free(net);
    hem_data_free(data);
    hem_spec_free(spec);
}

static void set_tensor(hem_net *net, const char *name, const float *values)
{
    hem_net_set_tensor(net, hem_net_find_tensor(net, name), values);
}

/* Weights of 2^83 make a float gradient infinite, and times the output 0 of a dead relu no number,
 * where the double one is 0: the float path must not pass for want of a difference. */
static void check_float_overflow(void **state)
{
    (void)state;
    static const char text[] =
        "data: {synthetic: {train: 20, test: 20, height: 8, width: 8, classes: 2}}\nmodel:\n"
        "  - dense: {units: 2, activation: relu}\n  - dense: {units: 2, activation: tanh}\n"
        "  - dense: {units: 2, activation: tanh}\n  - dense: {units: 2, activation: softmax}\n";
    static const float zeros[128] = {0}, dead[] = {-1, -1}, halves[] = {0.5f, 0.5f},
                       half[] = {0.5f, 0};
    static const float large[] = {0x1p83f, -0x1p83f, 0, 0}, some[] = {0.5f, 0.25f, -0.25f, 0.125f};
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
    assert_int_equal(hem_spec_parse(text, "overflow", NULL, 0, &spec, NULL), HEM_OK);
    assert_int_equal(hem_data_open(spec, NULL, &data, NULL), HEM_OK);
    assert_int_equal(hem_net_new(context, spec, data, 1, &net, NULL), HEM_OK);
    set_tensor(net, "dense1.weight", zeros);
    set_tensor(net, "dense1.bias", dead);
    set_tensor(net, "dense2.weight", some);
    set_tensor(net, "dense2.bias", halves);
    set_tensor(net, "dense3.weight", large);
    set_tensor(net, "dense3.bias", half); /* lost beside 2^83: its unit is at 0 */
    set_tensor(net, "dense4.weight", large);
    set_tensor(net, "dense4.bias", some);
    hem_gradcheck_options options = hem_gradcheck_options_default();
    options.weights = "dense2.weight[0,0]";
    hem_gradcheck_result result;
    assert_int_equal(hem_gradcheck(net, data, &options, &result, NULL), HEM_OK);
    assert_true(isfinite(result.loss) && result.rows[0].worst_ratio <= 1);
    assert_true(isnan(result.rows[0].float_error));
    assert_false(result.ok);
    hem_gradcheck_release(&result);
    hem_net_free(net);
    hem_data_free(data);
    hem_spec_free(spec);
}

/* l1 has a kink at 0: a weight near it cannot be compared, one at 0 can, and one that is only
 * nearer than epsilon is compared at a tenth of it. */
static void check_l1_kink(void **state)
{
    (void)state;
    static const char text[] = "data: {synthetic: {train: 20, test: 20, height: 8, width: 8, "
                               "classes: 2}}\nmodel:\n  - dense: {units: 2, activation: softmax, "
                               "l1: 0.1, bias_l1: 0.5}\n";
    static const float bias[] = {-1e-7f, 5e-6f};
    float weights[128] = {0.5f, 0};
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
    assert_int_equal(hem_spec_parse(text, "kink", NULL, 0, &spec, NULL), HEM_OK);
    assert_int_equal(hem_data_open(spec, NULL, &data, NULL), HEM_OK);
    assert_int_equal(hem_net_new(context, spec, data, 1, &net, NULL), HEM_OK);
    set_tensor(net, "dense1.weight", weights);
    set_tensor(net, "dense1.bias", bias);
    hem_gradcheck_options options = hem_gradcheck_options_default();
    options.weights = "dense1.bias[0],dense1.bias[1],dense1.weight[0,0],dense1.weight[0,1]";
    hem_gradcheck_result result;
    assert_int_equal(hem_gradcheck(net, data, &options, &result, NULL), HEM_OK);
    assert_int_equal(result.n_rows, 4);
    assert_int_equal(result.rows[0].skipped, 1);
    assert_false(result.ok); /* more than 5 % skipped */
    for (size_t i = 1; i < 4; i++)
        assert_true(result.rows[i].checked == 1 && result.rows[i].ok);
    hem_gradcheck_release(&result);
    hem_net_free(net);
    hem_data_free(data);
    hem_spec_free(spec);
}

int main(void)
{
    enum { N = sizeof networks / sizeof *networks };
    struct CMUnitTest tests[N + 2];
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = 2;
    if (hem_context_new(&settings, &context, NULL) != HEM_OK)
        return 1;
    for (size_t i = 0; i < N; i++) {
        union {
            const network *from;
            void *to;
        } entry = {&networks[i]};
        tests[i] = (struct CMUnitTest){networks[i].name, check, NULL, NULL, entry.to};
    }
    tests[N] = (struct CMUnitTest)cmocka_unit_test(check_float_overflow);
    tests[N + 1] = (struct CMUnitTest)cmocka_unit_test(check_l1_kink);
    int failed = _cmocka_run_group_tests("gradcheck", tests, N + 2, NULL, NULL);
    hem_context_free(context);
    return failed;
}
