/* One random case of every slot of the kernel table, and the list of them. */
#include "support.h"
#include "support_single.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_fft.h"

static size_t blocks_of(int n)
{
    return ((size_t)n + HEM__BLOCK - 1) / HEM__BLOCK;
}

static int some_channels(test_case *c)
{
    return chance(&c->random, 8) ? between(&c->random, 16, 40) : between(&c->random, 1, 20);
}

static size_t padded(size_t n)
{
    return (n + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
}

/* ---- convolution ------------------------------------------------------------------------------
 */

static void one_conv(test_case *c)
{
    rng *r = &c->random;
    hem__conv_run run = {.C = some_channels(c), .K = some_channels(c)};
    run.H = between(r, 1, 12);
    run.W = chance(r, 4) ? between(r, 1, 40) : between(r, 1, 12);
    run.R = between(r, chance(r, 12) ? 0 : 1, 5);
    run.S = between(r, chance(r, 12) ? 0 : 1, 5);
    run.step_y = between(r, 1, 3);
    run.step_x = chance(r, 2) ? 1 : between(r, 1, 3);
    run.pad_y = between(r, -3, 5);
    run.pad_x = between(r, -3, 5);
    run.rows = between(r, 1, 4);
    run.cols = chance(r, 4) ? between(r, 1, 30) : between(r, 1, 10);
    run.out_step_y = between(r, 1, 3);
    run.out_step_x = between(r, 1, 3);
    run.out_y = between(r, 0, 2);
    run.out_x = between(r, 0, 2);
    run.OH = run.out_y + (run.rows - 1) * run.out_step_y + between(r, 1, 3);
    run.OW = run.out_x + (run.cols - 1) * run.out_step_x + between(r, 1, 3);
    /* The reference is slow: long sums get few outputs. */
    while ((double)run.C * run.K * run.R * run.S * run.rows * run.cols > 60000 && run.rows > 1)
        run.rows--;
    while ((double)run.C * run.K * run.R * run.S * run.rows * run.cols > 60000 && run.cols > 1)
        run.cols--;
    int kb0 = between(r, 0, (int)blocks_of(run.K) - 1),
        kb1 = between(r, kb0, (int)blocks_of(run.K));
    int row0 = between(r, 0, run.rows - 1), row1 = between(r, row0, run.rows);
    if (chance(r, 2)) {
        kb0 = row0 = 0;
        kb1 = (int)blocks_of(run.K);
        row1 = run.rows;
    }
    size_t taps = (size_t)run.C * (size_t)run.R * (size_t)run.S;
    size_t out = (size_t)run.K * (size_t)run.OH * (size_t)run.OW * HEM__LANES;
    const float *x = input(c, (size_t)run.C * (size_t)run.H * (size_t)run.W * HEM__LANES, 0);
    const float *w = input(c, taps * (size_t)run.K, 0);
    const float *bias = chance(r, 3) ? NULL : input(c, (size_t)run.K, between(r, 0, 3));
    const float *mask = chance(r, 3) ? input(c, out, 0) : NULL;
    float *y = output(c, out, 0);
    int relu = chance(r, 3);
    c->closeness = SUM;
    c->terms = (double)taps;
    describe(c,
             "C %d H %d W %d K %d R %d S %d rows %d cols %d step %d %d pad %d %d "
             "blocks %d-%d rows %d-%d%s%s%s",
             run.C, run.H, run.W, run.K, run.R, run.S, run.rows, run.cols, run.step_y, run.step_x,
             run.pad_y, run.pad_x, kb0, kb1, row0, row1, bias ? " bias" : "", relu ? " relu" : "",
             mask ? " mask" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->conv(&run, x, w, bias, relu, mask, y, kb0, kb1, row0, row1);
}

static hem__conv_shape some_shape(test_case *c)
{
    rng *r = &c->random;
    hem__conv_shape s = {.C = some_channels(c), .K = some_channels(c)};
    s.R = between(r, 1, 5);
    s.S = chance(r, 16) ? between(r, 1, 40) : between(r, 1, 5);
    s.H = between(r, 1, 10);
    s.W = chance(r, 4) ? between(r, 1, 40) : between(r, 1, 10);
    s.stride_y = between(r, 1, 3);
    s.stride_x = chance(r, 2) ? 1 : between(r, 1, 3);
    s.pad_y = between(r, 0, s.R - 1);
    s.pad_x = between(r, 0, s.S - 1);
    s.P = between(r, 1, (s.H + s.pad_y + s.R - 2) / s.stride_y + 1);
    s.Q = between(r, 1, (s.W + s.pad_x + s.S - 2) / s.stride_x + 1);
    return s;
}

static void conv_wgrad_of(test_case *c, hem__conv_shape s)
{
    rng *r = &c->random;
    int items = (int)blocks_of(s.K) * s.R * (int)blocks_of(s.C);
    int item0 = between(r, 0, items - 1);
    /* The reference is slow: about 100,000 products a case. */
    double work = 64.0 * s.S * s.P * s.Q;
    int item1 = between(r, item0, items);
    while (item1 > item0 + 1 && work * (item1 - item0) > 100000)
        item1--;
    const float *x = input(c, (size_t)s.C * (size_t)s.H * (size_t)s.W * HEM__LANES, 0);
    const float *dy = input(c, (size_t)s.K * (size_t)s.P * (size_t)s.Q * HEM__LANES, 0);
    float *dw = output(c, (size_t)s.K * (size_t)s.C * (size_t)s.R * (size_t)s.S, between(r, 0, 3));
    c->closeness = SUM;
    c->terms = (double)s.P * s.Q * HEM__LANES;
    describe(c, "C %d H %d W %d K %d P %d Q %d R %d S %d stride %d %d pad %d %d items %d-%d", s.C,
             s.H, s.W, s.K, s.P, s.Q, s.R, s.S, s.stride_y, s.stride_x, s.pad_y, s.pad_x, item0,
             item1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->conv_wgrad(&s, x, dy, dw, item0, item1);
}

static void one_conv_wgrad(test_case *c)
{
    conv_wgrad_of(c, some_shape(c));
}

/* Few channels, filters and columns: every block, the smallest too. */
static void one_conv_wgrad_narrow(test_case *c)
{
    rng *r = &c->random;
    hem__conv_shape s = {.K = between(r, 1, 4), .R = 1, .stride_y = 1};
    s.C = between(r, 1, 8);
    s.S = between(r, 1, 2);
    s.P = s.H = between(r, 1, 3);
    s.W = between(r, s.S, 20);
    s.stride_x = between(r, 1, 2);
    s.pad_x = between(r, 0, s.S - 1);
    s.Q = (s.W + s.pad_x - s.S) / s.stride_x + 1;
    conv_wgrad_of(c, s);
}

static void one_conv_bgrad(test_case *c)
{
    rng *r = &c->random;
    hem__conv_shape s = some_shape(c);
    int kb0 = between(r, 0, (int)blocks_of(s.K) - 1), kb1 = between(r, kb0, (int)blocks_of(s.K));
    const float *dy = input(c, (size_t)s.K * (size_t)s.P * (size_t)s.Q * HEM__LANES, 0);
    float *db = output(c, (size_t)s.K, between(r, 0, 3));
    describe(c, "K %d P %d Q %d blocks %d-%d", s.K, s.P, s.Q, kb0, kb1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->conv_bgrad(&s, dy, db, kb0, kb1);
}

/* ---- Winograd's algorithm ---------------------------------------------------------------------
 */

/* Of exactly the promised size, so that the address sanitizer sees who wants more. */
static float *scratch_of(const hem__conv_shape *s, int m)
{
    float *p = aligned_alloc(64, padded(hem__winograd_scratch(s, m)) * sizeof *p);
    if (p == NULL)
        fail_msg("no memory for scratch");
    return p;
}

/* Any map that a 3 x 3 kernel of stride 1 can make of another, also with padding on all sides. */
static hem__conv_shape some_winograd(test_case *c, int m)
{
    rng *r = &c->random;
    hem__conv_shape s = {.C = some_channels(c),
                         .K = some_channels(c),
                         .H = between(r, 1, 12),
                         .W = between(r, 1, 12),
                         .R = 3,
                         .S = 3,
                         .stride_y = 1,
                         .stride_x = 1};
    s.pad_y = between(r, s.H < 3 ? 1 : 0, 2);
    s.pad_x = between(r, s.W < 3 ? 1 : 0, 2);
    s.P = between(r, 1, s.H + 2 * s.pad_y - 2);
    s.Q = between(r, 1, s.W + 2 * s.pad_x - 2);
    /* The reference is slow: many channels get few patches. */
    while ((double)s.C * s.K * hem__winograd_patches(&s, m) > 500 && s.P + s.Q > 2) {
        s.P = (s.P + 1) / 2;
        s.Q = (s.Q + 1) / 2;
    }
    return s;
}

static void one_winograd(test_case *c)
{
    rng *r = &c->random;
    int m = chance(r, 2) ? 2 : 4, n_frequencies = (m + 2) * (m + 2);
    hem__conv_shape s = some_winograd(c, m);
    int n = hem__winograd_patches(&s, m), p0 = between(r, 0, n - 1), p1 = between(r, p0, n);
    if (chance(r, 2)) {
        p0 = 0;
        p1 = n;
    }
    size_t out = (size_t)s.K * (size_t)s.P * (size_t)s.Q * HEM__LANES;
    const float *x = input(c, (size_t)s.C * (size_t)s.H * (size_t)s.W * HEM__LANES, 0);
    const float *u = input(c, (size_t)(n_frequencies * s.C * s.K), 0);
    const float *bias = chance(r, 3) ? NULL : input(c, (size_t)s.K, between(r, 0, 3));
    const float *mask = chance(r, 3) ? input(c, out, 0) : NULL;
    float *y = output(c, out, 0), *scratch = scratch_of(&s, m);
    int relu = chance(r, 3);
    /* Without fma the products alone differ: sums of C of them, each at most 10 * 10 (the input's
     * transform), and the output's transform adds up to 19 * 19 of those. */
    c->closeness = RELATIVE;
    c->absolute = 361.0 * (2 * s.C + 4) * 0x1p-24 * (100.0 * s.C);
    describe(c, "m %d C %d H %d W %d K %d P %d Q %d pad %d %d patches %d-%d%s%s%s", m, s.C, s.H,
             s.W, s.K, s.P, s.Q, s.pad_y, s.pad_x, p0, p1, bias ? " bias" : "", relu ? " relu" : "",
             mask ? " mask" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->winograd(&s, m, x, u, bias, relu, mask, y, scratch, p0, p1);
    free(scratch);
}

static void one_winograd_wgrad(test_case *c)
{
    rng *r = &c->random;
    int m = chance(r, 2) ? 2 : 4, T = m + 2;
    hem__conv_shape s = some_winograd(c, m);
    int row0 = between(r, 0, T - 1), row1 = between(r, row0, T);
    int panels = hem__winograd_panels(s.K), panel0 = between(r, 0, panels - 1);
    int panel1 = between(r, panel0, panels);
    if (chance(r, 2)) {
        row0 = panel0 = 0;
        row1 = T;
        panel1 = panels;
    }
    const float *x = input(c, (size_t)s.C * (size_t)s.H * (size_t)s.W * HEM__LANES, 0);
    const float *dy = input(c, (size_t)s.K * (size_t)s.P * (size_t)s.Q * HEM__LANES, 0);
    float *g = output(c, (size_t)(T * T * s.K) * padded((size_t)s.C), 0);
    float *scratch = scratch_of(&s, m);
    double terms = (double)hem__winograd_patches(&s, m) * HEM__LANES;
    c->closeness = RELATIVE;
    c->absolute = (2 * terms + 4) * 0x1p-24 * (100.0 * 225.0 * terms + 1);
    describe(c, "m %d C %d H %d W %d K %d P %d Q %d pad %d %d rows %d-%d panels %d-%d", m, s.C, s.H,
             s.W, s.K, s.P, s.Q, s.pad_y, s.pad_x, row0, row1, panel0, panel1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->winograd_wgrad(&s, m, x, dy, g, scratch, row0, row1, panel0, panel1);
    free(scratch);
}

/* ---- dense ------------------------------------------------------------------------------------
 */

static hem__dense_run some_dense(test_case *c)
{
    rng *r = &c->random;
    hem__dense_run run = {.n_tiles = between(r, 1, 5)};
    run.n_in = chance(r, 4) ? between(r, 100, 600) : between(r, 1, 60);
    run.n_out = chance(r, 8) ? between(r, 100, 300) : between(r, 1, 30);
    while ((double)run.n_in * run.n_out * run.n_tiles > 30000 && run.n_tiles > 1)
        run.n_tiles--;
    run.ld_w = padded((size_t)run.n_in);
    run.in_tile = ((size_t)run.n_in + (size_t)between(r, 0, 2)) * HEM__LANES;
    run.out_tile = ((size_t)run.n_out + (size_t)between(r, 0, 2)) * HEM__LANES;
    return run;
}

/* A range of 0..n, narrowed until `work` for each of its parts comes to about 60,000. */
static void some_range(test_case *c, int n, double work, int *first, int *last)
{
    *first = between(&c->random, 0, n - 1);
    *last = between(&c->random, *first, n);
    if (chance(&c->random, 3)) {
        *first = 0;
        *last = n;
    }
    while (*last > *first + 1 && work * (*last - *first) > 60000)
        --*last;
}

static void describe_dense(test_case *c, const hem__dense_run *run, int first, int last)
{
    describe(c, "n_in %d n_out %d tiles %d strides %zu %zu range %d-%d", run->n_in, run->n_out,
             run->n_tiles, run->in_tile, run->out_tile, first, last);
}

static void one_dense(test_case *c)
{
    hem__dense_run run = some_dense(c);
    int o0, o1, relu = chance(&c->random, 2);
    some_range(c, run.n_out, (double)run.n_in * run.n_tiles, &o0, &o1);
    const float *x = input(c, run.in_tile * (size_t)run.n_tiles, 0);
    const float *w = input(c, run.ld_w * (size_t)run.n_out, 0);
    const float *bias = chance(&c->random, 3) ? NULL : input(c, (size_t)run.n_out, 1);
    float *y = output(c, run.out_tile * (size_t)run.n_tiles, 0);
    c->closeness = SUM;
    c->terms = run.n_in;
    describe_dense(c, &run, o0, o1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->dense(&run, x, w, bias, relu, y, o0, o1);
}

static void one_dense_igrad(test_case *c)
{
    hem__dense_run run = some_dense(c);
    int i0, i1;
    some_range(c, run.n_in, (double)run.n_out * run.n_tiles, &i0, &i1);
    const float *dy = input(c, run.out_tile * (size_t)run.n_tiles, 0);
    const float *w = input(c, run.ld_w * (size_t)run.n_out, 0);
    const float *mask =
        chance(&c->random, 2) ? input(c, run.in_tile * (size_t)run.n_tiles, 0) : NULL;
    float *dx = output(c, run.in_tile * (size_t)run.n_tiles, 0);
    c->closeness = SUM;
    c->terms = run.n_out;
    describe_dense(c, &run, i0, i1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->dense_igrad(&run, dy, w, mask, dx, i0, i1);
}

static void one_dense_wgrad(test_case *c)
{
    rng *r = &c->random;
    hem__dense_run run = some_dense(c);
    int o0, o1, i0, i1, accumulate = chance(r, 2);
    some_range(c, (int)(run.ld_w / HEM__ALIGN), 16.0 * run.n_tiles, &i0, &i1);
    i0 *= HEM__ALIGN;
    i1 *= HEM__ALIGN;
    some_range(c, run.n_out, (double)(i1 - i0) * run.n_tiles, &o0, &o1);
    size_t ld_xt = run.ld_w + (size_t)between(r, 0, 1) * HEM__ALIGN;
    size_t ld_g = (size_t)(i1 - i0) + (size_t)between(r, 0, 1) * HEM__ALIGN;
    const float *dy = input(c, run.out_tile * (size_t)run.n_tiles, 0);
    const float *xt = input(c, ld_xt * (size_t)run.n_tiles * HEM__LANES, 0);
    float *g = output(c, ld_g * (size_t)(o1 - o0), 0);
    c->closeness = SUM;
    c->terms = run.n_tiles * HEM__LANES;
    describe(c, "n_in %d n_out %d tiles %d o %d-%d i %d-%d%s", run.n_in, run.n_out, run.n_tiles, o0,
             o1, i0, i1, accumulate ? " accumulate" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->dense_wgrad(&run, dy, xt, ld_xt, g, ld_g, accumulate, o0, o1, i0, i1);
}

static void one_transpose(test_case *c)
{
    rng *r = &c->random;
    int u0 = between(r, 0, 20), u1 = u0 + between(r, 0, 70);
    size_t ld = (size_t)u1 + (size_t)between(r, 0, 20);
    const float *x = input(c, (size_t)u1 * HEM__LANES, 0);
    float *xt = output(c, ld * HEM__LANES, between(r, 0, 3));
    describe(c, "units %d-%d ld %zu", u0, u1, ld);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->transpose(x, xt, ld, u0, u1);
}

static void one_lane_sum(test_case *c)
{
    rng *r = &c->random;
    int u0 = between(r, 0, 20), u1 = u0 + between(r, 0, 40);
    const float *x = input(c, (size_t)u1 * HEM__LANES, 0);
    float *sum = output(c, (size_t)u1, between(r, 0, 3));
    describe(c, "units %d-%d", u0, u1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->lane_sum(x, sum, u0, u1);
}

/* ---- optimizers -------------------------------------------------------------------------------
 */

static hem__update some_constants(rng *r)
{
    return (hem__update){.decay = (float)unit_random(r) * 1e-2f,
                         .l1 = chance(r, 2) ? 0.0f : 1e-2f,
                         .rate = 1e-3f + (float)(unit_random(r) * 1e-4),
                         .momentum = 0.9f,
                         .gain = chance(r, 2) ? 1.0f : 0.1f,
                         .beta1 = 0.9f,
                         .beta2 = 0.999f,
                         .gain1 = 0.1f,
                         .gain2 = 0.001f,
                         .epsilon = 1e-7f,
                         .shrink = chance(r, 2) ? 1e-2f : 0.0f};
}

/* Second moments are not negative; with l1 some weights lie at its kink. */
static void some_weights(test_case *c, int which, float *w, float *state, size_t n)
{
    rng *r = &c->random;
    for (size_t i = 0; i < 2 * n && !c->wild; i++) {
        if (which >= 3 && i % 32 >= 16)
            set_initial(c, state, i, (float)(unit_random(r) + 1) + 1e-6f);
    }
    for (size_t i = 0; i < n && !c->wild; i++) {
        if (chance(r, 4))
            set_initial(c, w, i, chance(r, 2) ? 0.0f : -0.0f);
    }
}

static void one_update(test_case *c, int which)
{
    rng *r = &c->random;
    size_t n = (size_t)between(r, 0, 12) * HEM__ALIGN;
    hem__update u = some_constants(r);
    const float *g = input(c, n, 0);
    float *w = output(c, n, 0), *state = output(c, 2 * n, 0);
    some_weights(c, which, w, state, n);
    c->closeness = RELATIVE;
    c->relative = 1e-5;
    c->absolute = 1e-6;
    describe(c, "n %zu l1 %g", n, (double)u.l1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->update[which](w, g, state, n, &u);
}

static void one_sgd(test_case *c)
{
    one_update(c, 0);
}

static void one_momentum(test_case *c)
{
    one_update(c, 1);
}

static void one_nesterov(test_case *c)
{
    one_update(c, 2);
}

static void one_adam(test_case *c)
{
    one_update(c, 3);
}

static void one_adamw(test_case *c)
{
    one_update(c, 4);
}

static void one_rmsprop(test_case *c)
{
    one_update(c, 5);
}

/* Where an update multiplies a sum's rounding (the portable tier's has two), only the weights of
 * sgd have a bound worth stating; the moments of the others are as close as their updates' are. */
static void one_dense_update(test_case *c, int which)
{
    static float room[64 * 5 * HEM__LANES];
    rng *r = &c->random;
    hem__dense_run run = some_dense(c);
    int o0 = between(r, 0, (run.n_out - 1) / 8) * 8;
    int o1 = o0 + between(r, 1, run.n_out - o0 < 64 ? run.n_out - o0 : 64);
    size_t ld_xt = run.ld_w + (size_t)between(r, 0, 1) * HEM__ALIGN;
    size_t n = run.ld_w * (size_t)run.n_out;
    hem__update u = some_constants(r);
    const float *dy = input(c, run.out_tile * (size_t)run.n_tiles, 0);
    const float *xt = input(c, ld_xt * (size_t)run.n_tiles * HEM__LANES, 0);
    float *w = output(c, n, 0), *state = output(c, 2 * n, 0);
    some_weights(c, which, w, state, n);
    c->closeness = RELATIVE;
    c->relative = 1e-3;
    c->absolute = 1e-3;
    describe(c, "n_in %d n_out %d tiles %d o %d-%d l1 %g", run.n_in, run.n_out, run.n_tiles, o0, o1,
             (double)u.l1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->dense_update[which](&run, dy, xt, ld_xt, w, state, &u, room, o0, o1);
}

static void one_dense_sgd(test_case *c)
{
    one_dense_update(c, 0);
}

static void one_dense_momentum(test_case *c)
{
    one_dense_update(c, 1);
}

static void one_dense_nesterov(test_case *c)
{
    one_dense_update(c, 2);
}

static void one_dense_adam(test_case *c)
{
    one_dense_update(c, 3);
}

static void one_dense_adamw(test_case *c)
{
    one_dense_update(c, 4);
}

static void one_dense_rmsprop(test_case *c)
{
    one_dense_update(c, 5);
}

static void one_objective_grad(test_case *c)
{
    rng *r = &c->random;
    size_t n = (size_t)between(r, 0, 12) * HEM__ALIGN;
    hem__update u = {.decay = (float)unit_random(r) * 1e-2f};
    const float *w = input(c, n, 0);
    float *g = output(c, n, 0);
    describe(c, "n %zu", n);
    c->closeness = RELATIVE;
    c->relative = 1e-5;
    c->absolute = 1e-6;
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->objective_grad(w, g, n, &u);
}

/* The double, as its two halves: its bits are compared on every tier, the portable one too. */
static void one_sum_squares(test_case *c)
{
    size_t n = (size_t)between(&c->random, 0, 40) * HEM__ALIGN;
    const float *g = input(c, n, 0);
    float *halves = output(c, 2, 0);
    describe(c, "n %zu", n);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL) {
        double sum = k->sum_squares(g, n);
        halves[0] = (float)sum;
        halves[1] = (float)(sum - (double)halves[0]);
    }
}

static void one_average(test_case *c)
{
    size_t n = (size_t)between(&c->random, 0, 12) * HEM__ALIGN;
    float gain = (float)(unit_random(&c->random) + 1) * 0.5f;
    const float *w = input(c, n, 0);
    float *a = output(c, n, 0);
    describe(c, "n %zu gain %g", n, (double)gain);
    c->closeness = RELATIVE;
    c->relative = 1e-5;
    c->absolute = 1e-6;
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->average(a, w, n, gain);
}

/* ---- activations ------------------------------------------------------------------------------
 */

static void one_pointwise(test_case *c, int which)
{
    rng *r = &c->random;
    size_t n = (size_t)between(r, 0, 20) * HEM__LANES;
    bool in_place = chance(r, 2);
    const float *x = input(c, n, 0);
    float *y = output(c, n, 0);
    for (size_t i = 0; i < n; i++) {
        float value = chance(r, 4) ? (float)unit_random(r) * 100 : (float)unit_random(r) * 3;
        if (!c->wild)
            set_initial(c, in_place ? y : x, i, value);
    }
    c->closeness = which == 0 ? EXACT : RELATIVE;
    c->relative = 8 * 0x1p-23;
    describe(c, "n %zu%s", n, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->pointwise[which](in_place ? y : x, y, n);
}

static void one_pointwise_grad(test_case *c, int which)
{
    rng *r = &c->random;
    size_t n = (size_t)between(r, 0, 20) * HEM__LANES;
    bool in_place = chance(r, 2);
    const float *y = input(c, n, 0), *dy = input(c, n, 0);
    float *dx = output(c, n, 0);
    c->closeness = which == 0 ? EXACT : RELATIVE;
    c->relative = 1e-6;
    c->absolute = 1e-6;
    describe(c, "n %zu%s", n, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->pointwise_grad[which](y, in_place ? dx : dy, dx, n);
}

#define POINTWISE(name, which)                                                                     \
    static void one_##name(test_case *c)                                                           \
    {                                                                                              \
        one_pointwise(c, which);                                                                   \
    }                                                                                              \
    static void one_##name##_grad(test_case *c)                                                    \
    {                                                                                              \
        one_pointwise_grad(c, which);                                                              \
    }
POINTWISE(relu, 0)
POINTWISE(tanh, 1)
POINTWISE(sigmoid, 2)

/* Numbers for an activation: most of them small, where its shape is. */
static void set_small(test_case *c, const float *x, size_t n)
{
    rng *r = &c->random;
    for (size_t i = 0; i < n && !c->wild; i++)
        set_initial(c, x, i, (float)unit_random(r) * (chance(r, 4) ? 100 : 3));
}

static void one_curve(test_case *c, int which)
{
    rng *r = &c->random;
    size_t n = (size_t)between(r, 0, 20) * HEM__LANES;
    float a = chance(r, 4) ? 0 : (float)unit_random(r) / 2 + 0.5f;
    bool in_place = chance(r, 2);
    const float *x = input(c, n, 0);
    float *y = output(c, n, 0);
    set_small(c, in_place ? y : x, n);
    c->closeness = which == 0 ? EXACT : RELATIVE;
    c->relative = 8 * 0x1p-23;
    describe(c, "n %zu a %g%s", n, (double)a, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->curve[which](in_place ? y : x, a, y, n);
}

static void one_curve_grad(test_case *c, int which)
{
    rng *r = &c->random;
    size_t n = (size_t)between(r, 0, 20) * HEM__LANES;
    float a = chance(r, 4) ? 0 : (float)unit_random(r) / 2 + 0.5f;
    bool in_place = chance(r, 2);
    const float *at = input(c, n, 0), *dy = input(c, n, 0);
    float *dx = output(c, n, 0);
    set_small(c, at, n);
    c->closeness = which == 0 ? EXACT : RELATIVE;
    c->relative = 1e-6;
    c->absolute = 1e-6;
    describe(c, "n %zu a %g%s", n, (double)a, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->curve_grad[which](at, a, in_place ? dx : dy, dx, n);
}

#define CURVE(name, which)                                                                         \
    static void one_##name(test_case *c)                                                           \
    {                                                                                              \
        one_curve(c, which);                                                                       \
    }                                                                                              \
    static void one_##name##_grad(test_case *c)                                                    \
    {                                                                                              \
        one_curve_grad(c, which);                                                                  \
    }
CURVE(leaky_relu, 0)
CURVE(elu, 1)
CURVE(gelu, 2)
CURVE(silu, 3)

static void one_prelu(test_case *c)
{
    rng *r = &c->random;
    int width = between(r, 1, 20), n = width * between(r, 0, 5);
    bool in_place = chance(r, 2);
    const float *slope = input(c, (size_t)width, between(r, 0, 3));
    const float *x = input(c, (size_t)n * HEM__LANES, 0);
    float *y = output(c, (size_t)n * HEM__LANES, 0);
    describe(c, "width %d n %d%s", width, n, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->prelu(in_place ? y : x, slope, width, y, n);
}

static void one_prelu_grad(test_case *c)
{
    rng *r = &c->random;
    int width = between(r, 1, 20), n = width * between(r, 0, 5);
    bool in_place = chance(r, 2);
    const float *slope = input(c, (size_t)width, between(r, 0, 3));
    const float *x = input(c, (size_t)n * HEM__LANES, 0);
    const float *dy = input(c, (size_t)n * HEM__LANES, 0);
    float *dx = output(c, (size_t)n * HEM__LANES, 0);
    describe(c, "width %d n %d%s", width, n, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->prelu_grad(x, slope, width, in_place ? dx : dy, dx, n);
}

static void one_prelu_slope_grad(test_case *c)
{
    rng *r = &c->random;
    int width = between(r, 1, 20), rows = between(r, 0, 9), n = width * rows;
    int c0 = between(r, 0, width), c1 = between(r, c0, width);
    const float *x = input(c, (size_t)n * HEM__LANES, 0);
    const float *dy = input(c, (size_t)n * HEM__LANES, 0);
    float *dslope = output(c, (size_t)width, between(r, 0, 3));
    set_small(c, x, (size_t)n * HEM__LANES);
    c->closeness = RELATIVE; /* the bound of a sum would need dslope where x is negative alone */
    c->relative = 1e-5;
    c->absolute = 1e-3;
    describe(c, "width %d n %d channels %d-%d", width, n, c0, c1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->prelu_slope_grad(x, dy, width, c0, c1, dslope, n);
}

static void one_softmax(test_case *c)
{
    rng *r = &c->random;
    int C = between(r, 1, 30), H = between(r, 1, 3), W = between(r, 1, 3);
    size_t n = (size_t)C * (size_t)H * (size_t)W * HEM__LANES;
    bool in_place = chance(r, 2);
    const float *x = input(c, n, 0);
    float *y = output(c, n, 0);
    for (size_t i = 0; i < n && !c->wild; i++)
        set_initial(c, in_place ? y : x, i, (float)unit_random(r) * (chance(r, 3) ? 100 : 5));
    c->closeness = RELATIVE;
    c->relative = 1e-5;
    c->absolute = 1e-37;
    describe(c, "C %d H %d W %d%s", C, H, W, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->softmax(in_place ? y : x, y, C, H, W);
}

static void one_softmax_grad(test_case *c)
{
    rng *r = &c->random;
    int C = between(r, 1, 30), H = between(r, 1, 3), W = between(r, 1, 3);
    size_t n = (size_t)C * (size_t)H * (size_t)W * HEM__LANES;
    bool in_place = chance(r, 2);
    const float *y = input(c, n, 0), *dy = input(c, n, 0);
    float *dx = output(c, n, 0);
    c->closeness = RELATIVE;
    c->absolute = 1e-5;
    describe(c, "C %d H %d W %d%s", C, H, W, in_place ? " in place" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->softmax_grad(y, in_place ? dx : dy, dx, C, H, W);
}

static void one_loss(test_case *c, hem__loss which)
{
    rng *r = &c->random;
    int C = between(r, 1, 40), n = between(r, 0, HEM__LANES);
    size_t numbers = (size_t)C * HEM__LANES;
    uint16_t labels[HEM__LANES];
    for (int l = 0; l < HEM__LANES; l++)
        labels[l] = (uint16_t)between(r, 0, C - 1);
    hem__loss_run run = {
        .C = C, .labels = chance(r, 4) ? NULL : labels, .n = n, .on = 1, .scale = 0.03125f};
    if (which == HEM__SOFTMAX_CROSS_ENTROPY && chance(r, 2)) {
        run.off = 0.1f / (float)C;
        run.on = 0.9f + run.off;
    }
    const float *z = input(c, numbers, 0);
    float *p = chance(r, 2) ? output(c, numbers, 0) : NULL;
    float *dz = chance(r, 3) ? NULL : output(c, numbers, 0);
    float *loss = output(c, HEM__LANES, 0), *predicted = output(c, HEM__LANES, 0);
    for (size_t i = 0; i < numbers && !c->wild; i++)
        set_initial(c, z, i, (float)unit_random(r) * (chance(r, 3) ? 100 : 5));
    c->closeness = RELATIVE;
    c->relative = 1e-5;
    c->absolute = 2e-6;
    describe(c, "C %d n %d off %g%s%s%s", C, n, (double)run.off, run.labels ? " labels" : "",
             p ? " p" : "", dz ? " dz" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL) {
        int32_t classes[HEM__LANES];
        k->loss[which](&run, z, p, dz, loss, classes);
        for (int l = 0; l < HEM__LANES; l++)
            predicted[l] = (float)classes[l];
    }
}

#define LOSS(name, which)                                                                          \
    static void one_##name(test_case *c)                                                           \
    {                                                                                              \
        one_loss(c, which);                                                                        \
    }
LOSS(softmax_cross_entropy, HEM__SOFTMAX_CROSS_ENTROPY)
LOSS(softmax_squared_error, HEM__SOFTMAX_SQUARED_ERROR)
LOSS(sigmoid_cross_entropy, HEM__SIGMOID_CROSS_ENTROPY)
LOSS(sigmoid_squared_error, HEM__SIGMOID_SQUARED_ERROR)

/* ---- pooling ----------------------------------------------------------------------------------
 */

static hem__pool_shape some_pool(test_case *c)
{
    rng *r = &c->random;
    hem__pool_shape s = {.C = some_channels(c), .H = between(r, 1, 9), .W = between(r, 1, 9)};
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
    hem__pool_shape s = some_pool(c);
    int b0, b1, p0 = between(r, 0, s.P - 1), p1 = between(r, p0, s.P);
    some_range(c, (int)blocks_of(s.C), 1, &b0, &b1);
    const float *x = input(c, in_numbers(&s), 0);
    float *y = output(c, out_numbers(&s), 0);
    describe_pool(c, &s, b0, b1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        (max ? k->maxpool : k->avgpool)(&s, x, y, b0, b1, p0, p1);
}

static void one_maxpool(test_case *c)
{
    one_pool(c, true);
}

static void one_avgpool(test_case *c)
{
    one_pool(c, false);
}

static void one_pool_grad(test_case *c, bool max)
{
    rng *r = &c->random;
    hem__pool_shape s = some_pool(c);
    int b0, b1, relu = chance(r, 2);
    some_range(c, (int)blocks_of(s.C), 1, &b0, &b1);
    float *x = input(c, in_numbers(&s), 0), *y = input(c, out_numbers(&s), 0);
    const float *dy = input(c, out_numbers(&s), 0);
    float *dx = output(c, in_numbers(&s), 0);
    /* Few different values, so that ties are common; y is what the maximum of them is. */
    for (size_t i = 0; i < in_numbers(&s) && !c->wild; i++)
        set_initial(c, x, i, (float)between(r, -2, 2));
    hem__kernels_reference_f32.maxpool(&s, x, y, 0, (int)blocks_of(s.C), 0, s.P);
    for (size_t i = 0; i < out_numbers(&s); i++)
        set_initial(c, y, i, y[i]);
    describe_pool(c, &s, b0, b1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL) {
        if (max)
            k->maxpool_grad(&s, x, y, dy, relu, dx, b0, b1);
        else
            k->avgpool_grad(&s, x, dy, relu, dx, b0, b1);
    }
}

static void one_maxpool_grad(test_case *c)
{
    one_pool_grad(c, true);
}

static void one_avgpool_grad(test_case *c)
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
static void one_norm_sums(test_case *c)
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

static void one_norm(test_case *c)
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

static void one_norm_grad(test_case *c)
{
    norm_case k = some_norm(c);
    bool in_place = chance(&c->random, 2);
    const float *x = input(c, k.numbers, 0), *dy = input(c, k.numbers, 0);
    float *dx = output(c, k.numbers, 0);
    const hem__kernels_f32 *kernels;
    while ((kernels = next_kernels(c)) != NULL)
        kernels->norm_grad(x, in_place ? dx : dy, k.C, k.pixels, k.n, k.by_channel, dx, k.c0, k.c1);
}

/* ---- dropout and addition ---------------------------------------------------------------------
 */

static void one_dropout_mask(test_case *c)
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

static void one_dropout(test_case *c)
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

static void one_add(test_case *c)
{
    size_t n = (size_t)between(&c->random, 0, 20) * HEM__LANES;
    const float *x = input(c, n, 0);
    float *y = output(c, n, 0);
    describe(c, "n %zu", n);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->add(y, x, n);
}

static void one_peak(test_case *c)
{
    float *operations = output(c, 2, 0);
    const hem__kernels_f32 *k;
    describe(c, "rounds 0 and 3");
    while ((k = next_kernels(c)) != NULL) {
        operations[0] = (float)k->peak(0);
        operations[1] = k->peak(3) > 0;
    }
}

/* ---- the list ---------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    one_case one;
} SLOTS[] = {
    {"conv", one_conv},
    {"conv_wgrad", one_conv_wgrad},
    {"conv_wgrad, narrow", one_conv_wgrad_narrow},
    {"conv_bgrad", one_conv_bgrad},
    {"winograd", one_winograd},
    {"winograd_wgrad", one_winograd_wgrad},
    {"dense", one_dense},
    {"dense_igrad", one_dense_igrad},
    {"transpose", one_transpose},
    {"dense_wgrad", one_dense_wgrad},
    {"lane_sum", one_lane_sum},
    {"update sgd", one_sgd},
    {"update momentum", one_momentum},
    {"update nesterov", one_nesterov},
    {"update adam", one_adam},
    {"update adamw", one_adamw},
    {"update rmsprop", one_rmsprop},
    {"dense_update sgd", one_dense_sgd},
    {"dense_update momentum", one_dense_momentum},
    {"dense_update nesterov", one_dense_nesterov},
    {"dense_update adam", one_dense_adam},
    {"dense_update adamw", one_dense_adamw},
    {"dense_update rmsprop", one_dense_rmsprop},
    {"objective_grad", one_objective_grad},
    {"sum_squares", one_sum_squares},
    {"average", one_average},
    {"relu", one_relu},
    {"relu_grad", one_relu_grad},
    {"tanh", one_tanh},
    {"tanh_grad", one_tanh_grad},
    {"sigmoid", one_sigmoid},
    {"sigmoid_grad", one_sigmoid_grad},
    {"leaky_relu", one_leaky_relu},
    {"leaky_relu_grad", one_leaky_relu_grad},
    {"elu", one_elu},
    {"elu_grad", one_elu_grad},
    {"gelu", one_gelu},
    {"gelu_grad", one_gelu_grad},
    {"silu", one_silu},
    {"silu_grad", one_silu_grad},
    {"prelu", one_prelu},
    {"prelu_grad", one_prelu_grad},
    {"prelu_slope_grad", one_prelu_slope_grad},
    {"softmax", one_softmax},
    {"softmax_grad", one_softmax_grad},
    {"softmax cross-entropy", one_softmax_cross_entropy},
    {"softmax squared error", one_softmax_squared_error},
    {"sigmoid cross-entropy", one_sigmoid_cross_entropy},
    {"sigmoid squared error", one_sigmoid_squared_error},
    {"maxpool", one_maxpool},
    {"avgpool", one_avgpool},
    {"maxpool_grad", one_maxpool_grad},
    {"avgpool_grad", one_avgpool_grad},
    {"dropout_mask", one_dropout_mask},
    {"dropout", one_dropout},
    {"norm_sums", one_norm_sums},
    {"norm", one_norm},
    {"norm_grad", one_norm_grad},
    {"add", one_add},
    {"peak", one_peak},
    {"single_dense", one_single_dense},
    {"single_conv", one_single_conv},
    {"single_maxpool", one_single_maxpool},
    {"single_avgpool", one_single_avgpool},
    {"single_softmax", one_single_softmax},
    {"single_prelu", one_single_prelu},
    {"single_norm", one_single_norm},
    {"fft", one_fft},
    {"fft_back", one_fft_back},
    {"fft_product", one_fft_product},
    {"fft_wgrad", one_fft_wgrad},
};
enum { N_SLOTS = sizeof SLOTS / sizeof SLOTS[0] };

static int cases_each;
static bool print_each_time;

static void test_slot(void **state)
{
    const size_t *index = *state;
    bool once = SLOTS[*index].one == one_peak;
    run_cases(SLOTS[*index].name, SLOTS[*index].one, once ? 1 : cases_each);
    if (print_each_time && !once)
        print_times(SLOTS[*index].name, cases_each);
}

int test_all_slots(int count, bool with_times)
{
    static size_t index[N_SLOTS];
    static struct CMUnitTest tests[N_SLOTS];
    for (size_t i = 0; i < N_SLOTS; i++) {
        index[i] = i;
        tests[i] = (struct CMUnitTest){
            .name = SLOTS[i].name, .test_func = test_slot, .initial_state = &index[i]};
    }
    cases_each = count;
    print_each_time = with_times;
    print_tiers();
    print_message("%d random cases of each slot\n", count);
    int failed = cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
    print_message("results of the reference: digest %016" PRIx64 "\n", reference_digest());
    return failed;
}
