/* The sum at the end of a residual: of what its layers made of the input, and of what its shortcut
 * made of it, or the input itself. Its gradient goes to both unchanged: to the layers by sharing
 * the buffer (net/plan.c), to the shortcut as a copy, so that each may write over its own. */
#include "layer/layer.h"

#include <string.h>

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

/* The stride that makes `from` rows (or columns) `to` with `padding: same`; 0 = none. */
static int stride_for(int from, int to)
{
    int stride = (from + to - 1) / to;
    return (from + stride - 1) / stride == to ? stride : 0;
}

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    const hem__node *other = &graph->nodes[out->inputs[1]];
    hem__shape a = in->shape, b = other->shape, from = graph->nodes[out->fork].shape;
    out->shape = in->shape;
    out->map = in->map;
    bool same_map = memcmp(&in->map, &other->map, sizeof in->map) == 0;
    if (memcmp(&a, &b, sizeof a) == 0 && same_map)
        return HEM_OK;
    bool own = layer->u.residual.shortcut.n > 0;
    hem__spec_fail(spec, layer->at, err,
                   "%s cannot add %d x %d x %d of its layers to %d x %d x %d "
                   "of its %s%s",
                   layer->name, a.C, a.H, a.W, b.C, b.H, b.W, own ? "shortcut" : "input",
                   memcmp(&a, &b, sizeof a) == 0 ? ", a flattened map in another order" : "");
    int rows = stride_for(from.H, a.H), columns = stride_for(from.W, a.W);
    if (a.H * a.W == 1 || rows == 0 || columns == 0)
        return hem__hint(err, "channels x rows x columns must be the same on both ways");
    if (rows == 1 && columns == 1)
        return hem__hint(err, "for example shortcut: [{conv: {filters: %d, kernel: 1}}]", a.C);
    return hem__hint(err,
                     "for example shortcut: [{conv: {filters: %d, kernel: 1, "
                     "stride: [%d, %d], padding: same}}]",
                     a.C, rows, columns);
}

static void share(const cell_t *cell, const work_t *work, size_t *at, size_t *n)
{
    size_t first, last;
    hem__share((size_t)work->tiles * cell->out_units, work->thread, work->n_threads, &first, &last);
    *at = first * HEM__LANES;
    *n = (last - first) * HEM__LANES;
}

static void forward(const cell_t *cell, const work_t *work)
{
    size_t at, n;
    share(cell, work, &at, &n);
    memcpy(cell->y + at, cell->x + at, n * sizeof(hem__real));
    work->kernels->add(cell->y + at, cell->x2 + at, n);
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    size_t at, n;
    share(cell, work, &at, &n);
    if (cell->adds2)
        work->kernels->add(cell->dx2 + at, cell->dy + at, n);
    else
        memcpy(cell->dx2 + at, cell->dy + at, n * sizeof(hem__real));
}

const HEM__R(hem__layer)
    HEM__R(hem__layer_RESIDUAL) = {.infer = infer, .forward = forward, .input_grad = input_grad};
