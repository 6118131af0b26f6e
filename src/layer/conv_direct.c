/* The direct convolution: every tap that lies inside the image is one multiply-add. The input
 * gradient is the same kernel with the gradient of the output as input and flipped, transposed
 * weights: with a stride, one run for each phase of the stride, since input rows of one phase meet
 * the same kernel rows. */
#include <string.h>

#include "layer/conv_algorithm.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

/* Multiply-adds an image, taps on padding not counted. */
static double cost(const hem__conv_shape *s)
{
    return (double)hem__conv_useful_macs(s);
}

/* One axis of a phase. Input row i = phase + stride * j meets kernel rows r = first + stride * q,
 * for q < taps, at output row j + shift - q. Read with the taps reversed that is a convolution with
 * padding taps - 1 - shift. */
typedef struct axis {
    int first, taps, shift, count;
} axis;

static axis phase_axis(int phase, int size, int kernel, int stride, int pad)
{
    axis a;
    a.first = (phase + pad) % stride;
    a.taps = a.first < kernel ? (kernel - a.first + stride - 1) / stride : 0;
    a.shift = (phase + pad - a.first) / stride;
    a.count = phase < size ? (size - phase + stride - 1) / stride : 0;
    return a;
}

/* Phases that have an input row (or column): a stride may be larger than the image. */
static int phases(int stride, int size)
{
    return stride < size ? stride : size;
}

static hem__conv_run phase_run(const hem__conv_shape *s, int py, int px, axis *ay, axis *ax)
{
    *ay = phase_axis(py, s->H, s->R, s->stride_y, s->pad_y);
    *ax = phase_axis(px, s->W, s->S, s->stride_x, s->pad_x);
    return (hem__conv_run){.C = s->K,
                           .H = s->P,
                           .W = s->Q,
                           .K = s->C,
                           .R = ay->taps,
                           .S = ax->taps,
                           .rows = ay->count,
                           .cols = ax->count,
                           .step_y = 1,
                           .step_x = 1,
                           .pad_y = ay->taps - 1 - ay->shift,
                           .pad_x = ax->taps - 1 - ax->shift,
                           .OH = s->H,
                           .OW = s->W,
                           .out_y = py,
                           .out_x = px,
                           .out_step_y = s->stride_y,
                           .out_step_x = s->stride_x};
}

/* Numbers of a tile's own gradients: of the weight, then of the bias. */
static size_t tile_numbers(const cell_t *cell)
{
    const hem__tensor *tensors = cell->graph->tensors;
    const int bias = cell->node->bias;
    return tensors[cell->node->weight].stored + (bias < 0 ? 0 : tensors[bias].stored);
}

static void reserve(cell_t *cell, hem__arena *arena, int tiles, int n_threads, bool training)
{
    const size_t n = cell->graph->tensors[cell->node->weight].n;
    cell->packed = hem__arena_take(arena, n, sizeof(hem__real));
    const bool frozen = cell->graph->tensors[cell->node->weight].frozen;
    if (!training)
        return;
    cell->packed_grad = hem__arena_take(arena, n, sizeof(hem__real));
    /* where adding up the sums is less than fetching other threads' maps */
    if (!frozen && n_threads > 1 && tiles > 1 &&
        2 * n < (cell->in_units + cell->out_units) * HEM__LANES)
        cell->tile_grads =
            hem__arena_take(arena, (size_t)tiles * tile_numbers(cell), sizeof(hem__real));
}

/* Packs one register block (contract.h: [C/8][R][S][cb][kb]) of the run's output channels
 * [k0, k0 + kb). Weight of (output k, input c, tap r, s) is w[k*kd + c*cd + (r0 + r*dr)*S + s0 +
 * s*ds]. */
typedef struct strides {
    ptrdiff_t k, c, r, s;
} strides;

static void pack_block(const hem__conv_run *run, const hem__real *w, strides d, int k0, int kb,
                       hem__real *out)
{
    for (int c0 = 0; c0 < run->C; c0 += HEM__BLOCK) {
        int cb = run->C - c0 < HEM__BLOCK ? run->C - c0 : HEM__BLOCK;
        for (int r = 0; r < run->R; r++)
            for (int s = 0; s < run->S; s++)
                for (int c = 0; c < cb; c++)
                    for (int k = 0; k < kb; k++)
                        *out++ = w[(k0 + k) * d.k + (c0 + c) * d.c + r * d.r + s * d.s];
    }
}

/* Packs all register blocks; each thread takes its share of the channel blocks. */
static void pack(const hem__conv_run *run, const hem__real *w, strides d, hem__real *out,
                 int thread, int n_threads)
{
    size_t first, last;
    hem__share((size_t)hem__blocks(run->K), thread, n_threads, &first, &last);
    size_t each = (size_t)run->C * (size_t)run->R * (size_t)run->S;
    for (int b = (int)first; b < (int)last; b++) {
        int end = (b + 1) * HEM__BLOCK < run->K ? (b + 1) * HEM__BLOCK : run->K;
        for (int k = b * HEM__BLOCK; k < end;) {
            int kb = hem__register_block(end - k);
            pack_block(run, w, d, k, kb, out + (size_t)k * each);
            k += kb;
        }
    }
}

