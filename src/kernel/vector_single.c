/* Kernels for one image alone: lanes go over output channels or outputs, inputs are broadcast. The
 * reference (reference_single.c) says what they compute. */
#include <string.h>

#include "kernel/vector.h"
#include "kernel/vector_exp.h"

/* The first n lanes; the others may go where a later store comes anyway, up to `end`. That is most
 * of the time, for an odd number of channels pixel after pixel; masked stores are slow on some
 * CPUs.
 */
INLINE void v_store_first(float *p, V v, int n, const float *end)
{
    float lanes[VL], *from = lanes;
    if (n >= VL || end - p >= VL) {
        v_store(p, v);
        return;
    }
    v_store(lanes, v);
    for (int piece = VL / 2; piece > 0; piece /= 2)
        if (n & piece) {
            memcpy(p, from, (size_t)piece * sizeof *p);
            p += piece;
            from += piece;
        }
}

/* Where the weights of vector v begin: panels of n * HEM__ALIGN numbers. */
INLINE const float *weights_of(const float *w, size_t n, int v)
{
    size_t o = (size_t)v * VL;
    return w + o / HEM__ALIGN * (n * HEM__ALIGN) + o % HEM__ALIGN;
}

INLINE int vectors(int n)
{
    return (n + VL - 1) / VL;
}

/* Part i of n things dealt out evenly to `parts`. */
INLINE int part(int n, int parts, int i)
{
    return (int)((int64_t)n * i / parts);
}

/* ---- dense ------------------------------------------------------------------------------------
 * The inputs that are not 0 are listed first, so that the loops over them need no branch. */

enum { LISTED = 1024 /* inputs at a time: 8 KiB on the stack */, DENSE_VECTORS = 8 };

typedef struct term {
    uint32_t at; /* of the weights, in their panel */
    float x;
} term;

typedef struct dense_block {
    const float *w, *from; /* from: sums so far, or bias; NULL = zeros */
    float *y;
    const term *terms;
    size_t n_terms, n_in;
    int first; /* vector */
    int width; /* outputs from the first vector on */
    int relu;
} dense_block;

#define WEIGHTS(v) const float *w##v = weights_of(b->w, b->n_in, b->first + v);
#define START(v) V y##v = b->from != NULL ? v_load(b->from + v * VL) : v_all(0);
#define MADD(v) y##v = v_fma(v_load(w##v + t->at), x, y##v);
#define RELU(v) y##v = v_max(y##v, v_all(0));
#define STORE(v) v_store_first(b->y + v * VL, y##v, b->width - v * VL, b->y);
#define DENSE(NV)                                                                                  \
    static NOINLINE void single_dense_1x##NV(const dense_block *b)                                 \
    {                                                                                              \
        HEM__TIMES(NV, WEIGHTS)                                                                    \
        HEM__TIMES(NV, START)                                                                      \
        for (const term *t = b->terms, *end = t + b->n_terms; t < end; t++) {                      \
            V x = v_all(t->x);                                                                     \
            HEM__TIMES(NV, MADD)                                                                   \
        }                                                                                          \
        if (b->relu) {                                                                             \
            HEM__TIMES(NV, RELU)                                                                   \
        }                                                                                          \
        HEM__TIMES(NV, STORE)                                                                      \
    }
/* clang-format off */
DENSE(1) DENSE(2) DENSE(3) DENSE(4) DENSE(5) DENSE(6) DENSE(7) DENSE(8)
/* clang-format on */
#undef WEIGHTS
#undef START
#undef MADD
#undef RELU
#undef STORE

    static void (*const dense_kernels[DENSE_VECTORS])(const dense_block *) = {
        single_dense_1x1, single_dense_1x2, single_dense_1x3, single_dense_1x4,
        single_dense_1x5, single_dense_1x6, single_dense_1x7, single_dense_1x8};

