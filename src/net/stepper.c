/* Training steps by hand: a plan with gradients, an optimizer's state, a count of steps. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "net/inside.h"
#include "optim/optim.h"

struct hem_stepper {
    hem_net *net;
    hem__plan_f32 *plan;
    size_t batch;
    uint64_t steps;
    double rate;
    hem__philox_key drop_key;
    float table[256];
    float *state; /* slots * n_params */
    size_t n_state;
    hem__update *updates;   /* by tensor */
    const uint8_t **images; /* batch of each */
    uint16_t *labels;
    float *loss;
    int32_t *predicted;
};

static bool take_lists(hem_stepper *s)
{
    size_t n_tensors = (size_t)s->net->graph->n_tensors;
    s->state = hem__aligned_calloc(s->n_state, sizeof *s->state);
    s->updates = hem__calloc(n_tensors, sizeof *s->updates);
    s->images = hem__calloc(s->batch, sizeof *s->images);
    s->labels = hem__calloc(s->batch, sizeof *s->labels);
    s->loss = hem__calloc(s->batch, sizeof *s->loss);
    s->predicted = hem__calloc(s->batch, sizeof *s->predicted);
    return s->state && s->updates && s->images && s->labels && s->loss && s->predicted;
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
    s->drop_key = hem__philox_key_of(seed, HEM__DRAW_DROPOUT);
    hem__scaling_table(&net->origin.scaling, s->table);
    hem__plan_options options = hem__net_plan_options(net, batch);
    s->n_state = (size_t)options.slots * net->graph->n_params;
    hem_status status = HEM_OK;
    if (!take_lists(s))
        status = hem__fail_memory(err, "the state of an optimizer", s->n_state * sizeof *s->state);
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
    free(s->updates);
    free(s->images);
    free(s->labels);
    free(s->loss);
    free(s->predicted);
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

static hem_status diverged(const hem_stepper *s, hem_error *err)
{
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
    HEM_TRY(gather(s, data, part, indices, n, err));
    hem__update update;
    hem__optimizer_constants(&s->net->spec->train.optimizer, s->rate, s->steps + 1, &update);
    for (int i = 0; i < s->net->graph->n_tensors; i++) {
        s->updates[i] = update;
        s->updates[i].decay = (float)(2 * s->net->graph->tensors[i].l2);
    }
    hem__batch_f32 batch = {.images = s->images,
                            .labels = s->labels,
                            .n = n,
                            .table = s->table,
                            .drop_key = {s->drop_key.k[0], s->drop_key.k[1]},
                            .epoch = epoch,
                            .place = place,
                            .loss = s->loss,
                            .predicted = s->predicted};
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
