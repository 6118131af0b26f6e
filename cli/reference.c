/* Reading experiments/reference.json. Every value is checked, and a wrong one named. */
#include "reference.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments.h"

enum { MOST_FOLDS = 1000, MOST_SEEDS = 10000 };

/* What is being read, for messages. */
typedef struct reader {
    reference *to;
    const char *file;
    const char *where; /* "rows[3] (B1)" */
    hem_error *err;
} reader;

static hem_status bad(reader *r, const char *what)
{
    fail(r->err, HEM_ERR_DATA, "the file comes with hemline: take it from there again", "%s%s%s",
         r->where, r->where[0] != '\0' ? ": " : "", what);
    snprintf(r->err->file, sizeof r->err->file, "%s", r->file);
    return HEM_ERR_DATA;
}

/* ---- values --------------------------------------------------------------------------------- */

/* A text, or `fallback` where the key is absent or null; a NULL fallback asks for one. */
static hem_status take_text(reader *r, const json_t *object, const char *key, const char *fallback,
                            const char **out)
{
    const json_t *value = json_object_get(object, key);
    *out = json_is_string(value) ? json_string_value(value) : fallback;
    if (json_is_string(value) || ((value == NULL || json_is_null(value)) && fallback != NULL))
        return HEM_OK;
    return bad(r, text("'%s' must be a text%s", key, value == NULL ? ", and is missing" : ""));
}

static hem_status take_count(reader *r, const json_t *object, const char *key, int low, int high,
                             int fallback, int *out)
{
    const json_t *value = json_object_get(object, key);
    *out = fallback;
    if (value == NULL || json_is_null(value))
        return HEM_OK;
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < low || n > high)
        return bad(r, text("'%s' must be a whole number from %d to %d", key, low, high));
    *out = (int)n;
    return HEM_OK;
}

static hem_status take_bool(reader *r, const json_t *object, const char *key, bool *out)
{
    const json_t *value = json_object_get(object, key);
    *out = json_is_true(value);
    return value == NULL || json_is_boolean(value)
               ? HEM_OK
               : bad(r, text("'%s' must be true or false", key));
}

/* Percent, made a share; NaN where it is absent or a text ("lower than B1"). */
static hem_status take_percent(reader *r, const json_t *object, const char *key, double *out)
{
    const json_t *value = json_object_get(object, key);
    *out = (double)NAN;
    if (value == NULL || json_is_null(value) || json_is_string(value))
        return HEM_OK;
    double x = json_number_value(value);
    if (!json_is_number(value) || !(x >= 0 && x <= 100))
        return bad(r, text("'reported.%s' must be a number from 0 to 100", key));
    *out = x / 100;
    return HEM_OK;
}

static hem_status take_list(reader *r, const json_t *object, const char *key, text_list *out)
{
    const json_t *list = json_object_get(object, key);
    *out = (text_list){0};
    if (list == NULL || json_is_null(list))
        return HEM_OK;
    if (!json_is_array(list))
        return bad(r, text("'%s' must be a list of texts", key));
    out->items = need(calloc(json_array_size(list) + 1, sizeof *out->items));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_string(value))
            return bad(r, text("'%s[%zu]' must be a text", key, i));
        out->items[out->n++] = json_string_value(value);
    }
    return HEM_OK;
}

#define TRY(call)                                                                                  \
    do {                                                                                           \
        hem_status try_status_ = (call);                                                           \
        if (try_status_ != HEM_OK)                                                                 \
            return try_status_;                                                                    \
    } while (0)

/* ---- confusion matrices --------------------------------------------------------------------- */

static hem_status take_matrix(reader *r, const char *id, const json_t *rows)
{
    size_t n = json_array_size(rows), at = 0;
    if (!json_is_array(rows) || n < 2 || n > 1000)
        return bad(r, text("'%s' must be a square list of lists", id));
    size_t *counts = need(calloc(n * n, sizeof *counts));
    r->to->confusions[r->to->n_confusions++] = (ref_confusion){.id = id, .n = n, .counts = counts};
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(rows, i);
        if (json_array_size(row) != n)
            return bad(r, text("'%s': row %zu must have %zu counts", id, i, n));
        for (size_t j = 0; j < n; j++) {
            const json_t *count = json_array_get(row, j);
            if (!json_is_integer(count) || json_integer_value(count) < 0 ||
                json_integer_value(count) > INT_MAX)
                return bad(r, text("'%s': row %zu, column %zu must be a count", id, i, j));
            counts[at++] = (size_t)json_integer_value(count);
        }
    }
    return HEM_OK;
}

static hem_status take_confusions(reader *r, json_t *object)
{
    const char *id;
    json_t *rows;
    r->where = "confusion";
    if (object == NULL || json_is_null(object))
        return HEM_OK;
    if (!json_is_object(object))
        return bad(r, "must be an object of matrices");
    r->to->confusions = need(calloc(json_object_size(object) + 1, sizeof(ref_confusion)));
    json_object_foreach(object, id, rows) TRY(take_matrix(r, id, rows));
    return HEM_OK;
}

static hem_status take_confusion(reader *r, const json_t *object, ref_row *row)
{
    const char *id;
    TRY(take_text(r, object, "confusion", "", &id));
    for (size_t i = 0; i < r->to->n_confusions; i++) {
        if (strcmp(r->to->confusions[i].id, id) == 0)
            row->confusion = &r->to->confusions[i];
    }
    return id[0] == '\0' || row->confusion != NULL
               ? HEM_OK
               : bad(r, text("there is no confusion matrix '%s'", id));
}

