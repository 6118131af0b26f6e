/* Entries of NumPy's .npz, which is a zip archive of .npy files, stored or deflated. Only the
 * central directory at the end is believed about sizes, and only as far as the file can hold them;
 * every entry's CRC is checked. Several disks, encryption and archives of 4 GiB are refused.
 * Source: the .ZIP File Format Specification, 6.3.3, sections 4.3.7, 4.3.12 and 4.3.16. */
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"
#include "data/pair.h"

enum { LOCAL_BYTES = 30, CENTRAL_BYTES = 46, END_BYTES = 22, STORED = 0, DEFLATED = 8 };
/* Deflate makes at most 1032 bytes out of one: more than that is a lie. */
enum { DEFLATE_BEST = 1032 };

typedef struct archive {
    const uint8_t *bytes;
    size_t n;
    const char *name;
} archive;

typedef struct entry {
    unsigned method, flags;
    uint32_t crc;
    size_t packed, unpacked, local; /* local: where its own header lies */
} entry;

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static hem_status fail_zip(const archive *a, hem_error *err, const char *why)
{
    hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0, "damaged .npz: %s", why);
    return hem__hint(err, "write the file again with numpy.savez or numpy.savez_compressed");
}

/* The end record: after it only a comment of the length that it says. NULL = none. */
static const uint8_t *find_end(const archive *a)
{
    for (size_t back = END_BYTES; back <= a->n && back <= END_BYTES + 65535u; back++) {
        const uint8_t *p = a->bytes + a->n - back;
        if (memcmp(p, "PK\5\6", 4) == 0 && get16(p + 20) + (size_t)END_BYTES == back)
            return p;
    }
    return NULL;
}

/* Is this "entry" or "entry.npy"? */
static bool has_name(const uint8_t *name, size_t n, const char *wanted)
{
    size_t length = strlen(wanted);
    if (n < length || memcmp(name, wanted, length) != 0)
        return false;
    return n == length || (n == length + 4 && memcmp(name + length, ".npy", 4) == 0);
}

/* Looks through the central directory; *found = false: no such entry. */
static hem_status find_entry(const archive *a, const char *wanted, entry *out, bool *found,
                             hem_error *err)
{
    *found = false;
    const uint8_t *end = find_end(a);
    if (end == NULL)
        return fail_zip(a, err, "no end record: it is cut off, or no .npz");
    size_t count = get16(end + 10), at = get32(end + 16), limit = (size_t)(end - a->bytes);
    if (get16(end + 4) != 0 || get16(end + 8) != count || count == 65535 || at == UINT32_MAX)
        return fail_zip(a, err, "archives of several disks or of 4 GiB are not read");
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = a->bytes + at;
        if (at > limit || limit - at < CENTRAL_BYTES || memcmp(p, "PK\1\2", 4) != 0)
            return fail_zip(a, err, "its list of entries is broken");
        size_t name = get16(p + 28), rest = get16(p + 30) + (size_t)get16(p + 32);
        if (limit - at - CENTRAL_BYTES < name + rest)
            return fail_zip(a, err, "its list of entries is broken");
        if (has_name(p + CENTRAL_BYTES, name, wanted)) {
            if (*found)
                return fail_zip(a, err, "an entry is there twice");
            *found = true;
            *out = (entry){.flags = get16(p + 8),
                           .method = get16(p + 10),
                           .crc = get32(p + 16),
                           .packed = get32(p + 20),
                           .unpacked = get32(p + 24),
                           .local = get32(p + 42)};
        }
        at += CENTRAL_BYTES + name + rest;
    }
    return HEM_OK;
}

/* Where the entry's packed bytes begin; NULL = outside of the file. */
static const uint8_t *content_of(const archive *a, const entry *e)
{
    if (e->local > a->n || a->n - e->local < LOCAL_BYTES)
        return NULL;
    const uint8_t *p = a->bytes + e->local;
    size_t skip = LOCAL_BYTES + get16(p + 26) + (size_t)get16(p + 28);
    size_t left = a->n - e->local;
    if (memcmp(p, "PK\3\4", 4) != 0 || left < skip || left - skip < e->packed)
        return NULL;
    return p + skip;
}

/* Exactly `e->unpacked` bytes out of exactly `e->packed`. */
static hem_status inflate_entry(const archive *a, const entry *e, const uint8_t *content,
                                uint8_t *out, hem_error *err)
{
    z_stream z = {.next_in = content, .avail_in = (uInt)e->packed};
    int code = inflateInit2(&z, -15); /* raw deflate, largest window */
    if (code != Z_OK)
        return hem__fail_memory(err, a->name, 48 * 1024);
    z.next_out = out;
    z.avail_out = (uInt)e->unpacked;
    code = inflate(&z, Z_FINISH);
    bool whole = code == Z_STREAM_END && z.avail_out == 0 && z.avail_in == 0;
    (void)inflateEnd(&z);
    if (code == Z_MEM_ERROR)
        return hem__fail_memory(err, a->name, 48 * 1024);
    return whole ? HEM_OK : fail_zip(a, err, "an entry's packed bytes are broken");
}

static hem_status unpack(const archive *a, const entry *e, uint8_t *out, hem_error *err)
{
    const uint8_t *content = content_of(a, e);
    if (content == NULL)
        return fail_zip(a, err, "an entry lies outside of the file");
    if (e->method == DEFLATED)
        HEM_TRY(inflate_entry(a, e, content, out, err));
    else
        memcpy(out, content, e->unpacked);
    if (crc32_z(0, out, e->unpacked) != e->crc)
        return fail_zip(a, err, "an entry's checksum is wrong");
    return HEM_OK;
}

static hem_status check_entry(const archive *a, const entry *e, hem_error *err)
{
    if (e->flags & 1)
        return fail_zip(a, err, "an entry is encrypted");
    if (e->method != STORED && e->method != DEFLATED)
        return fail_zip(a, err, "an entry is packed in a way that NumPy does not use");
    if (e->unpacked > HEM__DATA_MAX_BYTES + 65536)
        return hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0,
                            "too large: an entry of %zu bytes; at most %zu are read", e->unpacked,
                            HEM__DATA_MAX_BYTES);
    if (e->method == STORED ? e->packed != e->unpacked
                            : e->unpacked / DEFLATE_BEST > e->packed || e->packed > a->n)
        return fail_zip(a, err, "an entry promises more than it can hold");
    return HEM_OK;
}

hem_status hem__npz_entry(const uint8_t *bytes, size_t n, const char *name, const char *wanted,
                          uint8_t **out, size_t *n_out, hem_error *err)
{
    archive a = {bytes, n, name};
    entry e = {0};
    bool found;
    *out = NULL;
    *n_out = 0;
    HEM_TRY(find_entry(&a, wanted, &e, &found, err));
    if (!found)
        return HEM_OK;
    HEM_TRY(check_entry(&a, &e, err));
    uint8_t *block = hem__calloc(e.unpacked + 1, 1);
    if (block == NULL)
        return hem__fail_memory(err, name, e.unpacked);
    hem_status status = unpack(&a, &e, block, err);
    if (status != HEM_OK) {
        free(block);
        return status;
    }
    *out = block;
    *n_out = e.unpacked;
    return HEM_OK;
}
