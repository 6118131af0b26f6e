/* The verbs of the vector source: what an instruction set must offer. The vector_*.c files are
 * compiled once a tier (CMakeLists.txt); each compilation sees one section below.
 *
 *   VL   floats in a vector V; I and U are its lanes as signed and unsigned integers
 *   UW   pairs of lanes as unsigned integers of 64 bits, the even lane in the low half
 *   VG   vectors of one tile that a micro-kernel takes at once; VG * VL lanes are a lane group, and
 *        HEM__LANES / (VG * VL) groups run one after the other (SSE2: two)
 *   FUSED       whether v_fma rounds once
 *   REGISTERS   vector registers that the accumulators of a micro-kernel share with its operands
 *
 * + - * / and comparisons are the compiler's own on vectors (comparisons give all ones or zero).
 *
 * The portable tier has no fused multiply-add: v_fma rounds twice, so its numbers differ from the
 * reference's. Bound, tested by tests/kernel: a sum of n products a_i * b_i differs from the
 * reference by at most (2 n + 4) * 2^-24 * (sum of |a_i * b_i| + |what the sum began with|), and
 * exp, log, tanh and sigmoid stay within 4 ulp of the true value. All other tiers equal the
 * reference bit for bit. */
#ifndef HEM_KERNEL_SIMD_H
#define HEM_KERNEL_SIMD_H

#include <stddef.h>
#include <stdint.h>

#define HEM__CAT_(a, b) a##b
#define HEM__CAT(a, b) HEM__CAT_(a, b)
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#ifdef __clang__
#define UNROLL(n) _Pragma("clang loop unroll(disable)")
#else
#define UNROLL(n) HEM__PRAGMA(GCC unroll n)
#define HEM__PRAGMA(text) _Pragma(#text)
#endif

#if defined(HEM_TIER_AVX512) || defined(HEM_TIER_LOWERED)
#include <immintrin.h>
#define VL 16
#define VG 1
#if defined(HEM_TIER_LOWERED) /* tests only: the blocks of avx512 in AVX2's instructions */
#define HEM__TIER lowered
typedef float V __attribute__((vector_size(64)));
#else
#define HEM__TIER avx512
typedef __m512 V;
#endif
typedef float V_unaligned __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t I __attribute__((vector_size(64)));
typedef uint32_t U __attribute__((vector_size(64)));
#define LANE_NUMBERS                                                                               \
    {                                                                                              \
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15                                       \
    }

#elif defined(HEM_TIER_AVX2)
#define HEM__TIER avx2
#include <immintrin.h>
#define VL 8
#define VG 2
typedef __m256 V;
typedef float V_unaligned __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t I __attribute__((vector_size(32)));
typedef uint32_t U __attribute__((vector_size(32)));
#define LANE_NUMBERS                                                                               \
    {                                                                                              \
        0, 1, 2, 3, 4, 5, 6, 7                                                                     \
    }

#else
#if defined(HEM_TIER_NEON)
#define HEM__TIER neon
#include <arm_neon.h>
#define VG 4
#else
#define HEM__TIER portable
#ifdef __SSE2__
#include <emmintrin.h>
#else
#include <math.h>
#endif
#define VG 2
#endif
#define VL 4
typedef float V __attribute__((vector_size(16)));
typedef float V_unaligned __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t I __attribute__((vector_size(16)));
typedef uint32_t U __attribute__((vector_size(16)));
#define LANE_NUMBERS                                                                               \
    {                                                                                              \
        0, 1, 2, 3                                                                                 \
    }
#endif

/* name_avx2 and so on: every symbol that leaves a file of the vector source. */
#define TIER(name) HEM__CAT(HEM__CAT(name, _), HEM__TIER)

#define GROUP (VG * VL) /* lanes in a lane group */

#if VL > 4 || defined(HEM_TIER_NEON)
#define FUSED 1
#else
#define FUSED 0
#endif

typedef double D __attribute__((vector_size(VL * 4))); /* half the lanes of a vector, in double */
typedef uint64_t UW __attribute__((vector_size(VL * 4)));

#if defined(HEM_TIER_AVX512) || defined(HEM_TIER_LOWERED) || defined(HEM_TIER_NEON)
#define REGISTERS 32
#else
#define REGISTERS 16
#endif

