/* Runs side by side, seen from the command line. */
#include "study.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "interrupt.h"
#include "table.h"

enum { MOST_SEEDS = 10000 };

/* ---- seeds ---------------------------------------------------------------------------------- */

/* A whole number at the start of the text, which moves behind it. */
static bool take_number(const char **at, uint64_t *out)
{
    char *end;
    if (!isdigit((unsigned char)**at))
        return false;
    errno = 0;
    *out = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0;
}

int seeds_parse(const char *words, seed_range *out)
{
    const char *at = words;
    uint64_t first = 0, last = 0;
    bool good = take_number(&at, &last);
    if (good && *at == '-') {
        at++;
        first = last;
        good = take_number(&at, &last) && last >= first;
    } else if (good) {
        good = last > 0;
        last -= good;
    }
    if (!good || *at != '\0')
        return usage_error("'--seeds 10' means seeds 0 to 9, '--seeds 1-10' seeds 1 to 10",
                           "--seeds is '%s', not a number of seeds or FIRST-LAST", words);
    if (last - first >= MOST_SEEDS)
        return usage_error(NULL, "--seeds '%s' are too many: at most %d", words, MOST_SEEDS);
    *out = (seed_range){.first = first, .n = (size_t)(last - first) + 1};
    return HEM_OK;
}

/* ---- progress ------------------------------------------------------------------------------- */

static struct {
    const char *const *labels;
    hem_job_state *told; /* states that a line has been written for */
    size_t ended;        /* of them: finished or failed */
    int width;           /* of the labels */
    double began;
} show;

bool job_is_finished(const hem_job *job)
{
    return job->state == HEM_JOB_DONE || job->state == HEM_JOB_FOUND;
}

static size_t count_ended(const hem_job *jobs, size_t n)
{
    size_t ended = 0;
    for (size_t i = 0; i < n; i++)
        ended += job_is_finished(&jobs[i]) || jobs[i].state == HEM_JOB_FAILED;
    return ended;
}

static void tell(const hem_job *job, const char *label, size_t n)
{
    bool ended = job->state != HEM_JOB_STOPPED;
    show.ended += ended;
    talk("%-*s", show.width, label);
    switch (job->state) {
    case HEM_JOB_FOUND:
        talk("  finished before\n");
        return;
    case HEM_JOB_STOPPED:
        talk("  stopped with a checkpoint\n");
        return;
    case HEM_JOB_FAILED:
        talk("  %s  %zu of %zu\n", job->error.status == HEM_ERR_DIVERGED ? "diverged" : "failed",
             show.ended, n);
        return;
    case HEM_JOB_DONE:
    case HEM_JOB_WAITING:
    case HEM_JOB_RUNNING:
        break;
    }
    for (hem_part part = HEM_VALIDATION; part <= HEM_TEST; part++) {
        if (job->result.parts[part].n > 0)
            talk("  %s %5.2f %%", part_names[part], 100.0 * job_value(job, part, false));
    }
    talk("  %8.1f s  %zu of %zu\n", job->seconds, show.ended, n);
}

/* Share of all work that is done, and that was done before this session. */
static void sum_up(const hem_job *jobs, size_t n, double *done, double *before)
{
    double all = 0;
    *done = *before = 0;
    for (size_t i = 0; i < n; i++) {
        double cost = jobs[i].cost > 0 ? jobs[i].cost : 1;
        all += cost;
        *done += cost * jobs[i].done;
        *before += cost * jobs[i].before;
    }
    *done /= all;
    *before /= all;
}

static void draw(const hem_job *jobs, size_t n)
{
    double done, before;
    size_t running = 0;
    for (size_t i = 0; i < n; i++)
        running += jobs[i].state == HEM_JOB_RUNNING;
    sum_up(jobs, n, &done, &before);
    char left[16] = "?", parts[2][32], label[32];
    if (done > before)
        bar_time((1 - done) * (now() - show.began) / (done - before), left);
    snprintf(parts[0], sizeof parts[0], "%s left", left);
    snprintf(parts[1], sizeof parts[1], "%zu running", running);
    const char *const list[] = {parts[0], parts[1]};
    snprintf(label, sizeof label, "%zu/%zu runs", count_ended(jobs, n), n);
    bar_draw(label, done, list, COUNT(list));
}

static void on_changed(void *user, const hem_job *jobs, size_t n)
{
    (void)user;
    for (size_t i = 0; i < n; i++) {
        hem_job_state state = jobs[i].state;
        if (state == show.told[i] || state == HEM_JOB_WAITING)
            continue;
        show.told[i] = state;
        if (state != HEM_JOB_RUNNING)
            tell(&jobs[i], show.labels[i], n);
    }
    if (bar_wanted() && count_ended(jobs, n) < n)
        draw(jobs, n);
}

