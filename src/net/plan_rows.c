/* Forward passes that run together, strip by strip: a convolution, the activations without weights
 * behind it and the pooling that they lead to. The rows of a channel block that some rows of the
 * pooling need are made in a buffer of the thread and pooled while the first or second cache holds
 * them, so that the map between is never whole; what lies right of or below the last window is not
 * made.
 *
 * In inference alone: gradients need that map, and writing it costs what pooling from the cache
 * saves. Which nodes run so is a function of their shapes, and no bit changes. */
#include "net/plan_inside.h"

typedef HEM__R(hem__plan) plan_t;
typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;
typedef HEM__R(hem__entry) entry_t;
typedef HEM__R(hem__strip) strip_t;
typedef HEM__R(hem__layer) layer_t;

enum {
    STRIP_NUMBERS = 16384, /* so many rows at once: 64 KiB leave the second cache to x */
    MOST_NUMBERS = 32768,  /* for one row of the pooling */
    FEWEST_ROWS = 8        /* of the pooling, in all channel blocks of a tile: threads share them */
};

/* Whether node i + 1 reads node i, and nobody else does. */
static bool feeds_next_alone(const hem__graph *graph, int i)
{
    return HEM__R(hem__readers)(graph, i) == 1 && graph->nodes[i + 1].inputs[0] == i;
}

/* Columns of the input that windows read: all up to here. */
static int columns_read(const hem__pool_shape *s)
{
    return hem__pool_window(s, 0, s->Q - 1).x1;
}

/* Numbers of a strip of the input that serves n rows of the pooling. */
static size_t strip_for(const hem__pool_shape *s, size_t n)
{
    size_t rows = (n - 1) * (size_t)s->stride_y + (size_t)s->R;
    return rows * (size_t)columns_read(s) * (size_t)hem__block_of(s->C, 0) * HEM__LANES;
}

/* Rows of the pooling to make at once. */
static size_t rows_at_once(const hem__pool_shape *s)
{
    size_t n = 1;
    while (n < (size_t)s->P && strip_for(s, n + 1) <= STRIP_NUMBERS)
        n++;
    return n;
}

/* Rows in two windows would be made twice. */
static bool suits(const hem__pool_shape *s)
{
    return s->R <= s->stride_y && strip_for(s, 1) <= MOST_NUMBERS && s->P > 1 &&
           (size_t)hem__blocks(s->C) * (size_t)s->P >= FEWEST_ROWS;
}

int HEM__R(hem__rows_end)(const hem__graph *graph, int first)
{
    const hem__node *node = &graph->nodes[first];
    int i = first;
    if (node->is_input || !hem__layer_of(node)->begins_rows ||
        !hem__layer_of(node)->begins_rows(node))
        return first;
    while (feeds_next_alone(graph, i)) {
        node = &graph->nodes[++i];
        if (node->kind == HEM__LAYER_MAXPOOL || node->kind == HEM__LAYER_AVGPOOL)
            return suits(&node->pool) ? i : first;
        if (!hem__layer_of(node)->forward_rows || hem__layer_of(node)->begins_rows)
            return first;
    }
    return first;
}

static bool by_rows(const plan_t *plan)
{
    return !plan->options.training && !plan->options.keep;
}

int HEM__R(hem__rows_together)(const plan_t *plan, int first)
{
    return by_rows(plan) ? HEM__R(hem__rows_end)(plan->graph, first) - first + 1 : 1;
}

bool HEM__R(hem__rows_pass)(const plan_t *plan, int i)
{
    int first = i;
    while (first > 0 && !hem__layer_of(&plan->graph->nodes[first])->begins_rows)
        first--;
    return by_rows(plan) && HEM__R(hem__rows_end)(plan->graph, first) > i;
}

void HEM__R(hem__rows_reserve)(plan_t *plan, hem__arena *arena)
{
    size_t most = 0;
    for (int i = 0; i < plan->graph->n_nodes; i++) {
        int n = HEM__R(hem__rows_together)(plan, i);
        const hem__pool_shape *s = &plan->graph->nodes[i + n - 1].pool;
        size_t numbers = n > 1 ? strip_for(s, rows_at_once(s)) : 0;
        most = numbers > most ? numbers : most;
    }
    plan->strip_numbers = most;
    if (most > 0)
        plan->strips = hem__arena_take(arena, (size_t)plan->n_threads * most, sizeof(hem__real));
}

/* Rows [p0, p1) of the pooling, the last of n entries, of one tile and channel block. */
static void run_strip(const plan_t *plan, const entry_t *list, int n, const work_t *work, int tile,
                      int block, int p0, int p1)
{
    const cell_t *pool = list[n - 1].cell;
    const hem__pool_shape *s = &pool->node->pool;
    const int first = hem__pool_window(s, p0, 0).y0, last = hem__pool_window(s, p1 - 1, 0).y1;
    strip_t strip = {tile, block, first, last - first, columns_read(s), plan->strips};
    strip_t pooled = {tile, block, p0, p1 - p0, s->Q, pool->y};
    strip.at += (size_t)work->thread * plan->strip_numbers;
    pooled.at +=
        ((size_t)tile * pool->out_units + hem__unit(pool->out, block * HEM__BLOCK, p0, 0)) *
        HEM__LANES;
    for (int k = 0; k < n; k++) {
        if (plan->profile)
            hem__profile_mark(HEM__N_TIMES + (size_t)(&list[k] - plan->lists));
        const cell_t *cell = list[k].cell;
        hem__layer_of(cell->node)->forward_rows(cell, work, &strip, k < n - 1 ? &strip : &pooled);
    }
}

void HEM__R(hem__rows_run)(const plan_t *plan, const entry_t *list, int n, const work_t *work)
{
    const hem__pool_shape *s = &list[n - 1].cell->node->pool;
    const size_t rows = (size_t)s->P, blocks = (size_t)hem__blocks(s->C), most = rows_at_once(s);
    size_t i, last;
    hem__deal deal = hem__work_deal(work, (size_t)work->tiles * blocks * rows, 1, rows);
    while (hem__deal_next(&deal, &i, &last))
        for (size_t m; i < last; i += m) {
            size_t p = i % rows;
            m = last - i < most ? last - i : most;
            run_strip(plan, list, n, work, (int)(i / rows / blocks), (int)(i / rows % blocks),
                      (int)p, (int)(p + m));
        }
}
