/* Weight and bias gradients of a convolution: dot products over pixels, kept apart by lane, folded
 * once a unit of output rows (contract.h). Per kernel row, (kernel column, channel) is one range of
 * virtual channels, contiguous in x; a block of them times a block of filters shares its loads. */
#include "kernel/vector.h"

/* Rows of a unit, for all blocks of one item. */
typedef struct wgrad_unit {
    int n_rows;               /* rows of the unit whose kernel row lies inside x */
    ptrdiff_t x_step, x_row;  /* numbers of x between neighbouring output pixels and rows */
    size_t d_step, d_row;     /* numbers of dy likewise */
    ptrdiff_t place_step;     /* x_step in virtual channels */
    size_t place_limit;       /* virtual channels in a row of x */
} wgrad_unit;

typedef struct wgrad_block wgrad_block;
typedef void (*wgrad_kernel)(const wgrad_unit *, const wgrad_block *, const float *x,
                             const float *dy, float *sums);

struct wgrad_block {
    int t0, A, k0, B;   /* virtual channels [t0, t0 + A), filters [k0, k0 + B) of the blocks */
    ptrdiff_t place;    /* virtual channel in the row of x that t0 reads for the first pixel */
    int n_left, n_inside, n_right; /* pixels of a row: border, all taps inside, border */
    wgrad_kernel run;
};

#define A 1
#define B 1
#include "kernel/block_wgrad.h"
#define A 2
#define B 1
#include "kernel/block_wgrad.h"
#define A 3
#define B 1
#include "kernel/block_wgrad.h"
#define A 4
#define B 1
#include "kernel/block_wgrad.h"
#define A 5
#define B 1
#include "kernel/block_wgrad.h"
#define A 6
#define B 1
#include "kernel/block_wgrad.h"
#define A 7
#define B 1
#include "kernel/block_wgrad.h"
#define A 8
#define B 1
#include "kernel/block_wgrad.h"
#define A 1
#define B 2
#include "kernel/block_wgrad.h"
#define A 2
#define B 2
#include "kernel/block_wgrad.h"
#define A 3
#define B 2
#include "kernel/block_wgrad.h"
#define A 4
#define B 2
#include "kernel/block_wgrad.h"
#define A 5
#define B 2
#include "kernel/block_wgrad.h"
#define A 6
#define B 2
#include "kernel/block_wgrad.h"
#define A 1
#define B 3
#include "kernel/block_wgrad.h"
#define A 2
#define B 3
#include "kernel/block_wgrad.h"
#define A 3
#define B 3
#include "kernel/block_wgrad.h"
#define A 4
#define B 3
#include "kernel/block_wgrad.h"
#define A 1
#define B 4
#include "kernel/block_wgrad.h"
#define A 2
#define B 4
#include "kernel/block_wgrad.h"
#define A 3
#define B 4
#include "kernel/block_wgrad.h"

enum {
    WIDEST_A = 8,
    WIDEST_B = 4,
    BLOCK_SUMS = 12,      /* sums of the largest block */
    MOST_CHANNELS = 256,  /* virtual channels done at once */
    MOST_BLOCKS = 2 * ((MOST_CHANNELS + 2) / 3) /* blocks are at least 3 wide but for the last */
};

static const wgrad_kernel KERNELS[WIDEST_B + 1][WIDEST_A + 1] = {
    [1] = {NULL, wgrad_1x1, wgrad_2x1, wgrad_3x1, wgrad_4x1, wgrad_5x1, wgrad_6x1, wgrad_7x1,
           wgrad_8x1},
    [2] = {NULL, wgrad_1x2, wgrad_2x2, wgrad_3x2, wgrad_4x2, wgrad_5x2, wgrad_6x2},
    [3] = {NULL, wgrad_1x3, wgrad_2x3, wgrad_3x3, wgrad_4x3},
    [4] = {NULL, wgrad_1x4, wgrad_2x4, wgrad_3x4},
};

/* Most virtual channels of a block of B filters. */
static const int TALLEST[WIDEST_B + 1] = {0, 8, 6, 4, 3};

/* Width of the next block of filters when `left` remain of a block of 8. */
static int filters_of(int left)
{
    static const int WIDTH[HEM__BLOCK + 1] = {0, 1, 2, 3, 4, 3, 3, 4, 4};
    return WIDTH[left];
}

/* One item of the contract, and the columns of its kernel row done at once. */
typedef struct wgrad_item {
    const hem__conv_shape *shape;
    int kb, r, cb;
    int n_filters, n_channels;
    int s0, s1;
} wgrad_item;