hem_status run_jobs(hem_job *jobs, const char *const *labels, size_t n, int threads, hem_error *err)
{
    hem_jobs_options options = {
        .threads = threads, .stop = &stop_signal, .log = log_line, .changed = on_changed};
    show.labels = labels;
    show.told = need(calloc(n + 1, sizeof *show.told));
    show.began = now();
    for (size_t i = 0; i < n; i++) {
        int length = (int)strlen(labels[i]);
        show.width = length > show.width ? length : show.width;
    }
    catch_signals();
    hem_status status = hem_jobs_run(jobs, n, &options, err);
    bar_clear();
    free(show.told);
    return status;
}

int jobs_interrupted(const hem_job *jobs, size_t n)
{
    size_t finished = 0, stopped = 0;
    for (size_t i = 0; i < n; i++) {
        finished += job_is_finished(&jobs[i]);
        stopped += jobs[i].state == HEM_JOB_STOPPED;
    }
    warn("interrupted: of %zu runs %zu are finished, %zu wrote a checkpoint\n", n, finished,
         stopped);
    warn("to go on: the same command again\n");
    return interrupted_code();
}

int jobs_report(const hem_job *jobs, const char *const *labels, size_t n)
{
    int code = HEM_OK;
    for (size_t i = 0; i < n; i++) {
        const hem_error *err = &jobs[i].error;
        if (jobs[i].state != HEM_JOB_FAILED)
            continue;
        char line[sizeof err->file + sizeof err->text + 32];
        hem_error_format(err, line, sizeof line);
        warn("%s: %s\n", labels[i], line);
        if (err->hint[0] != '\0')
            warn("%s\n", err->hint);
        if (code == HEM_OK || code == HEM_ERR_DIVERGED)
            code = (int)err->status;
    }
    return code;
}

/* ---- values --------------------------------------------------------------------------------- */

double job_value(const hem_job *job, hem_part part, bool loss)
{
    const hem_evaluation *e = &job->result.parts[part];
    if (!job_is_finished(job) || e->n == 0)
        return (double)NAN;
    return loss ? e->loss : e->accuracy;
}

hem_statistics jobs_statistics(const hem_job *jobs, size_t n, hem_part part, bool loss)
{
    double *values = need(calloc(n + 1, sizeof *values));
    for (size_t i = 0; i < n; i++)
        values[i] = job_value(&jobs[i], part, loss);
    hem_statistics s = hem_statistics_of(values, n);
    free(values);
    return s;
}

const char *percent_text(double x)
{
    return isnan(x) ? "--" : text("%.2f", 100.0 * x);
}

const char *accuracy_range(hem_interval interval)
{
    if (interval.low < 0.0)
        interval.low = 0.0;
    if (interval.high > 1.0)
        interval.high = 1.0;
    return percent_range(interval);
}

const char *percent_range(hem_interval interval)
{
    return isnan(interval.low) ? "--"
                               : text("%.2f to %.2f", 100.0 * interval.low, 100.0 * interval.high);
}

static const char *loss_text(double x)
{
    return isnan(x) ? "--" : text("%.4f", x);
}

static const char *loss_range(hem_interval interval)
{
    return isnan(interval.low) ? "--" : text("%.4f to %.4f", interval.low, interval.high);
}

/* Whether any job has images in a part. */
static bool has_part(const hem_job *jobs, size_t n, hem_part part)
{
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].result.parts[part].n > 0)
            return true;
    }
    return false;
}

/* ---- tables --------------------------------------------------------------------------------- */

static const char *note_of(const hem_job *job)
{
    if (job->state == HEM_JOB_FAILED)
        return job->error.status == HEM_ERR_DIVERGED ? "diverged" : "failed";
    return job->state == HEM_JOB_FOUND ? "found" : "";
}

void print_jobs(const char *heading, const hem_job *jobs, const char *const *names, size_t n)
{
    const char *const parts[3] = {"train %", "val %", "test %"};
    const char *columns = "l";
    bool has[3];
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
        has[part] = has_part(jobs, n, part);
        columns = has[part] ? text("%srr", columns) : columns;
    }
    table *t = table_new(text("%srl", columns));
    table_cell(t, "%s", heading);
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
        if (has[part]) {
            table_cell(t, "%s", parts[part]);
            table_cell(t, "loss");
        }
    }
    table_cell(t, "seconds");
    table_cell(t, "%s", "");
    for (size_t i = 0; i < n; i++) {
        table_cell(t, "%s", names[i]);
        for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
            if (has[part]) {
                table_cell(t, "%s", percent_text(job_value(&jobs[i], part, false)));
                table_cell(t, "%s", loss_text(job_value(&jobs[i], part, true)));
            }
        }
        table_cell(t, "%.1f", jobs[i].seconds);
        table_cell(t, "%s", note_of(&jobs[i]));
    }
    table_print(t);
}

