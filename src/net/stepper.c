/* Training steps by hand: a plan with gradients, an optimizer's state, a count of steps. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/philox.h"
#include "data/augment.h"
#include "net/inside.h"
#include "optim/optim.h"

struct hem_stepper {
    hem_net *net;
    hem__plan_f32 *plan;
    size_t batch;
    uint64_t steps;
    double rate;
    hem__philox_key drop_key;
    hem__values values;
    float *state; /* slots * n_params */
    size_t n_state;
    float *average; /* train.ema: the averaged weights, as the network's; else NULL */
    float average_gain;
    hem__update *updates;   /* by tensor */
    const uint8_t **images; /* batch of each */
    uint16_t *labels;
    float *loss;
    int32_t *predicted;
    hem__augmenter augmenter;
    hem__philox_key augment_key;
    uint8_t *changed;    /* batch augmented images */
    uint8_t **scratches; /* by thread */
    int n_scratches;
};

static bool take_lists(hem_stepper *s)
{
    size_t n_tensors = (size_t)s->net->graph->n_tensors;
    size_t n_average = s->net->spec->train.ema > 0 ? s->net->graph->n_params : 0;
    if (n_average > 0 && !(s->average = hem__aligned_calloc(n_average, sizeof *s->average)))
        return false;
    s->state = hem__aligned_calloc(s->n_state, sizeof *s->state);
    s->updates = hem__calloc(n_tensors, sizeof *s->updates);
    s->images = hem__calloc(s->batch, sizeof *s->images);
    s->labels = hem__calloc(s->batch, sizeof *s->labels);
    s->loss = hem__calloc(s->batch, sizeof *s->loss);
    s->predicted = hem__calloc(s->batch, sizeof *s->predicted);
    return s->state && s->updates && s->images && s->labels && s->loss && s->predicted;
}

/* What augmentation needs, if the experiment asks for it. */
static hem_status take_augmentation(hem_stepper *s, uint64_t seed, hem_error *err)
{
    const hem__net_origin *origin = &s->net->origin;
    hem__augmenter *a = &s->augmenter;
    HEM_TRY(
        hem__augmenter_init(a, s->net->spec, origin->height, origin->width, origin->channels, err));
    if (!a->on)
        return HEM_OK;
    size_t image = (size_t)a->height * (size_t)a->width * (size_t)a->channels;
    int threads = hem__pool_threads(s->net->context->pool);
    s->augment_key = hem__philox_key_of(seed, HEM__DRAW_AUGMENT);
    s->changed = hem__calloc(s->batch, image);
    s->scratches = hem__calloc((size_t)threads, sizeof *s->scratches);
    bool ok = s->changed && s->scratches;
    for (; ok && s->n_scratches < threads; s->n_scratches++) {
        s->scratches[s->n_scratches] = hem__calloc(a->scratch + 1, 1);
        ok = s->scratches[s->n_scratches] != NULL;
    }
    return ok ? HEM_OK
              : hem__fail_memory(err, "augmented images",
                                 s->batch * image + (size_t)threads * a->scratch);
}

hem_status hem_stepper_new(hem_net *net, size_t batch, uint64_t seed, hem_stepper **out,
                           hem_error *err)
{
    *out = NULL;
    if (batch < 1 || batch > UINT32_MAX / 2)
        return hem__fail(err, HEM_ERR_USAGE, "a batch of %zu images is not possible; allowed 1..%u",
                         batch, UINT32_MAX / 2);
    hem_stepper *s = hem__calloc(1, sizeof *s);
    if (!s)
        return hem__fail_memory(err, "a stepper", sizeof *s);
    s->net = net;
    s->batch = batch;
    s->rate = net->spec->train.optimizer.learning_rate;
    s->average_gain = (float)(1 - net->spec->train.ema);
    s->drop_key = hem__philox_key_of(seed, HEM__DRAW_DROPOUT);
    hem__scaling_values(&net->origin.scaling, &s->values);
    hem__plan_options options = hem__net_plan_options(net, batch);
    s->n_state = (size_t)options.slots * net->graph->n_params;
    hem_status status = HEM_OK;
    if (!take_lists(s))
        status = hem__fail_memory(err, "the state of an optimizer", s->n_state * sizeof *s->state);
    if (status == HEM_OK)
        status = take_augmentation(s, seed, err);
    if (status == HEM_OK)
        status = hem__plan_new_f32(net->graph, net->context->pool, net->context->kernels, &options,
                                   &s->plan, NULL, err);
    if (status != HEM_OK) {
        hem_stepper_free(s);
        return status;
    }
    *out = s;
    return HEM_OK;
}

void hem_stepper_free(hem_stepper *s)
{
    if (!s)
        return;
    hem__plan_free_f32(s->plan);
    free(s->state);
    free(s->average);
    free(s->updates);
    free(s->images);
    free(s->labels);
    free(s->loss);
    free(s->predicted);
    free(s->changed);
    for (int i = 0; s->scratches && i < s->n_scratches; i++)
        free(s->scratches[i]);
    free(s->scratches);
    free(s);
}

static hem_status gather(hem_stepper *s, const hem_data *data, hem_part part,
                         const uint32_t *indices, size_t n, hem_error *err)
{
    if (n < 1 || n > s->batch)
        return hem__fail(err, HEM_ERR_USAGE, "a step of %zu images; this stepper takes 1..%zu", n,
                         s->batch);
    HEM_TRY(hem__net_fits(s->net, data, err));
    for (size_t i = 0; i < n; i++) {
        s->images[i] = hem_data_image(data, part, indices[i]);
        if (!s->images[i])
            return hem__fail(err, HEM_ERR_USAGE, "image %u of the %s part; it has %zu", indices[i],
                             hem_part_name(part), data->info.n[part]);
        s->labels[i] = (uint16_t)hem_data_label(data, part, indices[i]);
    }
    return HEM_OK;
}

