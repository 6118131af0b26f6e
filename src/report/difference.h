/* How two experiments differ in test accuracy, and how sure that is (docs/numerics.md). */
#ifndef HEM_REPORT_DIFFERENCE_H
#define HEM_REPORT_DIFFERENCE_H

#include "hemline/study.h"

/* Two networks on the same n images: `only_a` images that a alone gets right, `only_b` that b alone
 * does. The 95 % interval of (share of a) - (share of b), with half an image added to each of the
 * four cells: Agresti and Min, "Simple improved confidence intervals for comparing matched
 * proportions", Statistics in Medicine 24, 2005. */
hem_interval hem__difference_matched(size_t only_a, size_t only_b, size_t n);
/* The same of two proportions that were not measured on the same images, or where it is not known
 * which: Newcombe, "Interval estimation for the difference between independent proportions",
 * Statistics in Medicine 17, 1998, method 10. */
hem_interval hem__difference_independent(size_t a, size_t n_a, size_t b, size_t n_b);

/* Two sets of runs without common seeds: of mean(a) - mean(b), with the degrees of freedom of
 * Welch, "The generalization of Student's problem when several different population variances are
 * involved", Biometrika 34, 1947. Both n must be at least 2. */
hem_interval hem__difference_means(hem_statistics a, hem_statistics b);

#endif
