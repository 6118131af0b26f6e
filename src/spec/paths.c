/* Every path that an override may name, made from the tables. */
#include <stdio.h>
#include <string.h>

#include "spec/keys.h"

/* A residual in a residual adds "residual.shortcut.999.", HEM__MAX_NESTING times at most. */
enum { LONGEST_PATH = 512 };

typedef struct walk {
    const hem_spec *spec; /* NULL: its layers are not known */
    hem_spec_path_fn *each;
    void *user;
    char path[LONGEST_PATH];
} walk;

static void walk_keys(walk *w, const hem__key *keys, const void *record);

/* Goes on to a part of the path; what it returns takes leave() back. */
static size_t enter(walk *w, const char *name)
{
    size_t n = strlen(w->path);
    snprintf(w->path + n, sizeof w->path - n, "%s%s", n > 0 ? "." : "", name);
    return n;
}

static void leave(walk *w, size_t n)
{
    w->path[n] = '\0';
}

static void tell(const walk *w, const char *word, const char *help)
{
    w->each(w->user, w->path, word, help);
}

static void walk_leaf(walk *w, const hem__key *key)
{
    tell(w, NULL, key->help);
    for (const hem__word *word = key->words; word != NULL && word->name != NULL; word++)
        tell(w, word->name, "");
}

static bool stands_alone(const hem__alternative *a)
{
    if (a->value != NULL && a->keys == NULL && a->value->fallback == NULL)
        return false;
    for (const hem__key *key = a->keys; key != NULL && key->name != NULL; key++) {
        if (key->fallback == NULL && key->like == NULL)
            return false;
    }
    return true;
}

static void walk_alternative(walk *w, const hem__alternative *a, const void *record)
{
    size_t n = enter(w, a->name);
    if (a->value != NULL)
        walk_leaf(w, a->value);
    walk_keys(w, a->keys, record);
    leave(w, n);
}

/* `record` is NULL where nothing is known of the present alternative. */
static void walk_choice(walk *w, const hem__choice *choice, const void *record, const char *help)
{
    const hem__alternative *now = record != NULL ? hem__alternative_of(choice, record) : NULL;
    tell(w, NULL, help);
    for (const hem__alternative *a = choice->alternatives; a->name != NULL; a++) {
        if (stands_alone(a))
            tell(w, a->name, a->help);
    }
    for (const hem__alternative *a = choice->alternatives; a->name != NULL; a++) {
        if (a == now || !choice->fixed)
            walk_alternative(w, a, record);
    }
    if (now != NULL)
        walk_keys(w, now->beside, record);
}

static void walk_layers(walk *w, const hem__key *key, const hem__layer_list *list)
{
    size_t number = 0;
    for (size_t i = list->first; i < list->first + list->n; number++) {
        const hem__layer_spec *layer = &w->spec->layers[i];
        char digits[24];
        snprintf(digits, sizeof digits, "%zu", number);
        size_t n = enter(w, digits);
        walk_choice(w, key->choice, layer, hem__alternative_of(key->choice, layer)->help);
        leave(w, n);
        i += hem__layer_extent(layer);
    }
}

static void walk_key(walk *w, const hem__key *key, const void *record)
{
    const void *field = record != NULL ? (const char *)record + key->offset : NULL;
    switch (key->type) {
    case HEM__KEY_MAP:
        if (key->fallback != NULL && key->fallback[0] != '\0') {
            tell(w, NULL, key->help);
            tell(w, key->fallback, "");
        }
        walk_keys(w, key->keys, field);
        break;
    case HEM__KEY_CHOICE:
        walk_choice(w, key->choice, field, key->help);
        break;
    case HEM__KEY_LAYERS:
        if (field != NULL)
            walk_layers(w, key, field);
        break;
    case HEM__KEY_DEFAULTS:
        for (const hem__alternative *a = key->choice->alternatives; a->name != NULL; a++)
            walk_alternative(w, a, NULL);
        break;
    case HEM__KEY_INT:
    case HEM__KEY_BOOL:
    case HEM__KEY_SEED:
    case HEM__KEY_REAL:
    case HEM__KEY_PAIR:
    case HEM__KEY_AMOUNT:
    case HEM__KEY_TEXT:
        walk_leaf(w, key);
        break;
    }
}

static void walk_keys(walk *w, const hem__key *keys, const void *record)
{
    for (; keys != NULL && keys->name != NULL; keys++) {
        size_t n = enter(w, keys->name);
        walk_key(w, keys, record);
        leave(w, n);
    }
}

void hem_spec_paths(const hem_spec *spec, hem_spec_path_fn *each, void *user)
{
    walk w = {.spec = spec, .each = each, .user = user};
    walk_keys(&w, hem__top_keys, spec);
}
