/* One micro-kernel of a dense layer's weight gradient: the sums over all images for register blocks
 * of KB outputs x NV vectors of inputs; s->n blocks side by side, then the next outputs. Included
 * once for each block, by vector_gradient.c and vector_update.c, which say in BEGIN what the sums
 * ACC(k, v) begin with, and in END what becomes of those of the block whose first number is `at`;
 * KEEP declares what these two need. A template, so without an include guard; it undefines KB and
 * NV. */

#define ACC(k, v) a##k##_##v
#define NAME(k, v) V ACC(k, v);
#define FACTOR(k) V factor##k = v_all(dy[k * HEM__LANES]);
#define VECTOR(v) V x##v = v_load(x + v * VL);
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

static NOINLINE void HEM__GLUE(HEM__GLUE(HEM__GLUE(KERNEL, _), KB),
                               HEM__GLUE(x, NV))(const gradient_work *d, const gradient_span *s)
{
    const size_t ld_xt = d->ld_xt, ld = d->ld, next_tile = s->dy_tile - HEM__LANES;
    const size_t n = (size_t)s->n * NV * VL;
    const int n_tiles = d->n_tiles;
    const float *top = s->dy;
    size_t row = s->at;
    KEEP;
    for (int rows = s->rows; rows > 0; rows -= KB, row += KB * ld, top += KB * HEM__LANES) {
        for (size_t i = 0; i < n; i += NV * VL) {
            const float *x = s->xt + i, *dy = top;
            const size_t at = row + i;
            HEM__GRID(KB, NV, NAME)
            BEGIN
            int t = n_tiles;
            do {
                UNROLL(4)
                for (size_t image = HEM__LANES; image > 0; image--) {
                    /* The shorter side of the block stays in registers, the other streams past. */
#if KB < NV
                    HEM__TIMES(KB, FACTOR)
                    HEM__TIMES(NV, COLUMN)
#else
                    HEM__TIMES(NV, VECTOR)
                    HEM__TIMES(KB, ROW)
#endif
                    x += ld_xt;
                    dy++;
                }
                dy += next_tile;
            } while (--t > 0);
            END
        }
    }
}

#undef ACC
#undef NAME
#undef FACTOR
#undef VECTOR
#undef MADD
#undef MADD_TURNED
#undef ROW
#undef COLUMN
#undef KB
#undef NV
