/* Fully connected layer: y[o] = bias[o] + sum over i of w[o][i] x[i]. A map is read as it lies in
 * memory (contract.h), so flattening costs nothing; weights are stored in that order too and only
 * files and printed names see the canonical one. Convolutions that cover their map use these
 * functions too (conv_dense.c).
 *
 * Its weight gradient never exists in memory where a batch is one chunk: the kernel that computes
 * it also updates. */
#include "layer/layer.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

enum {
    BLOCK_ROWS = 12, /* to be rounded up to whole register blocks of the tier */
    INPUT_ROWS = 48, /* of the input gradient: whole cache lines of weights, too */
    MANY = 4         /* blocks a thread */
};

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    int units = layer->u.dense.units;
    size_t inputs = hem__units(in->shape);
    out->shape = out->map = (hem__shape){units, 1, 1};
    out->needs_grad = out->needs_grad || !layer->freeze;
    out->is_dense = true;

    hem__tensor weight = {.layer = out->layer,
                          .n_dims = 2,
                          .dims = {(size_t)units, inputs},
                          .l1 = layer->l1,
                          .l2 = layer->l2,
                          .init = hem__init_of(&layer->init, (double)inputs, units),
                          .row = inputs,
                          .columns = in->map,
                          .decays = true,
                          .frozen = layer->freeze};
    out->weight = hem__graph_add_weight(graph, layer, &weight, "weight");
    out->bias = -1;
    if (out->weight >= 0 && layer->bias) {
        hem__tensor bias = {.layer = out->layer,
                            .n_dims = 1,
                            .dims = {(size_t)units},
                            .l1 = layer->bias_l1,
                            .l2 = layer->bias_l2,
                            .init = hem__init_of(&layer->bias_init, (double)inputs, units),
                            .frozen = layer->freeze};
        out->bias = hem__graph_add_weight(graph, layer, &bias, "bias");
    }
    if (out->weight < 0 || (layer->bias && out->bias < 0))
        return hem__spec_fail(spec, layer->u.dense.units_at, err,
                              "%s with %d units over %zu inputs is too large", layer->name, units,
                              inputs);
    return HEM_OK;
}

static hem__dense_run run_of(const cell_t *cell, const work_t *work)
{
    return (hem__dense_run){.n_in = (int)cell->in_units,
                            .n_out = (int)cell->out_units,
                            .ld_w = cell->graph->tensors[cell->node->weight].ld,
                            .n_tiles = work->tiles,
                            .in_tile = cell->in_units * HEM__LANES,
                            .out_tile = cell->out_units * HEM__LANES};
}

void HEM__R(hem__dense_reserve)(cell_t *cell, hem__arena *arena, int tiles, int n_threads,
                                bool training)
{
    if (!training || cell->graph->tensors[cell->node->weight].frozen)
        return;
    /* 16 numbers more a row, so that rows do not fall on the same sets of the first cache */
    cell->ld_xt = cell->graph->tensors[cell->node->weight].ld + 16;
    const size_t n = (size_t)tiles * HEM__LANES * cell->ld_xt;
    cell->own_xt = cell->own_x > 0 ? n : 0;
    cell->xt =
        hem__arena_take(arena, cell->own_x > 0 ? (size_t)n_threads * n : n, sizeof(hem__real));
}

static const hem__real *x_of(const cell_t *cell, const work_t *work)
{
    return cell->x + (size_t)work->thread * cell->own_x;
}

static hem__real *xt_of(const cell_t *cell, const work_t *work)
{
    return cell->xt + (size_t)work->thread * cell->own_xt;
}

/* cell->xt of cell->x, dealt out or, where the thread has its own, all of it. */
static void turn(const cell_t *cell, const work_t *work)
{
    size_t first, last, in_tile = cell->in_units * HEM__LANES;
    if (!cell->xt)
        return;
    hem__deal units = cell->own_x > 0 ? hem__deal_new(NULL, 0, cell->in_units, HEM__LANES, 0)
                                      : hem__work_deal(work, cell->in_units, HEM__LANES, 0);
    while (hem__deal_next(&units, &first, &last))
        for (int t = 0; t < work->tiles; t++)
            work->kernels->transpose(x_of(cell, work) + (size_t)t * in_tile,
                                     xt_of(cell, work) + (size_t)t * HEM__LANES * cell->ld_xt,
                                     cell->ld_xt, (int)first, (int)last);
}

