/* Jobs side by side: workers that each take the next waiting job and run it on a context of their
 * own, while the caller's thread waits and reports. A job's bits do not depend on its neighbours,
 * for nothing is shared but the data, which nobody changes. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "kernel/tiers.h"
#include "study/job.h"

/* A line for the log, kept until the caller's thread comes by. */
typedef struct line {
    struct line *next;
    hem_log_level level;
    char text[];
} line;

typedef struct schedule {
    pthread_mutex_t mutex; /* of all that follows */
    pthread_cond_t changed;
    hem_job *jobs;
    size_t n;
    const size_t *order; /* dearest first */
    int working;         /* workers that have not ended */
    line *lines, **last_line;
    const hem_jobs_options *options;
} schedule;

typedef struct worker {
    schedule *all;
    hem_context *context;
    hem_job *job; /* the one at hand */
    bool seen;    /* its progress has been reported once */
    pthread_t thread;
} worker;

static bool asked_to_stop(const schedule *all)
{
    return all->options->stop != NULL && __atomic_load_n(all->options->stop, __ATOMIC_RELAXED) != 0;
}

/* ---- inside the workers' threads ------------------------------------------------------------ */

static void set_done(worker *w, double done)
{
    pthread_mutex_lock(&w->all->mutex);
    w->job->before = w->seen ? w->job->before : w->job->resumed ? done : 0;
    w->job->done = done;
    w->seen = true;
    pthread_mutex_unlock(&w->all->mutex);
}

static void on_progress(void *user, int epoch, int epochs, size_t step, size_t steps, double loss,
                        double accuracy, double images_per_second)
{
    (void)loss, (void)accuracy, (void)images_per_second;
    set_done(user, ((double)(epoch - 1) + (double)step / (double)steps) / (double)epochs);
}

static void on_epoch(void *user, const hem_epoch *epoch)
{
    set_done(user, (double)epoch->epoch / (double)epoch->epochs);
}

/* The log of a worker's context. A line for which there is no memory is not worth a failure. */
static void on_log(void *user, hem_log_level level, const char *text)
{
    worker *w = user;
    schedule *all = w->all;
    size_t length = strlen(text) + strlen(w->job != NULL ? w->job->directory : "") + 3;
    line *l = hem__calloc(1, sizeof *l + length);
    if (l == NULL)
        return;
    l->level = level;
    snprintf(l->text, length, "%s%s%s", w->job != NULL ? w->job->directory : "",
             w->job != NULL ? ": " : "", text);
    pthread_mutex_lock(&all->mutex);
    *all->last_line = l;
    all->last_line = &l->next;
    pthread_mutex_unlock(&all->mutex);
}

/* The next job, already marked as running; NULL = none is left. */
static hem_job *take(worker *w)
{
    schedule *all = w->all;
    hem_job *next = NULL;
    pthread_mutex_lock(&all->mutex);
    for (size_t i = 0; i < all->n && next == NULL && !asked_to_stop(all); i++) {
        if (all->jobs[all->order[i]].state == HEM_JOB_WAITING)
            next = &all->jobs[all->order[i]];
    }
    w->job = next;
    w->seen = false;
    if (next != NULL) {
        next->state = HEM_JOB_RUNNING;
        pthread_cond_signal(&all->changed);
    }
    pthread_mutex_unlock(&all->mutex);
    return next;
}

static void *work(void *argument)
{
    worker *w = argument;
    schedule *all = w->all;
    hem_train_options options = hem_train_options_default();
    options.stop = all->options->stop;
    options.callbacks =
        (hem_train_callbacks){.progress = on_progress, .epoch = on_epoch, .user = w};
    for (hem_job *job; (job = take(w)) != NULL;) {
        hem_error err = {0};
        hem_train_result result;
        hem_status status = hem__job_run(w->context, job, options, &result, &err);
        double seconds = hem__job_seconds(result.json);
        pthread_mutex_lock(&all->mutex);
        job->result = result;
        job->error = err;
        job->seconds = seconds;
        job->state = status == HEM_OK            ? HEM_JOB_DONE
                     : status == HEM_INTERRUPTED ? HEM_JOB_STOPPED
                                                 : HEM_JOB_FAILED;
        job->done = status == HEM_INTERRUPTED ? job->done : 1;
        pthread_cond_signal(&all->changed);
        pthread_mutex_unlock(&all->mutex);
    }
    pthread_mutex_lock(&all->mutex);
    all->working--;
    pthread_cond_signal(&all->changed);
    pthread_mutex_unlock(&all->mutex);
    return NULL;
}

/* ---- in the caller's thread ----------------------------------------------------------------- */

/* With the mutex held. */
static void report(schedule *all)
{
    const hem_jobs_options *options = all->options;
    while (all->lines != NULL) {
        line *l = all->lines;
        all->lines = l->next;
        if (options->log != NULL)
            options->log(options->user, l->level, l->text);
        free(l);
    }
    all->last_line = &all->lines;
    if (options->changed != NULL)
        options->changed(options->user, all->jobs, all->n);
}

