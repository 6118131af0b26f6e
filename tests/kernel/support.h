/* What the kernel tests share: random shapes and numbers, buffers between guard bytes, and cases
 * that run one slot on the reference and on every tier and compare all that was written. */
#ifndef HEM_TESTS_KERNEL_SUPPORT_H
#define HEM_TESTS_KERNEL_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/contract.h"

struct hem__kernels_f32; /* contract.h does not name it where a file is compiled in double */

/* Random numbers of the tests: splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
typedef struct rng {
    uint64_t state;
} rng;
uint64_t next_random(rng *r);
int between(rng *r, int low, int high); /* both may come */
bool chance(rng *r, int one_in);
double unit_random(rng *r); /* [-1, 1) */

/* How far a tier without fused multiply-add may lie from the reference (simd.h). */
typedef enum closeness {
    EXACT,   /* not at all: the slot adds up nothing */
    SUM,     /* a sum of `terms` products, by its bound */
    RELATIVE /* `relative` times the value plus `absolute` */
} closeness;

enum { MOST_BUFFERS = 12, MOST_TIERS = 8 };

typedef struct buffer {
    float *data;     /* n numbers */
    float *initial;  /* what they hold before each run */
    float *expected; /* outputs: what the reference made of them */
    float *scale;    /* outputs: the reference with all inputs made positive */
    unsigned char *block;
    size_t bytes, n;
    bool is_output, is_factor;
} buffer;

typedef struct test_case {
    rng random;
    const char *slot;
    char shape[256]; /* for messages */
    buffer buffers[MOST_BUFFERS];
    int n_buffers, step;
    closeness closeness;
    double terms, relative, absolute;
    bool wild; /* NaN, infinities, denormals and zeros among the inputs */
} test_case;

/* Aligned to 64 bytes plus `shift` numbers. Inputs are random; outputs hold random numbers too, so
 * that what a kernel adds to and what it must not touch are both seen. */
float *input(test_case *c, size_t n, int shift);
/* An input that a tier may round to bfloat16 (amx). The reference then gets it rounded. */
float *factor(test_case *c, size_t n, int shift);
float *output(test_case *c, size_t n, int shift);
/* Overwrites what a buffer holds before each run (data as input() or output() returned it). */
void set_initial(test_case *c, const float *data, size_t at, float value);
void describe(test_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The next kernels to run, or NULL at the end: the reference (twice where a bound needs it), then
 * every tier that this machine runs. Between two calls it compares and resets all buffers:
 *   while ((k = next_kernels(&c)) != NULL) k->add(y, x, n); */
const struct hem__kernels_f32 *next_kernels(test_case *c);

typedef void (*one_case)(test_case *c);
/* `count` cases of one slot. Fails the running cmocka test at the first difference. */
void run_cases(const char *slot, one_case one, int count);

/* Of all results of the reference so far: the same on every machine, for the same cases. */
uint64_t reference_digest(void);

/* Prints which tiers run here and which do not. */
void print_tiers(void);
/* Restricts the tests to one tier (NULL = all that round nothing to bfloat16); false if this
 * machine does not run it. */
bool choose_tier(const char *name);
int tiers_to_test(const struct hem__kernels_f32 *kernels[MOST_TIERS], bool exact[MOST_TIERS]);

/* Prints what the slot took on each tier, the mean of the cases that ran. */
void print_times(const char *slot, int cases);

/* Every slot, `count` random cases each (support_slots.c's list), with their times where asked;
 * returns what cmocka returns. */
int test_all_slots(int count, bool with_times);

#endif
