/* Batch normalisation, residuals and frozen layers in training steps: the same bits on any number
 * of threads and on every exact tier, running statistics by their formula and only after steps that
 * succeeded, nothing allocated, what cannot be refused with its place. Runs under the thread
 * sanitizer too. */
#include "unit/support_net.h"

#include <malloc.h>
#include <math.h>

#include "base/mem.h"
#include "net/inside.h"

#define DATA                                                                                       \
    "data: {synthetic: {train: 300, test: 20, height: 9, width: 8, channels: 3, classes: 4}}\n"    \
    "model:\n"
#define OUTPUT "  - dense: {units: 4, activation: softmax}\n"

static const char conv_net[] = DATA
    "  - conv: {filters: 11, kernel: 3, bias: false}\n"
    "  - batchnorm: {momentum: 0.5}\n"
    "  - relu\n"
    "  - residual:\n"
    "      layers: [conv: {filters: 9, kernel: 3, stride: 2, padding: same}, batchnorm, relu,\n"
    "               residual: [conv: {filters: 9, kernel: 1}, dropout: 0.1]]\n"
    "      shortcut: [conv: {filters: 9, kernel: 1, stride: 2, padding: same}]\n"
    "  - relu\n"
    "  - residual: {layers: [global_maxpool], shortcut: [global_avgpool]}\n"
    "  - dense: {units: 30, activation: relu, l2: 1e-3}\n"
    "  - batchnorm\n" OUTPUT;

/* Statistics of the running mean and variance are easy to work out here. */
static const char plain_net[] = DATA "  - batchnorm: {momentum: 0.75}\n" OUTPUT;

static const char frozen_net[] =
    DATA "  - conv: {filters: 5, kernel: 3, freeze: true, activation: relu}\n"
         "  - conv: {filters: 6, kernel: 3, bias: false}\n"
         "  - batchnorm: {freeze: true}\n"
         "  - flatten\n"
         "  - dense: {units: 20, activation: tanh, freeze: true, l2: 1e-2}\n" OUTPUT;

/* What meets rarely: frozen and other layers in turns, slopes, sums, penalties, both losses' ends.
 */
static const char mixed_net[] =
    "augment: {shift: 10%, flip: alternate, cutout: 3 px}\n" DATA
    "  - prelu: {init: 0.5, per: unit}\n"
    "  - conv: {filters: 9, kernel: 3, padding: same, l1: 1e-4, activation: {prelu: {init: 0.1}}}\n"
    "  - residual:\n"
    "      layers: [batchnorm: {momentum: 0.5}, prelu, conv: {filters: 9, kernel: 3, padding: "
    "same,\n"
    "               l2: 1e-3, bias: false}, batchnorm, gelu, dropout: 0.2]\n"
    "      shortcut: [conv: {filters: 9, kernel: 1, freeze: true, l1: 0.1}, prelu: {freeze: "
    "true}]\n"
    "  - leaky_relu\n"
    "  - batchnorm: {freeze: true}\n"
    "  - global_avgpool\n"
    "  - residual: [dense: {units: 9, activation: elu, l2: 1e-3, bias_l1: 1e-3}]\n"
    "  - dense: {units: 13, freeze: true, activation: silu}\n"
    "  - batchnorm\n" OUTPUT;

static void begin(setting *s, const char *text, int threads, const char *tier, const char *override,
                  size_t batch)
{
    setting_open(s, text, override, threads, tier);
    setting_stepper(s, batch);
}

static float *tensor(const setting *s, const char *name)
{
    size_t index = hem_net_find_tensor(s->net, name);
    assert_true(index < hem_net_get_info(s->net).n_tensors);
    float *values = malloc(hem_net_tensor(s->net, index).n * sizeof *values);
    hem_net_get_tensor(s->net, index, values);
    return values;
}

static void test_threads_and_tiers_same_bits(void **state)
{
    (void)state;
    static const size_t batches[] = {1, 15, 16, 17, 64, 65, 150, 250};
    static const char *const optimizers[] = {"train.optimizer={sgd: {learning_rate: 0.1}}",
                                             "train.optimizer=adam",
                                             "train.optimizer={momentum: {learning_rate: 0.05}}"};
    static const char *const nets[] = {conv_net, frozen_net};
    for (size_t i = 0; i < 2 * sizeof batches / sizeof *batches; i++)
        expect_same_weights(train_three,
                            &(three_steps){nets[i % 2], optimizers[i % 3], batches[i / 2]}, 4);
}

/* Winograd's algorithm and Fourier transforms over all tiles of a batch at once; relus in epilogues
 * of batch normalisation, masked by convolutions, by pooling and by nobody. */
