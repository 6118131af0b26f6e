/* The four IDX files of a directory. */
#include "data/set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"

/* Whatever has the name counts, so that a folder or pipe of that name is refused by the reader
 * instead of being overlooked. */
static bool exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 || errno != ENOENT;
}

char *hem__set_file(const char *directory, hem__form form, int which)
{
    for (int i = form == HEM__FORM_PACKED ? 1 : 0; i < 4; i += form == HEM__FORM_PACKED ? 2 : 1) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", hem__known_filename(which), i & 1 ? ".gz" : "");
        if (i & 2) /* "train-images.idx3-ubyte", as some mirrors have it */
            *strstr(name, "-idx") = '.';
        char *path = hem__path_join(directory, name);
        if (path == NULL || exists(path))
            return path;
        free(path);
    }
    return NULL;
}

bool hem__set_is_in(const char *directory, hem__form form)
{
    for (int i = 0; i < HEM__N_FILES; i++) {
        char *path = hem__set_file(directory, form, i);
        bool found = path != NULL && hem__is_file(path);
        free(path);
        if (!found)
            return false;
    }
    return true;
}

static hem_status find_files(const char *directory, hem__form form, hem__set *set, hem_error *err)
{
    if (!hem__is_directory(directory)) {
        hem__fail_at(err, HEM_ERR_DATA, directory, 0, 0,
                     exists(directory) ? "this is not a directory" : "no such directory");
        return hem__hint(err, "name the folder of the four IDX files, as seen from the folder that "
                              "hemline is started in");
    }
    for (int i = 0; i < HEM__N_FILES; i++) {
        set->paths[i] = hem__set_file(directory, form, i);
        if (set->paths[i] != NULL)
            continue;
        hem__fail_at(err, HEM_ERR_DATA, directory, 0, 0,
                     "the directory has no file '%s' (nor with '.gz')", hem__known_filename(i));
        return hem__hint(err, "it must hold train-images-idx3-ubyte, train-labels-idx1-ubyte, "
                              "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or '.gz'");
    }
    return HEM_OK;
}

static bool ends_in_gz(const char *path)
{
    size_t n = strlen(path);
    return n > 3 && strcmp(path + n - 3, ".gz") == 0;
}

static hem_status read_files(hem__set *set, hem_error *err)
{
    for (int i = 0; i < HEM__N_FILES; i++) {
        hem__idx_kind kind =
            i == HEM__TRAIN_IMAGES || i == HEM__TEST_IMAGES ? HEM__IDX_IMAGES : HEM__IDX_LABELS;
        HEM_TRY(hem__idx_read(set->paths[i], kind, &set->files[i], err));
        HEM_TRY(hem__idx_sha256(&set->files[i], set->sha256[i], err));
        set->packed = set->packed || ends_in_gz(set->paths[i]);
    }
    return HEM_OK;
}

hem_status hem__set_read(const char *directory, hem__form form, hem__set *set, hem_error *err)
{
    *set = (hem__set){0};
    hem_status status = find_files(directory, form, set, err);
    if (status == HEM_OK)
        status = read_files(set, err);
    if (status == HEM_OK)
        status = hem__set_check(set, err);
    if (status != HEM_OK)
        hem__set_release(set);
    return status;
}

static hem_status check_counts(const hem__set *set, int images, int labels, hem_error *err)
{
    if (set->files[images].n == set->files[labels].n)
        return HEM_OK;
    return hem__fail_at(err, HEM_ERR_DATA, set->paths[labels], 0, 0,
                        "%zu labels, but there are %zu images in '%s'", set->files[labels].n,
                        set->files[images].n, set->paths[images]);
}

static hem_status check_size(const hem__set *set, const char *part, const hem__idx *images,
                             const char *path, hem_error *err)
{
    const hem__idx *train = &set->files[HEM__TRAIN_IMAGES];
    if (train->height == images->height && train->width == images->width &&
        train->channels == images->channels)
        return HEM_OK;
    return hem__fail_at(err, HEM_ERR_DATA, path, 0, 0,
                        "%s images are %d x %d x %d, but the training images are %d x %d x %d "
                        "(height, width, channels)",
                        part, images->height, images->width, images->channels, train->height,
                        train->width, train->channels);
}

hem_status hem__set_check(const hem__set *set, hem_error *err)
{
    HEM_TRY(check_counts(set, HEM__TRAIN_IMAGES, HEM__TRAIN_LABELS, err));
    HEM_TRY(check_counts(set, HEM__TEST_IMAGES, HEM__TEST_LABELS, err));
    HEM_TRY(
        check_size(set, "test", &set->files[HEM__TEST_IMAGES], set->paths[HEM__TEST_IMAGES], err));
    return set->own.images.n > 0
               ? check_size(set, "validation", &set->own.images, set->own.paths[0], err)
               : HEM_OK;
}

hem_status hem__labels_count_from(hem__idx *labels, const char *path, int from, hem_error *err)
{
    for (size_t row = 0; row < labels->n; row++) {
        if (hem__label_of(labels->content[row], from, &labels->content[row]))
            continue;
        hem__fail_at(err, HEM_ERR_DATA, path, 0, 0,
                     "label %d in row %zu (rows count from 0); allowed from %d on",
                     labels->content[row], row, from);
        return hem__hint(err, "labels: {from: %d} says that no label is below it", from);
    }
    return HEM_OK;
}

hem_status hem__set_count_from(hem__set *set, int from, hem_error *err)
{
    for (int i = HEM__TRAIN_LABELS; i < HEM__N_FILES && from > 0; i += 2) {
        HEM_TRY(hem__labels_count_from(&set->files[i], set->paths[i], from, err));
        set->places[i / 2].from = from;
    }
    return HEM_OK;
}

const hem__known *hem__set_identify(const hem__set *set)
{
    const hem__known *known = hem__known_by_hash(0, set->sha256[0]);
    for (int i = 1; i < HEM__N_FILES; i++) {
        if (hem__known_by_hash(i, set->sha256[i]) != known)
            return NULL;
    }
    return known;
}

void hem__set_hash(const hem__set *set, char out[65])
{
    char joined[6 * 65];
    int n = snprintf(joined, sizeof joined, "%s\n%s\n%s\n%s", set->sha256[0], set->sha256[1],
                     set->sha256[2], set->sha256[3]);
    if (set->own.images.n > 0)
        n += snprintf(joined + n, sizeof joined - (size_t)n, "\n%s\n%s", set->own.sha256[0],
                      set->own.sha256[1]);
    hem__sha256_of(joined, (size_t)n, out);
}

void hem__set_release(hem__set *set)
{
    for (int i = 0; i < HEM__N_FILES; i++) {
        free(set->paths[i]);
        hem__idx_release(&set->files[i]);
    }
    hem__pair_release(&set->own);
    hem__classes_release(&set->classes);
    *set = (hem__set){0};
}
