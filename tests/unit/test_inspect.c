/* Looking inside a network: filters and feature maps against the weights worked out by hand,
 * saliency's sanity test, scaling, picks and lists of mistakes. */
#include "unit/support_net.h"

#include <math.h>

#include "net/net.h"

static const char experiment[] =
    "data: {synthetic: {train: 60, test: 40, height: 9, width: 8, channels: 3, classes: 4}}\n"
    "scale: 1/255\n"
    "model:\n"
    "  - conv: {filters: 10, kernel: [3, 2]}\n"
    "  - tanh\n"
    "  - conv: {filters: 3, kernel: 2, activation: relu}\n"
    "  - dropout: 0.5\n"
    "  - flatten\n"
    "  - dense: {units: 9, activation: relu}\n"
    "  - dense: {units: 4, activation: softmax}\n"
    "train: {batch: 8}\n";

static int set_up(void **state)
{
    static setting s;
    setting_open(&s, experiment, NULL, 2, NULL);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    setting_close(*state);
    return 0;
}

static void test_filters(void **state)
{
    setting *w = *state;
    hem_maps maps;
    const char *name;
    float weights[10 * 3 * 3 * 2];
    assert_int_equal(hem_filters_get(w->net, NULL, &maps, &name, NULL), HEM_OK);
    assert_string_equal(name, "conv1");
    assert_int_equal(maps.n, 10);
    assert_int_equal(maps.channels, 3);
    assert_int_equal(maps.height, 3);
    assert_int_equal(maps.width, 2);
    hem_net_get_tensor(w->net, hem_net_find_tensor(w->net, "conv1.weight"), weights);
    assert_memory_equal(maps.values, weights, sizeof weights);
    hem_maps_release(&maps);
    /* The dense layer behind the flatten sees 3 maps of 6 x 6: 9x8, less [3,2], less 2. */
    assert_int_equal(hem_filters_get(w->net, "dense1", &maps, &name, NULL), HEM_OK);
    assert_int_equal(maps.n, 9);
    assert_int_equal(maps.channels, 3);
    assert_int_equal(maps.height, 6);
    assert_int_equal(maps.width, 6);
    hem_maps_release(&maps);
}

static void test_wrong_layers(void **state)
{
    setting *w = *state;
    hem_maps maps;
    hem_error err;
    const uint8_t *image = hem_data_image(w->data, HEM_TEST, 0);
    assert_int_equal(hem_filters_get(w->net, "conv9", &maps, NULL, &err), HEM_ERR_USAGE);
    assert_string_equal(err.text, "the network has no layer 'conv9'");
    assert_non_null(strstr(err.hint, "conv1, tanh1, conv2, dropout1"));
    assert_null(maps.values);
    assert_int_equal(hem_filters_get(w->net, "dense2", &maps, NULL, &err), HEM_ERR_USAGE);
    assert_string_equal(err.hint, "layers with filters: conv1, conv2 and dense1");
    assert_int_equal(hem_features_get(w->net, image, "", &maps, NULL, &err), HEM_ERR_USAGE);
    assert_int_equal(hem_saliency_get(w->net, image, 4, &maps, NULL, &err), HEM_ERR_USAGE);
    assert_int_equal(hem_saliency_get(w->net, image, -1, &maps, NULL, &err), HEM_ERR_USAGE);
}

/* conv1 and tanh1 by their formulas, in double. */
static void test_features(void **state)
{
    setting *w = *state;
    const uint8_t *image = hem_data_image(w->data, HEM_TEST, 2);
    float weight[10 * 3 * 3 * 2], bias[10];
    hem_maps plain, bent;
    for (int k = 0; k < 10; k++)
        bias[k] = 0.01f * (float)k;
    hem_net_set_tensor(w->net, hem_net_find_tensor(w->net, "conv1.bias"), bias);
    hem_net_get_tensor(w->net, hem_net_find_tensor(w->net, "conv1.weight"), weight);
    assert_int_equal(hem_features_get(w->net, image, "conv1", &plain, NULL, NULL), HEM_OK);
    assert_int_equal(hem_features_get(w->net, image, "tanh1", &bent, NULL, NULL), HEM_OK);
    assert_int_equal(plain.n, 1);
    assert_int_equal(plain.channels, 10);
    assert_int_equal(plain.height, 7);
    assert_int_equal(plain.width, 7);
    for (int k = 0; k < 10; k++)
        for (int p = 0; p < 7; p++)
            for (int q = 0; q < 7; q++) {
                double sum = (double)bias[k];
                for (int c = 0; c < 3; c++)
                    for (int r = 0; r < 3; r++)
                        for (int s = 0; s < 2; s++)
                            sum += (double)weight[((k * 3 + c) * 3 + r) * 2 + s] *
                                   image[((p + r) * 8 + q + s) * 3 + c] / 255;
                size_t at = (size_t)((k * 7 + p) * 7 + q);
                assert_true(fabs((double)plain.values[at] - sum) < 1e-5);
                assert_true(fabs((double)bent.values[at] - tanh(sum)) < 1e-5);
            }
    hem_maps_release(&plain);
    hem_maps_release(&bent);
}

