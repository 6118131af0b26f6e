/* `hemline data check`: all four files read whole and hashed, whatever a cache may say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/place.h"
#include "data/set.h"

/* Where to look: the directory that was named, right or wrong, else the first place of the search
 * that holds all four files; free() it. */
static hem_status choose(const char *directory, const hem_data_options *options, char **out,
                         hem_error *err)
{
    const char *why;
    if (directory == NULL) {
        directory = hem__place_named(options, &why);
        if (directory != NULL)
            HEM_TRY(hem__place_check(directory, why, err));
    }
    hem_data_place places[2] = {{.found = false}, {.found = false}};
    if (directory == NULL)
        (void)hem_data_places(options, places, 2);
    for (int i = 0; i < 2 && directory == NULL; i++)
        directory = places[i].found ? places[i].directory : NULL;
    if (directory == NULL) {
        hem__fail(err, HEM_ERR_DATA, "no data set was found on this machine");
        return hem__hint(err, "run 'hemline data get fashion-mnist', or install the package "
                              "dataset-fashion-mnist, or name the directory with --data");
    }
    *out = hem__strdup(directory);
    return *out != NULL ? HEM_OK : hem__fail_memory(err, "a path", strlen(directory));
}

/* A file, or a folder with none of the four: perhaps it is data of another kind. */
static bool is_other_kind(const char *path)
{
    bool none = hem__is_directory(path);
    for (int i = 0; i < HEM__N_FILES && none; i++) {
        char *file = hem__set_file(path, HEM__FORM_ANY, i);
        none = file == NULL;
        free(file);
    }
    return none || hem__is_file(path);
}

static void fill(const hem__set *set, int which, hem_data_file *out)
{
    const hem__idx *idx = &set->files[which];
    const hem__known *known = hem__known_by_hash(which, set->sha256[which]);
    memset(out, 0, sizeof *out);
    snprintf(out->path, sizeof out->path, "%s", set->paths[which]);
    memcpy(out->sha256, set->sha256[which], sizeof out->sha256);
    if (known != NULL)
        snprintf(out->identity, sizeof out->identity, "%s %s", known->title,
                 hem__known_role(which));
    else
        snprintf(out->identity, sizeof out->identity, "unknown");
    out->n = idx->n;
    out->bytes = idx->header_bytes + idx->bytes;
}

/* Labels that belong to images of a known set must be its classes. */
static hem_status check_labels(const hem__set *set, hem_error *err)
{
    for (int i = 0; i < HEM__N_FILES; i += 2) {
        const hem__known *known = hem__known_by_hash(i, set->sha256[i]);
        if (known != NULL)
            HEM_TRY(hem__idx_check_labels(&set->files[i + 1], known->n_classes, set->paths[i + 1],
                                          err));
    }
    return HEM_OK;
}

hem_status hem_data_check(const char *directory, const hem_data_options *options,
                          hem_data_file out[4], hem_error *err)
{
    char *found = NULL;
    HEM_TRY(choose(directory, options, &found, err));
    hem__set set;
    hem_status status = hem__set_read(found, HEM__FORM_ANY, &set, err);
    if (status == HEM_ERR_DATA && is_other_kind(found))
        (void)hem__hint(err, "data check takes a folder of the four IDX files, one of images by "
                             "class in train/ and test/, a .csv, a .npz, or an experiment file");
    free(found);
    if (status != HEM_OK)
        return status;
    status = check_labels(&set, err);
    for (int i = 0; status == HEM_OK && i < HEM__N_FILES; i++)
        fill(&set, i, &out[i]);
    hem__set_release(&set);
    return status;
}
