/* One micro-kernel of complex products, included once for each register block: KB outputs x NV
 * vectors. A template, so without an include guard; it undefines KB and NV. */

#define RE(k, v) re##k##_##v
#define IM(k, v) im##k##_##v
#define START(k, v)                                                                                \
    V RE(k, v) = goes_on ? v_load(y + k * y_out + v * VL) : v_all(0);                              \
    V IM(k, v) = goes_on ? v_load(y + k * y_out + y_im + v * VL) : v_all(0);
#define REAL(v) V x##v = v_load(x + v * VL);
#define IMAGINARY(v) V x##v = v_load(x + x_im + v * VL);
#define RE_RE(k, v) RE(k, v) = v_fma(f, x##v, RE(k, v));
#define IM_RE(k, v) IM(k, v) = v_fma(f, -x##v, IM(k, v));
#define RE_IM(k, v) RE(k, v) = v_fma(f, x##v, RE(k, v));
#define IM_IM(k, v) IM(k, v) = v_fma(f, x##v, IM(k, v));
#define BY_REAL(k)                                                                                 \
    {                                                                                              \
        V f = v_all(a[k * a_out]);                                                                 \
        HEM__ROW(NV, RE_RE, k)                                                                     \
    }                                                                                              \
    {                                                                                              \
        V f = v_all(a[k * a_out + a_im]);                                                          \
        HEM__ROW(NV, IM_RE, k)                                                                     \
    }
#define BY_IMAGINARY(k)                                                                            \
    {                                                                                              \
        V f = v_all(a[k * a_out + a_im]);                                                          \
        HEM__ROW(NV, RE_IM, k)                                                                     \
    }                                                                                              \
    {                                                                                              \
        V f = v_all(a[k * a_out]);                                                                 \
        HEM__ROW(NV, IM_IM, k)                                                                     \
    }
#define STORE(k, v)                                                                                \
    v_store(y + k * y_out + v * VL, RE(k, v));                                                     \
    v_store(y + k * y_out + y_im + v * VL, IM(k, v));

static NOINLINE void HEM__GLUE(HEM__GLUE(fft_, KB), HEM__GLUE(x, NV))(const fft_block *b,
                                                                      const float *first, float *y,
                                                                      int n_blocks)
{
    const ptrdiff_t a_out = b->a_out, a_in = b->a_in, a_im = b->a_im, a_group = b->a_group;
    const ptrdiff_t x_in = b->x_in, x_im = b->x_im, y_out = b->y_out, y_im = b->y_im;
    const size_t n_in = b->n_in, n_groups = b->n_groups;
    const bool goes_on = b->goes_on;
    for (; n_blocks > 0; n_blocks--) {
        const float *group = first, *x = b->x;
        HEM__GRID(KB, NV, START)
        for (size_t n = n_groups; n > 0; n--) {
            const float *a = group;
            for (size_t i = n_in; i > 0; i--) {
                {HEM__TIMES(NV, REAL) HEM__TIMES(KB, BY_REAL)} {
                    HEM__TIMES(NV, IMAGINARY) HEM__TIMES(KB, BY_IMAGINARY)} a += a_in;
                x += x_in;
            }
            group += a_group;
        }
        HEM__GRID(KB, NV, STORE)
        first += KB * a_out;
        y += KB * y_out;
    }
}

#undef RE
#undef IM
#undef START
#undef REAL
#undef IMAGINARY
#undef RE_RE
#undef IM_RE
#undef RE_IM
#undef IM_IM
#undef BY_REAL
#undef BY_IMAGINARY
#undef STORE
#undef KB
#undef NV
