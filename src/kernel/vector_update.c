/* Optimizers: formulas at hem__update in contract.h. Each is one step over VL weights, used twice:
 * in a sweep over a tensor, and woven into a dense layer's weight gradient, where its divisions and
 * square roots run beside the multiply-adds of the next block. */
#include "kernel/vector.h"

/* What the optimizers follow, h of contract.h. */
INLINE V objective_gradient(V w, V g, const hem__update *u)
{
    V h = v_fma(v_all(u->decay), w, g), l1 = v_all(u->l1);
    if (u->l1 == 0)
        return h;
    return h + (v_where(w > v_all(0), l1) - v_where(w < v_all(0), l1));
}

/* ---- one step: the new weights i, i + 1, ... from the old, w, and h. --------------------------
 */

/* The first of two vectors that an optimizer keeps for weights i..: the second is HEM__ALIGN on. */
INLINE float *pair_of(float *state, size_t i)
{
    return state + i / HEM__ALIGN * (2 * HEM__ALIGN) + i % HEM__ALIGN;
}

INLINE V step_sgd(V w, V h, float *state, size_t i, const hem__update *u)
{
    (void)state, (void)i;
    return v_fma(v_all(-u->rate), h, w);
}

INLINE V velocity(V h, float *kept, const hem__update *u)
{
    V v = v_fma(v_all(u->momentum), v_load(kept), v_all(u->gain) * h);
    v_store(kept, v);
    return v;
}

INLINE V step_momentum(V w, V h, float *state, size_t i, const hem__update *u)
{
    return v_fma(v_all(-u->rate), velocity(h, state + i, u), w);
}

INLINE V step_nesterov(V w, V h, float *state, size_t i, const hem__update *u)
{
    V v = velocity(h, state + i, u);
    return v_fma(v_all(-u->rate), v_fma(v_all(u->momentum), v, h), w);
}

INLINE V step_adam(V w, V h, float *state, size_t i, const hem__update *u)
{
    float *moment = pair_of(state, i);
    V m = v_fma(v_all(u->beta1), v_load(moment), v_all(u->gain1) * h);
    V v = v_fma(v_all(u->beta2), v_load(moment + HEM__ALIGN), v_all(u->gain2) * (h * h));
    v_store(moment, m);
    v_store(moment + HEM__ALIGN, v);
    return v_fma(v_all(-u->rate), m / (v_sqrt(v) + v_all(u->epsilon)), w);
}

INLINE V step_adamw(V w, V h, float *state, size_t i, const hem__update *u)
{
    return step_adam(v_fma(v_all(-u->shrink), w, w), h, state, i, u);
}

INLINE V step_rmsprop(V w, V h, float *state, size_t i, const hem__update *u)
{
    float *kept = pair_of(state, i);
    V v = v_fma(v_all(u->beta2), v_load(kept + HEM__ALIGN), v_all(u->gain2) * (h * h));
    V b = v_fma(v_all(u->momentum), v_load(kept),
                (v_all(u->rate) * h) / v_sqrt(v + v_all(u->epsilon)));
    v_store(kept, b);
    v_store(kept + HEM__ALIGN, v);
    return w - b;
}

/* ---- sweeps ----------------------------------------------------------------------------------
 */

/* One optimizer, compiled with and without l1. The constants are a copy: `w` could point at them,
 * for all that the compiler knows. */
