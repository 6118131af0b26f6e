/* A dense layer's weight gradient with the update of one optimizer, KERNEL, which keeps SLOTS
 * numbers a weight: included once for each by vector_update.c. A template, so without an include
 * guard; it undefines both. */

#define KB HIGH
#define NV NARROW_NV
#include "kernel/block_gradient.h"
#if WIDE_NV != NARROW_NV
#define KB HIGH
#define NV WIDE_NV
#include "kernel/block_gradient.h"
#endif

void TIER(HEM__GLUE(hem__dense_update_, KERNEL))(const hem__dense_run *run, const float *dy,
                                                 const float *xt, size_t ld_xt, float *w,
                                                 float *state, const hem__update *u, float *room,
                                                 int o0, int o1)
{
    const gradient_work d = {
        .ld_xt = ld_xt, .ld = run->ld_w, .n_tiles = run->n_tiles, .w = w, .state = state, .u = *u};
    const int split = u->l1 == 0 ? o0 + (o1 - o0) / HIGH * HIGH : o0;
    together(&d, dy, run->out_tile, xt, o0, split,
             HEM__GLUE(HEM__GLUE(HEM__GLUE(KERNEL, _), HIGH), HEM__GLUE(x, WIDE_NV)),
             HEM__GLUE(HEM__GLUE(HEM__GLUE(KERNEL, _), HIGH), HEM__GLUE(x, NARROW_NV)));
    if (split < o1)
        HEM__GLUE(apart_, KERNEL)(run, dy, xt, ld_xt, w, state, u, room, split, o1);
}

#undef KERNEL
#undef SLOTS
