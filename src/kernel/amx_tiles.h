/* The tile registers of Intel's AMX that amx.c uses, 8 of 16 rows of 64 bytes, and rounding to
 * bfloat16 into such rows: real ones, or (HEM_AMX_EMULATED, for tests on other CPUs) the same
 * instructions in plain C, after the Intel 64 and IA-32 Architectures Software Developer's Manual,
 * volume 2. */
#ifndef HEM_KERNEL_AMX_TILES_H
#define HEM_KERNEL_AMX_TILES_H

#include <stddef.h>
#include <stdint.h>

enum { TILE_ROWS = 16, TILE_BYTES = 64, TILES = 8 };

/* What a register is loaded from: rows of 16 pairs of bfloat16, the earlier in the lower half; as
 * words they can be moved, but are no numbers. */
typedef union tile {
    _Alignas(64) uint32_t row[TILE_ROWS][TILE_ROWS];
    float words[TILE_ROWS * TILE_ROWS];
} tile;

#ifndef HEM_AMX_EMULATED

#include <immintrin.h>

/* What ldtilecfg reads. */
typedef struct tile_shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} tile_shapes;
_Static_assert(sizeof(tile_shapes) == 64, "ldtilecfg reads 64 bytes");

/* Between these two a thread has its tiles, all of the largest shape. */
static inline void tiles_begin(void)
{
    tile_shapes shapes = {.palette = 1};
    for (int i = 0; i < TILES; i++) {
        shapes.bytes[i] = TILE_BYTES;
        shapes.rows[i] = TILE_ROWS;
    }
    __asm__ volatile("ldtilecfg %0" ::"m"(shapes));
}

static inline void tiles_end(void)
{
    __asm__ volatile("tilerelease");
}

#define TILE_ZERO(tile) __asm__ volatile("tilezero %tmm" #tile)
/* Rows of 64 bytes, `stride` bytes apart. */
#define TILE_LOAD(tile, from, stride)                                                              \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"((size_t)(stride))         \
                     : "memory")
#define TILE_STORE(tile, to, stride)                                                               \
    __asm__ volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"((size_t)(stride))       \
                     : "memory")
/* sum[m][n] += left[m][2 k] right[k][2 n] + left[m][2 k + 1] right[k][2 n + 1], over k = 0..15. */
#define TILE_PRODUCT(sum, left, right)                                                             \
    __asm__ volatile("tdpbf16ps %tmm" #right ", %tmm" #left ", %tmm" #sum)

/* The first n of 16 numbers, 0 behind them. */
static inline __m512 tile_vector(const float *x, int n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x);
}

/* Both rounded to nearest, ties to even, numbers below 2^-126 to 0: a's 16, then b's. */
static inline __m512i tile_rounded(const float *a, int n_a, const float *b, int n_b)
{
    return (__m512i)_mm512_cvtne2ps_pbh(tile_vector(b, n_b), tile_vector(a, n_a));
}

/* A row of 32 numbers, rounded: the first n_a of a and zeros up to 16, then b's. */
static inline void tile_put_row(uint32_t row[TILE_ROWS], const float *a, int n_a, const float *b,
                                int n_b)
{
    _mm512_store_si512(row, tile_rounded(a, n_a, b, n_b));
}

/* The same in pairs: a[0], b[0], a[1], b[1], ... */
static inline void tile_put_pairs(uint32_t row[TILE_ROWS], const float *a, int n_a, const float *b,
                                  int n_b)
{
    const __m512i first = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i places = _mm512_or_si512(
        first, _mm512_slli_epi32(_mm512_add_epi32(first, _mm512_set1_epi32(16)), 16));
    _mm512_store_si512(row, _mm512_permutexvar_epi16(places, tile_rounded(a, n_a, b, n_b)));
}

#else

#include <math.h>
#include <string.h>

typedef struct tile_register {
    unsigned char row[TILE_ROWS][TILE_BYTES];
} tile_register;

static _Thread_local tile_register registers[TILES];

static inline void tiles_begin(void)
{
    memset(registers, 0, sizeof registers);
}

static inline void tiles_end(void)
{
    memset(registers, 0xFF, sizeof registers); /* who goes on without them gets NaN */
}

