/* Winograd's algorithm for 3 x 3 convolutions: a unit of patches is transformed into scratch, where
 * each frequency is a small matrix product with the images (weight gradient: the channels)
 * innermost; then the products are transformed back. Transforms are sums of whole vectors. */
#include "kernel/vector.h"

#define NUM V
#define LOAD v_load
#define STORE v_store
#define FMA(a, b, c) v_fma(v_all(a), b, c)
#include "kernel/winograd_lines.h"

/* A patch of a map: its first number and the numbers between its rows and columns. */
typedef struct patch {
    const float *at;
    size_t row, column;
} patch;

enum { MOST = HEM__WINOGRAD_MOST };

/* The size x size pixels of a channel from (y, x) on. Where not all are inside they are copied,
 * those outside as 0. */
INLINE patch patch_of(const float *map, int C, int H, int W, int c, int y, int x, int size,
                      float copy[MOST * MOST * HEM__LANES])
{
    int b = c / HEM__BLOCK, y0, y1, x0, x1;
    size_t step = (size_t)block_width(C, b) * HEM__LANES, row = (size_t)W * step;
    const float *first =
        map +
        ((size_t)b * HEM__BLOCK * (size_t)H * (size_t)W + (size_t)(c % HEM__BLOCK)) * HEM__LANES;
    clip(y, size, H, &y0, &y1);
    clip(x, size, W, &x0, &x1);
    if (y1 - y0 == size && x1 - x0 == size)
        return (patch){first + (size_t)y * row + (size_t)x * step, row, step};
    float *to = copy;
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++, to += HEM__LANES) {
            bool is_inside = i >= y0 && i < y1 && j >= x0 && j < x1;
            const float *from = first;
            if (is_inside)
                from += (size_t)(y + i) * row + (size_t)(x + j) * step;
            for (int l = 0; l < HEM__LANES; l += VL)
                v_store(to + l, is_inside ? v_load(from + l) : v_all(0));
        }
    return (patch){copy, (size_t)size * HEM__LANES, HEM__LANES};
}

/* The transforms of a whole patch, VL images: columns first, by way of `half`, then rows. The
 * result's frequencies lie `plane` apart. Rows [row0, row1) of frequencies. */
#define TRANSFORM(name, T, SIZE)                                                                   \
    INLINE void name##_##T(patch p, float *to, size_t plane, int row0, int row1)                   \
    {                                                                                              \
        float half[T * SIZE * VL] __attribute__((aligned(64)));                                    \
        UNROLL(1)                                                                                  \
        for (size_t j = 0; j < SIZE; j++)                                                          \
            name##_line_##T(p.at + j * p.column, p.row, half + j * VL, SIZE * VL);                 \
        UNROLL(1)                                                                                  \
        for (size_t i = (size_t)row0; i < (size_t)row1; i++)                                       \
            name##_line_##T(half + i * SIZE * VL, VL, to + i * T * plane, plane);                  \
    }
TRANSFORM(input, 4, 4)
TRANSFORM(spread, 4, 2)
TRANSFORM(input, 6, 6)
TRANSFORM(spread, 6, 4)

/* Back: T x T frequencies to m x m outputs, at `to` in rows of m. */
#define TRANSFORM_BACK(T, SIZE)                                                                    \
    INLINE void output_##T(const float *z, size_t plane, float *to)                                \
    {                                                                                              \
        float half[SIZE * T * VL] __attribute__((aligned(64)));                                    \
        UNROLL(1)                                                                                  \
        for (size_t j = 0; j < T; j++)                                                             \
            output_line_##T(z + j * plane, T * plane, half + j * VL, T * VL);                      \
        UNROLL(1)                                                                                  \
        for (size_t i = 0; i < SIZE; i++)                                                          \
            output_line_##T(half + i * T * VL, VL, to + i * SIZE * VL, VL);                        \
    }
TRANSFORM_BACK(4, 2)
TRANSFORM_BACK(6, 4)

#if VG <= 2
#define KB 1
#define NV 2
#include "kernel/block_winograd.h"
#define KB 2
#define NV 2
#include "kernel/block_winograd.h"
#define KB 3
#define NV 2
#include "kernel/block_winograd.h"
#define KB 4
#define NV 2
#include "kernel/block_winograd.h"
#define KB 5
#define NV 2
#include "kernel/block_winograd.h"
#define KB 6
#define NV 2
#include "kernel/block_winograd.h"
#endif
#if VG == 1
#define KB 1
#define NV 1
#include "kernel/block_winograd.h"
#define KB 2
#define NV 1
#include "kernel/block_winograd.h"
#define KB 3
#define NV 1
#include "kernel/block_winograd.h"
#define KB 4
#define NV 1
#include "kernel/block_winograd.h"
#define KB 5
#define NV 1
#include "kernel/block_winograd.h"
#define KB 6
#define NV 1
#include "kernel/block_winograd.h"
#endif
#if VG != 2
#define KB 1
#define NV 4
#include "kernel/block_winograd.h"
#define KB 2
#define NV 4
#include "kernel/block_winograd.h"
#define KB 3
#define NV 4
#include "kernel/block_winograd.h"
#define KB 4
#define NV 4
#include "kernel/block_winograd.h"
#define KB 5
#define NV 4
#include "kernel/block_winograd.h"
#define KB 6
#define NV 4
#include "kernel/block_winograd.h"
#endif

