/* Batch normalisation (Ioffe and Szegedy, ICML 2015): for each channel of a map, or each unit of a
 * vector,
 *   y = weight (x - mean) / sqrt(variance + epsilon) + bias
 * In training mean and variance are those of the batch's images (of all pixels; the biased
 * variance), so the whole batch is one chunk; in inference, and where the layer is frozen, the
 * running ones:  running = momentum running + (1 - momentum) batch, after each step.
 * Gradient, over N numbers of a channel, with h = (x - mean) / sqrt(variance + epsilon):
 *   dbias = sum of dy; dweight = sum of dy h
 *   dx = weight / sqrt(variance + epsilon) (dy - dbias / N - h dweight / N)
 *
 * A thread does everything for a channel that it is dealt, tiles in order: nobody waits for another
 * one's sums, and their order does not depend on who makes them. */
#include "layer/layer.h"

#include <math.h>
#include <string.h>

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

/* A tensor with a number for each channel, and what they are at first. */
static int add_numbers(hem__graph *graph, const hem__layer_spec *layer, const hem__node *out,
                       const char *what, double first, bool frozen)
{
    bool flattened = hem__units(out->map) == (size_t)out->shape.C;
    hem__tensor t = {.layer = out->layer,
                     .n_dims = 1,
                     .dims = {(size_t)out->shape.C},
                     .columns = flattened ? out->map : (hem__shape){0, 0, 0},
                     .init = {HEM__FROM_CONSTANT, first},
                     .not_negative = strcmp(what, "variance") == 0,
                     .frozen = frozen};
    return hem__graph_add_weight(graph, layer, &t, what);
}

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    bool scale = layer->u.norm.scale, center = layer->u.norm.center;
    out->shape = in->shape;
    out->map = in->map;
    out->norm = (hem__node_norm){-1, -1, layer->u.norm.momentum, layer->u.norm.epsilon};
    if (scale)
        out->weight = add_numbers(graph, layer, out, "weight", 1, layer->freeze);
    if (center)
        out->bias = add_numbers(graph, layer, out, "bias", 0, layer->freeze);
    out->norm.mean = add_numbers(graph, layer, out, "mean", 0, true);
    out->norm.variance = add_numbers(graph, layer, out, "variance", 1, true);
    if ((scale && out->weight < 0) || (center && out->bias < 0) || out->norm.mean < 0 ||
        out->norm.variance < 0)
        return hem__spec_fail(spec, layer->at, err, "%s over %d channels is too large", layer->name,
                              out->shape.C);
    out->needs_grad = out->needs_grad || ((scale || center) && !layer->freeze);
    out->batch_statistics = !layer->freeze;
    graph->batch_statistics = graph->batch_statistics || out->batch_statistics;
    return HEM_OK;
}

static void reserve(cell_t *cell, hem__arena *arena, int tiles, int n_threads, bool training)
{
    (void)tiles, (void)n_threads;
    size_t channels = (size_t)cell->out.C;
    cell->by_channel = hem__arena_take(arena, channels, sizeof *cell->by_channel);
    if (!training)
        return;
    cell->sums = hem__arena_take(arena, 2 * channels, sizeof *cell->sums);
    cell->mean = hem__arena_take(arena, channels, sizeof *cell->mean);
    cell->variance = hem__arena_take(arena, channels, sizeof *cell->variance);
}

static bool of_batch(const cell_t *cell)
{
    return cell->sums && cell->node->batch_statistics;
}

static int pixels_of(const cell_t *cell)
{
    return cell->out.H * cell->out.W;
}

/* Calls `apply` on channels [c0, c1) until all are done. */
static void each_channel(const cell_t *cell, const work_t *work,
                         void (*apply)(const cell_t *, const work_t *, int c0, int c1))
{
    size_t first, last;
    hem__deal deal = hem__work_deal(work, (size_t)cell->out.C, 1, HEM__BLOCK);
    while (hem__deal_next(&deal, &first, &last))
        apply(cell, work, (int)first, (int)last);
}

/* The number of channel c in a tensor of the layer; `missing` where it has none. */
static hem__real number_of(const cell_t *cell, const work_t *work, int tensor, int c,
                           hem__real missing)
{
    return tensor < 0 ? missing : work->params[cell->graph->tensors[tensor].offset + (size_t)c];
}

/* Sums of a and of a * x over the chunk, by channel (kernel/contract.h). */
static void add_up(const cell_t *cell, const work_t *work, const hem__real *a, int c0, int c1)
{
    for (int i = 2 * c0; i < 2 * c1; i++)
        cell->sums[i] = 0;
    for (int t = 0; t < work->tiles; t++) {
        size_t at = (size_t)t * cell->out_units * HEM__LANES;
        int left = work->images - t * HEM__LANES;
        work->kernels->norm_sums(a + at, cell->x + at, cell->out.C, pixels_of(cell),
                                 left < HEM__LANES ? left : HEM__LANES, cell->sums, c0, c1);
    }
}

static double count_of(const cell_t *cell, const work_t *work)
{
    return (double)work->images * pixels_of(cell);
}

static double deviation(const cell_t *cell, double variance)
{
    return sqrt(variance + cell->node->norm.epsilon);
}

/* Mean and variance of the batch. Sums of squares in double lose nothing here: a float has 24 bits,
 * and the mean may be some thousand deviations away. Rounding must not make a variance negative. */
