/* What the tests of experiment files that are right share: they are read, or the test fails. */
#ifndef TESTS_UNIT_SUPPORT_SPEC_H
#define TESTS_UNIT_SUPPORT_SPEC_H

#include "unit/support.h"

#include "spec/keys.h"

hem_spec *parse_with(const char *text, const char *const *overrides, size_t n);
hem_spec *parse(const char *text);
/* A file of experiments/. */
hem_spec *load(const char *name);
/* free() it. */
char *resolved(const hem_spec *spec);
/* Writing out and reading back gives the same text and no difference. */
void expect_round_trip(const hem_spec *spec);

#endif
