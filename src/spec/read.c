/* From the tree of a file to a struct, by the key tables. Every key that is absent gets its default
 * through the same code as if the file had said it. */
#include "spec/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MAX_LAYERS = 1000 };

/* What one mapping gives for each row of a table; NULL = absent. */
typedef struct given {
    hem__yaml *nodes[HEM__MAX_KEYS];
} given;

static hem_status read_key(hem_spec *spec, const hem__key *key, hem__yaml *node, hem__at parent,
                           void *record, hem_error *err);

/* ---- errors --------------------------------------------------------------------------------- */

/* "a, b, c" */
static void list_keys(const hem__key *keys, hem__str *out)
{
    for (; keys != NULL && keys->name != NULL; keys++)
        hem__str_printf(out, "%s%s", out->length > 0 ? ", " : "", keys->name);
}

static void list_alternatives(const hem__choice *choice, hem__str *out)
{
    for (const hem__alternative *a = choice ? choice->alternatives : NULL; a && a->name; a++)
        hem__str_printf(out, "%s%s", out->length > 0 ? ", " : "", a->name);
}

static const char *nearest_name(const char *word, const hem__key *keys, const hem__choice *choice)
{
    const char *names[2 * HEM__MAX_KEYS + 1];
    size_t n = 0;
    for (; keys != NULL && keys->name != NULL; keys++)
        names[n++] = keys->name;
    for (const hem__alternative *a = choice ? choice->alternatives : NULL; a && a->name; a++)
        names[n++] = a->name;
    names[n] = NULL;
    return hem__nearest(word, names);
}

/* The first alternative that knows this key: `learning_rate` was written without its optimizer. */
static const hem__alternative *owner(const hem__choice *choice, const char *key)
{
    for (const hem__alternative *a = choice ? choice->alternatives : NULL; a && a->name; a++) {
        if (hem__key_find(a->keys, key) != NULL || hem__key_find(a->beside, key) != NULL)
            return a;
    }
    return NULL;
}

/* The key of the experiment below which this one stands: `epochs` was written without `train`. */
static const char *section_of(const char *word)
{
    for (const hem__key *key = hem__top_keys; key->name != NULL; key++) {
        if (key->type == HEM__KEY_MAP && hem__key_find(key->keys, word) != NULL)
            return key->name;
    }
    for (const hem__key *key = hem__top_keys; key->name != NULL; key++) {
        if (key->type == HEM__KEY_CHOICE && owner(key->choice, word) != NULL)
            return key->name;
    }
    return NULL;
}

hem_status hem__fail_unknown(const hem_spec *spec, hem__at at, const char *word, const char *noun,
                             const hem__key *keys, const hem__choice *also, hem_error *err)
{
    hem__spec_fail(spec, at, err, "unknown key '%.*s' in %s", hem__shown_length(word), word, noun);
    const hem__alternative *a = owner(also, word);
    if (a != NULL)
        return hem__hint(err, "it is a key of '%s', for example %s", a->name, a->example);
    const char *section = keys == hem__top_keys ? section_of(word) : NULL;
    if (section != NULL)
        return hem__hint(err, "it is a key of '%s'", section);
    const char *near = nearest_name(word, keys, also);
    if (near != NULL)
        return hem__hint(err, "did you mean '%s'?", near);
    hem__str list = {0};
    list_keys(keys, &list);
    list_alternatives(also, &list);
    if (list.length == 0)
        hem__hint(err, "remove it: no key may stand here");
    else
        hem__hint(err, "known keys: %s", list.text);
    hem__str_release(&list);
    return HEM_ERR_USAGE;
}

hem_status hem__fail_not_map(const hem_spec *spec, const hem__yaml *node, const char *noun,
                             const hem__key *keys, const char *example, hem_error *err)
{
    char seen[96];
    hem__spec_fail(spec, node->at, err, "%s must be keys with values, %s", noun,
                   hem__yaml_seen(node, seen));
    if (example != NULL)
        return hem__hint(err, "for example %s", example);
    hem__str list = {0};
    list_keys(keys, &list);
    hem__hint(err, "its keys are %s", list.text ? list.text : "in docs/experiment-file.md");
    hem__str_release(&list);
    return HEM_ERR_USAGE;
}