static void measure(const cell_t *cell, const work_t *work, int c0, int c1)
{
    add_up(cell, work, cell->x, c0, c1);
    for (int c = c0; c < c1; c++) {
        double n = count_of(cell, work), mean = cell->sums[2 * c] / n;
        double variance = cell->sums[2 * c + 1] / n - mean * mean;
        cell->mean[c] = mean;
        cell->variance[c] = variance < 0 ? 0 : variance; /* passes NaN on */
    }
}

static void forward_channels(const cell_t *cell, const work_t *work, int c0, int c1)
{
    const hem__node *node = cell->node;
    if (of_batch(cell))
        measure(cell, work, c0, c1);
    for (int c = c0; c < c1; c++) {
        double mean =
            of_batch(cell) ? cell->mean[c] : (double)number_of(cell, work, node->norm.mean, c, 0);
        double variance = of_batch(cell) ? cell->variance[c]
                                         : (double)number_of(cell, work, node->norm.variance, c, 1);
        double weight = (double)number_of(cell, work, node->weight, c, 1);
        cell->by_channel[c] = (hem__norm){.mean = (hem__real)mean,
                                          .scale = (hem__real)(weight / deviation(cell, variance)),
                                          .shift = number_of(cell, work, node->bias, c, 0)};
    }
    for (int t = 0; t < work->tiles; t++) {
        size_t at = (size_t)t * cell->out_units * HEM__LANES;
        work->kernels->norm(cell->x + at, cell->out.C, pixels_of(cell), cell->by_channel,
                            cell->node->relu, cell->y + at, c0, c1);
    }
}

static void forward(const cell_t *cell, const work_t *work)
{
    each_channel(cell, work, forward_channels);
}

/* Sum of dy h, by the sums of dy and of dy x. */
static double weight_sum(const cell_t *cell, int c)
{
    return (cell->sums[2 * c + 1] - cell->mean[c] * cell->sums[2 * c]) /
           deviation(cell, cell->variance[c]);
}

/* The gradients of weight and bias, of the batch's sums. */
static void weight_grad_channels(const cell_t *cell, const work_t *work, int c0, int c1)
{
    const hem__tensor *tensors = cell->graph->tensors;
    if (!cell->dx) /* else they are there already */
        add_up(cell, work, cell->dy, c0, c1);
    for (int c = c0; c < c1; c++) {
        if (cell->node->weight >= 0)
            work->grads[tensors[cell->node->weight].offset + (size_t)c] +=
                (hem__real)weight_sum(cell, c);
        if (cell->node->bias >= 0)
            work->grads[tensors[cell->node->bias].offset + (size_t)c] +=
                (hem__real)cell->sums[2 * c];
    }
}

static void weight_grad(const cell_t *cell, const work_t *work)
{
    each_channel(cell, work, weight_grad_channels);
}

/* Running statistics are constants: dx = dy times the factor. */
static void input_grad_channels(const cell_t *cell, const work_t *work, int c0, int c1)
{
    if (of_batch(cell))
        add_up(cell, work, cell->dy, c0, c1);
    for (int c = c0; c < c1; c++) {
        hem__norm *k = &cell->by_channel[c];
        double factor = (double)number_of(cell, work, cell->node->weight, c, 1), n;
        k->slope = k->shift = 0;
        if (!of_batch(cell))
            continue;
        n = count_of(cell, work);
        factor /= deviation(cell, cell->variance[c]);
        k->slope =
            (hem__real)(-factor * weight_sum(cell, c) / (n * deviation(cell, cell->variance[c])));
        k->shift = (hem__real)(-factor * cell->sums[2 * c] / n);
    }
    for (int t = 0; t < work->tiles; t++) {
        size_t at = (size_t)t * cell->out_units * HEM__LANES;
        int left = work->images - t * HEM__LANES;
        work->kernels->norm_grad(cell->x + at, cell->dy + at, cell->out.C, pixels_of(cell),
                                 left < HEM__LANES ? left : HEM__LANES, cell->by_channel,
                                 cell->dx + at, c0, c1);
    }
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    each_channel(cell, work, input_grad_channels);
}

/* The running statistics take in those of the batch. */
static void finish(const cell_t *cell, const work_t *work)
{
    const hem__node_norm *norm = &cell->node->norm;
    const hem__tensor *tensors = cell->graph->tensors;
    size_t c, last;
    if (!of_batch(cell))
        return;
    hem__share((size_t)cell->out.C, work->thread, work->n_threads, &c, &last);
    for (; c < last; c++) {
        hem__real *mean = work->params + tensors[norm->mean].offset + c;
        hem__real *variance = work->params + tensors[norm->variance].offset + c;
        double old = norm->momentum, fresh = 1 - norm->momentum;
        *mean = (hem__real)(old * (double)*mean + fresh * cell->mean[c]);
        *variance = (hem__real)(old * (double)*variance + fresh * cell->variance[c]);
    }
}

const HEM__R(hem__layer) HEM__R(hem__layer_BATCHNORM) = {.infer = infer,
                                                         .reserve = reserve,
                                                         .forward = forward,
                                                         .input_grad = input_grad,
                                                         .weight_grad = weight_grad,
                                                         .finish = finish,
                                                         .grad_in_place = true};
