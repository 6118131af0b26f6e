/* The kernel table of one tier, and small kernels that go through numbers one by one: a norm, a
 * moving average, dropout, addition, and the measurement of the multiply-add peak. */
#include "kernel/vector.h"

static const U LANE = LANE_NUMBERS;

/* Four numbers at a time as doubles: the compiler makes of them what the instruction set has. */
static double sum_squares(const float *g, size_t n)
{
    typedef double D4 __attribute__((vector_size(32)));
    D4 sum[4] = {{0}};
    for (size_t i = 0; i < n; i += HEM__LANES)
        for (int j = 0; j < 4; j++) {
            V4 x = (V4) * (const V4_unaligned *)(g + i + 4 * j);
            D4 d = __builtin_convertvector(x, D4);
            sum[j] += d * d;
        }
    D4 low = sum[0] + sum[2], high = sum[1] + sum[3]; /* lanes l + (l + 8) */
    return ((low[0] + low[1]) + (low[2] + low[3])) + ((high[0] + high[1]) + (high[2] + high[3]));
}

static void average(float *a, const float *w, size_t n, float gain)
{
    for (size_t i = 0; i < n; i += VL) {
        V old = v_load(a + i);
        v_store(a + i, v_fma(v_all(gain), v_load(w + i) - old, old));
    }
}

/* ---- dropout ----------------------------------------------------------------------------------
 */

/* Philox4x32-10 (base/philox.h), one counter a lane. */
INLINE void philox(const uint32_t key[2], U c[4])
{
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        U high0, low0, high1, low1;
        u_mul_wide(c[0], 0xD2511F53u, &high0, &low0);
        u_mul_wide(c[2], 0xCD9E8D57u, &high1, &low1);
        c[0] = high1 ^ c[1] ^ u_all(k0);
        c[2] = high0 ^ c[3] ^ u_all(k1);
        c[1] = low1;
        c[3] = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

static void dropout_mask(const uint32_t key[2], uint32_t epoch, uint32_t layer,
                         const uint32_t place[HEM__LANES], uint32_t threshold, int u0, int u1,
                         uint16_t *mask)
{
    for (int first = u0; first < u1; first += 8) {
        unsigned bits[8] = {0};
        for (int lane = 0; lane < HEM__LANES; lane += VL) {
            U c[4] = {u_all((uint32_t)first / 8), u_all(0), u_all(epoch), u_all(layer)};
            for (int l = 0; l < VL; l++)
                c[1][l] = place[lane + l];
            philox(key, c);
            for (int word = 0; word < 4; word++) {
                bits[2 * word] |= u_at_least(c[word] & 0xFFFF, threshold) << lane;
                bits[2 * word + 1] |= u_at_least(c[word] >> 16, threshold) << lane;
            }
        }
        for (int j = 0; j < at_most(8, u1 - first); j++)
            mask[first + j] = (uint16_t)bits[j];
    }
}

static void dropout(const float *x, const uint16_t *mask, float scale, float *y, int u0, int u1)
{
    for (int u = u0; u < u1; u++) {
        for (int lane = 0; lane < HEM__LANES; lane += VL) {
            size_t at = (size_t)u * HEM__LANES + (size_t)lane;
            U bit = u_all(1u << lane) << LANE;
            I kept = (u_all(mask[u]) & bit) != u_all(0);
            v_store(y + at, v_where(kept, v_load(x + at) * v_all(scale)));
        }
    }
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

static void add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VL)
        v_store(y + i, v_load(y + i) + v_load(x + i));
}

#define SUM(i) V sum##i = v_all((float)i);
#define STEP(i) sum##i = v_fma(a, sum##i, b);
#define TOTAL(i) total += sum##i;

