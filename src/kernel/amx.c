/* The tier amx: AVX-512's kernels, but the products of dense layers (also of convolutions that run
 * as such) from factors rounded to bfloat16, on the tile registers of Intel's AMX. A tile register
 * holds 16 rows of 32 bfloat16, or of 16 sums in float. A product of two takes
 *   left   [16 rows][32 terms]              as it lies, and
 *   right  [16 pairs of terms][16 columns]  the terms 2 k and 2 k + 1 of a column side by side,
 * and adds, to each of 16 x 16 sums, the even terms' products and the odd ones'. What the layers
 * hold in float is rounded into such panels on the stack, a piece of the terms at a time:
 *
 *                      rows (left)        terms                 columns (right)
 *   forward            outputs            inputs                images of a tile
 *   input gradient     images of a tile   outputs               inputs
 *   weight gradient    outputs            images of all tiles   inputs
 *
 * Order of sums: a piece's sum begins at 0 and takes 32 terms at a time, each time the sum of the
 * even and that of the odd products; the pieces are added in order, then the bias. It depends on
 * the shape alone. Rounding is to nearest, ties to even; numbers below 2^-126 count as 0. */
#include <string.h>

#include "kernel/amx.h"
#include "kernel/amx_tiles.h"

enum {
    TERMS = 32,           /* of one product of tile registers */
    PIECE = 8 * TERMS,    /* most terms of a panel */
    PAIRS = PIECE / 2,    /* ... as pairs */
    WIDE = 2 * TILE_ROWS, /* two tile registers side by side */
    CHUNK = 4,            /* tiles of images that are done together */
    IMAGES = CHUNK * HEM__LANES,
    GROUP = 128 /* outputs whose gradients a panel of images serves in the weight gradient */
};

/* Rows of left panels, each a cache line longer than its terms; those of the weight gradient are
 * short. */
typedef uint16_t left_row[PIECE + 32];
typedef uint16_t short_row[IMAGES + 32];
typedef uint32_t right_pair[TILE_ROWS];

#ifdef HEM_AMX_EMULATED
extern const hem__kernels_f32 hem__kernels_portable;
#define BASE hem__kernels_portable
#define MAKE hem__amx_make_emulated
#else
extern const hem__kernels_f32 hem__kernels_avx512;
#define BASE hem__kernels_avx512
#define MAKE hem__amx_make
#endif

static int at_most(int a, int b)
{
    return a < b ? a : b;
}

/* ---- panels ---------------------------------------------------------------------------------- */

/* The upper half of a float's bits, rounded; a NaN stays one. */
static inline uint32_t rounded(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, nan = bits >> 16 | 0x40;
    return (bits & 0x7fffffff) > 0x7f800000 ? nan : nearest;
}

/* n terms rounded up to whole products. */
static int whole(int n)
{
    return (n + TERMS - 1) / TERMS * TERMS;
}

/* n terms of a left row, and 0 up to whole products. */
static void put_left(uint16_t *row, const float *x, int n)
{
    for (int k = 0; k < n; k++)
        row[k] = (uint16_t)rounded(x[k]);
    for (int k = n; k < whole(n); k++)
        row[k] = 0;
}

/* A right panel of n terms, rows of x that are `ld` apart, of which only `columns` are there. */
static void put_right(right_pair *panel, const float *x, size_t ld, int n, int columns)
{
    for (int k = 0; k < whole(n); k += 2) {
        float even[TILE_ROWS] = {0}, odd[TILE_ROWS] = {0};
        size_t bytes = (size_t)columns * sizeof(float);
        if (k < n)
            memcpy(even, x + (size_t)k * ld, bytes);
        if (k + 1 < n)
            memcpy(odd, x + ((size_t)k + 1) * ld, bytes);
        for (int c = 0; c < TILE_ROWS; c++)
            panel[k / 2][c] = rounded(even[c]) | rounded(odd[c]) << 16;
    }
}