/* A required key that is not there; `parent` is where it should be. */
static hem_status fail_missing(const hem_spec *spec, hem__at parent, const hem__key *key,
                               const char *noun, hem_error *err)
{
    hem__spec_fail(spec, parent, err, "'%s' is missing in %s", key->name, noun);
    if (key->type == HEM__KEY_LAYERS)
        return hem__hint(err, "add '%s:' and below it the layers, for example %s", key->name,
                         key->choice->alternatives[1].example);
    if (key->choice != NULL)
        return hem__hint(err, "for example %s", key->choice->alternatives->example);
    hem__str allowed = {0};
    hem__value_describe(key, &allowed);
    hem__hint(err, "add %s: %s", key->name, allowed.text ? allowed.text : "its value");
    hem__str_release(&allowed);
    return HEM_ERR_USAGE;
}

/* ---- mappings ------------------------------------------------------------------------------- */

/* Finds the row of an entry and notes it in `out`. *found = false: the table has no such key. */
static hem_status note(const hem_spec *spec, const hem__key *keys, hem__yaml *entry, given *out,
                       bool *found, hem_error *err)
{
    const hem__key *key = hem__key_find(keys, entry->key);
    *found = key != NULL;
    if (key == NULL)
        return HEM_OK;
    hem__yaml **slot = &out->nodes[key - keys];
    if (*slot != NULL) {
        hem__spec_fail(spec, entry->key_at, err, "'%s' is given twice", entry->key);
        if ((*slot)->key_at.line > 0)
            return hem__hint(err, "first on line %d: keep one of them", (*slot)->key_at.line);
        return hem__hint(err, "keep one of them");
    }
    *slot = entry;
    return HEM_OK;
}

static hem_status read_given(hem_spec *spec, const hem__key *keys, const char *noun, hem__at parent,
                             const given *from, void *record, hem_error *err)
{
    for (size_t i = 0; keys != NULL && keys[i].name != NULL; i++) {
        const hem__key *key = &keys[i];
        if (from->nodes[i] == NULL && key->fallback == NULL && key->like == NULL)
            return fail_missing(spec, parent, key, noun, err);
        if (from->nodes[i] == NULL && key->like != NULL) {
            const hem__key *source = hem__key_find(keys, key->like);
            memcpy((char *)record + key->offset, (char *)record + source->offset, 2 * sizeof(int));
            continue;
        }
        HEM_TRY(read_key(spec, key, from->nodes[i], parent, record, err));
    }
    return HEM_OK;
}

/* Notes every entry of a mapping; all must be keys of the table. */
static hem_status note_all(const hem_spec *spec, const hem__key *keys, const char *noun,
                           const hem__yaml *map, given *out, hem_error *err)
{
    for (hem__yaml *entry = map->first; entry != NULL; entry = entry->next) {
        bool found;
        HEM_TRY(note(spec, keys, entry, out, &found, err));
        if (!found)
            return hem__fail_unknown(spec, entry->key_at, entry->key, noun, keys, NULL, err);
    }
    return HEM_OK;
}

hem_status hem__keys_read(hem_spec *spec, const hem__key *keys, const char *noun, hem__yaml *node,
                          void *record, hem_error *err)
{
    if (node->kind != HEM__YAML_MAP)
        return hem__fail_not_map(spec, node, noun, keys, NULL, err);
    given all = {{NULL}};
    HEM_TRY(note_all(spec, keys, noun, node, &all, err));
    hem__at place = node->key != NULL ? node->key_at : node->at;
    return read_given(spec, keys, noun, place, &all, record, err);
}

/* ---- defaults of layers --------------------------------------------------------------------- */

/* What `defaults:` says of a kind of layer; NULL = nothing. */
static hem__yaml *default_of(const hem_spec *spec, const hem__choice *choice,
                             const hem__alternative *a)
{
    return choice == &hem__layer_choice && spec->defaults != NULL
               ? hem__yaml_find(spec->defaults, a->name)
               : NULL;
}

/* Fills what the layer does not say itself. */
static void fill_defaults(const hem__alternative *a, hem__yaml *usual, given *all)
{
    if (usual == NULL)
        return;
    if (usual->kind != HEM__YAML_MAP) { /* maxpool: 2 */
        hem__yaml **slot = &all->nodes[a->value - a->keys];
        *slot = *slot ? *slot : usual;
        return;
    }
    for (hem__yaml *entry = usual->first; entry != NULL; entry = entry->next) {
        hem__yaml **slot = &all->nodes[hem__key_find(a->keys, entry->key) - a->keys];
        *slot = *slot ? *slot : entry;
    }
}

