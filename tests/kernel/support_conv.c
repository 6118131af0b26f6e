/* Random cases of the slots of convolution, also by Winograd's algorithm. */
#include "support_slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- convolution ------------------------------------------------------------------------------
 */

void one_conv(test_case *c)
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

void one_conv_wgrad(test_case *c)
{
    conv_wgrad_of(c, some_shape(c));
}

/* Whole blocks of filters, in pairs, alone and with a narrower one behind; rows in several parts.
 */
void one_conv_wgrad_wide(test_case *c)
{
    rng *r = &c->random;
    hem__conv_shape s = some_shape(c);
    s.K = between(r, 1, 6) * HEM__BLOCK + (chance(r, 2) ? between(r, 1, 7) : 0);
    s.C = chance(r, 2) ? s.C : between(r, 6, 20);
    s.P = between(r, 1, s.P);
    conv_wgrad_of(c, s);
}

/* Few channels, filters and columns: every block, the smallest too. */
void one_conv_wgrad_narrow(test_case *c)
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

void one_conv_bgrad(test_case *c)
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

void one_winograd(test_case *c)
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

void one_winograd_wgrad(test_case *c)
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
