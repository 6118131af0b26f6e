/* Augmentation: exact where it can be exact, near a slow reference elsewhere, drawn as promised. */
#include "unit/support_net.h"

#include <math.h>

#include "base/hash.h"
#include "data/augment.h"
#include "data/turn.h"

enum { MOST = 64 * 64 * 3 };

/* An augmenter of `augment: {...}` for images of this size. */
static hem__augmenter augmenter(const char *keys, int height, int width, int channels)
{
    char text[512];
    hem_spec *spec;
    hem_error err;
    hem__augmenter a = {0};
    snprintf(text, sizeof text,
             "data: synthetic\nmodel:\n  - flatten\n  - dense: {units: 10, activation: softmax}\n"
             "augment: %s\n",
             keys);
    if (hem_spec_parse(text, "x.yaml", NULL, 0, &spec, &err) != HEM_OK ||
        hem__augmenter_init(&a, spec, height, width, channels, &err) != HEM_OK)
        fail_msg("%s: %s", keys, err.text);
    hem_spec_free(spec);
    return a;
}

static uint32_t word_of(uint32_t at)
{
    uint32_t out[4];
    hem__philox(hem__philox_key_of(11, HEM__DRAW_CHECK), (const uint32_t[4]){at, 0, 0, 0}, out);
    return out[0];
}

static size_t bytes_of(const hem__augmenter *a)
{
    return (size_t)(a->height * a->width * a->channels);
}

static void fill_noise(uint8_t *image, size_t n)
{
    for (size_t i = 0; i < n; i++)
        image[i] = (uint8_t)word_of((uint32_t)i);
}

/* Applies with a scratch of exactly the size that was asked for, whose end is watched. */
static void apply(const hem__augmenter *a, const hem__change *change, const uint8_t *in,
                  uint8_t *out)
{
    uint8_t *scratch = malloc(a->scratch + 8);
    assert_non_null(scratch);
    memset(scratch + a->scratch, 0xA5, 8);
    hem__augment_apply(a, change, in, scratch, out);
    for (int i = 0; i < 8; i++)
        assert_int_equal(scratch[a->scratch + (size_t)i], 0xA5);
    free(scratch);
}

static hem__change nothing(void)
{
    return (hem__change){.zoom = {1, 1}, .contrast = 1};
}

/* ---- exact ----------------------------------------------------------------------------------- */

#define EVERYTHING "rotation: 180 deg, shift: 99%, shear: 200%, zoom: 99%, flip: horizontal"

static void test_identity(void **state)
{
    (void)state;
    static const int sizes[][3] = {{28, 28, 1}, {1, 5, 1}, {7, 4, 3}, {31, 32, 3}};
    static const char *const fills[] = {"nearest", "constant, fill_value: 9", "reflect"};
    uint8_t in[MOST], out[MOST];
    fill_noise(in, MOST);
    for (int i = 0; i < 4; i++)
        for (int f = 0; f < 3; f++) {
            char keys[128];
            snprintf(keys, sizeof keys, "{rotation: 180 deg, fill: %s}", fills[f]);
            hem__augmenter a = augmenter(keys, sizes[i][0], sizes[i][1], sizes[i][2]);
            hem__change change = nothing();
            memset(out, 1, sizeof out);
            apply(&a, &change, in, out);
            assert_memory_equal(in, out, bytes_of(&a));
        }
    hem__augmenter off = augmenter("none", 28, 28, 1);
    assert_false(off.on);
    assert_int_equal(off.scratch, 0);
}

/* A quarter turn counter-clockwise: what was the right edge is the top. */
static void test_quarter_turns(void **state)
{
    (void)state;
    enum { N = 13 };
    uint8_t in[N * N * 3], out[N * N * 3];
    fill_noise(in, sizeof in);
    hem__augmenter a = augmenter("{rotation: 180 deg}", N, N, 3);
    hem__change change = nothing();
    change.rotation = 90;
    apply(&a, &change, in, out);
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++)
            assert_memory_equal(out + (y * N + x) * 3, in + (x * N + N - 1 - y) * 3, 3);
    change.rotation = -90;
    apply(&a, &change, in, out);
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++)
            assert_memory_equal(out + (y * N + x) * 3, in + ((N - 1 - x) * N + y) * 3, 3);
    change.rotation = 180;
    apply(&a, &change, in, out);
    for (int i = 0; i < N * N; i++)
        assert_memory_equal(out + i * 3, in + (N * N - 1 - i) * 3, 3);
}

