/* Learning rates by step. */
#include "optim/schedule.h"

#include "optim/optim.h"

/* sin(pi y) with y = 1/2 - x in [-1/2, 1/2] by its Taylor series: the term after the last is below
 * 1e-17 there. */
double hem__cos_pi(double x)
{
    const double a = 3.14159265358979323846 * (0.5 - x), square = a * a;
    double sum = 0;
    for (int k = 21; k > 1;
         k -= 2) /* Horner's rule: 1 - square / (2 3) (1 - square / (4 5) (...)) */
        sum = -square / (k * (k - 1)) * (1 + sum);
    return a * (1 + sum);
}

/* From `from` at x = 0 to `to` at x = 1 along half a cosine. */
static double along_cosine(double from, double to, double x)
{
    return to + (from - to) * (1 + hem__cos_pi(x)) / 2;
}

/* Smith's cycle as a share of the rate; t and T are steps. */
static double one_cycle(const hem__schedule_spec *s, double t, double T)
{
    double first = 1 / s->start_divisor, last = first / s->end_divisor;
    double top = s->warm * T - 1, bottom = T - 1;
    if (t <= top && top > 0)
        return along_cosine(first, 1, t / top);
    double from = top > 0 ? top : 0;
    return along_cosine(1, last, t < bottom && bottom > from ? (t - from) / (bottom - from) : 1);
}

static uint64_t warmup_steps(const hem__train_spec *train, size_t steps_per_epoch)
{
    double exact = train->warmup * (double)steps_per_epoch;
    uint64_t steps = (uint64_t)exact;
    return steps + ((double)steps < exact);
}

/* What is left of the rate at step t of T of the schedule, e whole epochs after its begin. */
static double share(const hem__schedule_spec *s, double t, double T, uint64_t e)
{
    double x = t < T ? t / T : 1;
    switch (s->kind) {
    case HEM__SCHEDULE_CONSTANT:
        return 1;
    case HEM__SCHEDULE_EXPONENTIAL:
        return e < (uint64_t)s->hold ? 1 : hem__power(s->factor, e - (uint64_t)s->hold + 1);
    case HEM__SCHEDULE_STEP:
        return hem__power(s->factor, e / (uint64_t)s->every);
    case HEM__SCHEDULE_LINEAR:
        return 1 + (s->end - 1) * x;
    case HEM__SCHEDULE_COSINE:
        return along_cosine(1, s->end, x);
    case HEM__SCHEDULE_ONE_CYCLE:
        return one_cycle(s, t, T);
    }
    return 1;
}

double hem__schedule_rate(const hem__train_spec *train, uint64_t step, size_t steps_per_epoch)
{
    const hem__schedule_spec *s = &train->schedule;
    double rate = train->optimizer.learning_rate;
    uint64_t warm = warmup_steps(train, steps_per_epoch);
    if (step < warm)
        return rate * (double)(step + 1) / (double)warm;
    uint64_t all = (uint64_t)train->epochs * steps_per_epoch, t = step - warm;
    uint64_t T = s->epochs > 0 ? (uint64_t)s->epochs * steps_per_epoch
                 : all > warm  ? all - warm
                               : 1;
    return rate * share(s, (double)t, (double)T, t / steps_per_epoch);
}

bool hem__schedule_needs_epochs(const hem__train_spec *train)
{
    const hem__schedule_spec *s = &train->schedule;
    bool has_end = s->kind == HEM__SCHEDULE_LINEAR || s->kind == HEM__SCHEDULE_COSINE ||
                   s->kind == HEM__SCHEDULE_ONE_CYCLE;
    return has_end && s->epochs == 0;
}
