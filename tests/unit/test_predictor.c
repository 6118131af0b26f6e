/* One image by its own plan (hem_predictor): the outputs of the batch path within 1e-5, for every
 * layer, scaling and tier, and for every experiment; no allocation in a call; refusals. */
#include "unit/support_net.h"

#include <glob.h>
#include <math.h>

#include "base/mem.h"

enum { IMAGES = 20, MOST_CLASSES = 16 };

static const char maps[] =
    "data: {synthetic: {train: 40, test: 20, height: 14, width: 13, channels: 3, classes: 7}}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 4, padding: same, activation: relu}\n"
    "  - batchnorm\n"
    "  - maxpool: {size: 3, stride: 2, padding: same}\n"
    "  - conv: {filters: 20, kernel: [3, 5], stride: [1, 2], padding: same, activation: prelu}\n"
    "  - conv: {filters: 1, kernel: 1, bias: false, activation: {prelu: {per: unit}}}\n"
    "  - conv: {filters: 9, kernel: 2, activation: {elu: 0.5}}\n"
    "  - avgpool: {size: 2, stride: 1, padding: same}\n"
    "  - gelu\n"
    "  - dropout: 0.5\n"
    "  - flatten\n"
    "  - batchnorm\n"
    "  - prelu\n"
    "  - dense: {units: 37, activation: silu}\n"
    "  - dense: {units: 21, activation: leaky_relu, bias: false}\n"
    "  - dense: {units: 7, activation: sigmoid}\n"
    "train: {loss: half_squared_error}\n";

static const char residuals[] =
    "data: {synthetic: {train: 40, test: 20, height: 12, width: 12, classes: 5}}\n"
    "model:\n"
    "  - residual: {layers: [{dropout: 0.1}]}\n"
    "  - conv: {filters: 18, kernel: 3, padding: same}\n"
    "  - residual:\n"
    "      layers:\n"
    "        - batchnorm\n"
    "        - relu\n"
    "        - conv: {filters: 18, kernel: 3, padding: same}\n"
    "        - tanh\n"
    "  - residual:\n"
    "      layers:\n"
    "        - conv: {filters: 24, kernel: 3, stride: 2, padding: same, activation: sigmoid}\n"
    "        - conv: {filters: 24, kernel: 5, padding: same}\n"
    "      shortcut: [{conv: {filters: 24, kernel: 1, stride: 2, padding: same}}]\n"
    "  - relu\n"
    "  - residual: {layers: [flatten, {dropout: 0.2}], shortcut: [flatten]}\n"
    "  - dense: {units: 5, activation: softmax}\n";

/* Both ways of the first sum read the image with zeros around it. */
static const char fork[] =
    "data: {synthetic: {train: 40, test: 20, height: 8, width: 9, classes: 4}}\n"
    "model:\n"
    "  - residual:\n"
    "      layers: [{conv: {filters: 6, kernel: 3, padding: same}}]\n"
    "      shortcut: [{conv: {filters: 6, kernel: 5, padding: same}}]\n"
    "  - dense: {units: 4, activation: softmax}\n";

/* A convolution over the whole map, pooling over it, and a kernel larger than the image. */
static const char whole[] =
    "data: {synthetic: {train: 40, test: 20, height: 9, width: 8, classes: 4}}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 11, padding: same, activation: relu}\n"
    "  - residual: {layers: [{avgpool: {size: 2, stride: 1, padding: same}}]}\n"
    "  - conv: {filters: 40, kernel: [9, 8], activation: relu}\n"
    "  - global_maxpool\n"
    "  - dense: {units: 4, activation: softmax}\n";

/* Two outputs a side although the kernel is as large as the map. */
static const char two[] =
    "data: {synthetic: {train: 40, test: 20, height: 8, width: 8, classes: 4}}\n"
    "model:\n"
    "  - maxpool: 4\n"
    "  - conv: {filters: 11, kernel: 2, padding: same, activation: relu}\n"
    "  - dense: {units: 4, activation: softmax}\n";

static const char average[] =
    "data: {synthetic: {train: 40, test: 20, height: 9, width: 8, classes: 4}}\n"
    "model:\n"
    "  - conv: {filters: 19, kernel: 3, stride: 3}\n"
    "  - global_avgpool\n"
    "  - dense: {units: 4, activation: softmax}\n";

/* Numbers that a training might have left: none of them 0 or 1 as at first, variances above 0. */
static void shake(hem_net *net)
{
    uint32_t state = 1;
    for (size_t t = 0; t < hem_net_get_info(net).n_tensors; t++) {
        hem_tensor_info info = hem_net_tensor(net, t);
        bool of_channels = strstr(info.name, ".weight") == NULL || strstr(info.name, "norm");
        float *values = hem__calloc(info.n, sizeof *values);
        assert_non_null(values);
        hem_net_get_tensor(net, t, values);
        for (size_t i = 0; i < info.n && of_channels; i++) {
            state = state * 1664525u + 1013904223u;
            values[i] += (float)(state >> 8) / (float)(1 << 24) * 0.5f;
        }
        hem_net_set_tensor(net, t, values);
        free(values);
    }
}

/* Of what setting_data() or setting_take() began. */
static void shaken_net(setting *s, const char *tier)
{
    setting_net(s, 1, tier);
    shake(s->net);
}

static hem_predictor *predictor_of(const hem_net *net)
{
    hem_error err = {0};
    hem_predictor *predictor;
    if (hem_predictor_new(net, &predictor, &err) != HEM_OK)
        fail_msg("%s", err.text);
    return predictor;
}

static size_t image_bytes(const hem_predictor *predictor)
{
    hem_predictor_info info = hem_predictor_get_info(predictor);
    return (size_t)info.height * (size_t)info.width * (size_t)info.channels;
}

