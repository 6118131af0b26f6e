/* The context: its life, its log, and the two measures that benchmarks
 * compare with. */
#include "kernel/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "kernel/contract.h"
#include "kernel/tiers.h"

hem_context_settings hem_context_settings_default(void)
{
    return (hem_context_settings){.threads = 0};
}

hem_status hem_context_new(const hem_context_settings *settings, hem_context **out, hem_error *err)
{
    hem_context_settings chosen = settings != NULL ? *settings : hem_context_settings_default();
    size_t tier;
    *out = NULL;
    HEM_TRY(hem__tier_choose(chosen.tier, &tier, err));
    hem_context *context = hem__calloc(1, sizeof *context);
    if (context == NULL)
        return hem__fail_memory(err, "the context", sizeof *context);
    context->kernels = hem__tier_kernels(tier);
    context->tier = hem_tier_at(tier);
    context->log = chosen.log;
    context->log_user = chosen.log_user;
    int threads = chosen.threads == 0 ? hem_default_threads() : chosen.threads;
    hem_status status = hem__pool_new(threads, chosen.pin, &context->pool, err);
    if (status != HEM_OK) {
        hem_context_free(context);
        return status;
    }
    *out = context;
    return HEM_OK;
}

void hem_context_free(hem_context *context)
{
    if (context == NULL)
        return;
    hem__pool_free(context->pool);
    free(context);
}

int hem_context_threads(const hem_context *context)
{
    return hem__pool_threads(context->pool);
}

const char *hem_context_tier(const hem_context *context)
{
    return context->tier.name;
}

void hem__log(const hem_context *context, hem_log_level level, const char *format, ...)
{
    if (context == NULL || context->log == NULL)
        return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    context->log(context->log_user, level, line);
}

/* ---- peak ----------------------------------------------------------------------------------- */

enum { MOST_PEAK_THREADS = 256, PEAK_ROUNDS = 100 };

typedef struct peak_job {
    const hem__kernels_f32 *kernels;
    int threads;
    double seconds;
    double rate[MOST_PEAK_THREADS]; /* of each thread, operations a second */
} peak_job;

/* A thread keeps the best of many short windows: what the core can do when nobody disturbs it. */
static void measure_peak(void *argument, int thread, int n_threads)
{
    peak_job *job = argument;
    (void)n_threads;
    if (thread >= job->threads)
        return;
    double end = hem__now() + job->seconds, before, after, best = 0;
    do {
        before = hem__now();
        double operations = job->kernels->peak(PEAK_ROUNDS);
        after = hem__now();
        if (after > before && operations / (after - before) > best)
            best = operations / (after - before);
    } while (after < end && after > 0);
    job->rate[thread] = best;
}

/* Here the mean counts: what the core does at the moment. x, w and y take 24 kB together. */
static void measure_products(void *argument, int thread, int n_threads)
{
    enum { IN = 128, OUT = 12, TILES = 2, ROUNDS = 60 }; /* whole register blocks, but amx's */
    peak_job *job = argument;
    const hem__dense_run run = {.n_in = IN,
                                .n_out = OUT,
                                .ld_w = IN,
                                .n_tiles = TILES,
                                .in_tile = IN * HEM__LANES,
                                .out_tile = OUT * HEM__LANES};
    _Alignas(64) float x[TILES * IN * HEM__LANES] = {0}, w[OUT * IN] = {0};
    _Alignas(64) float y[TILES * OUT * HEM__LANES];
    (void)n_threads;
    if (thread >= job->threads)
        return;
    double began = hem__now(), now, rounds = 0;
    do {
        for (int i = 0; i < ROUNDS; i++)
            job->kernels->dense(&run, x, w, NULL, 0, y, 0, OUT);
        rounds += ROUNDS;
        now = hem__now();
    } while (now < began + job->seconds && now > 0);
    job->rate[thread] =
        now > began ? 2.0 * OUT * IN * TILES * HEM__LANES * rounds / (now - began) : 0;
}

static double measure(hem_context *context, hem__job work, int threads, double seconds)
{
    int most = hem_context_threads(context);
    peak_job job = {.kernels = context->kernels,
                    .threads = threads < 1      ? 1
                               : threads > most ? most
                                                : threads,
                    .seconds = seconds};
    hem__pool_run(context->pool, work, &job);
    double sum = 0;
    for (int t = 0; t < job.threads; t++)
        sum += job.rate[t];
    return 1e-9 * sum;
}

double hem_measure_peak(hem_context *context, int threads, double seconds)
{
    return measure(context, measure_peak, threads, seconds);
}

double hem_measure_products(hem_context *context, int threads, double seconds)
{
    return measure(context, measure_products, threads, seconds);
}
