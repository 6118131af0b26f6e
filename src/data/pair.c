/* Pixels and labels as the two IDX files that would hold them. */
#include "data/pair.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void hem__pair_release(hem__pair *pair)
{
    hem__idx_release(&pair->images);
    hem__idx_release(&pair->labels);
    free(pair->paths[0]);
    free(pair->paths[1]);
    *pair = (hem__pair){0};
}

static void put_big_endian(hem__idx *idx, size_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        idx->header[idx->header_bytes++] = (uint8_t)(value >> shift);
}

/* The header that an IDX file of these records has. */
static void write_header(hem__idx *idx, bool labels)
{
    put_big_endian(idx, labels ? 0x801 : idx->channels == 1 ? 0x803 : 0x804);
    put_big_endian(idx, idx->n);
    if (labels)
        return;
    put_big_endian(idx, (size_t)idx->height);
    put_big_endian(idx, (size_t)idx->width);
    if (idx->channels > 1)
        put_big_endian(idx, (size_t)idx->channels);
}

hem_status hem__pair_make(hem_images *images, const uint8_t *labels, const char *images_path,
                          const char *labels_path, hem__pair *out, hem_error *err)
{
    const hem_images i = *images;
    size_t image = (size_t)i.height * (size_t)i.width * (size_t)i.channels;
    out->images = (hem__idx){.content = i.pixels,
                             .n = i.n,
                             .bytes = i.n * image,
                             .height = i.height,
                             .width = i.width,
                             .channels = i.channels};
    *images = (hem_images){0};
    out->labels = (hem__idx){.n = i.n, .bytes = i.n, .height = 1, .width = 1, .channels = 1};
    write_header(&out->images, false);
    write_header(&out->labels, true);
    out->labels.content = hem__calloc(i.n, 1);
    out->paths[0] = hem__strdup(images_path);
    out->paths[1] = hem__strdup(labels_path);
    if (out->labels.content == NULL || out->paths[0] == NULL || out->paths[1] == NULL)
        return hem__fail_memory(err, labels_path, i.n);
    memcpy(out->labels.content, labels, i.n);
    HEM_TRY(hem__idx_sha256(&out->images, out->sha256[0], err));
    return hem__idx_sha256(&out->labels, out->sha256[1], err);
}

hem_status hem__fail_label(const char *path, const hem__label_place *place, size_t row, long shown,
                           hem_error *err, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (place->first_line > 0)
        return hem__fail_at(err, HEM_ERR_DATA, path, (int)(place->first_line + row), 0,
                            "%s: label %ld%s", place->column, shown + place->from, text);
    return hem__fail_at(err, HEM_ERR_DATA, path, 0, 0, "label %ld in row %zu (rows count from 0)%s",
                        shown + place->from, row, text);
}

hem_status hem__hint_label(long long label, int from, const char *kind, hem_error *err)
{
    if (label < 0)
        return hem__hint(err, "mend the label: none is below 0");
    if (label < from)
        return hem__hint(err, "labels: {from: %d} says that no label is below it", from);
    return hem__hint(err,
                     "mend the label, or, if labels do not count from %d, say from where: "
                     "data: {%s: ..., labels: {from: 1}}",
                     from, kind);
}

bool hem__label_of(long long stored, int from, uint8_t *out)
{
    if (stored < from || stored - from > 255)
        return false;
    *out = (uint8_t)(stored - from);
    return true;
}
