#include "data_check.h"

#include <string.h>
#include <sys/stat.h>

#include "common.h"

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

static bool is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* What an experiment would say behind `data:`; NULL: this is no data of one of these kinds. What is
 * in quotes in JSON is so in YAML. */
static const char *data_value(const char *path)
{
    json_t *json = json_string(path);
    char *quoted = json != NULL ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    const char *value = NULL;
    if (quoted == NULL) /* no UTF-8, which an experiment cannot say */
        value = NULL;
    else if (is_directory(text("%s/train", path)))
        value = text("{images: %s}", quoted);
    else if (ends_in(path, ".npz"))
        value = text("{npz: %s}", quoted);
    else if (ends_in(path, ".csv") || ends_in(path, ".csv.gz"))
        value = text("{csv: {train: %s, test: %s}}", quoted, quoted);
    free(quoted);
    json_decref(json);
    return value;
}

/* Any network will do for the experiment that hem_data_open() asks for. */
static hem_status load(session *s, const char *path, hem_error *err)
{
    const char *value = data_value(path);
    if (value == NULL)
        return hem_spec_load(path, NULL, 0, &s->spec, err);
    const char *experiment = text("data: %s\n"
                                  "model:\n"
                                  "  - flatten\n"
                                  "  - dense: {units: 256, activation: softmax}\n",
                                  value);
    return hem_spec_parse(experiment, path, NULL, 0, &s->spec, err);
}

static int print_json(const char *path, const hem_data_info *info, bool one_file)
{
    json_t *object = need(json_object());
    json_put(object, "path", json_text(path));
    json_put(object, "data", json_text(info->name));
    json_put(object, "height", json_integer(info->height));
    json_put(object, "width", json_integer(info->width));
    json_put(object, "channels", json_integer(info->channels));
    json_put(object, "classes", json_integer(info->n_classes));
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
        bool known = part == HEM_TRAIN || !one_file;
        json_put(object, part_names[part], known ? json_count(info->n[part]) : json_null());
    }
    json_put(object, "sha256", one_file ? json_null() : json_text(info->sha256));
    return out_json(object);
}

static void print(const char *path, const hem_data_info *info, bool one_file)
{
    out("%s%s%s\n", out_style.bold, plain_text(path), out_style.off);
    out("  %s, %s, %d classes\n", info->name, size_text(info->height, info->width, info->channels),
        info->n_classes);
    if (one_file) {
        out("  %s images\n", grouped(info->n[HEM_TRAIN]));
        return;
    }
    out("  %s images to train on, %s for validation, %s to test\n", grouped(info->n[HEM_TRAIN]),
        grouped(info->n[HEM_VALIDATION]), grouped(info->n[HEM_TEST]));
    out("  %ssha256 %s%s\n", out_style.dim, info->sha256, out_style.off);
}

bool data_check_other(const char *path, int *code)
{
    bool experiment = ends_in(path, ".yaml") || ends_in(path, ".yml");
    bool one_file = ends_in(path, ".csv") || ends_in(path, ".csv.gz");
    if (!experiment && data_value(path) == NULL)
        return false;
    session s = {0};
    hem_error err;
    hem_status status = load(&s, path, &err);
    if (status == HEM_OK)
        status = session_data(&s, &err);
    if (status == HEM_OK) {
        hem_data_info info = hem_data_get_info(s.data);
        *code = HEM_OK;
        if (common.json)
            *code = print_json(path, &info, one_file);
        else
            print(path, &info, one_file);
    } else {
        *code = report(&err);
    }
    session_close(&s);
    return true;
}
