/* Bytes of images to numbers: what the 256 bytes stand for, and the reference. */
#include <string.h>

#include "kernel/reference.h"

/* The number of byte b without its table. */
static hem__real number_of(const hem__values *v, int b)
{
    hem__real x = (hem__real)b - v->middle;
    return HEM__FMA(x, v->high, HEM__FMA(x, v->low, v->rest));
}

/* Of 200,000 random pairs of mean and deviation 13 were not exact: bytes so close to the mean that
 * `rest` has too few bits. Deviations beyond what hem__real holds are not, either. */
void HEM__R(hem__values_make)(double mean, double deviation, hem__values *out)
{
    const double slope = 1 / deviation, middle = floor(mean * 65536 + 0.5) / 65536;
    *out = (hem__values){.middle = (hem__real)middle,
                         .high = (hem__real)slope,
                         .low = (hem__real)(slope - (double)(hem__real)slope),
                         .rest = (hem__real)((middle - mean) * slope)};
    hem__real made[256];
    for (int b = 0; b < 256; b++) {
        out->table[b] = (hem__real)((b - mean) / deviation);
        made[b] = number_of(out, b);
    }
    out->exact = memcmp(made, out->table, sizeof made) == 0;
}

void REF(bytes)(const uint8_t *const *images, const hem__values *values, size_t u0, size_t n,
                hem__real *y)
{
    for (size_t u = u0; u < u0 + n; u++, y += HEM__LANES)
        for (size_t l = 0; l < HEM__LANES; l++)
            y[l] = values->table[images[l][u]];
}

void REF(bytes_by_unit)(const uint8_t *const *images, const hem__real *mean,
                        const hem__real *factor, size_t u0, size_t n, hem__real *y)
{
    for (size_t u = u0; u < u0 + n; u++, y += HEM__LANES)
        for (size_t l = 0; l < HEM__LANES; l++)
            y[l] = ((hem__real)images[l][u] - mean[u]) * factor[u];
}

void REF(bytes_by_image)(const uint8_t *const *images, const hem__real *mean,
                         const hem__real *factor, size_t u0, size_t n, hem__real *y)
{
    for (size_t u = u0; u < u0 + n; u++, y += HEM__LANES)
        for (size_t l = 0; l < HEM__LANES; l++)
            y[l] = ((hem__real)images[l][u] - mean[l]) * factor[l];
}

void REF(single_bytes)(const uint8_t *image, const hem__values *values, size_t n, hem__real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = values->table[image[i]];
}
