/* What a handful of numbers says. Nothing here reaches weights, so libm is used. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "hemline/study.h"

/* ---- Student's t ---------------------------------------------------------------------------- */

/* The continued fraction of the incomplete beta function, DLMF 8.17.22, by Lentz's method (Thompson
 * and Barnett, J. Comput. Phys. 64, 1986). Converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m <= 10000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double change = 1;
        for (int half = 0; half < 2; half++) {
            double term = half == 0 ? even : odd;
            d = 1 + term * d;
            c = 1 + term / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            change = c * d;
            h *= change;
        }
        if (fabs(change - 1) < 1e-16)
            break;
    }
    return h;
}

/* The regularised incomplete beta function I_x(a, b); y = 1 - x, given apart for its digits. */
static double beta_share(double x, double y, double a, double b)
{
    int sign;
    if (x <= 0 || y <= 0)
        return x <= 0 ? 0 : 1;
    double scale = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) +
                       a * log(x) + b * log(y));
    if (x < (a + 1) / (a + b + 2))
        return scale * beta_fraction(x, a, b) / a;
    return 1 - scale * beta_fraction(y, b, a) / b; /* DLMF 8.17.4: I_x(a, b) = 1 - I_y(b, a) */
}

/* P(T > t) for t >= 0: I_x(v/2, 1/2) / 2 with x = v / (v + t^2) (Abramowitz and Stegun 26.7.1). */
static double upper_tail(double t, double freedom)
{
    double below = freedom + t * t;
    return 0.5 * beta_share(freedom / below, t * t / below, 0.5 * freedom, 0.5);
}

double hem_student_quantile(double p, double freedom)
{
    if (!(p > 0 && p < 1 && freedom > 0) || isinf(freedom))
        return (double)NAN;
    if (p < 0.5)
        return -hem_student_quantile(1 - p, freedom);
    double low = 0, high = 1, tail = 1 - p;
    while (high < 1e300 && upper_tail(high, freedom) > tail) {
        low = high;
        high *= 2;
    }
    for (;;) { /* bisection, until no number lies between */
        double middle = low + 0.5 * (high - low);
        if (middle <= low || middle >= high)
            return middle;
        if (upper_tail(middle, freedom) > tail)
            low = middle;
        else
            high = middle;
    }
}

/* ---- samples -------------------------------------------------------------------------------- */

static hem_interval around(double middle, double half)
{
    return (hem_interval){middle - half, middle + half};
}

hem_statistics hem_statistics_of(const double *values, size_t n)
{
    const double none = (double)NAN;
    hem_statistics s = {.mean = none,
                        .deviation = none,
                        .smallest = none,
                        .largest = none,
                        .interval = {none, none},
                        .further = {none, none}};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        s.n++;
        sum += values[i];
        s.smallest = s.n == 1 ? values[i] : fmin(s.smallest, values[i]);
        s.largest = s.n == 1 ? values[i] : fmax(s.largest, values[i]);
    }
    if (s.n == 0)
        return s;
    double N = (double)s.n;
    s.mean = sum / N;
    if (s.n < 2)
        return s;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i]))
            squares += (values[i] - s.mean) * (values[i] - s.mean);
    }
    s.deviation = sqrt(squares / (N - 1));
    double t = hem_student_quantile(0.975, N - 1);
    s.interval = around(s.mean, t * s.deviation / sqrt(N));
    s.further = around(s.mean, t * s.deviation * sqrt(1 + 1 / N));
    return s;
}

const char *hem_verdict_name(hem_verdict verdict)
{
    switch (verdict) {
    case HEM_VERDICT_BETTER:
        return "better";
    case HEM_VERDICT_WORSE:
        return "worse";
    case HEM_VERDICT_NOISE:
        break;
    }
    return "cannot be told from noise";
}

/* One difference at a time in Welford's form: no array is needed. Each is of the size of the
 * others, so nothing cancels. */
hem_paired hem_compare_paired(const double *a, const double *b, size_t n)
{
    hem_statistics s = hem_statistics_of(NULL, 0);
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        double x = a[i] - b[i];
        if (isnan(x))
            continue;
        s.n++;
        double before = s.n == 1 ? 0 : s.mean;
        s.mean = before + (x - before) / (double)s.n;
        squares += (x - before) * (x - s.mean);
        s.smallest = s.n == 1 ? x : fmin(s.smallest, x);
        s.largest = s.n == 1 ? x : fmax(s.largest, x);
    }
    hem_paired paired = {.difference = s, .verdict = HEM_VERDICT_NOISE};
    if (s.n < 2)
        return paired;
    double N = (double)s.n, t = hem_student_quantile(0.975, N - 1);
    s.deviation = sqrt(squares / (N - 1));
    s.interval = around(s.mean, t * s.deviation / sqrt(N));
    s.further = around(s.mean, t * s.deviation * sqrt(1 + 1 / N));
    paired.difference = s;
    if (s.interval.low > 0)
        paired.verdict = HEM_VERDICT_BETTER;
    else if (s.interval.high < 0)
        paired.verdict = HEM_VERDICT_WORSE;
    return paired;
}

/* ---- box plots ------------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double quantile(const double *sorted, size_t n, double p)
{
    double place = (double)(n - 1) * p;
    size_t below = (size_t)place;
    double above = sorted[below + 1 < n ? below + 1 : below];
    return sorted[below] + (place - (double)below) * (above - sorted[below]);
}

hem_status hem_box_of(const double *values, size_t n, hem_box *out, hem_error *err)
{
    const double none = (double)NAN;
    *out = (hem_box){none, none, none, none, none, none, none, 0, 0};
    double *sorted = hem__calloc(n + 1, sizeof *sorted);
    if (sorted == NULL)
        return hem__fail_memory(err, "a box plot", n * sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i]))
            sorted[out->n++] = values[i];
    }
    if (out->n > 0) {
        n = out->n;
        qsort(sorted, n, sizeof *sorted, by_value);
        out->q1 = quantile(sorted, n, 0.25);
        out->median = quantile(sorted, n, 0.5);
        out->q3 = quantile(sorted, n, 0.75);
        double reach = 1.5 * (out->q3 - out->q1);
        size_t low = 0, high = n - 1;
        while (sorted[low] < out->q1 - reach)
            low++;
        while (sorted[high] > out->q3 + reach)
            high--;
        out->smallest = sorted[0];
        out->low_whisker = sorted[low];
        out->high_whisker = sorted[high];
        out->largest = sorted[n - 1];
        out->n_outliers = low + (n - 1 - high);
    }
    free(sorted);
    return HEM_OK;
}