typedef void (*product)(const float *x, size_t x_patch, const float *u, size_t n_channels, float *z,
                        size_t z_patch);
typedef void (*gradient)(const float *d, size_t d_row, const float *x, size_t x_block,
                         size_t n_images, float *g, size_t g_row);

/* By width of the panel; wide ones first, the last takes one patch or 16 channels at most. */
enum { N_CHOICES = VG == 1 ? 3 : 1 };
static const struct {
    int n_vectors;
    product run[HEM__WINOGRAD_PANEL + 1];
    gradient grad[HEM__WINOGRAD_PANEL + 1];
} BLOCKS[N_CHOICES] = {
#if VG != 2
    {4,
     {0, winograd_1x4, winograd_2x4, winograd_3x4, winograd_4x4, winograd_5x4, winograd_6x4},
     {0, winograd_wgrad_1x4, winograd_wgrad_2x4, winograd_wgrad_3x4, winograd_wgrad_4x4,
      winograd_wgrad_5x4, winograd_wgrad_6x4}},
#endif
#if VG <= 2
    {2,
     {0, winograd_1x2, winograd_2x2, winograd_3x2, winograd_4x2, winograd_5x2, winograd_6x2},
     {0, winograd_wgrad_1x2, winograd_wgrad_2x2, winograd_wgrad_3x2, winograd_wgrad_4x2,
      winograd_wgrad_5x2, winograd_wgrad_6x2}},
#endif
#if VG == 1
    {1,
     {0, winograd_1x1, winograd_2x1, winograd_3x1, winograd_4x1, winograd_5x1, winograd_6x1},
     {0, winograd_wgrad_1x1, winograd_wgrad_2x1, winograd_wgrad_3x1, winograd_wgrad_4x1,
      winograd_wgrad_5x1, winograd_wgrad_6x1}},
#endif
};

/* ---- forward and input gradient --------------------------------------------------------------
 */

/* Patches [p0, p0 + n) of x to v: [f][patch][C][16], frequencies `plane` apart. */
static void transform_input(const hem__conv_shape *s, int m, const float *x, float *v, size_t plane,
                            int p0, int n)
{
    int across = hem__winograd_across(s, m);
    float copy[MOST * MOST * HEM__LANES] __attribute__((aligned(64)));
    for (int p = p0; p < p0 + n; p++) {
        int row = p / across * m - s->pad_y, column = p % across * m - s->pad_x;
        for (int c = 0; c < s->C; c++, v += HEM__LANES) {
            patch from = patch_of(x, s->C, s->H, s->W, c, row, column, m + 2, copy);
            for (size_t l = 0; l < HEM__LANES; l += VL) {
                patch lanes = {from.at + l, from.row, from.column};
                if (m == 2)
                    input_4(lanes, v + l, plane, 0, 4);
                else
                    input_6(lanes, v + l, plane, 0, 6);
            }
        }
    }
}

/* One frequency of n patches. */
static void multiply(const hem__conv_shape *s, const float *v, const float *u, float *z, int n)
{
    size_t C = (size_t)s->C, K = (size_t)s->K;
    for (int p = 0, choice = 0; p < n;) {
        while (BLOCKS[choice].n_vectors > at_least(n - p, 1) * VG)
            choice++;
        for (int panel = 0; panel < hem__winograd_panels(s->K); panel++) {
            int k = hem__winograd_panel(s->K, panel);
            int width = hem__winograd_panel(s->K, panel + 1) - k;
            for (size_t l = 0; l < HEM__LANES; l += GROUP)
                BLOCKS[choice].run[width](
                    v + (size_t)p * C * HEM__LANES + l, C * HEM__LANES, u + (size_t)k * C, C,
                    z + ((size_t)p * K + (size_t)k) * HEM__LANES + l, K * HEM__LANES);
        }
        p += BLOCKS[choice].n_vectors / VG;
    }
}

