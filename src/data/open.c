/* Opening the data set that an experiment names: found, recognized, split. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/augment.h"
#include "data/cache.h"
#include "data/data.h"
#include "data/load.h"
#include "data/note.h"
#include "data/place.h"
#include "data/set.h"
#include "data/split.h"
#include "data/synthetic.h"

/* ---- finding the files ---------------------------------------------------------------------- */

/* What was found: the files and where they lay. */
typedef struct found {
    hem__set set;
    char *directory;
} found;

static void release(found *f)
{
    hem__set_release(&f->set);
    free(f->directory);
    f->directory = NULL;
}

static hem_status read_directory(const char *directory, hem__form form, found *out, hem_error *err)
{
    out->directory = hem__strdup(directory);
    if (out->directory == NULL)
        return hem__fail_memory(err, "a path", strlen(directory));
    return hem__set_read(directory, form, &out->set, err);
}

/* A download in the cache: unlike a user's own files it must be the right one to the bit. */
static hem_status read_download(const char *cache, const hem__known *known, found *out,
                                hem_error *err)
{
    HEM_TRY(read_directory(cache, HEM__FORM_PACKED, out, err));
    if (hem__set_identify(&out->set) == known)
        return HEM_OK;
    return hem__fail_at(err, HEM_ERR_DATA, cache, 0, 0, "by their hashes these files are not %s",
                        known->title);
}

static hem_status fail_missing(const hem__known *known, hem_error *err)
{
    hem__fail(err, HEM_ERR_DATA, "the data set '%s' was not found on this machine", known->name);
    return hem__hint(err,
                     "run 'hemline data get %s', or install the package dataset-%s, or name the "
                     "directory with --data",
                     known->name, known->name);
}

/* Packed files: a download in the cache, then the system package. */
static hem_status search_packed(const hem__known *known, const hem_data_options *options,
                                const char *cache, const char *package, found *out, hem_error *err)
{
    if (cache != NULL && hem__set_is_in(cache, HEM__FORM_PACKED)) {
        hem_error why;
        if (read_download(cache, known, out, &why) == HEM_OK)
            return HEM_OK;
        release(out);
        hem__note(options, HEM_LOG_WARNING,
                  "what was downloaded into the cache is damaged and passed over: %s: %s", why.file,
                  why.text);
    }
    if (package != NULL && hem__set_is_in(package, HEM__FORM_ANY))
        return read_directory(package, HEM__FORM_ANY, out, err);
    return fail_missing(known, err);
}

/* The cache's unpacked copy; else packed files, kept unpacked in the cache once their hashes have
 * been seen to be right. */
static hem_status search(const hem__known *known, const hem_data_options *options,
                         const char *cache, const char *package, found *out, hem_error *err)
{
    if (cache != NULL && hem__cache_open(cache, known, options, &out->set)) {
        out->directory = hem__strdup(cache);
        return out->directory != NULL ? HEM_OK : hem__fail_memory(err, "a path", strlen(cache));
    }
    HEM_TRY(search_packed(known, options, cache, package, out, err));
    if (cache != NULL && out->set.packed && hem__set_identify(&out->set) == known)
        hem__cache_store(cache, known, options, &out->set);
    return HEM_OK;
}

static hem_status find_fashion_mnist(const hem_data_options *options, found *out, hem_error *err)
{
    const hem__known *known = hem__known_by_name("fashion-mnist");
    const char *why, *named = hem__place_named(options, &why);
    if (named != NULL) {
        HEM_TRY(hem__place_check(named, why, err));
        return read_directory(named, HEM__FORM_ANY, out, err);
    }
    char *cache = hem__place_cache(options, known->name);
    char *package = hem__place_system(known->name);
    hem_status status = search(known, options, cache, package, out, err);
    free(cache);
    free(package);
    return status;
}