/* Deals out n rows, in blocks of `rows` where these are many; else in the smallest, so that no
 * thread gets much more than another. */
static hem__deal deal_rows(const work_t *work, size_t n, size_t rows)
{
    const size_t least = (size_t)work->kernels->dense_rows;
    rows = (rows + least - 1) / least * least;
    bool many = n >= (size_t)work->n_threads * MANY * rows;
    return hem__work_deal(work, n, many ? rows : least, 0);
}

void HEM__R(hem__dense_forward)(const cell_t *cell, const work_t *work)
{
    const hem__tensor *tensors = cell->graph->tensors;
    const hem__real *w = work->params + tensors[cell->node->weight].offset;
    const hem__real *bias =
        cell->node->bias < 0 ? NULL : work->params + tensors[cell->node->bias].offset;
    hem__dense_run run = run_of(cell, work);
    size_t first, last;
    hem__deal rows = deal_rows(work, cell->out_units, BLOCK_ROWS);
    while (hem__deal_next(&rows, &first, &last))
        work->kernels->dense(&run, x_of(cell, work), w, bias, cell->node->relu, cell->y, (int)first,
                             (int)last);
    turn(cell, work);
}

void HEM__R(hem__dense_input_grad)(const cell_t *cell, const work_t *work)
{
    const hem__real *w = work->params + cell->graph->tensors[cell->node->weight].offset;
    hem__dense_run run = run_of(cell, work);
    size_t first, last;
    hem__deal units = deal_rows(work, cell->in_units, INPUT_ROWS);
    while (hem__deal_next(&units, &first, &last))
        work->kernels->dense_igrad(&run, cell->dy, w, cell->mask, cell->dx, (int)first, (int)last);
}

static void weight_rows(const cell_t *cell, const work_t *work, size_t first, size_t last)
{
    const hem__tensor *tensors = cell->graph->tensors, *weight = &tensors[cell->node->weight];
    hem__dense_run run = run_of(cell, work);
    if (cell->node->bias >= 0)
        for (int t = 0; t < work->tiles; t++)
            work->kernels->lane_sum(cell->dy + (size_t)t * run.out_tile,
                                    work->grads + tensors[cell->node->bias].offset, (int)first,
                                    (int)last);
    if (work->fused) {
        work->kernels->dense_update[work->optimizer](
            &run, cell->dy, xt_of(cell, work), cell->ld_xt, work->params + weight->offset,
            work->state + (size_t)work->slots * weight->offset, &work->updates[cell->node->weight],
            (int)first, (int)last);
        return;
    }
    hem__real *g = work->grads + weight->offset + first * run.ld_w;
    work->kernels->dense_wgrad(&run, cell->dy, xt_of(cell, work), cell->ld_xt, g, run.ld_w, 1,
                               (int)first, (int)last, 0, (int)run.ld_w);
}

void HEM__R(hem__dense_weight_grad)(const cell_t *cell, const work_t *work)
{
    size_t first, last;
    hem__deal rows = deal_rows(work, cell->out_units, BLOCK_ROWS);
    while (hem__deal_next(&rows, &first, &last))
        weight_rows(cell, work, first, last);
}

const HEM__R(hem__layer) HEM__R(hem__layer_DENSE) = {.infer = infer,
                                                     .reserve = HEM__R(hem__dense_reserve),
                                                     .forward = HEM__R(hem__dense_forward),
                                                     .input_grad = HEM__R(hem__dense_input_grad),
                                                     .weight_grad = HEM__R(hem__dense_weight_grad),
                                                     .masks = true,
                                                     .by_tile = true};
