/* Checkpoints: all that a run needs to go on to the same bits. docs/run-directory.md says what is
 * in the file. Weights and state are stored as they lie in memory, which no tier changes. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "net/model.h"
#include "train/json.h"
#include "train/run.h"

#define NEWEST "checkpoint.safetensors"
#define PREVIOUS "checkpoint.previous.safetensors"
#define DAMAGED "checkpoint.damaged.safetensors"

struct hem__checkpoint {
    hem__st_file file;
    char *path;
    uint64_t seed, steps;
    uint64_t batch;
    int groups;
    hem__progress at;
};

/* ---- writing ----------------------------------------------------------------------------------
 */

/* Where the kept weights are those at hand they are not written a second time. */
static bool keeps_current(const hem__run *run)
{
    return run->at.kept_epoch == run->at.epoch && run->at.step == 0;
}

static char *progress_text(const hem__run *run)
{
    const hem__progress *at = &run->at;
    hem__json json = {0};
    hem__json_open(&json, NULL, '{');
    hem__json_count(&json, "epoch", (uint64_t)at->epoch);
    hem__json_count(&json, "step", at->step);
    hem__json_count(&json, "steps", hem_stepper_steps(run->stepper));
    hem__json_number(&json, "loss", at->loss);
    hem__json_count(&json, "correct", at->correct);
    hem__json_count(&json, "images", at->images);
    hem__json_number(&json, "seconds", at->seconds);
    hem__json_number(&json, "all_seconds", at->all_seconds);
    hem__json_count(&json, "all_images", at->all_images);
    hem__json_count(&json, "kept_epoch", (uint64_t)at->kept_epoch);
    hem__json_number(&json, "kept_loss", at->kept_loss);
    hem__json_number(&json, "kept_accuracy", at->kept_accuracy);
    hem__json_count(&json, "best_epoch", (uint64_t)at->best_epoch);
    hem__json_number(&json, "best", at->best);
    hem__json_number(&json, "largest_norm", at->largest_norm);
    hem__json_count(&json, "batch", run->batch);
    hem__json_count(&json, "groups", (uint64_t)hem__stepper_groups(run->stepper));
    hem__json_close(&json, '}');
    return hem__str_take(&json.text);
}

static const char *storage_text(const hem_net *net, char text[17])
{
    snprintf(text, 17, "%016" PRIx64, hem__net_storage(net));
    return text;
}

static bool describe(const hem__run *run, hem__st_writer *writer)
{
    char *progress = progress_text(run);
    bool done = progress != NULL && hem__model_describe(run->net, "checkpoint", writer);
    if (done) {
        hem__st_put_text(writer, "hemline.progress", progress);
        hem__st_put_text(writer, "hemline.tier", hem_context_tier(run->context));
        hem__st_put_text(writer, "hemline.algorithms", run->algorithms);
        hem__st_put_text(writer, "hemline.storage", storage_text(run->net, (char[17]){0}));
    }
    free(progress);
    return done && !writer->failed;
}

/* The newest file becomes the previous one, by a second name: at no moment is there none. Where
 * that fails the file before simply stays the previous one. */
static void rotate(const char *newest, const char *previous)
{
    size_t size = strlen(previous) + 5;
    char *aside = hem__calloc(size, 1);
    if (aside == NULL)
        return;
    snprintf(aside, size, "%s.new", previous);
    (void)unlink(aside); /* left by a killed process */
    if (link(newest, aside) == 0) {
        (void)rename(aside, previous);
        (void)unlink(aside); /* still there where both names were one file already */
    } else if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) {
        (void)rename(newest, previous); /* a file system without links */
    }
    free(aside);
}

hem_status hem__checkpoint_write(const hem__run *run, hem_error *err)
{
    size_t n, n_state, n_epochs = (size_t)run->at.epoch;
    const float *params = hem__net_params(run->net, &n);
    const float *state = hem__stepper_state(run->stepper, &n_state);
    const float *average = hem__stepper_average(run->stepper);
    char *newest = hem__run_path(run, NEWEST), *previous = hem__run_path(run, PREVIOUS);
    hem__st_writer writer;
    hem__st_writer_init(&writer);
    hem_status status;
    if (newest == NULL || previous == NULL || !describe(run, &writer)) {
        status = hem__fail_memory(err, "a checkpoint", 0);
    } else {
        hem__st_put(&writer, "params", HEM__ST_F32, 1, &n, params);
        hem__st_put(&writer, "state", HEM__ST_F32, 1, &n_state, state);
        hem__st_put(&writer, "epoch_seconds", HEM__ST_F64, 1, &n_epochs, run->epoch_seconds);
        if (average != NULL)
            hem__st_put(&writer, "average", HEM__ST_F32, 1, &n, average);
        if (!keeps_current(run))
            hem__st_put(&writer, "kept", HEM__ST_F32, 1, &n, run->kept);
        rotate(newest, previous);
        status = hem__st_write(&writer, newest, err);
    }
    hem__st_writer_release(&writer);
    free(newest);
    free(previous);
    return status;
}