/* The place in 0..n-1 that stands for i outside; -1 = the constant. Step by step. */
static int fold(hem__fill fill, int i, int n)
{
    if (fill == HEM__FILL_CONSTANT)
        return i < 0 || i >= n ? -1 : i;
    if (fill == HEM__FILL_NEAREST)
        return i < 0 ? 0 : i >= n ? n - 1 : i;
    while (i < 0 || i >= n)
        i = i < 0 ? -1 - i : 2 * n - 1 - i;
    return i;
}

static int tap(const hem__augmenter *a, const uint8_t *in, int y, int x, int c)
{
    y = fold(a->spec.fill, y, a->height);
    x = fold(a->spec.fill, x, a->width);
    return y < 0 || x < 0 ? a->spec.fill_value : in[(y * a->width + x) * a->channels + c];
}

static const char *const all_fills[] = {
    "{" EVERYTHING ", fill: nearest}",
    "{" EVERYTHING ", fill: constant, fill_value: 77}",
    "{" EVERYTHING ", fill: reflect}",
};

static void test_shifts_and_flips(void **state)
{
    (void)state;
    enum { H = 9, W = 6 };
    uint8_t in[H * W * 3], out[H * W * 3];
    fill_noise(in, sizeof in);
    for (int f = 0; f < 3; f++) {
        hem__augmenter a = augmenter(all_fills[f], H, W, 3);
        for (int down = -8; down <= 8; down += 4)
            for (int right = -5; right <= 5; right++)
                for (int flip = 0; flip < 2; flip++) {
                    hem__change change = nothing();
                    change.shift[0] = down;
                    change.shift[1] = right;
                    change.flip = flip;
                    apply(&a, &change, in, out);
                    for (int i = 0; i < H * W * 3; i++) {
                        int y = i / 3 / W - down, x = i / 3 % W - right; /* of the flipped image */
                        assert_int_equal(out[i], tap(&a, in, y, flip ? W - 1 - x : x, i % 3));
                    }
                }
    }
    hem__augmenter a = augmenter("{shift: [0 px, 1 px]}", 1, 4, 1);
    const uint8_t row[4] = {0, 100, 101, 255};
    hem__change change = nothing();
    change.shift[1] = 0.5; /* half a pixel: means, rounded up */
    apply(&a, &change, row, out);
    assert_memory_equal(out, ((const uint8_t[4]){0, 50, 101, 178}), 4);
}

static void test_values(void **state)
{
    (void)state;
    const uint8_t in[6] = {0, 10, 20, 30, 40, 255};
    uint8_t out[6];
    hem__augmenter a = augmenter("{brightness: 10%, contrast: 50%}", 2, 3, 1);
    hem__change change = nothing();
    change.brightness = 10.4;
    apply(&a, &change, in, out);
    assert_memory_equal(out, ((const uint8_t[6]){10, 20, 30, 40, 50, 255}), 6);
    change.brightness = 0;
    change.contrast = 0.5; /* the mean is 355 / 6 */
    apply(&a, &change, in, out);
    assert_memory_equal(out, ((const uint8_t[6]){30, 35, 40, 45, 50, 157}), 6);
}

/* The square is cut at the image's edges, and of even side lies before its middle. */
static void test_cutout(void **state)
{
    (void)state;
    enum { H = 8, W = 6 };
    static const char *const keys[] = {"{cutout: 5 px, cutout_fill: 7}",
                                       "{cutout: 5 px, cutout_fill: mean}"};
    uint8_t in[H * W * 3], out[H * W * 3], mean[3];
    fill_noise(in, sizeof in);
    for (int c = 0; c < 3; c++) {
        int sum = 0;
        for (int i = c; i < H * W * 3; i += 3)
            sum += in[i];
        mean[c] = (uint8_t)(sum / (double)(H * W) + 0.5);
    }
    for (int k = 0; k < 2; k++) {
        hem__augmenter a = augmenter(keys[k], H, W, 3);
        for (int at = 0; at < H * W * 5; at++) {
            hem__change change = nothing();
            change.cut = at % 5 + 1;
            change.cut_row = at / 5 / W;
            change.cut_column = at / 5 % W;
            apply(&a, &change, in, out);
            int top = change.cut_row - change.cut / 2, left = change.cut_column - change.cut / 2;
            for (int i = 0; i < H * W * 3; i++) {
                int y = i / 3 / W, x = i / 3 % W;
                bool inside =
                    y >= top && y < top + change.cut && x >= left && x < left + change.cut;
                assert_int_equal(out[i], inside ? (k == 0 ? 7 : mean[i % 3]) : in[i]);
            }
        }
    }
}

