/* The tail of a training plan: the last nodes, where they are so light that threads would mostly
 * wait for each other and fetch each other's numbers. There each thread takes tiles of its own
 * through all of them, to the loss and back; they meet behind the loss and at the end. */
#include "net/plan_inside.h"

typedef HEM__R(hem__plan) plan_t;
typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

/* By tiles, each thread reads all of a layer's weights, most of which others have just changed;
 * dealt out by rows, it fetches other threads' inputs and gradients. Light: the first is less. */
static bool light(const plan_t *plan, const hem__node *node)
{
    const size_t most_weights = 65536, balance = 40; /* measured with two threads: E1, B1, D1 */
    const size_t in = hem__units(plan->graph->nodes[node->inputs[0]].shape);
    const size_t out = hem__units(node->shape);
    if (!node->is_dense)
        return true;
    return in * out <= most_weights && in * out <= balance * (size_t)plan->chunk_tiles * (in + out);
}

static bool alone(const plan_t *plan, int i)
{
    const hem__node *node = &plan->graph->nodes[i];
    return node->n_inputs == 1 && node->inputs[0] == i - 1 &&
           HEM__R(hem__readers)(plan->graph, i - 1) == 1;
}

int HEM__R(hem__tail_begin)(const plan_t *plan)
{
    const int loss = plan->graph->n_nodes - 1;
    const size_t tiles = (size_t)plan->chunk_tiles, threads = (size_t)plan->n_threads;
    const size_t rounds = (tiles + threads - 1) / threads; /* at most an eighth of them is idle */
    if (!plan->options.training || threads == 1 || 8 * tiles < 7 * rounds * threads ||
        !alone(plan, loss))
        return loss;
    int i = loss;
    while (i - 1 > plan->input_reader && hem__layer_of(&plan->graph->nodes[i - 1])->by_tile &&
           alone(plan, i - 1) && light(plan, &plan->graph->nodes[i - 1]))
        i--;
    return i;
}

/* The cell as it is from tile t on. */
static cell_t cell_from(const cell_t *cell, size_t t)
{
    cell_t own = *cell;
    const size_t in = t * cell->in_units * HEM__LANES, out = t * cell->out_units * HEM__LANES;
    own.x += in;
    own.y += out;
    if (own.dy)
        own.dy += out;
    if (own.dx)
        own.dx += in;
    if (own.mask)
        own.mask += in;
    if (own.xt)
        own.xt += t * HEM__LANES * own.ld_xt;
    if (own.keep)
        own.keep += t * own.out_units;
    return own;
}

void HEM__R(hem__tail_run)(const HEM__R(hem__entry) * entry, const work_t *work)
{
    size_t first, last;
    hem__share((size_t)work->tiles, work->thread, work->n_threads, &first, &last);
    if (first == last)
        return;
    const cell_t cell = cell_from(entry->cell, first);
    const size_t begin = first * HEM__LANES, end = last * HEM__LANES;
    work_t own = *work;
    own.pool = NULL;
    own.thread = 0;
    own.n_threads = 1;
    own.tiles = (int)(last - first);
    own.images = (int)((end < (size_t)work->images ? end : (size_t)work->images) - begin);
    own.place += (uint32_t)begin;
    entry->run(&cell, &own);
}
