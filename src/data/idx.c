/* Reading IDX files, plain or gzip, without trusting a single byte of them. */
#include "data/idx.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "data/reader.h"

enum { MAGIC_LABELS = 0x801, MAGIC_GREY = 0x803, MAGIC_COLOUR = 0x804 };

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static hem_status check_magic(uint32_t magic, const char *name, hem__idx_kind kind, hem_error *err)
{
    bool labels = magic == MAGIC_LABELS;
    bool images = magic == MAGIC_GREY || magic == MAGIC_COLOUR;
    if (kind == HEM__IDX_LABELS ? labels : images)
        return HEM_OK;
    if (labels || images)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                            "these are %s (magic number 0x%08x), not %s",
                            labels ? "labels" : "images", magic, labels ? "images" : "labels");
    return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                        "not an IDX file of %s: magic number 0x%08x, allowed %s",
                        kind == HEM__IDX_LABELS ? "labels" : "images", magic,
                        kind == HEM__IDX_LABELS ? "0x00000801" : "0x00000803 and 0x00000804");
}

static hem_status check_sides(const hem__idx *idx, uint32_t rows, uint32_t columns,
                              uint32_t channels, const char *name, hem_error *err)
{
    if (idx->n == 0)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0, "the file holds no images (count 0)");
    if (rows < 1 || rows > HEM__DATA_MAX_SIDE || columns < 1 || columns > HEM__DATA_MAX_SIDE)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                            "images of %u x %u pixels; allowed 1 to %d a side", rows, columns,
                            HEM__DATA_MAX_SIDE);
    if (channels != 1 && channels != 3)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                            "images of %u channels; allowed 1 (grey) and 3 (red, green, blue)",
                            channels);
    return HEM_OK;
}

/* The dimensions, once the whole header is there; `idx->bytes` becomes what must follow. */
static hem_status read_dimensions(hem__idx *idx, const char *name, hem_error *err)
{
    uint32_t sides[3] = {1, 1, 1}; /* height, width, channels */
    idx->n = big_endian(idx->header + 4);
    for (size_t i = 0; 8 + 4 * i < idx->header_bytes; i++)
        sides[i] = big_endian(idx->header + 8 + 4 * i);
    if (idx->header_bytes > 8)
        HEM_TRY(check_sides(idx, sides[0], sides[1], sides[2], name, err));
    else if (idx->n == 0)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0, "the file holds no labels (count 0)");
    idx->height = (int)sides[0];
    idx->width = (int)sides[1];
    idx->channels = (int)sides[2];
    size_t image = (size_t)sides[0] * sides[1] * sides[2]; /* below 2^34 */
    if (!hem__mul_size(idx->n, image, &idx->bytes) || idx->bytes > HEM__DATA_MAX_BYTES)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                            "too large: the header promises %zu records of %zu bytes; at most "
                            "%zu bytes are read",
                            idx->n, image, HEM__DATA_MAX_BYTES);
    return HEM_OK;
}

static hem_status fail_short(const hem__idx *idx, size_t got, const char *name, hem_error *err)
{
    hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                 "cut off: the header promises %zu records, %zu bytes in all; there are %zu",
                 idx->n, idx->header_bytes + idx->bytes, got);
    return hem__hint(err, "fetch the file again");
}

static hem_status read_header(hem__reader *reader, hem__idx_kind kind, hem__idx *out,
                              hem_error *err)
{
    size_t got;
    HEM_TRY(hem__reader_read(reader, out->header, 4, &got, err));
    if (got == 0)
        return hem__fail_at(err, HEM_ERR_DATA, reader->name, 0, 0, "the file is empty");
    uint32_t magic = big_endian(out->header); /* missing bytes are zero and no magic ends so */
    HEM_TRY(check_magic(magic, reader->name, kind, err));
    size_t rest = (size_t)4 * (magic & 0xff);
    HEM_TRY(hem__reader_read(reader, out->header + 4, rest, &got, err));
    if (got < rest)
        return hem__fail_at(err, HEM_ERR_DATA, reader->name, 0, 0,
                            "cut off: the header needs %zu bytes, there are %zu", 4 + rest,
                            4 + got);
    out->header_bytes = 4 + rest;
    return read_dimensions(out, reader->name, err);
}