/* ---- near a slow reference ------------------------------------------------------------------- */

/* One output byte, by the formulas of docs/numerics.md in plain double arithmetic. */
static double slow(const hem__augmenter *a, const hem__change *change, const uint8_t *in, int row,
                   int column, int c)
{
    const double turn = change->rotation * 3.14159265358979323846 / 180;
    double middle_y = (a->height - 1) / 2.0, middle_x = (a->width - 1) / 2.0;
    double y = change->zoom[0] * (row - middle_y), x = change->zoom[1] * (column - middle_x);
    x += change->shear * y;
    double turned_y = x * sin(turn) + y * cos(turn), turned_x = x * cos(turn) - y * sin(turn);
    y = turned_y - change->shift[0];
    x = turned_x - change->shift[1];
    y = middle_y + y;
    x = middle_x + (change->flip ? -x : x);
    int top = (int)floor(y), left = (int)floor(x);
    double down = y - top, across = x - left;
    return (1 - down) *
               ((1 - across) * tap(a, in, top, left, c) + across * tap(a, in, top, left + 1, c)) +
           down * ((1 - across) * tap(a, in, top + 1, left, c) +
                   across * tap(a, in, top + 1, left + 1, c));
}

/* Places are rounded to 256ths of a pixel, so a byte differs by at most 255 / 512 a direction and
 * the rounding. Every draw stays within the scratch. */
static void test_against_reference(void **state)
{
    (void)state;
    static const int sizes[][3] = {{28, 28, 1}, {9, 17, 3}, {20, 1, 1}};
    uint8_t in[MOST], out[MOST];
    fill_noise(in, MOST);
    for (int f = 0; f < 3; f++)
        for (int s = 0; s < 3; s++) {
            hem__augmenter a = augmenter(sizes[s][1] > 1 ? all_fills[f] : "{rotation: 180 deg}",
                                         sizes[s][0], sizes[s][1], sizes[s][2]);
            for (uint32_t i = 0; i < 60; i++) {
                hem__change change;
                hem__augment_draw(&a, hem__philox_key_of(5, HEM__DRAW_AUGMENT), i, i, &change);
                apply(&a, &change, in, out);
                for (int at = 0; at < (int)bytes_of(&a); at++) {
                    int pixel = at / a.channels;
                    double wanted =
                        slow(&a, &change, in, pixel / a.width, pixel % a.width, at % a.channels);
                    assert_true(fabs(out[at] - wanted) <= 1.6);
                }
            }
        }
}

/* The largest change that can be drawn, in every corner, stays within the scratch. */
static void test_extremes(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "{" EVERYTHING ", crop: 11 px}",
        "{rotation: 8 deg, shear: 60 deg, shift: 11 px}",
        "{rotation: 90 deg, zoom: 50%, crop: 3 px}",
        "{shear: 200%, zoom: 99%}",
        "{crop: 11 px, flip: alternate}",
    };
    uint8_t in[12 * 20], out[12 * 20];
    fill_noise(in, sizeof in);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        hem__augmenter a = augmenter(keys[k], 12, 20, 1);
        double shear = a.spec.shear.unit == HEM__UNIT_DEG ? hem__tangent(a.shear) : a.shear;
        for (int corner = 0; corner < 64; corner++)
            for (int part = 0; part <= 8; part++) { /* the turn of the largest reach lies between */
#define SIGN(bit) (corner >> (bit)&1 ? 1 : -1)
                hem__change change = nothing();
                change.rotation = SIGN(0) * a.spec.rotation.value * part / 8;
                change.shear = SIGN(1) * shear;
                for (int way = 0; way < 2; way++) {
                    change.shift[way] = SIGN(2 + way) * (a.shift[way] + a.spec.crop.value);
                    change.zoom[way] = 1 + SIGN(4 + way) * a.spec.zoom.value / 100;
                }
                apply(&a, &change, in, out);
            }
    }
}

