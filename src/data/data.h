/* The inside of a data set, for the parts that gather batches without a call per image. */
#ifndef HEM_DATA_DATA_H
#define HEM_DATA_DATA_H

#include "hemline/data.h"
#include "spec/spec.h"

/* The images of one file pair. */
typedef struct hem__images_labelled {
    uint8_t *pixels; /* [n][height][width][channels] */
    uint8_t *labels; /* [n] */
    size_t n;
} hem__images_labelled;

struct hem_data {
    hem_data_info info;
    size_t image_bytes;            /* height * width * channels */
    hem__images_labelled files[3]; /* of training, of test, of validation where it has its own */
    bool own_validation;           /* it has: files[2] */
    uint32_t *rows[3];   /* by hem_part: row in its file (hem__data_file()), n[part] entries */
    char *name, *source; /* what info's pointers point at */
    char sha256[65];
    char **class_names;
    void *mapping[2]; /* cache files mapped read-only; NULL where pixels are owned */
    size_t mapping_bytes[2];
    bool borrowed; /* a view (fold.c): all but the rows belongs to another data set */
};

/* The file that holds the images of a part: index of data->files. */
static inline int hem__data_file(const hem_data *data, hem_part part)
{
    return part == HEM_TEST ? 1 : part == HEM_VALIDATION && data->own_validation ? 2 : 0;
}

#endif
