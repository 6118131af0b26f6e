/* The epochs of a run: steps, validation, the kept model, checkpoints. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/philox.h"
#include "layer/graph.h"
#include "optim/schedule.h"
#include "train/events.h"
#include "train/run.h"

static bool asked_to_stop(const hem__run *run)
{
    return run->options->stop != NULL && __atomic_load_n(run->options->stop, __ATOMIC_RELAXED) != 0;
}

/* Appends to events.jsonl; takes the text over. */
static hem_status append(const hem__run *run, hem__json *json, hem_error *err)
{
    char *path = hem__run_path(run, "events.jsonl");
    if (path == NULL) {
        hem__str_release(&json->text);
        return hem__fail_memory(err, "events.jsonl", 0);
    }
    hem_status status = hem__event_append(json, path, err);
    free(path);
    return status;
}

/* ---- what is not finite -----------------------------------------------------------------------
 */

static hem_status fail_diverged(const hem__run *run, hem_error *err)
{
    hem__fail(err, HEM_ERR_DIVERGED, "%s", run->why);
    return hem__hint(err,
                     "try a smaller learning rate than %g; the last good model (epoch %d) is "
                     "in %s",
                     hem_stepper_learning_rate(run->stepper), run->at.kept_epoch, run->directory);
}

/* Notes why the run ends here: in a step that was not made, or after the last one of an epoch. */
static hem_status diverge(hem__run *run, const char *what, hem_error *err)
{
    hem__json json;
    bool in_step = run->at.step < run->steps;
    size_t step = in_step ? run->at.step + 1 : run->steps;
    run->diverged = true;
    snprintf(run->why, sizeof run->why, "epoch %d, %sstep %zu of %zu: %s", run->at.epoch + 1,
             in_step ? "" : "after ", step, run->steps, what);
    hem__event_open(&json, "diverged", hem_stepper_steps(run->stepper));
    hem__json_count(&json, "epoch", (uint64_t)run->at.epoch + 1);
    hem__json_count(&json, "step_in_epoch", step);
    hem__json_text(&json, "loss", NULL);
    hem__json_text(&json, "why", run->why);
    HEM_TRY(append(run, &json, err));
    return fail_diverged(run, err);
}

/* The tensor with the first weight that is not finite; NULL = all are finite. A step's loss is
 * checked before its update, so an epoch's last update is checked here. */
static const char *bad_tensor(const hem__run *run)
{
    const hem__graph *graph = run->net->graph;
    for (int i = 0; i < graph->n_tensors; i++) {
        const float *numbers = run->net->params + graph->tensors[i].offset;
        for (size_t j = 0; j < graph->tensors[i].stored; j++) {
            if (!isfinite(numbers[j]))
                return graph->tensors[i].name;
        }
    }
    return NULL;
}

/* ---- an epoch's end ---------------------------------------------------------------------------
 */

static bool is_better(const hem__run *run, const hem_epoch *e)
{
    bool first = run->at.kept_epoch == 0;
    switch (run->net->spec->train.keep) {
    case HEM__KEEP_LAST:
        return true;
    case HEM__KEEP_BEST_LOSS:
        return first || e->validation_loss < run->at.kept_loss;
    case HEM__KEEP_BEST_ACCURACY:
        return first || e->validation_accuracy > run->at.kept_accuracy;
    }
    return true;
}

static hem_status validate(hem__run *run, hem_epoch *e, hem_error *err)
{
    hem_evaluation v;
    e->validation_loss = e->validation_accuracy = (double)NAN;
    if (hem_data_get_info(run->data).n[HEM_VALIDATION] == 0)
        return HEM_OK;
    HEM_TRY(hem_evaluate(run->net, run->data, HEM_VALIDATION, &v, err));
    e->validation_loss = v.loss;
    e->validation_accuracy = v.accuracy;
    hem_evaluation_release(&v);
    return isfinite(e->validation_loss) ? HEM_OK
                                        : diverge(run, "the validation loss is not finite", err);
}

