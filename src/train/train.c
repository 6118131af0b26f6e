/* A run from its start, and from a checkpoint. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "optim/schedule.h"
#include "train/events.h"
#include "train/run.h"

static hem_status write_file(const hem__run *run, const char *name, const char *text,
                             hem_error *err)
{
    char *path = hem__run_path(run, name);
    hem_status status = path == NULL || text == NULL
                            ? hem__fail_memory(err, name, 0)
                            : hem__file_write(path, text, strlen(text), err);
    free(path);
    return status;
}

static hem_status write_resolved(const hem__run *run, hem_error *err)
{
    char *resolved = hem_spec_resolved(run->net->spec);
    hem_status status = write_file(run, "resolved.yaml", resolved, err);
    free(resolved);
    return status;
}

/* The event that a session begins with; `from` is NULL where the run begins. */
static hem_status write_began(const hem__run *run, const uint64_t *from, hem_error *err)
{
    hem__json json;
    hem_data_info info = hem_data_get_info(run->data);
    char *path = hem__run_path(run, "events.jsonl");
    if (path == NULL)
        return hem__fail_memory(err, "events.jsonl", 0);
    hem__event_open(&json, from == NULL ? "started" : "resumed", from == NULL ? 0 : *from);
    if (from != NULL)
        hem__json_count(&json, "from_step", *from);
    hem__json_text(&json, "hemline", HEM_VERSION);
    hem__json_count(&json, "threads", (uint64_t)hem_context_threads(run->context));
    hem__json_text(&json, "tier", hem_context_tier(run->context));
    hem__json_text(&json, "cpu", hem_cpu_name());
    hem__json_count(&json, "epochs", (uint64_t)hem_spec_epochs(run->net->spec));
    if (from == NULL) {
        hem__json_text(&json, "name", hem_spec_name(run->net->spec));
        hem__json_count(&json, "seed", run->net->origin.seed);
        hem__json_text(&json, "init", run->init_model);
        hem__json_text(&json, "data", info.name);
        hem__json_text(&json, "data_sha256", info.sha256);
        hem__json_bool(&json, "synthetic", info.synthetic);
        hem__json_count(&json, "parameters", hem_net_get_info(run->net).parameters);
        hem__json_count(&json, "batch", run->batch);
        hem__json_count(&json, "groups", (uint64_t)hem__stepper_groups(run->stepper));
        hem__json_count(&json, "steps_per_epoch", run->steps);
    }
    hem_status status = hem__event_append(&json, path, err);
    free(path);
    return status;
}

/* From here on both ways are one. */
static hem_status go(hem__run *run, hem_train_result *out, hem_error *err)
{
    const hem_train_callbacks *callbacks = &run->options->callbacks;
    snprintf(out->directory, sizeof out->directory, "%s", run->directory);
    if (callbacks->started != NULL)
        callbacks->started(callbacks->user, run->directory, run->net, run->data);
    hem_status status = hem__run_epochs(run, err);
    if (run->diverged && status == HEM_ERR_DIVERGED) {
        hem_error why; /* the divergence stays what the caller hears of, unless this fails too */
        hem_status finished = hem__run_finish(run, out, &why);
        if (finished == HEM_OK)
            return status;
        if (err != NULL)
            *err = why;
        return finished;
    }
    if (status == HEM_OK)
        status = hem__run_finish(run, out, err);
    if (status == HEM_ERR_IO && err != NULL && err->hint[0] == '\0')
        hem__hint(err, "the last good checkpoint is kept: go on with 'hemline train --resume %s'",
                  run->directory);
    return status;
}

/* Whatever failed, the caller gets a directory at most. */
static hem_status end(hem__run *run, hem_status status, hem_train_result *out)
{
    if (status != HEM_OK) {
        char directory[sizeof out->directory];
        memcpy(directory, out->directory, sizeof directory);
        hem_train_result_release(out);
        memcpy(out->directory, directory, sizeof directory);
    }
    hem__run_release(run);
    return status;
}

