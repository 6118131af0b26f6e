/* The safetensors format over memory: eight bytes of header length, a JSON header, the numbers.
 * It knows tensors, texts and the checksum, not networks. docs/model-file.md describes the format
 * and the checksum. Numbers are little-endian, as in this program's memory. */
#ifndef HEM_NET_SAFETENSORS_H
#define HEM_NET_SAFETENSORS_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

enum {
    HEM__ST_MAX_HEADER = 1 << 20, /* bytes; ours need a few thousand */
    HEM__ST_MAX_DIMS = 8
};

typedef enum hem__st_type { HEM__ST_F32, HEM__ST_F64, HEM__ST_I64, HEM__ST_U8 } hem__st_type;

typedef struct hem__st_tensor {
    char *name;
    hem__st_type type;
    int n_dims;
    size_t dims[HEM__ST_MAX_DIMS];
    size_t n;                   /* numbers: the product of dims, 1 where there are none */
    const unsigned char *bytes; /* perhaps not aligned: copy the numbers out with memcpy */
    size_t n_bytes;
} hem__st_tensor;

typedef enum hem__st_checksum {
    HEM__ST_NO_CHECKSUM, /* the file has none: written by another program */
    HEM__ST_INTACT,
    HEM__ST_DAMAGED
} hem__st_checksum;

typedef struct hem__st_file {
    unsigned char *memory;   /* what hem__st_read() read; NULL where the bytes are the caller's */
    json_t *metadata;        /* object of strings; NULL where the file has none */
    hem__st_tensor *tensors; /* in the order of their bytes */
    size_t n_tensors;
    hem__st_checksum checksum;
} hem__st_file;

/* Reads and checks a file in memory, which must outlive *out. HEM_ERR_MODEL, with `name` for the
 * file: not safetensors, cut off, overlapping or missing bytes, a name twice, a type that is not
 * known here, or a checksum that does not hold. On failure *out is empty. */
hem_status hem__st_parse(const unsigned char *bytes, size_t length, const char *name,
                         hem__st_file *out, hem_error *err);
/* The same for the file at `path`, whose content then belongs to *out. */
hem_status hem__st_read(const char *path, hem__st_file *out, hem_error *err);
void hem__st_release(hem__st_file *file);

/* A text of the metadata, or NULL. */
const char *hem__st_text(const hem__st_file *file, const char *key);
/* The tensor of this name, or NULL. */
const hem__st_tensor *hem__st_find(const hem__st_file *file, const char *name);

/* Collects what a file will hold. A failure sticks and is reported when the file is written. */
typedef struct hem__st_writer {
    json_t *metadata;
    hem__st_tensor *tensors;
    size_t n_tensors, capacity;
    bool failed;
} hem__st_writer;

void hem__st_writer_init(hem__st_writer *writer);
void hem__st_writer_release(hem__st_writer *writer);
/* Bytes that are not UTF-8 become '?'. */
void hem__st_put_text(hem__st_writer *writer, const char *key, const char *text);
/* `numbers` must live until the file is written. */
void hem__st_put(hem__st_writer *writer, const char *name, hem__st_type type, int n_dims,
                 const size_t *dims, const void *numbers);
/* Writes beside the target, syncs and renames; adds the checksum. */
hem_status hem__st_write(const hem__st_writer *writer, const char *path, hem_error *err);

/* Sets the checksum of a whole file in memory to what it should be; false where it has none. */
bool hem__st_repair_checksum(unsigned char *bytes, size_t length);

#endif
