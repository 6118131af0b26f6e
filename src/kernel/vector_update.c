/* Optimizers: formulas at hem__update in contract.h. Each is one step over VL weights, used twice:
 * in a sweep over a tensor, and with the sums of a dense layer's weight gradient. */
#include "kernel/vector_gradient.h"

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

/* Apart: gradients of a panel of inputs, then its update. */
enum {
    PANEL = HEM__UPDATE_ROOM,
    AHEAD = 4 /* outputs between a prefetch and its use */
};

#define PANEL_THEN_STEP(name, SLOTS)                                                               \
    static void apart_##name(const hem__dense_run *run, const float *dy, const float *xt,          \
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
                    for (int k = 0; k < SLOTS; k++)                                                \
                        __builtin_prefetch(state + SLOTS * soon + k * HEM__ALIGN, 1);              \
                }                                                                                  \
                TIER(hem__update_##name)                                                           \
                (w + at, g + (size_t)(o - o0) * PANEL, state + SLOTS * at, (size_t)(i1 - i), u);   \
            }                                                                                      \
        }                                                                                          \
    }

PANEL_THEN_STEP(sgd, 0)
PANEL_THEN_STEP(momentum, 1)
PANEL_THEN_STEP(nesterov, 1)
PANEL_THEN_STEP(adam, 2)
PANEL_THEN_STEP(adamw, 2)
PANEL_THEN_STEP(rmsprop, 2)

/* Together: a step of a few instructions, without l1, is taken with the sums as they stand in
 * registers, for whole blocks of HIGH outputs. */
#define HIGH DENSE_ROWS
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

/* Copies: the weights could point at their originals, for all that the compiler knows. */
#define KEEP                                                                                       \
    float *const w = d->w, *const state = d->state;                                                \
    hem__update u = d->u;                                                                          \
    u.l1 = 0
#define FROM_ZERO(k, v) ACC(k, v) = v_all(0);
/* The same inputs of the next outputs are asked for early. */
#define BEGIN                                                                                      \
    for (size_t k = 0; k < KB; k++) {                                                              \
        for (size_t j = at + (KB + k) * ld, j1 = j + NV * VL; j < j1; j += HEM__ALIGN) {           \
            __builtin_prefetch(w + j, 1);                                                          \
            for (int slot = 0; slot < SLOTS; slot++)                                               \
                __builtin_prefetch(state + SLOTS * j + slot * HEM__ALIGN, 1);                      \
        }                                                                                          \
    }                                                                                              \
    HEM__GRID(KB, NV, FROM_ZERO)
#define TAKE(k, v)                                                                                 \
    {                                                                                              \
        size_t j = at + (size_t)k * ld + v * VL;                                                   \
        V old = v_load(w + j), h = objective_gradient(old, ACC(k, v), &u);                         \
        v_store(w + j, HEM__GLUE(step_, KERNEL)(old, h, state, j, &u));                            \
    }
#define END HEM__GRID(KB, NV, TAKE)

static void together(const gradient_work *d, const float *dy, size_t dy_tile, const float *xt,
                     int o0, int o1, gradient_block wide, gradient_block narrow)
{
    const int panel = gradient_panel(d->n_tiles), n_in = (int)d->ld;
    for (int i = 0; i < n_in; i += panel) {
        gradient_span s = {.dy = dy + (size_t)o0 * HEM__LANES,
                           .dy_tile = dy_tile,
                           .xt = xt + i,
                           .at = (size_t)o0 * d->ld + (size_t)i,
                           .rows = o1 - o0};
        gradient_both(d, s, at_most(panel, n_in - i), wide, narrow);
    }
}

#define KERNEL sgd
#define SLOTS 0
#include "kernel/block_update.h"
#define KERNEL momentum
#define SLOTS 1
#include "kernel/block_update.h"
#define KERNEL nesterov
#define SLOTS 1
#include "kernel/block_update.h"

/* A step with a division and a square root goes over a panel's gradients after they are made. Taken
 * among the multiply-adds it was slower: Adam, 5408 x 128, 32 images: 961 us against 843. */
#define APART(name)                                                                                \
    void TIER(hem__dense_update_##name)(const hem__dense_run *run, const float *dy,                \
                                        const float *xt, size_t ld_xt, float *w, float *state,     \
                                        const hem__update *u, float *room, int o0, int o1)         \
    {                                                                                              \
        apart_##name(run, dy, xt, ld_xt, w, state, u, room, o0, o1);                               \
    }

APART(adam)
APART(adamw)
APART(rmsprop)