/* Runs each image twice: what the first run leaves in the buffers must not matter. */
static void check_agreement(setting *s, const char *name)
{
    hem_predictor *predictor = predictor_of(s->net);
    const size_t bytes = image_bytes(predictor),
                 classes = (size_t)hem_net_get_info(s->net).n_classes;
    assert_in_range(classes, 1, MOST_CLASSES);
    for (size_t i = 0; i < IMAGES; i++) {
        const uint8_t *image = hem_data_image(s->data, HEM_TEST, i);
        float batch[MOST_CLASSES], single[MOST_CLASSES + 1], again[MOST_CLASSES];
        single[classes] = 42; /* not to be written over */
        assert_int_equal(hem_net_predict(s->net, image, 1, batch, NULL), HEM_OK);
        assert_int_equal(hem_predictor_run(predictor, image, bytes, single, NULL), HEM_OK);
        assert_int_equal(hem_predictor_run(predictor, image, bytes, again, NULL), HEM_OK);
        assert_memory_equal(single, again, classes * sizeof *single);
        assert_true(single[classes] == 42);
        for (size_t c = 0; c < classes; c++)
            if (!(fabsf(single[c] - batch[c]) <= 1e-5f))
                fail_msg("%s, image %zu, class %zu: %.9g alone, %.9g in a batch", name, i, c,
                         (double)single[c], (double)batch[c]);
    }
    hem_predictor_free(predictor);
}

static void test_layers_and_scalings(void **state)
{
    (void)state;
    static const char *const nets[] = {maps, residuals, fork, whole, two, average};
    static const char *const scales[] = {"scale=1/255", "scale=standardize",
                                         "scale=standardize by pixel",
                                         "scale=standardize by image"};
    for (size_t tier = 0; tier < hem_tier_count(); tier++)
        for (size_t n = 0; n < sizeof nets / sizeof *nets; n++)
            for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
                setting s;
                hem_tier_info info = hem_tier_at(tier);
                if (!info.runnable || !info.built || info.bfloat16)
                    continue; /* bfloat16: of batches alone */
                setting_data(&s, nets[n], scales[k]);
                shaken_net(&s, info.name);
                check_agreement(&s, scales[k]);
                setting_close(&s);
            }
}

/* The networks of all experiments, on images that hemline draws. */
static void test_experiments(void **state)
{
    (void)state;
    static const char *const overrides[] = {"data={synthetic: {train: 40, test: 20}}",
                                            "validation=none", "train.keep=last",
                                            "train.early_stopping=none"};
    glob_t found;
    assert_int_equal(glob(HEM_SOURCE_DIR "/experiments/*.yaml", 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        setting s;
        hem_spec *spec;
        hem_error err = {0};
        if (hem_spec_load(found.gl_pathv[i], overrides, sizeof overrides / sizeof *overrides, &spec,
                          &err) != HEM_OK)
            fail_msg("%s:%d: %s", err.file, err.line, err.text);
        setting_take(&s, spec);
        shaken_net(&s, NULL);
        check_agreement(&s, found.gl_pathv[i]);
        setting_close(&s);
    }
    globfree(&found);
}

static void test_allocates_nothing_and_lives_alone(void **state)
{
    (void)state;
    setting s;
    float probabilities[MOST_CLASSES], first[MOST_CLASSES];
    uint8_t image[14 * 13 * 3];
    setting_data(&s, maps, NULL);
    shaken_net(&s, NULL);
    hem_predictor *predictor = predictor_of(s.net);
    memcpy(image, hem_data_image(s.data, HEM_TEST, 0), sizeof image);
    assert_int_equal(hem_predictor_run(predictor, image, sizeof image, first, NULL), HEM_OK);
    hem_predictor_info info = hem_predictor_get_info(predictor);
    assert_int_equal(info.n_classes, 7);
    assert_int_equal(info.height * 10000 + info.width * 100 + info.channels, 141303);
    assert_in_range(info.bytes, hem_net_get_info(s.net).parameters * sizeof(float), 200000);
    setting_close(&s); /* it needs neither network nor context */
    size_t before = hem__allocation_count();
    assert_int_equal(hem_predictor_run(predictor, image, sizeof image, probabilities, NULL),
                     HEM_OK);
    assert_int_equal(hem__allocation_count(), before);
    assert_memory_equal(first, probabilities, 7 * sizeof *first);
    hem_predictor_free(predictor);
    hem_predictor_free(NULL);
}

static void test_refuses(void **state)
{
    (void)state;
    setting s;
    hem_error err = {0};
    float probabilities[MOST_CLASSES], values[7] = {0, 0, NAN};
    uint8_t image[14 * 13 * 3 + 1] = {0};
    setting_data(&s, maps, NULL);
    shaken_net(&s, NULL);
    hem_predictor *predictor = predictor_of(s.net);
    for (size_t wrong = sizeof image - 2; wrong <= sizeof image; wrong += 2) {
        assert_int_equal(hem_predictor_run(predictor, image, wrong, probabilities, &err),
                         HEM_ERR_USAGE);
        assert_non_null(strstr(err.text, "takes 14 x 13 x 3 = 546"));
    }
    hem_predictor_free(predictor);
    size_t bias = hem_net_find_tensor(s.net, "dense3.bias");
    assert_int_equal(hem_net_tensor(s.net, bias).n, 7);
    hem_net_set_tensor(s.net, bias, values);
    assert_int_equal(hem_predictor_new(s.net, &predictor, &err), HEM_ERR_DIVERGED);
    assert_null(predictor);
    assert_non_null(strstr(err.text, "'dense3.bias'"));
    setting_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers_and_scalings),
        cmocka_unit_test(test_experiments),
        cmocka_unit_test(test_allocates_nothing_and_lives_alone),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
