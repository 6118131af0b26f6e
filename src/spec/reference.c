/* The reference of all keys, made from the tables. */
#include "spec/keys.h"

static void describe_default(const hem__key *key, hem__str *out)
{
    if (key->like != NULL)
        hem__str_printf(out, "the same as %s", key->like);
    else if (key->fallback == NULL)
        hem__str_add(out, "required");
    else if (key->fallback[0] == '\0')
        hem__str_add(out, "optional");
    else
        hem__str_printf(out, "default %s", key->fallback);
}

static void describe_choice(const hem__choice *choice, hem__str *out)
{
    for (const hem__alternative *a = choice->alternatives; a->name != NULL; a++)
        hem__str_printf(out, "%s%s",
                        a == choice->alternatives ? ""
                        : a[1].name               ? ", "
                                                  : " or ",
                        a->name);
}

static void describe_key(const hem__key *key, hem__str *out)
{
    hem__str_printf(out, "  %s: ", key->name);
    if (key->type == HEM__KEY_MAP)
        hem__str_add(out, "keys of its own");
    else if (key->type == HEM__KEY_LAYERS)
        hem__str_add(out, "a list of layers");
    else if (key->type == HEM__KEY_DEFAULTS)
        hem__str_add(out, "kinds of layers with their keys");
    else if (key->type == HEM__KEY_CHOICE)
        describe_choice(key->choice, out);
    else
        hem__value_describe(key, out);
    hem__str_add(out, "; ");
    describe_default(key, out);
    hem__str_printf(out, "\n      %s\n", key->help);
}

static void describe_table(const char *heading, const hem__key *keys, hem__str *out)
{
    hem__str_printf(out, "\n%s\n", heading);
    for (; keys->name != NULL; keys++)
        describe_key(keys, out);
}

/* "name: value", the keys inside and the keys beside it. */
static void describe_alternative(const hem__choice *choice, const hem__alternative *a,
                                 hem__str *out)
{
    hem__str_printf(out, "\n%s: %s\n      %s\n      %s\n", choice->noun, a->name, a->help,
                    a->example);
    bool own_value = a->value != NULL && a->keys == NULL;
    if (own_value)
        describe_key(a->value, out);
    for (const hem__key *key = a->keys; key != NULL && key->name != NULL; key++)
        describe_key(key, out);
    for (const hem__key *key = a->beside; key != NULL && key->name != NULL; key++)
        describe_key(key, out);
}

/* Whether an alternative before `stop` has a key with this choice: conv's and dense's activation
 * are described once. */
static bool described(const hem__alternative *a, const hem__alternative *stop,
                      const hem__choice *choice)
{
    for (; a != stop; a++)
        for (const hem__key *key = a->keys; key != NULL && key->name != NULL; key++)
            if (key->choice == choice)
                return true;
    return false;
}

/* The choices among the keys of a choice's alternatives, but not the choice itself: a residual has
 * layers inside. */
static void describe_inner(const hem__choice *choice, hem__str *out)
{
    for (const hem__alternative *a = choice->alternatives; a->name != NULL; a++)
        for (const hem__key *key = a->keys; key != NULL && key->name != NULL; key++) {
            if (key->choice == NULL || key->choice == choice ||
                described(choice->alternatives, a, key->choice))
                continue;
            for (const hem__alternative *b = key->choice->alternatives; b->name != NULL; b++)
                describe_alternative(key->choice, b, out);
        }
}

/* The mappings among the keys beside a choice's alternatives, each once. */
static void describe_beside(const hem__choice *choice, hem__str *out)
{
    const hem__key *described = NULL;
    for (const hem__alternative *a = choice->alternatives; a->name != NULL; a++)
        for (const hem__key *key = a->beside; key != NULL && key->name != NULL; key++) {
            if (key->keys == NULL || key->keys == described)
                continue;
            describe_table(key->name, key->keys, out);
            described = key->keys;
        }
}

/* The tables below a table, in its order. */
static void describe_below(const hem__key *keys, hem__str *out)
{
    for (; keys->name != NULL; keys++) {
        if (keys->keys != NULL) {
            describe_table(keys->name, keys->keys, out);
            describe_below(keys->keys, out);
        }
        if (keys->type == HEM__KEY_DEFAULTS) /* its kinds are the model's */
            continue;
        const hem__alternative *a = keys->choice ? keys->choice->alternatives : NULL;
        for (; a != NULL && a->name != NULL; a++)
            describe_alternative(keys->choice, a, out);
        if (keys->choice != NULL) {
            describe_inner(keys->choice, out);
            describe_beside(keys->choice, out);
        }
    }
}

char *hem_spec_reference(void)
{
    hem__str out = {0};
    hem__str_add(&out, "experiment file (YAML, at most 1 MiB)\n");
    for (const hem__key *key = hem__top_keys; key->name != NULL; key++)
        describe_key(key, &out);
    describe_below(hem__top_keys, &out);
    return hem__str_take(&out);
}
