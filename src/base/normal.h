/* Numbers of the normal distribution out of random words, without libm: the same bits everywhere.
 */
#ifndef HEM_BASE_NORMAL_H
#define HEM_BASE_NORMAL_H

#include <stdint.h>

/* The quantile of (word + 1/2) / 2^32: mean 0, deviation 1, not truncated. One word gives one
 * number, and a larger word a larger number; hem__normal(~w) = -hem__normal(w), and no number is
 * beyond
 * +-6.34. Absolute error below 1e-10. */
double hem__normal(uint32_t word);

#endif
