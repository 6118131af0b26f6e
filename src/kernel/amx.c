/* The tier amx: AVX-512's kernels, but the products of dense layers (also of convolutions that run
 * as such) from factors rounded to bfloat16, on the tile registers of Intel's AMX. A tile register
 * holds 16 rows of 32 bfloat16, or of 16 sums in float. A product of two takes
 *   left   [16 rows][32 terms]              as it lies, and
 *   right  [16 pairs of terms][16 columns]  the terms 2 k and 2 k + 1 of a column side by side,
 * and adds, to each of 16 x 16 sums, the even terms' products and the odd ones'. What the layers
 * hold in float is rounded into panels of such tiles on the stack, a piece of the terms at a time:
 *
 *                      rows (left)        terms                 columns (right)
 *   forward            outputs            inputs                images of a tile
 *   input gradient     images of a tile   outputs               inputs
 *   weight gradient    outputs            images of all tiles   inputs
 *
 * Two left panels by two right ones give 2 x 2 blocks of sums, which go to their place in memory
 * and come back from there for the next piece.
 *
 * Order of sums: a sum begins at 0 (where a gradient is added to, there) and takes 32 terms at a
 * time in order, in the weight gradient two tiles of images: the sum of the even and that of the
 * odd products; then the bias. How terms are cut into pieces changes nothing. Rounding is to
 * nearest, ties to even; numbers below 2^-126 count as 0. */
#include <string.h>

#include "kernel/amx.h"
#include "kernel/amx_tiles.h"

enum {
    TERMS = 32,           /* of one product of tile registers */
    PIECE = 8,            /* most tiles of terms in a panel */
    WIDE = 2 * TILE_ROWS, /* two tile registers side by side */
    BLOCK = TILE_ROWS * TILE_ROWS,
    CHUNK = 4,   /* tiles of images that are done together */
    GROUP = 256, /* outputs that a panel of inputs serves in the weight gradient */
    PANEL = 128  /* most inputs of one */
};

#ifdef HEM_AMX_EMULATED
extern const hem__kernels_f32 hem__kernels_portable;
#define BASE hem__kernels_portable
#define MAKE hem__amx_make_emulated
#else
extern const hem__kernels_f32 hem__kernels_avx512;
#define BASE hem__kernels_avx512
#define MAKE hem__amx_make
#endif

/* Of its own such a function would get through memory what its caller has in registers. */
#define INLINE static inline __attribute__((always_inline))

static int at_most(int a, int b)
{
    return a < b ? a : b;
}