unsigned long long hem__checkpoint_bytes(const hem__run *run)
{
    size_t n_state;
    (void)hem__stepper_state(run->stepper, &n_state);
    unsigned tensors = hem__stepper_average(run->stepper) != NULL ? 3 : 2;
    return 4ULL * (tensors * (unsigned long long)run->n_params + n_state) + 65536;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

#define BAD(...) hem__fail_at(err, HEM_ERR_MODEL, c->path, 0, 0, __VA_ARGS__)

/* A whole number of the progress, or false. */
static bool take_count(const json_t *progress, const char *key, uint64_t max, uint64_t *out)
{
    const json_t *value = json_object_get(progress, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return *out <= max;
}

/* A number; null stands for not-a-number. */
static bool take_number(const json_t *progress, const char *key, double *out)
{
    const json_t *value = json_object_get(progress, key);
    *out = json_is_number(value) ? json_number_value(value) : (double)NAN;
    return json_is_number(value) || json_is_null(value);
}

/* What checkpoints had not from the first: absent, it is as a run begins with it. */
static bool take_newer(const json_t *progress, hem__progress *at)
{
    uint64_t best = 0;
    at->best = at->largest_norm = 0;
    if (json_object_get(progress, "best_epoch") == NULL)
        return true;
    bool good = take_count(progress, "best_epoch", INT_MAX, &best) &&
                take_number(progress, "best", &at->best) &&
                take_number(progress, "largest_norm", &at->largest_norm);
    at->best_epoch = (int)best;
    return good;
}

static hem_status read_progress(hem__checkpoint *c, hem_error *err)
{
    uint64_t epoch = 0, step = 0, correct = 0, images = 0, kept = 0, groups = 0;
    const char *text = hem__model_text(&c->file, c->path, "hemline.progress", err);
    if (text == NULL)
        return HEM_ERR_MODEL;
    json_t *p = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    hem__progress *at = &c->at;
    bool good =
        take_count(p, "epoch", INT_MAX, &epoch) && take_count(p, "step", UINT32_MAX, &step) &&
        take_count(p, "steps", INT64_MAX, &c->steps) && take_number(p, "loss", &at->loss) &&
        take_count(p, "correct", UINT32_MAX, &correct) &&
        take_count(p, "images", UINT32_MAX, &images) && take_number(p, "seconds", &at->seconds) &&
        take_number(p, "all_seconds", &at->all_seconds) &&
        take_count(p, "all_images", INT64_MAX, &at->all_images) &&
        take_count(p, "kept_epoch", epoch, &kept) && take_number(p, "kept_loss", &at->kept_loss) &&
        take_number(p, "kept_accuracy", &at->kept_accuracy) &&
        take_count(p, "batch", UINT32_MAX, &c->batch) &&
        take_count(p, "groups", INT_MAX, &groups) && take_newer(p, at);
    json_decref(p);
    at->epoch = (int)epoch;
    at->step = (size_t)step;
    at->correct = (size_t)correct;
    at->images = (size_t)images;
    at->kept_epoch = (int)kept;
    c->groups = (int)groups;
    return good ? HEM_OK : BAD("damaged: 'hemline.progress' is not what a checkpoint holds");
}

static hem_status check_texts(hem__checkpoint *c, hem_error *err)
{
    static const char *const keys[] = {"hemline.experiment",  "hemline.name", "hemline.data",
                                       "hemline.data_sha256", "hemline.tier", "hemline.algorithms",
                                       "hemline.seed"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (hem__model_text(&c->file, c->path, keys[i], err) == NULL)
            return HEM_ERR_MODEL;
    }
    const char *text = hem__checkpoint_text(c, "hemline.seed");
    char *end;
    errno = 0;
    c->seed = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || *text == '-')
        return BAD("damaged: 'hemline.seed' is '%.30s', not a number", text);
    return HEM_OK;
}

static hem_status check_tensor(const hem__checkpoint *c, const char *name, hem__st_type type,
                               hem_error *err)
{
    const hem__st_tensor *t = hem__st_find(&c->file, name);
    if (t == NULL || t->type != type || t->n_dims != 1)
        return BAD("damaged: '%s' is missing or not a list of numbers", name);
    return HEM_OK;
}

static hem_status read_one(hem__checkpoint *c, hem_error *err)
{
    HEM_TRY(hem__st_read(c->path, &c->file, err));
    HEM_TRY(hem__model_check(&c->file, c->path, "checkpoint", NULL, err));
    HEM_TRY(check_texts(c, err));
    HEM_TRY(read_progress(c, err));
    HEM_TRY(check_tensor(c, "params", HEM__ST_F32, err));
    HEM_TRY(check_tensor(c, "state", HEM__ST_F32, err));
    HEM_TRY(check_tensor(c, "epoch_seconds", HEM__ST_F64, err));
    static const char *const optional[] = {"kept", "average"};
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        if (hem__st_find(&c->file, optional[i]) != NULL)
            HEM_TRY(check_tensor(c, optional[i], HEM__ST_F32, err));
    }
    if (hem__st_find(&c->file, "epoch_seconds")->n != (size_t)c->at.epoch)
        return BAD("damaged: %zu epochs were timed, %d finished",
                   hem__st_find(&c->file, "epoch_seconds")->n, c->at.epoch);
    return HEM_OK;
}

