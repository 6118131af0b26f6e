/* One micro-kernel of the convolution's weight gradient, included once for each block: A virtual
 * channels (kernel column x channel, which follow each other in x) times B filters, over the pixels
 * of a few output rows, VL of the 16 lanes. A template, so without an include guard; it undefines A
 * and B. */

#define ACC(a, b) s##a##_##b
#define NAME(a, b) V ACC(a, b);
#define START(a, b) ACC(a, b) = v_all(0);
#define JOIN(a, b) ACC(a, b) = v_load(sums + SLOT(a, b) * SUMS_OF) + ACC(a, b);
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
#define KEEP(a, b) v_store(sums + SLOT(a, b) * SUMS_OF + SUMS_AT(lane), ACC(a, b));
/* Vectors of less than 8 lanes wait in memory until all 16 are there. */
#if VL < 8
#define SUMS_OF HEM__LANES
#define SUMS_AT(lane) lane
#else
#define SUMS_OF VL
#define SUMS_AT(lane) 0
#endif
#if B == 4
#define SLOT(a, b) (a * 4 + b)
#define FOLD(a) v_add_fold(kept + a * 4, s##a##_0, s##a##_1, s##a##_2, s##a##_3);
#define N_FOLDS (A * 4)
#else
#define SLOT(a, b) (b * ((A + 3) / 4 * 4) + a)
#define N_FOLDS (B * ((A + 3) / 4 * 4))
#if A > 1
#define S1(b) ACC(1, b)
#else
#define S1(b) v_all(0)
#endif
#if A > 2
#define S2(b) ACC(2, b)
#else
#define S2(b) v_all(0)
#endif
#if A > 3
#define S3(b) ACC(3, b)
#else
#define S3(b) v_all(0)
#endif
#if A > 4
#if A > 5
#define S5(b) ACC(5, b)
#else
#define S5(b) v_all(0)
#endif
#if A > 6
#define S6(b) ACC(6, b)
#else
#define S6(b) v_all(0)
#endif
#if A > 7
#define S7(b) ACC(7, b)
#else
#define S7(b) v_all(0)
#endif
#define FOLD(b)                                                                                    \
    v_add_fold(kept + b * 8, ACC(0, b), S1(b), S2(b), S3(b));                                      \
    v_add_fold(kept + b * 8 + 4, ACC(4, b), S5(b), S6(b), S7(b));
#else
#define FOLD(b) v_add_fold(kept + b * 4, ACC(0, b), S1(b), S2(b), S3(b));
#endif
#endif

/* kept += the block's folded sums. `sums` is room for them while a part of the lanes is done. */
static NOINLINE void HEM__GLUE(HEM__GLUE(wgrad_, A),
                               HEM__GLUE(x, B))(const wgrad_unit *u, const wgrad_block *block,
                                                const float *x_first, const float *d_first,
                                                float *sums, float *kept)
{
    const ptrdiff_t x_step = u->x_step;
    const size_t d_step = u->d_step, limit = u->place_limit;
    HEM__GRID(A, B, NAME)
    for (int lane = 0;; lane += VL) {
        const float *x = x_first + lane, *dy = d_first + lane;
        const ptrdiff_t x_ahead = lane == 0 ? block->x_ahead : block->x_ahead_late;
        const ptrdiff_t d_ahead = lane == 0 ? block->d_ahead : block->d_ahead_late;
        HEM__GRID(A, B, START)
        for (int row = u->n_rows; row > 0; row--) {
            const float *xp = x, *dp = dy;
            ptrdiff_t place = block->place;
            BORDER(block->n_left)
            for (int q = block->n_inside; q > 0; q--) {
                __builtin_prefetch(xp + x_ahead);
                __builtin_prefetch(dp + d_ahead);
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
            if (block->n_right > 0) {
                place += block->n_inside * u->place_step;
                BORDER(block->n_right)
            }
            x += u->x_row;
            dy += u->d_row;
        }
        if (VL >= 8 && lane + VL == HEM__LANES)
            break;
        HEM__GRID(A, B, KEEP)
        if (VL < 8 && lane + VL == HEM__LANES)
            break;
    }
#if VL < 8
    for (int i = 0; i < N_FOLDS; i += 4)
        v_add_fold4(kept + i, sums + i * HEM__LANES);
#else
#if VL == 8
    HEM__GRID(A, B, JOIN)
#endif
#if B == 4
    HEM__TIMES(A, FOLD)
#else
    HEM__TIMES(B, FOLD)
#endif
#endif
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
#undef NAME
#undef JOIN
#undef KEEP
#undef SUMS_OF
#undef SUMS_AT
#undef SLOT
#undef FOLD
#undef N_FOLDS
#undef S1
#undef S2
#undef S3
#undef S5
#undef S6
#undef S7
#undef A
#undef B
