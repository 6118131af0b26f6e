/* Building a plan: who needs which buffer, who may share, and the order of work. */
#include "net/plan_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

typedef HEM__R(hem__plan) plan_t;
typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__layer) layer_t;

int HEM__R(hem__readers)(const hem__graph *graph, int i)
{
    int n = 0;
    for (int j = i + 1; j < graph->n_nodes; j++)
        for (int k = 0; k < graph->nodes[j].n_inputs; k++)
            n += graph->nodes[j].inputs[k] == i;
    return n;
}

static int readers(const plan_t *plan, int i)
{
    return HEM__R(hem__readers)(plan->graph, i);
}

/* Whether node i is the last that reads `input`: the first whose gradient comes back to it. */
static bool reads_last(const plan_t *plan, int input, int i)
{
    for (int j = i + 1; j < plan->graph->n_nodes; j++)
        for (int k = 0; k < plan->graph->nodes[j].n_inputs; k++)
            if (plan->graph->nodes[j].inputs[k] == input)
                return false;
    return true;
}

/* Whether the node's own gradients can do without its output: those of a conv or dense layer
 * (without relu, or where the node above masks it), of batch normalisation and of a sum. */
static bool forgets_output(const hem__node *node)
{
    return node->kind == HEM__LAYER_CONV || node->kind == HEM__LAYER_DENSE ||
           node->kind == HEM__LAYER_BATCHNORM || node->kind == HEM__LAYER_RESIDUAL;
}

/* Whether node i may lie in its input's memory: always for a flatten, for dropout in inference, and
 * for a pointwise layer whose input nobody reads again (gelu, silu and prelu read their input again
 * for their gradients). Not the loss's own: the kernel reads its input after it wrote
 * probabilities. */
static bool shares_input(const plan_t *plan, int i)
{
    const hem__node *node = &plan->graph->nodes[i], *in = &plan->graph->nodes[node->inputs[0]];
    if (node->is_input || i == plan->graph->n_nodes - 1)
        return false;
    if (node->kind == HEM__LAYER_FLATTEN)
        return true;
    if (hem__layer_of(node)->identity_in_inference && !plan->options.training)
        return true;
    if (plan->options.keep)
        return false;
    if (hem__layer_of(node)->keeps_input && plan->options.training)
        return false;
    return hem__layer_of(node)->in_place && !in->relu && readers(plan, node->inputs[0]) == 1 &&
           forgets_output(in);
}

/* Whether the gradient of node i may lie where that of its input does: where it is the only one
 * that comes to the input, and is passed on as it is or changed number by number. */
static bool shares_gradient(const plan_t *plan, int i)
{
    const hem__node *node = &plan->graph->nodes[i];
    const layer_t *layer = hem__layer_of(node);
    if (!plan->graph->nodes[node->inputs[0]].needs_grad || readers(plan, node->inputs[0]) > 1)
        return false;
    return shares_input(plan, i) || layer->grad_in_place || node->kind == HEM__LAYER_RESIDUAL;
}

/* The only reader of node i; -1 where there are more. */
static int only_reader(const plan_t *plan, int i)
{
    bool alone = readers(plan, i) == 1;
    for (int j = i + 1; j < plan->graph->n_nodes && alone; j++)
        for (int k = 0; k < plan->graph->nodes[j].n_inputs; k++)
            if (plan->graph->nodes[j].inputs[k] == i)
                return j;
    return -1;
}

/* The node whose output makes room for the gradient of node i, or -1: the last of those that share
 * this gradient, where the node above it writes its input's gradient over the input. That saves the
 * memory, and the time to fetch its lines for writing. */
static int makes_room(const plan_t *plan, int i)
{
    int top = i, next = only_reader(plan, i);
    while (next >= 0 && plan->graph->nodes[next].inputs[0] == top && shares_gradient(plan, next)) {
        top = next;
        next = only_reader(plan, top);
    }
    if (next < 0 || plan->options.keep || !forgets_output(&plan->graph->nodes[top]))
        return -1;
    const hem__node *above = &plan->graph->nodes[next];
    return hem__layer_of(above)->overwrites && hem__layer_of(above)->overwrites(above) ? top : -1;
}

/* The node whose relu the input gradient of node i can mask with: its input, seen through flattens,
 * where no other gradient comes to it. NULL = none. */
static cell_t *masked_input(plan_t *plan, int i)
{
    const hem__node *node = &plan->graph->nodes[i];
    int in = node->inputs[0];
    if (!hem__layer_of(node)->masks || readers(plan, in) > 1)
        return NULL;
    while (plan->graph->nodes[in].kind == HEM__LAYER_FLATTEN && !plan->graph->nodes[in].is_input) {
        in = plan->graph->nodes[in].inputs[0];
        if (readers(plan, in) > 1)
            return NULL;
    }
    return plan->graph->nodes[in].relu ? &plan->cells[in] : NULL;
}

