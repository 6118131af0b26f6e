/* The search order: --data, HEMLINE_DATA, the cache, the system package. A directory that was named
 * is not searched past: who names one wants that one. */
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

hem_status hem__place_check(const char *named, const char *why, hem_error *err)
{
    if (hem__is_directory(named))
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_DATA, named, 0, 0, "%s names this place, which is no directory", why);
    return hem__hint(err, "correct %s, or leave it out", why);
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
    bool open; /* nothing before the next row decides where data is read from */
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
        row->used = row->found && list->open;
        list->open = list->open && !row->found;
    }
    list->n++;
}

size_t hem_data_places(const hem_data_options *options, hem_data_place *out, size_t max)
{
    static const char set[] = "fashion-mnist";
    rows list = {out, out != NULL ? max : 0, 0, true};
    const char *why, *named = hem__place_named(options, &why);
    char *cache = hem__place_cache(options, set), *package = hem__place_system(set);
    add(&list, named, why);
    list.open = named == NULL;
    add(&list, cache, "cache");
    add(&list, package, "system package");
    free(cache);
    free(package);
    return list.n;
}