static size_t list_terms(const float *x, int first, int n, term terms[LISTED])
{
    size_t listed = 0;
    for (int i = first; i < first + n; i++) {
        terms[listed] = (term){(uint32_t)i * HEM__ALIGN, x[i]};
        listed += x[i] != 0;
    }
    return listed;
}

void TIER(hem__single_dense)(int n_in, int n_out, const float *x, const float *w, const float *bias,
                             int relu, float *y)
{
    const int n = vectors(n_out), groups = (n + DENSE_VECTORS - 1) / DENSE_VECTORS;
    term terms[LISTED];
    for (int i = 0; i < n_in; i += LISTED) {
        size_t n_terms = list_terms(x, i, at_most(LISTED, n_in - i), terms);
        for (int g = 0; g < groups; g++) {
            int first = part(n, groups, g), o = first * VL;
            const float *from = i > 0 ? y : bias;
            dense_block b = {.w = w,
                             .from = from != NULL ? from + o : NULL,
                             .y = y + o,
                             .terms = terms,
                             .n_terms = n_terms,
                             .n_in = (size_t)n_in,
                             .first = first,
                             .width = n_out - o,
                             .relu = relu && n_in - i <= LISTED};
            dense_kernels[part(n, groups, g + 1) - first - 1](&b);
        }
    }
}

/* ---- convolution ------------------------------------------------------------------------------
 * Channels innermost make the taps of one kernel row a run of S * C numbers, for every pixel. */

enum { CONV_PIXELS = 14, PAIR_PIXELS = 6 };

/* One row of outputs, one or two vectors of their channels. */
typedef struct conv_line {
    const float *x; /* of the first pixel's first kernel row inside the image */
    const float *w[2], *bias;
    float *y;
    const float *end;             /* of the whole y */
    size_t x_step, x_row, y_step; /* numbers between pixels, between rows */
    size_t n_rows, n_taps;        /* kernel rows inside the image; numbers in each */
    int width;                    /* channels from the first vector on */
    int relu;
} conv_line;

#define NP 1
#define NV 1
#include "kernel/block_single.h"
#define NP 2
#define NV 1
#include "kernel/block_single.h"
#define NP 3
#define NV 1
#include "kernel/block_single.h"
#define NP 4
#define NV 1
#include "kernel/block_single.h"
#define NP 5
#define NV 1
#include "kernel/block_single.h"
#define NP 6
#define NV 1
#include "kernel/block_single.h"
#define NP 7
#define NV 1
#include "kernel/block_single.h"
#define NP 8
#define NV 1
#include "kernel/block_single.h"
#define NP 9
#define NV 1
#include "kernel/block_single.h"
#define NP 10
#define NV 1
#include "kernel/block_single.h"
#define NP 11
#define NV 1
#include "kernel/block_single.h"
#define NP 12
#define NV 1
#include "kernel/block_single.h"
#define NP 13
#define NV 1
#include "kernel/block_single.h"
#define NP 14
#define NV 1
#include "kernel/block_single.h"
#define NP 1
#define NV 2
#include "kernel/block_single.h"
#define NP 2
#define NV 2
#include "kernel/block_single.h"
#define NP 3
#define NV 2
#include "kernel/block_single.h"
#define NP 4
#define NV 2
#include "kernel/block_single.h"
#define NP 5
#define NV 2
#include "kernel/block_single.h"
#define NP 6
#define NV 2
#include "kernel/block_single.h"

typedef void (*conv_kernel)(const conv_line *, const float *row, float *y, size_t y_step);
/* By the number of pixels. */
static const conv_kernel one_vector[CONV_PIXELS + 1] = {NULL,
                                                        single_conv_1x1,
                                                        single_conv_2x1,
                                                        single_conv_3x1,
                                                        single_conv_4x1,
                                                        single_conv_5x1,
                                                        single_conv_6x1,
                                                        single_conv_7x1,
                                                        single_conv_8x1,
                                                        single_conv_9x1,
                                                        single_conv_10x1,
                                                        single_conv_11x1,
                                                        single_conv_12x1,
                                                        single_conv_13x1,
                                                        single_conv_14x1};