static const char fast_net[] =
    "data: {synthetic: {train: 300, test: 20, height: 12, width: 12, channels: 3, classes: 4}}\n"
    "model:\n"
    "  - conv: {filters: 36, kernel: 3, padding: same, bias: false}\n"
    "  - batchnorm\n"
    "  - relu\n"
    "  - conv: {filters: 40, kernel: 3, padding: same, bias: false}\n"
    "  - batchnorm\n"
    "  - relu\n"
    "  - residual: [conv: {filters: 40, kernel: 3, padding: same}, batchnorm, relu]\n"
    "  - maxpool: 2\n"
    "  - conv: {filters: 33, kernel: 5, padding: same}\n"
    "  - batchnorm\n"
    "  - relu\n"
    "  - global_maxpool\n" OUTPUT;

static void test_fast_algorithms_same_bits(void **state)
{
    (void)state;
    static const size_t batches[] = {17, 130};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        char first[65] = "", hash[65];
        for (int threads = 1; threads <= 4; threads++) {
            setting s;
            begin(&s, fast_net, threads, NULL, "train.optimizer=adam", batches[i]);
            char *algorithms = hem__net_algorithms(s.net);
            assert_string_equal(algorithms, "conv1=direct conv2=winograd-4x4 conv3=winograd-4x4 "
                                            "conv4=fft dense1=direct");
            free(algorithms);
            setting_step(&s, 0, batches[i]);
            setting_step(&s, batches[i], batches[i] - 9);
            hem_net_sha256(s.net, threads == 1 ? first : hash);
            if (threads > 1)
                assert_string_equal(hash, first);
            setting_close(&s);
        }
    }
}

/* Three steps of mixed_net, the last one smaller: its weights and their average. */
static void mixed_hashes(const char *keys, int threads, size_t batch, char weights[65],
                         char average[65])
{
    setting s;
    begin(&s, mixed_net, threads, NULL, keys, batch);
    setting_step(&s, 0, batch);
    setting_step(&s, batch, batch);
    setting_step(&s, 2 * batch, batch - batch / 3);
    hem_net_sha256(s.net, weights);
    hem__stepper_swap_average(s.stepper);
    hem_net_sha256(s.net, average);
    hem__stepper_swap_average(s.stepper);
    setting_close(&s);
}

/* Everything at once: the same bits on any number of threads, and whether layers update their
 * weights themselves or, with a norm that no gradient reaches, all are updated at the end. */
static void test_mixed_same_bits(void **state)
{
    (void)state;
    static const size_t batches[] = {1, 17, 64, 150};
    static const char *const optimizers[] = {
        "sgd", "momentum", "nesterov", "adam", "adamw: {weight_decay: 0.1}", "rmsprop"};
    static const char *const clips[] = {"none", "1e6", "0.05"};
    for (size_t i = 0; i < 24; i++) {
        char first[2][65] = {"", ""}, hash[2][65], keys[256];
        for (size_t clip = 0; clip < 3; clip++)
            for (int threads = 1; threads <= 4; threads++) {
                bool named = strchr(optimizers[i / 4], ':') != NULL;
                snprintf(keys, sizeof keys,
                         "train={optimizer: %s%s%s, clip_norm: %s, ema: 0.9, loss: {cross_entropy: "
                         "{label_smoothing: 0.1}}}",
                         named ? "{" : "", optimizers[i / 4], named ? "}" : "", clips[clip]);
                mixed_hashes(keys, threads, batches[i % 4], hash[0], hash[1]);
                if (threads == 1 && clip != 1)
                    memcpy(first, hash, sizeof first);
                assert_string_equal(hash[0], first[0]);
                assert_string_equal(hash[1], first[1]);
                assert_string_not_equal(hash[0], hash[1]);
            }
    }
}

/* What the layer below it sees: the pixels, scaled. */
static void expect_running(const setting *s, size_t n, const double *old_mean,
                           const double *old_variance)
{
    float *mean = tensor(s, "batchnorm1.mean"), *variance = tensor(s, "batchnorm1.variance");
    for (size_t c = 0; c < 3; c++) {
        double sum = 0, squares = 0, pixels = 72 * (double)n;
        for (size_t i = 0; i < n; i++) {
            const uint8_t *image = hem_data_image(s->data, HEM_TRAIN, i * 77 % 300);
            for (size_t p = 0; p < 72; p++)
                sum += image[3 * p + c] / 255.0;
        }
        for (size_t i = 0; i < n; i++) {
            const uint8_t *image = hem_data_image(s->data, HEM_TRAIN, i * 77 % 300);
            for (size_t p = 0; p < 72; p++)
                squares += pow(image[3 * p + c] / 255.0 - sum / pixels, 2);
        }
        assert_true(fabs((double)mean[c] - 0.75 * old_mean[c] - 0.25 * sum / pixels) < 1e-6);
        assert_true(fabs((double)variance[c] - 0.75 * old_variance[c] - 0.25 * squares / pixels) <
                    1e-6);
    }
    free(mean);
    free(variance);
}

