/* Networks: made, described, run. */
#include "net/net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/normal.h"
#include "base/philox.h"
#include "base/str.h"
#include "net/inside.h"
#include "net/scaling.h"
#include "optim/optim.h"

/* The first numbers of a tensor: a pure function of seed, layer, which of the layer's tensors it
 * is, and element. */
static void draw_tensor(hem_net *net, int index)
{
    const hem__tensor *t = &net->graph->tensors[index];
    hem__philox_key key = hem__philox_key_of(net->origin.seed, HEM__DRAW_WEIGHTS);
    float value = (float)t->init.value;
    uint32_t words[4] = {0}, before = 0;
    for (int i = 0; i < index; i++)
        before += net->graph->tensors[i].layer == t->layer;
    for (size_t i = 0; i < t->n && t->init.value != 0; i++) {
        uint32_t counter[4] = {(uint32_t)(i / 4), (uint32_t)((uint64_t)i / 4 >> 32),
                               (uint32_t)t->layer, before};
        if (i % 4 == 0 && t->init.from != HEM__FROM_CONSTANT)
            hem__philox(key, counter, words);
        float number = value;
        if (t->init.from == HEM__FROM_UNIFORM)
            number = (2 * hem__uniform(words[i % 4]) - 1) * value;
        if (t->init.from == HEM__FROM_NORMAL)
            number = (float)(hem__normal(words[i % 4]) * t->init.value);
        net->params[t->offset + hem__tensor_place(t, i)] = number;
    }
}

static bool copy_origin(hem_net *net, const hem__net_origin *origin)
{
    net->origin = *origin;
    net->origin.class_names = hem__calloc((size_t)origin->n_classes, sizeof *origin->class_names);
    for (int c = 0; net->origin.class_names && c < origin->n_classes; c++)
        net->origin.class_names[c] = hem__strdup(origin->class_names[c]);
    size_t bytes = (size_t)origin->height * (size_t)origin->width * (size_t)origin->channels;
    return hem__scaling_copy(&origin->scaling, bytes, &net->origin.scaling);
}

static bool has_class_names(const hem__net_origin *origin)
{
    for (int c = 0; origin->class_names && c < origin->n_classes; c++)
        if (!origin->class_names[c])
            return false;
    return origin->class_names != NULL;
}

/* Refuses a network that this machine's memory cannot hold, before any of it is taken. */
static hem_status check_memory(const hem_net *net, hem_error *err)
{
    const bool training = net->n_training > 0;
    size_t need = training ? hem__net_training_bytes(net) : net->graph->n_params * sizeof(float);
    double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if ((double)need < have)
        return HEM_OK;
    const hem__layer_spec *largest = &net->spec->layers[0];
    size_t most = 0;
    for (int i = 0; i < net->graph->n_tensors; i++)
        if (net->graph->tensors[i].n > most) {
            most = net->graph->tensors[i].n;
            largest = &net->spec->layers[net->graph->tensors[i].layer];
        }
    if (training && net->graph->batch_statistics &&
        need / 2 > net->graph->n_params * sizeof(float)) {
        hem__spec_fail(net->spec, net->spec->train.batch_at, err,
                       "the network needs %.3g GB to train with a batch of %zu images, and this "
                       "machine has %.3g GB",
                       (double)need / 1e9, hem__net_batch(net), have / 1e9);
        return hem__hint(err, "batch normalisation keeps the whole batch in memory: use a smaller "
                              "batch");
    }
    hem__at at = most > net->graph->n_params / 2 ? largest->at : (hem__at){0, 0};
    hem__spec_fail(net->spec, at, err, "the network needs %.3g GB%s, and this machine has %.3g GB",
                   (double)need / 1e9, training ? " to train" : "", have / 1e9);
    return hem__hint(err, "%s has %zu weights: use fewer filters or units, or a smaller batch",
                     largest->name, most);
}

/* Batch normalisation has no variance where a channel has one value in a batch: of one image behind
 * dense layers. */
static hem_status check_statistics(const hem_net *net, hem_error *err)
{
    const hem__train_spec *train = &net->spec->train;
    const hem__node *node = NULL;
    for (int i = 0; i < net->graph->n_nodes && node == NULL; i++) {
        const hem__node *n = &net->graph->nodes[i];
        if (n->batch_statistics && n->shape.H * n->shape.W == 1)
            node = n;
    }
    size_t batch = hem__net_batch(net);
    bool odd = batch > 1 && net->n_training % batch == 1 && !train->drop_last;
    if (node == NULL || net->n_training == 0 || (batch > 1 && !odd))
        return HEM_OK;
    const hem__layer_spec *layer = &net->spec->layers[node->layer];
    hem__at at = train->batch_at.line != 0 ? train->batch_at : layer->at;
    if (!odd) {
        hem__spec_fail(net->spec, at, err,
                       "a batch of 1 image gives %s one value per channel, which has no variance",
                       layer->name);
        return hem__hint(err, net->n_training > 1 ? "train with a batch of 2 images or more"
                                                  : "there is one training image: add others");
    }
    hem__spec_fail(net->spec, at, err,
                   "%zu training images in batches of %zu leave a last one of 1 image, which gives "
                   "%s one value per channel: it has no variance",
                   net->n_training, batch, layer->name);
    return hem__hint(err, "add last_batch: drop to train, or use another batch");
}

