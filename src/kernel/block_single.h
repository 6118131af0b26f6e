/* One convolution micro-kernel for one image, included once for each register block: NP pixels of a
 * row x NV vectors of output channels. A template, so without an include guard; it undefines NP and
 * NV. Pixels are reached from every third one: few enough pointers to stay in registers. */

#define ACC(p, v) a##p##_##v
#define BIAS(v) V bias##v = line->bias != NULL ? v_load(line->bias + v * VL) : v_all(0);
#define START(p, v) V ACC(p, v) = bias##v;
#define WEIGHT(v) V w##v = v_load(w[v]);
#define NEXT(v) w[v] += HEM__ALIGN;
#define MADD(p, v) ACC(p, v) = v_fma(w##v, x##p, ACC(p, v));
#define PIXEL(p)                                                                                   \
    {                                                                                              \
        V x##p = v_all(x[p / 3][p % 3 * step]);                                                    \
        HEM__ROW(NV, MADD, p)                                                                      \
    }
#define RELU(p, v) ACC(p, v) = v_max(ACC(p, v), v_all(0));
#define STORE(p, v) v_store(y + p * y_step + v * VL, ACC(p, v));

static NOINLINE void HEM__GLUE(HEM__GLUE(single_conv_, NP),
                               HEM__GLUE(x, NV))(const conv_line *line, const float *row, float *y,
                                                 size_t y_step)
{
    const size_t step = line->x_step;
    const float *w[2] = {line->w[0], line->w[1]};
    HEM__TIMES(NV, BIAS)
    HEM__GRID(NP, NV, START)
    for (size_t r = line->n_rows; r > 0; r--) {
        const float *x[5] = {row, row + 3 * step, row + 6 * step, row + 9 * step, row + 12 * step};
        for (size_t left = line->n_taps; left > 0; left--) {
            HEM__TIMES(NV, WEIGHT)
            HEM__TIMES(NP, PIXEL)
            HEM__TIMES(NV, NEXT)
            x[0]++, x[1]++, x[2]++, x[3]++, x[4]++;
        }
        row += line->x_row;
    }
    if (line->relu) {
        HEM__GRID(NP, NV, RELU)
    }
    HEM__GRID(NP, NV, STORE)
}

#undef ACC
#undef BIAS
#undef START
#undef WEIGHT
#undef NEXT
#undef MADD
#undef PIXEL
#undef RELU
#undef STORE
#undef NP
#undef NV
