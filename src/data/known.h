/* The data sets that hemline knows by name and by content. To add one, append a row to the table
 * in known.c. */
#ifndef HEM_DATA_KNOWN_H
#define HEM_DATA_KNOWN_H

#include <stddef.h>
#include <stdint.h>

/* The four files of a set, always in this order. */
enum { HEM__TRAIN_IMAGES, HEM__TRAIN_LABELS, HEM__TEST_IMAGES, HEM__TEST_LABELS, HEM__N_FILES };

/* One file, as it is unpacked. */
typedef struct hem__known_file {
    size_t bytes;       /* header included */
    const char *sha256; /* lower-case hex */
    uint64_t xxh3;      /* of the same bytes: finds damage in the cache; 0 where none is kept */
} hem__known_file;

typedef struct hem__known {
    const char *name;  /* as experiments write it: "fashion-mnist" */
    const char *title; /* as people write it: "Fashion-MNIST" */
    const char *url;   /* of the publisher's folder, with a slash at its end; NULL = none */
    int n_classes;
    const char *const *class_names;
    hem__known_file files[HEM__N_FILES];
} hem__known;

/* NULL-terminated. */
extern const hem__known *const hem__known_sets[];

/* NULL where no set has this name; NULL is accepted. */
const hem__known *hem__known_by_name(const char *name);
/* The set to whose file `which` (one of the four) this hash belongs; NULL = unknown. */
const hem__known *hem__known_by_hash(int which, const char *sha256);
/* "training images", "training labels", "test images" or "test labels". */
const char *hem__known_role(int which);
/* "train-images-idx3-ubyte" and so on: the name without ".gz". */
const char *hem__known_filename(int which);

#endif
