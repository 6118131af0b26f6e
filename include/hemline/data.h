/* Data sets: labelled images of one size, as bytes in memory, in three parts. */
#ifndef HEMLINE_DATA_H
#define HEMLINE_DATA_H

#include "hemline/spec.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The parts of a data set. Training and validation are cut from the training files as the
 *  experiment's `validation:` says, or validation has files of its own; test is its own file. */
typedef enum hem_part { HEM_TRAIN = 0, HEM_VALIDATION = 1, HEM_TEST = 2 } hem_part;

/** "train", "validation" or "test"; a static string. */
HEM_API const char *hem_part_name(hem_part part);

/** A data set with its split. Immutable; may be shared by any number of networks. */
typedef struct hem_data hem_data;

/** What a data set is. Every pointer belongs to the data set. */
typedef struct hem_data_info {
    const char *name;            /**< "fashion-mnist", "mnist", "synthetic" or "unknown" */
    const char *source;          /**< directory or first file that was read, or "synthetic" */
    int height, width, channels; /**< of every image; channels 1 (grey) or 3 (red, green, blue) */
    int n_classes;
    const char *const *class_names; /**< n_classes names; "0", "1", ... where none are known */
    size_t n[3];                    /**< images in each part, by hem_part */
    bool synthetic;                 /**< drawn by hemline, not photographed: every output says so */
    /** Names the data: SHA-256 over the four unpacked files' own hashes (lower-case hex; training
     *  images, training labels, test images, test labels) joined by line ends; validation files of
     *  their own follow: images, labels. Data that is not IDX is hashed as the IDX files that would
     *  hold the same images in the same order, with labels from 0. Of drawn data: over training
     *  pixels, training labels, test pixels, test labels. */
    const char *sha256;
} hem_data_info;

typedef struct hem_data_options {
    /** --data: where the IDX files are, also instead of an experiment's `{idx: DIR}` or `{images:
     *  DIR}`, and where relative paths of csv, npz and npy begin; NULL = HEMLINE_DATA, then the
     *  search. A directory that is named and wrong is an error. */
    const char *directory;
    const char *cache; /**< cache directory; NULL = HEMLINE_CACHE, XDG_CACHE_HOME, ~/.cache */
    hem_log_fn log;    /**< notes such as "this is MNIST"; NULL = silent */
    void *log_user;
} hem_data_options;

/** Opens the data that an experiment names and splits it. `options` may be NULL. *out is the
 *  caller's to hem_data_free(); NULL on failure. HEM_ERR_DATA: missing (the hint says how to get
 *  it), damaged, counts that do not match, a label out of range (its row), not what `expect:` asks
 *  for. HEM_ERR_USAGE: a split that leaves no training or validation image; images
 *  that are too small for the experiment's `augment`. */
HEM_API HEM_MUST_USE hem_status hem_data_open(const hem_spec *spec, const hem_data_options *options,
                                              hem_data **out, hem_error *err);
HEM_API void hem_data_free(hem_data *data);
HEM_API hem_data_info hem_data_get_info(const hem_data *data);
/** Image `index` of a part: height*width*channels bytes, row by row, channels innermost; belongs to
 *  the data set. NULL where there is no such image. */
HEM_API const uint8_t *hem_data_image(const hem_data *data, hem_part part, size_t index);
/** Its label, 0..n_classes-1; -1 where there is no such image. */
HEM_API int hem_data_label(const hem_data *data, hem_part part, size_t index);
/** Its place in the file that it came from, from 0 (a validation image of `first: 5000` keeps its
 *  own row). Undefined where there is no such image. */
HEM_API size_t hem_data_row(const hem_data *data, hem_part part, size_t index);

/** What a training step sees of an image: the image as the experiment's `augment:` changes it in
 *  this epoch (from 0) of a run with this training seed; the image itself where it asks for
 *  nothing. Training changes images of the training part alone; `part` may be any here. `out` has
 *  room for height*width*channels bytes. HEM_ERR_USAGE: no such image, or images that are too small
 *  for what is asked; HEM_ERR_MEMORY. */