static hem_status keep(hem__run *run, const hem_epoch *e, hem_error *err)
{
    char *path = hem__run_path(run, "model.safetensors");
    if (path == NULL)
        return hem__fail_memory(err, "the model", 0);
    run->at.kept_epoch = e->epoch;
    run->at.kept_loss = e->validation_loss;
    run->at.kept_accuracy = e->validation_accuracy;
    memcpy(run->kept, run->net->params, run->n_params * sizeof *run->kept);
    hem_status status = hem_net_save(run->net, path, err);
    free(path);
    return status;
}

static hem_status write_epoch(const hem__run *run, const hem_epoch *e, bool kept, hem_error *err)
{
    hem__json json;
    /* The number, from 0, of the last step that the epoch sums up: see docs/run-directory.md. */
    hem__event_open(&json, "epoch", hem_stepper_steps(run->stepper) - 1);
    hem__json_count(&json, "epoch", (uint64_t)e->epoch);
    hem__json_number(&json, "train_loss", e->train_loss);
    hem__json_number(&json, "train_accuracy", e->train_accuracy);
    hem__json_number(&json, "validation_loss", e->validation_loss);
    hem__json_number(&json, "validation_accuracy", e->validation_accuracy);
    hem__json_number(&json, "penalty", e->penalty);
    hem__json_number(&json, "learning_rate", e->learning_rate);
    hem__json_number(&json, "seconds", e->seconds);
    hem__json_number(&json, "images_per_second", e->images_per_second);
    hem__json_bool(&json, "kept", kept);
    if (run->net->spec->train.clip_norm > 0)
        hem__json_number(&json, "largest_norm", run->at.largest_norm);
    if (isnan(e->validation_loss))
        hem__json_text(&json, "why", "there is no validation part");
    else if (!isfinite(e->penalty))
        hem__json_text(&json, "why", "the penalty is more than a number can hold");
    return append(run, &json, err);
}

/* The next epoch begins; the sums start anew. */
static void turn_over(hem__run *run)
{
    hem__progress *at = &run->at;
    run->epoch_seconds[at->epoch] = at->seconds;
    at->all_seconds += at->seconds;
    at->all_images += at->images;
    at->epoch++;
    at->step = at->correct = at->images = 0;
    at->loss = at->seconds = at->largest_norm = 0;
}

/* Validates, and keeps where it is better; with an average of the weights, on that. */
static hem_status judge(hem__run *run, hem_epoch *e, bool *better, hem_error *err)
{
    e->penalty = hem_net_penalty(run->net);
    HEM_TRY(validate(run, e, err));
    *better = is_better(run, e);
    hem__stopping_note(run, e->validation_loss, e->validation_accuracy);
    return *better ? keep(run, e, err) : HEM_OK;
}

static hem_status end_epoch(hem__run *run, hem_error *err)
{
    const hem__progress *at = &run->at;
    const char *bad = bad_tensor(run);
    if (bad != NULL) {
        char what[96];
        snprintf(what, sizeof what, "a weight in %s is not finite", bad);
        return diverge(run, what, err);
    }
    hem_epoch e = {.epoch = at->epoch + 1,
                   .epochs = hem_spec_epochs(run->net->spec),
                   .train_loss = at->loss / (double)at->images,
                   .train_accuracy = (double)at->correct / (double)at->images,
                   .learning_rate = hem_stepper_learning_rate(run->stepper),
                   .seconds = at->seconds,
                   .images_per_second = at->seconds > 0 ? (double)at->images / at->seconds : 0};
    bool better = false;
    hem__stepper_swap_average(run->stepper);
    hem_status status = judge(run, &e, &better, err);
    hem__stepper_swap_average(run->stepper);
    HEM_TRY(status);
    e.kept = better && run->net->spec->train.keep != HEM__KEEP_LAST;
    HEM_TRY(write_epoch(run, &e, better, err));
    turn_over(run);
    HEM_TRY(hem__checkpoint_write(run, err));
    if (run->options->callbacks.epoch != NULL)
        run->options->callbacks.epoch(run->options->callbacks.user, &e);
    return HEM_OK;
}

