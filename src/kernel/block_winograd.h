/* Two micro-kernels of Winograd's algorithm, included once for each register block of KB output
 * channels x NV vectors. winograd_KBxNV: the vectors are the images of NV / VG patches, x holds
 * [patch][channel][16], u one panel of transformed weights. winograd_wgrad_KBxNV: the vectors are
 * NV * VL channels, x holds [patch, image][16 channels], and d rows of [patch, image]. A template,
 * so without an include guard; it undefines KB and NV. */

#define ACC(k, v) a##k##_##v
#define START(k, v) V ACC(k, v) = v_all(0);
#define MADD(k, v) ACC(k, v) = v_fma(factor##k, x##v, ACC(k, v));
#define VECTOR(v) V x##v = v_load(x + v / VG * x_patch + v % VG * VL);
#define ROW(k)                                                                                     \
    {                                                                                              \
        V factor##k = v_all(u[k]);                                                                 \
        HEM__ROW(NV, MADD, k)                                                                      \
    }
#define STORE_AT(k, v) v_store(z + v / VG * z_patch + k * HEM__LANES + v % VG * VL, ACC(k, v));

static NOINLINE void HEM__GLUE(HEM__GLUE(winograd_, KB),
                               HEM__GLUE(x, NV))(const float *x, size_t x_patch, const float *u,
                                                 size_t n_channels, float *z, size_t z_patch)
{
    (void)x_patch, (void)z_patch;
    HEM__GRID(KB, NV, START)
    UNROLL(2)
    for (size_t n = n_channels; n > 0; n--) {
        HEM__TIMES(NV, VECTOR)
        HEM__TIMES(KB, ROW)
        x += HEM__LANES;
        u += KB;
    }
    HEM__GRID(KB, NV, STORE_AT)
}

#undef VECTOR
#undef ROW
#undef STORE_AT

#define VECTOR(v) V x##v = v_load(x + v * VL / HEM__ALIGN * x_block + v * VL % HEM__ALIGN);
#define POINTER(k) const float *d##k = d + k * d_row;
#define ROW(k)                                                                                     \
    {                                                                                              \
        V factor##k = v_all(d##k[n]);                                                              \
        HEM__ROW(NV, MADD, k)                                                                      \
    }
#define ADD(k, v) v_store(g + k * g_row + v * VL, v_load(g + k * g_row + v * VL) + ACC(k, v));

static NOINLINE void HEM__GLUE(HEM__GLUE(winograd_wgrad_, KB),
                               HEM__GLUE(x, NV))(const float *d, size_t d_row, const float *x,
                                                 size_t x_block, size_t n_images, float *g,
                                                 size_t g_row)
{
    (void)x_block;
    HEM__GRID(KB, NV, START)
    HEM__TIMES(KB, POINTER)
    UNROLL(2)
    for (size_t n = 0; n < n_images; n++) {
        HEM__TIMES(NV, VECTOR)
        HEM__TIMES(KB, ROW)
        x += HEM__ALIGN;
    }
    HEM__GRID(KB, NV, ADD)
}

#undef ACC
#undef START
#undef MADD
#undef VECTOR
#undef POINTER
#undef ROW
#undef ADD
#undef KB
#undef NV