/* Padded lanes of the last tile count for nothing, whatever the batch is. */
static void test_running_statistics(void **state)
{
    (void)state;
    static const size_t batches[] = {1, 5, 16, 33, 100};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        setting s;
        begin(&s, plain_net, 2, NULL, NULL, batches[i]);
        setting_step(&s, 0, batches[i]);
        expect_running(&s, batches[i], (const double[]){0, 0, 0}, (const double[]){1, 1, 1});
        setting_close(&s);
    }
}

/* The average takes in the running statistics of the step that was just made, on any threads. */
static void test_average_of_statistics(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        setting s;
        begin(&s, conv_net, threads, NULL, "train={ema: 0.75, optimizer: adam}", 100);
        size_t n = s.net->graph->n_params;
        double *mean = hem__calloc(n, sizeof *mean);
        for (size_t i = 0; i < n; i++)
            mean[i] = (double)s.net->params[i];
        for (size_t k = 0; k < 20; k++) {
            setting_step(&s, 7 * k, 100);
            for (size_t i = 0; i < n; i++)
                mean[i] = 0.75 * mean[i] + 0.25 * (double)s.net->params[i];
        }
        for (size_t i = 0; i < n; i++)
            assert_true(fabs((double)hem__stepper_average(s.stepper)[i] - mean[i]) < 1e-6);
        free(mean);
        setting_close(&s);
    }
}

/* One image has no variance: its normalised units are the biases. */
static void test_one_image(void **state)
{
    (void)state;
    setting s;
    begin(&s, DATA "  - dense: {units: 6}\n  - batchnorm: {momentum: 0}\n" OUTPUT, 2, NULL, NULL,
          16);
    setting_step(&s, 0, 1);
    float *variance = tensor(&s, "batchnorm1.variance");
    for (size_t i = 0; i < 6; i++)
        assert_true(variance[i] == 0);
    free(variance);
    setting_close(&s);
}

/* A batch of more images than there are is all of them, and asks for no more memory. */
static void test_large_batch_of_few_images(void **state)
{
    (void)state;
    static const char *const batches[] = {"train.batch=all", "train.batch=10000000"};
    for (size_t i = 0; i < 2; i++) {
        setting s;
        begin(&s, conv_net, 2, NULL, batches[i], 300);
        assert_true(hem_net_get_info(s.net).training_bytes < 1 << 28);
        setting_step(&s, 0, 300);
        setting_close(&s);
    }
}

static void test_step_allocates_nothing(void **state)
{
    (void)state;
    setting s;
    begin(&s, conv_net, 2, NULL, NULL, 100);
    setting_step(&s, 0, 100);
    size_t count = hem__allocation_count(), bytes = mallinfo2().uordblks;
    for (size_t k = 0; k < 5; k++)
        setting_step(&s, k, 100);
    assert_int_equal(hem__allocation_count(), count);
    assert_int_equal(mallinfo2().uordblks, bytes);
    setting_close(&s);
}

static void test_divergence_keeps_statistics(void **state)
{
    (void)state;
    setting s;
    hem_error err = {0};
    uint32_t order[32] = {0};
    char before[65], after[65];
    begin(&s, conv_net, 2, NULL, NULL, 32);
    float *values = tensor(&s, "dense2.weight");
    values[0] = INFINITY;
    hem_net_set_tensor(s.net, hem_net_find_tensor(s.net, "dense2.weight"), values);
    hem_net_sha256(s.net, before);
    assert_int_equal(hem_stepper_step(s.stepper, s.data, HEM_TRAIN, order, 32, 0, 0, NULL, &err),
                     HEM_ERR_DIVERGED);
    hem_net_sha256(s.net, after);
    assert_string_equal(before, after);
    free(values);
    setting_close(&s);
}

