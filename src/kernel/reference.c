/* The table of the reference kernels, and the kernels that go through numbers one by one:
 * optimizers, dropout, addition, and the measurement of the multiply-add peak. */
#include "kernel/reference.h"

#include "base/philox.h"

/* Formulas at hem__update in contract.h. */
void REF(update_sgd)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                     const hem__update *u)
{
    (void)state;
    for (size_t i = 0; i < n; i++) {
        hem__real h = HEM__FMA(u->decay, w[i], g[i]);
        w[i] = HEM__FMA(-u->rate, h, w[i]);
    }
}

void REF(update_momentum)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                          const hem__update *u)
{
    for (size_t i = 0; i < n; i++) {
        hem__real h = HEM__FMA(u->decay, w[i], g[i]);
        state[i] = HEM__FMA(u->momentum, state[i], u->gain * h);
        w[i] = HEM__FMA(-u->rate, state[i], w[i]);
    }
}

void REF(update_adam)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                      const hem__update *u)
{
    for (size_t i = 0; i < n; i++) {
        size_t group = i / HEM__ALIGN;
        hem__real *m = &state[2 * HEM__ALIGN * group + i % HEM__ALIGN];
        hem__real *v = m + HEM__ALIGN;
        hem__real h = HEM__FMA(u->decay, w[i], g[i]);
        *m = HEM__FMA(u->beta1, *m, u->gain1 * h);
        *v = HEM__FMA(u->beta2, *v, u->gain2 * (h * h));
        w[i] = HEM__FMA(-u->rate, *m / (HEM__SQRT(*v) + u->epsilon), w[i]);
    }
}

void REF(dropout_mask)(const uint32_t key[2], uint32_t epoch, uint32_t layer,
                       const uint32_t place[HEM__LANES], uint32_t threshold, int u0, int u1,
                       uint16_t *mask)
{
    hem__philox_key philox_key = {{key[0], key[1]}};
    for (int u = u0; u < u1; u++)
        mask[u] = 0;
    for (int first = u0; first < u1; first += 8) {
        for (int l = 0; l < HEM__LANES; l++) {
            uint32_t counter[4] = {(uint32_t)first / 8, place[l], epoch, layer}, words[4];
            hem__philox(philox_key, counter, words);
            for (int j = 0; j < 8 && first + j < u1; j++) {
                uint32_t bits = (words[j / 2] >> (j % 2 * 16)) & 0xFFFFu;
                if (bits >= threshold)
                    mask[first + j] = (uint16_t)(mask[first + j] | (1u << l));
            }
        }
    }
}

void REF(dropout)(const hem__real *x, const uint16_t *mask, hem__real scale, hem__real *y, int u0,
                  int u1)
{
    for (int u = u0; u < u1; u++) {
        for (int l = 0; l < HEM__LANES; l++) {
            size_t at = (size_t)u * HEM__LANES + (size_t)l;
            y[at] = (mask[u] >> l & 1) != 0 ? x[at] * scale : 0;
        }
    }
}

void REF(add)(hem__real *y, const hem__real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

double REF(peak)(size_t rounds)
{
    enum { SUMS = 16, STEPS = 64 };
    /* Read at run time, so that the compiler cannot work the sums out beforehand. */
    volatile hem__real factor = (hem__real)0.75, term = (hem__real)0.25;
    const hem__real a = factor, b = term;
    hem__real sum[SUMS] = {0};
    for (size_t round = 0; round < rounds; round++) {
        for (int step = 0; step < STEPS; step++) {
            for (int i = 0; i < SUMS; i++)
                sum[i] = HEM__FMA(a, sum[i], b);
        }
    }
    volatile hem__real sink = hem__tree16(sum);
    (void)sink;
    return 2.0 * SUMS * STEPS * (double)rounds;
}

const HEM__R(hem__kernels) HEM__R(hem__kernels_reference) = {
    .name = "reference",
    .conv = REF(conv),
    .conv_wgrad = REF(conv_wgrad),
    .conv_bgrad = REF(conv_bgrad),
    .dense = REF(dense),
    .dense_igrad = REF(dense_igrad),
    .transpose = REF(transpose),
    .dense_wgrad = REF(dense_wgrad),
    .lane_sum = REF(lane_sum),
    .update = {REF(update_sgd), REF(update_momentum), REF(update_adam)},
    .pointwise = {REF(relu), REF(tanh_all), REF(sigmoid_all)},
    .pointwise_grad = {REF(relu_grad), REF(tanh_grad), REF(sigmoid_grad)},
    .softmax = REF(softmax),
    .softmax_grad = REF(softmax_grad),
    .softmax_xent = REF(softmax_xent),
    .maxpool = REF(maxpool),
    .avgpool = REF(avgpool),
    .maxpool_grad = REF(maxpool_grad),
    .avgpool_grad = REF(avgpool_grad),
    .dropout_mask = REF(dropout_mask),
    .dropout = REF(dropout),
    .norm_sums = REF(norm_sums),
    .norm = REF(norm),
    .norm_grad = REF(norm_grad),
    .add = REF(add),
    .peak = REF(peak),
};
