/* What a run needs in memory. */
#include "train/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "spec/spec.h"

/* Fills n, batch and steps from the experiment and the training part. */
static hem_status count_steps(hem__run *run, hem_error *err)
{
    const hem_spec *spec = run->net->spec;
    run->n = hem_data_get_info(run->data).n[HEM_TRAIN];
    if (run->n == 0)
        return hem__fail(err, HEM_ERR_DATA, "the training part of the data is empty");
    if (run->n > UINT32_MAX)
        return hem__fail(err, HEM_ERR_USAGE, "%zu training images; at most %u are possible", run->n,
                         UINT32_MAX);
    size_t asked = (size_t)spec->train.batch;
    bool all = asked == 0 || asked > run->n;
    if (spec->train.drop_last && asked > run->n) {
        hem__spec_fail(spec, spec->train.batch_at, err,
                       "batch %zu with last_batch: drop leaves no step: there are %zu training "
                       "images",
                       asked, run->n);
        return hem__hint(err, "use a smaller batch, or last_batch: keep");
    }
    run->batch = all ? run->n : asked;
    run->steps = run->n / run->batch;
    if (!spec->train.drop_last && run->n % run->batch != 0)
        run->steps++;
    return HEM_OK;
}

static hem_status make_buffers(hem__run *run, hem_error *err)
{
    (void)hem__net_params(run->net, &run->n_params);
    run->order = hem__calloc(run->n, sizeof *run->order);
    run->kept = hem__calloc(run->n_params + 1, sizeof *run->kept);
    run->epoch_seconds =
        hem__calloc((size_t)hem_spec_epochs(run->net->spec) + 1, sizeof *run->epoch_seconds);
    run->algorithms = hem__net_algorithms(run->net);
    if (run->order == NULL || run->kept == NULL || run->epoch_seconds == NULL ||
        run->algorithms == NULL)
        return hem__fail_memory(err, "a training run", 4 * (run->n + run->n_params));
    return HEM_OK;
}

hem_status hem__run_prepare(hem__run *run, const hem_spec *spec, uint64_t seed, hem_error *err)
{
    run->data = run->options->dataset;
    if (run->data == NULL) {
        HEM_TRY(hem_data_open(spec, run->options->data, &run->own_data, err));
        run->data = run->own_data;
    }
    HEM_TRY(hem_net_new(run->context, spec, run->data, seed, &run->net, err));
    run->net->spec->train.seed = seed; /* its own copy: the resolved experiment names this seed */
    HEM_TRY(count_steps(run, err));
    HEM_TRY(hem_stepper_new(run->net, run->batch, seed, &run->stepper, err));
    return make_buffers(run, err);
}

void hem__run_release(hem__run *run)
{
    if (run->staged)
        hem__directory_discard(run);
    if (run->lock >= 0)
        (void)close(run->lock);
    hem_stepper_free(run->stepper);
    hem_net_free(run->net);
    hem_data_free(run->own_data);
    free(run->order);
    free(run->kept);
    free(run->epoch_seconds);
    free(run->algorithms);
    memset(run, 0, sizeof *run);
    run->lock = -1;
}

char *hem__run_path(const hem__run *run, const char *name)
{
    return hem__path_join(run->directory, name);
}

hem_train_options hem_train_options_default(void)
{
    return (hem_train_options){0};
}

char *hem_model_path(const char *path)
{
    return hem__is_directory(path) ? hem__path_join(path, "model.safetensors") : hem__strdup(path);
}

void hem_train_result_release(hem_train_result *result)
{
    for (int part = 0; part < 3; part++)
        hem_evaluation_release(&result->parts[part]);
    free(result->json);
    memset(result, 0, sizeof *result);
}