/* The bytes after the header: allocated only once they can be there. */
static hem_status read_content(hem__reader *reader, hem__idx *out, hem_error *err)
{
    size_t bound = hem__reader_bound(reader), got;
    if (!reader->packed && bound < out->bytes)
        return fail_short(out, out->header_bytes + bound, reader->name, err);
    if (bound < out->bytes)
        return hem__fail_at(err, HEM_ERR_DATA, reader->name, 0, 0,
                            "cut off: the header promises %zu bytes, more than the gzip data can "
                            "hold",
                            out->header_bytes + out->bytes);
    out->content = hem__calloc(out->bytes, 1);
    if (out->content == NULL)
        return hem__fail_memory(err, reader->name, out->bytes);
    HEM_TRY(hem__reader_read(reader, out->content, out->bytes, &got, err));
    if (got < out->bytes)
        return fail_short(out, out->header_bytes + got, reader->name, err);
    uint8_t more; /* asking for one byte more also has gzip's own checksum looked at */
    HEM_TRY(hem__reader_read(reader, &more, 1, &got, err));
    if (got > 0)
        return hem__fail_at(err, HEM_ERR_DATA, reader->name, 0, 0,
                            "more bytes follow than the header promises (%zu records, %zu bytes "
                            "in all)",
                            out->n, out->header_bytes + out->bytes);
    return HEM_OK;
}

hem_status hem__idx_parse(const uint8_t *bytes, size_t n, const char *name, hem__idx_kind kind,
                          hem__idx *out, hem_error *err)
{
    *out = (hem__idx){0};
    hem__reader reader;
    hem_status status = hem__reader_open(&reader, bytes, n, name, err);
    if (status == HEM_OK)
        status = read_header(&reader, kind, out, err);
    if (status == HEM_OK)
        status = read_content(&reader, out, err);
    hem__reader_close(&reader);
    if (status != HEM_OK)
        hem__idx_release(out);
    return status;
}

hem_status hem__idx_read(const char *path, hem__idx_kind kind, hem__idx *out, hem_error *err)
{
    *out = (hem__idx){0};
    unsigned char *bytes;
    size_t n;
    /* The header of a plain file lies beyond the limit, which is one of the content. */
    HEM_TRY(hem__file_read(path, HEM__DATA_MAX_BYTES + sizeof out->header, HEM_ERR_DATA, &bytes, &n,
                           err));
    hem_status status = hem__idx_parse(bytes, n, path, kind, out, err);
    free(bytes);
    return status;
}

hem_status hem__idx_header(const uint8_t *bytes, size_t n, const char *name, hem__idx_kind kind,
                           hem__idx *out, hem_error *err)
{
    *out = (hem__idx){0};
    hem__reader reader = {.name = name, .next = bytes, .left = n};
    HEM_TRY(read_header(&reader, kind, out, err));
    if (reader.left != out->bytes)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                            "the header promises %zu bytes, there are %zu",
                            out->header_bytes + out->bytes, n);
    return HEM_OK;
}

hem_status hem__idx_sha256(const hem__idx *idx, char out[65], hem_error *err)
{
    hem__sha256 *hash = hem__sha256_new();
    if (hash == NULL)
        return hem__fail_memory(err, "a hash", 128);
    hem__sha256_add(hash, idx->header, idx->header_bytes);
    hem__sha256_add(hash, idx->content, idx->bytes);
    hem__sha256_finish(hash, out);
    return HEM_OK;
}

hem_status hem__idx_check_labels(const hem__idx *labels, int n_classes, const char *name,
                                 hem_error *err)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (labels->content[i] >= n_classes)
            return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                                "label %d in row %zu (rows count from 0); allowed 0..%d",
                                labels->content[i], i, n_classes - 1);
    }
    return HEM_OK;
}

void hem__idx_release(hem__idx *idx)
{
    if (idx->mapping != NULL)
        (void)munmap(idx->mapping, idx->mapping_bytes);
    else
        free(idx->content);
    *idx = (hem__idx){0};
}
