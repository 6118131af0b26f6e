/* The end of a run: its kept model, evaluated, and result.json. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/events.h"
#include "train/run.h"

/* ---- writing ----------------------------------------------------------------------------------
 */

static void put_part(hem__json *json, const char *name, const hem_evaluation *e)
{
    if (e->n == 0) {
        hem__json_text(json, name, NULL);
        return;
    }
    hem__json_open(json, name, '{');
    hem__json_number(json, "loss", e->loss);
    hem__json_number(json, "accuracy", e->accuracy);
    hem__json_count(json, "n", e->n);
    hem__json_count(json, "correct", e->correct);
    hem__json_open(json, "interval", '[');
    hem__json_number(json, NULL, e->interval.low);
    hem__json_number(json, NULL, e->interval.high);
    hem__json_close(json, ']');
    hem__json_close(json, '}');
}

static void put_confusion(hem__json *json, const char *name, const hem_evaluation *e)
{
    size_t C = (size_t)e->n_classes;
    if (e->n == 0)
        return;
    hem__json_open(json, name, '[');
    for (size_t t = 0; t < C; t++) {
        hem__json_open(json, NULL, '[');
        for (size_t p = 0; p < C; p++)
            hem__json_count(json, NULL, e->confusion[t * C + p]);
        hem__json_close(json, ']');
    }
    hem__json_close(json, ']');
}

/* What ended the run. */
static const char *ended_by(const hem__run *run)
{
    return run->diverged ? "diverged" : hem__stopping_ends(run) ? "early stopping" : "all epochs";
}

static void put_run(hem__json *json, const hem__run *run)
{
    const hem_spec *spec = run->net->spec;
    const hem__progress *at = &run->at;
    hem__json_text(json, "run", run->directory);
    hem__json_text(json, "name", hem_spec_name(spec));
    hem__json_text(json, "hemline", HEM_VERSION);
    hem__json_count(json, "seed", run->net->origin.seed);
    hem__json_count(json, "threads", (uint64_t)hem_context_threads(run->context));
    hem__json_text(json, "tier", hem_context_tier(run->context));
    hem__json_text(json, "algorithms", run->algorithms);
    hem__json_count(json, "parameters", hem_net_get_info(run->net).parameters);
    hem__json_count(json, "epochs", (uint64_t)hem_spec_epochs(spec));
    hem__json_count(json, "epochs_done", (uint64_t)at->epoch);
    hem__json_count(json, "steps", hem_stepper_steps(run->stepper));
    hem__json_count(json, "batch", run->batch);
    hem__json_count(json, "groups", (uint64_t)hem__stepper_groups(run->stepper));
    hem__json_count(json, "resumed", run->resumed);
    hem__json_bool(json, "diverged", run->diverged);
    hem__json_text(json, "ended", ended_by(run));
    if (run->diverged || hem__stopping_ends(run))
        hem__json_text(json, "why", run->why);
    hem__json_text(json, "keep", hem__keep_name(spec->train.keep));
    hem__json_count(json, "kept_epoch", (uint64_t)at->kept_epoch);
    hem__json_open(json, "epoch_seconds", '[');
    for (int i = 0; i < at->epoch; i++)
        hem__json_number(json, NULL, run->epoch_seconds[i]);
    hem__json_close(json, ']');
    double seconds = at->all_seconds;
    hem__json_number(json, "images_per_second",
                     seconds > 0 ? (double)at->all_images / seconds : 0.0);
}

static void put_data(hem__json *json, const hem__run *run)
{
    hem_data_info info = hem_data_get_info(run->data);
    hem__json_text(json, "data", info.name);
    hem__json_text(json, "data_sha256", info.sha256);
    hem__json_bool(json, "synthetic", info.synthetic);
    hem__json_open(json, "class_names", '[');
    for (int i = 0; i < info.n_classes; i++)
        hem__json_text(json, NULL, info.class_names[i]);
    hem__json_close(json, ']');
}

