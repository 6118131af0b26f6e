/* Random cases of the slots of activations, softmax and the losses. */
#include "support_slots.h"

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
    void one_##name(test_case *c)                                                                  \
    {                                                                                              \
        one_pointwise(c, which);                                                                   \
    }                                                                                              \
    void one_##name##_grad(test_case *c)                                                           \
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
    void one_##name(test_case *c)                                                                  \
    {                                                                                              \
        one_curve(c, which);                                                                       \
    }                                                                                              \
    void one_##name##_grad(test_case *c)                                                           \
    {                                                                                              \
        one_curve_grad(c, which);                                                                  \
    }
CURVE(leaky_relu, 0)
CURVE(elu, 1)
CURVE(gelu, 2)
CURVE(silu, 3)

void one_prelu(test_case *c)
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

void one_prelu_grad(test_case *c)
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

void one_prelu_slope_grad(test_case *c)
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

void one_softmax(test_case *c)
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

void one_softmax_grad(test_case *c)
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
    void one_##name(test_case *c)                                                                  \
    {                                                                                              \
        one_loss(c, which);                                                                        \
    }
LOSS(softmax_cross_entropy, HEM__SOFTMAX_CROSS_ENTROPY)
LOSS(softmax_squared_error, HEM__SOFTMAX_SQUARED_ERROR)
LOSS(sigmoid_cross_entropy, HEM__SIGMOID_CROSS_ENTROPY)
LOSS(sigmoid_squared_error, HEM__SIGMOID_SQUARED_ERROR)