/* ---- products -------------------------------------------------------------------------------- */

/* Sums of 32 rows by 32 columns, as 2 x 2 blocks. */
typedef float block_sums[2][2][TILE_ROWS][TILE_ROWS];

/* `left`: 32 rows, `row` bytes apart; each half of the columns has a right panel of its own. */
static void multiply(const uint16_t *left, size_t row, right_pair *right0, right_pair *right1,
                     int n_terms, block_sums sums)
{
    const uint16_t *lower = left + TILE_ROWS * row / sizeof *left;
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    for (int k = 0; k < n_terms; k += TERMS) {
        TILE_LOAD(4, left + k, row);
        TILE_LOAD(6, right0[k / 2], sizeof(right_pair));
        TILE_PRODUCT(0, 4, 6);
        TILE_LOAD(7, right1[k / 2], sizeof(right_pair));
        TILE_PRODUCT(1, 4, 7);
        TILE_LOAD(5, lower + k, row);
        TILE_PRODUCT(2, 5, 6);
        TILE_PRODUCT(3, 5, 7);
    }
    TILE_STORE(0, sums[0][0], sizeof sums[0][0][0]);
    TILE_STORE(1, sums[0][1], sizeof sums[0][1][0]);
    TILE_STORE(2, sums[1][0], sizeof sums[1][0][0]);
    TILE_STORE(3, sums[1][1], sizeof sums[1][1][0]);
}

/* y = sums, or y + sums where `add`: `rows` rows of `columns`, ld apart in y. */
static void put_sums(float (*sums)[TILE_ROWS], int rows, int columns, bool add, float *y, size_t ld)
{
    for (int r = 0; r < rows; r++, y += ld)
        for (int c = 0; c < columns; c++)
            y[c] = add ? y[c] + sums[r][c] : sums[r][c];
}

/* ---- forward --------------------------------------------------------------------------------- */

/* Sums of outputs o.. below o1 by two tiles of images. */
static void put_outputs(const hem__dense_run *run, block_sums sums, int tile, int o, int o1,
                        bool add, float *y)
{
    for (int half = 0; half < 2 && tile + half < run->n_tiles; half++)
        for (int b = 0; b < 2 && o + b * TILE_ROWS < o1; b++) {
            const int at = o + b * TILE_ROWS;
            put_sums(sums[b][half], at_most(o1 - at, TILE_ROWS), HEM__LANES, add,
                     y + (size_t)(tile + half) * run->out_tile + (size_t)at * HEM__LANES,
                     HEM__LANES);
        }
}

static void dense_piece(const hem__dense_run *run, const float *x, const float *w, float *y, int o0,
                        int o1, int first, int n)
{
    _Alignas(64) left_row left[WIDE];
    _Alignas(64) right_pair right[CHUNK][PAIRS];
    _Alignas(64) block_sums sums;
    for (int t0 = 0; t0 < run->n_tiles; t0 += CHUNK) {
        const int tiles = at_most(run->n_tiles - t0, CHUNK);
        for (int t = 0; t < tiles; t++)
            put_right(right[t], x + (size_t)(t0 + t) * run->in_tile + (size_t)first * HEM__LANES,
                      HEM__LANES, n, HEM__LANES);
        for (int o = o0; o < o1; o += WIDE) {
            for (int r = 0; r < WIDE; r++)
                put_left(left[r], w + (size_t)at_most(o + r, o1 - 1) * run->ld_w + first, n);
            for (int t = 0; t < tiles; t += 2) {
                multiply(left[0], sizeof *left, right[t], right[at_most(t + 1, tiles - 1)],
                         whole(n), sums);
                put_outputs(run, sums, t0 + t, o, o1, first > 0, y);
            }
        }
    }
}