/* ---- from the start ---------------------------------------------------------------------------
 */

static hem_status fail_tensor(const char *path, const hem_tensor_info *want,
                              const hem_tensor_info *has, hem_error *err)
{
    char text[2][96] = {"absent", "absent"};
    const hem_tensor_info *both[2] = {has, want};
    for (int k = 0; k < 2; k++) {
        size_t at = 0;
        for (int i = 0; both[k] != NULL && i < both[k]->n_dims; i++)
            at += (size_t)snprintf(text[k] + at, sizeof text[k] - at, i == 0 ? "%zu" : "x%zu",
                                   both[k]->dims[i]);
    }
    hem__fail_at(err, HEM_ERR_MODEL, path, 0, 0,
                 "tensor '%s' is %s in this model, %s in the experiment",
                 want != NULL ? want->name : has->name, text[0], text[1]);
    return hem__hint(err, "initial weights must come from a network of the same layers");
}

static bool same_tensor(const hem_tensor_info *a, const hem_tensor_info *b)
{
    bool same = strcmp(a->name, b->name) == 0 && a->n_dims == b->n_dims;
    for (int i = 0; i < a->n_dims && same; i++)
        same = a->dims[i] == b->dims[i];
    return same;
}

static hem_status copy_tensors(hem_net *to, const hem_net *from, const char *path, hem_error *err)
{
    size_t n = hem_net_get_info(to).n_tensors, n_from = hem_net_get_info(from).n_tensors;
    for (size_t i = 0; i < n; i++) {
        hem_tensor_info want = hem_net_tensor(to, i);
        size_t j = hem_net_find_tensor(from, want.name);
        hem_tensor_info has = j < n_from ? hem_net_tensor(from, j) : want;
        if (j == n_from || !same_tensor(&want, &has))
            return fail_tensor(path, &want, j < n_from ? &has : NULL, err);
        float *values = hem__calloc(want.n + 1, sizeof *values);
        if (values == NULL)
            return hem__fail_memory(err, path, want.n * sizeof *values);
        hem_net_get_tensor(from, j, values);
        hem_net_set_tensor(to, i, values);
        free(values);
    }
    for (size_t j = 0; j < n_from; j++) {
        hem_tensor_info has = hem_net_tensor(from, j);
        if (hem_net_find_tensor(to, has.name) == n)
            return fail_tensor(path, NULL, &has, err);
    }
    return HEM_OK;
}

static hem_status take_initial_weights(hem__run *run, hem_error *err)
{
    hem_net *model;
    if (run->init_model == NULL)
        return HEM_OK;
    HEM_TRY(hem_net_load(run->context, run->init_model, &model, err));
    hem_status status = copy_tensors(run->net, model, run->init_model, err);
    hem_net_free(model);
    return status;
}

/* Room for both checkpoints and the model, the copy that is written beside each, and the rest. */
static unsigned long long bytes_needed(const hem__run *run)
{
    return 3 * hem__checkpoint_bytes(run) + 2 * (4ULL * run->n_params + 65536) + 1048576;
}

static hem_status start(hem__run *run, const hem_spec *spec, hem_train_result *out, hem_error *err)
{
    const hem_train_options *options = run->options;
    uint64_t seed = options->has_seed ? options->seed : hem_spec_seed(spec);
    HEM_TRY(hem__run_prepare(run, spec, seed, err));
    HEM_TRY(take_initial_weights(run, err));
    memcpy(run->kept, run->net->params, run->n_params * sizeof *run->kept);
    HEM_TRY(hem__directory_stage(run, options->directory, bytes_needed(run), err));
    HEM_TRY(write_file(run, "experiment.yaml", hem_spec_text(spec), err));
    HEM_TRY(write_resolved(run, err));
    HEM_TRY(write_began(run, NULL, err));
    HEM_TRY(hem__checkpoint_write(run, err)); /* of step 0: a run that can be seen can be resumed */
    HEM_TRY(hem__directory_publish(run, options->directory, err));
    return go(run, out, err);
}

