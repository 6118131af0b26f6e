/* One Fourier transform of an odd number of points, included once for each: RADIX points, HALF =
 * (RADIX - 1) / 2. A template, so without an include guard; it undefines both.
 *
 * The real parts of the result need the real parts of the a's and the imaginary parts of the b's of
 * contract_fft.h, the imaginary parts the others: one half each, so that all fits the registers. */

#define SUM(j) V a##j = v_load(p + (j + 1) * step) + v_load(p + (RADIX - 1 - j) * step);
#define DIFFERENCE(j) V b##j = v_load(q + (j + 1) * step) - v_load(q + (RADIX - 1 - j) * step);
#define ADD(j) total += a##j;
#define TERM(k, j)                                                                                 \
    P = v_fma(v_all(COSINE[RADIX][(k + 1) * (j + 1) % RADIX]), a##j, P);                           \
    Q = v_fma(v_all(SINE[RADIX][(k + 1) * (j + 1) % RADIX]), b##j, Q);
#define PAIR_OF(k)                                                                                 \
    {                                                                                              \
        V P = x0, Q = v_all(0);                                                                    \
        HEM__ROW(HALF, TERM, k)                                                                    \
        v_store(y + (real ? k + 1 : RADIX - 1 - k) * y_step, P + Q);                               \
        v_store(y + (real ? RADIX - 1 - k : k + 1) * y_step, P - Q);                               \
    }

INLINE void HEM__GLUE(half_, RADIX)(const float *p, const float *q, ptrdiff_t step, float *y,
                                    ptrdiff_t y_step, bool real)
{
    V x0 = v_load(p), total = x0;
    HEM__TIMES(HALF, SUM)
    HEM__TIMES(HALF, DIFFERENCE)
    HEM__TIMES(HALF, ADD)
    v_store(y, total);
    HEM__TIMES(HALF, PAIR_OF)
}

static NOINLINE void HEM__GLUE(HEM__GLUE(dft_, RADIX), x1)(const dft_stage *stage)
{
    const dft_stage here = *stage, *s = &here;
    for (size_t line = 0; line < s->n_lines; line++) {
        const float *x = s->x + line * s->x_line;
        float *y = s->y + line * s->y_line;
        for (size_t i = s->count; i > 0; i--) {
            HEM__GLUE(half_, RADIX)(x, x + s->x_im, s->x_step, y, s->y_step, true);
            HEM__GLUE(half_, RADIX)(x + s->x_im, x, s->x_step, y + s->y_im, s->y_step, false);
            x += s->x_next;
            y += s->y_next;
        }
    }
}

#undef SUM
#undef DIFFERENCE
#undef ADD
#undef TERM
#undef PAIR_OF
#undef RADIX
#undef HALF
