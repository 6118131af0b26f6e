/* Intervals of differences of proportions. */
#include "report/difference.h"

#include <math.h>

static const double z = 1.959964; /* the normal distribution's 97.5 % point */

hem_interval hem__difference_matched(size_t only_a, size_t only_b, size_t n)
{
    double N = (double)n + 2, a = (double)only_a + 0.5, b = (double)only_b + 0.5;
    double difference = (a - b) / N;
    double half = z * sqrt((a + b) / N - difference * difference) / sqrt(N);
    return (hem_interval){fmax(-1, difference - half), fmin(1, difference + half)};
}

hem_interval hem__difference_independent(size_t a, size_t n_a, size_t b, size_t n_b)
{
    if (n_a == 0 || n_b == 0)
        return (hem_interval){-1, 1};
    double p = (double)a / (double)n_a, q = (double)b / (double)n_b;
    hem_interval i = hem_wilson(a, n_a), j = hem_wilson(b, n_b);
    return (hem_interval){p - q - hypot(p - i.low, j.high - q),
                          p - q + hypot(i.high - p, q - j.low)};
}

hem_interval hem__difference_means(hem_statistics a, hem_statistics b)
{
    double n = (double)a.n, m = (double)b.n, difference = a.mean - b.mean;
    double u = a.deviation * a.deviation / n, v = b.deviation * b.deviation / m;
    if (!(u + v > 0)) /* no run differs from another of its set */
        return (hem_interval){difference, difference};
    double freedom = (u + v) * (u + v) / (u * u / (n - 1) + v * v / (m - 1));
    double half = hem_student_quantile(0.975, freedom) * sqrt(u + v);
    return (hem_interval){difference - half, difference + half};
}
