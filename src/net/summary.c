/* What a network is: layers, tensors, counts, memory. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "data/augment.h"
#include "layer/conv_algorithm.h"
#include "net/inside.h"

size_t hem__net_batch(const hem_net *net)
{
    size_t batch = (size_t)net->spec->train.batch, all = net->n_training;
    if (batch > 0 && (all == 0 || batch < all))
        return batch;
    return all > 0 ? all : 60000;
}

size_t hem__net_training_bytes(const hem_net *net)
{
    size_t n = net->graph->n_params, training = 0, inference = 0;
    hem__plan_options train = hem__net_plan_options(net, hem__net_batch(net));
    hem__plan_options infer = hem__net_infer_options();
    if (hem__plan_new_f32(net->graph, net->context->pool, net->context->kernels, &train, NULL,
                          &training, NULL) != HEM_OK ||
        hem__plan_new_f32(net->graph, net->context->pool, net->context->kernels, &infer, NULL,
                          &inference, NULL) != HEM_OK)
        return SIZE_MAX;
    int averages = net->spec->train.ema > 0;
    double all = (double)training + (double)inference +
                 (double)n * sizeof(float) * (1 + train.slots + averages);
    hem__augmenter a;
    const hem__net_origin *origin = &net->origin;
    if (hem__augmenter_init(&a, net->spec, origin->height, origin->width, origin->channels, NULL) ==
            HEM_OK &&
        a.on) {
        all += (double)hem__net_batch(net) * a.height * a.width * a.channels;
        all += (double)hem__pool_threads(net->context->pool) * (double)a.scratch;
    }
    return all < 1e18 ? (size_t)all : SIZE_MAX;
}

/* Useful floating-point operations of one image: two a multiply-add, forward and weight gradient,
 * and the input gradient where a layer below has weights. */
static double training_flops(const hem__graph *graph)
{
    double flops = 0;
    for (int i = 1; i < graph->n_nodes; i++) {
        const hem__node *node = &graph->nodes[i];
        int times = 1 + graph->nodes[node->inputs[0]].needs_grad;
        times += node->weight >= 0 && !graph->tensors[node->weight].frozen;
        flops += 2.0 * (double)hem__node_useful_macs(graph, node) * times;
    }
    return flops;
}

hem_net_info hem_net_get_info(const hem_net *net)
{
    const hem__graph *graph = net->graph;
    hem_net_info info = {.height = net->origin.height,
                         .width = net->origin.width,
                         .channels = net->origin.channels,
                         .n_classes = net->origin.n_classes,
                         .class_names = (const char *const *)net->origin.class_names,
                         .data_name = net->origin.data_name,
                         .n_layers = net->spec->n_layers,
                         .n_tensors = (size_t)graph->n_tensors,
                         .training_bytes = hem__net_training_bytes(net),
                         .training_flops = training_flops(graph)};
    for (int i = 0; i < graph->n_tensors; i++) {
        info.parameters += graph->tensors[i].n;
        info.fixed += graph->tensors[i].frozen ? graph->tensors[i].n : 0;
    }
    for (int i = 1; i < graph->n_nodes; i++) {
        info.macs += hem__node_macs(graph, &graph->nodes[i]);
        info.useful_macs += hem__node_useful_macs(graph, &graph->nodes[i]);
    }
    info.weight_bytes = info.parameters * sizeof(float);
    return info;
}

/* "relu", "leaky_relu 0.1", "elu 1", "prelu", "prelu by unit". */
static void describe_activation(const hem__layer_spec *layer, hem__activation activation,
                                char *text, size_t size)
{
    const char *name = hem__activation_name(activation);
    if (activation == HEM__ACT_LEAKY_RELU)
        snprintf(text, size, "%s %g", name, layer->act.slope);
    else if (activation == HEM__ACT_ELU)
        snprintf(text, size, "%s %g", name, layer->act.alpha);
    else
        snprintf(text, size, "%s%s", name,
                 activation == HEM__ACT_PRELU && layer->act.per == HEM__PER_UNIT ? " by unit" : "");
}

/* "conv 6@4x4 same, relu": what the file said, in short. */
static void describe(const hem__layer_spec *layer, const hem__node *node, char *text, size_t size)
{
    const char *kind = hem__layer_kind_name(layer->kind);
    char act[48] = "";
    if (layer->activation != HEM__ACT_NONE &&
        (layer->kind == HEM__LAYER_CONV || layer->kind == HEM__LAYER_DENSE)) {
        snprintf(act, sizeof act, ", ");
        describe_activation(layer, layer->activation, act + 2, sizeof act - 2);
    }
    if (layer->kind == HEM__LAYER_CONV) {
        const int *stride = layer->u.conv.stride;
        char step[48] = "";
        if (stride[0] != 1 || stride[1] != 1)
            snprintf(step, sizeof step, " stride %dx%d", stride[0], stride[1]);
        snprintf(text, size, "%s %d@%dx%d %s%s%s", kind, node->conv.K, node->conv.R, node->conv.S,
                 layer->u.conv.padding == HEM__PAD_SAME ? "same" : "valid", step, act);
    } else if (layer->kind == HEM__LAYER_DENSE) {
        snprintf(text, size, "%s %d%s", kind, layer->u.dense.units, act);
    } else if (layer->kind == HEM__LAYER_MAXPOOL || layer->kind == HEM__LAYER_AVGPOOL) {
        const hem__pool_shape *s = &node->pool;
        char step[48] = "";
        if (s->stride_y != s->R || s->stride_x != s->S)
            snprintf(step, sizeof step, " stride %dx%d", s->stride_y, s->stride_x);
        snprintf(text, size, "%s %dx%d%s%s", kind, s->R, s->S,
                 layer->u.pool.padding == HEM__PAD_SAME ? " same" : "", step);
    } else if (layer->kind == HEM__LAYER_RESIDUAL) {
        const size_t own = layer->u.residual.layers.n, other = layer->u.residual.shortcut.n;
        const char *plural = own == 1 ? "" : "s";
        if (other > 0)
            snprintf(text, size, "sum of %zu layer%s + shortcut", own, plural);
        else
            snprintf(text, size, "sum of %zu layer%s + input", own, plural);
    } else if (layer->kind == HEM__LAYER_DROPOUT) {
        snprintf(text, size, "%s %g", kind, layer->u.dropout.rate);
    } else if (layer->kind == HEM__LAYER_LEAKY_RELU) {
        describe_activation(layer, HEM__ACT_LEAKY_RELU, text, size);
    } else if (layer->kind == HEM__LAYER_ELU) {
        describe_activation(layer, HEM__ACT_ELU, text, size);
    } else if (layer->kind == HEM__LAYER_PRELU) {
        describe_activation(layer, HEM__ACT_PRELU, text, size);
    } else {
        snprintf(text, size, "%s", kind);
    }
    if (layer->freeze)
        snprintf(text + strlen(text), size - strlen(text), ", frozen");
}

