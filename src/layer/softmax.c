/* Softmax over the channels of each pixel (over all units of a flat vector). At the end of a
 * network it is fused with the loss by the plan; this is the layer anywhere else. */
#include "layer/layer.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    (void)spec, (void)layer, (void)graph, (void)err;
    out->shape = in->shape;
    out->map = in->map;
    return HEM_OK;
}

static void forward(const cell_t *cell, const work_t *work)
{
    size_t first, last;
    hem__share((size_t)work->tiles, work->thread, work->n_threads, &first, &last);
    for (size_t at = cell->out_units * HEM__LANES, t = first; t < last; t++)
        work->kernels->softmax(cell->x + t * at, cell->y + t * at, cell->out.C, cell->out.H,
                               cell->out.W);
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    size_t first, last;
    hem__share((size_t)work->tiles, work->thread, work->n_threads, &first, &last);
    for (size_t at = cell->out_units * HEM__LANES, t = first; t < last; t++)
        work->kernels->softmax_grad(cell->y + t * at, cell->dy + t * at, cell->dx + t * at,
                                    cell->out.C, cell->out.H, cell->out.W);
}

const HEM__R(hem__layer) HEM__R(hem__layer_SOFTMAX) = {.infer = infer,
                                                       .forward = forward,
                                                       .input_grad = input_grad,
                                                       .in_place = true,
                                                       .by_tile = true};
