/* Networks whose convolutions are computed by Fourier transforms, by Winograd's algorithm or as
 * dense layers: the same bits on any number of threads and on every exact tier, as first layer and
 * behind others, in several chunks and gradient groups; no allocation in a step. Runs under the
 * thread sanitizer too. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "hemline/hemline.h"
#include "net/inside.h"

static const char first_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 14, width: 13, channels: 3, classes: 7}}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 9, padding: same, activation: relu}\n"
    "  - maxpool: 2\n"
    "  - conv: {filters: 18, kernel: [5, 6], padding: same, activation: relu, l2: 1e-3}\n"
    "  - conv: {filters: 3, kernel: 2}\n"
    "  - flatten\n"
    "  - dense: {units: 7, activation: softmax}\n";

/* Behind others, without relu and bias, its gradient added to another; a frozen one. */
static const char deep_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 12, width: 12, channels: 1, classes: 5}}\n"
    "model:\n"
    "  - conv: {filters: 17, kernel: 3, padding: same, activation: relu}\n"
    "  - residual: [{conv: {filters: 17, kernel: 7, padding: same, bias: false}}]\n"
    "  - relu\n"
    "  - conv: {filters: 12, kernel: 6, activation: tanh, freeze: true}\n"
    "  - batchnorm\n"
    "  - flatten\n"
    "  - dense: {units: 5, activation: softmax}\n";

/* Kernels as large as their maps: behind another, with a stride, of one pixel; as first layer. */
static const char covering_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 9, width: 8, channels: 1, classes: 6}}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 4, activation: relu}\n"
    "  - conv: {filters: 21, kernel: [6, 5], stride: 2, activation: relu, l2: 1e-3}\n"
    "  - conv: {filters: 10, kernel: 1, padding: same, bias: false}\n"
    "  - flatten\n"
    "  - dense: {units: 6, activation: softmax}\n";

static const char covered_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 8, width: 9, channels: 3, classes: 6}}\n"
    "model:\n"
    "  - conv: {filters: 6, kernel: [8, 9], activation: tanh}\n"
    "  - batchnorm\n"
    "  - flatten\n"
    "  - dense: {units: 6, activation: softmax}\n";

static const char winograd_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 14, width: 13, channels: 3, classes: 6}}\n"
    "model:\n"
    "  - conv: {filters: 40, kernel: 3, padding: same}\n"
    "  - batchnorm\n"
    "  - relu\n"
    "  - conv: {filters: 41, kernel: 3, padding: same, activation: relu}\n"
    "  - maxpool: 2\n"
    "  - flatten\n"
    "  - dense: {units: 6, activation: softmax}\n";

typedef struct setting {
    hem_context *context;
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
} setting;

static void begin(setting *s, const char *text, int threads, const char *tier)
{
    hem_error err = {0};
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = threads;
    settings.tier = tier;
    if (hem_context_new(&settings, &s->context, &err) != HEM_OK ||
        hem_spec_parse(text, "test", NULL, 0, &s->spec, &err) != HEM_OK ||
        hem_data_open(s->spec, NULL, &s->data, &err) != HEM_OK ||
        hem_net_new(s->context, s->spec, s->data, 3, &s->net, &err) != HEM_OK)
        fail_msg("%s:%d: %s", err.file, err.line, err.text);
}

static void end(setting *s)
{
    hem_net_free(s->net);
    hem_data_free(s->data);
    hem_spec_free(s->spec);
    hem_context_free(s->context);
}

/* Trains three steps, the last one shorter, and names the weights. */
static void train(setting *s, size_t batch, char hash[65])
{
    hem_stepper *stepper;
    uint32_t order[200];
    for (uint32_t i = 0; i < 200; i++)
        order[i] = (i * 77) % 200;
    assert_int_equal(hem_stepper_new(s->net, batch, 5, &stepper, NULL), HEM_OK);
    size_t before = hem__allocation_count();
    for (int k = 0; k < 3; k++) {
        hem_step_result result;
        size_t n = k == 2 ? batch - batch / 3 : batch;
        assert_int_equal(
            hem_stepper_step(stepper, s->data, HEM_TRAIN, order, n, 1, 0, &result, NULL), HEM_OK);
        assert_true(isfinite(result.loss));
    }
    assert_int_equal(hem__allocation_count(), before);
    hem_net_sha256(s->net, hash);
    hem_stepper_free(stepper);
}

static void compare_all(const char *text, size_t batch, const char *algorithms)
{
    char first[65] = "", hash[65];
    int runs = 0;
    for (size_t tier = 0; tier < hem_tier_count(); tier++) {
        hem_tier_info info = hem_tier_at(tier);
        if (!info.exact || !info.runnable || !info.built)
            continue;
        for (int threads = 1; threads <= 4; threads++) {
            setting s;
            begin(&s, text, threads, info.name);
            char *chosen = hem__net_algorithms(s.net);
            assert_string_equal(chosen, algorithms);
            free(chosen);
            train(&s, batch, runs == 0 ? first : hash);
            if (runs++ > 0)
                assert_string_equal(hash, first);
            end(&s);
        }
    }
    if (runs == 0)
        print_message("this CPU runs no exact tier: nothing compared\n");
}

static void test_same_bits(void **state)
{
    (void)state;
    static const size_t batches[] = {1, 17, 32, 70, 130};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        compare_all(first_net, batches[i], "conv1=fft conv2=fft conv3=direct dense1=direct");
        compare_all(deep_net, batches[i], "conv1=direct conv2=fft conv3=fft dense1=direct");
        compare_all(covering_net, batches[i], "conv1=direct conv2=dense conv3=dense dense1=direct");
        compare_all(covered_net, batches[i], "conv1=dense dense1=direct");
        compare_all(winograd_net, batches[i], "conv1=direct conv2=winograd-4x4 dense1=direct");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bits)};
    return cmocka_run_group_tests_name("algorithms of convolution in plans", tests, NULL, NULL);
}