hem_status hem__net_make(hem_context *context, const hem_spec *spec, const hem__net_origin *origin,
                         size_t n_training, hem_net **out, hem_error *err)
{
    *out = NULL;
    hem_net *net = hem__calloc(1, sizeof *net);
    if (!net)
        return hem__fail_memory(err, "a network", sizeof *net);
    net->context = context;
    net->n_training = n_training;
    bool copied = copy_origin(net, origin);
    hem_status status = HEM_OK;
    if (!copied || !has_class_names(&net->origin))
        status = hem__fail_memory(err, "a network", sizeof *net);
    if (status == HEM_OK)
        status = hem__spec_copy(spec, &net->spec, err);
    hem__shape input = {origin->channels, origin->height, origin->width};
    if (status == HEM_OK)
        status = hem__graph_new(net->spec, input, origin->n_classes, &net->graph, err);
    if (status == HEM_OK) {
        hem__graph_fuse(net->graph);
        status = check_memory(net, err);
    }
    if (status == HEM_OK)
        status = check_statistics(net, err);
    if (status == HEM_OK) {
        net->params = hem__aligned_calloc(net->graph->n_params, sizeof(float));
        if (!net->params)
            status = hem__fail_memory(err, "the weights of a network",
                                      net->graph->n_params * sizeof(float));
    }
    if (status == HEM_OK && !(net->kinds = hem__calloc(net->spec->n_layers, sizeof *net->kinds)))
        status = hem__fail_memory(err, "a network", net->spec->n_layers * sizeof *net->kinds);
    if (status != HEM_OK) {
        hem_net_free(net);
        return status;
    }
    hem__net_describe_layers(net);
    for (int i = 0; i < net->graph->n_tensors; i++)
        draw_tensor(net, i);
    *out = net;
    return HEM_OK;
}

hem_status hem_net_new(hem_context *context, const hem_spec *spec, const hem_data *data,
                       uint64_t seed, hem_net **out, hem_error *err)
{
    *out = NULL;
    const hem_data_info *info = &data->info;
    hem__net_origin origin = {.synthetic = info->synthetic,
                              .seed = seed,
                              .height = info->height,
                              .width = info->width,
                              .channels = info->channels,
                              .n_classes = info->n_classes,
                              .class_names = data->class_names};
    snprintf(origin.data_name, sizeof origin.data_name, "%s", info->name);
    snprintf(origin.data_sha256, sizeof origin.data_sha256, "%s", info->sha256);
    hem_status status = hem__scaling_measure(data, spec->scale, &origin.scaling, err);
    if (status == HEM_OK)
        status = hem__net_make(context, spec, &origin, info->n[HEM_TRAIN], out, err);
    free(origin.scaling.pixels);
    return status;
}

void hem_net_free(hem_net *net)
{
    if (!net)
        return;
    hem__plan_free_f32(net->infer);
    free(net->images);
    free(net->labels);
    free(net->params);
    free(net->kinds);
    hem__graph_free(net->graph);
    for (int c = 0; net->origin.class_names && c < net->origin.n_classes; c++)
        free(net->origin.class_names[c]);
    free(net->origin.class_names);
    free(net->origin.scaling.pixels);
    hem_spec_free(net->spec);
    free(net);
}

const hem_spec *hem_net_spec(const hem_net *net)
{
    return net->spec;
}

void hem__scaling_values(const hem__scaling *scaling, hem__values *out)
{
    hem__values_make_f32(scaling->mean, scaling->deviation, out);
}

hem__plan_options hem__net_plan_options(const hem_net *net, size_t batch)
{
    hem__optimizer_kind kind = net->spec->train.optimizer.kind;
    return (hem__plan_options){.batch = batch,
                               .groups = net->spec->train.groups,
                               .training = true,
                               .slots = hem__optimizer_slots(kind),
                               .optimizer = (int)kind,
                               .fuse = net->spec->train.clip_norm == 0,
                               .clip = net->spec->train.clip_norm};
}

hem__plan_options hem__net_infer_options(void)
{
    return (hem__plan_options){.batch = HEM__CHUNK_TILES * HEM__LANES, .apart = true};
}