/* Outputs of a register block of dense layers that take a step with their gradient. */
#if VL == 8
#define DENSE_ROWS 3
#elif REGISTERS == 32
#define DENSE_ROWS 4 /* AVX-512: with more gcc runs out of registers */
#else
#define DENSE_ROWS 2
#endif

typedef float V4 __attribute__((vector_size(16)));
typedef float V4_unaligned __attribute__((vector_size(16), aligned(4), may_alias));

/* ---- verbs that every compiler knows how to do best ------------------------------------------ */

INLINE V v_load(const float *p)
{
    return (V) * (const V_unaligned *)p;
}

INLINE void v_store(float *p, V v)
{
    *(V_unaligned *)p = (V_unaligned)v;
}

/* The number in every lane. Subtracting +0 keeps even -0, so it costs nothing. */
INLINE V v_all(float x)
{
    return x - (V){0};
}

INLINE I i_all(int32_t x)
{
    return x - (I){0};
}

INLINE U u_all(uint32_t x)
{
    return x - (U){0};
}

/* a where mask is all ones, b where it is zero. */
INLINE V v_select(I mask, V a, V b)
{
    return (V)((mask & (I)a) | (~mask & (I)b));
}

/* v where mask is all ones, else 0. */
INLINE V v_where(I mask, V v)
{
    return (V)(mask & (I)v);
}

INLINE V v_abs(V v)
{
    return (V)((I)v & 0x7fffffff);
}

/* ---- verbs of the instruction set ------------------------------------------------------------ */

/* v_fma, d_fma: a * b + c. v_max: a > b ? a : b in every lane, NaN included. v_of_bytes: VL bytes
 * as numbers. w_mul: the 64-bit products of the low halves of a with m. u_kept: bit l of kept[0] is
 * that the low half of lane l of the tile is >= threshold (up to 65536), of kept[1] the high half.
 * v_fold4: tree16 of four rows of 16 lanes. v_transpose: SQUARE lanes of as many units. */

#if defined(HEM_TIER_AVX512)

INLINE V v_fma(V a, V b, V c)
{
    return _mm512_fmadd_ps(a, b, c);
}

INLINE D d_fma(D a, D b, D c)
{
    return (D)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}

INLINE V v_max(V a, V b)
{
    return _mm512_max_ps(a, b);
}

INLINE V v_sqrt(V a)
{
    return _mm512_sqrt_ps(a);
}

INLINE V v_of_bytes(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

INLINE UW w_mul(UW a, uint32_t m)
{
    return (UW)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi32((int)m));
}

INLINE void u_kept(const U word[1], uint32_t threshold, uint16_t kept[2])
{
    __m512i least = _mm512_set1_epi32((int)threshold);
    kept[0] = (uint16_t)_mm512_cmpge_epi32_mask((__m512i)(word[0] & 0xFFFF), least);
    kept[1] = (uint16_t)_mm512_cmpge_epi32_mask((__m512i)(word[0] >> 16), least);
}

#elif defined(HEM_TIER_LOWERED)

typedef union halves {
    V v;
    __m256 half[2];
} halves;

INLINE V v_fma(V a, V b, V c)
{
    halves x = {a}, y = {b}, z = {c};
    for (int i = 0; i < 2; i++)
        z.half[i] = _mm256_fmadd_ps(x.half[i], y.half[i], z.half[i]);
    return z.v;
}

INLINE D d_fma(D a, D b, D c)
{
    return a * b + c; /* of products that are exact, as all of the tests' are */
}

INLINE V v_max(V a, V b)
{
    return v_select(a > b, a, b);
}

INLINE V v_sqrt(V a)
{
    halves x = {a};
    for (int i = 0; i < 2; i++)
        x.half[i] = _mm256_sqrt_ps(x.half[i]);
    return x.v;
}

#elif defined(HEM_TIER_AVX2)

INLINE V v_fma(V a, V b, V c)
{
    return _mm256_fmadd_ps(a, b, c);
}

INLINE D d_fma(D a, D b, D c)
{
    return (D)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}

INLINE V v_max(V a, V b)
{
    return _mm256_max_ps(a, b);
}

INLINE V v_sqrt(V a)
{
    return _mm256_sqrt_ps(a);
}

INLINE V v_of_bytes(const uint8_t *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}