#define UPDATE(name)                                                                               \
    INLINE void sweep_##name(float *w, const float *g, float *state, size_t n,                     \
                             const hem__update *u)                                                 \
    {                                                                                              \
        for (size_t i = 0; i < n; i += VL) {                                                       \
            V old = v_load(w + i);                                                                 \
            V h = objective_gradient(old, v_load(g + i), u);                                       \
            v_store(w + i, step_##name(old, h, state, i, u));                                      \
        }                                                                                          \
    }                                                                                              \
    void TIER(hem__update_##name)(float *w, const float *g, float *state, size_t n,                \
                                  const hem__update *u)                                            \
    {                                                                                              \
        hem__update constants = *u;                                                                \
        if (u->l1 == 0) {                                                                          \
            constants.l1 = 0;                                                                      \
            sweep_##name(w, g, state, n, &constants);                                              \
        } else {                                                                                   \
            sweep_##name(w, g, state, n, &constants);                                              \
        }                                                                                          \
    }

UPDATE(sgd)
UPDATE(momentum)
UPDATE(nesterov)
UPDATE(adam)
UPDATE(adamw)
UPDATE(rmsprop)

void TIER(hem__objective_grad)(const float *w, float *g, size_t n, const hem__update *u)
{
    const hem__update constants = *u; /* `g` could point at them, for all that the compiler knows */
    for (size_t i = 0; i < n; i += VL)
        v_store(g + i, objective_gradient(v_load(w + i), v_load(g + i), &constants));
}

/* ---- weight gradients with their update -------------------------------------------------------
 */

/* A register block is KB outputs x 16 inputs: eight sums, so that registers are left for the step
 * of the optimizer that is woven in. */
#if VL == 16
#define KB 8
#define NV 1
#elif VL == 8
#define KB 4
#define NV 2
#else
#define KB 2
#define NV 4
#endif
enum {
    ROWS = KB,
    PACK = 8,   /* outputs that lie together in the packed dy */
    PANEL = 64, /* inputs done for all outputs before the next: xt and dy stay in the first cache */
    AHEAD = 4,  /* outputs between a prefetch and its use */
};

typedef struct dense_update {
    const float *packed, *xt; /* dy as [outputs / 8][image][8]; inputs as [image][ld_xt] */
    size_t ld_xt, n_images;
    float *w, *state;
    size_t ld_w;
    int o0, o1;
} dense_update;

static void pack(const hem__dense_run *run, const float *dy, int o0, int o1, float *packed)
{
    for (int o = o0; o < o1; o += PACK) {
        for (int t = 0; t < run->n_tiles; t++) {
            const float *from = dy + (size_t)t * run->out_tile + (size_t)o * HEM__LANES;
            for (size_t lane = 0; lane < HEM__LANES; lane += SQUARE, packed += SQUARE * PACK) {
                if (o1 - o >= PACK) {
                    for (size_t u = 0; u < PACK; u += SQUARE)
                        v_transpose(from + u * HEM__LANES + lane, packed + u, PACK);
                    continue;
                }
                for (size_t l = 0; l < SQUARE; l++)
                    for (size_t u = 0; u < PACK; u++)
                        packed[l * PACK + u] =
                            (int)u < o1 - o ? from[u * HEM__LANES + lane + l] : 0;
            }
        }
    }
}

#define STEP sgd
#define SLOTS 0
#include "kernel/block_update.h"
#define STEP momentum
#define SLOTS 1
#include "kernel/block_update.h"
#define STEP nesterov
#define SLOTS 1
#include "kernel/block_update.h"

/* With more arithmetic a weight than that, weaving only gets into the multiply-adds' way: gradients
 * of a panel, then its update. */
#define APART(name, SLOTS)                                                                         \
    INLINE void apart_##name(const hem__dense_run *run, const float *dy, const float *xt,          \
                             size_t ld_xt, float *w, float *state, const hem__update *u, float *g, \
                             int o0, int o1)                                                       \
    {                                                                                              \
        for (int i = 0; i < (int)run->ld_w; i += PANEL) {                                          \
            int i1 = at_most(i + PANEL, (int)run->ld_w);                                           \
            TIER(hem__dense_wgrad)(run, dy, xt, ld_xt, g, PANEL, 0, o0, o1, i, i1);                \
            for (int o = o0; o < o1; o++) {                                                        \
                size_t at = (size_t)o * run->ld_w + (size_t)i, soon = at + AHEAD * run->ld_w;      \
                for (int n = i; n < i1; n += HEM__ALIGN, soon += HEM__ALIGN) {                     \
                    __builtin_prefetch(w + soon, 1);                                               \
                    for (size_t k = 0; k < SLOTS; k++)                                             \
                        __builtin_prefetch(state + SLOTS * soon + k * HEM__ALIGN, 1);              \
                }                                                                                  \
                sweep_##name(w + at, g + (size_t)(o - o0) * PANEL, state + SLOTS * at,             \
                             (size_t)(i1 - i), u);                                                 \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    void TIER(hem__dense_update_##name)(const hem__dense_run *run, const float *dy,                \
                                        const float *xt, size_t ld_xt, float *w, float *state,     \
                                        const hem__update *u, float *room, int o0, int o1)         \
    {                                                                                              \
        hem__update constants = *u;                                                                \
        if (u->l1 == 0) {                                                                          \
            constants.l1 = 0;                                                                      \
            apart_##name(run, dy, xt, ld_xt, w, state, &constants, room, o0, o1);                  \
        } else {                                                                                   \
            apart_##name(run, dy, xt, ld_xt, w, state, &constants, room, o0, o1);                  \
        }                                                                                          \
    }

APART(adam, 2)
APART(adamw, 2)
APART(rmsprop, 2)