/* Where the gradient of node i and that for its inputs lie. The node below has one buffer for its
 * gradient: the last node that reads it writes there, the others write to the spare buffer, which
 * is then added. The loss's own node passes its gradient straight to the node below. */
static void lay_out_gradients(plan_t *plan, int i, hem__arena *arena)
{
    const hem__node *node = &plan->graph->nodes[i];
    cell_t *cell = &plan->cells[i];
    cell_t *in = node->is_input ? NULL : &plan->cells[node->inputs[0]];
    bool is_loss = i == plan->graph->n_nodes - 1;
    int room = makes_room(plan, i);
    if (in && shares_gradient(plan, i))
        cell->dy = in->dy;
    else if (room >= 0)
        cell->dy = plan->cells[room].y;
    else if (!is_loss)
        cell->dy = hem__arena_take(arena, (size_t)plan->chunk_tiles * cell->out_units * HEM__LANES,
                                   sizeof(hem__real));
    if (in && in->node->needs_grad) {
        cell->adds = !reads_last(plan, node->inputs[0], i);
        cell->dx = cell->adds ? plan->spare : in->dy;
        cell->below = in->dy;
    }
    if (node->n_inputs == 2 && plan->graph->nodes[node->inputs[1]].needs_grad) {
        cell->dx2 = plan->cells[node->inputs[1]].dy;
        cell->adds2 = !reads_last(plan, node->inputs[1], i);
    }
    cell_t *masked = masked_input(plan, i);
    if (in && masked) {
        cell->mask = masked->y;
        masked->masked = true;
    }
}

/* The dense node whose threads have copies of their own of the images, or -1. Flattens lie between.
 * A copy and what dense.c turns it to must stay in the second cache. */
static int owner_of_input(const plan_t *plan)
{
    const size_t most = (size_t)1 << 20, most_of_all = (size_t)16 << 20; /* bytes */
    const size_t units = 2 * (hem__units(plan->graph->nodes[0].shape) + HEM__ALIGN);
    const size_t copy = (size_t)plan->chunk_tiles * HEM__LANES * units * sizeof(hem__real);
    int i = only_reader(plan, 0);
    while (i >= 0 && plan->graph->nodes[i].kind == HEM__LAYER_FLATTEN)
        i = only_reader(plan, i);
    bool worth = plan->options.training && plan->n_threads > 1 &&
                 !plan->graph->nodes[0].needs_grad && copy <= most &&
                 (size_t)plan->n_threads * copy <= most_of_all;
    return i >= 0 && worth && plan->graph->nodes[i].is_dense ? i : -1;
}

static void lay_out_output(plan_t *plan, int i, hem__arena *arena)
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
    if (node->n_inputs == 2)
        cell->x2 = plan->cells[node->inputs[1]].y;
    const int owner = owner_of_input(plan);
    if (owner >= 0 && i == 0) {
        plan->own_input = n;
        plan->input_reader = owner;
    }
    if (i == owner)
        cell->own_x = plan->own_input;
    if (shares_input(plan, i))
        cell->y = in->y;
    else if (!HEM__R(hem__rows_pass)(plan, i))
        cell->y = hem__arena_take(arena, i == 0 && owner >= 0 ? (size_t)plan->n_threads * n : n,
                                  sizeof(hem__real));
}

/* When all outputs are laid out. */
static void lay_out_rest(plan_t *plan, int i, hem__arena *arena)
{
    const hem__node *node = &plan->graph->nodes[i];
    if (plan->options.training && node->needs_grad)
        lay_out_gradients(plan, i, arena);
    if (!node->is_input && hem__layer_of(node)->reserve)
        hem__layer_of(node)->reserve(&plan->cells[i], arena, plan->chunk_tiles, plan->n_threads,
                                     plan->options.training);
}

/* The buffer for gradients that are to be added: as large as the largest node that several read. */
static void take_spare(plan_t *plan, hem__arena *arena)
{
    size_t most = 0;
    for (int i = 0; plan->options.training && i < plan->graph->n_nodes; i++) {
        const hem__node *node = &plan->graph->nodes[i];
        if (node->needs_grad && readers(plan, i) > 1 && hem__units(node->shape) > most)
            most = hem__units(node->shape);
    }
    if (most > 0)
        plan->spare = hem__arena_take(arena, (size_t)plan->chunk_tiles * most * HEM__LANES,
                                      sizeof(hem__real));
}

