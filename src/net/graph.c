/* From an experiment's list of layers to a graph with shapes, tensors and counts. */
#include "layer/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "layer/layer.h"

size_t hem__tensor_place(const hem__tensor *tensor, size_t i)
{
    if (tensor->columns.C == 0) /* stored in canonical order */
        return i;
    size_t row = i / tensor->row, column = i % tensor->row;
    hem__shape m = tensor->columns;
    size_t map = (size_t)m.H * (size_t)m.W;
    int c = (int)(column / map), y = (int)(column % map / (size_t)m.W),
        x = (int)(column % (size_t)m.W);
    return row * tensor->ld + hem__unit(m, c, y, x);
}

hem__init hem__init_of(const hem__init_spec *spec, double fan_in, double fan_out)
{
    switch (spec->kind) {
    case HEM__INIT_ZEROS:
        break;
    case HEM__INIT_CONSTANT:
        return (hem__init){HEM__FROM_CONSTANT, spec->value};
    case HEM__INIT_UNIFORM:
        return (hem__init){HEM__FROM_UNIFORM, spec->value};
    case HEM__INIT_NORMAL:
        return (hem__init){HEM__FROM_NORMAL, spec->value};
    case HEM__INIT_GLOROT:
        return (hem__init){HEM__FROM_UNIFORM, sqrt(6.0 / (fan_in + fan_out))};
    case HEM__INIT_GLOROT_NORMAL:
        return (hem__init){HEM__FROM_NORMAL, sqrt(2.0 / (fan_in + fan_out))};
    case HEM__INIT_HE:
        return (hem__init){HEM__FROM_UNIFORM, sqrt(6.0 / fan_in)};
    case HEM__INIT_HE_NORMAL:
        return (hem__init){HEM__FROM_NORMAL, sqrt(2.0 / fan_in)};
    case HEM__INIT_LECUN:
        return (hem__init){HEM__FROM_UNIFORM, sqrt(3.0 / fan_in)};
    case HEM__INIT_LECUN_NORMAL:
        return (hem__init){HEM__FROM_NORMAL, sqrt(1.0 / fan_in)};
    }
    return (hem__init){HEM__FROM_CONSTANT, 0};
}

