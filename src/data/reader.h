/* Bytes in memory, read in pieces, unpacked on the way where they are gzip. The reader never holds
 * the unpacked whole, so a gzip bomb costs nothing: the caller asks for what a header promises. */
#ifndef HEM_DATA_READER_H
#define HEM_DATA_READER_H

#define ZLIB_CONST
#include <zlib.h>

#include "base/error.h"

typedef struct hem__reader {
    const char *name;    /* for messages; the caller's */
    const uint8_t *next; /* what is still to be read where nothing is packed */
    size_t left;
    bool packed;
    bool ended;      /* the last gzip member has been read and its checksum was right */
    size_t unpacked; /* bytes handed out so far */
    z_stream gz;
} hem__reader;

/* Tells gzip by its first two bytes. `bytes` must outlive the reader, which is to be closed even
 * where only the open failed. */
hem_status hem__reader_open(hem__reader *reader, const uint8_t *bytes, size_t n, const char *name,
                            hem_error *err);
/* Reads n bytes into out; *got < n only where the content has ended. HEM_ERR_DATA: cut off or
 * damaged gzip data. */
hem_status hem__reader_read(hem__reader *reader, void *out, size_t n, size_t *got, hem_error *err);
/* The most bytes that can still come, judged by what is left and what deflate can do at best. */
size_t hem__reader_bound(const hem__reader *reader);
void hem__reader_close(hem__reader *reader);

#endif