static const conv_kernel two_vectors[PAIR_PIXELS + 1] = {NULL,
                                                         single_conv_1x2,
                                                         single_conv_2x2,
                                                         single_conv_3x2,
                                                         single_conv_4x2,
                                                         single_conv_5x2,
                                                         single_conv_6x2};

/* A kernel writes whole vectors; the numbers behind the last channel fall on the next pixel, which
 * is written later. Behind the last pixels there is none: their blocks go by way of the stack. */
static void run_block(const conv_line *line, conv_kernel kernel, int first, int n, bool pair)
{
    enum { MOST = CONV_PIXELS * VL };
    const size_t width = pair ? 2 * VL : VL, all = (size_t)line->width;
    const float *x = line->x + (size_t)first * line->x_step;
    float *y = line->y + (size_t)first * line->y_step, aside[MOST];
    if (y + (size_t)(n - 1) * line->y_step + width <= line->end) {
        kernel(line, x, y, line->y_step);
        return;
    }
    kernel(line, x, aside, width);
    for (size_t p = 0; p < (size_t)n; p++)
        memcpy(y + p * line->y_step, aside + p * width, (all < width ? all : width) * sizeof *y);
}

static void run_line(const conv_line *line, int Q, bool pair)
{
    const int most = pair ? PAIR_PIXELS : CONV_PIXELS, blocks = (Q + most - 1) / most;
    for (int b = 0; b < blocks; b++) {
        int first = part(Q, blocks, b), n = part(Q, blocks, b + 1) - first;
        run_block(line, (pair ? two_vectors : one_vector)[n], first, n, pair);
    }
}

void TIER(hem__single_conv)(const hem__conv_shape *shape, const float *x, const float *w,
                            const float *bias, int relu, float *y)
{
    const size_t taps = (size_t)shape->S * (size_t)shape->C, all = (size_t)shape->R * taps;
    const int n = vectors(shape->K);
    conv_line line = {.x_step = (size_t)(shape->stride_x * shape->C),
                      .x_row = (size_t)shape->W * (size_t)shape->C,
                      .y_step = (size_t)shape->K,
                      .n_taps = taps,
                      .relu = relu,
                      .end = y + (size_t)shape->K * (size_t)shape->P * (size_t)shape->Q};
    /* From the last vectors to the first, which write over what a narrow last one left beyond. */
    for (int v = (n - 1) / 2 * 2; v >= 0; v -= 2) {
        const bool pair = v + 1 < n;
        const size_t o = (size_t)v * VL;
        line.bias = bias != NULL ? bias + o : NULL;
        line.width = shape->K - (int)o;
        for (int p = 0; p < shape->P; p++) {
            int start = p * shape->stride_y - shape->pad_y, r0, r1;
            clip(start, shape->R, shape->H, &r0, &r1);
            line.n_rows = (size_t)(r1 - r0);
            line.x = r1 > r0 ? x + (size_t)(start + r0) * line.x_row : x;
            line.w[0] = weights_of(w, all, v) + (size_t)r0 * taps * HEM__ALIGN;
            line.w[1] = pair ? weights_of(w, all, v + 1) + (size_t)r0 * taps * HEM__ALIGN : NULL;
            line.y = y + (size_t)p * (size_t)shape->Q * line.y_step + o;
            run_line(&line, shape->Q, pair);
        }
    }
}

/* ---- pooling ----------------------------------------------------------------------------------
 */

/* VL channels of a window's cells, from its corner on. */
INLINE V max_cells(const hem__pool_shape *shape, const float *x, int rows, int columns)
{
    const size_t cell = (size_t)shape->C, row = (size_t)shape->W * cell;
    V best = v_load(x);
    for (int r = 0; r < rows; r++, x += row) {
        const float *at = x;
        for (int s = 0; s < columns; s++, at += cell)
            best = v_max(v_load(at), best);
    }
    return best;
}

