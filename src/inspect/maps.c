/* Grids of numbers: made, scaled, freed. */
#include "inspect/inspect.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

size_t hem__maps_count(const hem_maps *maps)
{
    return maps->n * (size_t)maps->channels * (size_t)maps->height * (size_t)maps->width;
}

hem_status hem__maps_new(size_t n, int channels, int height, int width, hem_maps *out,
                         hem_error *err)
{
    *out = (hem_maps){.n = n, .channels = channels, .height = height, .width = width};
    size_t count = hem__maps_count(out); /* of numbers that a network holds: counted before */
    out->values = hem__calloc(count, sizeof *out->values);
    if (out->values != NULL)
        return HEM_OK;
    *out = (hem_maps){0};
    return hem__fail_memory(err, "maps", count * sizeof *out->values);
}

void hem_maps_release(hem_maps *maps)
{
    free(maps->values);
    *maps = (hem_maps){0};
}

/* false where no value is finite. */
static bool range_of(const float *values, size_t n, float *low, float *high)
{
    bool any = false;
    *low = *high = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            continue;
        *low = !any || values[i] < *low ? values[i] : *low;
        *high = !any || values[i] > *high ? values[i] : *high;
        any = true;
    }
    return any;
}

void hem_maps_range(const hem_maps *maps, float *low, float *high)
{
    range_of(maps->values, hem__maps_count(maps), low, high);
}

/* In double: the largest minus the smallest float may be no float. */
static void scale(float *values, size_t n)
{
    float low, high;
    range_of(values, n, &low, &high);
    double width = (double)high - (double)low;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            values[i] = 0;
        else
            values[i] = width > 0 ? (float)(((double)values[i] - (double)low) / width) : 0.5f;
    }
}

void hem_maps_scale(hem_maps *maps, hem_map_scale how)
{
    size_t all = hem__maps_count(maps), each = (size_t)maps->height * (size_t)maps->width;
    size_t run = how == HEM_MAPS_EACH ? each : all;
    for (size_t at = 0; run > 0 && at < all; at += run)
        scale(maps->values + at, run);
}
