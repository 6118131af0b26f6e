/* The folder of a study: which experiment and data its runs belong to. It appears complete or not
 * at all, as a run directory does. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "study/job.h"
#include "train/json.h"

/* What is asked for. */
typedef struct study {
    hem_study_kind kind;
    const hem_spec *spec;
    hem_data_info data;
} study;

static const char *kind_name(hem_study_kind kind)
{
    return kind == HEM_STUDY_FOLDS ? "folds" : "seeds";
}

/* ---- one that is there ---------------------------------------------------------------------- */

static hem_status same_kind(const char *folder, const json_t *json, const study *s, hem_error *err)
{
    const char *kind = json_string_value(json_object_get(json, "kind"));
    const char *hash = json_string_value(json_object_get(json, "data_sha256"));
    if (kind == NULL || hash == NULL)
        hem__fail_at(err, HEM_ERR_USAGE, folder, 0, 0, "its study.json is damaged");
    else if (strcmp(kind, kind_name(s->kind)) != 0)
        hem__fail_at(err, HEM_ERR_USAGE, folder, 0, 0, "holds a study of %s, not of %s", kind,
                     kind_name(s->kind));
    else if (strcmp(hash, s->data.sha256) != 0)
        hem__fail_at(err, HEM_ERR_USAGE, folder, 0, 0,
                     "holds runs on other data: SHA-256 %.12s... there, %.12s... here", hash,
                     s->data.sha256);
    else
        return HEM_OK;
    return hem__untouched(err);
}

static hem_status same_experiment(const char *folder, const study *s, hem_error *err)
{
    static const char *const seeds[] = {"train.seed", NULL};
    static const char *const folds[] = {"train.seed", "validation.seed", "validation.fold", NULL};
    uint64_t seed;
    return hem__same_experiment(folder, s->spec, s->kind == HEM_STUDY_FOLDS ? folds : seeds,
                                "another experiment", &seed, err);
}

/* HEM_ERR_USAGE where the folder is not this study's. */
static hem_status same_study(const char *folder, const study *s, hem_error *err)
{
    unsigned char *bytes;
    size_t length;
    char *path = hem__path_join(folder, "study.json");
    if (path == NULL)
        return hem__fail_memory(err, "a path", 0);
    hem_status status = hem__file_read(path, (size_t)1 << 20, HEM_ERR_USAGE, &bytes, &length, NULL);
    free(path);
    if (status != HEM_OK) {
        hem__fail_at(err, HEM_ERR_USAGE, folder, 0, 0,
                     "is there already, and holds no study that can be read");
        return hem__untouched(err);
    }
    json_t *json = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, NULL);
    free(bytes);
    status = same_kind(folder, json, s, err);
    json_decref(json);
    return status == HEM_OK ? same_experiment(folder, s, err) : status;
}

/* ---- a new one ------------------------------------------------------------------------------ */

static hem_status write_file(const char *folder, const char *name, const char *text, hem_error *err)
{
    char *path = hem__path_join(folder, name);
    hem_status status = path == NULL || text == NULL
                            ? hem__fail_memory(err, name, 0)
                            : hem__file_write(path, text, strlen(text), err);
    free(path);
    return status;
}

static char *study_text(const study *s)
{
    hem__json json = {.lines = true};
    hem__json_open(&json, NULL, '{');
    hem__json_text(&json, "kind", kind_name(s->kind));
    hem__json_text(&json, "name", hem_spec_name(s->spec));
    hem__json_text(&json, "hemline", HEM_VERSION);
    hem__json_text(&json, "data", s->data.name);
    hem__json_text(&json, "data_sha256", s->data.sha256);
    hem__json_bool(&json, "synthetic", s->data.synthetic);
    hem__json_close(&json, '}');
    hem__str_add(&json.text, "\n");
    return hem__str_take(&json.text);
}

static hem_status fill(const char *folder, const study *s, hem_error *err)
{
    char *resolved = hem_spec_resolved(s->spec), *text = study_text(s);
    hem_status status = write_file(folder, "experiment.yaml", hem_spec_text(s->spec), err);
    if (status == HEM_OK)
        status = write_file(folder, "resolved.yaml", resolved, err);
    if (status == HEM_OK)
        status = write_file(folder, "study.json", text, err);
    free(resolved);
    free(text);
    return status;
}

static void discard(const char *folder)
{
    static const char *const files[] = {"experiment.yaml", "resolved.yaml", "study.json"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *path = hem__path_join(folder, files[i]);
        if (path != NULL)
            (void)unlink(path);
        free(path);
    }
    (void)rmdir(folder);
}

static hem_status fail_folder(const char *folder, int why, hem_error *err)
{
    return hem__fail_at(err, HEM_ERR_IO, folder, 0, 0, "cannot make this folder: %s",
                        strerror(why));
}

/* Makes the folder; *taken where another process was faster. A rename replaces no folder with
 * something in it. */
static hem_status make(const char *folder, const study *s, bool *taken, hem_error *err)
{
    hem__str hidden = {0};
    const char *slash = strrchr(folder, '/');
    int parent = slash != NULL ? (int)(slash - folder) + 1 : 0;
    hem__str_printf(&hidden, "%.*s.new-study-%ld", parent, folder, (long)getpid());
    *taken = false;
    if (hidden.failed)
        return hem__fail_memory(err, "a folder", 0);
    discard(hidden.text); /* left by a killed process of this number */
    hem_status status = hem__make_directories(hidden.text, err);
    if (status == HEM_OK)
        status = fill(hidden.text, s, err);
    if (status == HEM_OK && rename(hidden.text, folder) != 0) {
        *taken = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR;
        status = *taken ? HEM_OK : fail_folder(folder, errno, err);
        discard(hidden.text);
    } else if (status != HEM_OK) {
        discard(hidden.text);
    }
    hem__str_release(&hidden);
    return status;
}

/* One name: found, or made. HEM_ERR_USAGE where something else is there. */
static hem_status find_or_make(const char *folder, const study *s, hem_error *err)
{
    struct stat info;
    bool taken = false;
    if (lstat(folder, &info) == 0)
        return same_study(folder, s, err);
    HEM_TRY(make(folder, s, &taken, err));
    return taken ? same_study(folder, s, err) : HEM_OK;
}

hem_status hem_study_folder(const char *wanted, bool numbered, hem_study_kind kind,
                            const hem_spec *spec, const hem_data *data, char out[512],
                            hem_error *err)
{
    study s = {.kind = kind, .spec = spec, .data = hem_data_get_info(data)};
    const size_t longest = 400; /* room for a run's folder and its files */
    size_t length = strlen(wanted);
    while (length > 1 && wanted[length - 1] == '/')
        length--;
    out[0] = '\0';
    if (length == 0 || length > longest)
        return hem__fail(err, HEM_ERR_USAGE,
                         "the name of the study's folder has %zu bytes; 1 to %zu are possible",
                         length, longest);
    hem_status status = HEM_ERR_USAGE;
    for (int i = 1; status == HEM_ERR_USAGE && (i == 1 || numbered) && i < 10000; i++) {
        char number[16] = "";
        if (i > 1)
            snprintf(number, sizeof number, "-%d", i);
        snprintf(out, 512, "%.*s%s", (int)length, wanted, number);
        status = find_or_make(out, &s, err);
    }
    return status;
}