/* The last layer gives what hem_net_predict() gives; dropout and flatten change nothing. */
static void test_features_behind(void **state)
{
    setting *w = *state;
    const uint8_t *image = hem_data_image(w->data, HEM_TEST, 1);
    float p[4];
    hem_maps maps, before;
    assert_int_equal(hem_net_predict(w->net, image, 1, p, NULL), HEM_OK);
    assert_int_equal(hem_features_get(w->net, image, "dense2", &maps, NULL, NULL), HEM_OK);
    assert_int_equal(maps.channels, 4);
    assert_memory_equal(maps.values, p, sizeof p);
    hem_maps_release(&maps);
    assert_int_equal(hem_features_get(w->net, image, "conv2", &before, NULL, NULL), HEM_OK);
    static const char *const same[] = {"dropout1", "flatten1"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hem_features_get(w->net, image, same[i], &maps, NULL, NULL), HEM_OK);
        assert_int_equal(maps.height, 6);
        assert_memory_equal(maps.values, before.values, 3 * 6 * 6 * sizeof(float));
        hem_maps_release(&maps);
    }
    hem_maps_release(&before);
}

/* A relu behind a batch normalisation is done in its epilogue, but not where maps are looked at. */
static void test_features_before_relu(void **state)
{
    setting *w = *state;
    static const char text[] =
        "data: {synthetic: {train: 60, test: 40, height: 9, width: 8, channels: 3, classes: 4}}\n"
        "model:\n"
        "  - batchnorm\n"
        "  - relu\n"
        "  - dense: {units: 4, activation: softmax}\n";
    const uint8_t *image = hem_data_image(w->data, HEM_TEST, 3);
    const float bias[3] = {-0.5f, -0.25f, -0.125f};
    hem_maps before, after;
    hem_spec *spec;
    hem_net *net;
    assert_int_equal(hem_spec_parse(text, "relu", NULL, 0, &spec, NULL), HEM_OK);
    assert_int_equal(hem_net_new(w->context, spec, w->data, 5, &net, NULL), HEM_OK);
    hem_net_set_tensor(net, hem_net_find_tensor(net, "batchnorm1.bias"), bias);
    assert_int_equal(hem_features_get(net, image, "batchnorm1", &before, NULL, NULL), HEM_OK);
    assert_int_equal(hem_features_get(net, image, "relu1", &after, NULL, NULL), HEM_OK);
    size_t n_below = 0;
    for (size_t i = 0; i < 3 * 9 * 8; i++) {
        assert_true(after.values[i] == fmaxf(before.values[i], 0));
        n_below += before.values[i] < 0;
    }
    assert_in_range(n_below, 1, 3 * 9 * 8 - 1);
    hem_maps_release(&before);
    hem_maps_release(&after);
    hem_net_free(net);
    hem_spec_free(spec);
}

static double correlation(const float *a, const float *b, size_t n)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

/* Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018: a map that explains the network
 * changes with its weights. The same network twice gives the same bits. */
static void test_saliency_depends_on_weights(void **state)
{
    setting *w = *state;
    const uint8_t *image = hem_data_image(w->data, HEM_TEST, 2);
    const size_t n = 9 * 8 * 3;
    hem_maps a, b, again;
    hem_net *other;
    assert_int_equal(hem_saliency_get(w->net, image, 1, &a, NULL, NULL), HEM_OK);
    assert_int_equal(hem_saliency_get(w->net, image, 1, &again, NULL, NULL), HEM_OK);
    assert_memory_equal(a.values, again.values, n * sizeof(float));
    assert_int_equal(hem_net_new(w->context, hem_net_spec(w->net), w->data, 6, &other, NULL),
                     HEM_OK);
    assert_int_equal(hem_saliency_get(other, image, 1, &b, NULL, NULL), HEM_OK);
    assert_true(fabs(correlation(a.values, b.values, n)) < 0.8);
    hem_net_free(other);
    hem_maps_release(&a);
    hem_maps_release(&b);
    hem_maps_release(&again);
}

