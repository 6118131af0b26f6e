/* One run, as its directory tells it (docs/run-directory.md). */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/report.h"
#include "train/events.h"

const char *hem__record_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

double hem__record_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

const char *hem__record_name(const hem__record *record)
{
    return hem__record_text(record->started, "name");
}

double hem__record_test_accuracy(const hem__record *record)
{
    const hem_evaluation *test = &record->result.parts[HEM_TEST];
    return record->finished && test->n > 0 ? test->accuracy : (double)NAN;
}

/* The last epoch that was kept: under `keep: last` every one says so. */
int hem__record_kept(const hem__record *record)
{
    double kept = record->finished ? hem__record_number(record->json, "kept_epoch") : (double)NAN;
    if (!isnan(kept))
        return (int)kept;
    for (size_t i = record->n_epochs; i > 0; i--) {
        if (record->epochs[i - 1].kept)
            return record->epochs[i - 1].epoch;
    }
    return 0;
}

static void take_epoch(const json_t *event, hem_epoch *out)
{
    *out = (hem_epoch){.epoch = (int)json_integer_value(json_object_get(event, "epoch")),
                       .train_loss = hem__record_number(event, "train_loss"),
                       .train_accuracy = hem__record_number(event, "train_accuracy"),
                       .validation_loss = hem__record_number(event, "validation_loss"),
                       .validation_accuracy = hem__record_number(event, "validation_accuracy"),
                       .penalty = hem__record_number(event, "penalty"),
                       .learning_rate = hem__record_number(event, "learning_rate"),
                       .seconds = hem__record_number(event, "seconds"),
                       .images_per_second = hem__record_number(event, "images_per_second"),
                       .kept = json_is_true(json_object_get(event, "kept"))};
}

static hem_status take_events(const char *path, hem__record *out, hem_error *err)
{
    size_t n = json_array_size(out->events);
    out->epochs = hem__calloc(n + 1, sizeof *out->epochs);
    if (out->epochs == NULL)
        return hem__fail_memory(err, path, n * sizeof *out->epochs);
    for (size_t i = 0; i < n; i++) {
        const json_t *event = json_array_get(out->events, i);
        const char *kind = hem__record_text(event, "event");
        if (strcmp(kind, "started") == 0)
            out->started = event;
        else if (strcmp(kind, "epoch") == 0)
            take_epoch(event, &out->epochs[out->n_epochs++]);
    }
    if (out->started != NULL)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_DATA, path, 0, 0,
                 "damaged: no line of it is the 'started' event that every run begins with");
    return hem__hint(err, "docs/run-directory.md says what a run directory holds");
}

static bool is_run_or_study(const char *directory)
{
    char *events = hem__path_join(directory, "events.jsonl");
    char *study = hem__path_join(directory, "study.json");
    bool is = (events != NULL && hem__is_file(events)) || (study != NULL && hem__is_file(study));
    free(study);
    free(events);
    return is;
}

/* The first by name of the runs and studies in a folder, to be free()d; NULL = none. */
static char *find_run_below(const char *directory)
{
    const struct dirent *entry;
    DIR *folder = opendir(directory);
    char *first = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char *below = entry->d_name[0] != '.' ? hem__path_join(directory, entry->d_name) : NULL;
        if (below != NULL && (first == NULL || strcmp(below, first) < 0) &&
            is_run_or_study(below)) {
            free(first);
            first = below;
            below = NULL;
        }
        free(below);
    }
    if (folder != NULL)
        (void)closedir(folder);
    return first;
}

static hem_status fail_without_events(const char *directory, const char *path, hem_error *err)
{
    char *below = find_run_below(directory);
    hem__fail_at(err, HEM_ERR_DATA, path, 0, 0, "there is no such file");
    if (below != NULL)
        hem__hint(err, "this folder is no run, but there are some in it: name them, as '%s'",
                  below);
    else
        hem__hint(err, "every run directory has one: it says what happened when");
    free(below);
    return HEM_ERR_DATA;
}

static hem_status read_events(const char *directory, hem__record *out, hem_error *err)
{
    char *path = hem__path_join(directory, "events.jsonl");
    if (path == NULL)
        return hem__fail_memory(err, "events.jsonl", 0);
    hem_status status;
    if (!hem__is_file(path)) {
        status = fail_without_events(directory, path, err);
    } else {
        status = hem__events_read(path, &out->events, &out->resumed, err);
        if (status == HEM_OK)
            status = take_events(path, out, err);
    }
    free(path);
    return status;
}

/* result.json, where the run is at its end. */
static hem_status read_result(const char *directory, hem__record *out, hem_error *err)
{
    char *path = hem__path_join(directory, "result.json");
    if (path == NULL)
        return hem__fail_memory(err, "result.json", 0);
    bool there = hem__is_file(path);
    free(path);
    if (!there)
        return HEM_OK;
    hem_status status = hem_train_result_read(directory, &out->result, err);
    if (status == HEM_ERR_DATA)
        return hem__hint(err, "without it the run is shown as not finished: move it away");
    HEM_TRY(status);
    out->json = json_loads(out->result.json, 0, NULL);
    if (out->json == NULL)
        return hem__fail_memory(err, "result.json", 0);
    out->finished = true;
    return HEM_OK;
}

static hem_status read_experiment(const char *directory, hem__record *out, hem_error *err)
{
    char *path = hem__path_join(directory, "resolved.yaml");
    if (path == NULL)
        return hem__fail_memory(err, "resolved.yaml", 0);
    hem_status status = hem_spec_load(path, NULL, 0, &out->spec, err);
    free(path);
    HEM_TRY(status);
    out->resolved = hem__strdup(hem_spec_text(out->spec));
    return out->resolved != NULL ? HEM_OK : hem__fail_memory(err, "resolved.yaml", 0);
}

hem_status hem__record_read(const char *directory, hem__record *out, hem_error *err)
{
    *out = (hem__record){.directory = hem__strdup(directory)};
    if (out->directory == NULL)
        return hem__fail_memory(err, directory, 0);
    hem_status status = HEM_OK;
    if (!hem__is_directory(directory)) {
        hem__fail_at(err, HEM_ERR_USAGE, directory, 0, 0, "this is no run directory");
        status = hem__hint(err, "'hemline train' makes one, in the folder 'runs' unless told "
                                "otherwise");
    }
    if (status == HEM_OK)
        status = read_events(directory, out, err);
    if (status == HEM_OK)
        status = read_experiment(directory, out, err);
    if (status == HEM_OK)
        status = read_result(directory, out, err);
    if (status != HEM_OK)
        hem__record_release(out);
    return status;
}

void hem__record_release(hem__record *record)
{
    json_decref(record->events);
    json_decref(record->json);
    hem_train_result_release(&record->result);
    hem_spec_free(record->spec);
    free(record->epochs);
    free(record->resolved);
    free(record->directory);
    free(record->label);
    free(record->given);
    *record = (hem__record){0};
}