static inline void tile_load(int i, const void *from, size_t stride)
{
    for (int row = 0; row < TILE_ROWS; row++)
        memcpy(registers[i].row[row], (const unsigned char *)from + (size_t)row * stride,
               TILE_BYTES);
}

static inline void tile_store(int i, void *to, size_t stride)
{
    for (int row = 0; row < TILE_ROWS; row++)
        memcpy((unsigned char *)to + (size_t)row * stride, registers[i].row[row], TILE_BYTES);
}

/* Numbers too small to be normal count as 0. */
static inline float tile_flushed(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x;
}

/* The numbers of even (odd = 0) or of odd place in a row of bfloat16: the upper half of a float's
 * bits. */
static inline void tile_numbers(const unsigned char *row, int odd, float out[TILE_ROWS])
{
    uint32_t pairs[TILE_ROWS];
    memcpy(pairs, row, sizeof pairs);
    for (int i = 0; i < TILE_ROWS; i++) {
        uint32_t bits = odd ? pairs[i] & 0xffff0000 : pairs[i] << 16;
        memcpy(&out[i], &bits, sizeof bits);
        out[i] = tile_flushed(out[i]);
    }
}

/* The products of even and of odd terms are two sums. In float a product of two bfloat16 is exact,
 * so that adding it is the instruction's fused multiply-add; sums below 2^-126 become 0 at the end
 * here, not at every term. */
static inline void tile_product(int sum, int left, int right)
{
    float b[2][TILE_ROWS][TILE_ROWS], a[2][TILE_ROWS], c[TILE_ROWS];
    for (int k = 0; k < TILE_ROWS; k++)
        for (int odd = 0; odd < 2; odd++)
            tile_numbers(registers[right].row[k], odd, b[odd][k]);
    for (int m = 0; m < TILE_ROWS; m++) {
        float parts[2][TILE_ROWS] = {{0}};
        for (int odd = 0; odd < 2; odd++) {
            tile_numbers(registers[left].row[m], odd, a[odd]);
            for (int k = 0; k < TILE_ROWS; k++)
                for (int n = 0; n < TILE_ROWS; n++)
                    parts[odd][n] += a[odd][k] * b[odd][k][n];
        }
        memcpy(c, registers[sum].row[m], sizeof c);
        for (int n = 0; n < TILE_ROWS; n++)
            c[n] = tile_flushed(tile_flushed(c[n]) + tile_flushed(parts[0][n] + parts[1][n]));
        memcpy(registers[sum].row[m], c, sizeof c);
    }
}

/* The upper half of a float's bits, rounded; below 2^-126 it is 0, a NaN stays one. */
static inline uint32_t tile_rounded(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7f800000) == 0)
        return bits >> 16 & 0x8000;
    if ((bits & 0x7fffffff) > 0x7f800000)
        return bits >> 16 | 0x40;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static inline void tile_put_row(uint32_t row[TILE_ROWS], const float *a, int n_a, const float *b,
                                int n_b)
{
    uint32_t rounded[2 * TILE_ROWS] = {0};
    for (int i = 0; i < n_a; i++)
        rounded[i] = tile_rounded(a[i]);
    for (int i = 0; i < n_b; i++)
        rounded[TILE_ROWS + i] = tile_rounded(b[i]);
    for (int i = 0; i < TILE_ROWS; i++)
        row[i] = rounded[2 * i] | rounded[2 * i + 1] << 16;
}

static inline void tile_put_pairs(uint32_t row[TILE_ROWS], const float *a, int n_a, const float *b,
                                  int n_b)
{
    for (int i = 0; i < TILE_ROWS; i++)
        row[i] = (i < n_a ? tile_rounded(a[i]) : 0) | (i < n_b ? tile_rounded(b[i]) << 16 : 0);
}

#define TILE_ZERO(i) memset(&registers[i], 0, sizeof registers[i])
#define TILE_LOAD(i, from, stride) tile_load(i, from, stride)
#define TILE_STORE(i, to, stride) tile_store(i, to, stride)
#define TILE_PRODUCT(sum, left, right) tile_product(sum, left, right)

#endif

#endif
