/* One convolution micro-kernel, included once for each register block: KB output channels x NV
 * vectors, that is NV / VG neighbouring outputs that share their taps. A template, so without an
 * include guard; it undefines KB and NV. */

#define ACC(k, v) a##k##_##v
#define START(k, v) V ACC(k, v) = bias##k;
#define BIAS(k) V bias##k = line->bias != NULL ? v_all(line->bias[k]) : v_all(0);
#define VECTOR(v) V x##v = v_load(xp + v / VG * x_step + v % VG * VL);
#define FACTOR(k) V factor##k = v_all(wp[k]);
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
#define RELU(k, v) ACC(k, v) = v_max(ACC(k, v), v_all(0));
#define AT(k, v) (v / VG * line->y_step + k * HEM__LANES + v % VG * VL)
#define MASK(k, v) ACC(k, v) = v_where(v_load(mask + AT(k, v)) > v_all(0), ACC(k, v));
#define STORE(k, v) v_store(y + AT(k, v), ACC(k, v));

static NOINLINE void HEM__GLUE(HEM__GLUE(conv_, KB), HEM__GLUE(x, NV))(const conv_line *line,
                                                                       const conv_span *span)
{
    const size_t per_block = NV / VG;
    float *y = span->y;
    const float *mask = span->mask;
    size_t pixel = span->pixel;
    for (size_t n = span->n_blocks; n > 0; n--) {
        HEM__TIMES(KB, BIAS)
        HEM__GRID(KB, NV, START)
        for (size_t g = 0; g < line->n_groups; g++) {
            size_t width = g + 1 < line->n_groups ? HEM__BLOCK : line->last_width;
            size_t length = span->n_columns * width;
            size_t x_step = line->step_x * width * HEM__LANES;
            const float *x = line->x + g * line->plane + pixel * width * HEM__LANES;
            const float *w = line->w + (g * HEM__BLOCK * line->n_taps + span->tap * width) * KB;
            for (size_t r = span->n_rows; r > 0; r--) {
                const float *xp = x, *wp = w;
                (void)x_step;
                UNROLL(2)
                for (size_t left = length; left > 0; left--) {
                    /* The shorter side of the block stays in registers, the other streams past. */
#if KB < NV
                    HEM__TIMES(KB, FACTOR)
                    HEM__TIMES(NV, COLUMN)
#else
                    HEM__TIMES(NV, VECTOR)
                    HEM__TIMES(KB, ROW)
#endif
                    xp += HEM__LANES;
                    wp += KB;
                }
                x += line->W * width * HEM__LANES;
                w += line->S * width * KB;
            }
        }
        if (line->relu) {
            HEM__GRID(KB, NV, RELU)
        }
        if (mask != NULL) {
            HEM__GRID(KB, NV, MASK)
            mask += per_block * line->y_step;
        }
        HEM__GRID(KB, NV, STORE)
        y += per_block * line->y_step;
        pixel += per_block * line->step_x;
    }
}

#undef ACC
#undef START
#undef BIAS
#undef VECTOR
#undef FACTOR
#undef MADD
#undef MADD_TURNED
#undef ROW
#undef COLUMN
#undef RELU
#undef AT
#undef MASK
#undef STORE
#undef KB
#undef NV
