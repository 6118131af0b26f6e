/* Optimizers: formulas at hem__update in contract.h. Each is one step over VL weights, used twice:
 * in a sweep over a tensor, and with the sums of a dense layer's weight gradient. */
#include "kernel/vector_gradient.h"

/* What the optimizers follow, h of contract.h. */
INLINE V objective_gradient(V w, V g, bool with_l1, const hem__update *u)
{
    V h = v_fma(v_all(u->decay), w, g);
    if (!with_l1)
        return h;
    V l1 = v_all(u->l1);
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
    INLINE void sweep_##name(float *w, const float *g, float *state, size_t n, bool with_l1,       \
                             hem__update u)                                                        \
    {                                                                                              \
        for (size_t i = 0; i < n; i += VL) {                                                       \
            V old = v_load(w + i);                                                                 \
            V h = objective_gradient(old, v_load(g + i), with_l1, &u);                             \
            v_store(w + i, step_##name(old, h, state, i, &u));                                     \
        }                                                                                          \
    }                                                                                              \
    void TIER(hem__update_##name)(float *w, const float *g, float *state, size_t n,                \
                                  const hem__update *u)                                            \
    {                                                                                              \
        if (u->l1 == 0) {                                                                          \
            sweep_##name(w, g, state, n, false, *u);                                               \
        } else {                                                                                   \
            sweep_##name(w, g, state, n, true, *u);                                                \
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
        v_store(g + i,
                objective_gradient(v_load(w + i), v_load(g + i), constants.l1 != 0, &constants));
}

/* ---- weight gradients with their update -------------------------------------------------------
 */

typedef void (*update_function)(float *w, const float *g, float *state, size_t n,
                                const hem__update *u);

/* Asks early for n weights from number `at` on, and for what the optimizer keeps for them. */
INLINE void ask_for(const float *w, const float *state, int slots, size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i += HEM__ALIGN) {
        __builtin_prefetch(w + i, 1);
        for (size_t slot = 0; slot < (size_t)slots; slot++)
            __builtin_prefetch(state + (size_t)slots * i + slot * HEM__ALIGN, 1);
    }
}

/* With l1, which few networks have: gradients of some outputs, then their update. */
static void apart(const gradient_work *d, const hem__dense_run *run, const float *dy,
                  const float *xt, int o0, int o1, int slots, update_function update)
{
    enum { ROWS = 96, PANEL = 64, AHEAD = 4 }; /* whole blocks on every tier */
    float g[ROWS * PANEL];
    for (int i = 0; i < (int)d->ld; i += PANEL) {
        const int i1 = at_most(i + PANEL, (int)d->ld);
        for (int rows = o0; rows < o1; rows += ROWS) {
            const int end = at_most(rows + ROWS, o1);
            TIER(hem__dense_wgrad)(run, dy, xt, d->ld_xt, g, PANEL, 0, rows, end, i, i1);
            for (int o = rows; o < end; o++) {
                const size_t at = (size_t)o * d->ld + (size_t)i, n = (size_t)(i1 - i);
                ask_for(d->w, d->state, slots, at + AHEAD * d->ld, n);
                update(d->w + at, g + (o - rows) * PANEL, d->state + (size_t)slots * at, n, &d->u);
            }
        }
    }
}

/* Without, a step is taken with the sums as they stand in registers. KEEP copies: the weights could
 * point at their originals, for all that the compiler knows. */
#define KEEP                                                                                       \
    float *const w = d->w, *const state = d->state;                                                \
    const hem__update u = d->u
#define FROM_ZERO(k, v) ACC(k, v) = v_all(0);
/* The same inputs of the next outputs are asked for early. */
#define BEGIN                                                                                      \
    for (size_t k = 0; k < KB; k++)                                                                \
        ask_for(w, state, SLOTS, at + (KB + k) * ld, NV * VL);                                     \
    HEM__GRID(KB, NV, FROM_ZERO)
/* What belongs to a weight lies at a constant from what belongs to its row's first, whose number is
 * a multiple of HEM__ALIGN: found for each vector alone the places take a quarter of the
 * step's instructions. */
#define TAKE(k, v)                                                                                 \
    {                                                                                              \
        const size_t first = at + (size_t)k * ld;                                                  \
        V old = v_load(w + first + v * VL);                                                        \
        V h = objective_gradient(old, ACC(k, v), false, &u);                                       \
        v_store(w + first + v * VL,                                                                \
                HEM__GLUE(step_, KERNEL)(old, h, state + SLOTS * first, v * VL, &u));              \
    }
#define END HEM__GRID(KB, NV, TAKE)

static void together(const gradient_work *d, const hem__dense_run *run, const float *dy,
                     const float *xt, int o0, int o1, int slots, const gradient_choice *blocks)
{
    const int panel = gradient_panel(d->n_tiles, slots), n_in = (int)d->ld;
    for (int i = 0; i < n_in; i += panel) {
        gradient_span s = {.dy = dy + (size_t)o0 * HEM__LANES,
                           .dy_tile = run->out_tile,
                           .xt = xt + i,
                           .at = (size_t)o0 * d->ld + (size_t)i};
        gradient_rows(d, s, blocks, o1 - o0, at_most(panel, n_in - i));
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
#define KERNEL adam
#define SLOTS 2
#include "kernel/block_update.h"
#define KERNEL adamw
#define SLOTS 2
#include "kernel/block_update.h"
#define KERNEL rmsprop
#define SLOTS 2
#include "kernel/block_update.h"
