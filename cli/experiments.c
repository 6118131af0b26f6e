#include "experiments.h"

#include <stdio.h>
#include <unistd.h>

#include "common.h"

#define FACTS "reference.json"

static const char *find(const char *named)
{
    static const char *const places[] = {"experiments", HEM_EXPERIMENTS_DIRECTORY};
    if (named != NULL)
        return named;
    for (size_t i = 0; i < COUNT(places); i++) {
        if (access(text("%s/" FACTS, places[i]), F_OK) == 0)
            return places[i];
    }
    return NULL;
}

hem_status experiments_reference(const char *named, const char **folder, json_t **out,
                                 hem_error *err)
{
    *out = NULL;
    *folder = find(named);
    if (*folder == NULL)
        return fail(err, HEM_ERR_USAGE,
                    "start it in hemline's folder, or name one with --experiments",
                    "no " FACTS " in ./experiments, nor in %s", HEM_EXPERIMENTS_DIRECTORY);
    const char *path = text("%s/" FACTS, *folder);
    json_error_t why;
    *out = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (*out != NULL)
        return HEM_OK;
    if (access(path, R_OK) != 0)
        return fail(err, HEM_ERR_USAGE, "--experiments names the folder that holds it",
                    "there is no file '%s' that can be read", path);
    fail(err, HEM_ERR_DATA, "the file comes with hemline: take it from there again", "%s",
         why.text);
    snprintf(err->file, sizeof err->file, "%s", path);
    err->line = why.line > 0 ? why.line : 0;
    err->column = why.line > 0 && why.column > 0 ? why.column : 0;
    return HEM_ERR_DATA;
}