int hem__graph_add_weight(hem__graph *graph, const hem__layer_spec *layer,
                          const hem__tensor *tensor, const char *what)
{
    hem__tensor t = *tensor;
    t.n = 1;
    for (int i = 0; i < t.n_dims; i++)
        if (!hem__mul_size(t.n, t.dims[i], &t.n))
            return -1;
    if (t.n > SIZE_MAX / 64 || t.n > INT64_MAX / 64)
        return -1;
    if (t.row == 0)
        t.row = t.n;
    size_t rows = t.n / t.row;
    t.ld = (t.row + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
    if (!hem__mul_size(rows, t.ld, &t.stored) || t.stored > SIZE_MAX / 64 - graph->n_params)
        return -1;
    t.offset = graph->n_params;
    snprintf(t.name, sizeof t.name, "%s.%s", layer->name, what);
    hem__tensor *grown =
        hem__reallocarray(graph->tensors, (size_t)graph->n_tensors + 1, sizeof *grown);
    if (!grown)
        return -1;
    graph->tensors = grown;
    graph->tensors[graph->n_tensors] = t;
    graph->n_params += t.stored;
    return graph->n_tensors++;
}

/* A node that reads node `input`; -1 = none. */
static hem__node *add_node(hem__graph *graph, hem__layer_kind kind, size_t layer, int input)
{
    hem__node *n = &graph->nodes[graph->n_nodes++];
    *n = (hem__node){.kind = kind, .layer = layer, .weight = -1, .bias = -1};
    if (input >= 0) {
        n->inputs[n->n_inputs++] = input;
        n->needs_grad = graph->nodes[input].needs_grad;
    }
    return n;
}

static hem__layer_kind activation_layer(hem__activation activation)
{
    switch (activation) {
    case HEM__ACT_TANH:
        return HEM__LAYER_TANH;
    case HEM__ACT_SIGMOID:
        return HEM__LAYER_SIGMOID;
    case HEM__ACT_SOFTMAX:
        return HEM__LAYER_SOFTMAX;
    case HEM__ACT_LEAKY_RELU:
        return HEM__LAYER_LEAKY_RELU;
    case HEM__ACT_ELU:
        return HEM__LAYER_ELU;
    case HEM__ACT_GELU:
        return HEM__LAYER_GELU;
    case HEM__ACT_SILU:
        return HEM__LAYER_SILU;
    case HEM__ACT_PRELU:
        return HEM__LAYER_PRELU;
    case HEM__ACT_RELU:
    case HEM__ACT_NONE:
    case HEM__N_ACTIVATIONS:
        break;
    }
    return HEM__LAYER_RELU;
}

/* Units of a map are counted in ints, and in bytes of one tile and of its gradient. Weights are
 * counted exactly; check here what could not even be addressed. */
static hem_status check_size(const hem_spec *spec, const hem__layer_spec *layer,
                             const hem__graph *graph, const hem__node *node, hem_error *err)
{
    const double units = (double)node->shape.C * node->shape.H * node->shape.W;
    const double weights = node->weight < 0 ? 0 : (double)graph->tensors[node->weight].n;
    if (units <= 1e9 && weights <= 1e11)
        return HEM_OK;
    hem__spec_fail(spec, layer->at, err,
                   "%s is too large: %.3g GB of weights, and %.3g GB of outputs for 16 images",
                   layer->name, weights * 4 / 1e9, units * HEM__LANES * 4 / 1e9);
    return hem__hint(err, "use fewer filters or units, or a stride or pooling before it");
}

static hem_status add_layers(const hem_spec *spec, const hem__layer_list *list, hem__graph *graph,
                             int *at, hem_error *err);

/* The layers, then the shortcut, both from node *at on, then their sum. */
static hem_status add_residual(const hem_spec *spec, size_t index, hem__graph *graph, int *at,
                               hem_error *err)
{
    const hem__layer_spec *layer = &spec->layers[index];
    int fork = *at, end = fork, shortcut = fork;
    HEM_TRY(add_layers(spec, &layer->u.residual.layers, graph, &end, err));
    HEM_TRY(add_layers(spec, &layer->u.residual.shortcut, graph, &shortcut, err));
    *at = graph->n_nodes;
    hem__node *sum = add_node(graph, layer->kind, index, end);
    sum->inputs[sum->n_inputs++] = shortcut;
    sum->needs_grad = sum->needs_grad || graph->nodes[shortcut].needs_grad;
    sum->fork = fork;
    return hem__layers_f32[layer->kind]->infer(spec, layer, &graph->nodes[end], graph, sum, err);
}

/* A flattened map has no rows and columns left for windows to move over. */
static hem_status check_map(const hem_spec *spec, const hem__layer_spec *layer, const hem__node *in,
                            hem_error *err)
{
    bool windows = layer->kind == HEM__LAYER_CONV || layer->kind == HEM__LAYER_MAXPOOL ||
                   layer->kind == HEM__LAYER_AVGPOOL || layer->kind == HEM__LAYER_GLOBAL_MAXPOOL ||
                   layer->kind == HEM__LAYER_GLOBAL_AVGPOOL;
    if (!windows || in->map.C == in->shape.C)
        return HEM_OK;
    hem__spec_fail(spec, layer->at, err,
                   "%s stands behind a flatten: of the map of %d x %d x %d (rows, columns, "
                   "channels) %d numbers in a row are left",
                   layer->name, in->map.H, in->map.W, in->map.C, in->shape.C);
    return hem__hint(err, "put it before the flatten, or leave the flatten out");
}

/* Adds the nodes of a layer behind node *at, which then is the last of them. */
static hem_status add_layer(const hem_spec *spec, size_t index, hem__graph *graph, int *at,
                            hem_error *err)
{
    const hem__layer_spec *layer = &spec->layers[index];
    if (layer->kind == HEM__LAYER_RESIDUAL)
        return add_residual(spec, index, graph, at, err);
    const hem__node *in = &graph->nodes[*at];
    hem__node *node = add_node(graph, layer->kind, index, *at);
    *at = graph->n_nodes - 1;
    HEM_TRY(check_map(spec, layer, in, err));
    HEM_TRY(hem__layers_f32[layer->kind]->infer(spec, layer, in, graph, node, err));
    HEM_TRY(check_size(spec, layer, graph, node, err));
    if (layer->kind != HEM__LAYER_CONV && layer->kind != HEM__LAYER_DENSE)
        return HEM_OK;
    if (layer->activation == HEM__ACT_RELU)
        node->relu = true;
    else if (layer->activation != HEM__ACT_NONE) {
        const hem__node *before = node;
        node = add_node(graph, activation_layer(layer->activation), index, *at);
        *at = graph->n_nodes - 1;
        HEM_TRY(hem__layers_f32[node->kind]->infer(spec, layer, before, graph, node, err));
    }
    return HEM_OK;
}

static hem_status add_layers(const hem_spec *spec, const hem__layer_list *list, hem__graph *graph,
                             int *at, hem_error *err)
{
    for (size_t i = list->first; i < list->first + list->n;
         i += hem__layer_extent(&spec->layers[i]))
        HEM_TRY(add_layer(spec, i, graph, at, err));
    return HEM_OK;
}

/* Statistics of a batch need all of its images at once. */
static hem_status check_groups(const hem_spec *spec, const hem__graph *graph, hem_error *err)
{
    if (!graph->batch_statistics || spec->train.groups <= 1)
        return HEM_OK;
    hem__spec_fail(spec, spec->train.groups_at, err,
                   "groups is %d, but batch normalisation takes the whole batch as one group",
                   spec->train.groups);
    return hem__hint(err, "write groups: auto, or leave it out");
}

/* The kernel of the last node with the loss. */
static hem_status choose_loss(const hem_spec *spec, hem__graph *graph, hem_error *err)
{
    const hem__loss_spec *loss = &spec->train.loss;
    bool sigmoid = graph->nodes[graph->n_nodes - 1].kind == HEM__LAYER_SIGMOID;
    const hem__layer_spec *last = &spec->layers[graph->nodes[graph->n_nodes - 1].layer];
    graph->label_smoothing = loss->label_smoothing;
    switch (loss->kind) {
    case HEM__LOSS_CROSS_ENTROPY:
        graph->loss = HEM__SOFTMAX_CROSS_ENTROPY;
        break;
    case HEM__LOSS_BINARY_CROSS_ENTROPY:
        graph->loss = HEM__SIGMOID_CROSS_ENTROPY;
        break;
    case HEM__LOSS_HALF_SQUARED_ERROR:
        graph->loss = sigmoid ? HEM__SIGMOID_SQUARED_ERROR : HEM__SOFTMAX_SQUARED_ERROR;
        return HEM_OK;
    }
    if (sigmoid == (loss->kind == HEM__LOSS_BINARY_CROSS_ENTROPY))
        return HEM_OK;
    hem__at at = loss->at.line != 0 ? loss->at : last->at;
    hem__spec_fail(spec, at, err, "loss is '%s', but the last layer, %s, ends in %s",
                   hem__loss_name(loss->kind), last->name, sigmoid ? "sigmoid" : "softmax");
    return hem__hint(err, "end it in %s, or write loss: %s or half_squared_error under train",
                     sigmoid ? "softmax" : "sigmoid",
                     sigmoid ? "binary_cross_entropy" : "cross_entropy");
}

/* How the model should end, as a hint: what the loss asks for. */
static hem_status hint_end(const hem_spec *spec, const hem__graph *graph, hem_error *err)
{
    bool sigmoid = spec->train.loss.kind == HEM__LOSS_BINARY_CROSS_ENTROPY;
    return hem__hint(err, "end the model with '- dense: {units: %d, activation: %s}'",
                     graph->n_classes, sigmoid ? "sigmoid" : "softmax");
}

static hem_status check_end(const hem_spec *spec, const hem__graph *graph, hem_error *err)
{
    const hem__node *last = &graph->nodes[graph->n_nodes - 1];
    const hem__layer_spec *layer = &spec->layers[last->layer];
    if ((last->kind != HEM__LAYER_SOFTMAX && last->kind != HEM__LAYER_SIGMOID) || last->is_input) {
        hem__spec_fail(spec, layer->at, err,
                       "the last layer, %s, does not end in softmax or sigmoid", layer->name);
        return hint_end(spec, graph, err);
    }
    if (hem__units(last->shape) != (size_t)graph->n_classes || last->shape.C != graph->n_classes) {
        hem__spec_fail(spec, layer->kind == HEM__LAYER_DENSE ? layer->u.dense.units_at : layer->at,
                       err, "%s has %zu outputs, but the data has %d classes", layer->name,
                       hem__units(last->shape), graph->n_classes);
        return hint_end(spec, graph, err);
    }
    if (!last->needs_grad) {
        hem__spec_fail(spec, spec->layers[0].at, err, "no layer of the model has weights to train");
        return hem__hint(err, graph->n_tensors > 0
                                  ? "all of them are frozen: leave out 'freeze: true' in one"
                                  : "add a dense or conv layer");
    }
    return check_groups(spec, graph, err);
}

void hem__graph_fuse(hem__graph *graph)
{
    for (int i = 1; i < graph->n_nodes; i++) {
        hem__node *node = &graph->nodes[i], *in = &graph->nodes[node->inputs[0]];
        int n = 0;
        for (int j = 1; j < graph->n_nodes; j++)
            for (int k = 0; k < graph->nodes[j].n_inputs; k++)
                n += graph->nodes[j].inputs[k] == node->inputs[0];
        if (node->kind == HEM__LAYER_RELU && in->kind == HEM__LAYER_BATCHNORM && n == 1) {
            in->relu = true;
            node->kind = HEM__LAYER_FLATTEN;
        }
    }
}

hem_status hem__graph_new(const hem_spec *spec, hem__shape input, int n_classes, hem__graph **out,
                          hem_error *err)
{
    *out = NULL;
    hem__graph *graph = hem__calloc(1, sizeof *graph);
    size_t most = 2 * spec->n_layers + 1; /* a layer and its activation each, and the input */
    if (graph)
        graph->nodes = hem__calloc(most, sizeof *graph->nodes);
    if (!graph || !graph->nodes) {
        hem__graph_free(graph);
        return hem__fail_memory(err, "the network's graph", most * sizeof *graph->nodes);
    }
    graph->n_classes = n_classes;
    int at = 0;
    hem__node *first = add_node(graph, HEM__LAYER_FLATTEN, 0, -1);
    first->is_input = true;
    first->shape = first->map = input;
    hem_status status = add_layers(spec, &spec->model, graph, &at, err);
    if (status == HEM_OK)
        status = check_end(spec, graph, err);
    if (status == HEM_OK)
        status = choose_loss(spec, graph, err);
    if (status != HEM_OK) {
        hem__graph_free(graph);
        return status;
    }
    *out = graph;
    return HEM_OK;
}

void hem__graph_free(hem__graph *graph)
{
    if (!graph)
        return;
    free(graph->nodes);
    free(graph->tensors);
    free(graph);
}

size_t hem__node_macs(const hem__graph *graph, const hem__node *node)
{
    if (node->kind != HEM__LAYER_CONV && node->kind != HEM__LAYER_DENSE)
        return 0;
    size_t n = graph->tensors[node->weight].n;
    return node->kind == HEM__LAYER_CONV ? n * (size_t)node->shape.H * (size_t)node->shape.W : n;
}

size_t hem__node_useful_macs(const hem__graph *graph, const hem__node *node)
{
    return node->kind == HEM__LAYER_CONV ? hem__conv_useful_macs(&node->conv)
                                         : hem__node_macs(graph, node);
}
