/* Weight and bias gradients of a convolution; the weights' where they are not wide (contract.h):
 * dot products over pixels, kept apart by lane, folded once a unit of output rows. A block of
 * virtual channels (vector_wgrad.h) times a block of filters shares its loads. */
#include <string.h>

#include "kernel/vector_wgrad.h"

typedef struct wgrad_block wgrad_block;
typedef void (*wgrad_kernel)(const wgrad_unit *, const wgrad_block *, const float *x,
                             const float *dy, float *sums, float *kept);

struct wgrad_block {
    wgrad_kernel run;
    int place; /* virtual channel in the row of x that the first pixel and channel read */
    int n_left, n_inside, n_right; /* pixels of a row: border, all taps inside, border */
    int16_t t0, A, k0, B;          /* virtual channels [t0, t0 + A), filters [k0, k0 + B) */
    /* What to prefetch at each pixel, in the first part of the lanes and later: a line that is
     * needed soon, or the line that is in use. */
    int32_t x_ahead, x_ahead_late, d_ahead, d_ahead_late;
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
#if REGISTERS == 32
#define A 7
#define B 2
#include "kernel/block_wgrad.h"
#define A 8
#define B 2
#include "kernel/block_wgrad.h"
#define A 5
#define B 3
#include "kernel/block_wgrad.h"
#define A 6
#define B 3
#include "kernel/block_wgrad.h"
#define A 7
#define B 3
#include "kernel/block_wgrad.h"
#define A 8
#define B 3
#include "kernel/block_wgrad.h"
#define A 4
#define B 4
#include "kernel/block_wgrad.h"
#define A 5
#define B 4
#include "kernel/block_wgrad.h"
#define A 6
#define B 4
#include "kernel/block_wgrad.h"
#endif

enum {
    WIDEST_A = 8,
    WIDEST_B = 4,
    BLOCK_SUMS = REGISTERS == 32 ? 24 : 16, /* sums of the largest block, in groups of four */
    MOST_BLOCKS = 2 * WGRAD_CHANNELS,       /* of a group of items: one item alone always fits */
    MOST_ITEMS = 16,
    PARTS = VL == HEM__LANES ? 1 : 2 /* of the lanes, as far as prefetching tells them apart */
};

/* By filters, then virtual channels. */
static const wgrad_kernel KERNELS[WIDEST_B + 1][WIDEST_A + 1] = {
    [1] = {NULL, wgrad_1x1, wgrad_2x1, wgrad_3x1, wgrad_4x1, wgrad_5x1, wgrad_6x1, wgrad_7x1,
           wgrad_8x1},
#if REGISTERS == 32
    [2] = {NULL, wgrad_1x2, wgrad_2x2, wgrad_3x2, wgrad_4x2, wgrad_5x2, wgrad_6x2, wgrad_7x2,
           wgrad_8x2},
    [3] = {NULL, wgrad_1x3, wgrad_2x3, wgrad_3x3, wgrad_4x3, wgrad_5x3, wgrad_6x3, wgrad_7x3,
           wgrad_8x3},
    [4] = {NULL, wgrad_1x4, wgrad_2x4, wgrad_3x4, wgrad_4x4, wgrad_5x4, wgrad_6x4},
#else
    [2] = {NULL, wgrad_1x2, wgrad_2x2, wgrad_3x2, wgrad_4x2, wgrad_5x2, wgrad_6x2},
    [3] = {NULL, wgrad_1x3, wgrad_2x3, wgrad_3x3, wgrad_4x3},
    [4] = {NULL, wgrad_1x4, wgrad_2x4, wgrad_3x4},
#endif
};

/* Most virtual channels of a block of B filters. */
static const int TALLEST[WIDEST_B + 1] = {0, 8, REGISTERS == 32 ? 8 : 6, REGISTERS == 32 ? 8 : 4,
                                          REGISTERS == 32 ? 6 : 3};

/* Pieces into which a block of B filters cuts `length` virtual channels. */
static int pieces_of(int length, int B)
{
    return (length + TALLEST[B] - 1) / TALLEST[B];
}

/* Time of one such block of filters at a pixel, in multiply-adds: fewer than 8 sums wait for each
 * other, and each piece has to be called and folded once a row. */
static int time_of(int length, int B)
{
    enum { FEWEST = 8, CALL = 4 };
    int n = pieces_of(length, B), low = length / n, n_high = length % n;
    return (n - n_high) * at_least(low * B, FEWEST) + n_high * at_least((low + 1) * B, FEWEST) +
           n * CALL;
}

/* widths[left] = width of the next block of filters when `left` remain, so that all of them take
 * the least time; of equal ones the widest. */
static void choose_widths(int length, int widths[HEM__BLOCK + 1])
{
    int best[HEM__BLOCK + 1] = {0};
    for (int left = 1; left <= HEM__BLOCK; left++) {
        for (int B = at_most(left, WIDEST_B); B > 0; B--) {
            int time = time_of(length, B) + best[left - B];
            if (B == at_most(left, WIDEST_B) || time < best[left]) {
                best[left] = time;
                widths[left] = B;
            }
        }
    }
}

static wgrad_block block_of(const wgrad_item *item, int t0, int n, int k0, int n_filters)
{
    int first, last;
    inside_block(item, t0, n, &first, &last);
    return (wgrad_block){
        .run = KERNELS[n_filters][n],
        .place = first_place(item, t0),
        .n_left = first,
        .n_inside = last - first,
        .n_right = item->shape->Q - last,
        .t0 = (int16_t)t0,
        .A = (int16_t)n,
        .k0 = (int16_t)k0,
        .B = (int16_t)n_filters,
    };
}

/* Cuts the virtual channels of the item and its filters into blocks of nearly equal height. With
 * many channels a block stays within one kernel column: then it has no border of its own. */
static int cut(const wgrad_item *item, wgrad_block *blocks)
{
    int n_blocks = 0, n_columns = item->s1 - item->s0;
    int n_ranges = item->n_channels >= 5 ? n_columns : 1;
    int length = n_columns * item->n_channels / n_ranges;
    int widths[HEM__BLOCK + 1];
    choose_widths(length, widths);
    for (int k = 0; k < item->n_filters;) {
        int B = widths[item->n_filters - k], pieces = pieces_of(length, B);
        for (int i = 0; i < n_ranges * pieces; i++) {
            int first = i / pieces * length, piece = i % pieces;
            int t0 = length * piece / pieces, t1 = length * (piece + 1) / pieces;
            blocks[n_blocks++] = block_of(item, first + t0, t1 - t0, k, B);
        }
        k += B;
    }
    return n_blocks;
}

/* Where filter b, virtual channel a of the block lies in dw. */
static size_t weight_at(const wgrad_item *item, const wgrad_block *block, int a, int b)
{
    return weight_place(item, block->t0 + a, item->kb * HEM__BLOCK + block->k0 + b);
}

/* Items with the same filters, one after the other in each unit of rows, so that dy is fetched once
 * for all of them. */
typedef struct wgrad_group {
    wgrad_item items[MOST_ITEMS];
    int n_items, n_blocks;
    wgrad_block blocks[MOST_BLOCKS];
    float kept[MOST_BLOCKS][BLOCK_SUMS]; /* the tile's sums; unused places between them */
} wgrad_group;

/* Place of sum (a, b) among a block's: folds give four at a time (block_wgrad.h). */
static int slot(const wgrad_block *block, int a, int b)
{
    return block->B == 4 ? a * 4 + b : b * ((block->A + 3) / 4 * 4) + a;
}

static void add_sums(const wgrad_item *item, const wgrad_group *group, float *dw)
{
    for (int i = item->first; i < item->first + item->n_blocks; i++) {
        const wgrad_block *block = &group->blocks[i];
        for (int a = 0; a < block->A; a++) {
            for (int b = 0; b < block->B; b++)
                dw[weight_at(item, block, a, b)] += group->kept[i][slot(block, a, b)];
        }
    }
}

/* Fetched on first use, new rows of x and dy would stall the first blocks that touch them. So the
 * blocks of an item's last range of filters ask for the next item's row of x, and those of the last
 * item for the next unit's dy as well: a line a pixel in each part of the lanes (with vectors of
 * all lanes there is one part), when the oldest lines in the cache are no longer needed. */
static void plan_prefetch(wgrad_group *group, int rows)
{
    for (int i = 0; i < group->n_items; i++) {
        wgrad_item *item = &group->items[i];
        bool last = i + 1 == group->n_items;
        const wgrad_item *next = &group->items[last ? 0 : i + 1];
        wgrad_block *blocks = group->blocks + item->first;
        int n = item->n_blocks, late = 0;
        while (blocks[late].k0 != blocks[n - 1].k0)
            late++;
        ptrdiff_t x_pitch = (ptrdiff_t)item->shape->W * item->n_channels * HEM__LANES;
        ptrdiff_t x_next = (next->x - item->x) + (next->r - item->r) * x_pitch +
                           (last ? rows * item->unit.x_row : 0);
        ptrdiff_t d_next = rows * (ptrdiff_t)item->unit.d_row;
        for (int j = late; j < n; j++) {
            wgrad_block *b = &blocks[j];
            ptrdiff_t x_at = x_next - b->t0 % item->n_channels * HEM__LANES;
            ptrdiff_t d_at = d_next - b->k0 * HEM__LANES;
            int line = PARTS * (j - late);
            b->x_ahead = line < item->n_channels ? (int32_t)(x_at + line * HEM__LANES) : 0;
            b->x_ahead_late =
                line + 1 < item->n_channels ? (int32_t)(x_at + (line + 1) * HEM__LANES) : 0;
            b->d_ahead = last && line < item->n_filters ? (int32_t)(d_at + line * HEM__LANES) : 0;
            b->d_ahead_late =
                last && line + 1 < item->n_filters ? (int32_t)(d_at + (line + 1) * HEM__LANES) : 0;
        }
    }
}

/* One unit of one item: output rows [p, p_end). */
static void run_unit(wgrad_item *item, wgrad_group *group, const float *dy, int p, int p_end)
{
    float sums[BLOCK_SUMS * HEM__LANES] __attribute__((aligned(64)));
    const float *x;
    int p0 = begin_unit(item, p, p_end, &x);
    if (VL < 8)
        memset(sums, 0, sizeof sums); /* places between the sums are folded too */
    for (int i = item->first; i < item->first + item->n_blocks; i++) {
        const wgrad_block *b = &group->blocks[i];
        /* The pointer may lie before the row where the first taps are on padding. */
        b->run(&item->unit, b, x + (ptrdiff_t)b->place * HEM__LANES,
               dy + (size_t)p0 * item->unit.d_row + b->k0 * HEM__LANES, sums, group->kept[i]);
    }
}

static void run_group(wgrad_group *group, const float *dy, float *dw)
{
    const hem__conv_shape *shape = group->items[0].shape;
    int rows = hem__wgrad_rows(shape->Q);
    size_t map = (size_t)shape->P * (size_t)shape->Q * HEM__BLOCK * HEM__LANES;
    dy += (size_t)group->items[0].kb * map;
    plan_prefetch(group, rows);
    memset(group->kept, 0, (size_t)group->n_blocks * sizeof group->kept[0]);
    for (int p = 0; p < shape->P; p += rows) {
        for (int i = 0; i < group->n_items; i++)
            run_unit(&group->items[i], group, dy, p, at_most(p + rows, shape->P));
    }
    for (int i = 0; i < group->n_items; i++)
        add_sums(&group->items[i], group, dw);
    group->n_items = group->n_blocks = 0;
}

void TIER(hem__conv_wgrad)(const hem__conv_shape *shape, const float *x, const float *dy, float *dw,
                           int item0, int item1)
{
    int wide = at_most(hem__wgrad_wide_items(shape), item1);
    if (item0 < wide)
        TIER(hem__conv_wgrad_wide)(shape, x, dy, dw, item0, wide);
    wgrad_group group;
    group.n_items = group.n_blocks = 0;
    for (int i = at_least(item0, wide); i < item1; i++) {
        wgrad_item item;
        describe_item(shape, x, i, &item);
        int columns = WGRAD_CHANNELS / item.n_channels;
        for (; item.s0 < shape->S; item.s0 = item.s1) {
            item.s1 = at_most(item.s0 + columns, shape->S);
            wgrad_block blocks[MOST_BLOCKS];
            item.n_blocks = cut(&item, blocks);
            if (group.n_items == MOST_ITEMS || group.n_blocks + item.n_blocks > MOST_BLOCKS ||
                (group.n_items > 0 && group.items[0].kb != item.kb))
                run_group(&group, dy, dw);
            memcpy(group.blocks + group.n_blocks, blocks, (size_t)item.n_blocks * sizeof blocks[0]);
            item.first = group.n_blocks;
            group.items[group.n_items++] = item;
            group.n_blocks += item.n_blocks;
        }
    }
    if (group.n_items > 0)
        run_group(&group, dy, dw);
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
        float kept[HEM__BLOCK + 3] = {0}; /* the last fold of fewer than 4 adds zeros behind */
        for (int p = 0; p < shape->P; p += rows) {
            size_t n = (size_t)(at_most(rows, shape->P - p) * shape->Q);
            const float *unit = dy + (size_t)b * map + (size_t)p * (size_t)shape->Q * step;
            for (int k = 0; k < width;) {
                int together = width - k >= 4 ? 4 : 1;
                float sums[4 * HEM__LANES];
                bias_sums(unit + k * HEM__LANES, step, n, together, sums);
                v_add_fold4(kept + k, sums);
                k += together;
            }
        }
        for (int k = 0; k < width; k++)
            db[b * HEM__BLOCK + k] += kept[k];
    }
}
