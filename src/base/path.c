/* Names of files and folders: joining, looking, making, and the room that is left. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

bool hem__is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool hem__is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static hem_status make_one(const char *path, hem_error *err)
{
    if (mkdir(path, 0777) == 0)
        return HEM_OK;
    /* Not only EEXIST: a folder on the way may exist on a file system that is read-only. */
    int why = errno;
    if (hem__is_directory(path))
        return HEM_OK;
    if (why == EEXIST)
        return hem__fail_at(err, HEM_ERR_IO, path, 0, 0,
                            "cannot make this folder: a file of that name exists");
    hem__fail_at(err, HEM_ERR_IO, path, 0, 0, "cannot make this folder: %s", strerror(why));
    if (why == EACCES || why == EROFS)
        return hem__hint(err, "choose a place that you may write to");
    return HEM_ERR_IO;
}

hem_status hem__make_directories(const char *path, hem_error *err)
{
    char *partial = hem__strdup(path);
    if (partial == NULL)
        return hem__fail_memory(err, path, 0);
    hem_status status = HEM_OK;
    for (char *at = partial + (*partial == '/'); *at != '\0' && status == HEM_OK; at++) {
        if (*at != '/' || at[1] == '\0')
            continue;
        *at = '\0';
        status = make_one(partial, err);
        *at = '/';
    }
    if (status == HEM_OK)
        status = make_one(partial, err);
    free(partial);
    return status;
}

hem_status hem__free_space(const char *path, unsigned long long *out, hem_error *err)
{
    struct statvfs info;
    char *place = hem__strdup(path);
    *out = 0;
    if (place == NULL)
        return hem__fail_memory(err, path, 0);
    int result;
    while ((result = statvfs(*place != '\0' ? place : ".", &info)) != 0 && errno == ENOENT) {
        char *slash = strrchr(place, '/');
        if (*place == '\0' || strcmp(place, "/") == 0)
            break;
        if (slash == NULL)
            *place = '\0'; /* "name" lies in "." */
        else if (slash == place)
            place[1] = '\0'; /* "/name" lies in "/" */
        else
            *slash = '\0';
    }
    int why = errno;
    free(place);
    if (result != 0)
        return hem__fail_at(err, HEM_ERR_IO, path, 0, 0, "cannot tell the free space: %s",
                            strerror(why));
    *out = (unsigned long long)info.f_bavail * info.f_frsize;
    return HEM_OK;
}

char *hem__path_join(const char *a, const char *b)
{
    size_t n_a = strlen(a);
    /* Nothing before b: a slash would make it a path from the root. */
    if (n_a == 0)
        return hem__strdup(b);
    while (n_a > 0 && a[n_a - 1] == '/')
        n_a--;
    hem__str joined = {0};
    hem__str_add_bytes(&joined, a, n_a);
    hem__str_add(&joined, "/");
    hem__str_add(&joined, b + strspn(b, "/"));
    return hem__str_take(&joined);
}

char *hem__cache_directory(void)
{
    const char *own = getenv("HEMLINE_CACHE");
    if (own != NULL && *own != '\0')
        return hem__strdup(own);
    /* The XDG base directory specification: a relative path counts as not set. */
    const char *cache = getenv("XDG_CACHE_HOME");
    if (cache != NULL && *cache == '/')
        return hem__path_join(cache, "hemline");
    const char *home = getenv("HOME");
    if (home != NULL && *home != '\0')
        return hem__path_join(home, ".cache/hemline");
    return NULL;
}
