/* Images and their labels of one part, from whatever kind of file. Every reader gives what the two
 * IDX files of the same images would hold, so that counting classes, checking and naming the data
 * are the same for all kinds. To add a kind: a reader of this form, its case in load.c, its keys in
 * src/spec. */
#ifndef HEM_DATA_PAIR_H
#define HEM_DATA_PAIR_H

#include "data/idx.h"
#include "data/note.h"
#include "hemline/data.h"
#include "spec/spec.h"

/* Where labels stand, for messages. */
typedef struct hem__label_place {
    size_t first_line; /* of a text file: the line of row 0; 0 = rows are counted from 0 */
    char column[80];   /* of a text file: "column 1 ('label')" */
    int from;          /* the label of class 0 in the file */
} hem__label_place;

typedef struct hem__pair {
    hem__idx images, labels; /* labels count from 0 */
    char *paths[2];          /* where each came from */
    char sha256[2][65];
    hem__label_place place;
} hem__pair;

void hem__pair_release(hem__pair *pair);
/* Fills a pair from pixels (taken over, also on failure) and labels (copied) and hashes it. */
hem_status hem__pair_make(hem_images *images, const uint8_t *labels, const char *images_path,
                          const char *labels_path, hem__pair *out, hem_error *err);
/* HEM_ERR_DATA at the place of a row's label: "...label 10; allowed 0..9". `shown` is the label
 * from 0; what the file says is printed. */
hem_status hem__fail_label(const char *path, const hem__label_place *place, size_t row, long shown,
                           hem_error *err, const char *format, ...) HEM_PRINTF(6, 7);
/* A label as a file has it to 0..255; false where it is none of these. */
bool hem__label_of(long long stored, int from, uint8_t *out);
/* The help where it is not; `kind`: what `data` names. */
hem_status hem__hint_label(long long label, int from, const char *kind, hem_error *err);

/* ---- CSV (csv.c) ---------------------------------------------------------------------------- */

/* From memory; plain or gzip. `shape`: 0 in spec's csv means found out. */
hem_status hem__csv_parse(const uint8_t *bytes, size_t n, const char *name,
                          const hem__data_spec *spec, const hem_data_options *options,
                          hem__pair *out, hem_error *err);
hem_status hem__csv_read(const char *path, const hem__data_spec *spec,
                         const hem_data_options *options, hem__pair *out, hem_error *err);

/* ---- NumPy (npy.c, npz.c) ---------------------------------------------------------------------
 */

hem_status hem__npy_images(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                           hem_error *err);
/* *out: n labels, each brought to 0..255 by `from`; free() it. kind: "npy" or "npz", for hints. */
hem_status hem__npy_labels(const uint8_t *bytes, size_t n, const char *name, const char *kind,
                           int from, uint8_t **out, size_t *n_labels, hem_error *err);

/* An entry of a zip archive in memory, unpacked. `entry` without ".npy". *out is free()d by the
 * caller; HEM_OK and NULL where there is no such entry. */
hem_status hem__npz_entry(const uint8_t *bytes, size_t n, const char *name, const char *entry,
                          uint8_t **out, size_t *n_out, hem_error *err);

/* ---- folders of images (folder.c) -------------------------------------------------------------
 */

typedef struct hem__classes {
    char **names;
    int n;
} hem__classes;

void hem__classes_release(hem__classes *classes);
/* The sorted names of the folders in a folder: at least two. */
hem_status hem__folder_classes(const char *path, hem__classes *out, hem_error *err);
/* Reads DIR/<class>/<file> of these classes, files by name. A folder that is no class is refused;
 * `all`: so is a class without a folder. */
hem_status hem__folder_read(const char *path, const hem__classes *classes, bool all, hem__pair *out,
                            hem_error *err);

#endif
