/* Two experiments compared leaf by leaf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/keys.h"

/* ---- the leaves of one experiment ----------------------------------------------------------- */

static void collect_keys(const hem_spec *spec, const hem__key *keys, const void *record,
                         const char *prefix, hem__leaves *out);

/* "prefix.name", or NULL: no memory, or a failure before. */
static char *join(const char *prefix, const char *name, hem__leaves *out)
{
    hem__str path = {0};
    hem__str_printf(&path, "%s%s%s", prefix, *prefix ? "." : "", name);
    char *text = hem__str_take(&path);
    out->failed = out->failed || text == NULL;
    return text;
}

/* Takes over path and value; either may be NULL after a failure. */
static void add(hem__leaves *out, char *path, char *value, bool label)
{
    if (out->n == out->capacity && !out->failed) {
        size_t capacity = out->capacity ? 2 * out->capacity : 64;
        hem__leaf *items = hem__reallocarray(out->items, capacity, sizeof *items);
        out->failed = items == NULL;
        if (items != NULL) {
            out->items = items;
            out->capacity = capacity;
        }
    }
    if (path == NULL || value == NULL)
        out->failed = true;
    if (out->failed) {
        free(path);
        free(value);
        return;
    }
    out->items[out->n++] = (hem__leaf){path, value, label};
}

static void collect_value(const hem__key *key, const void *record, const char *prefix,
                          hem__leaves *out)
{
    if (hem__value_absent(key, record))
        return;
    hem__str value = {0};
    hem__value_write(key, record, &value);
    add(out, join(prefix, key->name, out), hem__str_take(&value), key->label);
}

/* The alternative's name at `path` itself, then its keys below. */
static void collect_choice(const hem_spec *spec, const hem__choice *choice, const void *record,
                           const char *path, hem__leaves *out)
{
    const hem__alternative *a = hem__alternative_of(choice, record);
    add(out, hem__strdup(path), hem__strdup(a->name), false);
    if (a->keys != NULL) {
        char *inner = join(path, a->name, out);
        if (inner != NULL)
            collect_keys(spec, a->keys, record, inner, out);
        free(inner);
    } else if (a->value != NULL) {
        collect_value(a->value, record, path, out);
    }
    if (a->beside != NULL)
        collect_keys(spec, a->beside, record, path, out);
}

static void collect_layers(const hem_spec *spec, const hem__choice *choice,
                           const hem__layer_list *list, const char *path, hem__leaves *out)
{
    size_t end = list->first + list->n, place = 0;
    for (size_t i = list->first; i < end && !out->failed; place++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", place);
        char *item = join(path, number, out);
        if (item != NULL)
            collect_choice(spec, choice, &spec->layers[i], item, out);
        free(item);
        i += hem__layer_extent(&spec->layers[i]);
    }
}

static void collect_keys(const hem_spec *spec, const hem__key *keys, const void *record,
                         const char *prefix, hem__leaves *out)
{
    for (; keys->name != NULL && !out->failed; keys++) {
        const void *field = (const char *)record + keys->offset;
        bool leaf = keys->type != HEM__KEY_MAP && keys->type != HEM__KEY_CHOICE &&
                    keys->type != HEM__KEY_LAYERS;
        if (leaf) {
            collect_value(keys, record, prefix, out);
            continue;
        }
        char *path = join(prefix, keys->name, out);
        if (path == NULL)
            return;
        if (keys->type == HEM__KEY_MAP)
            collect_keys(spec, keys->keys, field, path, out);
        else if (keys->type == HEM__KEY_CHOICE)
            collect_choice(spec, keys->choice, field, path, out);
        else
            collect_layers(spec, keys->choice, field, path, out);
        free(path);
    }
}

void hem__leaves_collect(const hem_spec *spec, hem__leaves *out)
{
    memset(out, 0, sizeof *out);
    collect_keys(spec, hem__top_keys, spec, "", out);
}

void hem__leaves_release(hem__leaves *leaves)
{
    for (size_t i = 0; i < leaves->n; i++) {
        free(leaves->items[i].path);
        free(leaves->items[i].value);
    }
    free(leaves->items);
    memset(leaves, 0, sizeof *leaves);
}

/* ---- two experiments ------------------------------------------------------------------------ */

/* A listed path covers all that is below it. */
static bool is_ignored(const hem__leaf *leaf, const char *const *ignored)
{
    if (leaf->label)
        return true;
    for (; ignored != NULL && *ignored != NULL; ignored++) {
        size_t n = strlen(*ignored);
        if (strncmp(leaf->path, *ignored, n) == 0 &&
            (leaf->path[n] == '\0' || leaf->path[n] == '.'))
            return true;
    }
    return false;
}

static const hem__leaf *next_leaf(const hem__leaves *leaves, size_t *index,
                                  const char *const *ignored)
{
    while (*index < leaves->n && is_ignored(&leaves->items[*index], ignored))
        ++*index;
    return *index < leaves->n ? &leaves->items[(*index)++] : NULL;
}

static bool report(const char *path, const char *a, const char *b, char key[128], char value_a[128],
                   char value_b[128])
{
    snprintf(key, 128, "%s", path);
    snprintf(value_a, 128, "%s", a);
    snprintf(value_b, 128, "%s", b);
    return true;
}

static bool has_path(const hem__leaves *leaves, const char *path)
{
    for (size_t i = 0; i < leaves->n; i++)
        if (strcmp(leaves->items[i].path, path) == 0)
            return true;
    return false;
}

static bool compare(const hem__leaves *a, const hem__leaves *b, const char *const *ignored,
                    char key[128], char value_a[128], char value_b[128])
{
    for (size_t i = 0, j = 0;;) {
        const hem__leaf *x = next_leaf(a, &i, ignored);
        const hem__leaf *y = next_leaf(b, &j, ignored);
        if (x == NULL && y == NULL)
            return false;
        bool same_path = x != NULL && y != NULL && strcmp(x->path, y->path) == 0;
        if (same_path && strcmp(x->value, y->value) == 0)
            continue;
        if (same_path)
            return report(x->path, x->value, y->value, key, value_a, value_b);
        /* Paths part only where one list of layers is longer: choices are compared before what is
         * below them, and all else is always there. */
        if (y == NULL || (x != NULL && !has_path(b, x->path)))
            return report(x->path, x->value, "(absent)", key, value_a, value_b);
        return report(y->path, "(absent)", y->value, key, value_a, value_b);
    }
}

bool hem_spec_difference(const hem_spec *a, const hem_spec *b, const char *const *ignored,
                         char key[128], char value_a[128], char value_b[128])
{
    hem__leaves of_a, of_b;
    hem__leaves_collect(a, &of_a);
    hem__leaves_collect(b, &of_b);
    bool differ;
    if (of_a.failed || of_b.failed) /* never "the same" where that is not known */
        differ = report("(not enough memory to compare)", "", "", key, value_a, value_b);
    else
        differ = compare(&of_a, &of_b, ignored, key, value_a, value_b);
    hem__leaves_release(&of_a);
    hem__leaves_release(&of_b);
    return differ;
}
