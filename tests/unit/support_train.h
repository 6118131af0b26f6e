/* What the tests of training share: a context and a folder for each test, a small experiment, and
 * its runs: made, resumed, compared and damaged. */
#ifndef TESTS_UNIT_SUPPORT_TRAIN_H
#define TESTS_UNIT_SUPPORT_TRAIN_H

#include "unit/support.h"

#include <jansson.h>

#include "train/run.h"

extern hem_context *context; /* of two threads */
extern char warning[1024];   /* the last one that the library gave */

/* Every test works in a folder of its own, since runs/ is made in the working directory. */
int enter(void **state);
int leave(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

/* Three epochs of four steps on drawn images; `set` overrides its values and may be NULL. */
extern const char experiment[];
#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})
enum { MOST_SETS = 7 };

hem_spec *spec_with(const char *const *set);
hem_status train(const char *const *set, const char *directory, const volatile int *stop,
                 hem_train_result *out, hem_error *err);
hem_status resume(const char *directory, const volatile int *stop, hem_train_result *out,
                  hem_error *err);
/* To the end, and nothing may fail. */
void train_whole(const char *const *set, const char *directory);
void resume_whole(const char *directory);
void interrupted_run(const char *directory, const char *const *set);

/* result.json of a run without what may differ between two runs of the same bits. */
json_t *result_of(const char *directory);
/* The epochs' events, without their timings. */
json_t *epochs_of(const char *directory);
void expect_same_run(const char *a, const char *b);

void copy_file(const char *from, const char *to);
/* Changes one byte in the middle. */
void damage(const char *path);

#endif
