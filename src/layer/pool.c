/* Max and average pooling. Windows are clipped to the image: with `padding: same` an average is
 * over the cells inside, as TensorFlow's. Rows and columns left over by `valid` are dropped. */
#include "layer/layer.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    (void)graph;
    const int *size = layer->u.pool.size, *stride = layer->u.pool.stride;
    hem__pool_shape s = {.C = in->shape.C,
                         .H = in->shape.H,
                         .W = in->shape.W,
                         .R = size[0],
                         .S = size[1],
                         .stride_y = stride[0],
                         .stride_x = stride[1]};
    s.P = hem__out_size(s.H, s.R, s.stride_y, layer->u.pool.padding, &s.pad_y);
    s.Q = hem__out_size(s.W, s.S, s.stride_x, layer->u.pool.padding, &s.pad_x);
    if (s.P < 1 || s.Q < 1) {
        hem__spec_fail(spec, layer->u.pool.size_at, err,
                       "window %d x %d of %s is larger than its input of %d x %d pixels", s.R, s.S,
                       layer->name, s.H, s.W);
        return hem__hint(err, "use a smaller window, fewer pooling layers, or 'padding: same'");
    }
    out->pool = s;
    out->shape = out->map = (hem__shape){s.C, s.P, s.Q};
    return HEM_OK;
}

/* One window over the whole map: a pooling layer like any other from here on. */
static hem_status infer_global(const hem_spec *spec, const hem__layer_spec *layer,
                               const hem__node *in, hem__graph *graph, hem__node *out,
                               hem_error *err)
{
    (void)spec, (void)graph, (void)err;
    const int H = in->shape.H, W = in->shape.W;
    bool max = layer->kind == HEM__LAYER_GLOBAL_MAXPOOL;
    out->kind = max ? HEM__LAYER_MAXPOOL : HEM__LAYER_AVGPOOL;
    out->pool = (hem__pool_shape){.C = in->shape.C,
                                  .H = H,
                                  .W = W,
                                  .P = 1,
                                  .Q = 1,
                                  .R = H,
                                  .S = W,
                                  .stride_y = H,
                                  .stride_x = W};
    out->shape = out->map = (hem__shape){in->shape.C, 1, 1};
    return HEM_OK;
}

static void pool_rows(const cell_t *cell, const work_t *work, const hem__pool_shape *s,
                      const hem__real *x, hem__real *y, int block, int first, int last)
{
    if (cell->node->kind == HEM__LAYER_MAXPOOL)
        work->kernels->maxpool(s, x, y, block, block + 1, first, last);
    else
        work->kernels->avgpool(s, x, y, block, block + 1, first, last);
}

static void forward(const cell_t *cell, const work_t *work)
{
    const hem__pool_shape *s = &cell->node->pool;
    size_t rows = (size_t)s->P, blocks = (size_t)hem__blocks(s->C), i, last;
    hem__deal deal = hem__work_deal(work, (size_t)work->tiles * blocks * rows, 1, rows);
    while (hem__deal_next(&deal, &i, &last)) {
        size_t tile = i / (blocks * rows), b = i / rows % blocks, row = i % rows;
        pool_rows(cell, work, s, cell->x + tile * cell->in_units * HEM__LANES,
                  cell->y + tile * cell->out_units * HEM__LANES, (int)b, (int)row,
                  (int)(row + last - i));
    }
}

/* The strips are all of x and y for the kernel: maps of one channel block and these rows alone. */
static void forward_rows(const cell_t *cell, const work_t *work, const HEM__R(hem__strip) * in,
                         const HEM__R(hem__strip) * out)
{
    hem__pool_shape s = cell->node->pool;
    s.C = hem__block_of(s.C, out->block);
    s.H = in->n;
    s.W = in->columns;
    s.P = out->n;
    s.pad_y += in->first - out->first * s.stride_y;
    pool_rows(cell, work, &s, in->at, out->at, 0, 0, out->n);
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    const hem__pool_shape *s = &cell->node->pool;
    size_t blocks = (size_t)hem__blocks(s->C), i, last;
    hem__deal deal = hem__work_deal(work, (size_t)work->tiles * blocks, 1, 1);
    while (hem__deal_next(&deal, &i, &last)) {
        size_t in = i / blocks * cell->in_units * HEM__LANES;
        size_t out = i / blocks * cell->out_units * HEM__LANES;
        int b = (int)(i % blocks), relu = cell->mask != NULL;
        if (cell->node->kind == HEM__LAYER_MAXPOOL)
            work->kernels->maxpool_grad(s, cell->x + in, cell->y + out, cell->dy + out, relu,
                                        cell->dx + in, b, b + 1);
        else
            work->kernels->avgpool_grad(s, cell->x + in, cell->dy + out, relu, cell->dx + in, b,
                                        b + 1);
    }
}

static bool overwrites(const hem__node *node)
{
    return hem__pool_tiles(&node->pool);
}

const HEM__R(hem__layer) HEM__R(hem__layer_MAXPOOL) = {.infer = infer,
                                                       .forward = forward,
                                                       .forward_rows = forward_rows,
                                                       .input_grad = input_grad,
                                                       .overwrites = overwrites,
                                                       .masks = true,
                                                       .by_tile = true};
const HEM__R(hem__layer) HEM__R(hem__layer_AVGPOOL) = {.infer = infer,
                                                       .forward = forward,
                                                       .forward_rows = forward_rows,
                                                       .input_grad = input_grad,
                                                       .masks = true,
                                                       .by_tile = true};
const HEM__R(hem__layer) HEM__R(hem__layer_GLOBAL_MAXPOOL) = {.infer = infer_global};
const HEM__R(hem__layer) HEM__R(hem__layer_GLOBAL_AVGPOOL) = {.infer = infer_global};
