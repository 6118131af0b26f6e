/* Experiment files: load, check, free. What the keys are is in keys.c and layer_keys.c. */
#include "spec/spec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "spec/keys.h"
#include "spec/text.h"

/* ---- errors --------------------------------------------------------------------------------- */

hem_status hem__spec_fail(const hem_spec *spec, hem__at at, hem_error *err, const char *format, ...)
{
    char text[sizeof err->text];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (n < 0)
        text[0] = '\0';
    size_t index = at.line < 0 ? (size_t)-at.line - 1 : SIZE_MAX;
    if (index >= spec->n_overrides)
        return hem__fail_at(err, HEM_ERR_USAGE, spec->path, at.line, at.column, "%s", text);
    const char *override = spec->overrides[index];
    int shown = strlen(override) > 100 ? hem__shown_length(override) : (int)strlen(override);
    return hem__fail(err, HEM_ERR_USAGE, "--set %.*s%s: %s", shown, override,
                     override[shown] ? "..." : "", text);
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool ends_in(const char *text, size_t length, const char *end)
{
    size_t n = strlen(end);
    return length > n && strncmp(text + length - n, end, n) == 0;
}

/* The base name without its ending, fit to name a folder: at most 128 bytes as the key 'name', and
 * what could steer a path or a terminal becomes '_'. */
static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t length = strlen(base);
    if (ends_in(base, length, ".yaml"))
        length -= strlen(".yaml");
    else if (ends_in(base, length, ".yml"))
        length -= strlen(".yml");
    hem__str name = {0};
    for (size_t i = 0, bytes; i < length; i += bytes) {
        int c = hem__utf8_next(base + i, length - i, &bytes);
        if (i + bytes > 128)
            break;
        if (c < 0 || !hem__utf8_printable(c) || (i == 0 && (c == '.' || c == '-')))
            hem__str_add(&name, "_");
        else
            hem__str_add_bytes(&name, base + i, bytes);
    }
    if (name.length == 0)
        hem__str_add(&name, "experiment");
    return hem__str_take(&name);
}

/* A name becomes part of a folder's name. */
static hem_status check_name(const hem_spec *spec, hem__yaml *root, hem_error *err)
{
    const char *bad = spec->name ? strpbrk(spec->name, "/\n\t") : NULL;
    bool starts_badly = spec->name && strchr(".-", spec->name[0]) != NULL;
    if (bad == NULL && !starts_badly)
        return HEM_OK;
    hem__spec_fail(spec, hem__yaml_find(root, "name")->at, err,
                   starts_badly ? "name may not begin with '.' or '-'"
                                : "name may not hold '/', a tab or a line end");
    return hem__hint(err, "it becomes part of a folder's name");
}

/* ---- from text to spec ---------------------------------------------------------------------- */

/* A schedule with an end must reach as far as training goes. */
static hem_status check_schedule(const hem_spec *spec, hem_error *err)
{
    const hem__train_spec *train = &spec->train;
    const hem__schedule_spec *schedule = &train->schedule;
    if (train->warmup > 0 && train->warmup >= train->epochs) {
        hem__spec_fail(spec, train->warmup_at, err,
                       "warmup takes %g epochs, and training has only %d", train->warmup,
                       train->epochs);
        return hem__hint(err, "use a shorter warmup, or more epochs");
    }
    if (schedule->epochs == 0 || train->warmup + schedule->epochs >= train->epochs)
        return HEM_OK;
    hem__spec_fail(spec, schedule->epochs_at, err, "the schedule '%s' ends after %g of %d epochs",
                   hem__schedule_name(schedule->kind), train->warmup + schedule->epochs,
                   train->epochs);
    return hem__hint(err, "leave its epochs out: then it lasts as long as the training");
}

static hem_status check_stopping(const hem_spec *spec, hem_error *err)
{
    const hem__stopping_spec *stopping = &spec->train.early_stopping;
    if (stopping->kind == HEM__STOPPING_NONE || spec->validation.kind != HEM__VALIDATION_NONE)
        return HEM_OK;
    hem__at at = stopping->at.line != 0 ? stopping->at : spec->validation.at;
    hem__spec_fail(spec, at, err, "early_stopping watches the %s, but there is no validation part",
                   hem__monitor_name(stopping->monitor));
    return hem__hint(err, "add for example validation: {first: 5000}, or write "
                          "early_stopping: none");
}

/* What no single key can know. */
static hem_status check_together(const hem_spec *spec, hem_error *err)
{
    const hem__train_spec *train = &spec->train;
    if (train->keep != HEM__KEEP_LAST && spec->validation.kind == HEM__VALIDATION_NONE) {
        hem__at at = train->keep_at.line != 0 ? train->keep_at : spec->validation.at;
        hem__spec_fail(spec, at, err, "keep is '%s', but there is no validation part",
                       hem__keep_name(train->keep));
        return hem__hint(err, "add for example validation: {first: 5000}, or write keep: last");
    }
    HEM_TRY(check_schedule(spec, err));
    HEM_TRY(check_stopping(spec, err));
    return hem__augment_together(spec, err);
}