void print_statistics(const hem_job *jobs, size_t n)
{
    static const char *const heading[] = {
        "", "runs", "mean", "deviation", "95 % of the mean", "95 % of one more run"};
    bool any = false;
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++)
        any = any || has_part(jobs, n, part);
    if (!any) {
        out("no run has come to its end\n");
        return;
    }
    table *t = table_new("lrrrrr");
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
        for (int loss = 0; loss < 2 && has_part(jobs, n, part); loss++) {
            hem_statistics s = jobs_statistics(jobs, n, part, loss != 0);
            table_cell(t, "%s %s", part_names[part], loss ? "loss" : "%");
            table_cell(t, "%zu", s.n);
            table_cell(t, "%s", loss ? loss_text(s.mean) : percent_text(s.mean));
            table_cell(t, "%s", loss ? loss_text(s.deviation) : percent_text(s.deviation));
            table_cell(t, "%s", loss ? loss_range(s.interval) : accuracy_range(s.interval));
            table_cell(t, "%s", loss ? loss_range(s.further) : accuracy_range(s.further));
        }
    }
    table_print(t);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

json_t *study_json(const char *folder, const hem_spec *spec, const session *s)
{
    hem_data_info data = hem_data_get_info(s->data);
    json_t *object = need(json_object());
    json_put(object, "study", json_text(folder));
    json_put(object, "name", json_text(hem_spec_name(spec)));
    json_put(object, "hemline", json_text(HEM_VERSION));
    json_put(object, "tier", json_text(hem_context_tier(s->context)));
    json_put(object, "threads", json_integer(hem_context_threads(s->context)));
    json_put(object, "data", json_text(data.name));
    json_put(object, "data_sha256", json_text(data.sha256));
    json_put(object, "synthetic", json_boolean(data.synthetic));
    return object;
}

static json_t *interval_json(hem_interval interval)
{
    json_t *pair = need(json_array());
    json_add(pair, json_number(interval.low));
    json_add(pair, json_number(interval.high));
    return pair;
}

json_t *statistics_json(const hem_statistics *s)
{
    json_t *object = need(json_object());
    json_put(object, "n", json_count(s->n));
    json_put(object, "mean", json_number(s->mean));
    json_put(object, "deviation", json_number(s->deviation));
    json_put(object, "smallest", json_number(s->smallest));
    json_put(object, "largest", json_number(s->largest));
    json_put(object, "interval", interval_json(s->interval));
    json_put(object, "further", interval_json(s->further));
    return object;
}

json_t *all_statistics_json(const hem_job *jobs, size_t n)
{
    json_t *object = need(json_object());
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
        if (!has_part(jobs, n, part))
            continue;
        hem_statistics accuracy = jobs_statistics(jobs, n, part, false);
        hem_statistics loss = jobs_statistics(jobs, n, part, true);
        json_t *both = need(json_object());
        json_put(both, "accuracy", statistics_json(&accuracy));
        json_put(both, "loss", statistics_json(&loss));
        json_put(object, part_names[part], both);
    }
    return object;
}

json_t *job_json(const hem_job *job)
{
    static const char *const states[] = {"waiting", "running", "done",
                                         "found",   "stopped", "failed"};
    json_t *object = need(json_object());
    json_put(object, "run", json_text(job->directory));
    json_put(object, "seed",
             job->seed > INT64_MAX ? json_text(text("%llu", (unsigned long long)job->seed))
                                   : json_integer((json_int_t)job->seed));
    json_put(object, "state", json_text(states[job->state]));
    if (job->state == HEM_JOB_FAILED) {
        json_put(object, "status", json_text(hem_status_name(job->error.status)));
        json_put(object, "why", json_text(job->error.text));
    }
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
        const hem_evaluation *e = &job->result.parts[part];
        json_t *value = e->n > 0 ? need(json_object()) : need(json_null());
        if (e->n > 0) {
            json_put(value, "accuracy", json_number(e->accuracy));
            json_put(value, "loss", json_number(e->loss));
            json_put(value, "n", json_count(e->n));
            json_put(value, "correct", json_count(e->correct));
        }
        json_put(object, part_names[part], value);
    }
    json_put(object, "seconds", json_number(job->seconds));
    return object;
}
