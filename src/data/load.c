/* From the experiment's words to a set, for all kinds of data that are not IDX. */
#include "data/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/place.h"

/* As long as a zip archive without 64-bit sizes can be. */
#define MOST_FILE_BYTES ((size_t)UINT32_MAX)

/* A path of the experiment: beside --data where that is given; free() it. */
static char *locate(const hem_data_options *options, const char *path)
{
    bool inside = options != NULL && options->directory != NULL && path[0] != '/';
    return inside ? hem__path_join(options->directory, path) : hem__strdup(path);
}

/* Moves a pair into the set: which = HEM__TRAIN_IMAGES or HEM__TEST_IMAGES. */
static void put(hem__set *set, int which, hem__pair *pair)
{
    set->files[which] = pair->images;
    set->files[which + 1] = pair->labels;
    for (int i = 0; i < 2; i++) {
        set->paths[which + i] = pair->paths[i];
        memcpy(set->sha256[which + i], pair->sha256[i], sizeof pair->sha256[i]);
    }
    set->places[which / 2] = pair->place;
    *pair = (hem__pair){0};
}

/* ---- CSV --------------------------------------------------------------------------------------
 */

static hem_status read_csv(const hem_spec *spec, const hem_data_options *options, const char *path,
                           hem__pair *out, hem_error *err)
{
    char *file = locate(options, path);
    if (file == NULL)
        return hem__fail_memory(err, path, strlen(path));
    hem_status status = hem__csv_read(file, &spec->data, options, out, err);
    free(file);
    return status;
}

static hem_status load_csv(const hem_spec *spec, const hem_data_options *options, hem__set *out,
                           hem_error *err)
{
    const char *paths[2] = {spec->data.csv.train, spec->data.csv.test};
    for (int i = 0; i < 2; i++) {
        hem__pair pair;
        HEM_TRY(read_csv(spec, options, paths[i], &pair, err));
        put(out, 2 * i, &pair);
    }
    return HEM_OK;
}

/* ---- folders of images ------------------------------------------------------------------------
 */

static hem_status load_images(const char *directory, hem__set *out, hem_error *err)
{
    static const char *const parts[2] = {"train", "test"};
    for (int i = 0; i < 2; i++) {
        hem__pair pair;
        char *folder = hem__path_join(directory, parts[i]);
        if (folder == NULL)
            return hem__fail_memory(err, directory, strlen(directory));
        hem_status status = i == 0 ? hem__folder_classes(folder, &out->classes, err) : HEM_OK;
        if (status == HEM_OK)
            status = hem__folder_read(folder, &out->classes, i == 0, &pair, err);
        free(folder);
        HEM_TRY(status);
        put(out, 2 * i, &pair);
    }
    return HEM_OK;
}

/* ---- NumPy ------------------------------------------------------------------------------------
 */

/* A file in memory, or an entry of one. */
typedef struct block {
    uint8_t *bytes;
    size_t n;
    char *name; /* for messages: "a.npz[x_train]" */
} block;

static void release(block *b)
{
    free(b->bytes);
    free(b->name);
    *b = (block){0};
}

static hem_status read_file(const char *path, block *out, hem_error *err)
{
    *out = (block){.name = hem__strdup(path)};
    if (out->name == NULL)
        return hem__fail_memory(err, path, strlen(path));
    return hem__file_read(path, MOST_FILE_BYTES, HEM_ERR_DATA, &out->bytes, &out->n, err);
}

static hem_status read_entry(const block *archive, const char *entry, block *out, hem_error *err)
{
    size_t length = strlen(archive->name) + strlen(entry) + 3;
    *out = (block){.name = hem__calloc(length, 1)};
    if (out->name == NULL)
        return hem__fail_memory(err, archive->name, length);
    snprintf(out->name, length, "%s[%s]", archive->name, entry);
    return hem__npz_entry(archive->bytes, archive->n, archive->name, entry, &out->bytes, &out->n,
                          err);
}

static hem_status make_pair(const block *x, const block *y, const char *kind, int from,
                            hem__pair *out, hem_error *err)
{
    hem_images images;
    uint8_t *labels = NULL;
    size_t n = 0;
    *out = (hem__pair){.place.from = from};
    HEM_TRY(hem__npy_images(x->bytes, x->n, x->name, &images, err));
    hem_status status = hem__npy_labels(y->bytes, y->n, y->name, kind, from, &labels, &n, err);
    if (status == HEM_OK && n != images.n)
        status = hem__fail_at(err, HEM_ERR_DATA, y->name, 0, 0,
                              "%zu labels, but there are %zu images in '%s'", n, images.n, x->name);
    if (status == HEM_OK)
        status = hem__pair_make(&images, labels, x->name, y->name, out, err);
    free(images.pixels);
    free(labels);
    if (status != HEM_OK)
        hem__pair_release(out);
    return status;
}

