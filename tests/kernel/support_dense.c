/* Random cases of the slots of dense layers and of the optimizers. */
#include "support_slots.h"

/* ---- dense ------------------------------------------------------------------------------------
 */

static hem__dense_run some_dense(test_case *c)
{
    rng *r = &c->random;
    hem__dense_run run = {.n_tiles = chance(r, 8) ? between(r, 6, 9) : between(r, 1, 5)};
    run.n_in = chance(r, 4) ? between(r, 100, 600) : between(r, 1, 60);
    run.n_out = chance(r, 8) ? between(r, 100, 300) : between(r, 1, 30);
    while ((double)run.n_in * run.n_out * run.n_tiles > 30000 && run.n_tiles > 1)
        run.n_tiles--;
    run.ld_w = padded((size_t)run.n_in);
    run.in_tile = ((size_t)run.n_in + (size_t)between(r, 0, 2)) * HEM__LANES;
    run.out_tile = ((size_t)run.n_out + (size_t)between(r, 0, 2)) * HEM__LANES;
    return run;
}

static void describe_dense(test_case *c, const hem__dense_run *run, int first, int last)
{
    describe(c, "n_in %d n_out %d tiles %d strides %zu %zu range %d-%d", run->n_in, run->n_out,
             run->n_tiles, run->in_tile, run->out_tile, first, last);
}

void one_dense(test_case *c)
{
    hem__dense_run run = some_dense(c);
    int o0, o1, relu = chance(&c->random, 2);
    some_range(c, run.n_out, (double)run.n_in * run.n_tiles, &o0, &o1);
    const float *x = factor(c, run.in_tile * (size_t)run.n_tiles, 0);
    const float *w = factor(c, run.ld_w * (size_t)run.n_out, 0);
    const float *bias = chance(&c->random, 3) ? NULL : input(c, (size_t)run.n_out, 1);
    float *y = output(c, run.out_tile * (size_t)run.n_tiles, 0);
    c->closeness = SUM;
    c->terms = run.n_in;
    describe_dense(c, &run, o0, o1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->dense(&run, x, w, bias, relu, y, o0, o1);
}

void one_dense_igrad(test_case *c)
{
    hem__dense_run run = some_dense(c);
    int i0, i1;
    some_range(c, run.n_in, (double)run.n_out * run.n_tiles, &i0, &i1);
    const float *dy = factor(c, run.out_tile * (size_t)run.n_tiles, 0);
    const float *w = factor(c, run.ld_w * (size_t)run.n_out, 0);
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

void one_dense_wgrad(test_case *c)
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
    const float *dy = factor(c, run.out_tile * (size_t)run.n_tiles, 0);
    const float *xt = factor(c, ld_xt * (size_t)run.n_tiles * HEM__LANES, 0);
    float *g = output(c, ld_g * (size_t)(o1 - o0), 0);
    c->closeness = SUM;
    c->terms = run.n_tiles * HEM__LANES;
    describe(c, "n_in %d n_out %d tiles %d o %d-%d i %d-%d%s", run.n_in, run.n_out, run.n_tiles, o0,
             o1, i0, i1, accumulate ? " accumulate" : "");
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->dense_wgrad(&run, dy, xt, ld_xt, g, ld_g, accumulate, o0, o1, i0, i1);
}

void one_transpose(test_case *c)
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

void one_lane_sum(test_case *c)
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

void one_sgd(test_case *c)
{
    one_update(c, 0);
}

void one_momentum(test_case *c)
{
    one_update(c, 1);
}

void one_nesterov(test_case *c)
{
    one_update(c, 2);
}

void one_adam(test_case *c)
{
    one_update(c, 3);
}

void one_adamw(test_case *c)
{
    one_update(c, 4);
}

void one_rmsprop(test_case *c)
{
    one_update(c, 5);
}

/* Where an update multiplies a sum's rounding (the portable tier's has two), only the weights of
 * sgd have a bound worth stating; the moments of the others are as close as their updates' are. */
static void one_dense_update(test_case *c, int which)
{
    rng *r = &c->random;
    hem__dense_run run = some_dense(c);
    int o0 = between(r, 0, run.n_out - 1);
    int o1 = o0 + between(r, 1, run.n_out - o0);
    size_t ld_xt = run.ld_w + (size_t)between(r, 0, 1) * HEM__ALIGN;
    size_t n = run.ld_w * (size_t)run.n_out;
    hem__update u = some_constants(r);
    const float *dy = factor(c, run.out_tile * (size_t)run.n_tiles, 0);
    const float *xt = factor(c, ld_xt * (size_t)run.n_tiles * HEM__LANES, 0);
    float *w = output(c, n, 0), *state = output(c, 2 * n, 0);
    some_weights(c, which, w, state, n);
    c->closeness = RELATIVE;
    c->relative = 1e-3;
    c->absolute = 1e-3;
    describe(c, "n_in %d n_out %d tiles %d o %d-%d l1 %g", run.n_in, run.n_out, run.n_tiles, o0, o1,
             (double)u.l1);
    const hem__kernels_f32 *k;
    while ((k = next_kernels(c)) != NULL)
        k->dense_update[which](&run, dy, xt, ld_xt, w, state, &u, o0, o1);
}

void one_dense_sgd(test_case *c)
{
    one_dense_update(c, 0);
}

void one_dense_momentum(test_case *c)
{
    one_dense_update(c, 1);
}

void one_dense_nesterov(test_case *c)
{
    one_dense_update(c, 2);
}

void one_dense_adam(test_case *c)
{
    one_dense_update(c, 3);
}

void one_dense_adamw(test_case *c)
{
    one_dense_update(c, 4);
}

void one_dense_rmsprop(test_case *c)
{
    one_dense_update(c, 5);
}

void one_objective_grad(test_case *c)
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
void one_sum_squares(test_case *c)
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

void one_average(test_case *c)
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