static void lay_out(plan_t *plan, hem__arena *arena)
{
    take_spare(plan, arena);
    HEM__R(hem__rows_reserve)(plan, arena);
    for (int i = 0; i < plan->graph->n_nodes; i++)
        lay_out_output(plan, i, arena);
    for (int i = 0; i < plan->graph->n_nodes; i++)
        lay_out_rest(plan, i, arena);
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

/* `whole`: the next entry needs all of what this one makes, in the tail all of the thread's tiles.
 * Not so for packing and weight gradients. */
static void add_entry(plan_t *plan, HEM__R(hem__entry) * list, int *n, HEM__R(hem__work_fn) fn,
                      int i, bool whole, bool in_tail)
{
    list[(*n)++] = (HEM__R(hem__entry)){.run = fn,
                                        .cell = &plan->cells[i],
                                        .barrier = whole && !in_tail,
                                        .by_tile = whole && in_tail};
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

/* A gradient that came to the node below later than another: earlier + later. */
static void add_grad(const cell_t *cell, const HEM__R(hem__work) * work)
{
    size_t first, last;
    hem__share((size_t)work->tiles * cell->in_units, work->thread, work->n_threads, &first, &last);
    work->kernels->add(cell->below + first * HEM__LANES, cell->dx + first * HEM__LANES,
                       (last - first) * HEM__LANES);
}

/* A flatten whose input others read too has a gradient of its own, which goes down as it is. */
static void pass_grad(const cell_t *cell, const HEM__R(hem__work) * work)
{
    size_t first, last;
    hem__share((size_t)work->tiles * cell->in_units, work->thread, work->n_threads, &first, &last);
    memcpy(cell->dx + first * HEM__LANES, cell->dy + first * HEM__LANES,
           (last - first) * HEM__LANES * sizeof(hem__real));
}

/* Whether training changes a tensor of the node. */
static bool has_weights(const plan_t *plan, const hem__node *node)
{
    const hem__tensor *tensors = plan->graph->tensors;
    return (node->weight >= 0 && !tensors[node->weight].frozen) ||
           (node->bias >= 0 && !tensors[node->bias].frozen);
}

static void list_relu_grad(plan_t *plan, int i, bool in_tail)
{
    const hem__node *node = &plan->graph->nodes[i];
    if (node->needs_grad && node->relu && !plan->cells[i].masked)
        add_entry(plan, plan->backward, &plan->n_backward, relu_grad, i, true, in_tail);
}

static void list_input_grad(plan_t *plan, int i, bool in_tail)
{
    const hem__node *node = &plan->graph->nodes[i];
    const cell_t *cell = &plan->cells[i];
    const layer_t *layer = hem__layer_of(node);
    bool passes = node->kind == HEM__LAYER_FLATTEN && cell->dx != cell->dy;
    if (!node->needs_grad)
        return;
    if (passes && cell->dx)
        add_entry(plan, plan->backward, &plan->n_backward, pass_grad, i, true, in_tail);
    if (layer->input_grad && (node->n_inputs == 2 ? cell->dx2 : cell->dx))
        add_entry(plan, plan->backward, &plan->n_backward, layer->input_grad, i, true, in_tail);
    if (cell->adds)
        add_entry(plan, plan->backward, &plan->n_backward, add_grad, i, true, in_tail);
}

static void list_weight_grad(plan_t *plan, int i)
{
    const hem__node *node = &plan->graph->nodes[i];
    const layer_t *layer = hem__layer_of(node);
    if (node->needs_grad && layer->weight_grad && has_weights(plan, node))
        add_entry(plan, plan->backward, &plan->n_backward, layer->weight_grad, i, false, false);
}

/* Backward: a node's input gradient must be whole before the node below goes on, and before the
 * node's own weights change; its weight gradient runs beside the next input gradient. The tail's
 * come behind all of its input gradients and that of a relu right below it. */
static void list_backward(plan_t *plan)
{
    const int last = plan->graph->n_nodes - 2;
    const bool tail = plan->tail <= last;
    const int relus = tail ? plan->tail - 1 : plan->tail; /* below it, they are not listed yet */
    for (int i = last; i >= plan->tail; i--) {
        list_relu_grad(plan, i, true);
        list_input_grad(plan, i, true);
    }
    if (tail)
        list_relu_grad(plan, relus, true);
    if (plan->n_backward > 0)
        plan->backward[plan->n_backward - 1].barrier = true;
    for (int i = last; i > 0; i--) {
        if (i < relus)
            list_relu_grad(plan, i, false);
        if (i < plan->tail)
            list_input_grad(plan, i, false);
        list_weight_grad(plan, i);
    }
}

static void list_work(plan_t *plan)
{
    const hem__graph *graph = plan->graph;
    int last_prepare = -1;
    for (int i = 1; i < graph->n_nodes; i++) {
        const layer_t *layer = hem__layer_of(&graph->nodes[i]);
        bool is_loss = i == graph->n_nodes - 1;
        bool skip = layer->identity_in_inference && !plan->options.training;
        if (layer->prepare && !graph->nodes[i].is_dense) {
            last_prepare = plan->n_prepare;
            add_entry(plan, plan->prepare, &plan->n_prepare, layer->prepare, i, false, false);
        }
        if (layer->forward && !is_loss && !skip) {
            add_entry(plan, plan->forward, &plan->n_forward, layer->forward, i, true,
                      i >= plan->tail);
            plan->forward[plan->n_forward - 1].together = HEM__R(hem__rows_together)(plan, i);
        }
    }
    if (last_prepare >= 0)
        plan->prepare[last_prepare].barrier = true;
    if (plan->options.training)
        list_backward(plan);
}

static const hem__plan_options APART = {.batch = HEM__APART_TILES * HEM__LANES};

/* Bytes of a thread's own plan; 0 = threads stay together. So they do where these plans take much
 * memory, since their layers are long then, and where weights do not fit the caches, since together
 * they are read half as often. */
static size_t apart_bytes(const plan_t *plan)
{
    const size_t most = 4 << 20, most_weights = 2 << 20;
    size_t bytes = 0;
    if (!plan->options.apart || plan->n_threads == 1 ||
        plan->graph->n_params > most_weights / sizeof(hem__real))
        return 0;
    hem_status status =
        HEM__R(hem__plan_new)(plan->graph, NULL, plan->kernels, &APART, NULL, &bytes, NULL);
    return status == HEM_OK && bytes <= most ? bytes : 0;
}

static void free_apart(plan_t *plan)
{
    for (int t = 0; plan->apart && t < plan->n_threads; t++)
        HEM__R(hem__plan_free)(plan->apart[t]);
    free(plan->apart);
    plan->apart = NULL;
}

/* Each thread's own plan, whose weights are those that all prepare together. Without memory for
 * them threads stay together. */
static void make_apart(plan_t *plan)
{
    plan->apart = hem__calloc((size_t)plan->n_threads, sizeof *plan->apart);
    for (int t = 0; plan->apart && t < plan->n_threads; t++) {
        if (HEM__R(hem__plan_new)(plan->graph, NULL, plan->kernels, &APART, &plan->apart[t], NULL,
                                  NULL) != HEM_OK) {
            free_apart(plan);
            return;
        }
        for (int i = 0; i < plan->graph->n_nodes; i++) {
            cell_t *own = &plan->apart[t]->cells[i];
            own->packed = plan->cells[i].packed;
            own->spectrum_w = plan->cells[i].spectrum_w;
        }
    }
}

static bool whole_batch(const plan_t *plan)
{
    return plan->graph->batch_statistics && plan->options.training;
}

hem_status HEM__R(hem__plan_new)(const hem__graph *graph, hem__pool *pool,
                                 const HEM__R(hem__kernels) * kernels,
                                 const hem__plan_options *options, plan_t **out, size_t *bytes,
                                 hem_error *err)
{
    assert(!options->apart || (!options->training && !options->keep));
    plan_t *plan = hem__calloc(1, sizeof *plan);
    if (plan)
        plan->cells = hem__calloc((size_t)graph->n_nodes, sizeof *plan->cells);
    if (plan && plan->cells)
        plan->lists = hem__calloc((size_t)graph->n_nodes * 8, sizeof *plan->lists);
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
    if (whole_batch(plan))
        plan->options.groups = 1;
    plan->n_threads = pool ? hem__pool_threads(pool) : 1;
    size_t tiles = (options->batch + HEM__LANES - 1) / HEM__LANES;
    plan->chunk_tiles =
        tiles < HEM__CHUNK_TILES || whole_batch(plan) ? (int)tiles : HEM__CHUNK_TILES;
    plan->one_chunk = tiles <= (size_t)plan->chunk_tiles &&
                      hem__groups_of(options->batch, plan->options.groups) == 1;

    lay_out(plan, &plan->arena);
    size_t needed = plan->arena.used, apart = apart_bytes(plan);
    if (bytes &&
        (plan->arena.overflow || !hem__add_size(needed, apart * (size_t)plan->n_threads, bytes)))
        *bytes = SIZE_MAX;
    if (!out) {
        HEM__R(hem__plan_free)(plan);
        return HEM_OK;
    }
    if (!hem__arena_reserve(&plan->arena)) {
        HEM__R(hem__plan_free)(plan);
        return hem__fail_memory(err, "the buffers of a network", needed);
    }
    lay_out(plan, &plan->arena);
    plan->tail = HEM__R(hem__tail_begin)(plan);
    list_work(plan);
    if (apart > 0)
        make_apart(plan);
    *out = plan;
    return HEM_OK;
}

void HEM__R(hem__plan_free)(plan_t *plan)
{
    if (!plan)
        return;
    free_apart(plan);
    hem__arena_release(&plan->arena);
    hem__profile_free(plan->profile);
    free(plan->lists);
    free(plan->cells);
    free(plan);
}
