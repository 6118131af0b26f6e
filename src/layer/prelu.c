/* y = x where x > 0, else slope x, with a learned slope for each channel or each unit (He, Zhang,
 * Ren and Sun, ICCV 2015). A slope may become negative, so the gradients go by the input's sign.
 *
 * The slopes are one tensor, "<layer>.slope"; by unit it is stored in the order of units and named
 * in the canonical one. The gradient of a slope is summed over its pixels, then lanes, by tiles in
 * order; only the channels (or units) are shared out to threads. */
#include "layer/layer.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

/* Every unit has a slope of its own: asked for, or a channel is one pixel. */
static bool by_unit(const hem__layer_spec *layer, hem__shape shape)
{
    return layer->act.per == HEM__PER_UNIT || (shape.H == 1 && shape.W == 1);
}

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    const hem__shape s = in->shape;
    const size_t C = (size_t)s.C, H = (size_t)s.H, W = (size_t)s.W;
    out->shape = s;
    out->map = in->map;
    out->needs_grad = out->needs_grad || !layer->freeze;
    hem__tensor slope = {.layer = out->layer,
                         .n_dims = 1,
                         .dims = {C},
                         .init = {HEM__FROM_CONSTANT, layer->act.init},
                         .frozen = layer->freeze};
    if (H * W > 1 && layer->act.per == HEM__PER_UNIT) {
        slope.n_dims = 3;
        slope.dims[1] = H;
        slope.dims[2] = W;
    }
    if (by_unit(layer, s))
        slope.columns = in->map;
    out->weight = hem__graph_add_weight(graph, layer, &slope, "slope");
    if (out->weight < 0)
        return hem__spec_fail(spec, layer->at, err, "%s with %d x %d x %d slopes is too large",
                              layer->name, s.C, s.H, s.W);
    return HEM_OK;
}

/* Slopes of the thread: units or channels [first, last). */
typedef struct share {
    size_t first, last;
} share;

/* One slope a unit: a row is the whole tile, and a thread's part of it the same for every tile. */
static share unit_share(const cell_t *cell, const work_t *work)
{
    share s;
    hem__share(cell->out_units, work->thread, work->n_threads, &s.first, &s.last);
    return s;
}

static bool one_a_unit(const cell_t *cell)
{
    return cell->graph->tensors[cell->node->weight].n == cell->out_units;
}

/* Calls `apply` on rows of units: `slope` is the first of `width` slopes of each row, and the n
 * units begin at number `at` of the chunk. */
typedef void (*apply_fn)(const cell_t *cell, const work_t *work, size_t at, const hem__real *slope,
                         int width, size_t n);

static void each_row(const cell_t *cell, const work_t *work, apply_fn apply)
{
    const hem__real *slope = work->params + cell->graph->tensors[cell->node->weight].offset;
    const size_t pixels = (size_t)cell->out.H * (size_t)cell->out.W;
    share units = unit_share(cell, work);
    for (size_t t = 0; t < (size_t)work->tiles && one_a_unit(cell); t++)
        if (units.first < units.last)
            apply(cell, work, t * cell->out_units + units.first, slope + units.first,
                  (int)(units.last - units.first), units.last - units.first);
    if (one_a_unit(cell))
        return;
    size_t blocks = (size_t)hem__blocks(cell->out.C), i, last;
    hem__share((size_t)work->tiles * blocks * pixels, work->thread, work->n_threads, &i, &last);
    while (i < last) {
        size_t tile = i / (blocks * pixels), b = i / pixels % blocks, pixel = i % pixels;
        size_t n = pixels - pixel < last - i ? pixels - pixel : last - i;
        size_t width = (size_t)hem__block_of(cell->out.C, (int)b);
        apply(cell, work, tile * cell->out_units + b * HEM__BLOCK * pixels + pixel * width,
              slope + b * HEM__BLOCK, (int)width, n * width);
        i += n;
    }
}

static void forward_row(const cell_t *cell, const work_t *work, size_t at, const hem__real *slope,
                        int width, size_t n)
{
    at *= HEM__LANES;
    work->kernels->prelu(cell->x + at, slope, width, cell->y + at, (int)n);
}

static void grad_row(const cell_t *cell, const work_t *work, size_t at, const hem__real *slope,
                     int width, size_t n)
{
    at *= HEM__LANES;
    work->kernels->prelu_grad(cell->x + at, slope, width, cell->dy + at, cell->dx + at, (int)n);
}

static void forward(const cell_t *cell, const work_t *work)
{
    each_row(cell, work, forward_row);
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    each_row(cell, work, grad_row);
}

/* Channels of one block, within the thread's share of all channels. */
static void block_slope_grad(const cell_t *cell, const work_t *work, size_t tile, int block,
                             share channels)
{
    const size_t pixels = (size_t)cell->out.H * (size_t)cell->out.W;
    const size_t first = (size_t)block * HEM__BLOCK;
    const size_t width = (size_t)hem__block_of(cell->out.C, block);
    hem__real *slope_grad = work->grads + cell->graph->tensors[cell->node->weight].offset + first;
    size_t at = (tile * cell->out_units + first * pixels) * HEM__LANES;
    size_t c0 = channels.first > first ? channels.first - first : 0;
    size_t c1 = channels.last - first < width ? channels.last - first : width;
    work->kernels->prelu_slope_grad(cell->x + at, cell->dy + at, (int)width, (int)c0, (int)c1,
                                    slope_grad, (int)(width * pixels));
}

static void weight_grad(const cell_t *cell, const work_t *work)
{
    share units = unit_share(cell, work), channels;
    hem__real *slope_grad = work->grads + cell->graph->tensors[cell->node->weight].offset;
    hem__share((size_t)cell->out.C, work->thread, work->n_threads, &channels.first, &channels.last);
    for (size_t t = 0; t < (size_t)work->tiles; t++) {
        size_t at = t * cell->out_units * HEM__LANES;
        int n = (int)cell->out_units;
        if (one_a_unit(cell))
            work->kernels->prelu_slope_grad(cell->x + at, cell->dy + at, n, (int)units.first,
                                            (int)units.last, slope_grad, n);
        for (size_t b = channels.first / HEM__BLOCK;
             !one_a_unit(cell) && b * HEM__BLOCK < channels.last; b++)
            block_slope_grad(cell, work, t, (int)b, channels);
    }
}

const HEM__R(hem__layer) HEM__R(hem__layer_PRELU) = {.infer = infer,
                                                     .forward = forward,
                                                     .input_grad = input_grad,
                                                     .weight_grad = weight_grad,
                                                     .in_place = true,
                                                     .keeps_input = true,
                                                     .by_tile = true};