hem_status hem_train(hem_context *context, const hem_spec *spec, const hem_train_options *options,
                     hem_train_result *out, hem_error *err)
{
    const hem_train_options defaults = hem_train_options_default();
    hem__run run = {
        .context = context, .options = options != NULL ? options : &defaults, .lock = -1};
    memset(out, 0, sizeof *out);
    run.init_model = run.options->init_model;
    return end(&run, start(&run, spec, out, err), out);
}

/* ---- from a checkpoint ------------------------------------------------------------------------
 */

/* The experiment of the checkpoint with the overrides, and with what resolved.yaml says by now. */
static hem_status read_spec(const hem__checkpoint *checkpoint, const char *directory,
                            const char *const *overrides, size_t n, hem_spec **out, hem_error *err)
{
    const char *text = hem__checkpoint_text(checkpoint, "hemline.experiment");
    char *path = hem__path_join(directory, "resolved.yaml");
    if (path == NULL)
        return hem__fail_memory(err, "resolved.yaml", 0);
    hem_status status = hem__is_file(path) ? hem_spec_load(path, overrides, n, out, err)
                                           : hem_spec_parse(text, path, overrides, n, out, err);
    free(path);
    return status;
}

static hem_status check_same(const hem__checkpoint *checkpoint, const char *directory,
                             const hem_spec *spec, hem_error *err)
{
    static const char *const may_change[] = {"train.epochs", NULL};
    char key[128], was[128], is[128];
    hem_spec *old;
    HEM_TRY(hem_spec_parse(hem__checkpoint_text(checkpoint, "hemline.experiment"), "checkpoint",
                           NULL, 0, &old, err));
    bool differ = hem_spec_difference(old, spec, may_change, key, was, is);
    int epochs = hem_spec_epochs(old);
    hem_spec_free(old);
    if (!differ && epochs != hem_spec_epochs(spec) && hem__schedule_needs_epochs(&spec->train)) {
        const char *schedule = hem__schedule_name(spec->train.schedule.kind);
        hem__fail_at(err, HEM_ERR_USAGE, directory, 0, 0,
                     "train.epochs cannot change from %d to %d: the rates of the schedule '%s' "
                     "depend on it",
                     epochs, hem_spec_epochs(spec), schedule);
        return hem__hint(err,
                         "start a new run, with epochs of the schedule's own where more may follow:"
                         " schedule: {%s: {epochs: N}}",
                         schedule);
    }
    if (!differ)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_USAGE, directory, 0, 0,
                 "a resumed run cannot change %s from %s to %s; only train.epochs may change", key,
                 was, is);
    return hem__hint(err, "start a new run with the changed experiment");
}

/* Refuses a run that has nothing left to do. */
static hem_status check_open(const hem__checkpoint *checkpoint, const char *directory,
                             const hem_spec *spec, hem_error *err)
{
    hem__old_result old;
    int done = hem__checkpoint_epoch(checkpoint), epochs = hem_spec_epochs(spec);
    HEM_TRY(hem__result_read(directory, &old, err));
    if (old.diverged) {
        hem__fail_at(err, HEM_ERR_USAGE, directory, 0, 0,
                     "this run diverged, and would do so again at the same step");
        return hem__hint(err, "start a new run with a smaller learning rate");
    }
    if (old.stopped) {
        hem__fail_at(err, HEM_ERR_USAGE, directory, 0, 0,
                     "this run is finished: early stopping ended it after epoch %d", done);
        return hem__hint(err, "its model is tested and kept; start a new run with more patience");
    }
    if (epochs < done || (old.finished && old.epochs == epochs && done == epochs)) {
        hem__fail_at(err, HEM_ERR_USAGE, directory, 0, 0,
                     old.finished ? "this run is finished: %d epochs are done, %d are asked for"
                                  : "%d epochs of this run are done, %d are asked for",
                     done, epochs);
        return hem__hint(err, "--set train.epochs=N with a larger N goes on with it");
    }
    return HEM_OK;
}

