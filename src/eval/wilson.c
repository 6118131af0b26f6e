/* The interval of a proportion. */
#include <math.h>

#include "hemline/eval.h"

/* Wilson's score interval: the p for which |k/n - p| <= z sqrt(p (1 - p) / n). Unlike the
 * textbook's p +- z sqrt(p (1-p) / n) it never leaves 0..1 and holds for k = 0 and k = n. Wilson,
 * "Probable inference, the law of succession, and statistical inference", JASA 22, 1927. */
hem_interval hem_wilson(size_t successes, size_t n)
{
    const double z = 1.959964; /* the normal distribution's 97.5 % point */
    if (n == 0 || successes > n)
        return (hem_interval){0, 1};
    double N = (double)n, p = (double)successes / N;
    double middle = p + z * z / (2 * N);
    double half = z * sqrt(p * (1 - p) / N + z * z / (4 * N * N));
    double below = 1 + z * z / N;
    /* Exact at the ends, where rounding would leave 1e-17. */
    return (hem_interval){successes == 0 ? 0 : (middle - half) / below,
                          successes == n ? 1 : (middle + half) / below};
}