static hem_status read_named(const char *directory, const char *name, hem__checkpoint **out,
                             hem_error *err)
{
    hem__checkpoint *c = hem__calloc(1, sizeof *c);
    char *path = hem__path_join(directory, name);
    *out = NULL;
    if (c == NULL || path == NULL) {
        free(c);
        free(path);
        return hem__fail_memory(err, "a checkpoint", 0);
    }
    c->path = path;
    hem_status status = read_one(c, err);
    if (status == HEM_OK)
        *out = c;
    else
        hem__checkpoint_free(c);
    return status;
}

/* A damaged file must not become the previous one when the next is written. */
static hem_status put_aside(const char *directory, hem_error *err)
{
    char *newest = hem__path_join(directory, NEWEST), *damaged = hem__path_join(directory, DAMAGED);
    hem_status status = HEM_OK;
    if (newest == NULL || damaged == NULL)
        status = hem__fail_memory(err, "a checkpoint", 0);
    else if (rename(newest, damaged) != 0 && errno != ENOENT)
        status = hem__fail_at(err, HEM_ERR_IO, newest, 0, 0, "cannot rename this damaged file: %s",
                              strerror(errno));
    free(newest);
    free(damaged);
    return status;
}

hem_status hem__checkpoint_read(hem_context *context, const char *directory, hem__checkpoint **out,
                                hem_error *err)
{
    hem_error newest, previous;
    hem_status status = read_named(directory, NEWEST, out, &newest);
    if (status == HEM_OK)
        return HEM_OK;
    if (status == HEM_ERR_MODEL && read_named(directory, PREVIOUS, out, &previous) == HEM_OK) {
        hem__log(context, HEM_LOG_WARNING, "%s: %s; going on from the checkpoint before it",
                 newest.file, newest.text);
        status = put_aside(directory, err);
        if (status != HEM_OK) {
            hem__checkpoint_free(*out);
            *out = NULL;
        }
        return status;
    }
    hem__fail_at(err, status, newest.file, 0, 0, "%s", newest.text);
    if (status != HEM_ERR_MODEL)
        return status;
    return hem__hint(err, "there is no good checkpoint before it either: train anew");
}

void hem__checkpoint_free(hem__checkpoint *c)
{
    if (c == NULL)
        return;
    hem__st_release(&c->file);
    free(c->path);
    free(c);
}

const char *hem__checkpoint_text(const hem__checkpoint *c, const char *key)
{
    const char *text = hem__st_text(&c->file, key);
    return text != NULL ? text : "";
}

uint64_t hem__checkpoint_seed(const hem__checkpoint *c)
{
    return c->seed;
}

int hem__checkpoint_epoch(const hem__checkpoint *c)
{
    return c->at.epoch;
}

/* ---- restoring --------------------------------------------------------------------------------
 */

static hem_status check_data(const hem__checkpoint *c, const hem__run *run, hem_error *err)
{
    hem_data_info info = hem_data_get_info(run->data);
    const char *was = hem__checkpoint_text(c, "hemline.data_sha256");
    if (strcmp(was, info.sha256) == 0)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_DATA, info.source, 0, 0,
                 "not the data that this run began with: SHA-256 %.16s... (%s), it was %.16s... "
                 "(%s)",
                 info.sha256, info.name, was, hem__checkpoint_text(c, "hemline.data"));
    return hem__hint(err, "point --data at the run's own data");
}