static void test_turn(void **state)
{
    (void)state;
    for (int i = -3600; i <= 3600; i++) {
        double sine, cosine, turn = i * 0.1 * 3.14159265358979323846 / 180;
        hem__turn(i * 0.1, &sine, &cosine);
        assert_true(fabs(sine - sin(turn)) < 1e-13 && fabs(cosine - cos(turn)) < 1e-13);
        if (abs(i) <= 600)
            assert_true(fabs(hem__tangent(i * 0.1) - tan(turn)) < 1e-12);
    }
    double sine, cosine;
    hem__turn(90, &sine, &cosine);
    assert_true(sine == 1 && cosine == 0);
    hem__turn(-180, &sine, &cosine);
    assert_true(sine == 0 && cosine == -1);
}

/* ---- draws ----------------------------------------------------------------------------------- */

typedef struct spread {
    double least, most, sum;
} spread;

static void note(spread *s, double value)
{
    s->least = value < s->least ? value : s->least;
    s->most = value > s->most ? value : s->most;
    s->sum += value;
}

/* Uniform in +-most: within it, near both ends, around 0. */
static void expect_uniform(const spread *s, double most, int n)
{
    assert_true(s->least >= -most && s->most <= most);
    assert_true(s->least < -0.99 * most && s->most > 0.99 * most);
    assert_true(fabs(s->sum / n) < 5 * most / sqrt(3.0 * n));
}

static void test_draws(void **state)
{
    (void)state;
    enum { N = 10000 };
    hem__augmenter a = augmenter("{rotation: 8 deg, shift: [10%, 2 px], shear: 30%, zoom: 8%, "
                                 "flip: horizontal, cutout: [3 px, 6 px], cutout_chance: 25%, "
                                 "brightness: 10%, contrast: 20%}",
                                 30, 20, 1);
    spread rotation = {0}, down = {0}, right = {0}, shear = {0}, zoom = {0}, wide = {0};
    spread brightness = {0}, contrast = {0};
    int flips = 0, cuts = 0, sides[7] = {0}, differ = 0;
    for (uint32_t i = 0; i < N; i++) {
        hem__change c;
        hem__augment_draw(&a, hem__philox_key_of(1, HEM__DRAW_AUGMENT), 3, i, &c);
        note(&rotation, c.rotation);
        note(&down, c.shift[0]);
        note(&right, c.shift[1]);
        note(&shear, c.shear);
        note(&zoom, c.zoom[0] - 1);
        note(&wide, c.zoom[1] - 1);
        note(&brightness, c.brightness);
        note(&contrast, c.contrast - 1);
        differ += c.zoom[0] != c.zoom[1];
        flips += c.flip;
        cuts += c.cut > 0;
        assert_true(c.cut == 0 || (c.cut >= 3 && c.cut <= 6));
        sides[c.cut]++;
        assert_in_range(c.cut_row, 0, 29);
        assert_in_range(c.cut_column, 0, 19);
    }
    expect_uniform(&rotation, 8, N);
    expect_uniform(&down, 3, N);
    expect_uniform(&right, 2, N);
    expect_uniform(&shear, 0.3, N);
    expect_uniform(&zoom, 0.08, N);
    expect_uniform(&wide, 0.08, N);
    expect_uniform(&brightness, 25.5, N);
    expect_uniform(&contrast, 0.2, N);
    assert_true(differ > N - 10);
    assert_in_range(flips, N / 2 - 250, N / 2 + 250);
    assert_in_range(cuts, N / 4 - 250, N / 4 + 250);
    for (int side = 3; side <= 6; side++)
        assert_in_range(sides[side], N / 16 - 150, N / 16 + 150);
}

