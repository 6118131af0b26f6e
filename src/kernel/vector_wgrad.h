/* What the two forms of a convolution's weight gradient share (contract.h): per kernel row, (kernel
 * column, channel) is one range of virtual channels, contiguous in x; an item is such a range. */
#ifndef HEM_KERNEL_VECTOR_WGRAD_H
#define HEM_KERNEL_VECTOR_WGRAD_H

#include "kernel/vector.h"

/* Rows of a unit, for all blocks of one item. */
typedef struct wgrad_unit {
    int n_rows;              /* rows of the unit whose kernel row lies inside x */
    ptrdiff_t x_step, x_row; /* numbers of x between neighbouring output pixels and rows */
    size_t d_step, d_row;    /* numbers of dy likewise; wide: d_step between images, no d_row */
    ptrdiff_t place_step;    /* x_step in virtual channels */
    size_t place_limit;      /* virtual channels in a row of x */
} wgrad_unit;

/* One item of the contract, and the columns of its kernel row done at once. */
typedef struct wgrad_item {
    const hem__conv_shape *shape;
    int kb, r, cb;
    int n_filters, n_channels;
    int s0, s1;
    int valid0, valid1; /* output rows whose kernel row lies inside x */
    const float *x;     /* its channel block */
    wgrad_unit unit;
    int first, n_blocks; /* its blocks in the group */
} wgrad_item;

enum { WGRAD_CHANNELS = 128 }; /* virtual channels of an item done at once */

INLINE void describe_item(const hem__conv_shape *shape, const float *x, int number,
                          wgrad_item *item)
{
    *item = (wgrad_item){.shape = shape};
    hem__wgrad_item(shape, number, &item->kb, &item->r, &item->cb);
    item->n_filters = block_width(shape->K, item->kb);
    item->n_channels = block_width(shape->C, item->cb);
    item->x = x + (size_t)item->cb * (size_t)shape->H * (size_t)shape->W * HEM__BLOCK * HEM__LANES;
    inside(shape->P, shape->stride_y, shape->pad_y - item->r, 1, shape->H, &item->valid0,
           &item->valid1);
    ptrdiff_t channels = item->n_channels, row = shape->W * channels * HEM__LANES;
    item->unit = (wgrad_unit){
        .x_step = shape->stride_x * channels * HEM__LANES,
        .x_row = shape->stride_y * row,
        .d_step = (size_t)item->n_filters * HEM__LANES,
        .d_row = (size_t)shape->Q * (size_t)item->n_filters * HEM__LANES,
        .place_step = shape->stride_x * channels,
        .place_limit = (size_t)shape->W * (size_t)channels,
    };
}

/* Output rows [p, p_end) become the item's unit; returns the first whose kernel row lies inside x,
 * and the row of x that it reads. */
INLINE int begin_unit(wgrad_item *item, int p, int p_end, const float **x)
{
    const hem__conv_shape *shape = item->shape;
    int p0 = at_most(at_least(p, item->valid0), shape->P);
    int p1 = at_least(at_most(p_end, item->valid1), p0);
    int iy = p1 > p0 ? p0 * shape->stride_y - shape->pad_y + item->r : 0;
    *x = item->x + (ptrdiff_t)iy * shape->W * item->n_channels * HEM__LANES;
    item->unit.n_rows = p1 - p0;
    return p0;
}

/* Output pixels of a row whose taps t0 to t0 + n - 1 of the item all lie inside x: [*first, *last).
 * Seen from its first column, the block is a kernel of as many columns as it touches. */
INLINE void inside_block(const wgrad_item *item, int t0, int n, int *first, int *last)
{
    const hem__conv_shape *shape = item->shape;
    int width = item->n_channels;
    int s_first = item->s0 + t0 / width, s_last = item->s0 + (t0 + n - 1) / width;
    inside(shape->Q, shape->stride_x, shape->pad_x - s_first, s_last - s_first + 1, shape->W, first,
           last);
}

/* The virtual channel in its row of x that the item's number t0 reads for output pixel 0. */
INLINE int first_place(const wgrad_item *item, int t0)
{
    return (item->s0 - item->shape->pad_x) * item->n_channels + t0;
}

/* Where filter k, the item's virtual channel t lies in dw. */
INLINE size_t weight_place(const wgrad_item *item, int t, int k)
{
    const hem__conv_shape *shape = item->shape;
    size_t c = (size_t)(item->cb * HEM__BLOCK + t % item->n_channels);
    size_t s = (size_t)(item->s0 + t / item->n_channels);
    return (((size_t)k * (size_t)shape->C + c) * (size_t)shape->R + (size_t)item->r) *
               (size_t)shape->S +
           s;
}

/* Items [item0, item1) that all are wide. */
void TIER(hem__conv_wgrad_wide)(const hem__conv_shape *shape, const float *x, const float *dy,
                                float *dw, int item0, int item1);

#endif
