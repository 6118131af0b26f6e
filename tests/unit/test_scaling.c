/* scale: standardize by pixel and by image: the values, the same bits for any number of threads and
 * on every tier, and a model file that keeps them. */
#include "unit/support_net.h"

#include <math.h>

#include "kernel/contract.h"
#include "net/net.h"
#include "unit/support_data.h"

enum { SIDE = 12, BYTES = SIDE * SIDE, CLASSES = 10 };

static const char *const scales[] = {"standardize by pixel", "standardize by image"};

static void begin(setting *s, const char *scale, int threads, const char *tier)
{
    char text[512];
    snprintf(text, sizeof text,
             "data: {synthetic: {train: 90, test: 20, height: 12, width: 12}}\nscale: %s\n"
             "model:\n  - flatten\n  - dense: {units: 10, activation: softmax}\n",
             scale);
    setting_data(s, text, NULL);
    /* A pixel that never changes, and an image of one grey. */
    for (size_t i = 0; i < s->data->files[0].n; i++)
        s->data->files[0].pixels[i * BYTES + 5] = 77;
    memset(s->data->files[0].pixels + (size_t)3 * BYTES, 77, BYTES);
    setting_net(s, threads, tier);
}

/* What the formula says of pixel u of training image i. */
static double wanted(const setting *s, bool by_image, size_t i, size_t u)
{
    const uint8_t *pixels = s->data->files[0].pixels;
    size_t n = by_image ? BYTES : s->data->files[0].n;
    double sum = 0, squares = 0;
    for (size_t k = 0; k < n; k++) {
        double v = by_image ? pixels[i * BYTES + k] : pixels[k * BYTES + u];
        sum += v;
        squares += v * v;
    }
    double mean = sum / (double)n, variance = squares / (double)n - mean * mean;
    return variance > 0 ? (pixels[i * BYTES + u] - mean) / sqrt(variance) : 0;
}

/* Output c becomes pixel `first + c`: the logarithms of probabilities then differ as pixels do. */
static void show_pixels(setting *s, size_t first)
{
    float weights[CLASSES * BYTES] = {0};
    for (size_t c = 0; c < CLASSES; c++)
        weights[c * BYTES + first + c] = 1;
    hem_net_set_tensor(s->net, hem_net_find_tensor(s->net, "dense1.weight"), weights);
}

static void values(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        setting s;
        begin(&s, scales[k], 2, NULL);
        for (size_t first = 0; first + CLASSES <= BYTES; first += CLASSES) {
            float p[5 * CLASSES];
            show_pixels(&s, first);
            assert_int_equal(hem_net_predict(s.net, s.data->files[0].pixels, 5, p, NULL), HEM_OK);
            for (size_t i = 0; i < 5; i++)
                for (size_t c = 1; c < CLASSES; c++) {
                    double got = log((double)p[i * CLASSES + c] / (double)p[i * CLASSES]);
                    double want = wanted(&s, k == 1, i, first + c) - wanted(&s, k == 1, i, first);
                    assert_true(fabs(got - want) < 1e-4);
                }
        }
        setting_close(&s);
    }
}

static void train_scaled(const void *scale, int threads, const char *tier, char hash[65])
{
    setting s;
    begin(&s, scale, threads, tier);
    setting_train(&s, 90, 3, hash);
    setting_close(&s);
}

static void same_bits(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++)
        expect_same_weights(train_scaled, scales[k], 3);
}

static void model_files(void **state)
{
    (void)state;
    char *folder = data_folder();
    const char *path = data_path(folder, "m.safetensors");
    for (int k = 0; k < 2; k++) {
        setting s;
        float before[20 * CLASSES], after[20 * CLASSES];
        const uint8_t *images;
        hem_net *loaded;
        hem_error err = {.text = ""};
        begin(&s, scales[k], 1, NULL);
        images = s.data->files[1].pixels;
        assert_int_equal(hem_net_predict(s.net, images, 20, before, NULL), HEM_OK);
        assert_int_equal(hem_net_save(s.net, path, NULL), HEM_OK);
        if (hem_net_load(s.context, path, &loaded, &err) != HEM_OK)
            fail_msg("%s", err.text);
        assert_int_equal(hem_net_predict(loaded, images, 20, after, NULL), HEM_OK);
        assert_memory_equal(before, after, sizeof before);
        hem_net_free(loaded);
        setting_close(&s);
    }
    data_folder_remove(folder);
}

/* What hem__values says: without the table, the table's numbers. */
static void check_values(double mean, double deviation, bool exact)
{
    hem__values v;
    hem__values_make_f32(mean, deviation, &v);
    if (v.exact != exact)
        fail_msg("mean %.17g, deviation %.17g: exact %d", mean, deviation, v.exact);
    for (int b = 0; b < 256; b++) {
        float x = (float)b - v.middle, wanted = (float)((b - mean) / deviation);
        float made = fmaf(x, v.high, fmaf(x, v.low, v.rest));
        assert_memory_equal(&v.table[b], &wanted, sizeof wanted);
        if (exact)
            assert_memory_equal(&made, &wanted, sizeof wanted);
    }
}

/* Scales of every kind and size are computed; those that floats do not hold are looked up. */
static void values_without_table(void **state)
{
    (void)state;
    static const double means[] = {0, 0.001, 33.318421, 72.940350, 127.5, 128, 254.9999, 255};
    static const double deviations[] = {1e-30, 1e-3, 0.5, 1, 78.567490, 90.021182, 255, 256, 1e30};
    enum { N_MEANS = sizeof means / sizeof *means, N = sizeof deviations / sizeof *deviations };
    for (int m = 0; m < N_MEANS; m++)
        for (int d = 0; d < N; d++)
            check_values(means[m], deviations[d], true);
    check_values(72.940350, 1e38, false);              /* products are denormal */
    check_values(72.940350, 1e-40, false);             /* numbers are infinite */
    check_values(100 + 1.0 / 65536 + 5e-6, 90, false); /* byte 100 lies almost on the mean */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(same_bits),
        cmocka_unit_test(model_files),
        cmocka_unit_test(values_without_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
