/* Finding and opening loadable modules. */
#include "base/module.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#ifndef HEM_MODULE_DIRECTORY /* set by the build to LIBDIR/hemline */
#define HEM_MODULE_DIRECTORY "/usr/local/lib/hemline"
#endif

/* Folder of the running program; free() it; NULL = not known. */
static char *program_folder(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    return hem__strdup(path);
}

/* Opens DIRECTORY/FILE; NULL where it is not there or cannot be loaded: then `why` has a line if
 * the file is there. */
static void *open_in(const char *directory, const char *file, hem__str *why)
{
    char *path = directory != NULL ? hem__path_join(directory, file) : NULL;
    void *module = NULL;
    if (path != NULL && access(path, F_OK) == 0) {
        module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        const char *reason = module == NULL ? dlerror() : NULL;
        if (module == NULL)
            hem__str_printf(why, "%s%s", why->length > 0 ? "; " : "",
                            reason != NULL ? reason : "it cannot be loaded");
    }
    free(path);
    return module;
}

static void *open_somewhere(const char *file, hem__str *why)
{
    const char *named = getenv("HEMLINE_MODULES");
    if (named != NULL && named[0] != '\0')
        return open_in(named, file, why);
    char *beside = program_folder();
    void *module = open_in(beside, file, why);
    free(beside);
    return module != NULL ? module : open_in(HEM_MODULE_DIRECTORY, file, why);
}

hem_status hem__module_open(const char *name, const char *symbol, size_t size, const void **out,
                            hem_error *err)
{
    hem__str why = {0}, file = {0};
    hem__str_printf(&file, "hemline_%s.so", name);
    hem_status status = HEM_OK;
    *out = NULL;
    if (file.failed)
        return hem__fail_memory(err, name, 0);
    void *module = open_somewhere(file.text, &why);
    if (module == NULL) {
        hem__fail(err, HEM_ERR_IO, "cannot load the module '%s': %s", file.text,
                  why.length > 0 ? why.text : "there is no such file");
        status = hem__hint(err,
                           "it is built beside the program and installed in '%s'; "
                           "HEMLINE_MODULES names another folder",
                           HEM_MODULE_DIRECTORY);
    } else {
        const hem__module_header *header = dlsym(module, symbol);
        if (header == NULL || header->size != size || strcmp(header->version, HEM_VERSION) != 0)
            status = hem__fail(err, HEM_ERR_IO,
                               "the module '%s' is not of this version of hemline (%s): build both "
                               "anew",
                               file.text, HEM_VERSION);
        else
            *out = header;
    }
    hem__str_release(&why);
    hem__str_release(&file);
    return status;
}
