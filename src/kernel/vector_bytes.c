/* Bytes of images to numbers, images to lanes. Vectors cannot look up a table of 256 numbers, but
 * nearly every table can be computed to the last bit (hem__values): 16 bytes of 16 images at a time
 * are transposed then, and become numbers by two multiply-adds. */
#include <string.h>

#include "kernel/vector.h"

typedef uint8_t bytes16 __attribute__((vector_size(16)));

enum { SOME = HEM__LANES * HEM__LANES }; /* bytes transposed at once */

#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31

/* 16 rows of 16 bytes become columns: four times, row i and row i + 8 are shuffled like cards. */
INLINE void transpose_bytes(bytes16 rows[16])
{
    for (int pass = 0; pass < 4; pass++) {
        bytes16 old[16];
        memcpy(old, rows, sizeof old);
        for (int i = 0; i < 8; i++) {
            rows[2 * i] = __builtin_shufflevector(old[i], old[i + 8], LOW);
            rows[2 * i + 1] = __builtin_shufflevector(old[i], old[i + 8], HIGH);
        }
    }
}

/* n bytes, but at most 16, of each image from byte u on, as [byte][image]; returns how many. */
INLINE size_t gather(const uint8_t *const *images, size_t u, size_t n, uint8_t *bytes)
{
    if (n >= HEM__LANES) {
        bytes16 rows[HEM__LANES];
        for (int l = 0; l < HEM__LANES; l++)
            memcpy(&rows[l], images[l] + u, sizeof rows[l]);
        transpose_bytes(rows);
        memcpy(bytes, rows, sizeof rows);
        return HEM__LANES;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < HEM__LANES; l++)
            bytes[i * HEM__LANES + l] = images[l][u + i];
    return n;
}

INLINE void look_up(const uint8_t *bytes, const float *table, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = table[bytes[i]];
}

/* n a multiple of VL. */
INLINE void compute(const uint8_t *bytes, const hem__values *values, size_t n, float *y)
{
    const V middle = v_all(values->middle), high = v_all(values->high);
    const V low = v_all(values->low), rest = v_all(values->rest);
    for (size_t i = 0; i < n; i += VL) {
        V x = v_of_bytes(bytes + i) - middle;
        v_store(y + i, v_fma(x, high, v_fma(x, low, rest)));
    }
}

void TIER(hem__bytes)(const uint8_t *const *images, const hem__values *values, size_t u0, size_t n,
                      float *y)
{
    uint8_t bytes[SOME];
    for (size_t u = 0; u < n; u += HEM__LANES, y += SOME) {
        const size_t some = gather(images, u0 + u, n - u, bytes);
        if (FUSED && values->exact)
            compute(bytes, values, some * HEM__LANES, y);
        else
            look_up(bytes, values->table, some * HEM__LANES, y);
    }
}

void TIER(hem__bytes_by_unit)(const uint8_t *const *images, const float *mean, const float *factor,
                              size_t u0, size_t n, float *y)
{
    uint8_t bytes[SOME];
    for (size_t u = 0; u < n; u += HEM__LANES, y += SOME) {
        const size_t some = gather(images, u0 + u, n - u, bytes);
        for (size_t i = 0; i < some; i++) {
            const V middle = v_all(mean[u0 + u + i]), slope = v_all(factor[u0 + u + i]);
            for (size_t l = i * HEM__LANES; l < (i + 1) * HEM__LANES; l += VL)
                v_store(y + l, (v_of_bytes(bytes + l) - middle) * slope);
        }
    }
}

void TIER(hem__bytes_by_image)(const uint8_t *const *images, const float *mean, const float *factor,
                               size_t u0, size_t n, float *y)
{
    uint8_t bytes[SOME];
    for (size_t u = 0; u < n; u += HEM__LANES, y += SOME) {
        const size_t some = gather(images, u0 + u, n - u, bytes);
        for (size_t l = 0; l < HEM__LANES; l += VL) {
            const V middle = v_load(mean + l), slope = v_load(factor + l);
            for (size_t i = l; i < some * HEM__LANES; i += HEM__LANES)
                v_store(y + i, (v_of_bytes(bytes + i) - middle) * slope);
        }
    }
}

void TIER(hem__single_bytes)(const uint8_t *image, const hem__values *values, size_t n, float *y)
{
    size_t whole = FUSED && values->exact ? n / VL * VL : 0;
    compute(image, values, whole, y);
    look_up(image + whole, values->table, n - whole, y + whole);
}
