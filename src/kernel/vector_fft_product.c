/* Products of spectra (contract_fft.h): a matrix product of complex numbers at each frequency, for
 * outputs and input gradients with images in the lanes, for weight gradients with channels there
 * and images, transposed, as what is summed over. One family of register blocks does all of it. */
#include <string.h>

#include "kernel/vector.h"

/* y[o] = sum over i of conj(a[o][i]) x[i] for the outputs of a block, NV vectors each. */
typedef struct fft_block {
    const float *x;
    size_t n_groups, n_in; /* i runs in groups, which lie a_group apart */
    ptrdiff_t a_group, a_out, a_in, a_im;
    ptrdiff_t x_in, x_im;
    ptrdiff_t y_out, y_im;
    bool goes_on; /* from what y holds, not from 0 */
} fft_block;

#if VG == 2
enum { MOST = 2, WIDE = 2 * VL }; /* outputs and lanes of a block */
#define KB 1
#define NV 2
#include "kernel/block_fft.h"
#define KB 2
#define NV 2
#include "kernel/block_fft.h"

static void (*const BLOCKS[MOST + 1])(const fft_block *, const float *a, float *y,
                                      int n_blocks) = {NULL, fft_1x2, fft_2x2};
#else
enum { MOST = 6, WIDE = VL };
#define KB 1
#define NV 1
#include "kernel/block_fft.h"
#define KB 2
#define NV 1
#include "kernel/block_fft.h"
#define KB 3
#define NV 1
#include "kernel/block_fft.h"
#define KB 4
#define NV 1
#include "kernel/block_fft.h"
#define KB 5
#define NV 1
#include "kernel/block_fft.h"
#define KB 6
#define NV 1
#include "kernel/block_fft.h"

static void (*const BLOCKS[MOST + 1])(const fft_block *, const float *a, float *y, int n_blocks) = {
    NULL, fft_1x1, fft_2x1, fft_3x1, fft_4x1, fft_5x1, fft_6x1};
#endif

/* n outputs: whole blocks, then what is left. */
INLINE void all_outputs(const fft_block *b, const float *a, float *y, int n)
{
    int whole = n / MOST, rest = n % MOST;
    if (whole > 0)
        BLOCKS[MOST](b, a, y, whole);
    if (rest > 0)
        BLOCKS[rest](b, a + whole * MOST * b->a_out, y + whole * MOST * b->y_out, 1);
}

enum { ENTRY = 2 * HEM__LANES }; /* numbers */

/* Asks for one entry of n channels: it lies in so many places that no CPU would see it coming. */
INLINE void fetch(const float *at, size_t channel, int n)
{
    for (int i = 0; i < n; i++, at += channel) {
        __builtin_prefetch(at);
        __builtin_prefetch(at + HEM__LANES);
    }
}

void TIER(hem__fft_product)(const hem__fft_product *p, const float *a, const float *x, float *y)
{
    /* Without the conjugate it is the same sum with real and imaginary parts of x and y exchanged.
     */
    ptrdiff_t im = p->conjugate ? HEM__LANES : -HEM__LANES;
    fft_block b = {.n_groups = 1,
                   .n_in = (size_t)p->n_in,
                   .a_out = (ptrdiff_t)p->a_out,
                   .a_in = (ptrdiff_t)p->a_in,
                   .a_im = (ptrdiff_t)p->a_im,
                   .x_in = (ptrdiff_t)p->x_in,
                   .x_im = im,
                   .y_out = (ptrdiff_t)p->y_out,
                   .y_im = im};
    size_t shift = p->conjugate ? 0 : HEM__LANES;
    for (int e = 0; e < p->n_entries; e++) {
        if (e + 1 < p->n_entries)
            fetch(x + (size_t)(e + 1) * ENTRY, p->x_in, p->n_in);
        for (size_t lane = 0; lane < HEM__LANES; lane += WIDE) {
            size_t at = (size_t)e * ENTRY + shift + lane;
            b.x = x + at;
            all_outputs(&b, a + (size_t)e * p->a_entry, y + at, p->n_out);
        }
    }
}

/* ---- weight gradients ------------------------------------------------------------------------ */

enum { TILES = 4, SUMMED = TILES * HEM__LANES }; /* images transposed at once */