/* Not kinds without values; nor kinds that hold layers, which would get their own defaults again
 * without end. */
static bool may_have_defaults(const hem__alternative *a)
{
    for (const hem__key *key = a->keys; key != NULL && key->name != NULL; key++) {
        if (key->type == HEM__KEY_LAYERS)
            return false;
    }
    return a->keys != NULL || (a->value != NULL && a->value->type != HEM__KEY_LAYERS);
}

static hem_status fail_no_defaults(const hem_spec *spec, const hem__choice *choice,
                                   const hem__yaml *entry, hem_error *err)
{
    hem__str list = {0};
    for (const hem__alternative *a = choice->alternatives; a->name != NULL; a++) {
        if (may_have_defaults(a))
            hem__str_printf(&list, "%s%s", list.length > 0 ? ", " : "", a->name);
    }
    hem__spec_fail(spec, entry->key_at, err, "'%s' has no values that could have defaults",
                   entry->key);
    hem__hint(err, "those that have are %s", list.text ? list.text : "conv and dense");
    hem__str_release(&list);
    return HEM_ERR_USAGE;
}

/* One kind's defaults, read into a layer that is thrown away: a mistake shows also where no layer
 * makes use of the value. */
static hem_status check_default(hem_spec *spec, const hem__alternative *a, hem__yaml *node,
                                hem_error *err)
{
    hem__layer_spec scratch = {0};
    if (a->keys == NULL || (node->kind != HEM__YAML_MAP && a->value != NULL))
        return hem__value_read(spec, a->value, a->name, node, &scratch, err);
    if (node->kind != HEM__YAML_MAP)
        return hem__fail_not_map(spec, node, a->name, a->keys, NULL, err);
    given all = {{NULL}};
    HEM_TRY(note_all(spec, a->keys, a->name, node, &all, err));
    for (size_t i = 0; a->keys[i].name != NULL; i++) {
        if (all.nodes[i] != NULL)
            HEM_TRY(read_key(spec, &a->keys[i], all.nodes[i], node->key_at, &scratch, err));
    }
    return HEM_OK;
}

static hem_status read_defaults(hem_spec *spec, const hem__choice *choice, hem__yaml *node,
                                hem_error *err)
{
    if (node->kind != HEM__YAML_MAP)
        return hem__fail_not_map(spec, node, "defaults", NULL,
                                 "defaults: {dense: {activation: relu}, conv: {padding: same}}",
                                 err);
    for (hem__yaml *entry = node->first; entry != NULL; entry = entry->next) {
        const hem__alternative *a = hem__alternative_find(choice, entry->key);
        const hem__yaml *first = hem__yaml_find(node, entry->key);
        if (a == NULL)
            return hem__fail_unknown(spec, entry->key_at, entry->key, "defaults", NULL, choice,
                                     err);
        if (first != entry) {
            hem__spec_fail(spec, entry->key_at, err, "'%s' is given twice", entry->key);
            return hem__hint(err, "keep one of them");
        }
        if (!may_have_defaults(a))
            return fail_no_defaults(spec, choice, entry, err);
        HEM_TRY(check_default(spec, a, entry, err));
    }
    spec->defaults = node;
    return HEM_OK;
}

/* Whether a value is the key's default, as the resolved text writes it out. */
static bool says_default(const hem__key *key, const hem__yaml *node)
{
    if (node->kind != HEM__YAML_SCALAR)
        return false;
    if (key->type == HEM__KEY_REAL && hem__text_is_number(node->text))
        return hem__text_to_real(node->text) == hem__text_to_real(key->fallback);
    return strcmp(node->text, key->fallback) == 0;
}

/* A layer that says `bias: false` and, itself, what its biases should be: one of the two is a
 * mistake. What `defaults` says of biases is for the layers that have some, so it is dropped. */
