/* Dense layers (their weight gradient: vector_gradient.c). Forward and input gradient are one sum,
 *   y[k][v] (+)= sum over n of w[k * w_row + n * w_step] * x[v][n * 16],
 * with other strides: forward k = output, n = input; input gradient k = input, n = output. Long
 * sums are cut so that the x of a piece stays in the first-level cache; a piece continues the sum
 * through y. */
#include "kernel/vector.h"

/* What all blocks of one piece of a sum have in common. */
typedef struct dense_sum {
    size_t n; /* terms */
    size_t w_row, w_step, y_row;
    size_t ahead; /* from a line of w to the next that is wanted; 0 = the hardware sees it coming */
    int go_on;    /* the sum begins with y, not with the bias or 0 */
    int relu;
} dense_sum;

typedef struct dense_span {
    const float *x, *w, *bias, *mask; /* bias and mask may be NULL; mask is laid out like y */
    float *y;
    size_t gap, y_gap; /* numbers between lane groups in x and in y */
    size_t ahead;      /* how far in front of w to prefetch; 0 = not */
} dense_span;

typedef void (*dense_block)(const dense_sum *, const dense_span *);

#if VG == 2
#define KB 1
#define NV 2
#include "kernel/block_dense.h"
#define KB 2
#define NV 2
#include "kernel/block_dense.h"
#define KB 4
#define NV 2
#include "kernel/block_dense.h"
#define KB 6
#define NV 2
#include "kernel/block_dense.h"
#define KB 1
#define NV 4
#include "kernel/block_dense.h"
#define KB 2
#define NV 4
#include "kernel/block_dense.h"
#if VL == 8
#define KB 3
#define NV 4
#include "kernel/block_dense.h"
#endif
#elif VG == 4
#define KB 1
#define NV 4
#include "kernel/block_dense.h"
#define KB 2
#define NV 4
#include "kernel/block_dense.h"
#define KB 4
#define NV 4
#include "kernel/block_dense.h"
#define KB 6
#define NV 4
#include "kernel/block_dense.h"
#define KB 1
#define NV 8
#include "kernel/block_dense.h"
#define KB 2
#define NV 8
#include "kernel/block_dense.h"
#define KB 3
#define NV 8
#include "kernel/block_dense.h"
#else
#define KB 1
#define NV 1
#include "kernel/block_dense.h"
#define KB 3
#define NV 1
#include "kernel/block_dense.h"
#define KB 6
#define NV 1
#include "kernel/block_dense.h"
#define KB 12
#define NV 1
#include "kernel/block_dense.h"
#define KB 1
#define NV 2
#include "kernel/block_dense.h"
#define KB 2
#define NV 2
#include "kernel/block_dense.h"
#define KB 4
#define NV 2
#include "kernel/block_dense.h"
#define KB 12
#define NV 2
#include "kernel/block_dense.h"
#endif

/* Blocks that take one lane group, and two; tallest first, the last takes one row. */
typedef struct dense_choice {
    int rows;
    dense_block run;
} dense_choice;

static const dense_choice BLOCKS[2][4] = {
#if VG == 2
    {{6, dense_6x2}, {4, dense_4x2}, {2, dense_2x2}, {1, dense_1x2}},
#if VL == 8
    {{3, dense_3x4}, {2, dense_2x4}, {1, dense_1x4}},
#else /* a product needs a register of its own */
    {{2, dense_2x4}, {1, dense_1x4}},
#endif
#elif VG == 4
    {{6, dense_6x4}, {4, dense_4x4}, {2, dense_2x4}, {1, dense_1x4}},
    {{3, dense_3x8}, {2, dense_2x8}, {1, dense_1x8}},
#else
    {{12, dense_12x1}, {6, dense_6x1}, {3, dense_3x1}, {1, dense_1x1}},
    {{12, dense_12x2}, {4, dense_4x2}, {2, dense_2x2}, {1, dense_1x2}},
#endif
};

/* Terms of a piece, measured. Backward each has a cache line of w besides two of x: 128 fill the
 * first cache. Forward w streams past, and longer pieces pay for the steps between them less. */
enum { FORWARD_PIECE = 264, BACKWARD_PIECE = 128 };

