#include "experiments.h"

#include <string.h>
#include <unistd.h>

#include "common.h"

#define FACTS "reference.json"

static const char *choose(const char *named)
{
    if (named != NULL)
        return named;
    return access("experiments/" FACTS, F_OK) == 0 ? "experiments" : HEM_EXPERIMENTS_DIRECTORY;
}

hem_status experiments_reference(const char *named, const char **folder, json_t **out,
                                 hem_error *err)
{
    *folder = choose(named);
    *out = NULL;
    const char *path = text("%s/" FACTS, *folder);
    if (access(path, R_OK) != 0)
        return fail(err, HEM_ERR_USAGE,
                    "name the folder 'experiments' of hemline's source with --experiments DIR",
                    "'%s' cannot be read", plain_text(path));
    json_error_t at;
    *out = json_load_file(path, JSON_REJECT_DUPLICATES, &at);
    if (*out == NULL)
        return fail(err, HEM_ERR_USAGE, "it comes with hemline: take a fresh copy", "%s:%d:%d: %s",
                    plain_text(path), at.line, at.column, plain_text(at.text));
    return HEM_OK;
}
