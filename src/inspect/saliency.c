/* Saliency: the gradient of a class's score with respect to the image. */
#include <stdlib.h>

#include "inspect/inspect.h"
#include "inspect/run.h"

hem_status hem__open_graph(const hem_net *net, hem__graph **out, hem_error *err)
{
    const hem__net_origin *o = &net->origin;
    hem__shape input = {o->channels, o->height, o->width};
    HEM_TRY(hem__graph_new(net->spec, input, o->n_classes, out, err));
    hem__graph *graph = *out;
    graph->batch_statistics = false;
    for (int i = 0; i < graph->n_nodes; i++) {
        graph->nodes[i].needs_grad = true;
        graph->nodes[i].rate = 0;
        graph->nodes[i].batch_statistics = false;
    }
    for (int i = 0; i < graph->n_tensors; i++)
        graph->tensors[i].frozen = true;
    return HEM_OK;
}

/* Forward and backward; the gradient and the logit are left in the plan. */
static hem_status run(hem_net *net, hem__plan_f32 *plan, const uint8_t *image, int of_class,
                      hem_error *err)
{
    const uint16_t label = (uint16_t)of_class;
    hem__values values;
    hem__batch_f32 batch = hem__one_image(net, &image, &values);
    batch.labels = &label;
    batch.of_score = true;
    if (hem__plan_step_f32(plan, net->params, NULL, NULL, &batch))
        return HEM_OK;
    return hem__fail(err, HEM_ERR_DIVERGED, "the network's outputs for this image are not finite");
}

hem_status hem_saliency_get(hem_net *net, const uint8_t *image, int of_class, hem_maps *out,
                            double *score, hem_error *err)
{
    *out = (hem_maps){0};
    if (of_class < 0 || of_class >= net->graph->n_classes)
        return hem__fail(err, HEM_ERR_USAGE, "there is no class %d: classes are 0 to %d", of_class,
                         net->graph->n_classes - 1);
    hem__graph *graph;
    HEM_TRY(hem__open_graph(net, &graph, err));
    hem__plan_options options = {.batch = 1, .training = true, .keep = true};
    hem__plan_f32 *plan = NULL;
    hem_status status = hem__plan_new_f32(graph, net->context->pool, net->context->kernels,
                                          &options, &plan, NULL, err);
    hem__shape in = graph->nodes[0].shape;
    if (status == HEM_OK)
        status = hem__maps_new(1, in.C, in.H, in.W, out, err);
    if (status == HEM_OK)
        status = run(net, plan, image, of_class, err);
    if (status == HEM_OK) {
        hem__take_map(in, hem__plan_input_grad_f32(plan), out->values);
        const hem__node *last = &graph->nodes[graph->n_nodes - 1];
        if (score != NULL)
            *score = (double)hem__plan_output_f32(plan, last->inputs[0])[of_class * HEM__LANES];
    } else {
        hem_maps_release(out);
    }
    hem__plan_free_f32(plan);
    hem__graph_free(graph);
    return status;
}
