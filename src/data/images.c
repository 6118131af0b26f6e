/* Images of one file, whatever its format. */
#include "data/images.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/idx.h"
#include "data/pair.h"

static hem_status parse_idx(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                            hem_error *err)
{
    hem__idx idx;
    HEM_TRY(hem__idx_parse(bytes, n, name, HEM__IDX_IMAGES, &idx, err));
    *out = (hem_images){idx.content, idx.n, idx.height, idx.width, idx.channels};
    return HEM_OK;
}

static const struct format {
    const char *magic;
    size_t n;
    hem__image_reader read;
} formats[] = {
    {"\0\0", 2, parse_idx},
    {"\x1f\x8b", 2, parse_idx},
    {"\x89PNG", 4, hem__png_parse},
    {"P5", 2, hem__pnm_parse},
    {"P6", 2, hem__pnm_parse},
    {"\xff\xd8\xff", 3, hem__jpeg_parse},
    {"\x93NUMPY", 6, hem__npy_images},
};

hem_status hem__images_parse(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                             hem_error *err)
{
    *out = (hem_images){0};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (n >= formats[i].n && memcmp(bytes, formats[i].magic, formats[i].n) == 0)
            return formats[i].read(bytes, n, name, out, err);
    }
    if (n == 0)
        hem__fail_at(err, HEM_ERR_DATA, name, 0, 0, "the file is empty");
    else
        hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                     "unknown image format (the first byte is 0x%02x)", bytes[0]);
    return hem__hint(err, "IDX (plain or gzip), PNG, JPEG, binary PGM and PPM, and .npy are read");
}

hem_status hem__images_new(size_t height, size_t width, int channels, const char *name,
                           hem_images *out, hem_error *err)
{
    size_t bytes, limit = HEM__DATA_MAX_SIDE;
    if (height < 1 || width < 1 || height > limit || width > limit)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                            "an image of %zu x %zu pixels; allowed 1 to %zu a side", height, width,
                            limit);
    if (!hem__mul_size(height * width, (size_t)channels, &bytes) || bytes > HEM__DATA_MAX_BYTES)
        return hem__fail_at(
            err, HEM_ERR_DATA, name, 0, 0,
            "too large: %zu x %zu pixels of %d channels; at most %zu bytes are read", height, width,
            channels, HEM__DATA_MAX_BYTES);
    uint8_t *pixels = hem__calloc(bytes, 1);
    if (pixels == NULL)
        return hem__fail_memory(err, name, bytes);
    *out = (hem_images){pixels, 1, (int)height, (int)width, channels};
    return HEM_OK;
}

hem_status hem_images_read(const char *path, hem_images *out, hem_error *err)
{
    *out = (hem_images){0};
    unsigned char *bytes;
    size_t n;
    /* 20 bytes: the longest IDX header, which the limit on the content does not count. */
    HEM_TRY(hem__file_read(path, HEM__DATA_MAX_BYTES + 20, HEM_ERR_DATA, &bytes, &n, err));
    hem_status status = hem__images_parse(bytes, n, path, out, err);
    free(bytes);
    return status;
}

void hem_images_release(hem_images *images)
{
    if (images == NULL)
        return;
    free(images->pixels);
    *images = (hem_images){0};
}
