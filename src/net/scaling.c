/* Mean and deviation of the training part: of all its bytes, or of each byte of an image. */
#include "net/scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Population deviation of n bytes by their sum and the sum of their squares; 0 where all are the
 * same: then both terms are the same whole number. */
static double deviation_of(uint64_t sum, uint64_t squares, double n)
{
    double mean = (double)sum / n, variance = (double)squares / n - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

/* Of all bytes. They are counted first, so that the sums are exact. */
static void measure_all(const hem_data *data, hem__scaling *scaling)
{
    uint64_t count[256] = {0};
    for (size_t i = 0; i < data->info.n[HEM_TRAIN]; i++) {
        const uint8_t *p = hem_data_image(data, HEM_TRAIN, i);
        for (size_t b = 0; b < data->image_bytes; b++)
            count[p[b]]++;
    }
    double n = 0, sum = 0, squares = 0;
    for (int v = 0; v < 256; v++) {
        n += (double)count[v];
        sum += (double)count[v] * v;
        squares += (double)count[v] * v * v;
    }
    scaling->mean = sum / n;
    double variance = squares / n - scaling->mean * scaling->mean;
    scaling->deviation = variance > 0 ? sqrt(variance) : 1; /* images of one grey stay zeros */
}

/* Of each byte of an image, over the images. */
static hem_status measure_pixels(const hem_data *data, hem__scaling *scaling, hem_error *err)
{
    size_t bytes = data->image_bytes, n = data->info.n[HEM_TRAIN];
    uint64_t *sums = hem__calloc(bytes, 2 * sizeof *sums);
    scaling->pixels = hem__calloc(bytes, 2 * sizeof *scaling->pixels);
    if (sums == NULL || scaling->pixels == NULL) {
        free(sums);
        return hem__fail_memory(err, "means and deviations of pixels", bytes * 2 * sizeof *sums);
    }
    uint64_t *squares = sums + bytes;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = hem_data_image(data, HEM_TRAIN, i);
        for (size_t b = 0; b < bytes; b++) {
            sums[b] += p[b];
            squares[b] += (uint64_t)p[b] * p[b];
        }
    }
    for (size_t b = 0; b < bytes; b++) {
        double deviation = deviation_of(sums[b], squares[b], (double)n);
        scaling->pixels[b] = (float)((double)sums[b] / (double)n);
        scaling->pixels[bytes + b] = deviation > 0 ? (float)(1 / deviation) : 0;
    }
    free(sums);
    return HEM_OK;
}

hem_status hem__scaling_measure(const hem_data *data, hem__scale kind, hem__scaling *out,
                                hem_error *err)
{
    *out = (hem__scaling){.kind = kind, .deviation = 1};
    switch (kind) {
    case HEM__SCALE_NONE:
    case HEM__SCALE_BY_IMAGE: /* measured image by image, as they are loaded */
        return HEM_OK;
    case HEM__SCALE_255:
        out->deviation = 255;
        return HEM_OK;
    case HEM__SCALE_STANDARDIZE:
        measure_all(data, out);
        return HEM_OK;
    case HEM__SCALE_BY_PIXEL:
        return measure_pixels(data, out, err);
    }
    return HEM_OK;
}

bool hem__scaling_copy(const hem__scaling *scaling, size_t image_bytes, hem__scaling *out)
{
    *out = *scaling;
    if (scaling->pixels == NULL)
        return true;
    out->pixels = hem__calloc(image_bytes, 2 * sizeof *out->pixels);
    if (out->pixels != NULL)
        memcpy(out->pixels, scaling->pixels, 2 * image_bytes * sizeof *out->pixels);
    return out->pixels != NULL;
}