static hem_status read_npy(const hem_data_options *options, const char *images, const char *labels,
                           int from, hem__pair *out, hem_error *err)
{
    block x = {0}, y = {0};
    char *paths[2] = {locate(options, images), locate(options, labels)};
    hem_status status = HEM_OK;
    if (paths[0] == NULL || paths[1] == NULL)
        status = hem__fail_memory(err, images, strlen(images));
    if (status == HEM_OK)
        status = read_file(paths[0], &x, err);
    if (status == HEM_OK)
        status = read_file(paths[1], &y, err);
    if (status == HEM_OK)
        status = make_pair(&x, &y, "npy", from, out, err);
    release(&x);
    release(&y);
    free(paths[0]);
    free(paths[1]);
    return status;
}

/* The first of the pairs of names that the archive has; `names` ends in NULL. */
static hem_status read_npz(const block *archive, const char *const names[][2], int from,
                           hem__pair *out, hem_error *err)
{
    *out = (hem__pair){0};
    for (int i = 0; names[i][0] != NULL; i++) {
        block x = {0}, y = {0};
        hem_status status = read_entry(archive, names[i][0], &x, err);
        if (status == HEM_OK)
            status = read_entry(archive, names[i][1], &y, err);
        bool both = x.bytes != NULL && y.bytes != NULL;
        if (status == HEM_OK && both)
            status = make_pair(&x, &y, "npz", from, out, err);
        release(&x);
        release(&y);
        if (both || status != HEM_OK)
            return status;
    }
    hem__fail_at(err, HEM_ERR_DATA, archive->name, 0, 0, "the file has no arrays '%s' and '%s'",
                 names[0][0], names[0][1]);
    return hem__hint(err, "save it with numpy.savez(FILE, x_train=..., y_train=..., x_test=..., "
                          "y_test=...)");
}

static hem_status load_npz(const char *path, int from, hem__set *out, hem_error *err)
{
    static const char *const train[][2] = {
        {"x_train", "y_train"}, {"train_images", "train_labels"}, {NULL, NULL}};
    static const char *const test[][2] = {
        {"x_test", "y_test"}, {"test_images", "test_labels"}, {NULL, NULL}};
    block archive;
    hem__pair pair;
    hem_status status = read_file(path, &archive, err);
    for (int i = 0; i < 2 && status == HEM_OK; i++) {
        status = read_npz(&archive, i == 0 ? train : test, from, &pair, err);
        if (status == HEM_OK)
            put(out, 2 * i, &pair);
    }
    release(&archive);
    return status;
}

static hem_status load_npy(const hem_spec *spec, const hem_data_options *options, hem__set *out,
                           hem_error *err)
{
    char *const *paths = spec->data.npy;
    for (int i = 0; i < HEM__N_FILES; i += 2) {
        hem__pair pair;
        HEM_TRY(read_npy(options, paths[i], paths[i + 1], spec->data.label_from, &pair, err));
        put(out, i, &pair);
    }
    return HEM_OK;
}

/* ---- training and test ------------------------------------------------------------------------
 */

/* What names the data for people; also the folder of images, and the .npz file. */
static char *source_of(const hem_spec *spec, const hem_data_options *options)
{
    const hem__data_spec *data = &spec->data;
    if (data->kind == HEM__DATA_CSV)
        return locate(options, data->csv.train);
    if (data->kind == HEM__DATA_NPY)
        return locate(options, data->npy[0]);
    if (data->kind == HEM__DATA_IMAGES && options != NULL && options->directory != NULL)
        return hem__strdup(options->directory);
    return locate(data->kind == HEM__DATA_NPZ ? options : NULL, data->directory);
}

hem_status hem__load(const hem_spec *spec, const hem_data_options *options, hem__set *out,
                     char **source, hem_error *err)
{
    *out = (hem__set){0};
    if (options != NULL && options->directory != NULL)
        HEM_TRY(hem__place_check(options->directory, "--data", err));
    *source = source_of(spec, options);
    if (*source == NULL)
        return hem__fail_memory(err, "a path", 4096);
    hem_status status = HEM_OK;
    if (spec->data.kind == HEM__DATA_CSV)
        status = load_csv(spec, options, out, err);
    else if (spec->data.kind == HEM__DATA_IMAGES)
        status = load_images(*source, out, err);
    else if (spec->data.kind == HEM__DATA_NPZ)
        status = load_npz(*source, spec->data.label_from, out, err);
    else
        status = load_npy(spec, options, out, err);
    return status == HEM_OK ? hem__set_check(out, err) : status;
}