static char *result_text(const hem__run *run, const hem_train_result *result,
                         const char *weights_sha256)
{
    hem__json json = {.lines = true};
    hem__json_open(&json, NULL, '{');
    put_run(&json, run);
    hem__json_text(&json, "weights_sha256", weights_sha256);
    put_data(&json, run);
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++)
        put_part(&json, hem_part_name(part), &result->parts[part]);
    put_confusion(&json, "confusion", &result->parts[HEM_TEST]);
    put_confusion(&json, "confusion_train", &result->parts[HEM_TRAIN]);
    put_confusion(&json, "confusion_validation", &result->parts[HEM_VALIDATION]);
    hem__json_close(&json, '}');
    hem__str_add(&json.text, "\n");
    return hem__str_take(&json.text);
}

static hem_status write_finished(const hem__run *run, const hem_train_result *result,
                                 const char *weights_sha256, hem_error *err)
{
    hem__json json;
    char *path = hem__run_path(run, "events.jsonl");
    if (path == NULL)
        return hem__fail_memory(err, "events.jsonl", 0);
    hem__event_open(&json, "finished", hem_stepper_steps(run->stepper));
    hem__json_text(&json, "ended", ended_by(run));
    if (hem__stopping_ends(run))
        hem__json_text(&json, "why", run->why);
    hem__json_count(&json, "kept_epoch", (uint64_t)run->at.kept_epoch);
    hem__json_text(&json, "weights_sha256", weights_sha256);
    put_part(&json, "test", &result->parts[HEM_TEST]);
    hem_status status = hem__event_append(&json, path, err);
    free(path);
    return status;
}

static hem_status save_kept(const hem__run *run, hem_error *err)
{
    char *path = hem__run_path(run, "model.safetensors");
    if (path == NULL)
        return hem__fail_memory(err, "the model", 0);
    memcpy(run->net->params, run->kept, run->n_params * sizeof *run->kept);
    hem_status status = hem_net_save(run->net, path, err);
    free(path);
    return status;
}

static hem_status evaluate_parts(const hem__run *run, hem_train_result *out, hem_error *err)
{
    hem_data_info info = hem_data_get_info(run->data);
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
        if (info.n[part] > 0)
            HEM_TRY(hem_evaluate(run->net, run->data, part, &out->parts[part], err));
    }
    return HEM_OK;
}

hem_status hem__run_finish(hem__run *run, hem_train_result *out, hem_error *err)
{
    char sha256[65];
    out->epochs = run->at.epoch;
    out->stopped_early = !run->diverged && hem__stopping_ends(run);
    if (out->stopped_early) {
        hem__stopping_why(run, out->why);
        memcpy(run->why, out->why, sizeof out->why);
    }
    HEM_TRY(save_kept(run, err));
    HEM_TRY(evaluate_parts(run, out, err));
    hem_net_sha256(run->net, sha256);
    if (!run->diverged)
        HEM_TRY(write_finished(run, out, sha256, err));
    out->json = result_text(run, out, sha256);
    char *path = hem__run_path(run, "result.json");
    if (out->json == NULL || path == NULL || sha256[0] == '\0') {
        free(path);
        return hem__fail_memory(err, "result.json", 0);
    }
    hem_status status = hem__file_write(path, out->json, strlen(out->json), err);
    free(path);
    return status;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

hem_status hem__result_read(const char *directory, hem__old_result *out, hem_error *err)
{
    unsigned char *bytes;
    size_t length;
    *out = (hem__old_result){0};
    char *path = hem__path_join(directory, "result.json");
    if (path == NULL)
        return hem__fail_memory(err, "result.json", 0);
    hem_status status = hem__file_read(path, (size_t)1 << 28, HEM_ERR_DATA, &bytes, &length, NULL);
    free(path);
    if (status == HEM_ERR_MEMORY)
        return hem__fail_memory(err, "result.json", 0);
    if (status != HEM_OK)
        return HEM_OK; /* an unfinished run has none */
    json_t *result = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *epochs = json_object_get(result, "epochs");
    out->finished = json_is_integer(epochs);
    if (out->finished)
        out->epochs = (int)json_integer_value(epochs);
    out->diverged = json_is_true(json_object_get(result, "diverged"));
    const char *ended = json_string_value(json_object_get(result, "ended"));
    out->stopped = ended != NULL && strcmp(ended, "early stopping") == 0;
    json_decref(result);
    free(bytes);
    return HEM_OK;
}
