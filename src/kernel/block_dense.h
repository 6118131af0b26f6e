/* One dense micro-kernel, included once for each register block: KB rows x NV vectors, that is
 * NV / VG lane groups `gap` numbers apart. A template, so without an include guard; it undefines KB
 * and NV. */

#define ACC(k, v) a##k##_##v
#define NAME(k, v) V ACC(k, v);
#define AT(k, v) ((size_t)k * d->y_row + (size_t)(v / VG) * s->y_gap + v % VG * VL)
#define FROM_Y(k, v) ACC(k, v) = v_load(s->y + AT(k, v));
#define FROM_BIAS(k, v) ACC(k, v) = v_all(s->bias[k]);
#define FROM_ZERO(k, v) ACC(k, v) = v_all(0);
/* The weights of many rows from two pointers: gcc spills the distances from one. It would make one
 * of them again, so it is not told that they are related. */
#if KB > 6 && !defined(__clang__)
#define HALVES
#define FACTOR(k) V factor##k = v_all((k < KB / 2 ? w : w_half)[(size_t)(k % (KB / 2)) * w_row]);
#else
#define FACTOR(k) V factor##k = v_all(w[(size_t)k * w_row]);
#endif
#define VECTOR(v) V x##v = v_load(x + (size_t)(v / VG) * gap + v % VG * VL);
#define MADD(k, v) ACC(k, v) = v_fma(factor##k, x##v, ACC(k, v));
#define MADD_TURNED(v, k) MADD(k, v)
#define ROW(k)                                                                                     \
    {                                                                                              \
        FACTOR(k)                                                                                  \
        HEM__ROW(NV, MADD, k)                                                                      \
    }
#define COLUMN(v)                                                                                  \
    {                                                                                              \
        VECTOR(v)                                                                                  \
        HEM__ROW(KB, MADD_TURNED, v)                                                               \
    }
/* The shorter side of the block stays in registers, the other streams past. */
#if KB < NV
#define PRODUCTS HEM__TIMES(KB, FACTOR) HEM__TIMES(NV, COLUMN)
#else
#define PRODUCTS HEM__TIMES(NV, VECTOR) HEM__TIMES(KB, ROW)
#endif
#ifdef HALVES
#define NEXT w += w_step, w_half += w_step
#else
#define NEXT w += w_step
#endif
#define TERM                                                                                       \
    {                                                                                              \
        PRODUCTS                                                                                   \
        x += HEM__LANES;                                                                           \
        NEXT;                                                                                      \
    }
#define RELU(k, v) ACC(k, v) = v_max(ACC(k, v), v_all(0));
#define MASK(k, v) ACC(k, v) = v_where(v_load(s->mask + AT(k, v)) > v_all(0), ACC(k, v));
#define STORE(k, v) v_store(s->y + AT(k, v), ACC(k, v));

static NOINLINE void HEM__GLUE(HEM__GLUE(dense_, KB), HEM__GLUE(x, NV))(const dense_sum *d,
                                                                        const dense_span *s)
{
    const size_t w_row = d->w_row, w_step = d->w_step, gap = s->gap;
    const size_t ahead = s->ahead;
    const float *x = s->x, *w = s->w;
#ifdef HALVES
    const float *w_half = w + KB / 2 * w_row;
    __asm__("" : "+r"(w_half));
#endif
    HEM__GRID(KB, NV, NAME)
    (void)gap;
    (void)w_row;
    if (d->go_on) {
        HEM__GRID(KB, NV, FROM_Y)
    } else if (s->bias != NULL) {
        HEM__GRID(KB, NV, FROM_BIAS)
    } else {
        HEM__GRID(KB, NV, FROM_ZERO)
    }
    if (ahead > 0 || VL == 4) { /* one loop for vectors of 4: between two gcc saves registers */
        UNROLL(4)
        for (size_t n = d->n; n > 0; n--) {
            __builtin_prefetch(w + ahead);
            TERM
        }
    } else {
        UNROLL(4)
        for (size_t n = d->n; n > 0; n--) {
            TERM
        }
    }
    if (d->relu) {
        HEM__GRID(KB, NV, RELU)
    }
    if (s->mask != NULL) {
        HEM__GRID(KB, NV, MASK)
    }
    HEM__GRID(KB, NV, STORE)
}

#undef ACC
#undef NAME
#undef AT
#undef FROM_Y
#undef FROM_BIAS
#undef FROM_ZERO
#undef FACTOR
#undef HALVES
#undef VECTOR
#undef MADD
#undef MADD_TURNED
#undef ROW
#undef COLUMN
#undef PRODUCTS
#undef NEXT
#undef TERM
#undef RELU
#undef MASK
#undef STORE
#undef KB
#undef NV