/* A result of fewer epochs is not this run's any more; its event stays. */
static hem_status forget_result(const hem__run *run, hem_error *err)
{
    char *path = hem__run_path(run, "result.json");
    if (path == NULL)
        return hem__fail_memory(err, "result.json", 0);
    (void)unlink(
        path); /* where it stays, its number of epochs tells it from a result of this run */
    free(path);
    return HEM_OK;
}

static hem_status write_resumed(hem__run *run, hem_error *err)
{
    uint64_t from = hem_stepper_steps(run->stepper);
    json_t *events;
    char *path = hem__run_path(run, "events.jsonl");
    if (path == NULL)
        return hem__fail_memory(err, "events.jsonl", 0);
    hem_status status = write_began(run, &from, err);
    if (status == HEM_OK)
        status = hem__events_read(path, &events, &run->resumed, err);
    if (status == HEM_OK)
        json_decref(events);
    free(path);
    return status;
}

static hem_status resume(hem__run *run, const hem__checkpoint *checkpoint, const hem_spec *spec,
                         hem_train_result *out, hem_error *err)
{
    HEM_TRY(check_same(checkpoint, run->directory, spec, err));
    HEM_TRY(check_open(checkpoint, run->directory, spec, err));
    HEM_TRY(hem__run_prepare(run, spec, hem__checkpoint_seed(checkpoint), err));
    HEM_TRY(hem__checkpoint_restore(checkpoint, run, err));
    HEM_TRY(write_resolved(run, err));
    HEM_TRY(forget_result(run, err));
    HEM_TRY(write_resumed(run, err));
    return go(run, out, err);
}

/* So that no lock is left in a folder that was named by mistake. */
static bool holds_run(const char *directory)
{
    static const char *const files[] = {"resolved.yaml", "events.jsonl", "checkpoint.safetensors",
                                        "checkpoint.previous.safetensors"};
    bool found = false;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && !found; i++) {
        char *path = hem__path_join(directory, files[i]);
        found = path == NULL || hem__is_file(path);
        free(path);
    }
    return found;
}

static hem_status open_run(hem__run *run, const char *directory, hem__checkpoint **out,
                           hem_error *err)
{
    if (!hem__is_directory(directory) || !holds_run(directory)) {
        hem__fail_at(err, HEM_ERR_USAGE, directory, 0, 0, "no run is here");
        return hem__hint(err,
                         "runs are made by 'hemline train FILE', in runs/ unless told otherwise");
    }
    if (strlen(directory) >= sizeof run->directory)
        return hem__fail(err, HEM_ERR_USAGE, "the name of the run directory is too long");
    memcpy(run->directory, directory, strlen(directory) + 1);
    for (size_t n = strlen(directory); n > 1 && run->directory[n - 1] == '/'; n--)
        run->directory[n - 1] = '\0';
    HEM_TRY(hem__directory_lock(run, err));
    hem__directory_tidy(run);
    return hem__checkpoint_read(run->context, run->directory, out, err);
}

hem_status hem_resume(hem_context *context, const char *directory, const char *const *overrides,
                      size_t n_overrides, const hem_train_options *options, hem_train_result *out,
                      hem_error *err)
{
    const hem_train_options defaults = hem_train_options_default();
    hem__run run = {
        .context = context, .options = options != NULL ? options : &defaults, .lock = -1};
    hem__checkpoint *checkpoint = NULL;
    hem_spec *spec = NULL;
    memset(out, 0, sizeof *out);
    hem_status status = open_run(&run, directory, &checkpoint, err);
    if (status == HEM_OK)
        status = read_spec(checkpoint, run.directory, overrides, n_overrides, &spec, err);
    if (status == HEM_OK)
        status = resume(&run, checkpoint, spec, out, err);
    hem__checkpoint_free(checkpoint);
    hem_spec_free(spec);
    return end(&run, status, out);
}
