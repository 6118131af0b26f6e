/* relu, tanh, sigmoid: one function of one number. (The plan fuses the loss's own sigmoid.) Their
 * gradients need only their output, so where nobody else reads the input they write over it. */
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

static int function_of(const cell_t *cell)
{
    return (int)cell->node->kind -
           (int)HEM__LAYER_RELU; /* layers.def and the kernels: same order */
}

static void forward(const cell_t *cell, const work_t *work)
{
    size_t first, last;
    hem__share((size_t)work->tiles * cell->out_units, work->thread, work->n_threads, &first, &last);
    size_t at = first * HEM__LANES, n = (last - first) * HEM__LANES;
    work->kernels->pointwise[function_of(cell)](cell->x + at, cell->y + at, n);
}

static void forward_rows(const cell_t *cell, const work_t *work, const HEM__R(hem__strip) * in,
                         const HEM__R(hem__strip) * out)
{
    work->kernels->pointwise[function_of(cell)](in->at, out->at, hem__strip_numbers(cell, out));
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    size_t first, last;
    hem__share((size_t)work->tiles * cell->out_units, work->thread, work->n_threads, &first, &last);
    size_t at = first * HEM__LANES, n = (last - first) * HEM__LANES;
    work->kernels->pointwise_grad[function_of(cell)](cell->y + at, cell->dy + at, cell->dx + at, n);
}

const HEM__R(hem__layer) HEM__R(hem__layer_RELU) = {.infer = infer,
                                                    .forward = forward,
                                                    .forward_rows = forward_rows,
                                                    .input_grad = input_grad,
                                                    .in_place = true,
                                                    .by_tile = true};
const HEM__R(hem__layer) HEM__R(hem__layer_TANH) = {.infer = infer,
                                                    .forward = forward,
                                                    .forward_rows = forward_rows,
                                                    .input_grad = input_grad,
                                                    .in_place = true,
                                                    .by_tile = true};
const HEM__R(hem__layer) HEM__R(hem__layer_SIGMOID) = {.infer = infer,
                                                       .forward = forward,
                                                       .forward_rows = forward_rows,
                                                       .input_grad = input_grad,
                                                       .in_place = true,
                                                       .by_tile = true};
