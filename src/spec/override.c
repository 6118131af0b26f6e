/* `--set path.to.key=value`: changes the tree of the file before it is read, so that an override is
 * checked by the same code as the file. The path is followed in the key tables and in the tree at
 * once: the tables know that `optimizer: adam` may be written `optimizer: {adam: {}}`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/keys.h"

enum { MAX_STEPS = 32 }; /* parts of a path; each residual on the way takes 3 */

typedef struct setter {
    hem_spec *spec;
    hem__at at; /* the override, for messages and as the place of new nodes */
    char *path; /* cut at its dots */
    const char *steps[MAX_STEPS];
    size_t n_steps;
    hem__yaml *value; /* NULL once it is in the tree */
    hem_error *err;
} setter;

/* A place in the tree that a step leads to: an entry, or a container that lacks it. */
typedef struct place {
    hem__yaml *container, *entry;
    const char *key; /* NULL: an item of a list */
} place;

static hem_status fail_memory(setter *s)
{
    hem__fail_memory(s->err, "an override", sizeof(hem__yaml));
    return HEM_ERR_MEMORY;
}

/* Puts `node` at the place, instead of what was there; takes it over. */
static hem_status put(setter *s, place *to, hem__yaml *node)
{
    if (to->key != NULL) {
        node->key = hem__strdup(to->key);
        if (node->key == NULL) {
            hem__yaml_free(node);
            return fail_memory(s);
        }
    }
    node->key_at = s->at;
    hem__yaml **link = &to->container->first;
    while (*link != NULL && *link != to->entry)
        link = &(*link)->next;
    if (*link != NULL) {
        node->next = to->entry->next;
        to->entry->next = NULL;
        hem__yaml_free(to->entry);
    }
    *link = node;
    to->entry = node;
    return HEM_OK;
}

static hem_status put_map(setter *s, place *to)
{
    hem__yaml *map = hem__yaml_new(HEM__YAML_MAP, NULL, NULL, s->at);
    return map ? put(s, to, map) : fail_memory(s);
}

/* The place is a scalar or list that stands for {key: itself}: writes it so. */
static hem_status wrap(setter *s, place *to, const char *key)
{
    hem__yaml *inner = to->entry;
    hem__yaml *map = hem__yaml_new(HEM__YAML_MAP, NULL, inner->key, inner->at);
    char *new_key = hem__strdup(key);
    if (map == NULL || new_key == NULL) {
        hem__yaml_free(map);
        free(new_key);
        return fail_memory(s);
    }
    map->key_at = inner->key_at;
    hem__yaml **link = &to->container->first;
    while (*link != inner)
        link = &(*link)->next;
    *link = map;
    map->next = inner->next;
    map->first = inner;
    inner->next = NULL;
    free(inner->key);
    inner->key = new_key;
    inner->key_at = inner->at;
    to->entry = map;
    return HEM_OK;
}

static place find(hem__yaml *map, const char *key)
{
    return (place){map, hem__yaml_find(map, key), key};
}

/* ---- following the path --------------------------------------------------------------------- */

static hem_status go_key(setter *s, size_t step, const hem__key *keys, const char *noun, place at);

static hem_status go_end(setter *s, place at)
{
    hem__yaml *value = s->value;
    s->value = NULL;
    return put(s, &at, value);
}

static hem_status fail_no_keys(setter *s, const char *noun)
{
    hem__spec_fail(s->spec, s->at, s->err, "'%s' has no keys of its own", noun);
    return hem__hint(s->err, "end the path there");
}

/* The place holds a choice whose bare word becomes {word: {}}: {word: } and its keys follow. */
static hem_status open_word(setter *s, place *at)
{
    char *word = hem__strdup(at->entry->text);
    if (word == NULL)
        return fail_memory(s);
    hem_status status = put_map(s, at);
    if (status == HEM_OK) {
        place inner = find(at->entry, word);
        status = put_map(s, &inner);
    }
    free(word);
    return status;
}

/* Inside {name: here}: the keys of the alternative. */
static hem_status go_alternative(setter *s, size_t step, const hem__alternative *a, place at)
{
    if (step == s->n_steps)
        return go_end(s, at);
    if (a->keys == NULL)
        return fail_no_keys(s, a->name);
    bool shorthand = a->value != NULL && at.entry != NULL && at.entry->kind != HEM__YAML_MAP;
    if (shorthand)
        HEM_TRY(wrap(s, &at, a->value->name));
    return go_key(s, step, a->keys, a->name, at);
}

