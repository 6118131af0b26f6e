/* Batch normalisation: sums in double, two half vectors of them a vector of floats. */
#include "kernel/vector.h"

static const U LANE = LANE_NUMBERS;

/* Half the lanes of a vector, in double. */
typedef double D __attribute__((vector_size(VL * 4)));
typedef float H __attribute__((vector_size(VL * 2)));
typedef float H_unaligned __attribute__((vector_size(VL * 2), aligned(4), may_alias));
typedef double D_unaligned __attribute__((vector_size(VL * 4), aligned(8), may_alias));

enum { HALF = VL / 2, HALVES = HEM__LANES / HALF };

INLINE D d_load(const float *p)
{
    return __builtin_convertvector((H) * (const H_unaligned *)p, D);
}

/* tree16 of the first n lanes; the others count as 0. */
static double fold(const D sum[HALVES], int n)
{
    double v[HEM__LANES], s[8];
    for (int i = 0; i < HALVES; i++)
        *(D_unaligned *)(v + i * HALF) = (D_unaligned)sum[i];
    for (int l = n; l < HEM__LANES; l++)
        v[l] = 0;
    for (int l = 0; l < 8; l++)
        s[l] = v[l] + v[l + 8];
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

/* First number of channel c, and numbers from a pixel of it to the next. */
INLINE size_t channel(int C, int pixels, int c, size_t *step)
{
    int b = c / HEM__BLOCK;
    *step = (size_t)block_width(C, b) * HEM__LANES;
    return ((size_t)b * HEM__BLOCK * (size_t)pixels + (size_t)(c % HEM__BLOCK)) * HEM__LANES;
}

/* A product of two floats is exact in double, so it makes no difference whether it is fused. */
void TIER(hem__norm_sums)(const float *a, const float *x, int C, int pixels, int n, double *sums,
                          int c0, int c1)
{
    for (int c = c0; c < c1; c++) {
        D sum[HALVES] = {{0}}, products[HALVES] = {{0}};
        size_t step, at = channel(C, pixels, c, &step);
        for (int pixel = 0; pixel < pixels; pixel++, at += step) {
            for (int i = 0; i < HALVES; i++) {
                D v = d_load(a + at + i * HALF);
                sum[i] += v;
                products[i] += v * d_load(x + at + i * HALF);
            }
        }
        sums[2 * c] += fold(sum, n);
        sums[2 * c + 1] += fold(products, n);
    }
}

void TIER(hem__norm)(const float *x, int C, int pixels, const hem__norm *by_channel, float *y,
                     int c0, int c1)
{
    for (int c = c0; c < c1; c++) {
        V mean = v_all(by_channel[c].mean), scale = v_all(by_channel[c].scale);
        V shift = v_all(by_channel[c].shift);
        size_t step, at = channel(C, pixels, c, &step);
        for (int pixel = 0; pixel < pixels; pixel++, at += step)
            for (size_t i = at; i < at + HEM__LANES; i += VL)
                v_store(y + i, v_fma(v_load(x + i) - mean, scale, shift));
    }
}

void TIER(hem__norm_grad)(const float *x, const float *dy, int C, int pixels, int n,
                          const hem__norm *by_channel, float *dx, int c0, int c1)
{
    for (int c = c0; c < c1; c++) {
        V mean = v_all(by_channel[c].mean), scale = v_all(by_channel[c].scale);
        V slope = v_all(by_channel[c].slope), shift = v_all(by_channel[c].shift);
        size_t step, at = channel(C, pixels, c, &step);
        for (int pixel = 0; pixel < pixels; pixel++, at += step)
            for (int l = 0; l < HEM__LANES; l += VL) {
                size_t i = at + (size_t)l;
                I real = LANE < u_all((uint32_t)at_least(n - l, 0));
                V rest = v_fma(slope, v_load(x + i) - mean, shift);
                v_store(dx + i, v_where(real, v_fma(scale, v_load(dy + i), rest)));
            }
    }
}
