/* Inference whose threads take tiles of their own through all layers: the same bits as on one
 * thread, for batches of any size, and by the network's own plans for chunks; a profile of it. Runs
 * under the thread sanitizer too. */
#include "unit/support_net.h"

#include "base/mem.h"
#include "net/inside.h"
#include "net/plan_inside.h"

enum { MOST = 1100, CLASSES = 6 };

static const char *const models[] = {
    "[{dense: {units: 37, activation: tanh}}, {dropout: 0.5}, {dense: {units: 11}}, batchnorm, "
    "relu",
    "[{conv: {filters: 11, kernel: 3, activation: relu}}, {maxpool: 2}, {conv: {filters: 9, "
    "kernel: "
    "2, activation: prelu}}, {residual: [{conv: {filters: 9, kernel: 3, padding: same}}, "
    "batchnorm]}"
    ", {avgpool: 2}, {conv: {filters: 20, kernel: 2}}, gelu",
    "[{conv: {filters: 9, kernel: 9, padding: same, activation: relu}}, global_maxpool", /* fft */
    /* its outputs take more than 4 MiB: the threads stay together */
    "[{conv: {filters: 250, kernel: 1, padding: same, activation: relu}}, global_maxpool",
};
enum { TOO_LARGE = 3 };

typedef struct answers {
    float loss[MOST], probabilities[MOST * CLASSES], predicted_alone[MOST * CLASSES];
    int32_t predicted[MOST];
} answers;

static void open_model(setting *s, const char *model, int threads)
{
    char text[700];
    snprintf(
        text, sizeof text,
        "data: {synthetic: {train: 1100, test: 20, height: 12, width: 14, channels: 3, classes: "
        "6}}\nscale: standardize by image\n"
        "model: %s, {dense: {units: 6, activation: softmax}}]\n",
        model);
    setting_open(s, text, NULL, threads, NULL);
}

static void answer(setting *s, size_t n, answers *out)
{
    size_t bytes = 12 * 14 * 3;
    uint8_t *images = malloc(n * bytes);
    for (size_t i = 0; i < n; i++)
        memcpy(images + i * bytes, hem_data_image(s->data, HEM_TRAIN, i), bytes);
    memset(out, 0, sizeof *out);
    assert_int_equal(hem__net_run(s->net, s->data, HEM_TRAIN, NULL, n, out->loss, out->predicted,
                                  out->probabilities, NULL),
                     HEM_OK);
    assert_int_equal(hem_net_predict(s->net, images, n, out->predicted_alone, NULL), HEM_OK);
    size_t before = hem__allocation_count();
    assert_int_equal(hem_net_predict(s->net, images, n, out->predicted_alone, NULL), HEM_OK);
    assert_int_equal(hem__allocation_count(), before); /* its first call alone may fail */
    assert_memory_equal(out->probabilities, out->predicted_alone, sizeof out->probabilities);
    free(images);
}

static void test_same_bits(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 64, 65, 250, MOST};
    static answers one, many;
    for (size_t m = 0; m < sizeof models / sizeof *models; m++)
        for (int threads = 2; threads <= 4; threads++) {
            setting a, b;
            open_model(&a, models[m], 1);
            open_model(&b, models[m], threads);
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                answer(&a, sizes[i], &one);
                answer(&b, sizes[i], &many);
                assert_memory_equal(&one, &many, sizeof one);
            }
            assert_null(a.net->infer->apart);
            assert_true((b.net->infer->apart == NULL) == (m == TOO_LARGE));
            int taken = 0; /* a quick thread may take all */
            for (int t = 0; m != TOO_LARGE && t < threads; t++)
                taken += b.net->infer->apart[t]->last_tiles;
            assert_true(m == TOO_LARGE || taken > 0);
            setting_close(&a);
            setting_close(&b);
        }
}

static void test_profile(void **state)
{
    (void)state;
    static answers out;
    setting s;
    hem_profile profile;
    open_model(&s, models[1], 2);
    assert_int_equal(hem_net_profile_start(s.net, NULL), HEM_OK);
    answer(&s, MOST, &out); /* three times: by hem__net_run(), hem_net_predict() twice */
    answer(&s, 1, &out);    /* together */
    assert_int_equal(hem_net_profile_stop(s.net, &profile, NULL), HEM_OK);
    double flops = 0;
    for (size_t i = 0; i < profile.n_rows; i++) {
        const hem_profile_row *row = &profile.rows[i];
        assert_true(row->seconds > -1e-9 && row->seconds < profile.seconds);
        assert_true(row->seconds > 0 || row->layer == HEM_NO_LAYER);
        flops += row->flops;
    }
    assert_int_equal(profile.images, 3 * MOST + 3);
    assert_int_equal(profile.runs, 9); /* 1,100 images are two runs */
    hem_net_info info = hem_net_get_info(s.net);
    double wanted = 2.0 * (double)info.useful_macs * (3 * MOST + 3);
    assert_true(flops > 0.999 * wanted && flops < 1.001 * wanted);
    hem_profile_release(&profile);
    setting_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bits),
                                       cmocka_unit_test(test_profile)};
    return cmocka_run_group_tests_name("inference with threads apart", tests, NULL, NULL);
}
