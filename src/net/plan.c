/* Building a plan: who needs which buffer, who may share, and the order of work. */
#include "net/plan_inside.h"

#include <stdlib.h>

#include "base/mem.h"

typedef HEM__R(hem__plan) plan_t;
typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__layer) layer_t;

static const layer_t *layer_of(const hem__node *node)
{
    return HEM__R(hem__layers)[node->kind];
}

/* Whether node i may lie in its input's memory: always for a flatten, for dropout in inference, and
 * for a pointwise layer whose input nobody reads again: a conv or dense layer without relu (gelu,
 * silu and prelu read it again for their gradients). Not the loss's own: the kernel reads its
 * input after it wrote probabilities. */
static bool shares_input(const plan_t *plan, int i)
{
    const hem__node *node = &plan->graph->nodes[i], *in = &plan->graph->nodes[node->inputs[0]];
    if (node->is_input || i == plan->graph->n_nodes - 1)
        return false;
    if (node->kind == HEM__LAYER_FLATTEN)
        return true;
    if (layer_of(node)->identity_in_inference && !plan->options.training)
        return true;
    if (layer_of(node)->keeps_input && plan->options.training)
        return false;
    return layer_of(node)->in_place && !in->relu &&
           (in->kind == HEM__LAYER_CONV || in->kind == HEM__LAYER_DENSE);
}

/* The node whose relu the input gradient of node i can mask with: its input, seen through flattens.
 */
static const cell_t *masked_input(const plan_t *plan, int i)
{
    const hem__node *node = &plan->graph->nodes[i];
    const hem__node *in = &plan->graph->nodes[node->inputs[0]];
    while (in->kind == HEM__LAYER_FLATTEN && !in->is_input)
        in = &plan->graph->nodes[in->inputs[0]];
    return layer_of(node)->masks && in->relu ? &plan->cells[in - plan->graph->nodes] : NULL;
}

static void lay_out_cell(plan_t *plan, int i, hem__arena *arena)
{
    const hem__node *node = &plan->graph->nodes[i];
    const cell_t *in = node->is_input ? NULL : &plan->cells[node->inputs[0]];
    cell_t *cell = &plan->cells[i];
    *cell = (cell_t){.graph = plan->graph,
                     .node = node,
                     .out = node->shape,
                     .out_units = hem__units(node->shape)};
    size_t n = (size_t)plan->chunk_tiles * cell->out_units * HEM__LANES;
    if (in) {
        cell->in = in->out;
        cell->in_units = in->out_units;
        cell->x = in->y;
    }
    bool share = shares_input(plan, i);
    cell->y = share ? in->y : hem__arena_take(arena, n, sizeof(hem__real));
    if (plan->options.training && node->needs_grad) {
        /* the loss's own node passes its gradient straight to the node below */
        bool is_loss = i == plan->graph->n_nodes - 1;
        cell->dy = is_loss           ? NULL
                   : share && in->dy ? in->dy
                                     : hem__arena_take(arena, n, sizeof(hem__real));
        if (in && plan->graph->nodes[node->inputs[0]].needs_grad)
            cell->dx = in->dy;
    }
    if (in && masked_input(plan, i))
        cell->mask = masked_input(plan, i)->y;
    if (!node->is_input && layer_of(node)->reserve)
        layer_of(node)->reserve(cell, arena, plan->chunk_tiles, plan->n_threads,
                                plan->options.training);
}

static void lay_out(plan_t *plan, hem__arena *arena)
{
    for (int i = 0; i < plan->graph->n_nodes; i++)
        lay_out_cell(plan, i, arena);
    size_t images = (size_t)plan->chunk_tiles * HEM__LANES;
    plan->loss = hem__arena_take(arena, images, sizeof *plan->loss);
    plan->predicted = hem__arena_take(arena, images, sizeof *plan->predicted);
    if (!plan->options.training)
        return;
    plan->grads = hem__arena_take(arena, plan->graph->n_params, sizeof(hem__real));
    if (plan->options.clip > 0)
        plan->squares =
            hem__arena_take(arena, HEM__R(hem__norm_blocks)(plan->graph), sizeof *plan->squares);
    int groups = hem__groups_of(plan->options.batch, plan->options.groups);
    for (plan->n_levels = 0; plan->n_levels < HEM__TREE_LEVELS && groups > 1 << plan->n_levels;)
        plan->tree[plan->n_levels++] =
            hem__arena_take(arena, plan->graph->n_params, sizeof(hem__real));
}

static void add_entry(plan_t *plan, HEM__R(hem__entry) * list, int *n, HEM__R(hem__work_fn) fn,
                      int i, bool barrier)
{
    list[(*n)++] = (HEM__R(hem__entry)){.run = fn, .cell = &plan->cells[i], .barrier = barrier};
}