/* to[image][re, im][16] of n channels, `channel` apart, of one tile; the others are 0. */
static void turn(const float *x, size_t channel, int n, float *to)
{
    float rows[HEM__LANES * HEM__LANES] __attribute__((aligned(64)));
    for (size_t part = 0; part < 2; part++) {
        for (int c = 0; c < HEM__LANES; c++) {
            for (size_t l = 0; l < HEM__LANES; l += VL)
                v_store(rows + (size_t)c * HEM__LANES + l,
                        c < n ? v_load(x + (size_t)c * channel + part * HEM__LANES + l) : v_all(0));
        }
        for (size_t c = 0; c < HEM__LANES; c += SQUARE) {
            for (size_t l = 0; l < HEM__LANES; l += SQUARE)
                v_transpose(rows + c * HEM__LANES + l, to + l * ENTRY + part * HEM__LANES + c,
                            ENTRY);
        }
    }
}

/* The same for fewer lanes of y than a block has: through a buffer. */
static void few_lanes(const fft_block *b, const float *a, float *y, int n_out, int n_lanes)
{
    float room[MOST * ENTRY] __attribute__((aligned(64)));
    fft_block inside = *b;
    inside.y_out = ENTRY;
    inside.y_im = HEM__LANES;
    size_t bytes = (size_t)n_lanes * sizeof(float);
    memset(room, 0, sizeof room);
    for (int o = 0; o < n_out; o += MOST) {
        int n = at_most(MOST, n_out - o);
        float *to = y + o * b->y_out;
        for (int i = 0; b->goes_on && i < n; i++) {
            memcpy(room + i * ENTRY, to + i * b->y_out, bytes);
            memcpy(room + i * ENTRY + HEM__LANES, to + i * b->y_out + b->y_im, bytes);
        }
        BLOCKS[n](&inside, a + o * b->a_out, room, 1);
        for (int i = 0; i < n; i++) {
            memcpy(to + i * b->y_out, room + i * ENTRY, bytes);
            memcpy(to + i * b->y_out + b->y_im, room + i * ENTRY + HEM__LANES, bytes);
        }
    }
}

/* Up to 16 channels of one entry, with all filters and tiles. */
static void sum_tiles(const hem__fft_wgrad *p, const float *x, const float *dy, int n_channels,
                      float *dw)
{
    float turned[SUMMED * ENTRY] __attribute__((aligned(64)));
    fft_block b = {.n_in = HEM__LANES,
                   .a_group = (ptrdiff_t)p->dy_tile,
                   .a_out = (ptrdiff_t)p->dy_channel,
                   .a_in = 1,
                   .a_im = HEM__LANES,
                   .x_in = ENTRY,
                   .x_im = HEM__LANES,
                   .y_out = (ptrdiff_t)p->C,
                   .y_im = (ptrdiff_t)p->M};
    for (int t0 = 0; t0 < p->n_tiles; t0 += TILES) {
        const float *factors = dy + (size_t)t0 * p->dy_tile;
        int n = at_most(TILES, p->n_tiles - t0);
        b.n_groups = (size_t)n;
        b.goes_on = t0 > 0;
        for (int t = 0; t < n; t++)
            turn(x + (size_t)(t0 + t) * p->x_tile, p->x_channel, n_channels,
                 turned + (size_t)t * HEM__LANES * ENTRY);
        for (int lane = 0; lane < n_channels; lane += WIDE) {
            b.x = turned + lane;
            if (n_channels - lane >= WIDE)
                all_outputs(&b, factors, dw + lane, p->K);
            else
                few_lanes(&b, factors, dw + lane, p->K, n_channels - lane);
        }
    }
}

void TIER(hem__fft_wgrad)(const hem__fft_wgrad *p, const float *x, const float *dy, float *dw)
{
    for (int e = 0; e < p->n_entries; e++, x += ENTRY, dy += ENTRY, dw += 2 * p->M) {
        for (int t = 0; t < p->n_tiles && e + 1 < p->n_entries; t++) {
            fetch(x + ENTRY + (size_t)t * p->x_tile, p->x_channel, p->C);
            fetch(dy + ENTRY + (size_t)t * p->dy_tile, p->dy_channel, p->K);
        }
        for (int c = 0; c < p->C; c += HEM__LANES) {
            int n = at_most(HEM__LANES, p->C - c);
            const float *from = x + (size_t)c * p->x_channel;
            sum_tiles(p, from, dy, n, dw + c);
        }
    }
}