hem_layer_info hem_net_layer(const hem_net *net, size_t index)
{
    assert(index < net->spec->n_layers);
    const hem__graph *graph = net->graph;
    hem_layer_info info = {.name = net->spec->layers[index].name, .kind = net->kinds[index]};
    for (int i = 1; i < graph->n_nodes; i++) {
        const hem__node *node = &graph->nodes[i];
        if (node->layer != index)
            continue;
        info.channels = node->shape.C;
        info.height = node->shape.H;
        info.width = node->shape.W;
        info.macs += hem__node_macs(graph, node);
        info.useful_macs += hem__node_useful_macs(graph, node);
        if (node->kind != HEM__LAYER_CONV)
            continue;
        info.algorithm = hem__conv_algorithms_f32[node->algorithm]->name;
        int pooling = hem__rows_end_f32(graph, i);
        if (pooling != i)
            info.pooled_by = net->spec->layers[graph->nodes[pooling].layer].name;
    }
    for (int i = 0; i < graph->n_tensors; i++) {
        const hem__tensor *t = &graph->tensors[i];
        info.parameters += t->layer == index ? t->n : 0;
        info.fixed += t->layer == index && t->frozen ? t->n : 0;
    }
    return info;
}

size_t hem_algorithm_count(void)
{
    return HEM__N_ALGORITHMS;
}

hem_algorithm_info hem_net_algorithm(const hem_net *net, size_t layer, size_t index)
{
    const hem__node *node = net->graph->nodes;
    while (node->kind != HEM__LAYER_CONV || node->layer != layer) {
        node++;
        assert(node < net->graph->nodes + net->graph->n_nodes);
    }
    return (hem_algorithm_info){.name = hem__conv_algorithms_f32[index]->name,
                                .cost = hem__conv_algorithms_f32[index]->cost(&node->conv),
                                .chosen = (size_t)node->algorithm == index};
}

void hem__net_describe_layers(hem_net *net)
{
    for (int i = net->graph->n_nodes - 1; i > 0;
         i--) { /* a layer's first node last: it has the geometry */
        const hem__node *node = &net->graph->nodes[i];
        describe(&net->spec->layers[node->layer], node, net->kinds[node->layer],
                 sizeof net->kinds[node->layer]);
    }
}

hem_tensor_info hem_net_tensor(const hem_net *net, size_t index)
{
    assert(index < (size_t)net->graph->n_tensors);
    const hem__tensor *t = &net->graph->tensors[index];
    hem_tensor_info info = {.name = t->name, .n_dims = t->n_dims, .n = t->n};
    memcpy(info.dims, t->dims, sizeof info.dims);
    return info;
}

void hem_net_get_tensor(const hem_net *net, size_t index, float *values)
{
    assert(index < (size_t)net->graph->n_tensors);
    const hem__tensor *t = &net->graph->tensors[index];
    for (size_t i = 0; i < t->n; i++)
        values[i] = net->params[t->offset + hem__tensor_place(t, i)];
}

void hem_net_set_tensor(hem_net *net, size_t index, const float *values)
{
    assert(index < (size_t)net->graph->n_tensors);
    const hem__tensor *t = &net->graph->tensors[index];
    for (size_t i = 0; i < t->n; i++)
        net->params[t->offset + hem__tensor_place(t, i)] = values[i];
}

size_t hem_net_find_tensor(const hem_net *net, const char *name)
{
    size_t i = 0;
    while (i < (size_t)net->graph->n_tensors && strcmp(net->graph->tensors[i].name, name) != 0)
        i++;
    return i;
}

char *hem__net_algorithms(const hem_net *net)
{
    hem__str s = {0};
    for (int i = 1; i < net->graph->n_nodes; i++)
        if (hem__node_macs(net->graph, &net->graph->nodes[i]) > 0)
            hem__str_printf(&s, "%s%s=%s", s.length ? " " : "",
                            net->spec->layers[net->graph->nodes[i].layer].name,
                            hem__conv_algorithms_f32[net->graph->nodes[i].algorithm]->name);
    return hem__str_take(&s);
}

uint64_t hem__net_storage(const hem_net *net)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a, number by number */
    for (int i = 0; i < net->graph->n_tensors; i++) {
        const hem__tensor *t = &net->graph->tensors[i];
        const uint64_t words[] = {t->n,
                                  t->offset,
                                  t->row,
                                  t->ld,
                                  (uint64_t)t->columns.C,
                                  (uint64_t)t->columns.H,
                                  (uint64_t)t->columns.W};
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            hash = (hash ^ words[k]) * 0x100000001b3;
    }
    return hash;
}