/* What the choice at this place is now, by its tree; NULL: absent, or nothing that it may be. */
static const hem__alternative *present(const hem__choice *choice, const hem__yaml *node)
{
    if (node == NULL || node->kind == HEM__YAML_LIST)
        return NULL;
    if (node->kind == HEM__YAML_SCALAR)
        return hem__alternative_find(choice, node->text);
    const hem__alternative *a = NULL;
    for (const hem__yaml *entry = node->first; entry != NULL && a == NULL; entry = entry->next)
        a = hem__alternative_find(choice, entry->key);
    return a;
}

/* A step that names neither an alternative nor a key beside the present one. */
static hem_status fail_step(setter *s, const hem__choice *choice, const hem__alternative *now,
                            const char *step, const char *noun)
{
    hem__fail_unknown(s->spec, s->at, step, noun, now ? now->beside : NULL, choice, s->err);
    if (now != NULL && hem__key_find(now->keys, step) != NULL)
        return hem__hint(s->err, "write '%s.%s': it is a key of '%s'", now->name, step, now->name);
    return HEM_ERR_USAGE;
}

static hem_status go_choice(setter *s, size_t step, const hem__choice *choice, const char *noun,
                            place at)
{
    if (step == s->n_steps)
        return go_end(s, at);
    const char *word = s->steps[step];
    const hem__alternative *now = present(choice, at.entry);
    const hem__alternative *wanted = hem__alternative_find(choice, word);
    if (wanted == NULL) {
        if (now == NULL || hem__key_find(now->beside, word) == NULL ||
            at.entry->kind != HEM__YAML_MAP)
            return fail_step(s, choice, now, word, noun);
        return go_key(s, step, now->beside, noun, at);
    }
    if (now != wanted && choice->fixed && now != NULL) {
        hem__spec_fail(s->spec, s->at, s->err, "%s is '%s', not '%s'", noun, now->name, word);
        return hem__hint(s->err,
                         "layers count from 0; to replace it give a whole layer as the value");
    }
    if (now != wanted)
        HEM_TRY(put_map(s, &at));
    else if (at.entry->kind == HEM__YAML_SCALAR)
        HEM_TRY(open_word(s, &at));
    return go_alternative(s, step + 1, wanted, find(at.entry, word));
}

static hem_status go_layer(setter *s, size_t step, const hem__key *key, place at)
{
    if (step == s->n_steps)
        return go_end(s, at);
    const char *word = s->steps[step];
    hem__yaml *list = at.entry;
    if (list == NULL || list->kind != HEM__YAML_LIST) {
        hem__spec_fail(s->spec, s->at, s->err, "the file has no list '%s' to change", key->name);
        return hem__hint(s->err, "begin each layer of it with '- '");
    }
    size_t n = 0, wanted = 0, digits = strspn(word, "0123456789");
    for (const hem__yaml *item = list->first; item != NULL; item = item->next)
        n++;
    bool number = digits > 0 && digits < 8 && word[digits] == '\0';
    if (number)
        wanted = strtoul(word, NULL, 10);
    if (!number || wanted >= n) {
        hem__spec_fail(s->spec, s->at, s->err, "no layer '%.*s' in %s", hem__shown_length(word),
                       word, key->name);
        return hem__hint(s->err, "the %zu layers count from 0", n);
    }
    hem__yaml *item = list->first;
    for (size_t i = 0; i < wanted; i++)
        item = item->next;
    char noun[32];
    snprintf(noun, sizeof noun, "layer %zu", wanted);
    return go_choice(s, step + 1, key->choice, noun, (place){list, item, NULL});
}

/* `augment: none`, which a key below it opens. */
static bool is_word_for_defaults(const hem__key *key, const hem__yaml *entry)
{
    return entry != NULL && entry->kind == HEM__YAML_SCALAR && key->fallback != NULL &&
           entry->text[0] != '\0' && strcmp(entry->text, key->fallback) == 0;
}

