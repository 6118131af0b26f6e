/* A dense layer's weight gradient with the update of one optimizer, KERNEL, which keeps SLOTS
 * numbers a weight: included once for each by vector_update.c. A template, so without an include
 * guard; it undefines both. */

#if VL == 16
#define NARROW 1
#define WIDEST 2
#elif VL == 8
#define NARROW 2
#define WIDEST 4
#else
#define NARROW 4
#define WIDEST 4
#endif
#define BLOCK(rows, vectors) HEM__GLUE(HEM__GLUE(HEM__GLUE(KERNEL, _), rows), HEM__GLUE(x, vectors))
#define CHOICE(rows)                                                                               \
    {                                                                                              \
        rows, BLOCK(rows, WIDEST), BLOCK(rows, NARROW)                                             \
    }

#define KB 1
#define NV NARROW
#include "kernel/block_gradient.h"
#define KB 2
#define NV NARROW
#include "kernel/block_gradient.h"
#if DENSE_ROWS > 2
#define KB DENSE_ROWS
#define NV NARROW
#include "kernel/block_gradient.h"
#endif
#if WIDEST != NARROW
#define KB 1
#define NV WIDEST
#include "kernel/block_gradient.h"
#define KB 2
#define NV WIDEST
#include "kernel/block_gradient.h"
#if DENSE_ROWS > 2
#define KB DENSE_ROWS
#define NV WIDEST
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

#undef NARROW
#undef WIDEST
#undef BLOCK
#undef CHOICE
#undef KERNEL
#undef SLOTS
