/* What the accuracy tests share: the real data set or a skipped test, and training on part of it.
 */
#ifndef TESTS_ACCURACY_SUPPORT_H
#define TESTS_ACCURACY_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hemline/hemline.h"

/* Started by accuracy_main(). */
extern hem_context *accuracy_context;

/* Loads experiments/NAME with n overrides; the caller's to free. */
hem_spec *accuracy_spec(const char *name, const char *const *overrides, size_t n);

/* The experiment's network after `epochs` over the first `images` of the training part, in their
 * order: its share of right answers over the whole validation part. */
double accuracy_of_subset(const char *experiment, size_t images, int epochs, uint64_t seed);

/* Runs the tests on as many threads as are allowed. Where Fashion-MNIST is not to be had it says so
 * and returns SKIPPED. */
int accuracy_main(const char *name, const struct CMUnitTest *tests, size_t n);

#endif
