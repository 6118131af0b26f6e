/* Initial weights and biases: each initialiser's distribution, what decides a draw, and the losses
 * that a network's end allows. */
#include "unit/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "hemline/hemline.h"

static hem_context *context;

/* A dense layer of 400 units over 64 inputs, initialised as `keys` says. */
static hem_net *make(const char *keys, uint64_t seed)
{
    char text[512];
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
    hem_error err = {0};
    snprintf(text, sizeof text,
             "data: {synthetic: {train: 40, test: 20, height: 8, width: 8}}\nmodel:\n"
             "  - dense: {units: 400%s}\n  - dense: {units: 10, activation: softmax}\n",
             keys);
    if (hem_spec_parse(text, "init", NULL, 0, &spec, &err) != HEM_OK)
        fail_msg("%s", err.text);
    assert_int_equal(hem_data_open(spec, NULL, &data, NULL), HEM_OK);
    assert_int_equal(hem_net_new(context, spec, data, seed, &net, NULL), HEM_OK);
    hem_data_free(data);
    hem_spec_free(spec);
    return net;
}

static float *tensor(hem_net *net, const char *name, size_t *n)
{
    size_t index = hem_net_find_tensor(net, name);
    *n = hem_net_tensor(net, index).n;
    float *values = malloc(*n * sizeof *values);
    assert_non_null(values);
    hem_net_get_tensor(net, index, values);
    return values;
}

/* A uniform distribution fills its range and no more; a normal one has a third of its numbers
 * beyond one deviation, a twentieth beyond two, and some beyond three. */
static void check(const char *keys, const char *name, bool normal, double scale)
{
    hem_net *net = make(keys, 3);
    size_t n, beyond[4] = {0};
    float *w = tensor(net, name, &n);
    double sum = 0, squares = 0, most = 0, deviation = normal ? scale : scale / sqrt(3);
    for (size_t i = 0; i < n; i++) {
        double x = (double)w[i];
        sum += x;
        squares += x * x;
        most = fmax(most, fabs(x));
        for (int k = 1; k < 4; k++)
            beyond[k] += fabs(x) > k * scale;
    }
    double error = 5 / sqrt((double)n);
    assert_true(fabs(sum / (double)n) < error * deviation);
    assert_true(fabs(squares / (double)n / (deviation * deviation) - 1) < error * sqrt(2));
    if (!normal)
        assert_true(most <= scale * 1.0000001 && most > scale * (1 - 20 / (double)n));
    else
        for (int k = 1; k < 4; k++) {
            double share = erfc(k / sqrt(2));
            assert_true(fabs((double)beyond[k] / (double)n - share) < error * sqrt(share));
        }
    free(w);
    hem_net_free(net);
}

static void test_distributions(void **state)
{
    (void)state;
    const double in = 64, out = 400;
    check("", "dense1.weight", false, sqrt(6 / (in + out)));
    check(", init: glorot", "dense1.weight", false, sqrt(6 / (in + out)));
    check(", init: glorot_normal", "dense1.weight", true, sqrt(2 / (in + out)));
    check(", init: he", "dense1.weight", false, sqrt(6 / in));
    check(", init: he_normal", "dense1.weight", true, sqrt(2 / in));
    check(", init: lecun", "dense1.weight", false, sqrt(3 / in));
    check(", init: lecun_normal", "dense1.weight", true, sqrt(1 / in));
    check(", init: {uniform: 0.05}", "dense1.weight", false, 0.05);
    check(", init: {normal: 0.05}", "dense1.weight", true, 0.05);
    check(", bias_init: {uniform: 2}", "dense1.bias", false, 2);
    check(", bias_init: {normal: 2}", "dense1.bias", true, 2);
}

static void test_constants(void **state)
{
    (void)state;
    hem_net *net = make(", init: {constant: -0.25}, bias_init: {constant: 0.1}", 3);
    size_t n;
    float *w = tensor(net, "dense1.weight", &n);
    for (size_t i = 0; i < n; i++)
        assert_true(w[i] == -0.25f);
    free(w);
    w = tensor(net, "dense1.bias", &n);
    for (size_t i = 0; i < n; i++)
        assert_true(w[i] == 0.1f);
    free(w);
    hem_net_free(net);
    net = make(", init: zeros", 3);
    w = tensor(net, "dense1.weight", &n);
    for (size_t i = 0; i < n; i++)
        assert_true(w[i] == 0);
    free(w);
    w = tensor(net, "dense1.bias", &n); /* zeros, unless the file says otherwise */
    for (size_t i = 0; i < n; i++)
        assert_true(w[i] == 0);
    free(w);
    hem_net_free(net);
}

/* Seed, layer, tensor and element decide: not the initialiser's scale, nor another tensor. */
static void test_what_decides(void **state)
{
    (void)state;
    hem_net *a = make(", init: {normal: 1}, bias_init: {normal: 1}", 3);
    hem_net *b = make(", init: {normal: 2}", 3), *c = make(", init: {normal: 1}", 4);
    size_t n, biases;
    float *of_a = tensor(a, "dense1.weight", &n), *of_b = tensor(b, "dense1.weight", &n);
    float *of_c = tensor(c, "dense1.weight", &n), *bias = tensor(a, "dense1.bias", &biases);
    size_t same = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(of_b[i] == 2 * of_a[i]);
        same += of_a[i] == of_c[i];
    }
    assert_true(same < 10);
    same = 0;
    for (size_t i = 0; i < biases; i++)
        same += bias[i] == of_a[i];
    assert_true(same < 10);
    free(of_a);
    free(of_b);
    free(of_c);
    free(bias);
    hem_net_free(a);
    hem_net_free(b);
    hem_net_free(c);
}

static void test_penalty(void **state)
{
    (void)state;
    hem_net *net = make(", init: {constant: -0.5}, bias_init: {constant: 2}, l1: 0.1, l2: 0.01, "
                        "bias_l1: 0.001, bias_l2: 0.0001",
                        3);
    double weights = 64 * 400, biases = 400;
    double expected = weights * (0.1 * 0.5 + 0.01 * 0.25) + biases * (0.001 * 2 + 0.0001 * 4);
    assert_true(fabs(hem_net_penalty(net) - expected) < 1e-9 * expected);
    hem_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_what_decides),
        cmocka_unit_test(test_penalty),
    };
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = 1;
    if (hem_context_new(&settings, &context, NULL) != HEM_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hem_context_free(context);
    return failed;
}