static double peak(size_t rounds)
{
    enum { SUMS = 12, STEPS = 512 };
    /* Read at run time, so that the compiler cannot work the sums out beforehand. */
    volatile float factor = 0.75f, term = 0.25f;
    V a = v_all(factor), b = v_all(term), total = v_all(0);
    HEM__TIMES(12, SUM)
    for (size_t n = rounds * STEPS; n > 0; n--) {
        HEM__TIMES(12, STEP)
    }
    HEM__TIMES(12, TOTAL)
    volatile float sink = total[0];
    (void)sink;
    return 2.0 * VL * SUMS * STEPS * (double)rounds;
}

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

extern const hem__kernels_f32 TIER(hem__kernels); /* tiers.c names it too */
const hem__kernels_f32 TIER(hem__kernels) = {
    .name = TEXT(HEM__TIER),
    .conv = TIER(hem__conv),
    .conv_wgrad = TIER(hem__conv_wgrad),
    .conv_bgrad = TIER(hem__conv_bgrad),
    .dense = TIER(hem__dense),
    .dense_igrad = TIER(hem__dense_igrad),
    .transpose = TIER(hem__transpose),
    .dense_wgrad = TIER(hem__dense_wgrad),
    .lane_sum = TIER(hem__lane_sum),
    .update = {TIER(hem__update_sgd), TIER(hem__update_momentum), TIER(hem__update_nesterov),
               TIER(hem__update_adam), TIER(hem__update_adamw), TIER(hem__update_rmsprop)},
    .dense_update = {TIER(hem__dense_update_sgd), TIER(hem__dense_update_momentum),
                     TIER(hem__dense_update_nesterov), TIER(hem__dense_update_adam),
                     TIER(hem__dense_update_adamw), TIER(hem__dense_update_rmsprop)},
    .objective_grad = TIER(hem__objective_grad),
    .sum_squares = sum_squares,
    .average = average,
    .pointwise = {TIER(hem__relu), TIER(hem__tanh), TIER(hem__sigmoid)},
    .pointwise_grad = {TIER(hem__relu_grad), TIER(hem__tanh_grad), TIER(hem__sigmoid_grad)},
    .curve = {TIER(hem__leaky_relu), TIER(hem__elu), TIER(hem__gelu), TIER(hem__silu)},
    .curve_grad = {TIER(hem__leaky_relu_grad), TIER(hem__elu_grad), TIER(hem__gelu_grad),
                   TIER(hem__silu_grad)},
    .prelu = TIER(hem__prelu),
    .prelu_grad = TIER(hem__prelu_grad),
    .prelu_slope_grad = TIER(hem__prelu_slope_grad),
    .softmax = TIER(hem__softmax),
    .softmax_grad = TIER(hem__softmax_grad),
    .loss = {TIER(hem__softmax_cross_entropy), TIER(hem__softmax_squared_error),
             TIER(hem__sigmoid_cross_entropy), TIER(hem__sigmoid_squared_error)},
    .maxpool = TIER(hem__maxpool),
    .avgpool = TIER(hem__avgpool),
    .maxpool_grad = TIER(hem__maxpool_grad),
    .avgpool_grad = TIER(hem__avgpool_grad),
    .dropout_mask = dropout_mask,
    .dropout = dropout,
    .norm_sums = TIER(hem__norm_sums),
    .norm = TIER(hem__norm),
    .norm_grad = TIER(hem__norm_grad),
    .winograd = TIER(hem__winograd),
    .winograd_wgrad = TIER(hem__winograd_wgrad),
    .add = add,
    .peak = peak,
    .single_dense = TIER(hem__single_dense),
    .single_conv = TIER(hem__single_conv),
    .single_maxpool = TIER(hem__single_maxpool),
    .single_avgpool = TIER(hem__single_avgpool),
    .single_softmax = TIER(hem__single_softmax),
    .single_prelu = TIER(hem__single_prelu),
    .single_norm = TIER(hem__single_norm),
    .fft = TIER(hem__fft),
    .fft_back = TIER(hem__fft_back),
    .fft_product = TIER(hem__fft_product),
    .fft_wgrad = TIER(hem__fft_wgrad),
};