/* Where channel k lies in y, and the numbers from a pixel to the next. */
INLINE size_t channel_of(const hem__conv_shape *s, int k, size_t *step)
{
    int b = k / HEM__BLOCK;
    *step = (size_t)block_width(s->K, b) * HEM__LANES;
    return ((size_t)b * HEM__BLOCK * (size_t)s->P * (size_t)s->Q + (size_t)(k % HEM__BLOCK)) *
           HEM__LANES;
}

/* Asks for the cache lines of an output patch, which maps larger than the caches have to fetch
 * before they are written: a channel's pixels lie too far apart to be foreseen. */
INLINE void ask_for_output(const hem__conv_shape *s, int k, float *y, int row, int column,
                           int n_rows, int n_columns)
{
    size_t step, first = channel_of(s, k, &step);
    for (int i = 0; i < n_rows; i++)
        for (int j = 0; j < n_columns; j++)
            __builtin_prefetch(y + first + (size_t)((row + i) * s->Q + column + j) * step, 1);
}

/* What comes out of the last transform, its end and its place. */
static void transform_output(const hem__conv_shape *s, int m, const float *z, size_t plane,
                             const float *bias, int relu, const float *mask, float *y, int p0,
                             int n)
{
    int across = hem__winograd_across(s, m);
    float out[4 * 4 * VL] __attribute__((aligned(64)));
    for (int p = p0; p < p0 + n; p++) {
        int row = p / across * m, column = p % across * m;
        int n_rows = at_most(m, s->P - row), n_columns = at_most(m, s->Q - column);
        for (int k = 0; k < s->K; k++, z += HEM__LANES) {
            size_t step, first = channel_of(s, k, &step);
            if (k + HEM__BLOCK < s->K)
                ask_for_output(s, k + HEM__BLOCK, y, row, column, n_rows, n_columns);
            V add = bias != NULL ? v_all(bias[k]) : v_all(0);
            for (size_t l = 0; l < HEM__LANES; l += VL) {
                if (m == 2)
                    output_4(z + l, plane, out);
                else
                    output_6(z + l, plane, out);
                for (int i = 0; i < n_rows; i++) {
                    size_t at = first + (size_t)((row + i) * s->Q + column) * step + l;
                    for (int j = 0; j < n_columns; j++, at += step) {
                        V v = v_load(out + (i * m + j) * VL);
                        if (bias != NULL)
                            v = v + add;
                        if (relu)
                            v = v_max(v, v_all(0));
                        if (mask != NULL)
                            v = v_where(v_load(mask + at) > v_all(0), v);
                        v_store(y + at, v);
                    }
                }
            }
        }
    }
}

/* Patches at a time: as few as keep the multiply-adds busy, since what is transformed should still
 * be in the second cache when it is multiplied. */
enum { FORWARD_PATCHES = VG == 1 ? 4 : 1 };

void TIER(hem__winograd)(const hem__conv_shape *s, int m, const float *x, const float *u,
                         const float *bias, int relu, const float *mask, float *y, float *scratch,
                         int p0, int p1)
{
    int unit = at_most(hem__winograd_unit(s, m), FORWARD_PATCHES),
        n_frequencies = (m + 2) * (m + 2);
    size_t v_plane = hem__winograd_plane(s->C, unit), z_plane = hem__winograd_plane(s->K, unit);
    float *v = scratch, *z = scratch + (size_t)n_frequencies * v_plane;
    for (int p = p0; p < p1; p += unit) {
        int n = at_most(unit, p1 - p);
        transform_input(s, m, x, v, v_plane, p, n);
        for (size_t f = 0; f < (size_t)n_frequencies; f++)
            multiply(s, v + f * v_plane, u + f * (size_t)s->C * (size_t)s->K, z + f * z_plane, n);
        transform_output(s, m, z, z_plane, bias, relu, mask, y, p, n);
    }
}

/* ---- weight gradient ------------------------------------------------------------------------- */

/* SQUARE channels of a patch, images innermost, to channels innermost: to[image][16]. */
INLINE void turn(const float *from, float *to)
{
    for (size_t l = 0; l < HEM__LANES; l += SQUARE)
        v_transpose(from + l, to + l * HEM__ALIGN, HEM__ALIGN);
}

/* Patches [p0, p0 + n) of x to v: [f][C / 16][patch][image][16 channels], zeros for the channels
 * that the last 16 lack. Rows [row0, row1) of frequencies. */
