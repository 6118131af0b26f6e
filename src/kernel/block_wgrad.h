/* One micro-kernel of the convolution's weight gradient, included once for each block: A virtual
 * channels (kernel column x channel, which follow each other in x) times B filters, over the pixels
 * of a few output rows, VL of the 16 lanes. A template, so without an include guard; it undefines A
 * and B. */

#define ACC(a, b) s##a##_##b
#define START(a, b) V ACC(a, b) = v_all(0);
#define LOAD_X(a) V x##a = v_load(xp + a * HEM__LANES);
#define LOAD_D(b) V d##b = v_load(dp + b * HEM__LANES);
#define MADD(a, b) ACC(a, b) = v_fma(x##a, d##b, ACC(a, b));
#define MADD_TURNED(b, a) MADD(a, b)
#define ROW(a)                                                                                     \
    {                                                                                              \
        LOAD_X(a)                                                                                  \
        HEM__ROW(B, MADD, a)                                                                       \
    }
#define COLUMN(b)                                                                                  \
    {                                                                                              \
        LOAD_D(b)                                                                                  \
        HEM__ROW(A, MADD_TURNED, b)                                                                \
    }
/* At the border a tap may lie outside: then the lane takes nothing from this pixel. */
#define MADD_BORDER(a, b) ACC(a, b) = v_fma(x##a, v_load(dp + b * HEM__LANES), ACC(a, b));
#define ROW_BORDER(a)                                                                              \
    if ((size_t)(place + a) < limit) {                                                             \
        LOAD_X(a)                                                                                  \
        HEM__ROW(B, MADD_BORDER, a)                                                                \
    }
#define BORDER(count)                                                                              \
    for (int q = count; q > 0; q--) {                                                              \
        HEM__TIMES(A, ROW_BORDER)                                                                  \
        xp += x_step;                                                                              \
        dp += d_step;                                                                              \
        place += u->place_step;                                                                    \
    }
#define STORE(a, b) v_store(sums + (a * B + b) * HEM__LANES, ACC(a, b));

static NOINLINE void HEM__GLUE(HEM__GLUE(wgrad_, A),
                               HEM__GLUE(x, B))(const wgrad_unit *u, const wgrad_block *block,
                                                const float *x, const float *dy, float *sums)
{
    const ptrdiff_t x_step = u->x_step;
    const size_t d_step = u->d_step, limit = u->place_limit;
    HEM__GRID(A, B, START)
    for (int row = u->n_rows; row > 0; row--) {
        const float *xp = x, *dp = dy;
        ptrdiff_t place = block->place;
        BORDER(block->n_left)
        for (int q = block->n_inside; q > 0; q--) {
            /* The shorter side of the block stays in registers, the other streams past. */
#if A < B
            HEM__TIMES(A, LOAD_X)
            HEM__TIMES(B, COLUMN)
#else
            HEM__TIMES(B, LOAD_D)
            HEM__TIMES(A, ROW)
#endif
            xp += x_step;
            dp += d_step;
        }
        place += block->n_inside * u->place_step;
        BORDER(block->n_right)
        x += u->x_row;
        dy += u->d_row;
    }
    HEM__GRID(A, B, STORE)
}

#undef ACC
#undef START
#undef LOAD_X
#undef LOAD_D
#undef MADD
#undef MADD_TURNED
#undef ROW
#undef COLUMN
#undef MADD_BORDER
#undef ROW_BORDER
#undef BORDER
#undef STORE
#undef A
#undef B