/* Frozen tensors keep every bit, all others change; in groups and in one. */
static void test_frozen(void **state)
{
    (void)state;
    static const size_t batches[] = {32, 200};
    static const char *const frozen[] = {"conv1.",          "batchnorm1.weight", "batchnorm1.bias",
                                         "batchnorm1.mean", "batchnorm1.var",    "dense1."};
    for (size_t k = 0; k < 2; k++) {
        setting s;
        begin(&s, frozen_net, 2, NULL, NULL, batches[k]);
        hem_net_info info = hem_net_get_info(s.net);
        assert_int_equal(info.fixed, 5 * 28 + 4 * 6 + 20 * (6 * 5 * 4 + 1));
        assert_int_equal(hem_net_layer(s.net, 2).fixed, 24);
        float *before[16];
        for (size_t i = 0; i < info.n_tensors; i++)
            before[i] = tensor(&s, hem_net_tensor(s.net, i).name);
        setting_step(&s, 0, batches[k]);
        for (size_t i = 0; i < info.n_tensors; i++) {
            hem_tensor_info t = hem_net_tensor(s.net, i);
            float *after = tensor(&s, t.name);
            bool fixed = false;
            for (size_t f = 0; f < sizeof frozen / sizeof *frozen; f++)
                fixed = fixed || strncmp(t.name, frozen[f], strlen(frozen[f])) == 0;
            assert_int_equal(memcmp(before[i], after, t.n * sizeof *after) == 0, fixed);
            free(after);
            free(before[i]);
        }
        setting_close(&s);
    }
}

static void expect_refused(const char *text, const char *override, const char *message,
                           const char *hint)
{
    setting s;
    hem_error err = {0};
    setting_data(&s, text, override);
    assert_int_equal(hem_context_new(NULL, &s.context, NULL), HEM_OK);
    assert_int_equal(hem_net_new(s.context, s.spec, s.data, 1, &s.net, &err), HEM_ERR_USAGE);
    char line[64];
    snprintf(line, sizeof line, "%d:%d: ", err.line, err.column);
    const char *at = override ? message : strstr(message, line);
    if (at == NULL || strstr(err.text, override ? message : message + strlen(line)) == NULL)
        fail_msg("%s%s, expected %s", line, err.text, message);
    assert_non_null(strstr(err.hint, hint));
    setting_close(&s);
}

static const char unit_net[] = DATA "  - dense: {units: 6}\n  - batchnorm\n" OUTPUT;

/* One image has a variance where a channel has many pixels; a frozen layer needs none. */
static void test_one_image_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *net, *override;
    } rows[] = {
        {plain_net, "train.batch=1"},
        {plain_net, "train.batch=299"},
        {unit_net, "train={batch: 299, last_batch: drop}"},
        {frozen_net, "train.batch=1"},
        {unit_net, "train.batch=2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setting s;
        setting_open(&s, rows[i].net, rows[i].override, 1, NULL);
        setting_close(&s);
    }
}

static void test_refused(void **state)
{
    (void)state;
    expect_refused(conv_net, "train.groups=2",
                   "groups is 2, but batch normalisation takes the whole batch as one group",
                   "groups: auto");
    expect_refused(DATA "  - conv: {filters: 20000000, kernel: 3}\n  - batchnorm\n"
                        "  - global_avgpool\n" OUTPUT,
                   "train.batch=10000000", "with a batch of 300 images", "use a smaller batch");
    expect_refused(unit_net, "train.batch=1",
                   "a batch of 1 image gives batchnorm1 one value per channel",
                   "a batch of 2 images or more");
    expect_refused(unit_net, "train.batch=299",
                   "300 training images in batches of 299 leave a last one of 1 image",
                   "last_batch: drop");
    expect_refused(DATA "  - dense: {units: 6}\n  - batchnorm\n" OUTPUT "train:\n  batch: 23\n",
                   NULL, "7:10: 300 training images in batches of 23 leave", "another batch");
    expect_refused(DATA "  - conv: {filters: 4, kernel: 3}\n"
                        "  - residual: [conv: {filters: 5, kernel: 3, padding: same}]\n" OUTPUT,
                   NULL,
                   "4:5: residual1 cannot add 5 x 7 x 6 of its layers to 4 x 7 x 6 of its input",
                   "shortcut: [{conv: {filters: 5, kernel: 1}}]");
    expect_refused(
        DATA "  - residual: {layers: [flatten], shortcut: [dense: {units: 216}]}\n" OUTPUT, NULL,
        "3:5: residual1 cannot add 216 x 1 x 1 of its layers to 216 x 1 x 1 of its "
        "shortcut, a flattened map in another order",
        "both ways");
    expect_refused(DATA "  - dense: {units: 4, activation: softmax, freeze: true}\n", NULL,
                   "3:5: no layer of the model has weights to train", "freeze: true");
    expect_refused(DATA "  - prelu: {freeze: true}\n"
                        "  - dense: {units: 4, activation: softmax, freeze: true}\n",
                   NULL, "3:5: no layer of the model has weights to train", "freeze: true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_and_tiers_same_bits),
        cmocka_unit_test(test_fast_algorithms_same_bits),
        cmocka_unit_test(test_mixed_same_bits),
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_average_of_statistics),
        cmocka_unit_test(test_one_image),
        cmocka_unit_test(test_large_batch_of_few_images),
        cmocka_unit_test(test_step_allocates_nothing),
        cmocka_unit_test(test_divergence_keeps_statistics),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_one_image_accepted),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