static hem_status find(const hem_spec *spec, const hem_data_options *options, found *out,
                       hem_error *err)
{
    if (spec->data.kind == HEM__DATA_FASHION_MNIST)
        return find_fashion_mnist(options, out, err);
    if (spec->data.kind != HEM__DATA_IDX)
        return hem__load(spec, options, &out->set, &out->directory, err);
    const char *directory = spec->data.directory;
    if (options != NULL && options->directory != NULL) {
        hem__note(options, HEM_LOG_NOTE, "--data: '%s' is read instead of '%s'", options->directory,
                  directory);
        directory = options->directory;
        HEM_TRY(hem__place_check(directory, "--data", err));
    }
    HEM_TRY(read_directory(directory, HEM__FORM_ANY, out, err));
    return hem__set_count_from(&out->set, spec->data.label_from, err);
}

/* ---- what the files are --------------------------------------------------------------------- */

/* "MNIST", "unknown", or "mixed (training images: MNIST, training labels: unknown, ...)"; free().
 */
static char *describe(hem__set *set)
{
    const hem__known *known = hem__set_identify(set), *each[HEM__N_FILES];
    if (known != NULL)
        return hem__strdup(known->title);
    bool any = false;
    for (int i = 0; i < HEM__N_FILES; i++) {
        each[i] = hem__known_by_hash(i, set->sha256[i]);
        any = any || each[i] != NULL;
    }
    if (!any)
        return hem__strdup("unknown");
    hem__str text = {0};
    for (int i = 0; i < HEM__N_FILES; i++)
        hem__str_printf(&text, "%s%s: %s", i == 0 ? "mixed (" : ", ", hem__known_role(i),
                        each[i] != NULL ? each[i]->title : "unknown");
    hem__str_add(&text, ")");
    return hem__str_take(&text);
}

/* Says what the files are where they are not what was asked for; an error under `expect:`. */
static hem_status compare(const hem_spec *spec, const hem_data_options *options, found *f,
                          hem_error *err)
{
    const hem__known *known = hem__set_identify(&f->set);
    const char *expect = spec->data.expect, *name = known != NULL ? known->name : "unknown";
    bool fits = expect == NULL || strcmp(expect, name) == 0;
    if (fits && (spec->data.kind != HEM__DATA_FASHION_MNIST || strcmp(name, "fashion-mnist") == 0))
        return HEM_OK;
    char *what = describe(&f->set);
    if (what == NULL)
        return hem__fail_memory(err, "a message", 256);
    hem_status status = HEM_OK;
    if (!fits) {
        hem__fail_at(err, HEM_ERR_DATA, f->directory, 0, 0,
                     "by their hashes these files are %s; the experiment expects '%s'", what,
                     expect);
        status = hem__hint(err, "name another directory with --data, or remove 'expect:' from %s",
                           spec->path);
    } else {
        hem__note(options, HEM_LOG_WARNING,
                  "by their hashes these files are %s, not Fashion-MNIST: %s", what, f->directory);
    }
    free(what);
    return status;
}

/* "idx: DIR", "csv: ...": where hints put keys beside it. */
static const char *data_as_written(const hem_spec *spec)
{
    static const char *const names[] = {[HEM__DATA_FASHION_MNIST] = "idx: DIR",
                                        [HEM__DATA_IDX] = "idx: DIR",
                                        [HEM__DATA_SYNTHETIC] = "synthetic: ...",
                                        [HEM__DATA_CSV] = "csv: ...",
                                        [HEM__DATA_IMAGES] = "images: DIR",
                                        [HEM__DATA_NPZ] = "npz: ...",
                                        [HEM__DATA_NPY] = "npy: ..."};
    return names[spec->data.kind];
}

/* Training labels of an unknown set must be 0..n-1 with no class left out: a gap is nearly always a
 * wrong label far above it. */