/* A relu in an epilogue whose gradient nobody above could mask: done over dy by itself. */
static void relu_grad(const cell_t *cell, const HEM__R(hem__work) * work)
{
    size_t first, last;
    hem__share((size_t)work->tiles * cell->out_units, work->thread, work->n_threads, &first, &last);
    size_t at = first * HEM__LANES;
    work->kernels->pointwise_grad[0](cell->y + at, cell->dy + at, cell->dy + at,
                                     (last - first) * HEM__LANES);
}

/* Backward: a node's input gradient must be whole before the node below goes on, and before the
 * node's own weights change; its weight gradient runs beside the next input gradient. */
static void list_backward(plan_t *plan)
{
    const hem__graph *graph = plan->graph;
    bool masked = false; /* the relu of the node that comes next has been seen to */
    for (int i = graph->n_nodes - 1; i > 0; i--) {
        const hem__node *node = &graph->nodes[i];
        const cell_t *cell = &plan->cells[i];
        const layer_t *layer = layer_of(node);
        if (!node->needs_grad)
            break;
        if (i < graph->n_nodes - 1) {
            if (node->relu && !masked)
                add_entry(plan, plan->backward, &plan->n_backward, relu_grad, i, true);
            if (cell->dx && layer->input_grad)
                add_entry(plan, plan->backward, &plan->n_backward, layer->input_grad, i, true);
            if (layer->weight_grad)
                add_entry(plan, plan->backward, &plan->n_backward, layer->weight_grad, i, false);
        }
        if (node->kind != HEM__LAYER_FLATTEN)
            masked = cell->mask != NULL;
    }
}

static void list_work(plan_t *plan)
{
    const hem__graph *graph = plan->graph;
    int last_prepare = -1;
    for (int i = 1; i < graph->n_nodes; i++) {
        const layer_t *layer = layer_of(&graph->nodes[i]);
        bool is_loss = i == graph->n_nodes - 1;
        bool skip = layer->identity_in_inference && !plan->options.training;
        if (layer->prepare) {
            last_prepare = plan->n_prepare;
            add_entry(plan, plan->prepare, &plan->n_prepare, layer->prepare, i, false);
        }
        if (layer->forward && !is_loss && !skip)
            add_entry(plan, plan->forward, &plan->n_forward, layer->forward, i, true);
    }
    if (last_prepare >= 0)
        plan->prepare[last_prepare].barrier = true;
    if (plan->options.training)
        list_backward(plan);
}

hem_status HEM__R(hem__plan_new)(const hem__graph *graph, hem__pool *pool,
                                 const HEM__R(hem__kernels) * kernels,
                                 const hem__plan_options *options, plan_t **out, size_t *bytes,
                                 hem_error *err)
{
    plan_t *plan = hem__calloc(1, sizeof *plan);
    if (plan)
        plan->cells = hem__calloc((size_t)graph->n_nodes, sizeof *plan->cells);
    if (plan && plan->cells)
        plan->lists = hem__calloc((size_t)graph->n_nodes * 5, sizeof *plan->lists);
    if (out)
        *out = NULL;
    if (!plan || !plan->lists) {
        HEM__R(hem__plan_free)(plan);
        return hem__fail_memory(err, "a plan", sizeof *plan);
    }
    plan->prepare = plan->lists;
    plan->forward = plan->prepare + graph->n_nodes;
    plan->backward = plan->forward + graph->n_nodes;
    plan->graph = graph;
    plan->pool = pool;
    plan->kernels = kernels;
    plan->options = *options;
    plan->n_threads = pool ? hem__pool_threads(pool) : 1;
    size_t tiles = (options->batch + HEM__LANES - 1) / HEM__LANES;
    plan->chunk_tiles = tiles < HEM__CHUNK_TILES ? (int)tiles : HEM__CHUNK_TILES;
    plan->one_chunk =
        tiles <= HEM__CHUNK_TILES && hem__groups_of(options->batch, options->groups) == 1;

    lay_out(plan, &plan->arena);
    if (bytes)
        *bytes = plan->arena.overflow ? SIZE_MAX : plan->arena.used;
    size_t needed = plan->arena.used;
    if (!out) {
        HEM__R(hem__plan_free)(plan);
        return HEM_OK;
    }
    if (!hem__arena_reserve(&plan->arena)) {
        HEM__R(hem__plan_free)(plan);
        return hem__fail_memory(err, "the buffers of a network", needed);
    }
    lay_out(plan, &plan->arena);
    list_work(plan);
    *out = plan;
    return HEM_OK;
}

void HEM__R(hem__plan_free)(plan_t *plan)
{
    if (!plan)
        return;
    hem__arena_release(&plan->arena);
    free(plan->lists);
    free(plan->cells);
    free(plan);
}
