/* Convolution by Fourier transforms, for kernels so large that it pays: maps and weights become
 * spectra, all taps of a kernel become one product a frequency. Formulas, layouts and the order of
 * sums: kernel/contract_fft.h. The spectra of x are kept from the forward pass, those of dy from
 * the input gradient, for the weight gradient. */
#include <math.h>

#include "kernel/fft_size.h"
#include "layer/conv_algorithm.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

enum {
    ENTRY = 2 * HEM__LANES, /* numbers of a channel's entry in a spectrum */
    FREQUENCIES = 4         /* that a thread takes at least */
};

/* Smallest size of an axis at which nothing that is read is wrapped around; 0 = none is. */
static int axis_size(int size, int kernel, int pad, int outputs)
{
    int least = size + pad, other = outputs + kernel - 1 - pad;
    least = other > least ? other : least;
    return hem__fft_size(kernel > least ? kernel : least);
}

static int size_y(const hem__conv_shape *s)
{
    return axis_size(s->H, s->R, s->pad_y, s->P);
}

static int size_x(const hem__conv_shape *s)
{
    return axis_size(s->W, s->S, s->pad_x, s->Q);
}

/* Whether the algorithm suits a shape. Its outputs carry errors of the size of the
 * largest ones: where a small kernel sees an even background, direct sums are equal or 0 to the
 * last bit, which decides about relu's side and max-pooling's choice. So every output must see a
 * quarter of the map. */
static bool sees_enough(const hem__conv_shape *s)
{
    return 2 * s->R >= s->H && 2 * s->S >= s->W;
}

static size_t padded_weights(const hem__conv_shape *s)
{
    return ((size_t)s->C * (size_t)s->K + HEM__LANES - 1) / HEM__LANES * HEM__LANES;
}

/* ---- cost ------------------------------------------------------------------------------------ */

/* Memory that spectra may take: of weights and of their gradient, and of one tile. */
static const double MOST_NUMBERS = 8 << 20;

/* Fitted to bench/algorithms.c's measurements of whole layers (AVX2, batches of 32), which they
 * meet within 0.7 to 1.4: what a point of a transform in 16 lanes takes, one way, and a
 * multiply-add of a product, in multiply-adds of the direct algorithm. */
static const double POINT = 2.4 * HEM__LANES, PRODUCT = 0.7;