static void test_draws_of_other_keys(void **state)
{
    (void)state;
    enum { N = 2000 };
    hem__philox_key key = hem__philox_key_of(2, HEM__DRAW_AUGMENT);
    hem__augmenter angle = augmenter("{shear: 20 deg}", 28, 28, 1);
    hem__augmenter crop = augmenter("{crop: 2 px, zoom: 50%, keep_aspect: true}", 28, 28, 1);
    hem__augmenter alternate = augmenter("{flip: alternate}", 28, 28, 1);
    hem__augmenter one = augmenter("{rotation: 8 deg}", 28, 28, 1);
    hem__augmenter more = augmenter("{rotation: 8 deg, cutout: 4 px, shift: 2 px}", 28, 28, 1);
    spread degrees = {0};
    int places[5][5] = {{0}}, first = 0;
    for (uint32_t i = 0; i < N; i++) {
        hem__change c, d, e;
        hem__augment_draw(&angle, key, 0, i, &c);
        note(&degrees, atan(c.shear) * 180 / 3.14159265358979323846);
        hem__augment_draw(&crop, key, 0, i, &c);
        assert_true(c.zoom[0] == c.zoom[1]);
        assert_true(c.shift[0] == floor(c.shift[0]) && fabs(c.shift[0]) <= 2);
        assert_true(c.shift[1] == floor(c.shift[1]) && fabs(c.shift[1]) <= 2);
        places[(int)c.shift[0] + 2][(int)c.shift[1] + 2]++;
        /* alternate: this epoch the one, the next the other, then as before */
        hem__augment_draw(&alternate, key, 4, i, &c);
        hem__augment_draw(&alternate, key, 5, i, &d);
        hem__augment_draw(&alternate, key, 6, i, &e);
        assert_true(c.flip != d.flip && c.flip == e.flip);
        first += c.flip;
        /* one key more leaves the others' draws alone; another epoch or seed does not */
        hem__augment_draw(&one, key, 0, i, &c);
        hem__augment_draw(&more, key, 0, i, &d);
        assert_true(c.rotation == d.rotation);
        hem__augment_draw(&one, key, 1, i, &d);
        hem__augment_draw(&one, hem__philox_key_of(3, HEM__DRAW_AUGMENT), 0, i, &e);
        assert_true(c.rotation != d.rotation && c.rotation != e.rotation);
    }
    expect_uniform(&degrees, 20, N);
    assert_in_range(first, N / 2 - 120, N / 2 + 120);
    for (int i = 0; i < 25; i++)
        assert_in_range(places[i / 5][i % 5], N / 25 - 45, N / 25 + 45);
}

/* The bytes are part of every run's bits: this hash must not change. */
static void test_pinned(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "{rotation: 8 deg, shift: 8%, shear: 0.3 deg, zoom: 8%, fill: nearest}",
        "{rotation: 30 deg, shear: 30%, flip: alternate, crop: 4 px, cutout: [4 px, 8 px], "
        "cutout_fill: mean, brightness: 10%, contrast: 10%, fill: reflect}",
    };
    static const char *const wanted[] = {
        "4f94424c9aae238f241b895473b939de3fb3feb207e7ec1bec09e9248d75b12e",
        "0a0af507e2d18988ab2c7169dfd718d6c9d80ed94cb92d177f08e5db6ffe3103"};
    for (int k = 0; k < 2; k++) {
        hem__augmenter a = augmenter(keys[k], 28, 28, k == 0 ? 1 : 3);
        static uint8_t in[MOST], all[50 * MOST];
        size_t n = bytes_of(&a);
        char hash[65];
        uint8_t *scratch = malloc(a.scratch + 1);
        assert_non_null(scratch);
        fill_noise(in, MOST);
        for (uint32_t i = 0; i < 50; i++)
            hem__augment(&a, hem__philox_key_of(9, HEM__DRAW_AUGMENT), i % 3, i, in, scratch,
                         all + i * n);
        hem__sha256_of(all, 50 * n, hash);
        assert_string_equal(hash, wanted[k]);
        free(scratch);
    }
}

/* ---- from outside ---------------------------------------------------------------------------- */

static const char experiment[] = "data: {synthetic: {train: 60, test: 20, height: 12, width: 10}}\n"
                                 "validation: {first: 20}\n"
                                 "model:\n"
                                 "  - flatten\n"
                                 "  - dense: {units: 10, activation: softmax}\n"
                                 "train: {batch: 20}\n";

