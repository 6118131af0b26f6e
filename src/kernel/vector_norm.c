/* Batch normalisation: sums in double, two half vectors of them a vector of floats. A block of
 * channels is walked as it lies in memory, whole or, for the sums, piece by piece: what a channel
 * needs shares its cache lines' pages with the other seven. */
#include "kernel/vector.h"

static const U LANE = LANE_NUMBERS;

typedef float H __attribute__((vector_size(VL * 2)));
typedef float H_unaligned __attribute__((vector_size(VL * 2), aligned(4), may_alias));
typedef double D_unaligned __attribute__((vector_size(VL * 4), aligned(8), may_alias));

enum { HALF = VL / 2, HALVES = HEM__LANES / HALF, PIECE = 32 /* pixels */ };

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

/* The part of block b that lies in channels [c0, c1): its first channel, their number, the first
 * number of it and the numbers from a pixel to the next. */
typedef struct part {
    int c, n;
    size_t at, step;
} part;

INLINE part part_of(int C, int pixels, int b, int c0, int c1)
{
    int first = at_least(c0, b * HEM__BLOCK);
    int last = at_most(c1, b * HEM__BLOCK + block_width(C, b));
    size_t before = (size_t)b * HEM__BLOCK * (size_t)pixels + (size_t)(first % HEM__BLOCK);
    return (part){first, last - first, before * HEM__LANES, (size_t)block_width(C, b) * HEM__LANES};
}

/* Blocks of channels that hold some of [c0, c1). */
#define FOR_PARTS(p)                                                                               \
    for (int block = c0 / HEM__BLOCK; block * HEM__BLOCK < c1; block++)                            \
        for (part p = part_of(C, pixels, block, c0, c1); p.n > 0; p.n = 0)

/* Sums of one channel's lanes over n pixels. A product of two floats is exact in double, so it
 * makes no difference whether it is fused. */
INLINE void add_pixels(const float *a, const float *x, size_t step, int n, bool same, D sum[HALVES],
                       D products[HALVES])
{
#define BEGIN(i) D s##i = sum[i], q##i = products[i];
#define ADD(i)                                                                                     \
    {                                                                                              \
        D v = d_load(a + i * HALF), w = same ? v : d_load(x + i * HALF);                           \
        s##i += v;                                                                                 \
        q##i = d_fma(v, w, q##i);                                                                  \
    }
#define END(i) sum[i] = s##i, products[i] = q##i;
#if VL == 16
#define EACH(M) HEM__TIMES(2, M)
#elif VL == 8
#define EACH(M) HEM__TIMES(4, M)
#else
#define EACH(M) HEM__TIMES(8, M)
#endif
    EACH(BEGIN)
    for (; n > 0; n--, a += step, x += step) {
        EACH(ADD)
    }
    EACH(END)
#undef BEGIN
#undef ADD
#undef END
#undef EACH
}

void TIER(hem__norm_sums)(const float *a, const float *x, int C, int pixels, int n, double *sums,
                          int c0, int c1)
{
    FOR_PARTS(p)
    {
        D sum[HEM__BLOCK][HALVES] = {{{0}}}, products[HEM__BLOCK][HALVES] = {{{0}}};
        for (int pixel = 0; pixel < pixels; pixel += PIECE) {
            int some = at_most(PIECE, pixels - pixel);
            size_t at = p.at + (size_t)pixel * p.step;
            for (int c = 0; c < p.n; c++, at += HEM__LANES) {
                if (a == x)
                    add_pixels(a + at, x + at, p.step, some, true, sum[c], products[c]);
                else
                    add_pixels(a + at, x + at, p.step, some, false, sum[c], products[c]);
            }
        }
        for (int c = 0; c < p.n; c++) {
            sums[2 * (p.c + c)] += fold(sum[c], n);
            sums[2 * (p.c + c) + 1] += fold(products[c], n);
        }
    }
}

void TIER(hem__norm)(const float *x, int C, int pixels, const hem__norm *by_channel, int relu,
                     float *y, int c0, int c1)
{
    FOR_PARTS(p)
    {
        for (int pixel = 0; pixel < pixels; pixel++) {
            size_t i = p.at + (size_t)pixel * p.step;
            for (int c = p.c; c < p.c + p.n; c++) {
                V mean = v_all(by_channel[c].mean), scale = v_all(by_channel[c].scale);
                V shift = v_all(by_channel[c].shift);
                for (int l = 0; l < HEM__LANES; l += VL, i += VL) {
                    V v = v_fma(v_load(x + i) - mean, scale, shift);
                    v_store(y + i, relu ? v_max(v, v_all(0)) : v);
                }
            }
        }
    }
}

void TIER(hem__norm_grad)(const float *x, const float *dy, int C, int pixels, int n,
                          const hem__norm *by_channel, float *dx, int c0, int c1)
{
    FOR_PARTS(p)
    {
        for (int pixel = 0; pixel < pixels; pixel++) {
            size_t i = p.at + (size_t)pixel * p.step;
            for (int c = p.c; c < p.c + p.n; c++) {
                V mean = v_all(by_channel[c].mean), scale = v_all(by_channel[c].scale);
                V slope = v_all(by_channel[c].slope), shift = v_all(by_channel[c].shift);
                for (int l = 0; l < HEM__LANES; l += VL, i += VL) {
                    I real = LANE < u_all((uint32_t)at_least(n - l, 0));
                    V rest = v_fma(slope, v_load(x + i) - mean, shift);
                    v_store(dx + i, v_where(real, v_fma(scale, v_load(dy + i), rest)));
                }
            }
        }
    }
}
