/* The IDX format of the MNIST family: a magic number 0x00 0x00 0x08 (unsigned bytes) and the number
 * of dimensions, then each dimension as a big-endian 32-bit number, then the bytes.
 *   labels  0x00000801  [n]
 *   images  0x00000803  [n][height][width]                grey
 *           0x00000804  [n][height][width][channels]      channels 1 or 3
 * Source: the description of the files on the MNIST page (LeCun, Cortes, Burges). */
#ifndef HEM_DATA_IDX_H
#define HEM_DATA_IDX_H

#include "base/error.h"

/* No file may hold more than this, unpacked. */
#define HEM__DATA_MAX_BYTES ((size_t)1 << 30)
/* Longest side of an image. */
#define HEM__DATA_MAX_SIDE 65536

typedef enum hem__idx_kind { HEM__IDX_IMAGES, HEM__IDX_LABELS } hem__idx_kind;

typedef struct hem__idx {
    uint8_t *content; /* the records; hem__idx_release() frees or unmaps it; never written to */
    size_t n;         /* records */
    size_t bytes;     /* of the content, without the header */
    int height, width, channels; /* 1, 1, 1 for labels */
    uint8_t header[20];          /* as it stands in the file */
    size_t header_bytes;
    void *mapping; /* where the content lies in a mapped file; NULL where it is allocated */
    size_t mapping_bytes;
} hem__idx;

/* Reads plain or gzip IDX from memory. `name` stands for the file in messages. The sizes in the
 * header are checked against the limits and against what the bytes can hold before anything is
 * allocated. On failure *out is empty. */
hem_status hem__idx_parse(const uint8_t *bytes, size_t n, const char *name, hem__idx_kind kind,
                          hem__idx *out, hem_error *err);
hem_status hem__idx_read(const char *path, hem__idx_kind kind, hem__idx *out, hem_error *err);
/* Only the header of a plain file: fills all but the content. n is the size of the whole file. */
hem_status hem__idx_header(const uint8_t *bytes, size_t n, const char *name, hem__idx_kind kind,
                           hem__idx *out, hem_error *err);
/* SHA-256 of the whole unpacked file: header and content. */
hem_status hem__idx_sha256(const hem__idx *idx, char out[65], hem_error *err);
/* HEM_ERR_DATA with the first row whose label is not in 0..n_classes-1. */
hem_status hem__idx_check_labels(const hem__idx *labels, int n_classes, const char *name,
                                 hem_error *err);
void hem__idx_release(hem__idx *idx);

#endif
