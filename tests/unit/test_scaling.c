/* scale: standardize by pixel and by image: the values, the same bits for any number of threads and
 * on every tier, and a model file that keeps them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hemline/hemline.h"
#include "net/net.h"
#include "unit/support_data.h"

enum { SIDE = 12, BYTES = SIDE * SIDE, CLASSES = 10 };

static const char *const scales[] = {"standardize by pixel", "standardize by image"};

typedef struct setting {
    hem_context *context;
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
} setting;

static void begin(setting *s, const char *scale, int threads, const char *tier)
{
    char text[512];
    hem_error err = {.text = ""};
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = threads;
    settings.tier = tier;
    snprintf(text, sizeof text,
             "data: {synthetic: {train: 90, test: 20, height: 12, width: 12}}\nscale: %s\n"
             "model:\n  - flatten\n  - dense: {units: 10, activation: softmax}\n",
             scale);
    if (hem_context_new(&settings, &s->context, &err) != HEM_OK ||
        hem_spec_parse(text, "x.yaml", NULL, 0, &s->spec, &err) != HEM_OK ||
        hem_data_open(s->spec, NULL, &s->data, &err) != HEM_OK)
        fail_msg("%s", err.text);
    /* A pixel that never changes, and an image of one grey. */
    for (size_t i = 0; i < s->data->files[0].n; i++)
        s->data->files[0].pixels[i * BYTES + 5] = 77;
    memset(s->data->files[0].pixels + (size_t)3 * BYTES, 77, BYTES);
    if (hem_net_new(s->context, s->spec, s->data, 1, &s->net, &err) != HEM_OK)
        fail_msg("%s", err.text);
}

static void end(setting *s)
{
    hem_net_free(s->net);
    hem_data_free(s->data);
    hem_spec_free(s->spec);
    hem_context_free(s->context);
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
        end(&s);
    }
}

static void train(setting *s, char hash[65])
{
    hem_stepper *stepper;
    uint32_t indices[90];
    for (uint32_t i = 0; i < 90; i++)
        indices[i] = i;
    assert_int_equal(hem_stepper_new(s->net, 90, 1, &stepper, NULL), HEM_OK);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(
            hem_stepper_step(stepper, s->data, HEM_TRAIN, indices, 90 - i, 0, 0, NULL, NULL),
            HEM_OK);
    hem_stepper_free(stepper);
    hem_net_sha256(s->net, hash);
}

static void same_bits(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        char first[65] = "", hash[65];
        for (size_t tier = 0; tier < hem_tier_count(); tier++) {
            hem_tier_info info = hem_tier_at(tier);
            for (int threads = 1; info.exact && info.runnable && info.built && threads <= 3;
                 threads++) {
                setting s;
                begin(&s, scales[k], threads, info.name);
                train(&s, hash);
                if (first[0] == '\0')
                    memcpy(first, hash, sizeof first);
                assert_string_equal(hash, first);
                end(&s);
            }
        }
    }
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
        end(&s);
    }
    data_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(same_bits),
        cmocka_unit_test(model_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