/* n terms in pieces of nearly the same length, a multiple of 16. */
static size_t piece_length(size_t n, size_t most)
{
    size_t pieces = (n + most - 1) / most;
    size_t length = pieces > 0 ? (n + pieces - 1) / pieces : most;
    return (length + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
}

/* All rows of one piece for one or two lane groups; `s` stands at the first row. */
static void dense_rows(const dense_sum *d, dense_span s, int groups, int n_rows)
{
    const dense_choice *blocks = BLOCKS[groups - 1];
    for (int choice = 0; n_rows > 0;) {
        if (blocks[choice].rows > n_rows) {
            choice++;
            continue;
        }
        size_t rows = (size_t)blocks[choice].rows;
        /* The first block of a line of w asks for the next. */
        s.ahead = (uintptr_t)s.w % 64 / sizeof(float) < rows ? d->ahead : 0;
        blocks[choice].run(d, &s);
        s.w += rows * d->w_row;
        s.y += rows * d->y_row;
        s.bias = s.bias != NULL ? s.bias + rows : NULL;
        s.mask = s.mask != NULL ? s.mask + rows * d->y_row : NULL;
        n_rows -= blocks[choice].rows;
    }
}

/* y[k] over all tiles, n_rows rows k from row0 on: the forward pass and the input gradient.
 * d.n is set to the length of the whole sum; x_tile and y_tile are the strides of tiles. */
static void dense_tiles(dense_sum d, const hem__dense_run *run, const float *x, size_t x_tile,
                        const float *w, const float *bias, int relu, const float *mask, float *y,
                        size_t y_tile, int row0, int n_rows)
{
    const size_t most = d.w_step == 1 ? FORWARD_PIECE : BACKWARD_PIECE;
    size_t length = piece_length(d.n, most), total = d.n, first = 0;
    d.y_row = HEM__LANES;
    do {
        bool last = first + length >= total;
        d.n = last ? total - first : length;
        d.go_on = first > 0;
        d.relu = last && relu;
        for (int t = 0; t < run->n_tiles; t += 2) {
            size_t at = (size_t)t * y_tile + (size_t)row0 * HEM__LANES;
            for (size_t lane = 0; lane < HEM__LANES; lane += GROUP) {
                dense_span s = {
                    .x = x + (size_t)t * x_tile + first * HEM__LANES + lane,
                    .w = w + (size_t)row0 * d.w_row + first * d.w_step,
                    .bias = bias != NULL ? bias + row0 : NULL,
                    .mask = last && mask != NULL ? mask + at + lane : NULL,
                    .y = y + at + lane,
                    .gap = x_tile,
                    .y_gap = y_tile,
                };
                dense_rows(&d, s, at_most(run->n_tiles - t, 2), n_rows);
            }
        }
        first += length;
    } while (first < total);
}

void TIER(hem__dense)(const hem__dense_run *run, const float *x, const float *w, const float *bias,
                      int relu, float *y, int o0, int o1)
{
    dense_sum d = {.n = (size_t)run->n_in, .w_row = run->ld_w, .w_step = 1};
    dense_tiles(d, run, x, run->in_tile, w, bias, relu, NULL, y, run->out_tile, o0, o1 - o0);
}

void TIER(hem__dense_igrad)(const hem__dense_run *run, const float *dy, const float *w,
                            const float *mask, float *dx, int i0, int i1)
{
    /* Neighbouring inputs share a cache line of every row of w: the next line is asked for early.
     */
    dense_sum d = {.n = (size_t)run->n_out, .w_row = 1, .w_step = run->ld_w, .ahead = HEM__ALIGN};
    dense_tiles(d, run, dy, run->out_tile, w, NULL, 0, mask, dx, run->in_tile, i0, i1 - i0);
}

void TIER(hem__transpose)(const float *x, float *xt, size_t ld, int u0, int u1)
{
    int u = u0;
    for (; u + SQUARE <= u1; u += SQUARE) {
        for (size_t lane = 0; lane < HEM__LANES; lane += SQUARE)
            v_transpose(x + (size_t)u * HEM__LANES + lane, xt + lane * ld + (size_t)u, ld);
    }
    for (; u < u1; u++) {
        for (size_t lane = 0; lane < HEM__LANES; lane++)
            xt[lane * ld + (size_t)u] = x[(size_t)u * HEM__LANES + lane];
    }
}

void TIER(hem__lane_sum)(const float *x, float *sum, int u0, int u1)
{
    int u = u0;
    for (; u + 4 <= u1; u += 4)
        v_add_fold4(sum + u, x + (size_t)u * HEM__LANES);
    if (u < u1) {
        float rows[4 * HEM__LANES] = {0};
        float sums[4] = {0};
        size_t left = (size_t)(u1 - u);
        for (size_t i = 0; i < left * HEM__LANES; i++)
            rows[i] = x[(size_t)u * HEM__LANES + i];
        v_add_fold4(sums, rows);
        for (size_t i = 0; i < left; i++)
            sum[(size_t)u + i] += sums[i];
    }
}
