/* The weight gradient of a convolution in its wide form (contract.h): vectors of filters, each
 * number of x in all lanes of one. dy of a unit of pixels is transposed to [pixel][image][filter]
 * first, which all items of the same filters share. Two neighbouring blocks of filters go together
 * where they fill a vector or two. */
#include <string.h>

#include "kernel/vector_wgrad.h"

typedef struct wide_block wide_block;
typedef void (*wide_kernel)(const wgrad_unit *, const wide_block *, const float *x, const float *d,
                            float *sums);

struct wide_block {
    wide_kernel run;
    int t0, A;       /* virtual channels [t0, t0 + A) of the item */
    int k0, B;       /* filters [k0, k0 + B) of the group's */
    int first, last; /* pixels of an output row that have all taps inside x */
    /* Of the unit's part of a row: */
    int place; /* virtual channel in the row of x that its first pixel and channel read */
    int n_left, n_inside, n_right; /* pixels: border, all taps inside, border */
};

#if VL == 4
#define A 1
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 2
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 3
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 4
#define N 2
#include "kernel/block_wgrad_wide.h"
#if REGISTERS == 32
#define A 5
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 6
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 7
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 8
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 9
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 10
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 11
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 12
#define N 2
#include "kernel/block_wgrad_wide.h"
#endif
#else
#define A 1
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 2
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 3
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 4
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 5
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 6
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 7
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 8
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 9
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 10
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 11
#define N 1
#include "kernel/block_wgrad_wide.h"
#define A 12
#define N 1
#include "kernel/block_wgrad_wide.h"
#if VL == 8
#define A 1
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 2
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 3
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 4
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 5
#define N 2
#include "kernel/block_wgrad_wide.h"
#define A 6
#define N 2
#include "kernel/block_wgrad_wide.h"
#endif
#endif

enum {
    MOST_TALL = 12,   /* virtual channels of the largest block */
    MOST_ITEMS = 16,  /* of a group */
    MOST_BLOCKS = 64, /* of a group; one item alone always fits */
    MOST_FILTERS = 2 * HEM__BLOCK,
    MOST_PIXELS = 16 /* of a unit */
};

/* By vectors of filters, then virtual channels. */
static const wide_kernel KERNELS[3][MOST_TALL + 1] = {
#if VL == 4
#if REGISTERS == 32
    [2] = {NULL, wide_1x2, wide_2x2, wide_3x2, wide_4x2, wide_5x2, wide_6x2, wide_7x2, wide_8x2,
           wide_9x2, wide_10x2, wide_11x2, wide_12x2},
#else
    [2] = {NULL, wide_1x2, wide_2x2, wide_3x2, wide_4x2},
#endif
#else
    [1] = {NULL, wide_1x1, wide_2x1, wide_3x1, wide_4x1, wide_5x1, wide_6x1, wide_7x1, wide_8x1,
           wide_9x1, wide_10x1, wide_11x1, wide_12x1},
#if VL == 8
    [2] = {NULL, wide_1x2, wide_2x2, wide_3x2, wide_4x2, wide_5x2, wide_6x2},
#endif
#endif
};

/* Most virtual channels of a block: what the registers hold beside dy and one number of x. */
static int tallest(int vectors)
{
    if (VL == 4 && REGISTERS == 16)
        return 4;
    return VL == 8 && vectors == 2 ? 6 : MOST_TALL;
}

/* Items of the same filters, one after the other in each unit, so that dy is transposed once for
 * all of them. */
typedef struct wide_group {
    wgrad_item items[MOST_ITEMS];
    int n_items, n_blocks;
    int kb, n_filters; /* first block of filters; 8 filters or 16 */
    int width;         /* of a row of d: 8 filters leave half of a vector of 16 empty */
    wide_block blocks[MOST_BLOCKS];
    float sums[MOST_BLOCKS][MOST_TALL * MOST_FILTERS];
    float d[MOST_PIXELS * HEM__LANES * MOST_FILTERS];
} wide_group;

/* Cuts the item's virtual channels into blocks of nearly equal height; 16 filters are two vectors
 * or fewer, or else go by 8. */
static int cut(const wgrad_item *item, int width, wide_block *blocks)
{
    int vectors = width / VL > 2 ? 2 : width / VL, n_blocks = 0;
    int length = (item->s1 - item->s0) * item->n_channels;
    int pieces = (length + tallest(vectors) - 1) / tallest(vectors);
    for (int k0 = 0; k0 < width; k0 += vectors * VL) {
        for (int i = 0; i < pieces; i++) {
            int t0 = length * i / pieces, t1 = length * (i + 1) / pieces;
            wide_block *b = &blocks[n_blocks++];
            *b = (wide_block){.run = KERNELS[vectors][t1 - t0],
                              .t0 = t0,
                              .A = t1 - t0,
                              .k0 = k0,
                              .B = vectors * VL};
            inside_block(item, t0, t1 - t0, &b->first, &b->last);
        }
    }
    return n_blocks;
}

