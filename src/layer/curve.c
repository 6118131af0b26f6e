/* leaky_relu, elu, gelu, silu: one function of one number, some with a parameter. leaky_relu and
 * elu are increasing, so their gradients need only their output and, where nobody else reads the
 * input, they write over it; the gradients of gelu and silu need the input. */
#include "layer/layer.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    (void)spec, (void)graph, (void)err;
    out->shape = in->shape;
    out->map = in->map;
    out->slope = out->kind == HEM__LAYER_ELU ? layer->act.alpha : layer->act.slope;
    return HEM_OK;
}

static int function_of(const cell_t *cell)
{
    return (int)cell->node->kind - (int)HEM__LAYER_LEAKY_RELU; /* layers.def: the kernels' order */
}

static void forward(const cell_t *cell, const work_t *work)
{
    size_t first, last;
    hem__share((size_t)work->tiles * cell->out_units, work->thread, work->n_threads, &first, &last);
    size_t at = first * HEM__LANES, n = (last - first) * HEM__LANES;
    work->kernels->curve[function_of(cell)](cell->x + at, (hem__real)cell->node->slope,
                                            cell->y + at, n);
}

static void forward_rows(const cell_t *cell, const work_t *work, const HEM__R(hem__strip) * in,
                         const HEM__R(hem__strip) * out)
{
    work->kernels->curve[function_of(cell)](in->at, (hem__real)cell->node->slope, out->at,
                                            hem__strip_numbers(cell, out));
}

static void grad(const cell_t *cell, const work_t *work, const hem__real *by)
{
    size_t first, last;
    hem__share((size_t)work->tiles * cell->out_units, work->thread, work->n_threads, &first, &last);
    size_t at = first * HEM__LANES, n = (last - first) * HEM__LANES;
    work->kernels->curve_grad[function_of(cell)](by + at, (hem__real)cell->node->slope,
                                                 cell->dy + at, cell->dx + at, n);
}

static void grad_by_output(const cell_t *cell, const work_t *work)
{
    grad(cell, work, cell->y);
}

static void grad_by_input(const cell_t *cell, const work_t *work)
{
    grad(cell, work, cell->x);
}

const HEM__R(hem__layer) HEM__R(hem__layer_LEAKY_RELU) = {.infer = infer,
                                                          .forward = forward,
                                                          .forward_rows = forward_rows,
                                                          .input_grad = grad_by_output,
                                                          .in_place = true,
                                                          .by_tile = true};
const HEM__R(hem__layer) HEM__R(hem__layer_ELU) = {.infer = infer,
                                                   .forward = forward,
                                                   .forward_rows = forward_rows,
                                                   .input_grad = grad_by_output,
                                                   .in_place = true,
                                                   .by_tile = true};
const HEM__R(hem__layer) HEM__R(hem__layer_GELU) = {.infer = infer,
                                                    .forward = forward,
                                                    .forward_rows = forward_rows,
                                                    .input_grad = grad_by_input,
                                                    .in_place = true,
                                                    .by_tile = true,
                                                    .keeps_input = true};
const HEM__R(hem__layer) HEM__R(hem__layer_SILU) = {.infer = infer,
                                                    .forward = forward,
                                                    .forward_rows = forward_rows,
                                                    .input_grad = grad_by_input,
                                                    .in_place = true,
                                                    .by_tile = true,
                                                    .keeps_input = true};