static void wait_for_all(schedule *all)
{
    const long quarter = 250000000, second = 1000000000;
    pthread_mutex_lock(&all->mutex);
    while (all->working > 0) {
        struct timespec until;
        report(all);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += quarter;
        until.tv_sec += until.tv_nsec / second;
        until.tv_nsec %= second;
        (void)pthread_cond_timedwait(&all->changed, &all->mutex, &until);
    }
    report(all);
    pthread_mutex_unlock(&all->mutex);
}

/* Dearest first, equal ones as they come: insertion, for there are few. */
static void sort_by_cost(const hem_job *jobs, size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; at > 0 && jobs[order[at - 1]].cost < jobs[i].cost; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static hem_status start_contexts(schedule *all, worker *workers, int n, int threads, hem_error *err)
{
    for (int i = 0; i < n; i++) {
        hem_context_settings settings = hem_context_settings_default();
        workers[i].all = all;
        settings.threads = threads;
        settings.tier = all->options->tier;
        settings.log = on_log;
        settings.log_user = &workers[i];
        HEM_TRY(hem_context_new(&settings, &workers[i].context, err));
    }
    return HEM_OK;
}

/* Where the system gives fewer threads than asked for, those that it gave do all the work. */
static hem_status start_threads(schedule *all, worker *workers, int n, int *started, hem_error *err)
{
    pthread_mutex_lock(&all->mutex);
    for (*started = 0; *started < n; ++*started) {
        worker *w = &workers[*started];
        if (pthread_create(&w->thread, NULL, work, w) != 0)
            break;
        all->working++;
    }
    pthread_mutex_unlock(&all->mutex);
    return *started > 0 ? HEM_OK
                        : hem__fail(err, HEM_ERR_MEMORY, "the system gives no more threads");
}

/* Runs what waits on `n` workers. */
static hem_status run_workers(schedule *all, int n, int threads, hem_error *err)
{
    int started = 0;
    worker *workers = hem__calloc((size_t)n, sizeof *workers);
    if (workers == NULL)
        return hem__fail_memory(err, "the workers", (size_t)n * sizeof *workers);
    hem_status status = start_contexts(all, workers, n, threads, err);
    if (status == HEM_OK)
        status = start_threads(all, workers, n, &started, err);
    if (status == HEM_OK)
        wait_for_all(all);
    for (int i = 0; i < started; i++)
        (void)pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < n; i++)
        hem_context_free(workers[i].context);
    free(workers);
    return status;
}

/* Reads what is finished, notes what can go on; returns how many jobs wait. */
static size_t look_at_all(hem_job *jobs, size_t n, const char *tier)
{
    size_t waiting = 0;
    for (size_t i = 0; i < n; i++) {
        hem__job_found found;
        hem_status status = hem__job_look(&jobs[i], tier, &found, &jobs[i].error);
        if (status != HEM_OK)
            jobs[i].state = HEM_JOB_FAILED;
        else if (found != HEM__JOB_FINISHED)
            waiting++;
        jobs[i].resumed = status == HEM_OK && found == HEM__JOB_UNFINISHED;
    }
    return waiting;
}

static hem_status run(schedule *all, size_t waiting, hem_error *err)
{
    int threads = all->options->threads > 0 ? all->options->threads : hem_default_threads();
    if (waiting == 0) {
        report(all);
        return HEM_OK;
    }
    int workers = waiting < (size_t)threads ? (int)waiting : threads;
    HEM_TRY(run_workers(all, workers, threads / workers, err));
    if (!asked_to_stop(all))
        return HEM_OK;
    for (size_t i = 0; i < all->n; i++) {
        if (all->jobs[i].state == HEM_JOB_WAITING || all->jobs[i].state == HEM_JOB_STOPPED)
            return hem__fail(err, HEM_INTERRUPTED, "interrupted");
    }
    return HEM_OK;
}

hem_status hem_jobs_run(hem_job *jobs, size_t n, const hem_jobs_options *options, hem_error *err)
{
    const hem_jobs_options defaults = {0};
    size_t tier;
    HEM_TRY(hem__tier_choose(options != NULL ? options->tier : NULL, &tier, err));
    size_t *order = hem__calloc(n + 1, sizeof *order);
    if (order == NULL)
        return hem__fail_memory(err, "the jobs", n * sizeof *order);
    sort_by_cost(jobs, order, n);
    schedule all = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                    .changed = PTHREAD_COND_INITIALIZER,
                    .jobs = jobs,
                    .n = n,
                    .order = order,
                    .options = options != NULL ? options : &defaults};
    all.last_line = &all.lines;
    hem_status status = run(&all, look_at_all(jobs, n, hem_tier_at(tier).name), err);
    free(order);
    return status;
}

void hem_jobs_release(hem_job *jobs, size_t n)
{
    for (size_t i = 0; jobs != NULL && i < n; i++)
        hem_train_result_release(&jobs[i].result);
}