static void test_public(void **state)
{
    (void)state;
    uint8_t out[120], again[120];
    hem_error err;
    setting s;
    setting_data(&s, experiment, "augment=none");
    assert_int_equal(hem_data_augment(s.spec, s.data, HEM_TEST, 3, 0, 0, out, &err), HEM_OK);
    assert_memory_equal(out, hem_data_image(s.data, HEM_TEST, 3), 120);
    assert_int_equal(hem_data_augment(s.spec, s.data, HEM_TEST, 20, 0, 0, out, &err),
                     HEM_ERR_USAGE);
    assert_string_equal(err.text, "there is no image 20 in the test part");
    setting_close(&s);
    setting_data(&s, experiment, "augment={shift: 3 px}");
    assert_int_equal(hem_data_augment(s.spec, s.data, HEM_TRAIN, 3, 1, 7, out, &err), HEM_OK);
    assert_memory_not_equal(out, hem_data_image(s.data, HEM_TRAIN, 3), 120);
    assert_int_equal(hem_data_augment(s.spec, s.data, HEM_TRAIN, 3, 1, 7, again, &err), HEM_OK);
    assert_memory_equal(out, again, 120);
    assert_int_equal(hem_data_augment(s.spec, s.data, HEM_TRAIN, 3, 2, 7, again, &err), HEM_OK);
    assert_memory_not_equal(out, again, 120);
    assert_int_equal(hem_data_augment(s.spec, s.data, HEM_TRAIN, 3, 1, 8, again, &err), HEM_OK);
    assert_memory_not_equal(out, again, 120);
    setting_close(&s);
}

static void test_small_images(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"augment.shift=12 px",
         "--set augment.shift=12 px: shift of 12 px, but the images are "
         "12 x 10 (height, width)",
         "it must be below 12 px here"},
        {"augment.shift=[1 px, 10 px]",
         "--set augment.shift=[1 px, 10 px]: shift of 10 px, but the images are 12 x 10 (height, "
         "width)",
         "it must be below 10 px here"},
        {"augment.crop=10 px",
         "--set augment.crop=10 px: crop of 10 px, but the images are 12 x 10 (height, width)",
         "it must be below 10 px here"},
        {"augment.cutout=11 px",
         "--set augment.cutout=11 px: cutout of 11 px, but the images are 12 x 10 (height, width)",
         "it must be at most 10 px here"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hem_spec *spec;
        hem_data *data;
        hem_error err = {0};
        assert_int_equal(hem_spec_parse(experiment, "x.yaml", &rows[i][0], 1, &spec, &err), HEM_OK);
        assert_int_equal(hem_data_open(spec, NULL, &data, &err), HEM_ERR_USAGE);
        assert_null(data);
        assert_string_equal(err.text, rows[i][1]);
        assert_string_equal(err.hint, rows[i][2]);
        hem_spec_free(spec);
    }
}

/* Weights after one step on a part. */
static void step_on(const char *augment, hem_part part, const uint32_t *indices, uint32_t epoch,
                    char hash[65])
{
    setting s;
    setting_open(&s, experiment, augment, 3, NULL);
    setting_stepper(&s, 20);
    assert_int_equal(hem_stepper_step(s.stepper, s.data, part, indices, 20, epoch, 0, NULL, NULL),
                     HEM_OK);
    hem_net_sha256(s.net, hash);
    setting_close(&s);
}

/* Images of the training part alone are changed, anew in each epoch. */
static void test_parts(void **state)
{
    (void)state;
    uint32_t indices[20];
    char plain[65], augmented[65], later[65];
    for (uint32_t i = 0; i < 20; i++)
        indices[i] = 19 - i;
    step_on("augment=none", HEM_VALIDATION, indices, 0, plain);
    step_on("augment={shift: 20%}", HEM_VALIDATION, indices, 0, augmented);
    assert_string_equal(plain, augmented);
    step_on("augment=none", HEM_TRAIN, indices, 0, plain);
    step_on("augment={shift: 20%}", HEM_TRAIN, indices, 0, augmented);
    step_on("augment={shift: 20%}", HEM_TRAIN, indices, 1, later);
    assert_string_not_equal(plain, augmented);
    assert_string_not_equal(later, augmented);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_quarter_turns),
        cmocka_unit_test(test_shifts_and_flips),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_cutout),
        cmocka_unit_test(test_against_reference),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_turn),
        cmocka_unit_test(test_draws),
        cmocka_unit_test(test_draws_of_other_keys),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_small_images),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