static hem_status go_defaults(setter *s, size_t step, const hem__choice *choice, place at)
{
    if (step == s->n_steps)
        return go_end(s, at);
    const hem__alternative *a = hem__alternative_find(choice, s->steps[step]);
    if (a == NULL)
        return hem__fail_unknown(s->spec, s->at, s->steps[step], "defaults", NULL, choice, s->err);
    if (at.entry == NULL)
        HEM_TRY(put_map(s, &at));
    if (at.entry->kind != HEM__YAML_MAP)
        return hem__fail_not_map(s->spec, at.entry, "defaults", NULL, "defaults.dense.l2=1e-4",
                                 s->err);
    return go_alternative(s, step + 1, a, find(at.entry, a->name));
}

/* The step names a key of the mapping at this place, which is made where it is absent. */
static hem_status go_key(setter *s, size_t step, const hem__key *keys, const char *noun, place at)
{
    if (step == s->n_steps)
        return go_end(s, at);
    const char *word = s->steps[step];
    const hem__key *key = hem__key_find(keys, word);
    if (key == NULL)
        return hem__fail_unknown(s->spec, s->at, word, noun, keys, NULL, s->err);
    if (at.entry == NULL)
        HEM_TRY(put_map(s, &at));
    if (at.entry->kind != HEM__YAML_MAP)
        return hem__fail_not_map(s->spec, at.entry, noun, keys, NULL, s->err);
    place next = find(at.entry, word);
    switch (key->type) {
    case HEM__KEY_MAP:
        if (step + 1 < s->n_steps && is_word_for_defaults(key, next.entry))
            HEM_TRY(put_map(s, &next));
        return go_key(s, step + 1, key->keys, key->name, next);
    case HEM__KEY_CHOICE:
        return go_choice(s, step + 1, key->choice, key->name, next);
    case HEM__KEY_LAYERS:
        return go_layer(s, step + 1, key, next);
    case HEM__KEY_DEFAULTS:
        return go_defaults(s, step + 1, key->choice, next);
    case HEM__KEY_INT:
    case HEM__KEY_BOOL:
    case HEM__KEY_SEED:
    case HEM__KEY_REAL:
    case HEM__KEY_PAIR:
    case HEM__KEY_AMOUNT:
    case HEM__KEY_TEXT:
        break;
    }
    return step + 1 == s->n_steps ? go_end(s, next) : fail_no_keys(s, key->name);
}

/* ---- one override --------------------------------------------------------------------------- */

static hem_status split_path(setter *s, const char *text, size_t length)
{
    s->path = hem__calloc(length + 1, 1);
    if (s->path == NULL)
        return fail_memory(s);
    memcpy(s->path, text, length);
    for (char *part = s->path; part != NULL;) {
        char *dot = strchr(part, '.');
        if (dot != NULL)
            *dot++ = '\0';
        if (*part == '\0' || s->n_steps == MAX_STEPS) {
            hem__spec_fail(s->spec, s->at, s->err, "this is no path to a key");
            return hem__hint(s->err, "write it like train.epochs=5 or model.2.dropout=0.1");
        }
        s->steps[s->n_steps++] = part;
        part = dot;
    }
    return HEM_OK;
}

static hem_status apply(setter *s, hem__yaml **root, size_t index)
{
    const char *text = s->spec->overrides[index];
    const char *equals = strchr(text, '=');
    if (equals == NULL) {
        hem__spec_fail(s->spec, s->at, s->err, "no '=' between key and value");
        return hem__hint(s->err, "write it like train.epochs=5");
    }
    HEM_TRY(split_path(s, text, (size_t)(equals - text)));
    HEM_TRY(hem__tree_parse(s->spec, equals + 1, strlen(equals + 1), index + 1, &s->value, s->err));
    /* The root as the only item of a list: then it has a place like every other node. */
    hem__yaml top = {.kind = HEM__YAML_LIST, .first = *root};
    hem_status status = go_key(s, 0, hem__top_keys, "the experiment", (place){&top, *root, NULL});
    *root = top.first;
    return status;
}

hem_status hem__override_apply(hem_spec *spec, hem__yaml **root, size_t index, hem_error *err)
{
    setter s = {.spec = spec, .at = {-(int)index - 1, 0}, .err = err};
    hem_status status = apply(&s, root, index);
    hem__yaml_free(s.value);
    free(s.path);
    return status;
}