static void dense(const hem__dense_run *run, const float *x, const float *w, const float *bias,
                  int relu, float *y, int o0, int o1)
{
    tiles_begin();
    for (int first = 0; first < run->n_in; first += PIECE)
        dense_piece(run, x, w, y, o0, o1, first, at_most(run->n_in - first, PIECE));
    tiles_end();
    for (int t = 0; t < run->n_tiles && (bias || relu); t++)
        for (int o = o0; o < o1; o++) {
            float *row = y + (size_t)t * run->out_tile + (size_t)o * HEM__LANES;
            for (int l = 0; l < HEM__LANES; l++) {
                float v = bias ? row[l] + bias[o] : row[l];
                row[l] = relu && !(v > 0) ? 0 : v;
            }
        }
}

/* ---- input gradient -------------------------------------------------------------------------- */

/* Left rows of two tiles of images: dy of outputs first.., its images as rows. */
static void put_images(const hem__dense_run *run, const float *dy, int tile, int first, int n,
                       left_row *left)
{
    _Alignas(64) float images[HEM__LANES][PIECE];
    for (int half = 0; half < 2; half++) {
        const int t = at_most(tile + half, run->n_tiles - 1);
        BASE.transpose(dy + (size_t)t * run->out_tile + (size_t)first * HEM__LANES, images[0],
                       PIECE, 0, n);
        for (int l = 0; l < HEM__LANES; l++)
            put_left(left[half * HEM__LANES + l], images[l], n);
    }
}

/* Sums of two tiles of images by inputs i.. below i1, turned. */
static void put_inputs(const hem__dense_run *run, block_sums sums, int tile, int i, int i1,
                       bool add, float *dx)
{
    _Alignas(64) float turned[TILE_ROWS][TILE_ROWS];
    for (int half = 0; half < 2 && tile + half < run->n_tiles; half++)
        for (int b = 0; b < 2 && i + b * TILE_ROWS < i1; b++) {
            const int at = i + b * TILE_ROWS;
            BASE.transpose(sums[half][b][0], turned[0], TILE_ROWS, 0, TILE_ROWS);
            put_sums(turned, at_most(i1 - at, TILE_ROWS), HEM__LANES, add,
                     dx + (size_t)(tile + half) * run->in_tile + (size_t)at * HEM__LANES,
                     HEM__LANES);
        }
}

static void igrad_piece(const hem__dense_run *run, const float *dy, const float *w, float *dx,
                        int i0, int i1, int first, int n)
{
    _Alignas(64) left_row left[CHUNK / 2][WIDE];
    _Alignas(64) right_pair right[2][PAIRS];
    _Alignas(64) block_sums sums;
    for (int t0 = 0; t0 < run->n_tiles; t0 += CHUNK) {
        const int tiles = at_most(run->n_tiles - t0, CHUNK);
        for (int t = 0; t < tiles; t += 2)
            put_images(run, dy, t0 + t, first, n, left[t / 2]);
        for (int i = i0; i < i1; i += WIDE) {
            for (int half = 0; half < 2; half++) {
                const int at = i + half * TILE_ROWS;
                const int columns = at < i1 ? at_most(i1 - at, TILE_ROWS) : 0;
                put_right(right[half], w + (size_t)first * run->ld_w + (columns > 0 ? at : i),
                          run->ld_w, n, columns);
            }
            for (int t = 0; t < tiles; t += 2) {
                multiply(left[t / 2][0], sizeof **left, right[0], right[1], whole(n), sums);
                put_inputs(run, sums, t0 + t, i, i1, first > 0, dx);
            }
        }
    }
}

static void dense_igrad(const hem__dense_run *run, const float *dy, const float *w,
                        const float *mask, float *dx, int i0, int i1)
{
    tiles_begin();
    for (int first = 0; first < run->n_out; first += PIECE)
        igrad_piece(run, dy, w, dx, i0, i1, first, at_most(run->n_out - first, PIECE));
    tiles_end();
    for (int t = 0; t < run->n_tiles && mask; t++)
        for (size_t i = (size_t)i0 * HEM__LANES; i < (size_t)i1 * HEM__LANES; i++) {
            const size_t at = (size_t)t * run->in_tile + i;
            dx[at] = mask[at] > 0 ? dx[at] : 0;
        }
}

