/* The table of the reference kernels, and the kernels that go through numbers one by one:
 * optimizers, dropout, addition, and the measurement of the multiply-add peak. */
#include "kernel/reference.h"

#include "base/philox.h"

/* ---- optimizers: formulas at hem__update in contract.h ----------------------------------------
 */

/* h: the gradient of the loss and the penalties. */
static inline hem__real objective_gradient(hem__real w, hem__real g, const hem__update *u)
{
    hem__real h = HEM__FMA(u->decay, w, g);
    return u->l1 == 0 ? h : h + (w > 0 ? u->l1 : w < 0 ? -u->l1 : 0);
}

void REF(update_sgd)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                     const hem__update *u)
{
    (void)state;
    for (size_t i = 0; i < n; i++)
        w[i] = HEM__FMA(-u->rate, objective_gradient(w[i], g[i], u), w[i]);
}

void REF(update_momentum)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                          const hem__update *u)
{
    for (size_t i = 0; i < n; i++) {
        hem__real h = objective_gradient(w[i], g[i], u);
        state[i] = HEM__FMA(u->momentum, state[i], u->gain * h);
        w[i] = HEM__FMA(-u->rate, state[i], w[i]);
    }
}

void REF(update_nesterov)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                          const hem__update *u)
{
    for (size_t i = 0; i < n; i++) {
        hem__real h = objective_gradient(w[i], g[i], u);
        state[i] = HEM__FMA(u->momentum, state[i], u->gain * h);
        w[i] = HEM__FMA(-u->rate, HEM__FMA(u->momentum, state[i], h), w[i]);
    }
}

/* The first of two numbers that an optimizer keeps for weight i; the second is HEM__ALIGN on. */
static inline hem__real *pair_of(hem__real *state, size_t i)
{
    return &state[2 * HEM__ALIGN * (i / HEM__ALIGN) + i % HEM__ALIGN];
}

/* Adam's step of a weight. */
static inline hem__real adam(hem__real w, hem__real h, hem__real *m, const hem__update *u)
{
    hem__real *v = m + HEM__ALIGN;
    *m = HEM__FMA(u->beta1, *m, u->gain1 * h);
    *v = HEM__FMA(u->beta2, *v, u->gain2 * (h * h));
    return HEM__FMA(-u->rate, *m / (HEM__SQRT(*v) + u->epsilon), w);
}

void REF(update_adam)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                      const hem__update *u)
{
    for (size_t i = 0; i < n; i++)
        w[i] = adam(w[i], objective_gradient(w[i], g[i], u), pair_of(state, i), u);
}

void REF(update_adamw)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                       const hem__update *u)
{
    for (size_t i = 0; i < n; i++) {
        hem__real h = objective_gradient(w[i], g[i], u);
        w[i] = adam(HEM__FMA(-u->shrink, w[i], w[i]), h, pair_of(state, i), u);
    }
}

void REF(update_rmsprop)(hem__real *w, const hem__real *g, hem__real *state, size_t n,
                         const hem__update *u)
{
    for (size_t i = 0; i < n; i++) {
        hem__real *b = pair_of(state, i), *v = b + HEM__ALIGN;
        hem__real h = objective_gradient(w[i], g[i], u);
        *v = HEM__FMA(u->beta2, *v, u->gain2 * (h * h));
        *b = HEM__FMA(u->momentum, *b, (u->rate * h) / HEM__SQRT(*v + u->epsilon));
        w[i] = w[i] - *b;
    }
}

void REF(objective_grad)(const hem__real *w, hem__real *g, size_t n, const hem__update *u)
{
    for (size_t i = 0; i < n; i++)
        g[i] = objective_gradient(w[i], g[i], u);
}

double REF(sum_squares)(const hem__real *g, size_t n)
{
    double v[HEM__LANES] = {0}, s[8];
    for (size_t i = 0; i < n; i++)
        v[i % HEM__LANES] += (double)g[i] * (double)g[i];
    for (int l = 0; l < 8; l++)
        s[l] = v[l] + v[l + 8];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

void REF(average)(hem__real *a, const hem__real *w, size_t n, hem__real gain)
{
    for (size_t i = 0; i < n; i++)
        a[i] = HEM__FMA(gain, w[i] - a[i], a[i]);
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

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
    .dense_rows = 1,
    .conv = REF(conv),
    .conv_wgrad = REF(conv_wgrad),
    .conv_bgrad = REF(conv_bgrad),
    .dense = REF(dense),
    .dense_igrad = REF(dense_igrad),
    .transpose = REF(transpose),
    .dense_wgrad = REF(dense_wgrad),
    .lane_sum = REF(lane_sum),
    .update = {REF(update_sgd), REF(update_momentum), REF(update_nesterov), REF(update_adam),
               REF(update_adamw), REF(update_rmsprop)},
    .dense_update = {REF(dense_update_sgd), REF(dense_update_momentum), REF(dense_update_nesterov),
                     REF(dense_update_adam), REF(dense_update_adamw), REF(dense_update_rmsprop)},
    .objective_grad = REF(objective_grad),
    .sum_squares = REF(sum_squares),
    .average = REF(average),
    .pointwise = {REF(relu), REF(tanh_all), REF(sigmoid_all)},
    .pointwise_grad = {REF(relu_grad), REF(tanh_grad), REF(sigmoid_grad)},
    .curve = {REF(leaky_relu), REF(elu), REF(gelu_all), REF(silu_all)},
    .curve_grad = {REF(leaky_relu_grad), REF(elu_grad), REF(gelu_grad), REF(silu_grad)},
    .prelu = REF(prelu),
    .prelu_grad = REF(prelu_grad),
    .prelu_slope_grad = REF(prelu_slope_grad),
    .softmax = REF(softmax),
    .softmax_grad = REF(softmax_grad),
    .loss = {REF(softmax_cross_entropy), REF(softmax_squared_error), REF(sigmoid_cross_entropy),
             REF(sigmoid_squared_error)},
    .maxpool = REF(maxpool),
    .avgpool = REF(avgpool),
    .maxpool_grad = REF(maxpool_grad),
    .avgpool_grad = REF(avgpool_grad),
    .bytes = REF(bytes),
    .bytes_by_unit = REF(bytes_by_unit),
    .bytes_by_image = REF(bytes_by_image),
    .dropout_mask = REF(dropout_mask),
    .dropout = REF(dropout),
    .norm_sums = REF(norm_sums),
    .norm = REF(norm),
    .norm_grad = REF(norm_grad),
    .winograd = REF(winograd),
    .winograd_wgrad = REF(winograd_wgrad),
    .add = REF(add),
    .peak = REF(peak),
    .single_bytes = REF(single_bytes),
    .single_dense = REF(single_dense),
    .single_conv = REF(single_conv),
    .single_maxpool = REF(single_maxpool),
    .single_avgpool = REF(single_avgpool),
    .single_softmax = REF(single_softmax),
    .single_prelu = REF(single_prelu),
    .single_norm = REF(single_norm),
    .fft = REF(fft),
    .fft_back = REF(fft_back),
    .fft_product = REF(fft_product),
    .fft_wgrad = REF(fft_wgrad),
};