/* One step's images, to be augmented by all threads. */
typedef struct augmentation {
    hem_stepper *s;
    const uint32_t *indices;
    size_t n;
    uint32_t epoch;
} augmentation;

static void augment_images(void *argument, int thread, int n_threads)
{
    const augmentation *job = argument;
    hem_stepper *s = job->s;
    const hem__augmenter *a = &s->augmenter;
    size_t image = (size_t)a->height * (size_t)a->width * (size_t)a->channels, i, last;
    hem__deal deal = hem__deal_new(s->net->context->pool, thread, job->n, 1, 1);
    (void)n_threads;
    while (hem__deal_next(&deal, &i, &last)) {
        uint8_t *out = s->changed + i * image;
        hem__augment(a, s->augment_key, job->epoch, job->indices[i], s->images[i],
                     s->scratches[thread], out);
        s->images[i] = out;
    }
}

static hem_status diverged(const hem_stepper *s, hem_error *err)
{
    if (!isfinite(hem__plan_norm_f32(s->plan))) {
        hem__fail(err, HEM_ERR_DIVERGED, "the norm of the gradient is not finite at step %llu",
                  (unsigned long long)s->steps + 1);
        return hem__hint(err, "try a smaller learning rate than %g, or look at the data's scale",
                         s->rate);
    }
    int layer = hem__plan_bad_layer_f32(s->plan);
    const char *name = layer < 0 ? "the loss" : s->net->spec->layers[layer].name;
    hem__fail(
        err, HEM_ERR_DIVERGED,
        "the loss is not finite at step %llu; the first output that is not finite is that of %s",
        (unsigned long long)s->steps + 1, name);
    return hem__hint(err, "try a smaller learning rate than %g, or look at the data's scale",
                     s->rate);
}

hem_status hem_stepper_step(hem_stepper *s, const hem_data *data, hem_part part,
                            const uint32_t *indices, size_t n, uint32_t epoch, uint32_t place,
                            hem_step_result *result, hem_error *err)
{
    hem__profile *profile = hem__plan_profile_f32(s->plan);
    double began = profile ? hem__now() : 0;
    HEM_TRY(gather(s, data, part, indices, n, err));
    if (s->augmenter.on && part == HEM_TRAIN) {
        double before = profile ? hem__now() : 0;
        augmentation job = {s, indices, n, epoch};
        hem__pool_run(s->net->context->pool, augment_images, &job);
        if (profile)
            profile->augment += hem__now() - before;
    }
    hem__update update;
    hem__optimizer_constants(&s->net->spec->train.optimizer, s->rate, s->steps + 1, &update);
    for (int i = 0; i < s->net->graph->n_tensors; i++) {
        s->updates[i] = update;
        s->updates[i].decay = (float)(2 * s->net->graph->tensors[i].l2);
        s->updates[i].l1 = (float)s->net->graph->tensors[i].l1;
        if (!s->net->graph->tensors[i].decays)
            s->updates[i].shrink = 0;
    }
    if (s->average && s->steps == 0)
        memcpy(s->average, s->net->params, s->net->graph->n_params * sizeof *s->average);
    hem__plan_set_average_f32(s->plan, s->average, s->average_gain);
    hem__batch_f32 batch = {.images = s->images,
                            .labels = s->labels,
                            .n = n,
                            .values = &s->values,
                            .pixels = s->net->origin.scaling.pixels,
                            .by_image = s->net->origin.scaling.kind == HEM__SCALE_BY_IMAGE,
                            .drop_key = {s->drop_key.k[0], s->drop_key.k[1]},
                            .epoch = epoch,
                            .place = place,
                            .loss = s->loss,
                            .predicted = s->predicted};
    if (profile)
        profile->gather += hem__now() - began; /* the augmentation too: taken off at the end */
    if (!hem__plan_step_f32(s->plan, s->net->params, s->state, s->updates, &batch))
        return diverged(s, err);
    s->steps++;
    if (result) {
        *result = (hem_step_result){.n = n};
        for (size_t i = 0; i < n; i++) {
            result->loss += (double)s->loss[i];
            result->correct += s->predicted[i] == s->labels[i];
        }
    }
    return HEM_OK;
}

uint64_t hem_stepper_steps(const hem_stepper *s)
{
    return s->steps;
}

void hem__stepper_set_steps(hem_stepper *s, uint64_t steps)
{
    s->steps = steps;
}

void hem_stepper_set_learning_rate(hem_stepper *s, double rate)
{
    s->rate = rate;
}

double hem_stepper_learning_rate(const hem_stepper *s)
{
    return s->rate;
}

double hem__stepper_norm(const hem_stepper *s)
{
    return hem__plan_norm_f32(s->plan);
}

float *hem__stepper_average(hem_stepper *s)
{
    return s->average;
}

void hem__stepper_swap_average(hem_stepper *s)
{
    float *params = s->net->params;
    if (!s->average)
        return;
    s->net->params = s->average;
    s->average = params;
}

float *hem__stepper_state(hem_stepper *s, size_t *n)
{
    *n = s->n_state;
    return s->state;
}

int hem__stepper_groups(const hem_stepper *s)
{
    bool whole = s->net->graph->batch_statistics;
    return hem__groups_of(s->batch, whole ? 1 : s->net->spec->train.groups);
}

hem_status hem_stepper_profile_start(hem_stepper *s, hem_error *err)
{
    return hem__plan_profile_start_f32(s->plan, err);
}

hem_status hem_stepper_profile_stop(hem_stepper *s, hem_profile *out, hem_error *err)
{
    return hem__plan_profile_stop_f32(s->plan, out, err);
}