static hem_status take_no_bias(const hem_spec *spec, const hem__key *keys, const given *own,
                               given *all, hem_error *err)
{
    const hem__key *key = hem__key_find(keys, "bias");
    const hem__yaml *bias = key != NULL ? all->nodes[key - keys] : NULL;
    if (bias == NULL || bias->kind != HEM__YAML_SCALAR || strcmp(bias->text, "false") != 0)
        return HEM_OK;
    for (size_t i = 0; keys[i].name != NULL; i++) {
        const hem__yaml *said = own->nodes[i];
        if (strncmp(keys[i].name, "bias_", 5) != 0)
            continue;
        if (said == NULL || says_default(&keys[i], said)) {
            all->nodes[i] = NULL;
            continue;
        }
        hem__spec_fail(spec, said->key_at, err,
                       "'%s' is given, but the layer has no biases: 'bias' is false", keys[i].name);
        return bias->key_at.line > 0 && bias->key_at.line != said->key_at.line
                   ? hem__hint(err, "remove it, or 'bias: false' on line %d", bias->key_at.line)
                   : hem__hint(err, "remove it, or 'bias: false'");
    }
    return HEM_OK;
}

/* ---- choices -------------------------------------------------------------------------------- */

/* A key of the mapping that belongs to another alternative: `momentum` in sgd. Not of layers, where
 * another kind would be no remedy. */
static hem_status check_owner(const hem_spec *spec, const hem__choice *choice,
                              const hem__alternative *a, const hem__yaml *map, hem_error *err)
{
    for (const hem__yaml *entry = map->first; entry != NULL && !choice->fixed;
         entry = entry->next) {
        const hem__alternative *other = owner(choice, entry->key);
        if (other == NULL || hem__key_find(a->keys, entry->key) != NULL ||
            nearest_name(entry->key, a->keys, NULL) != NULL)
            continue;
        return hem__fail_unknown(spec, entry->key_at, entry->key, a->name, a->keys, choice, err);
    }
    return HEM_OK;
}

/* What is left of an alternative once it is known: its value and the keys beside it. `node` is NULL
 * where the name stands alone. */
static hem_status read_alternative(hem_spec *spec, const hem__choice *choice,
                                   const hem__alternative *a, hem__yaml *node, hem__at at,
                                   const given *beside, void *record, hem_error *err)
{
    memcpy((char *)record + choice->kind, &a->kind, sizeof a->kind);
    memcpy((char *)record + choice->at, &at, sizeof at);
    HEM_TRY(read_given(spec, a->beside, a->name, at, beside, record, err));

    given all = {{NULL}};
    hem__yaml *usual = default_of(spec, choice, a);
    bool empty = node == NULL || (node->kind == HEM__YAML_SCALAR && node->text[0] == '\0');
    if (a->keys == NULL && node == NULL)
        node = usual;
    if (a->keys == NULL && a->value == NULL) {
        if (node == NULL)
            return HEM_OK;
        hem__spec_fail(spec, node->at, err, "%s takes no value", a->name);
        return hem__hint(err, "write: %s", a->example);
    }
    if (a->keys == NULL && node == NULL) {
        hem__spec_fail(spec, at, err, "%s needs a value", a->name);
        return hem__hint(err, "for example %s", a->example);
    }
    if (a->keys == NULL)
        return hem__value_read(spec, a->value, a->name, node, record, err);
    if (node != NULL && node->kind == HEM__YAML_MAP) {
        HEM_TRY(check_owner(spec, choice, a, node, err));
        HEM_TRY(note_all(spec, a->keys, a->name, node, &all, err));
    } else if (node != NULL && (a->value == NULL || empty)) {
        return hem__fail_not_map(spec, node, a->name, a->keys, a->example, err);
    } else if (node != NULL) { /* maxpool: 2 */
        if (a->value->type != HEM__KEY_LAYERS)
            HEM_TRY(hem__value_read(spec, a->value, a->name, node, record, err));
        all.nodes[a->value - a->keys] = node;
    }
    given own = all;
    fill_defaults(a, usual, &all);
    HEM_TRY(take_no_bias(spec, a->keys, &own, &all, err));
    return read_given(spec, a->keys, a->name, at, &all, record, err);
}

