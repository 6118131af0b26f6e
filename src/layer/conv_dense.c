/* A convolution whose kernel covers the whole map, so that each filter has one output: a dense
 * layer over the map as it lies in memory. Output and input gradient are the direct algorithm's to
 * the bit. The weight gradient is not: a dense layer's, over the images of a chunk in order, then
 * added to the gradient; the direct one would fold 16 images into one number for every single
 * product. */
#include <math.h>

#include "layer/conv_algorithm.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

static double cost(const hem__conv_shape *s)
{
    bool covers = s->R == s->H && s->S == s->W && s->pad_y == 0 && s->pad_x == 0;
    /* by measurement of 16 -> 120 5 x 5 and 32 -> 32 7 x 7 */
    return covers ? 0.4 * (double)hem__conv_useful_macs(s) : HUGE_VAL;
}

static void reserve(cell_t *cell, hem__arena *arena, int tiles, int n_threads, bool training)
{
    (void)n_threads;
    const size_t ld = hem__padded(cell->in_units), n = cell->out_units * ld;
    cell->packed = hem__arena_take(arena, n, sizeof(hem__real));
    if (!training || cell->graph->tensors[cell->node->weight].frozen)
        return;
    cell->packed_grad = hem__arena_take(arena, n, sizeof(hem__real));
    /* 16 numbers more a row: as in dense.c */
    cell->ld_xt = ld + HEM__LANES;
    cell->xt = hem__arena_take(arena, (size_t)tiles * HEM__LANES * cell->ld_xt, sizeof(hem__real));
}

/* Walks one filter's weights in the order of the map (contract.h): `from` channel by channel, row
 * by row, as files have them, and `to` as units lie. */
#define FOR_EACH_WEIGHT(s, BODY)                                                                   \
    for (int c0 = 0; c0 < (s)->C; c0 += HEM__BLOCK) {                                              \
        const int end = (s)->C < c0 + HEM__BLOCK ? (s)->C : c0 + HEM__BLOCK;                       \
        for (int tap = 0; tap < (s)->R * (s)->S; tap++)                                            \
            for (int c = c0; c < end; c++, to++) {                                                 \
                const ptrdiff_t from = (ptrdiff_t)c * (s)->R * (s)->S + tap;                       \
                BODY;                                                                              \
            }                                                                                      \
    }

static void prepare(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const hem__real *w = work->params + cell->graph->tensors[cell->node->weight].offset;
    size_t k, last;
    hem__share(cell->out_units, work->thread, work->n_threads, &k, &last);
    for (; k < last; k++) {
        const hem__real *filter = w + k * cell->in_units;
        hem__real *to = cell->packed + k * hem__padded(cell->in_units);
        FOR_EACH_WEIGHT(s, *to = filter[from])
    }
}

static void forward(const cell_t *cell, const work_t *work)
{
    const hem__tensor *tensors = cell->graph->tensors;
    const hem__dense_run run = HEM__R(hem__dense_run_of)(cell, work);
    size_t first, last;
    hem__deal filters = hem__work_deal(work, cell->out_units, HEM__BLOCK, 0);
    while (hem__deal_next(&filters, &first, &last))
        work->kernels->dense(&run, cell->x, cell->packed,
                             cell->node->bias < 0 ? NULL
                                                  : work->params + tensors[cell->node->bias].offset,
                             cell->node->relu, cell->y, (int)first, (int)last);
    HEM__R(hem__dense_turn)(cell, work);
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    const hem__dense_run run = HEM__R(hem__dense_run_of)(cell, work);
    size_t first, last;
    hem__deal units = hem__work_deal(work, cell->in_units, 3 * HEM__LANES, 0);
    while (hem__deal_next(&units, &first, &last))
        work->kernels->dense_igrad(&run, cell->dy, cell->packed, cell->mask, cell->dx, (int)first,
                                   (int)last);
}

static void weight_grad(const cell_t *cell, const work_t *work)
{
    const hem__conv_shape *s = &cell->node->conv;
    const hem__tensor *tensors = cell->graph->tensors;
    const hem__dense_run run = HEM__R(hem__dense_run_of)(cell, work);
    size_t k, last;
    HEM__R(hem__conv_bias_grad)(cell, work);
    hem__deal filters = hem__work_deal(work, cell->out_units, HEM__BLOCK, 0);
    while (hem__deal_next(&filters, &k, &last)) {
        work->kernels->dense_wgrad(&run, cell->dy, cell->xt, cell->ld_xt,
                                   cell->packed_grad + k * run.ld_w, run.ld_w, 0, (int)k, (int)last,
                                   0, (int)run.ld_w);
        for (; k < last; k++) {
            hem__real *filter =
                work->grads + tensors[cell->node->weight].offset + k * cell->in_units;
            const hem__real *to = cell->packed_grad + k * run.ld_w;
            FOR_EACH_WEIGHT(s, filter[from] += *to)
        }
    }
}

const HEM__R(hem__conv_algorithm) HEM__R(hem__conv_dense) = {.name = "dense",
                                                             .cost = cost,
                                                             .reserve = reserve,
                                                             .prepare = prepare,
                                                             .forward = forward,
                                                             .input_grad = input_grad,
                                                             .weight_grad = weight_grad};