static hem_status check_gaps(const hem_spec *spec, const hem__set *set, int largest, hem_error *err)
{
    const hem__idx *labels = &set->files[HEM__TRAIN_LABELS];
    const hem__label_place *place = &set->places[0];
    bool seen[256] = {false};
    int gap = 0;
    for (size_t i = 0; i < labels->n; i++)
        seen[labels->content[i]] = true;
    while (gap < largest && seen[gap])
        gap++;
    for (size_t i = 0; gap < largest && i < labels->n; i++) {
        if (labels->content[i] < gap)
            continue;
        hem__fail_label(set->paths[HEM__TRAIN_LABELS], place, i, labels->content[i], err,
                        ", but no image has label %d", gap + place->from);
        return hem__hint(err,
                         "mend the label, or say that there are more classes than labels: "
                         "data: {%s, classes: N}",
                         data_as_written(spec));
    }
    return HEM_OK;
}

/* Labels 1 to n of n classes without a label 0 count from 1: they are not taken for n + 1 classes.
 */
static hem_status check_first_label(const hem_spec *spec, const hem__set *set, int n_classes,
                                    hem_error *err)
{
    const hem__idx *labels = &set->files[HEM__TRAIN_LABELS];
    const hem__label_place *place = &set->places[0];
    bool seen[256] = {false}, without_gap = true;
    int largest = 0;
    for (size_t i = 0; i < labels->n; i++) {
        seen[labels->content[i]] = true;
        largest = labels->content[i] > largest ? labels->content[i] : largest;
    }
    for (int label = 1; label <= largest; label++)
        without_gap = without_gap && seen[label];
    if (seen[0] || (n_classes > 0 ? largest != n_classes : !without_gap))
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_DATA, set->paths[HEM__TRAIN_LABELS], 0, 0,
                 "labels are %d to %d: no image has label %d", place->from + 1,
                 place->from + largest, place->from);
    return hem__hint(err, "if they count from %d, say so: data: {%s, labels: {from: %d}}",
                     place->from + 1, data_as_written(spec), place->from + 1);
}

/* A label that the network has no output for is one, not a class more. */
static hem_status check_outputs(const hem_spec *spec, const hem__set *set, hem_error *err)
{
    int n;
    const hem__layer_spec *last = hem__spec_outputs(spec, &n);
    const hem__idx *labels = &set->files[HEM__TRAIN_LABELS];
    const hem__label_place *place = &set->places[0];
    const char *what = last != NULL && last->kind == HEM__LAYER_CONV ? "filters" : "units";
    size_t i = 0;
    while (last != NULL && i < labels->n && labels->content[i] < n)
        i++;
    if (last == NULL || i == labels->n)
        return HEM_OK;
    hem__fail_label(set->paths[HEM__TRAIN_LABELS], place, i, labels->content[i], err,
                    "; allowed %d..%d, for %s has %d %s", place->from, place->from + n - 1,
                    last->name, n, what);
    if (place->from > 0)
        return hem__hint(err, "mend the label, or give %s more %s", last->name, what);
    return hem__hint(err,
                     "mend the label, or give %s more %s, or, if labels count from 1, say so: "
                     "data: {%s, labels: {from: 1}}",
                     last->name, what, data_as_written(spec));
}

/* What the experiment says; else the folders of classes; else 10 where the files are, or were asked
 * to be, a known set; else the largest training label + 1. */
static hem_status count_classes(const hem_spec *spec, const hem_data_options *options, found *f,
                                int *n_classes, hem_error *err)
{
    const hem__known *known = hem__known_by_hash(0, f->set.sha256[0]); /* images decide */
    if (known == NULL && spec->data.kind == HEM__DATA_FASHION_MNIST)
        known = hem__known_by_name("fashion-mnist");
    if (known == NULL)
        known = hem__known_by_name(spec->data.expect);
    *n_classes = spec->data.classes > 0 ? spec->data.classes : known != NULL ? known->n_classes : 0;
    if (f->set.classes.n > 0)
        *n_classes = f->set.classes.n;
    HEM_TRY(check_first_label(spec, &f->set, *n_classes, err));
    if (*n_classes > 0)
        return HEM_OK;
    const hem__idx *labels = &f->set.files[HEM__TRAIN_LABELS];
    const char *path = f->set.paths[HEM__TRAIN_LABELS];
    HEM_TRY(check_outputs(spec, &f->set, err));
    int largest = 1; /* a classifier has at least two classes */
    for (size_t i = 0; i < labels->n; i++)
        largest = labels->content[i] > largest ? labels->content[i] : largest;
    HEM_TRY(check_gaps(spec, &f->set, largest, err));
    hem__note(options, HEM_LOG_NOTE, "%d classes, by the largest training label: %s", largest + 1,
              path);
    *n_classes = largest + 1;
    return HEM_OK;
}