/* Which entry of the mapping names the alternative: exactly one must. */
static hem_status find_chosen(const hem_spec *spec, const hem__choice *choice, hem__yaml *map,
                              hem__yaml **out, hem_error *err)
{
    hem__yaml *chosen = NULL;
    for (hem__yaml *entry = map->first; entry != NULL; entry = entry->next) {
        if (hem__alternative_find(choice, entry->key) == NULL)
            continue;
        if (chosen != NULL) {
            hem__spec_fail(spec, entry->key_at, err, "'%s' and '%s' in one %s", chosen->key,
                           entry->key, choice->noun);
            hem__hint(err, choice->fixed ? "begin a new line with '- ' for each layer"
                                         : "keep one of them");
            return HEM_ERR_USAGE;
        }
        chosen = entry;
    }
    *out = chosen;
    if (chosen != NULL)
        return HEM_OK;
    if (map->first == NULL) {
        hem__spec_fail(spec, map->at, err, "%s is empty", choice->noun);
        hem__hint(err, "for example %s", choice->alternatives[1].example);
        return HEM_ERR_USAGE;
    }
    hem__fail_unknown(spec, map->first->key_at, map->first->key, choice->noun, NULL, choice, err);
    return HEM_ERR_USAGE;
}

/* An entry beside the chosen one that may not be there. */
static hem_status fail_beside(const hem_spec *spec, const hem__choice *choice,
                              const hem__alternative *a, const hem__yaml *entry, hem_error *err)
{
    if (hem__key_find(a->keys, entry->key) != NULL) {
        hem__spec_fail(spec, entry->key_at, err, "'%s' stands beside '%s', not inside it",
                       entry->key, a->name);
        return hem__hint(err, "indent it deeper than '%s', or write %s: {%s: ...}", a->name,
                         a->name, entry->key);
    }
    char noun[64];
    snprintf(noun, sizeof noun, "%s beside '%s'", choice->noun, a->name);
    return hem__fail_unknown(spec, entry->key_at, entry->key, noun, a->beside, NULL, err);
}

/* No word and no mapping that the choice knows. */
static hem_status fail_kind(const hem_spec *spec, const hem__choice *choice, const hem__yaml *node,
                            hem_error *err)
{
    char seen[96];
    hem__str list = {0};
    list_alternatives(choice, &list);
    hem__spec_fail(spec, node->at, err, "%s must be one of %s, %s", choice->noun,
                   list.text ? list.text : "its kinds", hem__yaml_seen(node, seen));
    hem__str_release(&list);
    const char *near = node->text ? nearest_name(node->text, NULL, choice) : NULL;
    return near ? hem__hint(err, "did you mean '%s'?", near)
                : hem__hint(err, "for example %s", choice->alternatives[1].example);
}

static hem_status read_choice(hem_spec *spec, const hem__choice *choice, hem__yaml *node,
                              void *record, hem_error *err)
{
    given beside = {{NULL}};
    if (node->kind == HEM__YAML_MAP) {
        hem__yaml *chosen = NULL;
        HEM_TRY(find_chosen(spec, choice, node, &chosen, err));
        const hem__alternative *a = hem__alternative_find(choice, chosen->key);
        for (hem__yaml *entry = node->first; entry != NULL; entry = entry->next) {
            if (entry == chosen)
                continue;
            bool found;
            HEM_TRY(note(spec, a->beside, entry, &beside, &found, err));
            if (!found)
                return fail_beside(spec, choice, a, entry, err);
        }
        return read_alternative(spec, choice, a, chosen, chosen->key_at, &beside, record, err);
    }
    const hem__alternative *a =
        node->kind == HEM__YAML_SCALAR ? hem__alternative_find(choice, node->text) : NULL;
    if (a != NULL)
        return read_alternative(spec, choice, a, NULL, node->at, &beside, record, err);

    return fail_kind(spec, choice, node, err);
}

/* ---- the model ------------------------------------------------------------------------------ */

/* conv1, dense1, conv2, ...: the kind and how many of it there are so far. */
static void name_layer(hem_spec *spec, size_t index)
{
    hem__layer_spec *layer = &spec->layers[index];
    int ordinal = 1;
    for (size_t i = 0; i < index; i++)
        ordinal += spec->layers[i].kind == layer->kind;
    snprintf(layer->name, sizeof layer->name, "%s%d", hem__layer_kind_name(layer->kind), ordinal);
}