static void transform_turned(const hem__conv_shape *s, int m, const float *x, float *v,
                             size_t plane, int p0, int n, int row0, int row1)
{
    int across = hem__winograd_across(s, m), T = m + 2;
    float copy[MOST * MOST * HEM__LANES] __attribute__((aligned(64)));
    float lanes[MOST * MOST * SQUARE * HEM__LANES] __attribute__((aligned(64)));
    const size_t some = SQUARE * HEM__LANES, block = (size_t)n * HEM__LANES * HEM__ALIGN;
    for (int p = 0; p < n; p++) {
        int row = (p0 + p) / across * m - s->pad_y, column = (p0 + p) % across * m - s->pad_x;
        for (int c0 = 0; c0 < (s->C + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN; c0 += SQUARE) {
            for (int c = c0; c < c0 + SQUARE; c++) {
                float *to = lanes + (c - c0) * HEM__LANES;
                if (c >= s->C) {
                    for (int f = row0 * T; f < row1 * T; f++)
                        for (size_t l = 0; l < HEM__LANES; l += VL)
                            v_store(to + (size_t)f * some + l, v_all(0));
                    continue;
                }
                patch from = patch_of(x, s->C, s->H, s->W, c, row, column, T, copy);
                for (size_t l = 0; l < HEM__LANES; l += VL) {
                    patch part = {from.at + l, from.row, from.column};
                    if (m == 2)
                        input_4(part, to + l, some, row0, row1);
                    else
                        input_6(part, to + l, some, row0, row1);
                }
            }
            float *turned = v + (size_t)(c0 / HEM__ALIGN) * block +
                            (size_t)p * HEM__LANES * HEM__ALIGN + c0 % HEM__ALIGN;
            for (size_t f = (size_t)(row0 * T); f < (size_t)(row1 * T); f++)
                turn(lanes + f * some, turned + f * plane);
        }
    }
}

/* Patches [p0, p0 + n) of dy to d: [f][K][patch][16], channels [k0, k1). */
static void transform_gradient(const hem__conv_shape *s, int m, const float *dy, float *d,
                               size_t plane, int p0, int n, int row0, int row1, int k0, int k1)
{
    int across = hem__winograd_across(s, m);
    float copy[MOST * MOST * HEM__LANES] __attribute__((aligned(64)));
    for (int p = 0; p < n; p++) {
        int row = (p0 + p) / across * m, column = (p0 + p) % across * m;
        for (int k = k0; k < k1; k++) {
            float *to = d + (size_t)(k * n + p) * HEM__LANES;
            patch from = patch_of(dy, s->K, s->P, s->Q, k, row, column, m, copy);
            for (size_t l = 0; l < HEM__LANES; l += VL) {
                patch part = {from.at + l, from.row, from.column};
                if (m == 2)
                    spread_4(part, to + l, plane, row0, row1);
                else
                    spread_6(part, to + l, plane, row0, row1);
            }
        }
    }
}

/* One frequency of n patches. */
static void multiply_gradient(const hem__conv_shape *s, const float *d, const float *v, float *g,
                              int n, int panel0, int panel1)
{
    const size_t n_images = (size_t)n * HEM__LANES, block = n_images * HEM__ALIGN;
    const int columns = (s->C + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
    for (int c = 0, choice = 0; c < columns;) {
        while (BLOCKS[choice].n_vectors * VL > columns - c)
            choice++;
        for (int panel = panel0; panel < panel1; panel++) {
            int k = hem__winograd_panel(s->K, panel);
            int width = hem__winograd_panel(s->K, panel + 1) - k;
            const float *x = v + (size_t)(c / HEM__ALIGN) * block + c % HEM__ALIGN;
            BLOCKS[choice].grad[width](d + (size_t)k * n_images, n_images, x, block, n_images,
                                       g + (size_t)k * (size_t)columns + c, (size_t)columns);
        }
        c += BLOCKS[choice].n_vectors * VL;
    }
}

void TIER(hem__winograd_wgrad)(const hem__conv_shape *s, int m, const float *x, const float *dy,
                               float *g, float *scratch, int row0, int row1, int panel0, int panel1)
{
    int unit = hem__winograd_unit(s, m), T = m + 2, n_patches = hem__winograd_patches(s, m);
    int k0 = hem__winograd_panel(s->K, panel0), k1 = hem__winograd_panel(s->K, panel1);
    size_t v_plane = hem__winograd_plane(s->C, unit), d_plane = hem__winograd_plane(s->K, unit);
    size_t g_plane = (size_t)s->K * (((size_t)s->C + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN);
    float *v = scratch, *d = scratch + (size_t)(T * T) * v_plane;
    for (int p = 0; p < n_patches; p += unit) {
        int n = at_most(unit, n_patches - p);
        transform_turned(s, m, x, v, v_plane, p, n, row0, row1);
        transform_gradient(s, m, dy, d, d_plane, p, n, row0, row1, k0, k1);
        for (size_t f = (size_t)(row0 * T); f < (size_t)(row1 * T); f++)
            multiply_gradient(s, d + f * d_plane, v + f * v_plane, g + f * g_plane, n, panel0,
                              panel1);
    }
}
