/* Random cases of the slots of pooling, batch normalisation, dropout and the rest. */
#include "support_slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- pooling ----------------------------------------------------------------------------------
 */

hem__pool_shape some_pool(test_case *c, int C)
{
    rng *r = &c->random;
    hem__pool_shape s = {.C = C, .H = between(r, 1, 9), .W = between(r, 1, 9)};
    s.R = between(r, 1, 4);
    s.S = between(r, 1, 4);
    s.stride_y = between(r, 1, 4);
    s.stride_x = between(r, 1, 4);
    s.pad_y = between(r, 0, s.R - 1);
    s.pad_x = between(r, 0, s.S - 1);
    if (chance(r, 2)) { /* the usual: windows side by side */
        s.stride_y = s.R;
        s.stride_x = s.S;
        s.pad_y = s.pad_x = 0;
    }
    /* Every window has a cell inside the image. */
    s.P = between(r, 1, (s.H - 1 + s.pad_y) / s.stride_y + 1);
    s.Q = between(r, 1, (s.W - 1 + s.pad_x) / s.stride_x + 1);
    return s;
}

static void describe_pool(test_case *c, const hem__pool_shape *s, int b0, int b1)
{
    describe(c, "C %d H %d W %d P %d Q %d R %d S %d stride %d %d pad %d %d blocks %d-%d", s->C,
             s->H, s->W, s->P, s->Q, s->R, s->S, s->stride_y, s->stride_x, s->pad_y, s->pad_x, b0,
             b1);
}

static size_t in_numbers(const hem__pool_shape *s)
{
    return (size_t)s->C * (size_t)s->H * (size_t)s->W * HEM__LANES;
}

static size_t out_numbers(const hem__pool_shape *s)
{
    return (size_t)s->C * (size_t)s->P * (size_t)s->Q * HEM__LANES;
}

