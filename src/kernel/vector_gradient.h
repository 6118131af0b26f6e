/* What the weight gradients of dense layers share: vector_gradient.c stores them, vector_update.c
 * updates with them. */
#ifndef HEM_KERNEL_VECTOR_GRADIENT_H
#define HEM_KERNEL_VECTOR_GRADIENT_H

#include "kernel/vector.h"

/* What all register blocks have in common. */
typedef struct gradient_work {
    size_t ld_xt, ld; /* numbers from one image's inputs to the next's, from a row to the next */
    int n_tiles;
    float *g;         /* the gradient that is wanted */
    bool go_on;       /* ... and is added to */
    float *w, *state; /* or what it is to update */
    hem__update u;
} gradient_work;

/* `rows` outputs and `n` register blocks of inputs, from number `at` of the gradient or the weights
 * on. */
typedef struct gradient_span {
    const float *dy, *xt;
    size_t dy_tile, at;
    int rows, n;
} gradient_span;

typedef void (*gradient_block)(const gradient_work *, const gradient_span *);

/* Vectors of a wide block and of a narrow one; with four lanes a vector all are narrow. */
#if VL == 16
#define WIDE_NV 2
#define NARROW_NV 1
#elif VL == 8
#define WIDE_NV 4
#define NARROW_NV 2
#else
#define WIDE_NV 4
#define NARROW_NV 4
#endif
enum { WIDE = WIDE_NV * VL }; /* inputs */
_Static_assert(NARROW_NV *VL == HEM__ALIGN, "a row of weights ends with a narrow block");

/* Inputs done for all outputs before the next: those of all images are to stay in the first cache,
 * in half of it where they can, in a quarter beside an optimizer that brings two numbers a weight.
 */
INLINE int gradient_panel(int n_tiles, int slots)
{
    enum { NUMBERS = 4096 };
    return at_least(NUMBERS / (n_tiles * HEM__LANES * at_least(slots, 1)) / WIDE * WIDE, WIDE);
}

/* A span of n_in inputs: wide blocks, and a narrow one for what is left. */
INLINE void gradient_both(const gradient_work *d, gradient_span s, int n_in, gradient_block wide,
                          gradient_block narrow)
{
    int n_wide = n_in / WIDE * WIDE;
    s.n = n_wide / WIDE;
    if (s.n > 0)
        wide(d, &s);
    s.xt += n_wide;
    s.at += (size_t)n_wide;
    s.n = (n_in - n_wide) / HEM__ALIGN;
    if (s.n > 0)
        narrow(d, &s);
}

/* Blocks of so many outputs; in a list the tallest is first, the last takes one. */
typedef struct gradient_choice {
    int rows;
    gradient_block wide, narrow;
} gradient_choice;

/* A span of n_out outputs and n_in inputs. */
INLINE void gradient_rows(const gradient_work *d, gradient_span s, const gradient_choice *block,
                          int n_out, int n_in)
{
    for (; n_out > 0; block++) {
        s.rows = n_out / block->rows * block->rows;
        gradient_both(d, s, n_in, block->wide, block->narrow);
        s.dy += s.rows * HEM__LANES;
        s.at += (size_t)s.rows * d->ld;
        n_out -= s.rows;
    }
}

#endif