/* ---- weight gradient ------------------------------------------------------------------------- */

/* Of the images of `tiles` tiles, for a group of outputs. */
static void wgrad_group(const hem__dense_run *run, const float *dy, const float *xt, size_t ld_xt,
                        int tiles, float *g, size_t ld_g, bool add, int o0, int o1, int i0, int i1)
{
    _Alignas(64) short_row left[GROUP];
    _Alignas(64) right_pair right[2][IMAGES / 2];
    _Alignas(64) block_sums sums;
    const int n = tiles * HEM__LANES;
    for (int o = o0; o < o0 + (o1 - o0 + WIDE - 1) / WIDE * WIDE; o++) {
        float images[IMAGES];
        for (int t = 0; t < tiles; t++)
            memcpy(images + (size_t)t * HEM__LANES,
                   dy + (size_t)t * run->out_tile + (size_t)at_most(o, o1 - 1) * HEM__LANES,
                   HEM__LANES * sizeof(float));
        put_left(left[o - o0], images, n);
    }
    for (int i = i0; i < i1; i += WIDE) {
        for (int half = 0; half < 2; half++)
            put_right(right[half], xt + at_most(i + half * TILE_ROWS, i1 - TILE_ROWS), ld_xt, n,
                      TILE_ROWS);
        for (int o = o0; o < o1; o += WIDE) {
            multiply(left[o - o0], sizeof *left, right[0], right[1], whole(n), sums);
            for (int b = 0; b < 4; b++) {
                const int row = o + b / 2 * TILE_ROWS, at = i + b % 2 * TILE_ROWS;
                if (row < o1 && at < i1)
                    put_sums(sums[b / 2][b % 2], at_most(o1 - row, TILE_ROWS), TILE_ROWS, add,
                             g + (size_t)(row - o0) * ld_g + (size_t)(at - i0), ld_g);
            }
        }
    }
}

static void dense_wgrad(const hem__dense_run *run, const float *dy, const float *xt, size_t ld_xt,
                        float *g, size_t ld_g, int accumulate, int o0, int o1, int i0, int i1)
{
    tiles_begin();
    for (int t = 0; t < run->n_tiles; t += CHUNK)
        for (int o = o0; o < o1; o += GROUP)
            wgrad_group(run, dy + (size_t)t * run->out_tile, xt + (size_t)t * HEM__LANES * ld_xt,
                        ld_xt, at_most(run->n_tiles - t, CHUNK), g + (size_t)(o - o0) * ld_g, ld_g,
                        accumulate || t > 0, o, at_most(o + GROUP, o1), i0, i1);
    tiles_end();
}

/* ---- weight gradient and update ---------------------------------------------------------------
 */

/* A panel of inputs and a group of outputs after the other: their gradients, which fill half of the
 * first cache, then their weights. */
static void dense_update(int optimizer, size_t slots, const hem__dense_run *run, const float *dy,
                         const float *xt, size_t ld_xt, float *w, float *state,
                         const hem__update *u, int o0, int o1)
{
    enum { PANEL = 64 };
    _Alignas(64) float g[GROUP * PANEL];
    for (int i = 0; i < (int)run->ld_w; i += PANEL) {
        const int i1 = at_most(i + PANEL, (int)run->ld_w);
        for (int group = o0; group < o1; group += GROUP) {
            const int group_end = at_most(group + GROUP, o1);
            dense_wgrad(run, dy, xt, ld_xt, g, PANEL, 0, group, group_end, i, i1);
            for (int o = group; o < group_end; o++) {
                const size_t at = (size_t)o * run->ld_w + (size_t)i;
                BASE.update[optimizer](w + at, g + (size_t)(o - group) * PANEL, state + slots * at,
                                       (size_t)(i1 - i), u);
            }
        }
    }
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