/* ---- validation -------------------------------------------------------------------------------
 */

static hem_status own_npz(const hem_spec *spec, const hem_data_options *options, const char *source,
                          hem__pair *out, hem_error *err)
{
    const hem__validation_spec *v = &spec->validation;
    static const char *const usual[][2] = {
        {"x_val", "y_val"}, {"images", "labels"}, {"x_train", "y_train"}, {NULL, NULL}};
    const char *const named[][2] = {{v->images, v->labels}, {NULL, NULL}};
    char *path = v->path != NULL ? locate(options, v->path) : hem__strdup(source);
    if (path == NULL)
        return hem__fail_memory(err, source, strlen(source));
    block archive;
    hem_status status = read_file(path, &archive, err);
    if (status == HEM_OK)
        status =
            read_npz(&archive, v->images != NULL ? named : usual, spec->data.label_from, out, err);
    release(&archive);
    free(path);
    return status;
}

/* The two IDX files: named, or those of training in a folder of their own. */
static hem_status own_idx(const hem_spec *spec, hem__pair *out, hem_error *err)
{
    const hem__validation_spec *v = &spec->validation;
    const char *named[2] = {v->images, v->labels};
    hem__idx *files[2] = {&out->images, &out->labels};
    int from = spec->data.kind == HEM__DATA_IDX ? spec->data.label_from : 0;
    for (int i = 0; i < 2; i++) {
        out->paths[i] =
            v->path != NULL ? hem__set_file(v->path, HEM__FORM_ANY, i) : hem__strdup(named[i]);
        if (out->paths[i] == NULL)
            return hem__fail_at(err, HEM_ERR_DATA, v->path, 0, 0,
                                "the directory has no file '%s' (nor with '.gz')",
                                hem__known_filename(i));
        HEM_TRY(hem__idx_read(out->paths[i], i == 0 ? HEM__IDX_IMAGES : HEM__IDX_LABELS, files[i],
                              err));
        HEM_TRY(hem__idx_sha256(files[i], out->sha256[i], err));
    }
    if (out->images.n != out->labels.n)
        return hem__fail_at(err, HEM_ERR_DATA, out->paths[1], 0, 0,
                            "%zu labels, but there are %zu images in '%s'", out->labels.n,
                            out->images.n, out->paths[0]);
    out->place.from = from;
    return hem__labels_count_from(&out->labels, out->paths[1], from, err);
}

static hem_status own_images(const hem_spec *spec, const hem__set *set,
                             const hem_data_options *options, hem__pair *out, hem_error *err)
{
    char *path = locate(options, spec->validation.path);
    if (path == NULL)
        return hem__fail_memory(err, "a path", 4096);
    hem_status status = hem__folder_read(path, &set->classes, false, out, err);
    free(path);
    return status;
}

static hem_status read_own(const hem_spec *spec, const hem_data_options *options,
                           const char *source, hem__set *set, hem_error *err)
{
    const hem__validation_spec *v = &spec->validation;
    switch (spec->data.kind) {
    case HEM__DATA_CSV:
        return read_csv(spec, options, v->path, &set->own, err);
    case HEM__DATA_IMAGES:
        return own_images(spec, set, options, &set->own, err);
    case HEM__DATA_NPZ:
        return own_npz(spec, options, source, &set->own, err);
    case HEM__DATA_NPY:
        return read_npy(options, v->images, v->labels, spec->data.label_from, &set->own, err);
    case HEM__DATA_FASHION_MNIST:
    case HEM__DATA_IDX:
        return own_idx(spec, &set->own, err);
    case HEM__DATA_SYNTHETIC:
        break;
    }
    return hem__fail(err, HEM_ERR_INTERNAL, "validation files of drawn images");
}

hem_status hem__load_validation(const hem_spec *spec, const hem_data_options *options,
                                const char *source, hem__set *set, hem_error *err)
{
    if (spec->validation.kind != HEM__VALIDATION_FILES)
        return HEM_OK;
    HEM_TRY(read_own(spec, options, source, set, err));
    HEM_TRY(hem__set_check(set, err));
    if (strcmp(set->own.sha256[0], set->sha256[HEM__TRAIN_IMAGES]) == 0) {
        hem__fail_at(err, HEM_ERR_DATA, set->own.paths[0], 0, 0,
                     "the validation images are the training images");
        return hem__hint(err, "name other files, or hold a part back with validation: {first: N}");
    }
    if (strcmp(set->own.sha256[0], set->sha256[HEM__TEST_IMAGES]) == 0)
        hem__note(options, HEM_LOG_WARNING,
                  "the validation images are the test images: what is chosen by the one is not "
                  "tested by the other");
    return HEM_OK;
}