static void one_pool(test_case *c, bool max)
{
    rng *r = &c->random;
    hem__pool_shape s = some_pool(c, some_channels(c));
    int b0, b1, p0 = between(r, 0, s.P - 1), p1 = between(r, p0, s.P);
    some_range(c, (int)blocks_of(s.C), 1, &b0, &b1);
    const float *x = input(c, in_numbers(&s), 0);
    float *y = output(c, out_numbers(&s), 0);
    describe_pool(c, &s, b0, b1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        (max ? k->maxpool : k->avgpool)(&s, x, y, b0, b1, p0, p1);
}

void one_maxpool(test_case *c)
{
    one_pool(c, true);
}

void one_avgpool(test_case *c)
{
    one_pool(c, false);
}

static void one_pool_grad(test_case *c, bool max)
{
    rng *r = &c->random;
    hem__pool_shape s = some_pool(c, some_channels(c));
    int b0, b1, relu = chance(r, 2);
    some_range(c, (int)blocks_of(s.C), 1, &b0, &b1);
    bool in_place = max && hem__pool_tiles(&s) && chance(r, 2);
    float *x = input(c, in_numbers(&s), 0), *y = input(c, out_numbers(&s), 0);
    const float *dy = input(c, out_numbers(&s), 0);
    float *dx = output(c, in_numbers(&s), 0);
    /* Few different values, so that ties are common; y is what the maximum of them is. */
    for (size_t i = 0; i < in_numbers(&s) && !c->wild; i++)
        set_initial(c, x, i, (float)between(r, -2, 2));
    hem__kernels_reference_f32.maxpool(&s, x, y, 0, (int)blocks_of(s.C), 0, s.P);
    for (size_t i = 0; i < out_numbers(&s); i++)
        set_initial(c, y, i, y[i]);
    for (size_t i = 0; i < in_numbers(&s) && in_place; i++)
        set_initial(c, dx, i, x[i]);
    describe_pool(c, &s, b0, b1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL) {
        if (max)
            k->maxpool_grad(&s, in_place ? dx : x, y, dy, relu, dx, b0, b1);
        else
            k->avgpool_grad(&s, x, dy, relu, dx, b0, b1);
    }
}

void one_maxpool_grad(test_case *c)
{
    one_pool_grad(c, true);
}

void one_avgpool_grad(test_case *c)
{
    one_pool_grad(c, false);
}

/* ---- batch normalisation ----------------------------------------------------------------------
 */

typedef struct norm_case {
    int C, pixels, n, c0, c1;
    size_t numbers;
    hem__norm by_channel[40];
} norm_case;

static norm_case some_norm(test_case *c)
{
    rng *r = &c->random;
    norm_case k = {.C = between(r, 1, 40), .pixels = chance(r, 3) ? 1 : between(r, 1, 30)};
    k.n = chance(r, 2) ? HEM__LANES : between(r, 0, HEM__LANES);
    some_range(c, k.C, 1, &k.c0, &k.c1);
    k.numbers = (size_t)k.C * (size_t)k.pixels * HEM__LANES;
    for (int i = 0; i < k.C; i++)
        k.by_channel[i] = (hem__norm){.mean = (float)unit_random(r),
                                      .scale = (float)unit_random(r),
                                      .slope = (float)unit_random(r),
                                      .shift = (float)unit_random(r)};
    c->closeness = RELATIVE;
    c->relative = c->absolute = 1e-6;
    describe(c, "C %d pixels %d n %d channels %d-%d", k.C, k.pixels, k.n, k.c0, k.c1);
    return k;
}

/* Doubles in two floats each: what the first leaves is in the second. */
void one_norm_sums(test_case *c)
{
    norm_case k = some_norm(c);
    bool squares = chance(&c->random, 2);
    const float *x = input(c, k.numbers, 0), *dy = input(c, k.numbers, 0);
    float *high = output(c, 80, 0), *low = output(c, 80, 0);
    c->closeness = EXACT;
    const hem__kernels_f32 *kernels;
    while ((kernels = next_kernels(c)) != NULL) {
        double sums[80];
        for (int i = 0; i < 80; i++)
            sums[i] = (double)high[i];
        kernels->norm_sums(squares ? x : dy, x, k.C, k.pixels, k.n, sums, k.c0, k.c1);
        for (int i = 0; i < 80; i++) {
            high[i] = (float)sums[i];
            low[i] = (float)(sums[i] - (double)high[i]);
        }
    }
}

void one_norm(test_case *c)
{
    norm_case k = some_norm(c);
    bool in_place = chance(&c->random, 2);
    int relu = chance(&c->random, 2);
    const float *x = input(c, k.numbers, 0);
    float *y = output(c, k.numbers, 0);
    const hem__kernels_f32 *kernels;
    while ((kernels = next_kernels(c)) != NULL)
        kernels->norm(in_place ? y : x, k.C, k.pixels, k.by_channel, relu, y, k.c0, k.c1);
}

void one_norm_grad(test_case *c)
{
    norm_case k = some_norm(c);
    bool in_place = chance(&c->random, 2);
    const float *x = input(c, k.numbers, 0), *dy = input(c, k.numbers, 0);
    float *dx = output(c, k.numbers, 0);
    const hem__kernels_f32 *kernels;
    while ((kernels = next_kernels(c)) != NULL)
        kernels->norm_grad(x, in_place ? dx : dy, k.C, k.pixels, k.n, k.by_channel, dx, k.c0, k.c1);
}

/* ---- bytes, dropout and addition ----------------------------------------------------------------
 */

static uint8_t *some_bytes(test_case *c, size_t n)
{
    uint8_t *bytes = malloc(n + 1);
    assert_true(bytes != NULL);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)next_random(&c->random);
    return bytes;
}

/* Values as scales make them, with a mean and without; and a table that is not exact. */
static hem__values some_values(test_case *c)
{
    rng *r = &c->random;
    static const double divisors[] = {1, 255, 256, 127.5, 3, 90.02, 1e-30, 1e30};
    double divisor = divisors[between(r, 0, 7)], mean = chance(r, 3) ? 0 : 127.5 * unit_random(r);
    if (mean != 0)
        mean = chance(r, 3) ? between(r, 0, 255) : mean + 127.5;
    hem__values v;
    hem__values_make_f32(mean, divisor, &v);
    bool odd = chance(r, 4);
    if (odd) {
        v.table[between(r, 0, 255)] = 0.1f;
        v.exact = false;
    }
    describe(c, "mean %.17g divisor %g%s", mean, divisor, odd ? ", one odd" : "");
    return v;
}