static wgrad_block block_of(const wgrad_item *item, int t0, int n, int k0, int n_filters)
{
    const hem__conv_shape *shape = item->shape;
    int first, last, width = item->n_channels;
    int s_first = item->s0 + t0 / width, s_last = item->s0 + (t0 + n - 1) / width;
    /* Seen from column s_first, the block is a kernel of s_last - s_first + 1 columns. */
    inside(shape->Q, shape->stride_x, shape->pad_x - s_first, s_last - s_first + 1, shape->W,
           &first, &last);
    return (wgrad_block){
        .t0 = t0,
        .A = n,
        .k0 = k0,
        .B = n_filters,
        .place = (ptrdiff_t)(item->s0 - shape->pad_x) * width + t0,
        .n_left = first,
        .n_inside = last - first,
        .n_right = shape->Q - last,
        .run = KERNELS[n_filters][n],
    };
}

/* Cuts the virtual channels of the item and its filters into blocks of nearly equal height. */
static int cut(const wgrad_item *item, wgrad_block *blocks)
{
    int n_blocks = 0, n_virtual = (item->s1 - item->s0) * item->n_channels;
    for (int k = 0; k < item->n_filters;) {
        int B = filters_of(item->n_filters - k);
        int pieces = (n_virtual + TALLEST[B] - 1) / TALLEST[B];
        for (int i = 0; i < pieces; i++) {
            int t0 = n_virtual * i / pieces, t1 = n_virtual * (i + 1) / pieces;
            blocks[n_blocks++] = block_of(item, t0, t1 - t0, k, B);
        }
        k += B;
    }
    return n_blocks;
}

/* Where filter b, virtual channel a of the block lies in dw. */
static size_t weight_at(const wgrad_item *item, const wgrad_block *block, int a, int b)
{
    const hem__conv_shape *shape = item->shape;
    int t = block->t0 + a;
    size_t k = (size_t)(item->kb * HEM__BLOCK + block->k0 + b);
    size_t c = (size_t)(item->cb * HEM__BLOCK + t % item->n_channels);
    size_t s = (size_t)(item->s0 + t / item->n_channels);
    return ((k * (size_t)shape->C + c) * (size_t)shape->R + (size_t)item->r) * (size_t)shape->S + s;
}

/* dw of all blocks in the order of their sums, so that whole vectors are added. */
static void gather(const wgrad_item *item, const wgrad_block *blocks, int n, const float *dw,
                   float kept[][BLOCK_SUMS])
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < BLOCK_SUMS; j++) {
            bool used = j < blocks[i].A * blocks[i].B;
            int a = j / blocks[i].B, b = j % blocks[i].B;
            kept[i][j] = used ? dw[weight_at(item, &blocks[i], a, b)] : 0;
        }
    }
}

static void scatter(const wgrad_item *item, const wgrad_block *blocks, int n,
                    float kept[][BLOCK_SUMS], float *dw)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < blocks[i].A * blocks[i].B; j++)
            dw[weight_at(item, &blocks[i], j / blocks[i].B, j % blocks[i].B)] = kept[i][j];
    }
}

static void run_block(const wgrad_unit *unit, const wgrad_block *block, const float *x,
                      const float *dy, float sums[BLOCK_SUMS * HEM__LANES],
                      float kept[BLOCK_SUMS])
{
    for (int lane = 0; lane < HEM__LANES; lane += VL)
        block->run(unit, block, x + lane, dy + lane, sums + lane);
    /* A fold takes four sums; those past the block's own are stale and land where nobody looks. */
    for (int j = 0; j < block->A * block->B; j += 4)
        v_add_fold4(kept + j, sums + j * HEM__LANES);
}

