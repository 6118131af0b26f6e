/* Two-dimensional convolution (cross-correlation, as every framework means it):
 *   y[k][p][q] = bias[k] + sum over c, r, s of
 *                w[k][c][r][s] x[c][p*stride - pad + r][q*stride - pad + s]
 * with zeros outside the image. How it is computed is the affair of the layer's algorithm. */
#include "layer/conv_algorithm.h"

typedef HEM__R(hem__cell) cell_t;
typedef HEM__R(hem__work) work_t;

const HEM__R(hem__conv_algorithm) *const HEM__R(hem__conv_algorithms)[HEM__N_ALGORITHMS] = {
    &HEM__R(hem__conv_direct), &HEM__R(hem__conv_winograd_2), &HEM__R(hem__conv_winograd_4),
    &HEM__R(hem__conv_fft),    &HEM__R(hem__conv_dense),
};

static hem__algorithm cheapest(const hem__conv_shape *s)
{
    hem__algorithm best = HEM__DIRECT;
    for (int a = 1; a < HEM__N_ALGORITHMS; a++)
        if (HEM__R(hem__conv_algorithms)[a]->cost(s) < HEM__R(hem__conv_algorithms)[best]->cost(s))
            best = (hem__algorithm)a;
    return best;
}

static hem_status infer(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                        hem__graph *graph, hem__node *out, hem_error *err)
{
    const int *kernel = layer->u.conv.kernel, *stride = layer->u.conv.stride;
    hem__conv_shape s = {.C = in->shape.C,
                         .H = in->shape.H,
                         .W = in->shape.W,
                         .K = layer->u.conv.filters,
                         .R = kernel[0],
                         .S = kernel[1],
                         .stride_y = stride[0],
                         .stride_x = stride[1]};
    s.P = hem__out_size(s.H, s.R, s.stride_y, layer->u.conv.padding, &s.pad_y);
    s.Q = hem__out_size(s.W, s.S, s.stride_x, layer->u.conv.padding, &s.pad_x);
    if (s.P < 1 || s.Q < 1) {
        hem__spec_fail(spec, layer->u.conv.kernel_at, err,
                       "kernel %d x %d of %s is larger than its input of %d x %d pixels", s.R, s.S,
                       layer->name, s.H, s.W);
        return hem__hint(err, "use a smaller kernel, or 'padding: same'");
    }
    out->conv = s;
    out->algorithm = cheapest(&s);
    out->is_dense = out->algorithm == HEM__AS_DENSE;
    out->shape = out->map = (hem__shape){s.K, s.P, s.Q};
    out->needs_grad = out->needs_grad || !layer->freeze;

    double fan_in = (double)s.C * s.R * s.S, fan_out = (double)s.K * s.R * s.S;
    hem__tensor weight = {.layer = out->layer,
                          .n_dims = 4,
                          .dims = {(size_t)s.K, (size_t)s.C, (size_t)s.R, (size_t)s.S},
                          .l1 = layer->l1,
                          .l2 = layer->l2,
                          .init = hem__init_of(&layer->init, fan_in, fan_out),
                          .decays = true,
                          .frozen = layer->freeze};
    if (out->is_dense) {
        weight.row = (size_t)s.C * (size_t)s.R * (size_t)s.S;
        weight.columns = in->shape;
    }
    out->weight = hem__graph_add_weight(graph, layer, &weight, "weight");
    out->bias = -1;
    if (out->weight >= 0 && layer->bias) {
        hem__tensor bias = {.layer = out->layer,
                            .n_dims = 1,
                            .dims = {(size_t)s.K},
                            .l1 = layer->bias_l1,
                            .l2 = layer->bias_l2,
                            .init = hem__init_of(&layer->bias_init, fan_in, fan_out),
                            .frozen = layer->freeze};
        out->bias = hem__graph_add_weight(graph, layer, &bias, "bias");
    }
    if (out->weight < 0 || (layer->bias && out->bias < 0))
        return hem__spec_fail(spec, layer->u.conv.filters_at, err,
                              "%s with %d filters of %d x %d over %d channels is too large",
                              layer->name, s.K, s.R, s.S, s.C);
    return HEM_OK;
}

static const HEM__R(hem__conv_algorithm) * algorithm_of(const cell_t *cell)
{
    return HEM__R(hem__conv_algorithms)[cell->node->algorithm];
}

static void reserve(cell_t *cell, hem__arena *arena, int tiles, int n_threads, bool training)
{
    algorithm_of(cell)->reserve(cell, arena, tiles, n_threads, training);
}

static void prepare(const cell_t *cell, const work_t *work)
{
    algorithm_of(cell)->prepare(cell, work);
}

static void forward(const cell_t *cell, const work_t *work)
{
    algorithm_of(cell)->forward(cell, work);
}

static void forward_rows(const cell_t *cell, const work_t *work, const HEM__R(hem__strip) * in,
                         const HEM__R(hem__strip) * out)
{
    algorithm_of(cell)->forward_rows(cell, work, in, out);
}

static bool begins_rows(const hem__node *node)
{
    return HEM__R(hem__conv_algorithms)[node->algorithm]->forward_rows != NULL;
}

static void input_grad(const cell_t *cell, const work_t *work)
{
    algorithm_of(cell)->input_grad(cell, work);
}

static void weight_grad(const cell_t *cell, const work_t *work)
{
    algorithm_of(cell)->weight_grad(cell, work);
}

const HEM__R(hem__layer) HEM__R(hem__layer_CONV) = {.infer = infer,
                                                    .reserve = reserve,
                                                    .prepare = prepare,
                                                    .forward = forward,
                                                    .forward_rows = forward_rows,
                                                    .begins_rows = begins_rows,
                                                    .input_grad = input_grad,
                                                    .weight_grad = weight_grad,
                                                    .masks = true};