static hem_status check_storage(const hem__checkpoint *c, const hem__run *run, hem_error *err)
{
    const char *storage = hem__checkpoint_text(c, "hemline.storage");
    if (strcmp(storage, storage_text(run->net, (char[17]){0})) == 0)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_MODEL, c->path, 0, 0,
                 "its weights lie in another order than this version of hemline keeps them in");
    return hem__hint(err, "use the version that wrote it, or train anew");
}

static hem_status check_machine(const hem__checkpoint *c, const hem__run *run, hem_error *err)
{
    const char *tier = hem__checkpoint_text(c, "hemline.tier");
    const char *algorithms = hem__checkpoint_text(c, "hemline.algorithms");
    if (run->options->any_tier)
        return HEM_OK;
    if (strcmp(tier, hem_context_tier(run->context)) != 0) {
        hem__fail_at(
            err, HEM_ERR_USAGE, run->directory, 0, 0,
            "this run began with the %.20s kernels, now %s are in use: the bits may differ "
            "from those of an unbroken run",
            tier, hem_context_tier(run->context));
        return hem__hint(err,
                         "HEMLINE_CPU=%.20s asks for the same kernels; --any-tier goes on all "
                         "the same",
                         tier);
    }
    if (strcmp(algorithms, run->algorithms) != 0) {
        hem__fail_at(err, HEM_ERR_MODEL, c->path, 0, 0,
                     "this run used other algorithms (%.150s) than this version of hemline "
                     "(%.150s): the bits may differ from those of an unbroken run",
                     algorithms, run->algorithms);
        return hem__hint(err, "use hemline %.20s, or go on all the same with --any-tier",
                         hem__checkpoint_text(c, "hemline.version"));
    }
    return HEM_OK;
}

/* Numbers that the experiment and the data determine must be those of the file. */
static hem_status check_sizes(const hem__checkpoint *c, const hem__run *run, size_t n_state,
                              hem_error *err)
{
    const hem__st_tensor *kept = hem__st_find(&c->file, "kept");
    const hem__st_tensor *average = hem__st_find(&c->file, "average");
    size_t n_average = hem__stepper_average(run->stepper) != NULL ? run->n_params : 0;
    bool sizes = hem__st_find(&c->file, "params")->n == run->n_params &&
                 hem__st_find(&c->file, "state")->n == n_state &&
                 (average != NULL ? average->n : 0) == n_average &&
                 (kept == NULL ? c->at.step == 0 && c->at.kept_epoch == c->at.epoch
                               : kept->n == run->n_params);
    bool counts = c->batch == run->batch && c->groups == hem__stepper_groups(run->stepper) &&
                  c->at.step < run->steps && c->at.best_epoch <= c->at.epoch &&
                  c->at.epoch <= hem_spec_epochs(run->net->spec) &&
                  c->steps == (uint64_t)c->at.epoch * run->steps + c->at.step;
    if (sizes && counts)
        return HEM_OK;
    return BAD("it does not fit its own experiment: %s", sizes ? "its steps" : "its weights");
}

hem_status hem__checkpoint_restore(const hem__checkpoint *c, hem__run *run, hem_error *err)
{
    size_t n, n_state;
    float *params = hem__net_params(run->net, &n);
    float *state = hem__stepper_state(run->stepper, &n_state);
    HEM_TRY(check_data(c, run, err));
    HEM_TRY(check_storage(c, run, err));
    HEM_TRY(check_machine(c, run, err));
    HEM_TRY(check_sizes(c, run, n_state, err));
    const hem__st_tensor *weights = hem__st_find(&c->file, "params");
    const hem__st_tensor *moments = hem__st_find(&c->file, "state");
    const hem__st_tensor *kept = hem__st_find(&c->file, "kept");
    const hem__st_tensor *seconds = hem__st_find(&c->file, "epoch_seconds");
    const hem__st_tensor *average = hem__st_find(&c->file, "average");
    memcpy(params, weights->bytes, weights->n_bytes);
    if (moments->n_bytes > 0)
        memcpy(state, moments->bytes, moments->n_bytes);
    if (average != NULL)
        memcpy(hem__stepper_average(run->stepper), average->bytes, average->n_bytes);
    /* What was kept last is what was judged: the average, where there is one. The first step is
     * what begins it. */
    const hem__st_tensor *judged = average != NULL && c->steps > 0 ? average : weights;
    memcpy(run->kept, kept != NULL ? kept->bytes : judged->bytes, weights->n_bytes);
    if (seconds->n_bytes > 0)
        memcpy(run->epoch_seconds, seconds->bytes, seconds->n_bytes);
    hem__stepper_set_steps(run->stepper, c->steps);
    run->at = c->at;
    return HEM_OK;
}