INLINE UW w_mul(UW a, uint32_t m)
{
    return (UW)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi32((int)m));
}

/* Both halves are compared at once, as 16-bit numbers, and packed to bytes; two permutations put
 * the images of the low halves in order, then those of the high ones. */
INLINE void u_kept(const U word[2], uint32_t threshold, uint16_t kept[2])
{
    const __m256i bytes = _mm256_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15, 0,
                                           2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    const __m256i quarters = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i least = _mm256_set1_epi16((short)threshold), a = (__m256i)word[0];
    __m256i b = (__m256i)word[1];
    a = _mm256_cmpeq_epi16(_mm256_max_epu16(a, least), a);
    b = _mm256_cmpeq_epi16(_mm256_max_epu16(b, least), b);
    a = _mm256_shuffle_epi8(_mm256_packs_epi16(a, b), bytes);
    uint32_t all = (uint32_t)_mm256_movemask_epi8(_mm256_permutevar8x32_epi32(a, quarters));
    all = threshold > 0xFFFF ? 0 : all;
    kept[0] = (uint16_t)all;
    kept[1] = (uint16_t)(all >> 16);
}

#elif defined(HEM_TIER_NEON)

INLINE V v_fma(V a, V b, V c)
{
    return (V)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}

INLINE D d_fma(D a, D b, D c)
{
    return (D)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}

/* The instruction for a maximum treats NaN and -0 otherwise. */
INLINE V v_max(V a, V b)
{
    return v_select(a > b, a, b);
}

INLINE V v_sqrt(V a)
{
    return (V)vsqrtq_f32((float32x4_t)a);
}

INLINE UW w_mul(UW a, uint32_t m)
{
    return (UW)vmull_n_u32(vmovn_u64((uint64x2_t)a), m);
}

#else

INLINE V v_fma(V a, V b, V c)
{
    return a * b + c;
}

INLINE D d_fma(D a, D b, D c)
{
    return a * b + c;
}

INLINE V v_max(V a, V b)
{
#ifdef __SSE2__
    return _mm_max_ps(a, b);
#else
    return v_select(a > b, a, b);
#endif
}

INLINE V v_sqrt(V a)
{
#ifdef __SSE2__
    return _mm_sqrt_ps(a);
#else
    return (V){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])};
#endif
}

#endif

#if !defined(HEM_TIER_AVX512) && !defined(HEM_TIER_AVX2)

#if !defined(HEM_TIER_NEON)

INLINE UW w_mul(UW a, uint32_t m)
{
#if defined(__SSE2__) && VL == 4
    return (UW)_mm_mul_epu32((__m128i)a, _mm_set1_epi32((int)m));
#else
    return (a & 0xFFFFFFFFu) * m;
#endif
}

#endif

INLINE void u_kept(const U *word, uint32_t threshold, uint16_t kept[2])
{
    const U lane = LANE_NUMBERS;
    const I least = i_all((int32_t)threshold);
    U low = u_all(0), high = u_all(0);
    for (unsigned l = 0; l < 16; l += VL) {
        U bit = u_all(1u << l) << lane;
        low |= (U)((I)(word[l / VL] & 0xFFFF) >= least) & bit;
        high |= (U)((I)(word[l / VL] >> 16) >= least) & bit;
    }
    kept[0] = kept[1] = 0;
    for (int l = 0; l < VL; l++) {
        kept[0] = (uint16_t)(kept[0] | low[l]);
        kept[1] = (uint16_t)(kept[1] | high[l]);
    }
}

#endif

/* The low halves of a's lanes between those of b's. */
INLINE U w_merge(UW a, UW b)
{
    return (U)((a & 0xFFFFFFFFu) | b << 32);
}

#if !defined(HEM_TIER_AVX512) && !defined(HEM_TIER_AVX2)

INLINE V v_of_bytes(const uint8_t *p)
{
    typedef uint8_t bytes __attribute__((vector_size(VL)));
    bytes b;
    __builtin_memcpy(&b, p, sizeof b);
    return __builtin_convertvector(b, V);
}

#endif

#if VL > 4

INLINE __m256 v_half_sum(const float lanes[16])
{
    return _mm256_add_ps(_mm256_loadu_ps(lanes), _mm256_loadu_ps(lanes + 8));
}

