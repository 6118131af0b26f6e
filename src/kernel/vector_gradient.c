/* A dense layer's weight gradient: g[o][i] (+)= sum over images n of dy[o][n] * xt[n][i]. The
 * vectors run over inputs: a register block is a few outputs x WIDE inputs, or x HEM__ALIGN where a
 * row of inputs ends so. */
#include "kernel/vector_gradient.h"

#define KERNEL gradient
#define KEEP                                                                                       \
    float *const g = d->g;                                                                         \
    const bool go_on = d->go_on
#define NUMBER(k, v) (g + at + (size_t)k * ld + v * VL)
#define FROM_G(k, v) ACC(k, v) = v_load(NUMBER(k, v));
#define FROM_ZERO(k, v) ACC(k, v) = v_all(0);
#define STORE(k, v) v_store(NUMBER(k, v), ACC(k, v));
#define BEGIN                                                                                      \
    if (go_on) {                                                                                   \
        HEM__GRID(KB, NV, FROM_G)                                                                  \
    } else {                                                                                       \
        HEM__GRID(KB, NV, FROM_ZERO)                                                               \
    }
#define END HEM__GRID(KB, NV, STORE)

#if VL == 16
#define KB 1
#define NV 1
#include "kernel/block_gradient.h"
#define KB 2
#define NV 1
#include "kernel/block_gradient.h"
#define KB 4
#define NV 1
#include "kernel/block_gradient.h"
#define KB 12
#define NV 1
#include "kernel/block_gradient.h"
#define KB 1
#define NV 2
#include "kernel/block_gradient.h"
#define KB 2
#define NV 2
#include "kernel/block_gradient.h"
#define KB 4
#define NV 2
#include "kernel/block_gradient.h"
#define KB 12
#define NV 2
#include "kernel/block_gradient.h"
static const gradient_choice BLOCKS[] = {
    {12, gradient_12x2, gradient_12x1},
    {4, gradient_4x2, gradient_4x1},
    {2, gradient_2x2, gradient_2x1},
    {1, gradient_1x2, gradient_1x1},
};
#elif VL == 8
#define KB 1
#define NV 2
#include "kernel/block_gradient.h"
#define KB 2
#define NV 2
#include "kernel/block_gradient.h"
#define KB 3
#define NV 2
#include "kernel/block_gradient.h"
#define KB 1
#define NV 4
#include "kernel/block_gradient.h"
#define KB 2
#define NV 4
#include "kernel/block_gradient.h"
#define KB 3
#define NV 4
#include "kernel/block_gradient.h"
static const gradient_choice BLOCKS[] = {
    {3, gradient_3x4, gradient_3x2},
    {2, gradient_2x4, gradient_2x2},
    {1, gradient_1x4, gradient_1x2},
};
#elif REGISTERS == 32
#define KB 1
#define NV 4
#include "kernel/block_gradient.h"
#define KB 2
#define NV 4
#include "kernel/block_gradient.h"
#define KB 4
#define NV 4
#include "kernel/block_gradient.h"
static const gradient_choice BLOCKS[] = {
    {4, gradient_4x4, gradient_4x4},
    {2, gradient_2x4, gradient_2x4},
    {1, gradient_1x4, gradient_1x4},
};
#else
#define KB 1
#define NV 4
#include "kernel/block_gradient.h"
#define KB 2
#define NV 4
#include "kernel/block_gradient.h"
static const gradient_choice BLOCKS[] = {
    {2, gradient_2x4, gradient_2x4},
    {1, gradient_1x4, gradient_1x4},
};
#endif

void TIER(hem__dense_wgrad)(const hem__dense_run *run, const float *dy, const float *xt,
                            size_t ld_xt, float *g, size_t ld_g, int accumulate, int o0, int o1,
                            int i0, int i1)
{
    const gradient_work d = {
        .ld_xt = ld_xt, .ld = ld_g, .n_tiles = run->n_tiles, .g = g, .go_on = accumulate};
    const int panel = gradient_panel(run->n_tiles, 0);
    for (int i = i0; i < i1; i += panel) {
        gradient_span s = {.dy = dy + (size_t)o0 * HEM__LANES,
                           .xt = xt + i,
                           .dy_tile = run->out_tile,
                           .at = (size_t)(i - i0)};
        gradient_rows(&d, s, BLOCKS, o1 - o0, at_most(panel, i1 - i));
    }
}