/* ---- an epoch's steps -------------------------------------------------------------------------
 */

/* The order is a function of seed and epoch, so a resumed epoch goes on in it. */
static void make_order(hem__run *run)
{
    for (size_t i = 0; i < run->n; i++)
        run->order[i] = (uint32_t)i;
    if (run->net->spec->train.shuffle)
        hem__shuffle(hem__philox_key_of(run->net->origin.seed, HEM__DRAW_SHUFFLE),
                     (uint32_t)run->at.epoch, run->order, run->n);
}

static hem_status make_step(hem__run *run, hem_error *err)
{
    hem__progress *at = &run->at;
    hem_step_result result;
    hem_error why;
    size_t first = at->step * run->batch;
    size_t n = run->n - first < run->batch ? run->n - first : run->batch;
    double before = hem__now();
    hem_stepper_set_learning_rate(
        run->stepper,
        hem__schedule_rate(&run->net->spec->train, hem_stepper_steps(run->stepper), run->steps));
    hem_status status = hem_stepper_step(run->stepper, run->data, HEM_TRAIN, run->order + first, n,
                                         (uint32_t)at->epoch, (uint32_t)first, &result, &why);
    if (status == HEM_ERR_DIVERGED)
        return diverge(run, why.text, err);
    if (status != HEM_OK)
        return hem__fail(err, status, "%s", why.text);
    at->seconds += hem__now() - before;
    at->loss += result.loss;
    at->correct += result.correct;
    at->images += result.n;
    at->step++;
    if (hem__stepper_norm(run->stepper) > at->largest_norm)
        at->largest_norm = hem__stepper_norm(run->stepper);
    return HEM_OK;
}

static void show(const hem__run *run, double *shown)
{
    const hem__progress *at = &run->at;
    const hem_train_callbacks *callbacks = &run->options->callbacks;
    if (callbacks->progress == NULL)
        return;
    double now = hem__now(), images = (double)at->images;
    if (now - *shown < 0.1)
        return;
    *shown = now;
    callbacks->progress(callbacks->user, at->epoch + 1, hem_spec_epochs(run->net->spec), at->step,
                        run->steps, at->loss / images, (double)at->correct / images,
                        at->seconds > 0 ? images / at->seconds : 0);
}

static hem_status interrupt(const hem__run *run, hem_error *err)
{
    hem__json json;
    hem__event_open(&json, "interrupted", hem_stepper_steps(run->stepper));
    HEM_TRY(append(run, &json, err));
    return hem__fail(err, HEM_INTERRUPTED, "interrupted in epoch %d; a checkpoint is in %s",
                     run->at.epoch + 1, run->directory);
}

/* Up to the epoch's last step. The checkpoint due there is the epoch's own. */
static hem_status run_steps(hem__run *run, double *shown, hem_error *err)
{
    uint64_t every = (uint64_t)run->net->spec->train.checkpoint_steps;
    make_order(run);
    while (run->at.step < run->steps) {
        HEM_TRY(make_step(run, err));
        show(run, shown);
        if (run->at.step == run->steps)
            break;
        bool stop = asked_to_stop(run);
        if (stop || (every > 0 && hem_stepper_steps(run->stepper) % every == 0))
            HEM_TRY(hem__checkpoint_write(run, err));
        if (stop)
            return interrupt(run, err);
    }
    return HEM_OK;
}

hem_status hem__run_epochs(hem__run *run, hem_error *err)
{
    double shown = 0;
    while (run->at.epoch < hem_spec_epochs(run->net->spec) && !hem__stopping_ends(run)) {
        HEM_TRY(run_steps(run, &shown, err));
        HEM_TRY(end_epoch(run, err));
        if (asked_to_stop(run))
            return interrupt(run, err);
    }
    return HEM_OK;
}
