/* The rate range test: Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017,
 * section 3.3, with rates that rise exponentially and a smoothed loss, as is usual since. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"
#include "optim/optim.h"
#include "train/run.h"

enum { LEAST_STEPS = 10, MOST_STEPS = 100000, GROWN = 4 };

hem_lrfind_options hem_lrfind_options_default(void)
{
    return (hem_lrfind_options){.from = 1e-7, .to = 10, .steps = 100, .smooth = 0.9};
}

static hem_status check_options(const hem_lrfind_options *o, hem_error *err)
{
    if (!(o->from > 0 && o->from < o->to && o->to <= 1000 && (float)o->from > 0)) {
        hem__fail(err, HEM_ERR_USAGE, "rates from %g to %g cannot be tried", o->from, o->to);
        return hem__hint(err, "they must rise, from above 0 to at most 1000");
    }
    if (o->steps < LEAST_STEPS || o->steps > MOST_STEPS)
        return hem__fail(err, HEM_ERR_USAGE, "%d steps are not possible; allowed %d..%d", o->steps,
                         LEAST_STEPS, MOST_STEPS);
    if (!(o->smooth >= 0 && o->smooth < 1))
        return hem__fail(err, HEM_ERR_USAGE, "smooth must be from 0 to below 1, not %g", o->smooth);
    return HEM_OK;
}

/* The n-th root of a > 1 by halving: the rates reach weights, and libm's pow differs by machine. */
static double root(double a, uint64_t n)
{
    double low = 1, high = a;
    for (double middle = (low + high) / 2; low < middle && middle < high; middle = (low + high) / 2)
        *(hem__power(middle, n) < a ? &low : &high) = middle;
    return high;
}

/* The next batch of the epochs' orders, as training draws them. */
static hem_status step(hem__run *run, size_t number, hem_step_result *result, hem_error *err)
{
    size_t epoch = number / run->steps, first = number % run->steps * run->batch;
    size_t n = run->n - first < run->batch ? run->n - first : run->batch;
    if (first == 0) {
        for (size_t i = 0; i < run->n; i++)
            run->order[i] = (uint32_t)i;
        if (run->net->spec->train.shuffle)
            hem__shuffle(hem__philox_key_of(run->net->origin.seed, HEM__DRAW_SHUFFLE),
                         (uint32_t)epoch, run->order, run->n);
    }
    return hem_stepper_step(run->stepper, run->data, HEM_TRAIN, run->order + first, n,
                            (uint32_t)epoch, (uint32_t)first, result, err);
}

/* Makes the steps. A loss that is not finite is an end, not an error, once there are points. */
static hem_status run_test(hem__run *run, const hem_lrfind_options *o, hem_lrfind_result *out,
                           hem_error *err)
{
    double factor = root(o->to / o->from, (uint64_t)o->steps - 1), mean = 0, lowest = 0;
    for (size_t i = 0; i < (size_t)o->steps; i++) {
        double rate = i + 1 < (size_t)o->steps ? o->from * hem__power(factor, i) : o->to;
        hem_step_result result;
        hem_stepper_set_learning_rate(run->stepper, rate);
        hem_status status = step(run, i, &result, err);
        if (status == HEM_ERR_DIVERGED && i > 1) {
            out->end = HEM_LRFIND_NOT_FINITE;
            return HEM_OK;
        }
        HEM_TRY(status);
        double loss = result.loss / (double)result.n;
        mean = o->smooth * mean + (1 - o->smooth) * loss;
        double smoothed = mean / (1 - hem__power(o->smooth, i + 1));
        out->points[out->n++] = (hem_lrfind_point){rate, loss, smoothed};
        if (i == 0 || smoothed < lowest)
            lowest = smoothed;
        if (o->progress != NULL && !o->progress(o->user, i + 1, (size_t)o->steps))
            return hem__fail(err, HEM_INTERRUPTED, "interrupted");
        if (smoothed > GROWN * lowest) {
            out->end = HEM_LRFIND_GREW;
            return HEM_OK;
        }
    }
    return HEM_OK;
}

/* The rates lie at equal distances on a logarithmic axis, so slopes compare as differences. They
 * are taken over a tenth of the points: from one to the next the noise of the batches falls most.
 */
static void suggest(hem_lrfind_result *out, size_t steps)
{
    const size_t reach = steps / 20 > 0 ? steps / 20 : 1;
    const hem_lrfind_point *p = out->points;
    for (size_t i = 1; i < out->n; i++)
        if (p[i].smoothed < p[out->lowest].smoothed)
            out->lowest = i;
    double most = 0;
    for (size_t i = reach; i + reach <= out->lowest; i++) {
        double fall = p[i - reach].smoothed - p[i + reach].smoothed;
        if (fall > most) {
            most = fall;
            out->steepest = i;
        }
    }
    out->falls = most > 0;
    double tenth = p[out->lowest].rate / 10, steep = p[out->steepest].rate;
    out->suggestion = tenth < steep ? tenth : steep;
}

hem_status hem_lrfind(hem_context *context, const hem_spec *spec, const hem_lrfind_options *options,
                      hem_lrfind_result *out, hem_error *err)
{
    const hem_lrfind_options defaults = hem_lrfind_options_default();
    const hem_lrfind_options *o = options != NULL ? options : &defaults;
    memset(out, 0, sizeof *out);
    HEM_TRY(check_options(o, err));
    hem_train_options train = hem_train_options_default();
    train.data = o->data;
    hem__run run = {.context = context, .options = &train, .lock = -1};
    hem_status status =
        hem__run_prepare(&run, spec, o->has_seed ? o->seed : hem_spec_seed(spec), err);
    if (status == HEM_OK) {
        out->points = hem__calloc((size_t)o->steps, sizeof *out->points);
        status = out->points != NULL ? run_test(&run, o, out, err)
                                     : hem__fail_memory(err, "the points of a curve",
                                                        (size_t)o->steps * sizeof *out->points);
    }
    hem__run_release(&run);
    if (status == HEM_OK)
        suggest(out, (size_t)o->steps);
    else
        hem_lrfind_release(out);
    return status;
}

void hem_lrfind_release(hem_lrfind_result *result)
{
    free(result->points);
    memset(result, 0, sizeof *result);
}
