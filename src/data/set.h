/* The four IDX files of a directory, or what was read from other files as if they were: found,
 * read, hashed, compared with each other and recognized. */
#ifndef HEM_DATA_SET_H
#define HEM_DATA_SET_H

#include "data/idx.h"
#include "data/known.h"
#include "data/pair.h"

typedef struct hem__set {
    char *paths[HEM__N_FILES];
    hem__idx files[HEM__N_FILES];
    char sha256[HEM__N_FILES][65]; /* of the unpacked files */
    bool packed;                   /* at least one of them was gzip */
    hem__label_place places[2];    /* of training and test labels */
    hem__pair own;                 /* validation files; own.images.n = 0: none */
    hem__classes classes;          /* of folders of images; n = 0: not named */
} hem__set;

typedef enum hem__form {
    HEM__FORM_ANY,   /* plain before ".gz" */
    HEM__FORM_PACKED /* only ".gz" */
} hem__form;

/* The path of one of the four files: "train-images-idx3-ubyte" or "train-images.idx3-ubyte", plain
 * or ".gz"; free() it. NULL: none is there (or no memory). */
char *hem__set_file(const char *directory, hem__form form, int which);
bool hem__set_is_in(const char *directory, hem__form form);
/* Finds, reads, hashes and compares all four. HEM_ERR_DATA names what is missing or damaged. On
 * failure *set is empty. */
hem_status hem__set_read(const char *directory, hem__form form, hem__set *set, hem_error *err);
/* Makes IDX labels that count from `from` count from 0: of one file, and of training and test. */
hem_status hem__labels_count_from(hem__idx *labels, const char *path, int from, hem_error *err);
hem_status hem__set_count_from(hem__set *set, int from, hem_error *err);
/* As many labels as images, and test and validation images of the training images' size. */
hem_status hem__set_check(const hem__set *set, hem_error *err);
/* The set that all four files are; NULL = unknown or mixed. */
const hem__known *hem__set_identify(const hem__set *set);
/* SHA-256 over the four files' hashes (64 lower-case hex digits each, in the order training images,
 * training labels, test images, test labels) joined by line ends, none after the last; of
 * validation files too where there are any: images, labels. */
void hem__set_hash(const hem__set *set, char out[65]);
void hem__set_release(hem__set *set);

#endif