static void prepare(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const hem__real *w = work->params + cell->graph->tensors[cell->node->weight].offset;
    const ptrdiff_t per_c = (ptrdiff_t)s->R * s->S, per_k = per_c * s->C;
    hem__conv_run run = hem__conv_forward(s);
    pack(&run, w, (strides){per_k, per_c, s->S, 1}, cell->packed, work->thread, work->n_threads);
    if (!cell->packed_grad || !cell->dx)
        return;
    hem__real *out = cell->packed_grad;
    for (int py = 0; py < phases(s->stride_y, s->H); py++)
        for (int px = 0; px < phases(s->stride_x, s->W); px++) {
            axis ay, ax;
            run = phase_run(s, py, px, &ay, &ax);
            size_t n = (size_t)run.C * (size_t)run.K * (size_t)run.R * (size_t)run.S;
            if (n == 0)
                continue;
            /* tap 0 of the reversed order is the last kernel row and column of the phase */
            const hem__real *last = w + (ay.first + (ay.taps - 1) * s->stride_y) * (ptrdiff_t)s->S +
                                    ax.first + (ax.taps - 1) * (ptrdiff_t)s->stride_x;
            strides d = {per_c, per_k, -(ptrdiff_t)s->stride_y * s->S, -(ptrdiff_t)s->stride_x};
            pack(&run, last, d, out, work->thread, work->n_threads);
            out += n;
        }
}

/* Runs a convolution; dealt out are (tile, channel block, row). */
static void run_dealt(const work_t *work, const hem__conv_run *run, const hem__real *x,
                      size_t x_tile, const hem__real *w, const hem__real *bias, bool relu,
                      const hem__real *mask, hem__real *y, size_t y_tile)
{
    size_t rows = (size_t)run->rows, blocks = (size_t)hem__blocks(run->K), i, last;
    hem__deal deal = hem__work_deal(work, (size_t)work->tiles * blocks * rows, 1, rows);
    while (hem__deal_next(&deal, &i, &last)) {
        size_t tile = i / (blocks * rows), b = i / rows % blocks, row = i % rows;
        work->kernels->conv(run, x + tile * x_tile, w, bias, relu,
                            mask ? mask + tile * y_tile : NULL, y + tile * y_tile, (int)b,
                            (int)b + 1, (int)row, (int)(row + last - i));
    }
}

static const hem__real *bias_of(const cell_t *cell, const work_t *work)
{
    int bias = cell->node->bias;
    return bias < 0 ? NULL : work->params + cell->graph->tensors[bias].offset;
}

static void forward(const cell_t *cell, const work_t *work)
{
    hem__conv_run run = hem__conv_forward(&cell->node->conv);
    run_dealt(work, &run, cell->x, cell->in_units * HEM__LANES, cell->packed, bias_of(cell, work),
              cell->node->relu, NULL, cell->y, cell->out_units * HEM__LANES);
}

/* The strip is all of y for the kernel: a map of one channel block and these rows alone. */
static void forward_rows(const cell_t *cell, const work_t *work, const HEM__R(hem__strip) * in,
                         const HEM__R(hem__strip) * out)
{
    (void)in;
    hem__conv_run run = hem__conv_forward(&cell->node->conv);
    size_t k0 = (size_t)out->block * HEM__BLOCK;
    size_t each = (size_t)run.C * (size_t)run.R * (size_t)run.S;
    const hem__real *bias = bias_of(cell, work);
    run.K = hem__block_of(run.K, out->block);
    run.cols = run.OW = out->columns;
    run.OH = out->n;
    run.out_y = -out->first;
    work->kernels->conv(&run, cell->x + (size_t)out->tile * cell->in_units * HEM__LANES,
                        cell->packed + k0 * each, bias ? bias + k0 : NULL, cell->node->relu, NULL,
                        out->at, 0, 1, out->first, out->first + out->n);
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const hem__real *w = cell->packed_grad;
    for (int py = 0; py < phases(s->stride_y, s->H); py++)
        for (int px = 0; px < phases(s->stride_x, s->W); px++) {
            axis ay, ax;
            hem__conv_run run = phase_run(s, py, px, &ay, &ax);
            run_dealt(work, &run, cell->dy, cell->out_units * HEM__LANES, w, NULL, false,
                      cell->mask, cell->dx, cell->in_units * HEM__LANES);
            w += (size_t)run.C * (size_t)run.K * (size_t)run.R * (size_t)run.S;
        }
}