INLINE V mean_cells(const hem__pool_shape *shape, const float *x, int rows, int columns)
{
    const size_t cell = (size_t)shape->C, row = (size_t)shape->W * cell;
    V sum = v_all(0);
    for (int r = 0; r < rows; r++, x += row) {
        const float *at = x;
        for (int s = 0; s < columns; s++, at += cell)
            sum += v_load(at);
    }
    return sum * v_all(1.0f / (float)(rows * columns));
}

/* Windows of 2 x 2 are what nearly everybody uses: known sizes unroll. */
INLINE V max_window(const hem__pool_shape *shape, const float *x, int rows, int columns)
{
    return rows == 2 && columns == 2 ? max_cells(shape, x, 2, 2)
                                     : max_cells(shape, x, rows, columns);
}

INLINE V mean_window(const hem__pool_shape *shape, const float *x, int rows, int columns)
{
    return rows == 2 && columns == 2 ? mean_cells(shape, x, 2, 2)
                                     : mean_cells(shape, x, rows, columns);
}

#define POOL(name, of)                                                                             \
    void TIER(name)(const hem__pool_shape *shape, const float *x, float *y)                        \
    {                                                                                              \
        const int P = shape->P, Q = shape->Q, C = shape->C;                                        \
        const float *end = y + (size_t)P * (size_t)Q * (size_t)C;                                  \
        for (int p = 0; p < P; p++) {                                                              \
            int top = p * shape->stride_y - shape->pad_y, r0, r1;                                  \
            clip(top, shape->R, shape->H, &r0, &r1);                                               \
            const float *row = x + (ptrdiff_t)(top + r0) * shape->W * C;                           \
            for (int q = 0; q < Q; q++, y += C) {                                                  \
                int left = q * shape->stride_x - shape->pad_x, s0, s1;                             \
                clip(left, shape->S, shape->W, &s0, &s1);                                          \
                const float *corner = row + (ptrdiff_t)(left + s0) * C;                            \
                for (int c = 0; c < C; c += VL)                                                    \
                    v_store_first(y + c, of(shape, corner + c, r1 - r0, s1 - s0), C - c, end);     \
            }                                                                                      \
        }                                                                                          \
    }
POOL(hem__single_maxpool, max_window)
POOL(hem__single_avgpool, mean_window)

/* ---- functions of a channel's numbers -----------------------------------------------------------
 */

void TIER(hem__single_softmax)(const float *x, float *y, int C, int pixels)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += C, y += C) {
        float most = x[0], sum = 0;
        for (int c = 1; c < C; c++)
            most = x[c] > most ? x[c] : most;
        for (int c = 0; c < C; c += VL)
            v_store_first(y + c, v_exp(v_load(x + c) - v_all(most)), C - c, y);
        for (int c = 0; c < C; c++)
            sum += y[c];
        for (int c = 0; c < C; c++)
            y[c] /= sum;
    }
}

void TIER(hem__single_prelu)(const float *x, const float *slope, int C, int pixels, float *y)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += C, y += C)
        for (int c = 0; c < C; c += VL) {
            V v = v_load(x + c);
            v_store_first(y + c, v_select(v > v_all(0), v, v_load(slope + c) * v), C - c, y);
        }
}

void TIER(hem__single_norm)(const float *x, const float *mean, const float *scale,
                            const float *shift, int C, int pixels, float *y)
{
    for (int pixel = 0; pixel < pixels; pixel++, x += C, y += C)
        for (int c = 0; c < C; c += VL)
            v_store_first(
                y + c,
                v_fma(v_load(x + c) - v_load(mean + c), v_load(scale + c), v_load(shift + c)),
                C - c, y);
}