static double cost(const hem__conv_shape *s)
{
    const int ny = size_y(s), nx = size_x(s);
    if (s->stride_y != 1 || s->stride_x != 1 || ny == 0 || nx == 0 || !sees_enough(s))
        return (double)INFINITY;
    double C = s->C, K = s->K, half = nx / 2 + 1, F = half * ny;
    if (F * (4 * C * K + 32 * (2 * C + K)) > MOST_NUMBERS)
        return (double)INFINITY;
    double points = s->H / 2.0 * nx + F;
    /* x, y, dy, dx of each tile; weights forth and back once for two tiles */
    double transforms = 2 * (C + K) + C * K / HEM__LANES;
    return transforms / 3 * points * POINT + 4 * F * C * K * PRODUCT;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t frequencies(const hem__fft *f)
{
    return (size_t)hem__fft_before(f, f->x.n_half);
}

static hem__fft fft_of(const hem__conv_shape *s)
{
    hem__fft f;
    hem__fft_axis_init(size_y(s), &f.y);
    hem__fft_axis_init(size_x(s), &f.x);
    return f;
}

static void reserve(cell_t *cell, hem__arena *arena, int tiles, int n_threads, bool training)
{
    const hem__conv_shape *s = &cell->node->conv;
    const hem__fft f = fft_of(s);
    size_t F = frequencies(&f), weights = 2 * padded_weights(s);
    size_t tile = F * ENTRY * (size_t)tiles;
    cell->fft = hem__arena_take(arena, 1, sizeof *cell->fft);
    if (cell->fft)
        *cell->fft = f;
    cell->spectrum_w = hem__arena_take(arena, F * weights, sizeof(hem__real));
    cell->spectrum_x = hem__arena_take(arena, tile, (size_t)s->C * sizeof(hem__real));
    cell->spectrum_y = hem__arena_take(arena, tile, (size_t)s->K * sizeof(hem__real));
    /* not cell->dx: that is NULL for all while memory is counted */
    if (training && cell->graph->nodes[cell->node->inputs[0]].needs_grad)
        cell->spectrum_dx = hem__arena_take(arena, tile, (size_t)s->C * sizeof(hem__real));
    if (training)
        cell->spectrum_dw = hem__arena_take(arena, F * weights, sizeof(hem__real));
    /* 16 kernels, by tap and by kernel */
    size_t taps = (size_t)s->R * (size_t)s->S * HEM__LANES;
    cell->scratch = hem__arena_take(arena, (size_t)n_threads, sizeof *cell->scratch);
    for (int t = 0; t < n_threads; t++) {
        hem__real *slice = hem__arena_take(arena, 2 * taps, sizeof(hem__real));
        if (cell->scratch)
            cell->scratch[t] = slice;
    }
}

/* ---- weights --------------------------------------------------------------------------------- */

/* taps[tap][16] of n kernels of n_taps numbers; the other lanes are 0. */
static void gather(const hem__real *w, size_t n_taps, size_t n, hem__real *taps)
{
    for (size_t t = 0; t < n_taps; t++)
        for (size_t lane = 0; lane < HEM__LANES; lane++)
            taps[t * HEM__LANES + lane] = lane < n ? w[lane * n_taps + t] : 0;
}

static void prepare(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const hem__real *w = work->params + cell->graph->tensors[cell->node->weight].offset;
    const size_t M = padded_weights(s), n = (size_t)s->C * (size_t)s->K;
    const size_t n_taps = (size_t)s->R * (size_t)s->S;
    const hem__fft_layout at = hem__fft_weights(M);
    hem__real *taps = cell->scratch[work->thread];
    size_t g, last;
    hem__share(M / HEM__LANES, work->thread, work->n_threads, &g, &last);
    for (; g < last; g++) {
        size_t m = g * HEM__LANES;
        gather(w + m * n_taps, n_taps, n - m < HEM__LANES ? n - m : HEM__LANES, taps);
        work->kernels->fft(cell->fft, taps, s->R, s->S, HEM__LANES, cell->spectrum_w + m, &at);
    }
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* First number of channel c of a map of C channels, and the numbers between its pixels. */
static size_t channel_at(int C, int pixels, int c, size_t *step)
{
    int first = c - c % HEM__BLOCK;
    *step = (size_t)(C - first < HEM__BLOCK ? C - first : HEM__BLOCK) * HEM__LANES;
    return ((size_t)first * (size_t)pixels + (size_t)(c % HEM__BLOCK)) * HEM__LANES;
}

/* Spectra of all channels of maps; dealt out are (tile, channel). */
static void to_spectra(const cell_t *cell, const work_t *work, hem__shape map, const hem__real *x,
                       hem__real *spectra)
{
    size_t C = (size_t)map.C, i, last;
    hem__deal deal = hem__work_deal(work, (size_t)work->tiles * C, 1, 1);
    while (hem__deal_next(&deal, &i, &last)) {
        size_t tile = i / C, step;
        int c = (int)(i % C);
        const hem__fft_layout at = hem__fft_activation(map.C, c);
        size_t first = tile * hem__units(map) * HEM__LANES;
        first += channel_at(map.C, map.H * map.W, c, &step);
        work->kernels->fft(cell->fft, x + first, map.H, map.W, step,
                           spectra + tile * C * frequencies(cell->fft) * ENTRY, &at);
    }
}

/* Back again: the part of them that begins at pixel (first_y, first_x). `bias` and `mask` may be
 * NULL. */
static void from_spectra(const cell_t *cell, const work_t *work, hem__shape map, int first_y,
                         int first_x, const hem__real *spectra, const hem__real *bias, bool relu,
                         const hem__real *mask, hem__real *y)
{
    const hem__fft *f = cell->fft;
    hem__fft_window window = {(first_y + f->y.n) % f->y.n, (first_x + f->x.n) % f->x.n, map.H,
                              map.W, 0};
    size_t C = (size_t)map.C, i, last;
    hem__deal deal = hem__work_deal(work, (size_t)work->tiles * C, 1, 1);
    while (hem__deal_next(&deal, &i, &last)) {
        size_t tile = i / C, first = tile * hem__units(map) * HEM__LANES;
        int c = (int)(i % C);
        const hem__fft_layout at = hem__fft_activation(map.C, c);
        first += channel_at(map.C, map.H * map.W, c, &window.step);
        work->kernels->fft_back(f, spectra + tile * C * frequencies(f) * ENTRY, &at, &window,
                                bias ? bias[c] : 0, relu, mask ? mask + first : NULL, y + first);
    }
}

/* ---- products -------------------------------------------------------------------------------- */

/* A run of frequencies within a column: entries [entry, entry + n) of a column of `entries`, with
 * `before` frequencies before it. */
typedef struct run {
    size_t before, entries, entry, n;
} run;

/* The run that begins at frequency `at` and ends before `last` or with its column. */
static run run_at(const hem__fft *f, size_t at, size_t last)
{
    int j = 0;
    while ((size_t)hem__fft_before(f, j + 1) <= at)
        j++;
    run r = {(size_t)hem__fft_before(f, j), (size_t)hem__fft_entries(f, j), 0, 0};
    r.entry = at - r.before;
    r.n = r.entries - r.entry < last - at ? r.entries - r.entry : last - at;
    return r;
}

/* Where a run begins in the spectra of C channels. */
static size_t run_in(const run *r, int C)
{
    return (r->before * (size_t)C + r->entry) * ENTRY;
}

/* Spectra of n_out channels out of those of n_in; dealt out are the frequencies. */
static void multiply(const cell_t *cell, const work_t *work, hem__fft_product p, const hem__real *x,
                     hem__real *y)
{
    const size_t F = frequencies(cell->fft), M = padded_weights(&cell->node->conv);
    size_t at, last;
    p.a_im = M;
    p.a_entry = 2 * M;
    hem__deal deal = hem__work_deal(work, F, FREQUENCIES, 0);
    while (hem__deal_next(&deal, &at, &last))
        for (run r; at < last; at += r.n) {
            r = run_at(cell->fft, at, last);
            p.n_entries = (int)r.n;
            p.x_in = p.y_out = r.entries * ENTRY;
            for (size_t t = 0; t < (size_t)work->tiles; t++)
                work->kernels->fft_product(&p, cell->spectrum_w + at * 2 * M,
                                           x + t * (size_t)p.n_in * F * ENTRY + run_in(&r, p.n_in),
                                           y + t * (size_t)p.n_out * F * ENTRY +
                                               run_in(&r, p.n_out));
        }
}

static void forward(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const hem__real *bias =
        cell->node->bias < 0 ? NULL : work->params + cell->graph->tensors[cell->node->bias].offset;
    hem__fft_product p = {
        .n_out = s->K, .n_in = s->C, .conjugate = 1, .a_out = (size_t)s->C, .a_in = 1};
    to_spectra(cell, work, cell->in, cell->x, cell->spectrum_x);
    hem__work_meet(work);
    multiply(cell, work, p, cell->spectrum_x, cell->spectrum_y);
    hem__work_meet(work);
    from_spectra(cell, work, cell->out, -s->pad_y, -s->pad_x, cell->spectrum_y, bias,
                 cell->node->relu, NULL, cell->y);
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    hem__fft_product p = {.n_out = s->C, .n_in = s->K, .a_out = 1, .a_in = (size_t)s->C};
    to_spectra(cell, work, cell->out, cell->dy, cell->spectrum_y);
    hem__work_meet(work);
    multiply(cell, work, p, cell->spectrum_y, cell->spectrum_dx);
    hem__work_meet(work);
    from_spectra(cell, work, cell->in, s->pad_y, s->pad_x, cell->spectrum_dx, NULL, false,
                 cell->mask, cell->dx);
}

/* The spectrum of the weights' gradient; dealt out are the frequencies. */
static void multiply_for_weights(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const size_t F = frequencies(cell->fft), M = padded_weights(s);
    hem__fft_wgrad p = {.K = s->K,
                        .C = s->C,
                        .n_tiles = work->tiles,
                        .dy_tile = (size_t)s->K * F * ENTRY,
                        .x_tile = (size_t)s->C * F * ENTRY,
                        .M = M};
    size_t at, last;
    hem__deal deal = hem__work_deal(work, F, FREQUENCIES, 0);
    while (hem__deal_next(&deal, &at, &last))
        for (run r; at < last; at += r.n) {
            r = run_at(cell->fft, at, last);
            p.n_entries = (int)r.n;
            p.dy_channel = p.x_channel = r.entries * ENTRY;
            work->kernels->fft_wgrad(&p, cell->spectrum_x + run_in(&r, s->C),
                                     cell->spectrum_y + run_in(&r, s->K),
                                     cell->spectrum_dw + at * 2 * M);
        }
}

/* Adds the gradient to what is there, 16 kernels at a time. */
static void add_weights(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const hem__fft *f = cell->fft;
    const size_t M = padded_weights(s), n_taps = (size_t)s->R * (size_t)s->S;
    const hem__fft_layout at = hem__fft_weights(M);
    const hem__fft_window window = {(f->y.n - s->pad_y) % f->y.n, (f->x.n - s->pad_x) % f->x.n,
                                    s->R, s->S, HEM__LANES};
    const hem__tensor *tensor = &cell->graph->tensors[cell->node->weight];
    hem__real *taps = cell->scratch[work->thread], *kernels = taps + n_taps * HEM__LANES;
    size_t g, last;
    hem__deal deal = hem__work_deal(work, M / HEM__LANES, 1, 1);
    while (hem__deal_next(&deal, &g, &last)) {
        size_t first = g * HEM__LANES * n_taps, n = HEM__LANES * n_taps;
        work->kernels->fft_back(f, cell->spectrum_dw + g * HEM__LANES, &at, &window, 0, 0, NULL,
                                taps);
        work->kernels->transpose(taps, kernels, n_taps, 0, (int)n_taps);
        /* The last lanes may be nobody's: zeros, some of which meet the tensor's padding. */
        n = tensor->stored - first < n ? tensor->stored - first : n;
        work->kernels->add(work->grads + tensor->offset + first, kernels, n);
    }
}

static void weight_grad(const cell_t *cell, const work_t *work)
{
    if (!cell->dx) { /* no input gradient has left it */
        to_spectra(cell, work, cell->out, cell->dy, cell->spectrum_y);
        hem__work_meet(work);
    }
    multiply_for_weights(cell, work);
    hem__work_meet(work);
    add_weights(cell, work);
    HEM__R(hem__conv_bias_grad)(cell, work);
}

const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_fft) = {.name = "fft",
                                                           .cost = cost,
                                                           .reserve = reserve,
                                                           .prepare = prepare,
                                                           .forward = forward,
                                                           .input_grad = input_grad,
                                                           .weight_grad = weight_grad};