static hem_status check_range(const hem_spec *spec, const hem__idx *labels, const char *path,
                              const hem__label_place *place, int n_classes, hem_error *err)
{
    size_t i = 0;
    while (i < labels->n && labels->content[i] < n_classes)
        i++;
    if (i == labels->n)
        return HEM_OK;
    hem__fail_label(path, place, i, labels->content[i], err, "; allowed %d..%d", place->from,
                    place->from + n_classes - 1);
    return hem__hint(err,
                     "mend the label, or say how many classes there are: data: {%s, classes: N}",
                     data_as_written(spec));
}

static hem_status check_labels(const hem_spec *spec, const hem__set *set, int n_classes,
                               hem_error *err)
{
    for (int i = HEM__TRAIN_LABELS; i < HEM__N_FILES; i += 2)
        HEM_TRY(
            check_range(spec, &set->files[i], set->paths[i], &set->places[i / 2], n_classes, err));
    return check_range(spec, &set->own.labels, set->own.paths[1], &set->own.place, n_classes, err);
}

/* ---- filling the data set ------------------------------------------------------------------- */

/* `names` may be NULL: then the classes are called by their labels, from `from` on. */
static hem_status set_names(hem_data *data, const char *name, const char *source, int n_classes,
                            const char *const *names, int from, hem_error *err)
{
    data->name = hem__strdup(name);
    data->source = hem__strdup(source);
    data->info.n_classes = n_classes;
    data->class_names = hem__calloc((size_t)n_classes, sizeof *data->class_names);
    bool done = data->name != NULL && data->source != NULL && data->class_names != NULL;
    for (int i = 0; done && i < n_classes; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", from + i);
        data->class_names[i] = hem__strdup(names != NULL ? names[i] : number);
        done = data->class_names[i] != NULL;
    }
    return done ? HEM_OK : hem__fail_memory(err, "the class names", 32 * (size_t)n_classes);
}

static void set_shape(hem_data *data, int height, int width, int channels)
{
    data->info.height = height;
    data->info.width = width;
    data->info.channels = channels;
    data->image_bytes = (size_t)height * (size_t)width * (size_t)channels;
}

/* Takes the pixels over, mapped or allocated; labels of a mapped file are copied. */
static hem_status take_files(hem_data *data, hem__set *set, hem_error *err)
{
    for (int i = 0; i < 2; i++) {
        hem__idx *images = &set->files[i == 0 ? HEM__TRAIN_IMAGES : HEM__TEST_IMAGES];
        hem__idx *labels = &set->files[i == 0 ? HEM__TRAIN_LABELS : HEM__TEST_LABELS];
        data->files[i].labels = hem__calloc(labels->n, 1);
        if (data->files[i].labels == NULL)
            return hem__fail_memory(err, "the labels", labels->n);
        memcpy(data->files[i].labels, labels->content, labels->n);
        data->files[i].n = images->n;
        data->files[i].pixels = images->content;
        data->mapping[i] = images->mapping;
        data->mapping_bytes[i] = images->mapping_bytes;
        images->content = NULL;
        images->mapping = NULL;
    }
    data->own_validation = set->own.images.n > 0;
    data->files[2] =
        (hem__images_labelled){set->own.images.content, set->own.labels.content, set->own.images.n};
    set->own.images.content = set->own.labels.content = NULL;
    return HEM_OK;
}