/* ---- rows and claims ------------------------------------------------------------------------ */

/* Ids become names of folders. */
static bool fit_for_a_folder(const char *id)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._+=-";
    size_t n = strlen(id);
    return n >= 1 && n <= 64 && id[0] != '.' && id[0] != '-' && strspn(id, allowed) == n;
}

static hem_status take_method(reader *r, const json_t *object, ref_row *row)
{
    const char *method;
    TRY(take_text(r, object, "method", "train", &method));
    if (strcmp(method, "train") == 0)
        return HEM_OK;
    if (strcmp(method, "kfold") != 0)
        return bad(r, text("'method' is '%s'; it must be 'train' or 'kfold'", method));
    TRY(take_bool(r, object, "stratify", &row->stratify));
    return take_count(r, object, "folds", 2, MOST_FOLDS, 5, &row->folds);
}

static hem_status take_row(reader *r, const json_t *object, ref_row *row)
{
    const json_t *reported = json_object_get(object, "reported");
    if (!json_is_object(object))
        return bad(r, "must be an object");
    TRY(take_text(r, object, "id", NULL, &row->id));
    r->where = text("%s ('%s')", r->where, row->id);
    if (!fit_for_a_folder(row->id))
        return bad(r, "'id' must be 1 to 64 letters, digits, '.', '_', '+', '=' or '-'");
    if (reference_find(r->to, row->id) != NULL)
        return bad(r, "two rows have this 'id'");
    TRY(take_text(r, object, "experiment", NULL, &row->experiment));
    if (strchr(row->experiment, '/') != NULL)
        return bad(r, "'experiment' must be the name of a file beside reference.json");
    TRY(take_text(r, object, "title", "", &row->title));
    TRY(take_list(r, object, "overrides", &row->overrides));
    TRY(take_method(r, object, row));
    TRY(take_count(r, object, "seeds", 1, MOST_SEEDS, 0, &row->seeds));
    TRY(take_bool(r, object, "known", &row->known));
    if (reported != NULL && !json_is_null(reported) && !json_is_object(reported))
        return bad(r, "'reported' must be an object");
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++)
        TRY(take_percent(r, reported, part_names[part], &row->reported[part]));
    TRY(take_text(r, reported, "note", "", &row->note));
    return take_confusion(r, object, row);
}

static hem_status take_rows(reader *r, const json_t *list)
{
    r->where = "";
    if (!json_is_array(list) || json_array_size(list) == 0)
        return bad(r, "'rows' must be a list of rows");
    size_t n = json_array_size(list);
    r->to->rows = need(calloc(n, sizeof *r->to->rows));
    for (size_t i = 0; i < n; i++) {
        ref_row row = {0};
        r->where = text("rows[%zu]", i);
        hem_status status = take_row(r, json_array_get(list, i), &row);
        r->to->rows[r->to->n_rows++] = row; /* so that its list is freed */
        if (status != HEM_OK)
            return status;
    }
    return HEM_OK;
}

static hem_status take_side(reader *r, const json_t *object, const char *key, const ref_row **out)
{
    const char *id;
    TRY(take_text(r, object, key, NULL, &id));
    *out = reference_find(r->to, id);
    return *out != NULL ? HEM_OK : bad(r, text("'%s': there is no row '%s'", key, id));
}

static hem_status take_claims(reader *r, const json_t *list)
{
    r->where = "";
    if (list == NULL || json_is_null(list))
        return HEM_OK;
    if (!json_is_array(list))
        return bad(r, "'claims' must be a list");
    size_t n = json_array_size(list);
    r->to->claims = need(calloc(n + 1, sizeof *r->to->claims));
    for (size_t i = 0; i < n; i++) {
        const json_t *object = json_array_get(list, i);
        ref_claim *claim = &r->to->claims[i];
        r->where = text("claims[%zu]", i);
        if (!json_is_object(object))
            return bad(r, "must be an object");
        TRY(take_text(r, object, "id", NULL, &claim->id));
        TRY(take_text(r, object, "text", "", &claim->text));
        TRY(take_text(r, object, "report", "", &claim->report));
        TRY(take_side(r, object, "better", &claim->better));
        TRY(take_side(r, object, "worse", &claim->worse));
        r->to->n_claims++;
    }
    return HEM_OK;
}

/* ---- the file ------------------------------------------------------------------------------- */

const ref_row *reference_find(const reference *r, const char *id)
{
    for (size_t i = 0; i < r->n_rows; i++) {
        if (strcmp(r->rows[i].id, id) == 0)
            return &r->rows[i];
    }
    return NULL;
}

hem_status reference_load(const char *named, reference *out, hem_error *err)
{
    *out = (reference){0};
    TRY(experiments_reference(named, &out->directory, &out->json, err));
    reader r = {
        .to = out, .file = text("%s/reference.json", out->directory), .where = "", .err = err};
    TRY(take_confusions(&r, json_object_get(out->json, "confusion")));
    TRY(take_rows(&r, json_object_get(out->json, "rows")));
    return take_claims(&r, json_object_get(out->json, "claims"));
}

void reference_release(reference *r)
{
    for (size_t i = 0; i < r->n_rows; i++)
        free(r->rows[i].overrides.items);
    for (size_t i = 0; i < r->n_confusions; i++)
        free(r->confusions[i].counts);
    free(r->rows);
    free(r->claims);
    free(r->confusions);
    json_decref(r->json);
    *r = (reference){0};
}