hem_status hem__net_infer_plan(hem_net *net, hem_error *err)
{
    if (net->infer)
        return HEM_OK;
    hem__plan_options options = hem__net_infer_options();
    size_t n = 128 * (size_t)hem__pool_threads(net->context->pool);
    net->n_gathered = n < 1024 ? 1024 : n;
    if (!net->images)
        net->images = hem__calloc(net->n_gathered, sizeof *net->images);
    if (!net->labels)
        net->labels = hem__calloc(net->n_gathered, sizeof *net->labels);
    if (!net->images || !net->labels)
        return hem__fail_memory(err, "a list of images", net->n_gathered * sizeof *net->images);
    return hem__plan_new_f32(net->graph, net->context->pool, net->context->kernels, &options,
                             &net->infer, NULL, err);
}

hem_status hem__net_run(hem_net *net, const hem_data *data, hem_part part, const uint32_t *indices,
                        size_t n, float *loss, int32_t *predicted, float *probabilities,
                        hem_error *err)
{
    HEM_TRY(hem__net_fits(net, data, err));
    HEM_TRY(hem__net_infer_plan(net, err));
    hem__values values;
    hem__scaling_values(&net->origin.scaling, &values);
    size_t classes = (size_t)net->graph->n_classes;
    for (size_t at = 0; at < n; at += net->n_gathered) {
        size_t m = n - at < net->n_gathered ? n - at : net->n_gathered;
        for (size_t i = 0; i < m; i++) {
            size_t index = indices ? indices[at + i] : at + i;
            net->images[i] = hem_data_image(data, part, index);
            net->labels[i] = (uint16_t)hem_data_label(data, part, index);
        }
        hem__batch_f32 batch = {.images = net->images,
                                .labels = net->labels,
                                .n = m,
                                .values = &values,
                                .pixels = net->origin.scaling.pixels,
                                .by_image = net->origin.scaling.kind == HEM__SCALE_BY_IMAGE,
                                .loss = loss ? loss + at : NULL,
                                .predicted = predicted ? predicted + at : NULL,
                                .probabilities =
                                    probabilities ? probabilities + at * classes : NULL};
        hem__plan_forward_f32(net->infer, net->params, &batch);
    }
    return HEM_OK;
}

hem_status hem_net_predict(hem_net *net, const uint8_t *images, size_t n, float *probabilities,
                           hem_error *err)
{
    HEM_TRY(hem__net_infer_plan(net, err));
    hem__values values;
    hem__scaling_values(&net->origin.scaling, &values);
    size_t bytes =
        (size_t)net->origin.height * (size_t)net->origin.width * (size_t)net->origin.channels;
    size_t classes = (size_t)net->graph->n_classes;
    for (size_t at = 0; at < n; at += net->n_gathered) {
        size_t m = n - at < net->n_gathered ? n - at : net->n_gathered;
        for (size_t i = 0; i < m; i++)
            net->images[i] = images + (at + i) * bytes;
        hem__batch_f32 batch = {.images = net->images,
                                .n = m,
                                .values = &values,
                                .pixels = net->origin.scaling.pixels,
                                .by_image = net->origin.scaling.kind == HEM__SCALE_BY_IMAGE,
                                .probabilities = probabilities + at * classes};
        hem__plan_forward_f32(net->infer, net->params, &batch);
    }
    return HEM_OK;
}

hem_status hem__net_fits(const hem_net *net, const hem_data *data, hem_error *err)
{
    const hem__net_origin *o = &net->origin;
    const hem_data_info *d = &data->info;
    if (o->height == d->height && o->width == d->width && o->channels == d->channels &&
        o->n_classes == d->n_classes)
        return HEM_OK;
    return hem__fail(
        err, HEM_ERR_USAGE,
        "the network takes images of %d x %d x %d in %d classes, the data has %d x %d x %d in %d",
        o->height, o->width, o->channels, o->n_classes, d->height, d->width, d->channels,
        d->n_classes);
}

float *hem__net_params(hem_net *net, size_t *n)
{
    *n = net->graph->n_params;
    return net->params;
}

double hem_net_penalty(const hem_net *net)
{
    double penalty = 0;
    for (int i = 0; i < net->graph->n_tensors; i++) {
        const hem__tensor *t = &net->graph->tensors[i];
        double squares = 0, sizes = 0;
        for (size_t j = 0; (t->l2 > 0 || t->l1 > 0) && j < t->stored; j++) { /* padding: zeros */
            double w = (double)net->params[t->offset + j];
            squares += w * w;
            sizes += fabs(w);
        }
        penalty += t->l2 * squares + t->l1 * sizes;
    }
    return penalty;
}

hem_status hem_net_profile_start(hem_net *net, hem_error *err)
{
    HEM_TRY(hem__net_infer_plan(net, err));
    return hem__plan_profile_start_f32(net->infer, err);
}

hem_status hem_net_profile_stop(hem_net *net, hem_profile *out, hem_error *err)
{
    HEM_TRY(hem__net_infer_plan(net, err));
    return hem__plan_profile_stop_f32(net->infer, out, err);
}
