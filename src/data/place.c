/* The search order: --data, HEMLINE_DATA, the cache, the system package. */
#include "data/place.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/set.h"

const char *hem__data_system_directory = "/usr/share/datasets";

const char *hem__place_named(const hem_data_options *options, const char **why)
{
    *why = "--data";
    if (options != NULL && options->directory != NULL)
        return options->directory;
    *why = "HEMLINE_DATA";
    const char *directory = getenv("HEMLINE_DATA");
    return directory != NULL && directory[0] != '\0' ? directory : NULL;
}

char *hem__place_cache(const hem_data_options *options, const char *set)
{
    bool given = options != NULL && options->cache != NULL;
    char *cache = given ? hem__strdup(options->cache) : hem__cache_directory();
    char *path = cache != NULL ? hem__path_join(cache, set) : NULL;
    free(cache);
    return path;
}

char *hem__place_system(const char *set)
{
    return hem__path_join(hem__data_system_directory, set);
}

typedef struct rows {
    hem_data_place *out;
    size_t max, n;
} rows;

static void add(rows *list, const char *directory, const char *why)
{
    if (directory == NULL)
        return;
    if (list->n < list->max) {
        hem_data_place *row = &list->out[list->n];
        snprintf(row->directory, sizeof row->directory, "%s", directory);
        row->why = why;
        row->found = hem__set_is_in(directory, HEM__FORM_ANY);
    }
    list->n++;
}

size_t hem_data_places(const hem_data_options *options, hem_data_place *out, size_t max)
{
    static const char set[] = "fashion-mnist";
    rows list = {out, out != NULL ? max : 0, 0};
    const char *why, *named = hem__place_named(options, &why);
    char *cache = hem__place_cache(options, set), *package = hem__place_system(set);
    add(&list, named, why);
    add(&list, cache, "cache");
    add(&list, package, "system package");
    free(cache);
    free(package);
    return list.n;
}