static hem_status read_tree(hem_spec *spec, hem__yaml **root, hem_error *err)
{
    if ((*root)->kind == HEM__YAML_SCALAR && (*root)->text[0] == '\0') {
        hem__spec_fail(spec, (*root)->at, err, "the file holds no experiment");
        return hem__hint(err, "'hemline init' writes one to start from");
    }
    for (size_t i = 0; i < spec->n_overrides; i++)
        HEM_TRY(hem__override_apply(spec, root, i, err));
    HEM_TRY(hem__keys_read(spec, hem__top_keys, "the experiment", *root, spec, err));
    spec->defaults = NULL; /* the tree will not outlive this call */
    HEM_TRY(check_name(spec, *root, err));
    HEM_TRY(check_together(spec, err));
    HEM_TRY(hem__data_spec_check(spec, err));
    if (spec->name == NULL)
        spec->name = name_of(spec->path);
    return spec->name ? HEM_OK : hem__fail_memory(err, "the experiment", 0);
}

static hem_status copy_arguments(hem_spec *spec, const char *text, const char *name,
                                 const char *const *overrides, size_t n, hem_error *err)
{
    spec->path = hem__strdup(name);
    spec->text = hem__strdup(text);
    spec->overrides = hem__calloc(n ? n : 1, sizeof *spec->overrides);
    if (spec->path == NULL || spec->text == NULL || spec->overrides == NULL)
        return hem__fail_memory(err, "the experiment", strlen(text));
    for (; spec->n_overrides < n; spec->n_overrides++) {
        spec->overrides[spec->n_overrides] = hem__strdup(overrides[spec->n_overrides]);
        if (spec->overrides[spec->n_overrides] == NULL)
            return hem__fail_memory(err, "an override", strlen(overrides[spec->n_overrides]));
    }
    return HEM_OK;
}

/* `length` may go past a NUL, which is then refused with its place. */
static hem_status parse(hem_spec *spec, const char *text, size_t length, hem_error *err)
{
    hem__yaml *root = NULL;
    HEM_TRY(hem__tree_parse(spec, text, length, 0, &root, err));
    hem_status status = read_tree(spec, &root, err);
    hem__yaml_free(root);
    return status;
}

static hem_status make(const char *text, size_t length, const char *name,
                       const char *const *overrides, size_t n, hem_spec **out, hem_error *err)
{
    *out = NULL;
    hem_spec *spec = hem__calloc(1, sizeof *spec);
    if (spec == NULL)
        return hem__fail_memory(err, "the experiment", sizeof *spec);
    hem_status status = copy_arguments(spec, text, name, overrides, n, err);
    if (status == HEM_OK)
        status = parse(spec, text, length, err);
    if (status == HEM_OK)
        *out = spec;
    else
        hem_spec_free(spec);
    return status;
}

hem_status hem_spec_parse(const char *text, const char *name, const char *const *overrides,
                          size_t n, hem_spec **out, hem_error *err)
{
    return make(text, strlen(text), name, overrides, n, out, err);
}

hem_status hem_spec_load(const char *path, const char *const *overrides, size_t n, hem_spec **out,
                         hem_error *err)
{
    *out = NULL;
    unsigned char *text;
    size_t length;
    hem_status status =
        hem__file_read(path, HEM__TREE_MAX_BYTES, HEM_ERR_USAGE, &text, &length, err);
    if (status == HEM_ERR_USAGE && err != NULL && err->hint[0] == '\0')
        hem__hint(err, "an experiment is a YAML text; 'hemline init' writes one to start from");
    HEM_TRY(status);
    status = make((const char *)text, length, path, overrides, n, out, err);
    free(text);
    return status;
}

void hem_spec_free(hem_spec *spec)
{
    if (spec == NULL)
        return;
    for (size_t i = 0; spec->overrides != NULL && i < spec->n_overrides; i++)
        free(spec->overrides[i]);
    free(spec->overrides);
    free(spec->path);
    free(spec->name);
    free(spec->description);
    free(spec->text);
    free(spec->data.directory);
    free(spec->data.expect);
    free(spec->data.csv.train);
    free(spec->data.csv.test);
    free(spec->data.csv.label);
    for (int i = 0; i < 4; i++)
        free(spec->data.npy[i]);
    free(spec->validation.path);
    free(spec->validation.images);
    free(spec->validation.labels);
    free(spec->layers);
    free(spec);
}

/* ---- looking in ----------------------------------------------------------------------------- */

const char *hem_spec_name(const hem_spec *spec)
{
    return spec->name;
}

const char *hem_spec_text(const hem_spec *spec)
{
    return spec->text;
}

uint64_t hem_spec_seed(const hem_spec *spec)
{
    return spec->train.seed;
}

int hem_spec_epochs(const hem_spec *spec)
{
    return spec->train.epochs;
}

int hem_spec_batch(const hem_spec *spec)
{
    return spec->train.batch;
}

const char *hem__layer_kind_name(hem__layer_kind kind)
{
    static const char *const names[] = {
#define X(id, name) name,
#include "spec/layers.def"
#undef X
    };
    return names[kind];
}