void HEM__R(hem__conv_bias_grad)(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    if (cell->node->bias < 0)
        return;
    hem__real *db = work->grads + cell->graph->tensors[cell->node->bias].offset;
    size_t b0, b1;
    hem__share((size_t)hem__blocks(s->K), work->thread, work->n_threads, &b0, &b1);
    for (int t = 0; t < work->tiles && b0 < b1; t++)
        work->kernels->conv_bgrad(s, cell->dy + (size_t)t * cell->out_units * HEM__LANES, db,
                                  (int)b0, (int)b1);
}

/* Items of the weight gradient; whether they go two by two. */
static size_t weight_items(const hem__conv_shape *s, bool *paired)
{
    const size_t of_block = (size_t)s->R * (size_t)hem__blocks(s->C);
    *paired = (size_t)hem__wgrad_wide_items(s) >= 2 * of_block;
    return (size_t)hem__blocks(s->K) * of_block;
}

static void tile_weights(const cell_t *cell, const work_t *work, size_t t, size_t first,
                         size_t last, hem__real *dw)
{
    work->kernels->conv_wgrad(&cell->node->conv, cell->x + t * cell->in_units * HEM__LANES,
                              cell->dy + t * cell->out_units * HEM__LANES, dw, (int)first,
                              (int)last);
}

/* Into how many parts tiles are cut, so that the threads' last parts leave at most an eighth of the
 * time unused. More would turn dy more often (vector_wgrad_wide.c). */
static size_t parts_of(size_t tiles, size_t threads)
{
    size_t parts = 1;
    while (8 * tiles * parts < 7 * threads * ((tiles * parts + threads - 1) / threads))
        parts++;
    return parts;
}

/* Threads take tiles of their own, whose maps they have mostly made. */
static void grads_by_tile(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const size_t of_weight = cell->graph->tensors[cell->node->weight].stored;
    const size_t tiles = (size_t)work->tiles, parts = parts_of(tiles, (size_t)work->n_threads);
    bool paired;
    const size_t items = weight_items(s, &paired), pair = paired ? 2 : 1, pairs = items / pair;
    size_t i, next;
    hem__deal deal = hem__work_deal(work, tiles * parts, 1, 1);
    while (hem__deal_next(&deal, &i, &next)) {
        const size_t t = i / parts, part = i % parts;
        const size_t end = part + 1 == parts ? items : pairs * (part + 1) / parts * pair;
        hem__real *own = cell->tile_grads + t * tile_numbers(cell);
        tile_weights(cell, work, t, pairs * part / parts * pair, end, own);
        if (part == 0 && cell->node->bias >= 0)
            work->kernels->conv_bgrad(s, cell->dy + t * cell->out_units * HEM__LANES,
                                      own + of_weight, 0, hem__blocks(s->K));
    }
}

/* Adds the thread's part of a tensor's gradients by tile, which lie `from` numbers into each
 * tile's, in the order of tiles. */
static void add_tiles(const cell_t *cell, const work_t *work, int tensor, size_t from)
{
    const hem__tensor *t = &cell->graph->tensors[tensor];
    size_t first, last;
    hem__share(t->stored / HEM__ALIGN, work->thread, work->n_threads, &first, &last);
    first *= HEM__ALIGN;
    const size_t n = last * HEM__ALIGN - first;
    for (size_t tile = 0; tile < (size_t)work->tiles; tile++) {
        hem__real *own = cell->tile_grads + tile * tile_numbers(cell) + from + first;
        work->kernels->add(work->grads + t->offset + first, own, n);
        memset(own, 0, n * sizeof *own);
    }
}

static void weight_grad(const cell_t *cell, const work_t *work)
{
    hem__real *dw = work->grads + cell->graph->tensors[cell->node->weight].offset;
    bool paired;
    const size_t items = weight_items(&cell->node->conv, &paired);
    size_t first, last;
    if (cell->tile_grads) {
        grads_by_tile(cell, work);
        hem__work_meet(work);
        add_tiles(cell, work, cell->node->weight, 0);
        if (cell->node->bias >= 0)
            add_tiles(cell, work, cell->node->bias,
                      cell->graph->tensors[cell->node->weight].stored);
        return;
    }
    HEM__R(hem__conv_bias_grad)(cell, work);
    hem__deal deal = hem__work_deal(work, items, paired ? 2 : 1, 0);
    while (hem__deal_next(&deal, &first, &last))
        for (size_t t = 0; t < (size_t)work->tiles; t++)
            tile_weights(cell, work, t, first, last, dw);
}

const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_direct) = {.name = "direct",
                                                              .cost = cost,
                                                              .reserve = reserve,
                                                              .prepare = prepare,
                                                              .forward = forward,
                                                              .forward_rows = forward_rows,
                                                              .input_grad = input_grad,
                                                              .weight_grad = weight_grad};
