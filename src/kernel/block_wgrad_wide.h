/* One micro-kernel of the weight gradient's wide form, included once for each block: A
 * virtual channels, a number of x each, times N vectors of filters, over the pixels of a unit. A
 * template, so without an include guard; it undefines A and N. */

#define ACC(a, b) s##a##_##b
#define NAME(a, b) V ACC(a, b) = v_all(0);
#define LOAD_D(b) V d##b = v_load(d + b * VL);
#define MADD(a, b) ACC(a, b) = v_fma(x##a, d##b, ACC(a, b));
#define ROW(a)                                                                                     \
    {                                                                                              \
        V x##a = v_all(x[a * HEM__LANES]);                                                         \
        HEM__ROW(N, MADD, a)                                                                       \
    }
/* At the border a tap may lie outside: then its sums take nothing from this pixel. */
#define ROW_BORDER(a)                                                                              \
    if ((size_t)(place + a) < u->place_limit)                                                      \
    ROW(a)
#define PIXELS(count, ONE)                                                                         \
    for (int q = count; q > 0; q--) {                                                              \
        const float *x = xp;                                                                       \
        UNROLL(2)                                                                                  \
        for (int image = 0; image < HEM__LANES; image++) {                                         \
            HEM__TIMES(N, LOAD_D)                                                                  \
            HEM__TIMES(A, ONE)                                                                     \
            x++;                                                                                   \
            d += u->d_step;                                                                        \
        }                                                                                          \
        xp += u->x_step;                                                                           \
        place += u->place_step;                                                                    \
    }
#define ADD(a, b) v_store(sums + (a * N + b) * VL, v_load(sums + (a * N + b) * VL) + ACC(a, b));

/* sums[a][N * VL] += the unit's; a row of d is u->d_step numbers. */
static NOINLINE void HEM__GLUE(HEM__GLUE(wide_, A),
                               HEM__GLUE(x, N))(const wgrad_unit *u, const wide_block *block,
                                                const float *x_first, const float *d, float *sums)
{
    HEM__GRID(A, N, NAME)
    for (int row = u->n_rows; row > 0; row--) {
        const float *xp = x_first;
        ptrdiff_t place = block->place;
        PIXELS(block->n_left, ROW_BORDER)
        PIXELS(block->n_inside, ROW)
        PIXELS(block->n_right, ROW_BORDER)
        x_first += u->x_row;
    }
    HEM__GRID(A, N, ADD)
}

#undef ACC
#undef NAME
#undef LOAD_D
#undef MADD
#undef ROW
#undef ROW_BORDER
#undef PIXELS
#undef ADD
#undef A
#undef N