static int up_to(int n, int multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* The size of the parts when n is cut into as few as can be: a multiple of `unit`, <= `most`. */
static int part_of(int n, int most, int unit)
{
    const int parts = (n + most - 1) / most;
    return up_to((n + parts - 1) / parts, unit);
}

/* ---- panels ---------------------------------------------------------------------------------- */

/* Tiles that hold n terms. */
static int tiles_of(int n)
{
    return (n + TERMS - 1) / TERMS;
}

/* How many of the 16 numbers from `first` on are below n. */
static int there(int n, int first)
{
    return n <= first ? 0 : at_most(n - first, TILE_ROWS);
}

/* A left panel of n terms from rows of x that are `ld` apart. Rows behind the last are the last. */
static void put_left(tile *panel, const float *x, size_t ld, int rows, int n)
{
    for (int r = 0; r < TILE_ROWS; r++) {
        const float *row = x + (size_t)at_most(r, rows - 1) * ld;
        int k = 0;
        for (; k + TERMS <= n; k += TERMS)
            tile_put_row(panel[k / TERMS].row[r], row + k, TILE_ROWS, row + k + TILE_ROWS,
                         TILE_ROWS);
        if (k < n)
            tile_put_row(panel[k / TERMS].row[r], row + k, there(n, k), row + k + TILE_ROWS,
                         there(n, k + TILE_ROWS));
    }
}

/* The row of a right panel for terms k and k + 1. */
INLINE uint32_t *pairs_at(tile *panel, int k)
{
    return panel[(unsigned)k / TERMS].row[(unsigned)k % TERMS / 2];
}

/* A right panel of n terms, rows of x that are `ld` apart, of which only `columns` are there; where
 * that is more than 16, two panels, `apart` tiles from each other. */
INLINE void put_right(tile *panel, size_t apart, const float *x, size_t ld, int n, int columns)
{
    const int first = at_most(columns, TILE_ROWS), second = columns - first;
    int k = 0;
    for (; k + 2 <= n; k += 2, x += 2 * ld) {
        tile_put_pairs(pairs_at(panel, k), x, first, x + ld, first);
        if (second > 0)
            tile_put_pairs(pairs_at(panel + apart, k), x + TILE_ROWS, second, x + ld + TILE_ROWS,
                           second);
    }
    for (; k < tiles_of(n) * TERMS; k += 2) {
        tile_put_pairs(pairs_at(panel, k), x, k < n ? first : 0, x, 0);
        if (second > 0)
            tile_put_pairs(pairs_at(panel + apart, k), x + TILE_ROWS, k < n ? second : 0, x, 0);
    }
}

/* ---- products -------------------------------------------------------------------------------- */

/* 2 x 2 blocks of 16 x 16 sums in memory, of which some rows and 16 or 32 columns are there. */
typedef struct area {
    float *to;
    size_t ld, down, across; /* numbers from a row, from a block to the next */
    int rows, columns;
} area;

/* Two left panels by two right ones, n tiles long, those of a pair `apart` tiles from each other.
 * Sums go on from what is there where `add`. Blocks are whole or not there. */
INLINE void multiply_whole(const tile *left, const tile *right, size_t apart, int n,
                           const area *sums, bool add)
{
    const bool lower = sums->rows > TILE_ROWS, other = sums->columns > TILE_ROWS;
    const size_t row = sums->ld * sizeof(float);
    float *to0 = sums->to, *to1 = to0 + sums->across, *to2 = to0 + sums->down;
    float *to3 = to2 + sums->across;
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    if (add)
        TILE_LOAD(0, to0, row);
    if (add && other)
        TILE_LOAD(1, to1, row);
    if (add && lower)
        TILE_LOAD(2, to2, row);
    if (add && lower && other)
        TILE_LOAD(3, to3, row);
    for (int k = 0; k < n; k++) {
        TILE_LOAD(4, left + k, TILE_BYTES);
        TILE_LOAD(6, right + k, TILE_BYTES);
        TILE_PRODUCT(0, 4, 6);
        if (other) {
            TILE_LOAD(7, right + apart + k, TILE_BYTES);
            TILE_PRODUCT(1, 4, 7);
        }
        if (lower) {
            TILE_LOAD(5, left + apart + k, TILE_BYTES);
            TILE_PRODUCT(2, 5, 6);
        }
        if (lower && other)
            TILE_PRODUCT(3, 5, 7);
    }
    TILE_STORE(0, to0, row);
    if (other)
        TILE_STORE(1, to1, row);
    if (lower)
        TILE_STORE(2, to2, row);
    if (lower && other)
        TILE_STORE(3, to3, row);
}

/* The rows of `to` that are there, from the same places of `from`. */
static void copy_rows(const area *from, const area *to)
{
    for (int r = 0; r < to->rows; r++) {
        const unsigned down = (unsigned)r / TILE_ROWS, row = (unsigned)r % TILE_ROWS;
        const float *a = from->to + down * from->down + row * from->ld;
        float *b = to->to + down * to->down + row * to->ld;
        memcpy(b, a, TILE_BYTES);
        if (to->columns > TILE_ROWS)
            memcpy(b + to->across, a + from->across, TILE_BYTES);
    }
}

/* As multiply_whole, where a block is not whole: beside its place. */
static void multiply_beside(const tile *left, const tile *right, size_t apart, int n,
                            const area *sums, bool add)
{
    _Alignas(64) float blocks[4 * BLOCK] = {0};
    area spare = {blocks, TILE_ROWS, 2 * BLOCK, BLOCK, sums->rows, sums->columns};
    if (add)
        copy_rows(sums, &spare);
    spare.rows = up_to(sums->rows, TILE_ROWS);
    multiply_whole(left, right, apart, n, &spare, add);
    copy_rows(&spare, sums);
}

INLINE void multiply(const tile *left, const tile *right, size_t apart, int n, const area *sums,
                     bool add)
{
    if (sums->rows % TILE_ROWS == 0)
        multiply_whole(left, right, apart, n, sums, add);
    else
        multiply_beside(left, right, apart, n, sums, add);
}

/* ---- forward --------------------------------------------------------------------------------- */

/* Adds the bias and cuts off what is negative, for outputs [o0, o1) of one tile. */
static void finish(const float *bias, int relu, float *y, int o0, int o1)
{
    for (int o = o0; o < o1 && bias; o++) {
        const float b = bias[o];
        for (int l = 0; l < HEM__LANES; l++)
            y[o * HEM__LANES + l] += b;
    }
    for (int i = o0 * HEM__LANES; i < o1 * HEM__LANES && relu; i++)
        y[i] = y[i] > 0 ? y[i] : 0;
}

/* Up to CHUNK tiles of images, a piece of the terms after the other. */
static void dense_chunk(const hem__dense_run *run, int tiles, const float *x, const float *w,
                        const float *bias, int relu, float *y, int o0, int o1)
{
    tile left[2][PIECE], right[CHUNK][PIECE];
    const int piece = part_of(run->n_in, PIECE * TERMS, TERMS);
    for (int first = 0; first < run->n_in; first += piece) {
        const int n = at_most(run->n_in - first, piece);
        for (int t = 0; t < tiles; t++)
            put_right(right[t], 0, x + (size_t)t * run->in_tile + (size_t)first * HEM__LANES,
                      HEM__LANES, n, HEM__LANES);
        for (int o = o0; o < o1; o += WIDE) {
            const int end = at_most(o + WIDE, o1);
            for (int at = o; at < end; at += TILE_ROWS)
                put_left(left[(at - o) / TILE_ROWS], w + (size_t)at * run->ld_w + first, run->ld_w,
                         end - at, n);
            for (int t = 0; t < tiles; t += 2) {
                const area sums = {.to = y + (size_t)t * run->out_tile + (size_t)o * HEM__LANES,
                                   .ld = HEM__LANES,
                                   .down = TILE_ROWS * HEM__LANES,
                                   .across = run->out_tile,
                                   .rows = end - o,
                                   .columns = at_most(tiles - t, 2) * HEM__LANES};
                multiply(left[0], right[t], PIECE, tiles_of(n), &sums, first > 0);
            }
            for (int t = 0; t < tiles && first + n == run->n_in; t++)
                finish(bias, relu, y + (size_t)t * run->out_tile, o, end);
        }
    }
}

static void dense(const hem__dense_run *run, const float *x, const float *w, const float *bias,
                  int relu, float *y, int o0, int o1)
{
    tiles_begin();
    for (int t = 0; t < run->n_tiles; t += CHUNK)
        dense_chunk(run, at_most(run->n_tiles - t, CHUNK), x + (size_t)t * run->in_tile, w, bias,
                    relu, y + (size_t)t * run->out_tile, o0, o1);
    tiles_end();
}

/* ---- input gradient -------------------------------------------------------------------------- */

/* A left panel of dy of n outputs, one tile's images as rows: a right one with its tiles turned. */
static void put_images(tile *panel, const float *dy, int n)
{
    tile right[PIECE];
    put_right(right, 0, dy, HEM__LANES, n, HEM__LANES);
    for (int k = 0; k < tiles_of(n); k++)
        BASE.transpose(right[k].words, panel[k].words, TILE_ROWS, 0, TILE_ROWS);
}

/* Rows of dx from the sums of one tile: turned, and 0 where the mask says so. */
static void put_inputs(const float *sums, const float *mask, float *dx, int rows)
{
    _Alignas(64) float turned[TILE_ROWS * HEM__LANES];
    float *to = rows < TILE_ROWS ? turned : dx;
    BASE.transpose(sums, to, HEM__LANES, 0, TILE_ROWS);
    if (to != dx)
        memcpy(dx, to, (size_t)rows * HEM__LANES * sizeof(float));
    for (int i = 0; i < rows * HEM__LANES && mask; i++)
        dx[i] = mask[i] > 0 ? dx[i] : 0;
}

/* A piece's part of inputs [i, i1), at most 32, of one or two tiles of images. The sums of an
 * earlier piece wait in dx. */
static void multiply_images(const tile *left, const tile *right, int n, bool add, const float *mask,
                            float *dx, size_t in_tile, int tiles, int i, int i1)
{
    _Alignas(64) float blocks[4 * BLOCK];
    const area sums = {blocks, TILE_ROWS,         2 * BLOCK,
                       BLOCK,  tiles * TILE_ROWS, up_to(i1 - i, TILE_ROWS)};
    if (add)
        memset(blocks, 0, sizeof blocks);
    for (int t = 0; t < tiles && add; t++)
        for (int at = i, b = 2 * t; at < i1; at += TILE_ROWS, b++)
            BASE.transpose(dx + (size_t)t * in_tile + (size_t)at * HEM__LANES, blocks + b * BLOCK,
                           TILE_ROWS, 0, there(i1, at));
    multiply_whole(left, right, PIECE, n, &sums, add);
    for (int t = 0; t < tiles; t++)
        for (int at = i, b = 2 * t; at < i1; at += TILE_ROWS, b++) {
            const size_t to = (size_t)t * in_tile + (size_t)at * HEM__LANES;
            put_inputs(blocks + b * BLOCK, mask ? mask + to : NULL, dx + to, there(i1, at));
        }
}

/* Up to CHUNK tiles of images, a piece of the terms after the other. */
static void igrad_chunk(const hem__dense_run *run, int tiles, const float *dy, const float *w,
                        const float *mask, float *dx, int i0, int i1)
{
    tile left[CHUNK][PIECE], right[2][PIECE];
    const int piece = part_of(run->n_out, PIECE * TERMS, TERMS);
    for (int first = 0; first < run->n_out; first += piece) {
        const int n = at_most(run->n_out - first, piece);
        const bool last = first + n == run->n_out;
        for (int t = 0; t < tiles; t++)
            put_images(left[t], dy + (size_t)t * run->out_tile + (size_t)first * HEM__LANES, n);
        for (int i = i0; i < i1; i += WIDE) {
            put_right(right[0], PIECE, w + (size_t)first * run->ld_w + (size_t)i, run->ld_w, n,
                      at_most(i1 - i, WIDE));
            for (int t = 0; t < tiles; t += 2) {
                const size_t at = (size_t)t * run->in_tile;
                multiply_images(left[t], right[0], tiles_of(n), first > 0,
                                last && mask ? mask + at : NULL, dx + at, run->in_tile,
                                at_most(tiles - t, 2), i, at_most(i + WIDE, i1));
            }
        }
    }
}

static void dense_igrad(const hem__dense_run *run, const float *dy, const float *w,
                        const float *mask, float *dx, int i0, int i1)
{
    tiles_begin();
    for (int t = 0; t < run->n_tiles; t += CHUNK) {
        const size_t in = (size_t)t * run->in_tile;
        igrad_chunk(run, at_most(run->n_tiles - t, CHUNK), dy + (size_t)t * run->out_tile, w,
                    mask ? mask + in : NULL, dx + in, i0, i1);
    }
    tiles_end();
}

/* ---- weight gradient ------------------------------------------------------------------------- */

/* Of up to CHUNK tiles of images: GROUP outputs and PANEL inputs, 16 after the other, each of
 * `terms` tiles. */
typedef struct gradient_panels {
    int terms;
    tile left[GROUP / TILE_ROWS * CHUNK / 2], right[PANEL / TILE_ROWS * CHUNK / 2];
} gradient_panels;

/* Left panels of outputs [o0, o1), their terms images of `tiles` tiles. Rows behind the last are
 * the last. */
static void put_gradients(const hem__dense_run *run, int tiles, const float *dy, int o0, int o1,
                          gradient_panels *panels)
{
    panels->terms = (tiles + 1) / 2;
    for (int t = 0; t < tiles; t += 2) {
        const float *x = dy + (size_t)t * run->out_tile, *next = x + run->out_tile;
        const int n = t + 1 < tiles ? HEM__LANES : 0;
        for (int o = o0; o < o0 + up_to(o1 - o0, TILE_ROWS); o++) {
            const size_t at = (size_t)at_most(o, o1 - 1) * HEM__LANES;
            const unsigned row = (unsigned)(o - o0);
            tile *to = &panels->left[(int)(row / TILE_ROWS) * panels->terms + t / 2];
            tile_put_row(to->row[row % TILE_ROWS], x + at, HEM__LANES, n ? next + at : x, n);
        }
    }
}

/* Right panels of inputs [i0, i1). */
static void put_inputs_across(int tiles, const float *xt, size_t ld_xt, int i0, int i1,
                              gradient_panels *panels)
{
    for (int i = i0; i < i1; i += TILE_ROWS)
        put_right(&panels->right[(i - i0) / TILE_ROWS * panels->terms], 0, xt + i, ld_xt,
                  tiles * HEM__LANES, TILE_ROWS);
}

/* g of `outputs` outputs from `from` on in the panels and of `inputs` inputs. */
static void multiply_gradients(const gradient_panels *panels, int from, int outputs, int inputs,
                               bool add, float *g, size_t ld_g)
{
    const int terms = panels->terms;
    for (int o = 0; o < outputs; o += WIDE)
        for (int i = 0; i < inputs; i += WIDE) {
            const area sums = {.to = g + (size_t)o * ld_g + (size_t)i,
                               .ld = ld_g,
                               .down = TILE_ROWS * ld_g,
                               .across = TILE_ROWS,
                               .rows = at_most(outputs - o, WIDE),
                               .columns = at_most(inputs - i, WIDE)};
            multiply(&panels->left[(from + o) / TILE_ROWS * terms],
                     &panels->right[i / TILE_ROWS * terms], (size_t)terms, terms, &sums, add);
        }
}

/* The weight gradient between tiles_begin and tiles_end. */
static void gradients(const hem__dense_run *run, gradient_panels *panels, const float *dy,
                      const float *xt, size_t ld_xt, float *g, size_t ld_g, bool accumulate, int o0,
                      int o1, int i0, int i1)
{
    for (int t = 0; t < run->n_tiles; t += CHUNK) {
        const int tiles = at_most(run->n_tiles - t, CHUNK);
        for (int o = o0; o < o1; o += GROUP) {
            const int end = at_most(o + GROUP, o1);
            put_gradients(run, tiles, dy + (size_t)t * run->out_tile, o, end, panels);
            for (int i = i0; i < i1; i += PANEL) {
                const int inputs = at_most(i1 - i, PANEL);
                put_inputs_across(tiles, xt + (size_t)t * HEM__LANES * ld_xt, ld_xt, i, i + inputs,
                                  panels);
                multiply_gradients(panels, 0, end - o, inputs, accumulate || t > 0,
                                   g + (size_t)(o - o0) * ld_g + (size_t)(i - i0), ld_g);
            }
        }
    }
}

static void dense_wgrad(const hem__dense_run *run, const float *dy, const float *xt, size_t ld_xt,
                        float *g, size_t ld_g, int accumulate, int o0, int o1, int i0, int i1)
{
    gradient_panels panels;
    tiles_begin();
    gradients(run, &panels, dy, xt, ld_xt, g, ld_g, accumulate != 0, o0, o1, i0, i1);
    tiles_end();
}

/* ---- weight gradient and update ---------------------------------------------------------------
 */

/* Gradients of 32 outputs and a panel of inputs at a time, which stay in the first cache, then
 * their weights. Images of more than one chunk have no panels that could wait for all outputs. */
static void dense_update(int optimizer, size_t slots, const hem__dense_run *run, const float *dy,
                         const float *xt, size_t ld_xt, float *w, float *state,
                         const hem__update *u, int o0, int o1)
{
    enum { LD = PANEL + TILE_ROWS };
    _Alignas(64) float g[WIDE][LD];
    gradient_panels panels;
    const int width = (int)run->ld_w, tiles = run->n_tiles;
    const int panel = part_of(width, PANEL, HEM__ALIGN);
    const bool at_once = tiles <= CHUNK;
    tiles_begin();
    for (int group = o0; group < o1; group += GROUP) {
        const int group_end = at_most(group + GROUP, o1);
        if (at_once)
            put_gradients(run, tiles, dy, group, group_end, &panels);
        for (int i = 0; i < width; i += panel) {
            const int inputs = at_most(width - i, panel);
            if (at_once)
                put_inputs_across(tiles, xt, ld_xt, i, i + inputs, &panels);
            for (int o = group; o < group_end; o += WIDE) {
                const int end = at_most(o + WIDE, group_end);
                if (at_once)
                    multiply_gradients(&panels, o - group, up_to(end - o, TILE_ROWS), inputs, false,
                                       g[0], LD);
                else
                    gradients(run, &panels, dy, xt, ld_xt, g[0], LD, false, o, end, i, i + inputs);
                for (int row = o; row < end; row++) {
                    const size_t at = (size_t)row * run->ld_w + (size_t)i;
                    BASE.update[optimizer](w + at, g[row - o], state + slots * at, (size_t)inputs,
                                           u);
                }
            }
        }
    }
    tiles_end();
}

#define UPDATE(name, optimizer, slots)                                                             \
    static void dense_update_##name(const hem__dense_run *run, const float *dy, const float *xt,   \
                                    size_t ld_xt, float *w, float *state, const hem__update *u,    \
                                    int o0, int o1)                                                \
    {                                                                                              \
        dense_update(optimizer, slots, run, dy, xt, ld_xt, w, state, u, o0, o1);                   \
    }

UPDATE(sgd, 0, 0)
UPDATE(momentum, 1, 1)
UPDATE(nesterov, 2, 1)
UPDATE(adam, 3, 2)
UPDATE(adamw, 4, 2)
UPDATE(rmsprop, 5, 2)

/* ---- the table ------------------------------------------------------------------------------- */

void MAKE(hem__kernels_f32 *table)
{
    static void (*const updates[HEM__N_UPDATES])(const hem__dense_run *, const float *,
                                                 const float *, size_t, float *, float *,
                                                 const hem__update *, int, int) = {
        dense_update_sgd,  dense_update_momentum, dense_update_nesterov,
        dense_update_adam, dense_update_adamw,    dense_update_rmsprop};
    *table = BASE;
    table->name = "amx";
    table->dense_rows = WIDE;
    table->dense = dense;
    table->dense_igrad = dense_igrad;
    table->dense_wgrad = dense_wgrad;
    memcpy(table->dense_update, updates, sizeof updates);
}