static void wgrad_columns(const wgrad_item *item, const float *x, const float *dy, float *dw)
{
    const hem__conv_shape *shape = item->shape;
    wgrad_block blocks[MOST_BLOCKS];
    float kept[MOST_BLOCKS][BLOCK_SUMS];
    float sums[BLOCK_SUMS * HEM__LANES] __attribute__((aligned(64))) = {0};
    int n_blocks = cut(item, blocks), rows = hem__wgrad_rows(shape->Q);
    ptrdiff_t channels = item->n_channels, x_pitch = shape->W * channels * HEM__LANES;
    wgrad_unit unit = {
        .x_step = shape->stride_x * channels * HEM__LANES,
        .x_row = shape->stride_y * x_pitch,
        .d_step = (size_t)item->n_filters * HEM__LANES,
        .d_row = (size_t)shape->Q * (size_t)item->n_filters * HEM__LANES,
        .place_step = shape->stride_x * channels,
        .place_limit = (size_t)shape->W * (size_t)channels,
    };
    const size_t block = HEM__BLOCK * HEM__LANES;
    x += (size_t)item->cb * (size_t)shape->H * (size_t)shape->W * block;
    dy += (size_t)item->kb * (size_t)shape->P * (size_t)shape->Q * block;
    gather(item, blocks, n_blocks, dw, kept);
    int valid0, valid1; /* output rows whose kernel row lies inside x */
    inside(shape->P, shape->stride_y, shape->pad_y - item->r, 1, shape->H, &valid0, &valid1);
    for (int p = 0; p < shape->P; p += rows) {
        int p0 = at_most(at_least(p, valid0), shape->P);
        int p1 = at_least(at_most(at_most(p + rows, shape->P), valid1), p0);
        int iy = p0 * shape->stride_y - shape->pad_y + item->r;
        unit.n_rows = p1 - p0;
        for (int i = 0; i < n_blocks; i++) {
            const wgrad_block *b = &blocks[i];
            /* The row's pointer may begin before the row where the first taps are on padding. */
            const float *x_row = x + (unit.n_rows > 0 ? iy * x_pitch : 0);
            run_block(&unit, b, x_row + b->place * HEM__LANES,
                      dy + (size_t)p0 * unit.d_row + b->k0 * HEM__LANES, sums, kept[i]);
        }
    }
    scatter(item, blocks, n_blocks, kept, dw);
}

void TIER(hem__conv_wgrad)(const hem__conv_shape *shape, const float *x, const float *dy, float *dw,
                           int item0, int item1)
{
    int n_cb = block_count(shape->C);
    for (int i = item0; i < item1; i++) {
        wgrad_item item = {
            .shape = shape,
            .kb = i / n_cb / shape->R,
            .r = i / n_cb % shape->R,
            .cb = i % n_cb,
        };
        item.n_filters = block_width(shape->K, item.kb);
        item.n_channels = block_width(shape->C, item.cb);
        int columns = MOST_CHANNELS / item.n_channels;
        for (item.s0 = 0; item.s0 < shape->S; item.s0 = item.s1) {
            item.s1 = at_most(item.s0 + columns, shape->S);
            wgrad_columns(&item, x, dy, dw);
        }
    }
}

/* ---- bias ----------------------------------------------------------------------------------- */

/* sums[4][16] = the lanes of four neighbouring channels over n pixels, in order; n may be 0. */
static void bias_sums(const float *dy, size_t step, size_t n, int n_channels, float *sums)
{
    for (int lane = 0; lane < HEM__LANES; lane += VL) {
        const float *d = dy + lane;
        V a = v_all(0), b = a, c = a, e = a;
        if (n_channels == 4) {
            for (size_t i = 0; i < n; i++, d += step) {
                a += v_load(d);
                b += v_load(d + HEM__LANES);
                c += v_load(d + 2 * HEM__LANES);
                e += v_load(d + 3 * HEM__LANES);
            }
        } else {
            for (size_t i = 0; i < n; i++, d += step)
                a += v_load(d);
        }
        v_store(sums + lane, a);
        v_store(sums + HEM__LANES + lane, b);
        v_store(sums + 2 * HEM__LANES + lane, c);
        v_store(sums + 3 * HEM__LANES + lane, e);
    }
}

void TIER(hem__conv_bgrad)(const hem__conv_shape *shape, const float *dy, float *db, int kb0,
                           int kb1)
{
    int rows = hem__wgrad_rows(shape->Q);
    size_t map = (size_t)shape->P * (size_t)shape->Q * HEM__BLOCK * HEM__LANES;
    for (int b = kb0; b < at_most(kb1, block_count(shape->K)); b++) {
        int width = block_width(shape->K, b);
        size_t step = (size_t)width * HEM__LANES;
        for (int p = 0; p < shape->P; p += rows) {
            size_t n = (size_t)(at_most(rows, shape->P - p) * shape->Q);
            const float *unit = dy + (size_t)b * map + (size_t)p * (size_t)shape->Q * step;
            for (int k = 0; k < width;) {
                int together = width - k >= 4 ? 4 : 1;
                float sums[4 * HEM__LANES], kept[4] = {0};
                float *out = db + b * HEM__BLOCK + k;
                bias_sums(unit + k * HEM__LANES, step, n, together, sums);
                for (int i = 0; i < together; i++)
                    kept[i] = out[i];
                v_add_fold4(kept, sums);
                for (int i = 0; i < together; i++)
                    out[i] = kept[i];
                k += together;
            }
        }
    }
}
