/* A dense layer's weight gradient with the update of one optimizer, included once for each: while a
 * block of sums is built, image by image, the step of the block before is taken, a vector at a
 * time, from where its sums wait in the first cache. A template, so without an include guard; it
 * undefines STEP and SLOTS. */

#define ACC(k, v) a##k##_##v
#define NAME(k, v) V ACC(k, v) = v_all(0);
#define VECTOR(v) V x##v = v_load(x + v * VL);
#define MADD(k, v) ACC(k, v) = v_fma(factor##k, x##v, ACC(k, v));
#define ROW(k)                                                                                     \
    {                                                                                              \
        V factor##k = v_all(dy[k]);                                                                \
        HEM__ROW(NV, MADD, k)                                                                      \
    }
#define STORE(k, v) v_store(sums + (k * NV + v) * VL, ACC(k, v));

INLINE void HEM__GLUE(weave_, STEP)(const dense_update *d, const hem__update *u, int i0, int i1)
{
    float sums[ROWS * HEM__ALIGN] __attribute__((aligned(64)));
    const size_t slice = d->n_images / (ROWS * NV);
    size_t before = 0; /* where the weights of the block before begin */
    int rows_before = 0;
    for (int p = i0; p < i1; p += PANEL) {
        int p1 = at_most(p + PANEL, i1);
        for (int o = d->o0; o < d->o1; o += ROWS) {
            int rows = at_most(ROWS, d->o1 - o);
            for (int i = p; i < p1; i += HEM__ALIGN) {
                const float *x = d->xt + i;
                int first = o - d->o0;
                const float *dy = d->packed + (size_t)(first / PACK * PACK) * d->n_images +
                                  (size_t)(first % PACK);
                size_t at = (size_t)o * d->ld_w + (size_t)i, from = before;
                /* What the same inputs of the next outputs are going to need, or the next panel. */
                size_t next = o + ROWS < d->o1 ? at + ROWS * d->ld_w
                                               : (size_t)d->o0 * d->ld_w + (size_t)(i + PANEL);
                HEM__GRID(KB, NV, NAME)
                for (int r = 0; r < ROWS; r++) {
                    for (int v = 0; v < NV; v++) {
                        for (size_t n = slice; n > 0; n--) {
                            HEM__TIMES(NV, VECTOR)
                            HEM__TIMES(KB, ROW)
                            x += d->ld_xt;
                            dy += PACK;
                        }
                        if (r < rows_before) {
                            size_t j = from + (size_t)(v * VL);
                            V old = v_load(d->w + j);
                            V h = objective_gradient(old, v_load(sums + (r * NV + v) * VL), u);
                            v_store(d->w + j, HEM__GLUE(step_, STEP)(old, h, d->state, j, u));
                        }
                    }
                    __builtin_prefetch(d->w + next, 1);
                    for (int s = 0; s < SLOTS; s++)
                        __builtin_prefetch(d->state + SLOTS * next + s * HEM__ALIGN, 1);
                    next += d->ld_w;
                    from += d->ld_w;
                }
                HEM__GRID(KB, NV, STORE)
                before = at;
                rows_before = rows;
            }
        }
    }
    for (int r = 0; r < rows_before; r++, before += d->ld_w) {
        for (int v = 0; v < NV; v++) {
            size_t j = before + (size_t)(v * VL);
            V old = v_load(d->w + j);
            V h = objective_gradient(old, v_load(sums + (r * NV + v) * VL), u);
            v_store(d->w + j, HEM__GLUE(step_, STEP)(old, h, d->state, j, u));
        }
    }
}

void TIER(HEM__GLUE(hem__dense_update_, STEP))(const hem__dense_run *run, const float *dy,
                                               const float *xt, size_t ld_xt, float *w,
                                               float *state, const hem__update *u, float *room,
                                               int o0, int o1)
{
    hem__update constants = *u; /* a copy: see UPDATE */
    dense_update d = {.packed = room,
                      .xt = xt,
                      .ld_xt = ld_xt,
                      .n_images = (size_t)run->n_tiles * HEM__LANES,
                      .w = w,
                      .state = state,
                      .ld_w = run->ld_w,
                      .o0 = o0,
                      .o1 = o1};
    pack(run, dy, o0, o1, room);
    if (u->l1 == 0) {
        constants.l1 = 0;
        HEM__GLUE(weave_, STEP)(&d, &constants, 0, (int)run->ld_w);
    } else {
        HEM__GLUE(weave_, STEP)(&d, &constants, 0, (int)run->ld_w);
    }
}

#undef ACC
#undef NAME
#undef VECTOR
#undef MADD
#undef ROW
#undef STORE
#undef STEP
#undef SLOTS