/* The slots that turn the bytes of 16 images into a tile's numbers. */
typedef enum bytes_slot { BY_TABLE, BY_UNIT, BY_IMAGE } bytes_slot;

static void bytes_of_tile(test_case *c, bytes_slot slot)
{
    size_t u0 = (size_t)between(&c->random, 0, 20), n = (size_t)between(&c->random, 0, 70);
    hem__values values = some_values(c);
    uint8_t *images[HEM__LANES];
    for (int l = 0; l < HEM__LANES; l++)
        images[l] = some_bytes(c, u0 + n);
    const float *mean = input(c, u0 + n + HEM__LANES, 0);
    const float *factor = input(c, u0 + n + HEM__LANES, 0);
    float *y = output(c, n * HEM__LANES, 0);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL) {
        const uint8_t *const *from = (const uint8_t *const *)images;
        if (slot == BY_TABLE)
            k->bytes(from, &values, u0, n, y);
        else if (slot == BY_UNIT)
            k->bytes_by_unit(from, mean, factor, u0, n, y);
        else
            k->bytes_by_image(from, mean, factor, u0, n, y);
    }
    for (int l = 0; l < HEM__LANES; l++)
        free(images[l]);
}

void one_bytes(test_case *c)
{
    bytes_of_tile(c, BY_TABLE);
}

void one_bytes_by_unit(test_case *c)
{
    bytes_of_tile(c, BY_UNIT);
}

void one_bytes_by_image(test_case *c)
{
    bytes_of_tile(c, BY_IMAGE);
}

void one_single_bytes(test_case *c)
{
    size_t n = (size_t)between(&c->random, 0, 100);
    hem__values values = some_values(c);
    uint8_t *image = some_bytes(c, n);
    float *y = output(c, n, between(&c->random, 0, 15));
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->single_bytes(image, &values, n, y);
    free(image);
}

void one_dropout_mask(test_case *c)
{
    rng *r = &c->random;
    uint32_t key[2] = {(uint32_t)next_random(r), (uint32_t)next_random(r)}, place[HEM__LANES];
    uint32_t epoch = (uint32_t)next_random(r), layer = (uint32_t)next_random(r);
    uint32_t threshold = (uint32_t)between(r, 0, 65536);
    for (int l = 0; l < HEM__LANES; l++)
        place[l] = (uint32_t)next_random(r);
    int u0 = 8 * between(r, 0, 4), u1 = u0 + between(r, 0, 40);
    float *bits = output(c, (size_t)u1, 0);
    uint16_t masks[8 * 4 + 40];
    describe(c, "units %d-%d threshold %u", u0, u1, threshold);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL) {
        memset(masks, 0x5A, sizeof masks);
        k->dropout_mask(key, epoch, layer, place, threshold, u0, u1, masks);
        for (int u = 0; u < u1; u++)
            bits[u] = masks[u];
        for (size_t u = (size_t)u1; u < sizeof masks / sizeof masks[0]; u++)
            assert_int_equal(masks[u], 0x5A5A);
    }
}

void one_dropout(test_case *c)
{
    rng *r = &c->random;
    int u0 = between(r, 0, 10), u1 = u0 + between(r, 0, 40);
    uint16_t mask[50];
    for (int u = 0; u < 50; u++)
        mask[u] = (uint16_t)next_random(r);
    bool in_place = chance(r, 2);
    const float *x = input(c, (size_t)u1 * HEM__LANES, 0);
    float *y = output(c, (size_t)u1 * HEM__LANES, 0);
    describe(c, "units %d-%d%s", u0, u1, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->dropout(in_place ? y : x, mask, 1.4285715f, y, u0, u1);
}

void one_add(test_case *c)
{
    size_t n = (size_t)between(&c->random, 0, 20) * HEM__LANES;
    const float *x = input(c, n, 0);
    float *y = output(c, n, 0);
    describe(c, "n %zu", n);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->add(y, x, n);
}

void one_peak(test_case *c)
{
    float *operations = output(c, 2, 0);
    const hem__kernels_f32 *k;
    describe(c, "rounds 0 and 3");
    while ((k = next_kernels(c)) != NULL) {
        operations[0] = (float)k->peak(0);
        operations[1] = k->peak(3) > 0;
    }
}
