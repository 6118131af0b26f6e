/* One random case of every slot for one image alone (contract.h, single_*). Reads past the end of a
 * buffer land in its guard, NaN: what comes of them must not matter. */
#include "support_single.h"

#include "support_slots.h"

static size_t panels(int outputs)
{
    return ((size_t)outputs + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
}

/* Several panels of them, now and then. */
static int many_channels(test_case *c)
{
    return chance(&c->random, 6) ? between(&c->random, 17, 70) : between(&c->random, 1, 18);
}

void one_single_dense(test_case *c)
{
    rng *r = &c->random;
    int n_in = between(r, 1, 60), n_out = between(r, 1, 40), relu = chance(r, 2);
    if (chance(r, 8))
        n_out = between(r, 100, 300);
    if (chance(r, 12)) { /* more than are listed at once */
        n_in = between(r, 1000, 3000);
        n_out = between(r, 1, 20);
    }
    const float *x = input(c, (size_t)n_in, between(r, 0, 3));
    const float *w = input(c, (size_t)n_in * panels(n_out), 0);
    const float *bias = chance(r, 3) ? NULL : input(c, panels(n_out), 0);
    float *y = output(c, (size_t)n_out, 0);
    for (int i = 0; i < n_in; i++)
        if (chance(r, 3))
            set_initial(c, x, (size_t)i, chance(r, 2) ? 0.0f : -0.0f);
    c->closeness = SUM;
    c->terms = n_in;
    describe(c, "n_in %d n_out %d%s%s", n_in, n_out, bias ? " bias" : "", relu ? " relu" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->single_dense(n_in, n_out, x, w, bias, relu, y);
}

void one_single_conv(test_case *c)
{
    rng *r = &c->random;
    hem__conv_shape s = {.C = many_channels(c), .K = many_channels(c)};
    s.R = between(r, 1, 5);
    s.S = between(r, 1, 5);
    s.H = between(r, 1, 8);
    s.stride_y = between(r, 1, 3);
    s.stride_x = chance(r, 2) ? 1 : between(r, 1, 3);
    s.pad_y = between(r, 0, s.R + 1);
    s.P = between(r, 1, (s.H + s.pad_y + s.R) / s.stride_y + 1);
    s.Q = chance(r, 3) ? between(r, 1, 40) : between(r, 1, 14);
    while ((double)s.C * s.K * s.R * s.S * s.P * s.Q > 60000 && s.P > 1)
        s.P--;
    while ((double)s.C * s.K * s.R * s.S * s.P * s.Q > 60000 && s.Q > 1)
        s.Q--;
    s.W = (s.Q - 1) * s.stride_x + s.S + between(r, 0, 2);
    const size_t taps = (size_t)s.R * (size_t)s.S * (size_t)s.C;
    int relu = chance(r, 2);
    const float *x = input(c, (size_t)s.C * (size_t)s.H * (size_t)s.W, between(r, 0, 3));
    const float *w = input(c, taps * panels(s.K), 0);
    const float *bias = chance(r, 3) ? NULL : input(c, panels(s.K), 0);
    float *y = output(c, (size_t)s.K * (size_t)s.P * (size_t)s.Q, 0);
    c->closeness = SUM;
    c->terms = (double)taps;
    describe(c, "C %d H %d W %d K %d P %d Q %d R %d S %d stride %d %d pad %d%s%s", s.C, s.H, s.W,
             s.K, s.P, s.Q, s.R, s.S, s.stride_y, s.stride_x, s.pad_y, bias ? " bias" : "",
             relu ? " relu" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->single_conv(&s, x, w, bias, relu, y);
}

static void one_pool(test_case *c, bool max)
{
    hem__pool_shape s = some_pool(c, many_channels(c));
    const float *x = input(c, (size_t)s.C * (size_t)s.H * (size_t)s.W, 0);
    float *y = output(c, (size_t)s.C * (size_t)s.P * (size_t)s.Q, 0);
    describe(c, "C %d H %d W %d P %d Q %d R %d S %d stride %d %d pad %d %d", s.C, s.H, s.W, s.P,
             s.Q, s.R, s.S, s.stride_y, s.stride_x, s.pad_y, s.pad_x);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        (max ? k->single_maxpool : k->single_avgpool)(&s, x, y);
}

void one_single_maxpool(test_case *c)
{
    one_pool(c, true);
}

void one_single_avgpool(test_case *c)
{
    one_pool(c, false);
}

void one_single_softmax(test_case *c)
{
    rng *r = &c->random;
    int C = many_channels(c), pixels = between(r, 1, 5);
    size_t n = (size_t)C * (size_t)pixels;
    bool in_place = chance(r, 2);
    const float *x = input(c, n, 0);
    float *y = output(c, n, 0);
    for (size_t i = 0; i < n && !c->wild; i++)
        set_initial(c, in_place ? y : x, i, (float)unit_random(r) * (chance(r, 3) ? 100 : 5));
    c->closeness = RELATIVE;
    c->relative = 1e-5;
    c->absolute = 1e-37;
    describe(c, "C %d pixels %d%s", C, pixels, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->single_softmax(in_place ? y : x, y, C, pixels);
}

void one_single_prelu(test_case *c)
{
    rng *r = &c->random;
    int C = many_channels(c), pixels = between(r, 1, 5);
    bool in_place = chance(r, 2);
    const float *slope = input(c, (size_t)C, between(r, 0, 3));
    const float *x = input(c, (size_t)C * (size_t)pixels, 0);
    float *y = output(c, (size_t)C * (size_t)pixels, 0);
    describe(c, "C %d pixels %d%s", C, pixels, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->single_prelu(in_place ? y : x, slope, C, pixels, y);
}

void one_single_norm(test_case *c)
{
    rng *r = &c->random;
    int C = many_channels(c), pixels = between(r, 1, 5);
    bool in_place = chance(r, 2);
    const float *mean = input(c, (size_t)C, 0), *scale = input(c, (size_t)C, 0);
    const float *shift = input(c, (size_t)C, 0), *x = input(c, (size_t)C * (size_t)pixels, 0);
    float *y = output(c, (size_t)C * (size_t)pixels, 0);
    c->closeness = RELATIVE; /* of numbers below 1, near which fma cancels */
    c->relative = 1e-5;
    c->absolute = 1e-6;
    describe(c, "C %d pixels %d%s", C, pixels, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->single_norm(in_place ? y : x, mean, scale, shift, C, pixels, y);
}