/* d[pixel][image][filter] = dy of the output pixels [q0, q1) of rows [p0, p1). */
static void turn(wide_group *group, const float *dy, int p0, int p1, int q0, int q1)
{
    const hem__conv_shape *shape = group->items[0].shape;
    size_t width = (size_t)group->width, Q = (size_t)shape->Q;
    for (int k = 0; k < group->n_filters; k += HEM__BLOCK) {
        const float *map = dy + (size_t)k * (size_t)shape->P * Q * HEM__LANES;
        float *d = group->d + k;
        for (int p = p0; p < p1; p++) {
            const float *from = map + ((size_t)p * Q + (size_t)q0) * HEM__BLOCK * HEM__LANES;
            for (int q = q0; q < q1; q++, from += HEM__BLOCK * HEM__LANES) {
                for (int filter = 0; filter < HEM__BLOCK; filter += SQUARE) {
                    for (int image = 0; image < HEM__LANES; image += SQUARE)
                        v_transpose(from + filter * HEM__LANES + image,
                                    d + (size_t)image * width + filter, width);
                }
                d += HEM__LANES * width;
            }
        }
    }
}

/* The item's sums over output rows [p, p_end), columns [q0, q1). */
static void run_unit(wgrad_item *item, wide_group *group, int p, int p_end, int q0, int q1)
{
    const float *x;
    int p0 = begin_unit(item, p, p_end, &x);
    if (item->unit.n_rows == 0)
        p0 = p; /* nothing is read */
    const float *d = group->d + (size_t)((p0 - p) * (q1 - q0) * HEM__LANES * group->width);
    for (int i = item->first; i < item->first + item->n_blocks; i++) {
        wide_block *b = &group->blocks[i];
        int first = at_most(at_least(b->first, q0), q1),
            last = at_most(at_least(b->last, first), q1);
        b->place = first_place(item, b->t0) + q0 * (int)item->unit.place_step;
        b->n_left = first - q0;
        b->n_inside = last - first;
        b->n_right = q1 - last;
        /* The pointer may lie before the row where the first taps are on padding. */
        b->run(&item->unit, b, x + (ptrdiff_t)b->place * HEM__LANES, d + b->k0, group->sums[i]);
    }
}

static void add_sums(const wgrad_item *item, const wide_group *group, float *dw)
{
    for (int i = item->first; i < item->first + item->n_blocks; i++) {
        const wide_block *b = &group->blocks[i];
        for (int k = 0; k < at_most(b->B, group->n_filters - b->k0); k++) {
            int filter = group->kb * HEM__BLOCK + b->k0 + k;
            for (int a = 0; a < b->A; a++)
                dw[weight_place(item, b->t0 + a, filter)] += group->sums[i][a * b->B + k];
        }
    }
}

static void run_group(wide_group *group, const float *dy, float *dw)
{
    const hem__conv_shape *shape = group->items[0].shape;
    int rows = hem__wgrad_wide_rows(shape->Q), parts = hem__wgrad_wide_parts(shape->Q);
    dy += (size_t)group->kb * (size_t)shape->P * (size_t)shape->Q * HEM__BLOCK * HEM__LANES;
    memset(group->sums, 0, (size_t)group->n_blocks * sizeof group->sums[0]);
    if (group->n_filters < group->width)
        memset(group->d, 0, sizeof group->d);
    for (int p = 0; p < shape->P; p += rows) {
        int p_end = at_most(p + rows, shape->P);
        for (int part = 0; part < parts; part++) {
            int q0 = shape->Q * part / parts, q1 = shape->Q * (part + 1) / parts;
            turn(group, dy, p, p_end, q0, q1);
            for (int i = 0; i < group->n_items; i++)
                run_unit(&group->items[i], group, p, p_end, q0, q1);
        }
    }
    for (int i = 0; i < group->n_items; i++)
        add_sums(&group->items[i], group, dw);
    group->n_items = group->n_blocks = 0;
}

void TIER(hem__conv_wgrad_wide)(const hem__conv_shape *shape, const float *x, const float *dy,
                                float *dw, int item0, int item1)
{
    wide_group group;
    group.n_items = group.n_blocks = 0;
    for (int i = item0; i < item1;) {
        wgrad_item item, next;
        describe_item(shape, x, i++, &item);
        int n_filters = HEM__BLOCK;
        if (item.kb % 2 == 0 && i < item1) {
            describe_item(shape, x, i, &next);
            /* The same of the next block of filters follows, where there is a pair. */
            if (next.kb == item.kb + 1 && next.r == item.r && next.cb == item.cb) {
                n_filters += HEM__BLOCK;
                i++;
            }
        }
        if (group.n_items > 0 && (group.kb != item.kb || group.n_filters != n_filters))
            run_group(&group, dy, dw);
        group.kb = item.kb;
        group.n_filters = n_filters;
        group.width = at_least(n_filters, VL);
        item.unit.d_step = (size_t)group.width;
        for (int columns = WGRAD_CHANNELS / item.n_channels; item.s0 < shape->S;
             item.s0 = item.s1) {
            item.s1 = at_most(item.s0 + columns, shape->S);
            wide_block blocks[MOST_BLOCKS];
            item.n_blocks = cut(&item, group.width, blocks);
            if (group.n_items == MOST_ITEMS || group.n_blocks + item.n_blocks > MOST_BLOCKS)
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
