/* Reading plain or gzip bytes from memory. */
#include "data/reader.h"

#include <string.h>

/* Deflate makes at most 1032 bytes out of one (258 bytes by a 2-bit code pair; zlib's own figure).
 */
enum { DEFLATE_BEST = 1032 };
/* About what zlib allocates to unpack. */
#define GZIP_STATE ((size_t)48 * 1024)

static bool is_gzip(const uint8_t *bytes, size_t n)
{
    return n >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

hem_status hem__reader_open(hem__reader *reader, const uint8_t *bytes, size_t n, const char *name,
                            hem_error *err)
{
    *reader = (hem__reader){.name = name, .next = bytes, .left = n};
    if (!is_gzip(bytes, n))
        return HEM_OK;
    if (n > UINT32_MAX) /* zlib counts its input in 32 bits */
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0, "too large: %zu packed bytes", n);
    reader->gz.next_in = bytes;
    reader->gz.avail_in = (uInt)n;
    int code = inflateInit2(&reader->gz, 15 + 16); /* largest window, gzip only */
    if (code == Z_MEM_ERROR)
        return hem__fail_memory(err, "the gzip reader", GZIP_STATE);
    if (code != Z_OK)
        return hem__fail(err, HEM_ERR_INTERNAL, "zlib does not start: code %d", code);
    reader->packed = true;
    return HEM_OK;
}

/* At the end of a gzip member: another member, or the end of the file, and nothing else. */
static hem_status next_member(hem__reader *reader, hem_error *err)
{
    if (reader->gz.avail_in == 0) {
        reader->ended = true;
        return HEM_OK;
    }
    if (is_gzip(reader->gz.next_in, reader->gz.avail_in) && inflateReset(&reader->gz) == Z_OK)
        return HEM_OK;
    return hem__fail_at(err, HEM_ERR_DATA, reader->name, 0, 0,
                        "%u bytes follow the end of the gzip data", reader->gz.avail_in);
}

static hem_status fail_inflate(const hem__reader *reader, int code, size_t unpacked, hem_error *err)
{
    if (code == Z_MEM_ERROR)
        return hem__fail_memory(err, "the gzip reader", GZIP_STATE);
    if (code == Z_BUF_ERROR) /* no progress: the input is used up before the stream ended */
        hem__fail_at(err, HEM_ERR_DATA, reader->name, 0, 0,
                     "the gzip data is cut off: it ends after %zu unpacked bytes", unpacked);
    else
        hem__fail_at(err, HEM_ERR_DATA, reader->name, 0, 0,
                     "damaged gzip data after %zu unpacked bytes: %s", unpacked,
                     reader->gz.msg != NULL ? reader->gz.msg : zError(code));
    return hem__hint(err, "fetch the file again");
}

static hem_status unpack(hem__reader *reader, void *out, size_t n, size_t *got, hem_error *err)
{
    if (n > UINT32_MAX)
        return hem__fail(err, HEM_ERR_INTERNAL, "%zu bytes asked of gzip at once", n);
    reader->gz.next_out = out;
    reader->gz.avail_out = (uInt)n;
    while (reader->gz.avail_out > 0 && !reader->ended) {
        int code = inflate(&reader->gz, Z_NO_FLUSH);
        if (code == Z_STREAM_END)
            HEM_TRY(next_member(reader, err));
        else if (code != Z_OK)
            return fail_inflate(reader, code, reader->unpacked + n - reader->gz.avail_out, err);
    }
    *got = n - reader->gz.avail_out;
    reader->unpacked += *got;
    return HEM_OK;
}

hem_status hem__reader_read(hem__reader *reader, void *out, size_t n, size_t *got, hem_error *err)
{
    *got = 0;
    if (n == 0)
        return HEM_OK;
    if (reader->packed)
        return unpack(reader, out, n, got, err);
    *got = n < reader->left ? n : reader->left;
    if (*got > 0)
        memcpy(out, reader->next, *got);
    reader->next += *got;
    reader->left -= *got;
    reader->unpacked += *got;
    return HEM_OK;
}

size_t hem__reader_bound(const hem__reader *reader)
{
    if (!reader->packed)
        return reader->left;
    /* zlib holds up to a window of output back; the sum stays below 2^43. */
    return (size_t)reader->gz.avail_in * DEFLATE_BEST + 65536;
}

void hem__reader_close(hem__reader *reader)
{
    if (reader->packed)
        (void)inflateEnd(&reader->gz);
    reader->packed = false;
}
