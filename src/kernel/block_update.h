/* A dense layer's weight gradient with the update of one optimizer, KERNEL, which keeps SLOTS
 * numbers a weight: included once for each by vector_update.c. A template, so without an include
 * guard; it undefines both. */

#define BLOCK(rows, vectors) HEM__GLUE(HEM__GLUE(HEM__GLUE(KERNEL, _), rows), HEM__GLUE(x, vectors))
#define CHOICE(rows)                                                                               \
    {                                                                                              \
        rows, BLOCK(rows, WIDE_NV), BLOCK(rows, NARROW_NV)                                         \
    }

#define KB 1
#define NV NARROW_NV
#include "kernel/block_gradient.h"
#define KB 2
#define NV NARROW_NV
#include "kernel/block_gradient.h"
#if DENSE_ROWS > 2
#define KB DENSE_ROWS
#define NV NARROW_NV
#include "kernel/block_gradient.h"
#endif
#if WIDE_NV != NARROW_NV
#define KB 1
#define NV WIDE_NV
#include "kernel/block_gradient.h"
#define KB 2
#define NV WIDE_NV
#include "kernel/block_gradient.h"
#if DENSE_ROWS > 2
#define KB DENSE_ROWS
#define NV WIDE_NV
#include "kernel/block_gradient.h"
#endif
#endif

void TIER(HEM__GLUE(hem__dense_update_, KERNEL))(const hem__dense_run *run, const float *dy,
                                                 const float *xt, size_t ld_xt, float *w,
                                                 float *state, const hem__update *u, int o0, int o1)
{
    static const gradient_choice BLOCKS[] = {
#if DENSE_ROWS > 2
        CHOICE(DENSE_ROWS),
#endif
        CHOICE(2),
        CHOICE(1)
    };
    const gradient_work d = {
        .ld_xt = ld_xt, .ld = run->ld_w, .n_tiles = run->n_tiles, .w = w, .state = state, .u = *u};
    if (u->l1 == 0)
        together(&d, run, dy, xt, o0, o1, SLOTS, BLOCKS);
    else
        apart(&d, run, dy, xt, o0, o1, SLOTS, TIER(HEM__GLUE(hem__update_, KERNEL)));
}

#undef BLOCK
#undef CHOICE
#undef KERNEL
#undef SLOTS
