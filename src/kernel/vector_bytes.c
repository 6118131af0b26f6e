/* Bytes of images to numbers, images to lanes. Vectors cannot look up a table of 256 numbers, but
 * where they are multiples of one number, two products make them again: 16 bytes of 16 images at a
 * time are transposed then and multiplied. */
#include <string.h>

#include "kernel/vector.h"

typedef uint8_t bytes16 __attribute__((vector_size(16)));

static void look_up(const uint8_t *const *images, const float *table, size_t u0, size_t n, float *y)
{
    for (size_t u = u0; u < u0 + n; u++, y += HEM__LANES)
        for (size_t l = 0; l < HEM__LANES; l++)
            y[l] = table[images[l][u]];
}

/* The number of byte b is b * high + b * low, rounded twice: high is the nearest to the true factor
 * and low what is left of it. */
typedef struct multiples {
    float high, low;
} multiples;

INLINE V numbers_of(const uint8_t *bytes, multiples m)
{
    V v = v_of_bytes(bytes);
    return v_fma(v, v_all(m.high), v * v_all(m.low));
}

/* Whether the table is of multiples to the last bit, and of what. */
static bool find_multiples(const float *table, multiples *m)
{
    const float rest = (float)((double)table[255] - 255 * (double)table[1]);
    *m = (multiples){table[1], rest / 255};
    I differs = {0};
    for (int b = 0; b < 256; b += VL) {
        uint8_t bytes[VL];
        for (int i = 0; i < VL; i++)
            bytes[i] = (uint8_t)(b + i);
        differs |= (I)(numbers_of(bytes, *m) != v_load(table + b));
    }
    for (int i = 0; i < VL; i++)
        if (differs[i])
            return false;
    return true;
}

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

void TIER(hem__bytes)(const uint8_t *const *images, const float *table, size_t u0, size_t n,
                      float *y)
{
    multiples m;
    size_t whole = find_multiples(table, &m) ? n / HEM__LANES * HEM__LANES : 0;
    for (size_t u = 0; u < whole; u += HEM__LANES) {
        bytes16 rows[HEM__LANES];
        for (int l = 0; l < HEM__LANES; l++)
            memcpy(&rows[l], images[l] + u0 + u, sizeof rows[l]);
        transpose_bytes(rows);
        uint8_t bytes[HEM__LANES * HEM__LANES];
        memcpy(bytes, rows, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i += VL)
            v_store(y + u * HEM__LANES + i, numbers_of(bytes + i, m));
    }
    look_up(images, table, u0 + whole, n - whole, y + whole * HEM__LANES);
}