INLINE V4 v_fold4(const float lanes[64])
{
    __m256 ab = _mm256_hadd_ps(v_half_sum(lanes), v_half_sum(lanes + 16));
    __m256 cd = _mm256_hadd_ps(v_half_sum(lanes + 32), v_half_sum(lanes + 48));
    __m256 all = _mm256_hadd_ps(ab, cd);
    return (V4)_mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
}

/* y += the tree sums of four vectors whose lanes l and l + 8 were added already. */
INLINE void v_add_fold8(float y[4], __m256 a, __m256 b, __m256 c, __m256 d)
{
    __m256 all = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
    _mm_storeu_ps(y, _mm_add_ps(_mm_loadu_ps(y), sum));
}

#if VL == 16

INLINE __m256 v_halves(V a)
{
#if defined(HEM_TIER_LOWERED)
    halves x = {a};
    return _mm256_add_ps(x.half[0], x.half[1]);
#else
    __m256 high = _mm512_extractf32x8_ps(a, 1);
    return _mm256_add_ps(_mm512_castps512_ps256(a), high);
#endif
}

INLINE void v_add_fold(float y[4], V a, V b, V c, V d)
{
    v_add_fold8(y, v_halves(a), v_halves(b), v_halves(c), v_halves(d));
}

#else

INLINE void v_add_fold(float y[4], V a, V b, V c, V d)
{
    v_add_fold8(y, a, b, c, d);
}

#endif

enum { SQUARE = 8 };

/* to[j * ld + i] = from[i * 16 + j] for i, j in 0..7. */
INLINE void v_transpose(const float *from, float *to, size_t ld)
{
#define ROW(i) __m256 r##i = _mm256_loadu_ps(from + i * 16);
#define PAIR(i, j)                                                                                 \
    __m256 lo##i = _mm256_unpacklo_ps(r##i, r##j), hi##i = _mm256_unpackhi_ps(r##i, r##j);
#define QUAD(i, j)                                                                                 \
    __m256 q##i##0 = _mm256_shuffle_ps(lo##i, lo##j, 0x44),                                        \
           q##i##1 = _mm256_shuffle_ps(lo##i, lo##j, 0xEE),                                        \
           q##i##2 = _mm256_shuffle_ps(hi##i, hi##j, 0x44),                                        \
           q##i##3 = _mm256_shuffle_ps(hi##i, hi##j, 0xEE);
#define OUT(j)                                                                                     \
    _mm256_storeu_ps(to + j * ld, _mm256_permute2f128_ps(q0##j, q4##j, 0x20));                     \
    _mm256_storeu_ps(to + (j + 4) * ld, _mm256_permute2f128_ps(q0##j, q4##j, 0x31));
    /* clang-format off */
    ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7)
    PAIR(0, 1) PAIR(2, 3) PAIR(4, 5) PAIR(6, 7)
    QUAD(0, 2) QUAD(4, 6)
    OUT(0) OUT(1) OUT(2) OUT(3)
    /* clang-format on */
#undef ROW
#undef PAIR
#undef QUAD
#undef OUT
}

#else

/* Rows 0..3 of four lanes become columns. */
INLINE void v_square(V4 r[4])
{
    V4 a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
    V4 b = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    V4 c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
    V4 d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    r[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

INLINE V4 v_fold4(const float lanes[64])
{
    V4 low[4], high[4];
    for (int i = 0; i < 4; i++) {
        low[i] = v_load(lanes + 16 * i) + v_load(lanes + 16 * i + 8);
        high[i] = v_load(lanes + 16 * i + 4) + v_load(lanes + 16 * i + 12);
    }
    v_square(low);
    v_square(high);
    return ((low[0] + low[1]) + (low[2] + low[3])) + ((high[0] + high[1]) + (high[2] + high[3]));
}

enum { SQUARE = 4 };

INLINE void v_transpose(const float *from, float *to, size_t ld)
{
    V4 r[4] = {v_load(from), v_load(from + 16), v_load(from + 32), v_load(from + 48)};
    v_square(r);
    for (size_t j = 0; j < 4; j++)
        v_store(to + j * ld, r[j]);
}

#endif

/* y += the four tree sums. */
INLINE void v_add_fold4(float y[4], const float lanes[64])
{
    *(V4_unaligned *)y += (V4_unaligned)v_fold4(lanes);
}

#endif
