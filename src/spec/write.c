/* An experiment back as text: the resolved file with every default written out. */
#include "spec/keys.h"

static void write_choice(const hem__choice *choice, const void *record, bool item, hem__str *out);

/* `a: 1, b: 2` of a table; all tables that are written so hold leaves, choices and
 * mappings of leaves. */
static void write_leaves(const hem__key *keys, const void *record, hem__str *out)
{
    bool first = true;
    for (; keys != NULL && keys->name != NULL; keys++) {
        if (hem__value_absent(keys, record))
            continue;
        hem__str_printf(out, "%s%s: ", first ? "" : ", ", keys->name);
        if (keys->type == HEM__KEY_CHOICE) {
            write_choice(keys->choice, (const char *)record + keys->offset, false, out);
        } else if (keys->type == HEM__KEY_MAP) {
            hem__str_add(out, "{");
            write_leaves(keys->keys, (const char *)record + keys->offset, out);
            hem__str_add(out, "}");
        } else {
            hem__value_write(keys, record, out);
        }
        first = false;
    }
}

/* fashion-mnist | {first: 5000} | {fraction: 0.2, seed: 0} | {adam: {...}}; without the braces
 * where it is an item of a list. */
static void write_choice(const hem__choice *choice, const void *record, bool item, hem__str *out)
{
    const hem__alternative *a = hem__alternative_of(choice, record);
    if (a->keys == NULL && a->value == NULL) {
        hem__str_add(out, a->name);
        return;
    }
    hem__str_printf(out, "%s%s: ", item ? "" : "{", a->name);
    if (a->keys != NULL) {
        hem__str_add(out, "{");
        write_leaves(a->keys, record, out);
        hem__str_add(out, "}");
    } else {
        hem__value_write(a->value, record, out);
    }
    if (a->beside != NULL) {
        hem__str_add(out, ", ");
        write_leaves(a->beside, record, out);
    }
    hem__str_add(out, item ? "" : "}");
}

static void write_layers(const hem_spec *spec, const hem__choice *choice,
                         const hem__layer_list *list, int indent, hem__str *out);

/* A layer with layers of its own: a key a line, and below it the list. */
static void write_nested(const hem_spec *spec, const hem__alternative *a, const void *record,
                         int indent, hem__str *out)
{
    hem__str_printf(out, "%s:\n", a->name);
    for (const hem__key *key = a->keys; key->name != NULL; key++) {
        const void *field = (const char *)record + key->offset;
        const hem__layer_list *list = field;
        hem__str_printf(out, "%*s%s:", indent, "", key->name);
        if (list->n > 0)
            write_layers(spec, key->choice, list, indent + 2, out);
        else
            hem__str_add(out, " []\n");
    }
}

static void write_layers(const hem_spec *spec, const hem__choice *choice,
                         const hem__layer_list *list, int indent, hem__str *out)
{
    hem__str_add(out, "\n");
    for (size_t i = list->first; i < list->first + list->n;) {
        const hem__layer_spec *layer = &spec->layers[i];
        const hem__alternative *a = hem__alternative_of(choice, layer);
        hem__str_printf(out, "%*s- ", indent, "");
        if (a->keys != NULL && a->keys->type == HEM__KEY_LAYERS) {
            write_nested(spec, a, layer, indent + 4, out);
        } else {
            write_choice(choice, layer, true, out);
            hem__str_add(out, "\n");
        }
        i += hem__layer_extent(layer);
    }
}

static void write_block(const hem_spec *spec, const hem__key *keys, const void *record, int indent,
                        hem__str *out);

/* What stands behind `key:`, with the line's end. */
static void write_value(const hem_spec *spec, const hem__key *key, const void *record, int indent,
                        hem__str *out)
{
    const void *field = (const char *)record + key->offset;
    if (key->type == HEM__KEY_LAYERS) {
        write_layers(spec, key->choice, field, 2, out);
        return;
    }
    if (key->type == HEM__KEY_MAP && key->fallback && key->fallback[0] &&
        hem__keys_default(key->keys, field)) {
        hem__str_printf(out, " %s\n", key->fallback);
        return;
    }
    if (key->type == HEM__KEY_MAP && indent == 0) {
        hem__str_add(out, "\n");
        write_block(spec, key->keys, field, 2, out);
        return;
    }
    hem__str_add(out, " ");
    if (key->type == HEM__KEY_CHOICE) {
        write_choice(key->choice, field, false, out);
    } else if (key->type == HEM__KEY_MAP) {
        hem__str_add(out, "{");
        write_leaves(key->keys, field, out);
        hem__str_add(out, "}");
    } else {
        hem__value_write(key, record, out);
    }
    hem__str_add(out, "\n");
}

/* One key a line. `indent` = 0 or 2: the top level and the one below it. */
static void write_block(const hem_spec *spec, const hem__key *keys, const void *record, int indent,
                        hem__str *out)
{
    for (; keys->name != NULL; keys++) {
        if (!hem__value_absent(keys, record)) {
            hem__str_printf(out, "%*s%s:", indent, "", keys->name);
            write_value(spec, keys, record, indent, out);
        }
    }
}

char *hem_spec_resolved(const hem_spec *spec)
{
    hem__str out = {0};
    write_block(spec, hem__top_keys, spec, 0, &out);
    return hem__str_take(&out);
}