/* At least as many as the layers inside a node: the items of all lists. */
static size_t count_items(const hem__yaml *node)
{
    size_t n = 0;
    for (const hem__yaml *entry = node->first; entry != NULL; entry = entry->next)
        n += count_items(entry) + (node->kind == HEM__YAML_LIST);
    return n;
}

/* The list of a key is none, is empty where it may not be, or lies too deep. */
static hem_status check_list(const hem_spec *spec, const hem__key *key, const hem__yaml *node,
                             hem_error *err)
{
    if (node->kind != HEM__YAML_LIST) {
        char seen[96];
        hem__spec_fail(spec, node->at, err, "%s must be a list of layers, %s", key->name,
                       hem__yaml_seen(node, seen));
    } else if (node->first == NULL && key->fallback == NULL) {
        hem__spec_fail(spec, node->at, err, "%s has no layers", key->name);
    } else if (spec->nesting > HEM__MAX_NESTING) {
        hem__spec_fail(spec, node->at, err, "more than %d residuals inside each other",
                       HEM__MAX_NESTING);
        return hem__hint(err, "put them one after the other");
    } else {
        return HEM_OK;
    }
    return hem__hint(err, "begin each layer with '- ', for example %s",
                     key->choice->alternatives[1].example);
}

/* Memory for all layers is taken at the outermost list, so that none moves while it is read. */
static hem_status read_layers(hem_spec *spec, const hem__key *key, hem__yaml *node,
                              hem__layer_list *out, hem_error *err)
{
    HEM_TRY(check_list(spec, key, node, err));
    if (spec->layers == NULL) {
        size_t n = count_items(node);
        n = n < MAX_LAYERS ? n : MAX_LAYERS;
        spec->layers = hem__calloc(n, sizeof *spec->layers);
        if (spec->layers == NULL)
            return hem__fail_memory(err, "the layers", n * sizeof *spec->layers);
    }
    size_t first = spec->n_layers;
    spec->nesting++;
    for (hem__yaml *layer = node->first; layer != NULL; layer = layer->next) {
        size_t index = spec->n_layers;
        if (index == MAX_LAYERS) {
            hem__spec_fail(spec, layer->at, err, "more than %d layers", MAX_LAYERS);
            return hem__hint(err, "remove some");
        }
        spec->n_layers++;
        HEM_TRY(read_choice(spec, key->choice, layer, &spec->layers[index], err));
        name_layer(spec, index);
    }
    spec->nesting--;
    *out = (hem__layer_list){first, spec->n_layers - first};
    return HEM_OK;
}

/* ---- one key -------------------------------------------------------------------------------- */

static hem_status read_key(hem_spec *spec, const hem__key *key, hem__yaml *node, hem__at parent,
                           void *record, hem_error *err)
{
    /* The default, as a node without a place. Its text is only read. */
    char text[64];
    snprintf(text, sizeof text, "%s", key->fallback ? key->fallback : "");
    hem__yaml fallback = {.kind = HEM__YAML_SCALAR, .text = text};
    void *field = (char *)record + key->offset;
    given none = {{NULL}};

    switch (key->type) {
    case HEM__KEY_MAP:
        if (node && text[0] && node->kind == HEM__YAML_SCALAR && strcmp(node->text, text) == 0)
            node = NULL; /* the word for all defaults */
        return node ? hem__keys_read(spec, key->keys, key->name, node, field, err)
                    : read_given(spec, key->keys, key->name, parent, &none, field, err);
    case HEM__KEY_CHOICE:
        return read_choice(spec, key->choice, node ? node : &fallback, field, err);
    case HEM__KEY_LAYERS:
        fallback.kind = key->fallback ? HEM__YAML_LIST : HEM__YAML_SCALAR;
        return read_layers(spec, key, node ? node : &fallback, field, err);
    case HEM__KEY_DEFAULTS:
        return node ? read_defaults(spec, key->choice, node, err) : HEM_OK;
    case HEM__KEY_TEXT:
        if (node == NULL && text[0] == '\0') /* not given, and nothing in its place */
            return HEM_OK;
        break;
    case HEM__KEY_INT:
    case HEM__KEY_BOOL:
    case HEM__KEY_SEED:
    case HEM__KEY_REAL:
    case HEM__KEY_PAIR:
    case HEM__KEY_AMOUNT:
        break;
    }
    return hem__value_read(spec, key, key->name, node ? node : &fallback, record, err);
}
