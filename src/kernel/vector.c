/* The kernel table of one tier, and small kernels that go through numbers one by one: a norm, a
 * moving average, addition, and the measurement of the multiply-add peak. */
#include "kernel/vector.h"

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
    .dense_rows = DENSE_ROWS,
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
    .bytes = TIER(hem__bytes),
    .bytes_by_unit = TIER(hem__bytes_by_unit),
    .bytes_by_image = TIER(hem__bytes_by_image),
    .dropout_mask = TIER(hem__dropout_mask),
    .dropout = TIER(hem__dropout),
    .norm_sums = TIER(hem__norm_sums),
    .norm = TIER(hem__norm),
    .norm_grad = TIER(hem__norm_grad),
    .winograd = TIER(hem__winograd),
    .winograd_wgrad = TIER(hem__winograd_wgrad),
    .add = add,
    .peak = peak,
    .single_bytes = TIER(hem__single_bytes),
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