static hem_status fill(hem_data *data, const hem_spec *spec, const hem_data_options *options,
                       found *f, hem_error *err)
{
    int n_classes;
    HEM_TRY(count_classes(spec, options, f, &n_classes, err));
    HEM_TRY(check_labels(spec, &f->set, n_classes, err));
    HEM_TRY(compare(spec, options, f, err));
    const hem__known *known = hem__set_identify(&f->set);
    const char *const *names =
        known != NULL && known->n_classes == n_classes ? known->class_names : NULL;
    if (f->set.classes.n > 0)
        names = (const char *const *)f->set.classes.names;
    HEM_TRY(set_names(data, known != NULL ? known->name : "unknown", f->directory, n_classes, names,
                      f->set.places[0].from, err));
    const hem__idx *images = &f->set.files[HEM__TRAIN_IMAGES];
    set_shape(data, images->height, images->width, images->channels);
    hem__set_hash(&f->set, data->sha256);
    return take_files(data, &f->set, err);
}

static hem_status open_files(hem_data *data, const hem_spec *spec, const hem_data_options *options,
                             hem_error *err)
{
    found f = {0};
    hem_status status = find(spec, options, &f, err);
    if (status == HEM_OK)
        status = hem__load_validation(spec, options, f.directory, &f.set, err);
    if (status == HEM_OK)
        status = fill(data, spec, options, &f, err);
    release(&f);
    return status;
}

/* The hash of drawn data: over training pixels, training labels, test pixels, test labels. */
static hem_status hash_drawn(hem_data *data, hem_error *err)
{
    hem__sha256 *hash = hem__sha256_new();
    if (hash == NULL)
        return hem__fail_memory(err, "a hash", 128);
    for (int i = 0; i < 2; i++) {
        hem__sha256_add(hash, data->files[i].pixels, data->files[i].n * data->image_bytes);
        hem__sha256_add(hash, data->files[i].labels, data->files[i].n);
    }
    hem__sha256_finish(hash, data->sha256);
    return HEM_OK;
}

static hem_status open_synthetic(hem_data *data, const hem_spec *spec,
                                 const hem_data_options *options, hem_error *err)
{
    const hem__data_spec *wanted = &spec->data;
    HEM_TRY(hem__synthetic_check(spec, err));
    if (options != NULL && options->directory != NULL)
        hem__note(options, HEM_LOG_WARNING, "--data is not used: the experiment draws its images");
    const char *shapes[HEM__N_SHAPES];
    for (int i = 0; i < HEM__N_SHAPES; i++)
        shapes[i] = hem__shape_name(i);
    data->info.synthetic = true;
    HEM_TRY(set_names(data, "synthetic", "synthetic", wanted->synthetic.classes, shapes, 0, err));
    set_shape(data, wanted->synthetic.height, wanted->synthetic.width, wanted->synthetic.channels);
    HEM_TRY(hem__synthetic_draw(wanted, HEM_TRAIN, &data->files[0], err));
    HEM_TRY(hem__synthetic_draw(wanted, HEM_TEST, &data->files[1], err));
    return hash_drawn(data, err);
}

hem_status hem_data_open(const hem_spec *spec, const hem_data_options *options, hem_data **out,
                         hem_error *err)
{
    *out = NULL;
    hem_data *data = hem__calloc(1, sizeof *data);
    if (data == NULL)
        return hem__fail_memory(err, "the data set", sizeof *data);
    hem_status status = spec->data.kind == HEM__DATA_SYNTHETIC
                            ? open_synthetic(data, spec, options, err)
                            : open_files(data, spec, options, err);
    if (status == HEM_OK)
        status = hem__split(data, spec, err);
    hem__augmenter augmenter; /* not needed here: but images too small for it are refused at once */
    if (status == HEM_OK)
        status = hem__augmenter_init(&augmenter, spec, data->info.height, data->info.width,
                                     data->info.channels, err);
    if (status != HEM_OK) {
        hem_data_free(data);
        return status;
    }
    data->info.name = data->name;
    data->info.source = data->source;
    data->info.sha256 = data->sha256;
    data->info.class_names = (const char *const *)data->class_names;
    *out = data;
    return HEM_OK;
}
