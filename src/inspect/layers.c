/* Layers by name: their filters, and what they make of an image. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "inspect/inspect.h"
#include "inspect/run.h"

/* ---- names ----------------------------------------------------------------------------------- */

/* The weight of a layer that can be shown as pictures; -1 = none. Of a dense layer that is one
 * whose inputs lie on a map of more than one point. */
static int filters_of(const hem_net *net, size_t layer)
{
    for (int i = 1; i < net->graph->n_nodes; i++) {
        const hem__node *node = &net->graph->nodes[i];
        if (node->layer != layer || node->weight < 0)
            continue;
        hem__shape in = net->graph->tensors[node->weight].columns;
        bool of_map = node->kind == HEM__LAYER_DENSE && (in.H > 1 || in.W > 1);
        if (node->kind == HEM__LAYER_CONV || of_map)
            return node->weight;
    }
    return -1;
}

/* "conv1, conv2 and dense1", at most a dozen: those with filters, or all. */
static void add_names(const hem_net *net, bool with_filters, hem__str *out)
{
    size_t n = 0, done = 0;
    for (size_t i = 0; i < net->spec->n_layers; i++)
        n += !with_filters || filters_of(net, i) >= 0;
    for (size_t i = 0; i < net->spec->n_layers && done < 12; i++) {
        if (with_filters && filters_of(net, i) < 0)
            continue;
        const char *between = done == 0 ? "" : done + 1 == n ? " and " : ", ";
        hem__str_printf(out, "%s%s", between, net->spec->layers[i].name);
        done++;
    }
    if (done < n)
        hem__str_printf(out, " and %zu more", n - done);
}

static hem_status hint_names(const hem_net *net, bool with_filters, hem_error *err)
{
    hem__str names = {0};
    add_names(net, with_filters, &names);
    const char *what = with_filters ? "layers with filters" : "its layers";
    if (names.length == 0)
        hem__hint(err, "no layer of this network has filters");
    else
        hem__hint(err, "%s: %s", what, names.text);
    hem__str_release(&names);
    return HEM_ERR_USAGE;
}

hem_status hem__find_layer(const hem_net *net, const char *name, size_t *out, hem_error *err)
{
    for (size_t i = 0; i < net->spec->n_layers; i++) {
        if (strcmp(net->spec->layers[i].name, name) != 0)
            continue;
        *out = i;
        return HEM_OK;
    }
    hem__fail(err, HEM_ERR_USAGE, "the network has no layer '%s'", name);
    return hint_names(net, false, err);
}

/* ---- filters --------------------------------------------------------------------------------- */

static hem_status find_filters(const hem_net *net, const char *name, size_t *out, hem_error *err)
{
    if (name != NULL) {
        HEM_TRY(hem__find_layer(net, name, out, err));
        if (filters_of(net, *out) >= 0)
            return HEM_OK;
        hem__fail(err, HEM_ERR_USAGE, "the layer '%s' (%s) has no filters", name, net->kinds[*out]);
        return hint_names(net, true, err);
    }
    for (*out = 0; *out < net->spec->n_layers; ++*out)
        if (filters_of(net, *out) >= 0)
            return HEM_OK;
    return hem__fail(err, HEM_ERR_USAGE, "no layer of this network has filters");
}

hem_status hem_filters_get(const hem_net *net, const char *layer, hem_maps *out, const char **name,
                           hem_error *err)
{
    *out = (hem_maps){0};
    size_t index = 0;
    HEM_TRY(find_filters(net, layer, &index, err));
    int weight = filters_of(net, index);
    const hem__tensor *t = &net->graph->tensors[weight];
    hem__shape each = t->columns; /* of a dense layer; a convolution's are in its tensor */
    if (t->n_dims == 4)
        each = (hem__shape){(int)t->dims[1], (int)t->dims[2], (int)t->dims[3]};
    HEM_TRY(hem__maps_new(t->dims[0], each.C, each.H, each.W, out, err));
    hem_net_get_tensor(net, (size_t)weight, out->values);
    if (name != NULL)
        *name = net->spec->layers[index].name;
    return HEM_OK;
}

/* ---- feature maps ---------------------------------------------------------------------------- */

/* A layer's last node: its activation where that is a node of its own. */
static int last_node(const hem__graph *graph, size_t layer)
{
    int last = 0;
    for (int i = 1; i < graph->n_nodes; i++)
        last = graph->nodes[i].layer == layer ? i : last;
    return last;
}

hem__batch_f32 hem__one_image(const hem_net *net, const uint8_t *const *image, hem__values *values)
{
    hem__scaling_values(&net->origin.scaling, values);
    return (hem__batch_f32){.images = image,
                            .n = 1,
                            .values = values,
                            .pixels = net->origin.scaling.pixels,
                            .by_image = net->origin.scaling.kind == HEM__SCALE_BY_IMAGE};
}

void hem__take_map(hem__shape shape, const float *stored, float *out)
{
    for (int c = 0; c < shape.C; c++)
        for (int y = 0; y < shape.H; y++)
            for (int x = 0; x < shape.W; x++)
                *out++ = stored[hem__unit(shape, c, y, x) * HEM__LANES];
}

hem_status hem_features_get(hem_net *net, const uint8_t *image, const char *layer, hem_maps *out,
                            const char **name, hem_error *err)
{
    *out = (hem_maps){0};
    size_t index = 0;
    if (layer != NULL)
        HEM_TRY(hem__find_layer(net, layer, &index, err));
    hem__graph *graph; /* an own one: nothing in it is fused */
    HEM_TRY(hem__open_graph(net, &graph, err));
    int node = last_node(graph, index);
    hem__shape shape = graph->nodes[node].map; /* that of the map which a flatten left */
    float *probabilities = hem__calloc((size_t)net->graph->n_classes, sizeof *probabilities);
    hem__plan_options options = {.batch = 1, .keep = true};
    hem__plan_f32 *plan = NULL;
    hem_status status = probabilities == NULL
                            ? hem__fail_memory(err, "the outputs of a network", 0)
                            : hem__plan_new_f32(graph, net->context->pool, net->context->kernels,
                                                &options, &plan, NULL, err);
    if (status == HEM_OK)
        status = hem__maps_new(1, shape.C, shape.H, shape.W, out, err);
    if (status == HEM_OK) {
        hem__values values;
        hem__batch_f32 batch = hem__one_image(net, &image, &values);
        batch.probabilities = probabilities; /* else the last node has no output */
        hem__plan_forward_f32(plan, net->params, &batch);
        hem__take_map(shape, hem__plan_output_f32(plan, node), out->values);
        if (name != NULL)
            *name = net->spec->layers[index].name;
    }
    hem__plan_free_f32(plan);
    hem__graph_free(graph);
    free(probabilities);
    return status;
}