HEM_API HEM_MUST_USE hem_status hem_data_augment(const hem_spec *spec, const hem_data *data,
                                                 hem_part part, size_t index, uint32_t epoch,
                                                 uint64_t seed, uint8_t *out, hem_error *err);

/** One fold of a cross-validation of the images in the training files. */
typedef struct hem_fold {
    int fold, folds; /**< which, from 1, and of how many */
    bool stratify;   /**< every fold gets its share of every class, to one image */
    uint64_t seed;   /**< of the shuffle that the folds are cut from */
} hem_fold;

/** The same images with fold `fold` as validation part and the others as training part, whatever
 *  the split of `data` is; as if opened with `validation: {fold: ...}`. Shares the pixels: `data`
 *  must outlive it. Free it with hem_data_free(). HEM_ERR_USAGE: fewer than 2 folds, more folds
 *  than images, or no such fold. */
HEM_API HEM_MUST_USE hem_status hem_data_fold(const hem_data *data, const hem_fold *fold,
                                              hem_data **out, hem_error *err);

/** Images of one file without labels, for prediction. */
typedef struct hem_images {
    uint8_t *pixels; /**< n * height * width * channels bytes; hem_images_release() frees it */
    size_t n;
    int height, width, channels;
} hem_images;

/** Reads every image of a file: IDX (plain or gzip), PNG, JPEG, PGM or PPM (binary, 8 bits) or
 *  .npy (uint8), told apart by their first bytes. PNG: grey or RGB, 8 bits or fewer; 16 bits and
 * alpha are refused, palettes become RGB. JPEG: grey or colour; CMYK is refused. A file of more
 * than 1 GiB unpacked is refused. HEM_ERR_DATA with the file and what is wrong. */
HEM_API HEM_MUST_USE hem_status hem_images_read(const char *path, hem_images *out, hem_error *err);
HEM_API void hem_images_release(hem_images *images);

/** Where data is looked for, in order, and what was found there. */
typedef struct hem_data_place {
    char directory[512];
    const char *why; /**< "--data", "HEMLINE_DATA", "cache", "system package"; static */
    bool found;      /**< all four files are there */
    bool used; /**< Fashion-MNIST is read from here: the first place where it was found. A place
                    that was named is the only one, found or not */
} hem_data_place;

/** Fills at most `max` rows; returns how many there are. */
HEM_API size_t hem_data_places(const hem_data_options *options, hem_data_place *out, size_t max);

/** One file of `hemline data check`. */
typedef struct hem_data_file {
    char path[600];
    char sha256[65];   /**< of the unpacked content */
    char identity[64]; /**< "Fashion-MNIST training images", ..., or "unknown" */
    size_t n;          /**< records */
    size_t bytes;      /**< unpacked */
} hem_data_file;

/** Reads the four files of a directory (NULL: where the search finds them) whole, and hashes them.
 *  Labels are checked against n_classes 10 where the set is a known one, else 0..255. */
HEM_API HEM_MUST_USE hem_status hem_data_check(const char *directory,
                                               const hem_data_options *options,
                                               hem_data_file out[4], hem_error *err);

/** Called while a download goes on: file, bytes so far and in all (0 = not known). Return false to
 *  stop. */
typedef bool (*hem_download_progress)(void *user, const char *file, uint64_t done, uint64_t total);

/** Downloads the data set `name` ("fashion-mnist") into the cache: four .gz files, resumed where an
 *  earlier try broke off, checked against their SHA-256 unpacked, then moved into place. `base_url`
 *  NULL = the publisher's. HEM_ERR_IO: no network, no space, another download into the same cache;
 *  HEM_INTERRUPTED: `progress` said so; HEM_ERR_DATA: wrong content (the file is kept aside and
 *  named). Needs the loadable module "download" (libcurl): hemline_download.so in HEMLINE_MODULES,
 *  else beside the program, else where it was installed. */
HEM_API HEM_MUST_USE hem_status hem_data_get(const char *name, const char *base_url,
                                             const hem_data_options *options,
                                             hem_download_progress progress, void *user,
                                             hem_error *err);

#ifdef __cplusplus
}
#endif
#endif
