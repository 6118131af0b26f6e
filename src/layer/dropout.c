/* Inverted dropout (Srivastava et al., JMLR 15, 2014, with the scaling moved to training): each
 * unit of each image is kept with probability 1 - rate and scaled by its inverse, else 0; in
 * inference it does nothing. A unit's fate is 16 bits of the block that seed, epoch, place of the
 * image in the epoch's order, layer and unit name, so the rate is rounded to a multiple of 2^-16;
 * the scale is that of the rounded rate. */
#include "layer/layer.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

enum {
    UNITS = 64
}; /* dealt to threads at once; a multiple of 8, which one block of random bits serves */

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    (void)spec, (void)graph, (void)err;
    out->shape = in->shape;
    out->map = in->map;
    out->rate = layer->u.dropout.rate;
    return HEM_OK;
}

static void reserve(cell_t *cell, hem__arena *arena, int tiles, int n_threads, bool training)
{
    (void)n_threads;
    if (training)
        cell->keep = hem__arena_take(arena, (size_t)tiles * cell->out_units, sizeof *cell->keep);
}

static uint32_t threshold_of(const cell_t *cell)
{
    return (uint32_t)(cell->node->rate * 65536.0 + 0.5);
}

/* Calls `apply` on runs of units of a tile until all are done: of a map tile by tile, as
 * convolutions deal it out; of a vector all tiles of a unit together, as dense layers do, so that
 * most numbers stay with the thread that made them. */
static void each_run(const cell_t *cell, const work_t *work,
                     void (*apply)(const cell_t *, const work_t *, size_t tile, int u0, int u1))
{
    size_t runs = (cell->out_units + UNITS - 1) / UNITS, tiles = (size_t)work->tiles, i, last;
    const bool flat = cell->out.H * cell->out.W == 1;
    hem__deal deal = hem__work_deal(work, tiles * runs, 1, flat ? 1 : runs);
    while (hem__deal_next(&deal, &i, &last)) {
        size_t tile = flat ? i % tiles : i / runs, run = flat ? i / tiles : i % runs;
        size_t end = (run + last - i) * UNITS;
        apply(cell, work, tile, (int)(run * UNITS),
              (int)(end < cell->out_units ? end : cell->out_units));
    }
}

static hem__real scale_of(uint32_t threshold)
{
    /* a rate that rounds to 1 keeps nothing: any scale will do */
    return threshold < 65536 ? (hem__real)(65536.0 / (65536.0 - threshold)) : 0;
}

static void forward_run(const cell_t *cell, const work_t *work, size_t tile, int u0, int u1)
{
    uint32_t place[HEM__LANES], threshold = threshold_of(cell);
    for (uint32_t l = 0; l < HEM__LANES; l++)
        place[l] = work->place + (uint32_t)tile * HEM__LANES + l;
    uint16_t *keep = cell->keep + tile * cell->out_units;
    size_t at = tile * cell->out_units * HEM__LANES;
    work->kernels->dropout_mask(work->drop_key, work->epoch, (uint32_t)cell->node->layer, place,
                                threshold, u0, u1, keep);
    work->kernels->dropout(cell->x + at, keep, scale_of(threshold), cell->y + at, u0, u1);
}

static void grad_run(const cell_t *cell, const work_t *work, size_t tile, int u0, int u1)
{
    size_t at = tile * cell->out_units * HEM__LANES;
    work->kernels->dropout(cell->dy + at, cell->keep + tile * cell->out_units,
                           scale_of(threshold_of(cell)), cell->dx + at, u0, u1);
}

static void forward(const cell_t *cell, const work_t *work)
{
    each_run(cell, work, forward_run);
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    each_run(cell, work, grad_run);
}

const HEM__R(hem__layer) HEM__R(hem__layer_DROPOUT) = {.infer = infer,
                                                       .reserve = reserve,
                                                       .forward = forward,
                                                       .input_grad = input_grad,
                                                       .grad_in_place = true,
                                                       .by_tile = true,
                                                       .identity_in_inference = true};
