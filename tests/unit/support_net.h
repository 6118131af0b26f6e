/* What the tests of networks share: everything from an experiment's text to its network, steps over
 * its training images, and the comparison of runs whose weights must be the same. */
#ifndef TESTS_UNIT_SUPPORT_NET_H
#define TESTS_UNIT_SUPPORT_NET_H

#include "unit/support.h"

#include "hemline/hemline.h"

typedef struct setting {
    hem_context *context;
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
    hem_stepper *stepper;
} setting;

/* Each of these fails the test where it cannot do what it says. */

/* The experiment (`override` may be NULL) and its data; setting_take(): of an experiment that was
 * read elsewhere, and is the setting's from now on. */
void setting_data(setting *s, const char *text, const char *override);
void setting_take(setting *s, hem_spec *spec);
/* Then the network; `tier` NULL: the one that this CPU gets. */
void setting_net(setting *s, int threads, const char *tier);
/* Both. */
void setting_open(setting *s, const char *text, const char *override, int threads,
                  const char *tier);
/* For batches up to this size. */
void setting_stepper(setting *s, size_t batch);
void setting_close(setting *s);

/* A training step on n images, at most MOST_IMAGES, of a shuffled order that goes round. */
enum { MOST_IMAGES = 300 };
void setting_step(setting *s, size_t first, size_t n);
/* Some steps of `batch` images, the last one shorter, and the name of the weights. They allocate
 * nothing. */
void setting_train(setting *s, size_t batch, int steps, char hash[65]);

/* One run of what `what` points at, ending in the name of its weights. */
typedef void setting_run(const void *what, int threads, const char *tier, char hash[65]);
/* On every exact tier of this CPU, on 1 to `most_threads` threads each: the same weights. */
void expect_same_weights(setting_run *run, const void *what, int most_threads);

/* A run of three steps, as setting_train() makes them. */
typedef struct three_steps {
    const char *text, *override;
    size_t batch;
} three_steps;
void train_three(const void *what, int threads, const char *tier, char hash[65]);

#endif