/* Looking changes nothing. */
static void test_weights_stay(void **state)
{
    setting *w = *state;
    char before[65], after[65];
    hem_maps maps;
    const uint8_t *image = hem_data_image(w->data, HEM_TEST, 0);
    hem_net_sha256(w->net, before);
    assert_int_equal(hem_saliency_get(w->net, image, 0, &maps, NULL, NULL), HEM_OK);
    hem_maps_release(&maps);
    hem_net_sha256(w->net, after);
    assert_string_equal(before, after);
}

static void test_scale(void **state)
{
    (void)state;
    float v[] = {-1, 0, 3, 1, 5, 5, NAN, 5};
    hem_maps maps = {.n = 2, .channels = 1, .height = 2, .width = 2, .values = v};
    float low, high;
    hem_maps_range(&maps, &low, &high);
    assert_float_equal(low, -1, 0);
    assert_float_equal(high, 5, 0);
    hem_maps_scale(&maps, HEM_MAPS_EACH);
    static const float each[] = {0, 0.25f, 1, 0.5f, 0.5f, 0.5f, 0, 0.5f};
    assert_memory_equal(v, each, sizeof v);
    hem_maps_scale(&maps, HEM_MAPS_TOGETHER);
    assert_memory_equal(v, each, sizeof v);
}

static void test_mistakes(void **state)
{
    (void)state;
    int labels[] = {0, 0, 1, 1, 2, 2}, predicted[] = {0, 1, 0, 0, 1, 2};
    float losses[] = {0.1f, 2, 3, 3, 9, 0.2f};
    float p[] = {1, 0, 0, .1f, .9f, 0, .6f, .4f, 0, .8f, .2f, 0, .1f, .9f, 0, 0, 0, 1};
    hem_predictions all = {.n = 6,
                           .n_classes = 3,
                           .labels = labels,
                           .predicted = predicted,
                           .losses = losses,
                           .probabilities = p};
    size_t found[4];
    assert_int_equal(hem_mistakes_find(&all, HEM_MISTAKES_WORST, -1, -1, found, 4), 4);
    static const size_t worst[] = {4, 2, 3, 1}, confident[] = {1, 4, 3};
    assert_memory_equal(found, worst, sizeof worst);
    assert_int_equal(hem_mistakes_find(&all, HEM_MISTAKES_CONFIDENT, -1, -1, found, 3), 3);
    assert_memory_equal(found, confident, sizeof confident);
    assert_int_equal(hem_mistakes_find(&all, HEM_MISTAKES_CONFIDENT, 1, 0, found, 1), 1);
    assert_int_equal(found[0], 3);
    assert_int_equal(hem_mistakes_find(&all, HEM_MISTAKES_WORST, 0, 2, found, 4), 0);
    assert_int_equal(hem_mistakes_find(&all, HEM_MISTAKES_WORST, -1, -1, found, 0), 0);
}

static void test_predictions(void **state)
{
    setting *w = *state;
    hem_predictions p;
    hem_evaluation e;
    assert_int_equal(hem_predictions_get(w->net, w->data, HEM_TEST, &p, NULL), HEM_OK);
    assert_int_equal(hem_evaluate(w->net, w->data, HEM_TEST, &e, NULL), HEM_OK);
    size_t right = 0;
    double loss = 0;
    for (size_t i = 0; i < p.n; i++) {
        right += p.labels[i] == p.predicted[i];
        loss += (double)p.losses[i];
        assert_int_equal(p.labels[i], hem_data_label(w->data, HEM_TEST, i));
    }
    assert_int_equal(p.n, e.n);
    assert_int_equal(right, e.correct);
    assert_true(fabs(loss / (double)p.n - e.loss) < 1e-9);
    hem_predictions_release(&p);
    hem_evaluation_release(&e);
}

static void test_pick(void **state)
{
    setting *w = *state;
    size_t at[40];
    assert_int_equal(hem_images_pick(w->data, HEM_TEST, 9, false, at, 40), 9);
    assert_int_equal(at[8], 8);
    assert_int_equal(hem_images_pick(w->data, HEM_TEST, 100, false, at, 40), 40);
    assert_int_equal(hem_images_pick(w->data, HEM_TEST, 2, true, at, 40), 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(hem_data_label(w->data, HEM_TEST, at[i]), i / 2);
    assert_int_equal(hem_images_pick(w->data, HEM_TEST, 2, true, at, 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_wrong_layers),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_features_behind),
        cmocka_unit_test(test_features_before_relu),
        cmocka_unit_test(test_saliency_depends_on_weights),
        cmocka_unit_test(test_weights_stay),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_predictions),
        cmocka_unit_test(test_pick),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
