/* Leaves: one value of an experiment file, read by its row of the key tables and written back. What
 * the value's type is, the key decides and not the text: 1e-4, .5 and 5 are numbers where a number
 * is wanted, "5" in quotes is text everywhere. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/keys.h"

/* ---- numbers -------------------------------------------------------------------------------- */

static const char *skip_digits(const char *text)
{
    while (*text >= '0' && *text <= '9')
        text++;
    return text;
}

/* [+-] (digits [. digits] | . digits) [e [+-] digits]: no hexadecimal, no nan, no inf. */
bool hem__text_is_number(const char *text)
{
    const char *start = text + (*text == '+' || *text == '-');
    const char *whole = skip_digits(start);
    const char *end = *whole == '.' ? skip_digits(whole + 1) : whole;
    if (end == start || (whole == start && end == start + 1))
        return false;
    if (*end == 'e' || *end == 'E') {
        const char *exponent = end + 1 + (end[1] == '+' || end[1] == '-');
        end = skip_digits(exponent);
        if (end == exponent)
            return false;
    }
    return *end == '\0';
}

/* Digits only, without leading zeros: 010 is 8 to one reader and 10 to another. */
static bool is_whole(const char *text)
{
    const char *start = text + (*text == '+' || *text == '-');
    return *start != '\0' && *skip_digits(start) == '\0' && !(start[0] == '0' && start[1] != '\0');
}

double hem__text_to_real(const char *text)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0)
        return strtod(text, NULL); /* newlocale("C") has nothing to fail at */
    double value = strtod_l(text, NULL, c);
    freelocale(c);
    return value;
}

static bool has_range(const hem__key *key)
{
    return key->max > key->min;
}

/* False for nan. */
static bool in_range(const hem__key *key, double value)
{
    return (key->above_min ? value > key->min : value >= key->min) &&
           (key->below_max ? value < key->max : value <= key->max);
}

/* ---- descriptions --------------------------------------------------------------------------- */

static void describe_range(const hem__key *key, hem__str *out)
{
    const char *from = key->above_min ? "above" : "from";
    const char *to = key->below_max ? (key->above_min ? " and below" : " to below")
                                    : (key->above_min ? " and at most" : " to");
    hem__str_printf(out, " %s %.0f%s %.0f", from, key->min, to, key->max);
}

static void describe_words(const hem__key *key, bool after_range, hem__str *out)
{
    for (const hem__word *word = key->words; word->name != NULL; word++) {
        bool first = word == key->words, last = word[1].name == NULL;
        if (!first || after_range)
            hem__str_add(out, last ? " or " : ", ");
        hem__str_add(out, word->name);
    }
}

void hem__value_describe(const hem__key *key, hem__str *out)
{
    switch (key->type) {
    case HEM__KEY_INT:
    case HEM__KEY_BOOL:
        if (has_range(key)) {
            hem__str_add(out, "a whole number");
            describe_range(key, out);
        }
        if (key->words != NULL)
            describe_words(key, has_range(key), out);
        return;
    case HEM__KEY_SEED:
        hem__str_add(out, "a whole number from 0 to 18446744073709551615");
        return;
    case HEM__KEY_REAL:
        hem__str_add(out, "a number");
        describe_range(key, out);
        if (key->words != NULL)
            describe_words(key, true, out);
        return;
    case HEM__KEY_PAIR:
        hem__str_add(out, "a whole number");
        describe_range(key, out);
        hem__str_add(out, ", or two: [rows, columns]");
        return;
    case HEM__KEY_AMOUNT:
        hem__amount_describe(key, out);
        return;
    case HEM__KEY_TEXT:
        if (key->words != NULL)
            describe_words(key, false, out);
        else
            hem__str_printf(out, "text of 1 to %.0f bytes", key->max);
        return;
    case HEM__KEY_MAP:
    case HEM__KEY_CHOICE:
    case HEM__KEY_LAYERS:
    case HEM__KEY_DEFAULTS:
        return;
    }
}

int hem__shown_length(const char *text)
{
    size_t n = strlen(text), shown = n < 40 ? n : 40;
    while (shown < n && shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80)
        shown--;
    return (int)shown;
}

/* "not [3, 3, 3]" of a list of scalars as far as it fits, else "not a list". */
static void list_seen(const hem__yaml *list, char buffer[96])
{
    size_t used = (size_t)snprintf(buffer, 96, "not [");
    for (const hem__yaml *item = list->first; item != NULL; item = item->next) {
        size_t length = item->kind == HEM__YAML_SCALAR ? strlen(item->text) : 96;
        if (used + length + 4 > 96) {
            snprintf(buffer, 96, "not a list");
            return;
        }
        used +=
            (size_t)snprintf(buffer + used, 96 - used, "%s%s", item->text, item->next ? ", " : "");
    }
    snprintf(buffer + used, 96 - used, "]");
}

char *hem__yaml_seen(const hem__yaml *node, char buffer[96])
{
    const char *text = node->text ? node->text : "";
    int n = hem__shown_length(text);
    const char *more = text[n] != '\0' ? "..." : "";
    if (node->kind == HEM__YAML_MAP)
        snprintf(buffer, 96, "not keys with values");
    else if (node->kind == HEM__YAML_LIST)
        list_seen(node, buffer);
    else if (*text == '\0' && !node->quoted)
        snprintf(buffer, 96, "but has no value");
    else if (node->quoted)
        snprintf(buffer, 96, "not the text \"%.*s%s\"", n, text, more);
    else if (hem__text_is_number(text) && *more == '\0')
        snprintf(buffer, 96, "not %s", text);
    else
        snprintf(buffer, 96, "not '%.*s%s'", n, text, more);
    return buffer;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Something that is not text unless it stands in quotes. */
static bool is_typed(const char *text)
{
    return hem__text_is_number(text) || strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

/* "label must be ..., not ...". */
static hem_status fail_value(const hem_spec *spec, const hem__key *key, const char *label,
                             const hem__yaml *node, hem_error *err)
{
    char seen[96];
    hem__str allowed = {0};
    hem__value_describe(key, &allowed);
    hem__spec_fail(spec, node->at, err, "%s must be %s, %s", label,
                   allowed.text ? allowed.text : "something else", hem__yaml_seen(node, seen));
    hem__str_release(&allowed);
    return HEM_ERR_USAGE;
}

/* What the key is for, where nothing better is known. */
static hem_status hint_help(const hem__key *key, hem_error *err)
{
    if (key->fallback != NULL && key->fallback[0] != '\0')
        return hem__hint(err, "%s: %s Default %s.", key->name, key->help, key->fallback);
    return hem__hint(err, "%s: %s", key->name, key->help);
}

/* The word that was probably meant, or NULL. */
static const char *near_word(const hem__key *key, const char *text)
{
    const char *names[16];
    size_t n = 0;
    for (const hem__word *word = key->words; word && word->name && n < 15; word++)
        names[n++] = word->name;
    names[n] = NULL;
    const char *near = hem__nearest(text, names);
    for (size_t i = 0; i < n && near == NULL && strlen(text) > 2; i++) { /* `keep: best` */
        if (strncmp(names[i], text, strlen(text)) == 0)
            near = names[i];
    }
    return near;
}

/* What a person who wrote this number probably meant, or why it is out of range. False: no idea. */
static bool hint_number(const hem__key *key, const char *text, hem_error *err)
{
    double value = hem__text_to_real(text);
    char rounded[32];
    if (key->type == HEM__KEY_REAL && in_range(key, value)) {
        hem__hint(err, "in single precision, as weights are, it becomes %s",
                  hem__format_double(rounded, (double)(float)value));
        return true;
    }
    bool whole = value >= 0 && value < 1e15 && value == (double)(long long)value;
    if (key->type == HEM__KEY_REAL || is_whole(text) || !whole)
        return false;
    hem__hint(err, "write it in digits only: %lld", (long long)value);
    return true;
}

static hem_status hint_value(const hem__key *key, const hem__yaml *node, hem_error *err)
{
    if (node->kind != HEM__YAML_SCALAR)
        return hint_help(key, err);
    if (key->type == HEM__KEY_AMOUNT)
        return hem__amount_hint(key, node, err) ? HEM_ERR_USAGE : hint_help(key, err);
    if (node->quoted && is_typed(node->text))
        return hem__hint(err, "leave the quotes out: in quotes it is text");
    const char *near = near_word(key, node->text);
    if (near != NULL)
        return hem__hint(err, "did you mean '%s'?", near);
    bool wants_number = has_range(key) || key->type == HEM__KEY_SEED;
    if (wants_number && key->type != HEM__KEY_TEXT && hem__text_is_number(node->text) &&
        hint_number(key, node->text, err))
        return HEM_ERR_USAGE;
    return hint_help(key, err);
}

static hem_status refuse(const hem_spec *spec, const hem__key *key, const char *label,
                         const hem__yaml *node, hem_error *err)
{
    fail_value(spec, key, label, node, err);
    return hint_value(key, node, err);
}

/* The word of this key that a scalar is, or NULL. A number, true or false in quotes is none. */
static const hem__word *word_of(const hem__key *key, const hem__yaml *node)
{
    if (node->kind != HEM__YAML_SCALAR || (node->quoted && is_typed(node->text)))
        return NULL;
    for (const hem__word *word = key->words; word != NULL && word->name != NULL; word++) {
        if (strcmp(word->name, node->text) == 0)
            return word;
    }
    return NULL;
}

/* A whole number within the key's range. */
static bool read_whole(const hem__key *key, const hem__yaml *node, int *out)
{
    if (node->kind != HEM__YAML_SCALAR || node->quoted || !is_whole(node->text))
        return false;
    errno = 0;
    long long value = strtoll(node->text, NULL, 10);
    if (errno != 0 || !in_range(key, (double)value))
        return false;
    *out = (int)value; /* no range of ours goes beyond an int */
    return true;
}

static bool read_int(const hem__key *key, const hem__yaml *node, int *out)
{
    const hem__word *word = word_of(key, node);
    if (word != NULL)
        *out = word->value;
    return word != NULL || (has_range(key) && read_whole(key, node, out));
}

static bool read_seed(const hem__yaml *node, uint64_t *out)
{
    if (node->kind != HEM__YAML_SCALAR || node->quoted || !is_whole(node->text) ||
        node->text[0] == '-')
        return false;
    errno = 0;
    unsigned long long value = strtoull(node->text, NULL, 10);
    *out = value;
    return errno == 0;
}

static bool read_real(const hem__key *key, const hem__yaml *node, double *out)
{
    const hem__word *word = word_of(key, node);
    if (word != NULL) {
        *out = word->value;
        return true;
    }
    if (node->kind != HEM__YAML_SCALAR || node->quoted || !hem__text_is_number(node->text))
        return false;
    *out = hem__text_to_real(node->text);
    if (*out == 0)
        *out = 0; /* -0.0 and 0.0 are one experiment */
    /* Weights are single precision: there 0.99999999999 is 1 and 1e-50 is 0. */
    return in_range(key, *out) && in_range(key, (double)(float)*out);
}

static bool read_pair(const hem__key *key, const hem__yaml *node, int out[2])
{
    if (node->kind == HEM__YAML_LIST) {
        const hem__yaml *rows = node->first;
        const hem__yaml *columns = rows ? rows->next : NULL;
        return columns != NULL && columns->next == NULL && read_whole(key, rows, &out[0]) &&
               read_whole(key, columns, &out[1]);
    }
    if (!read_whole(key, node, &out[0]))
        return false;
    out[1] = out[0];
    return true;
}

static hem_status read_text(const hem_spec *spec, const hem__key *key, const char *label,
                            const hem__yaml *node, char **out, hem_error *err)
{
    const hem__word *word = word_of(key, node);
    bool fits = node->kind == HEM__YAML_SCALAR && node->text[0] != '\0' &&
                strlen(node->text) <= (size_t)key->max;
    if (key->words != NULL ? word == NULL : !fits)
        return refuse(spec, key, label, node, err);
    if (word != NULL && word->value == 0)
        return HEM_OK;
    free(*out); /* `files: X` is read twice: as the alternative's value and as one of its keys */
    *out = hem__strdup(node->text);
    return *out ? HEM_OK : hem__fail_memory(err, "the experiment", strlen(node->text) + 1);
}

hem_status hem__value_read(const hem_spec *spec, const hem__key *key, const char *label,
                           const hem__yaml *node, void *record, hem_error *err)
{
    void *field = (char *)record + key->offset;
    bool good = false;
    int number = 0;
    switch (key->type) {
    case HEM__KEY_INT:
        good = read_int(key, node, &number);
        memcpy(field, &number, sizeof number); /* the field may be an enum */
        break;
    case HEM__KEY_BOOL:
        good = read_int(key, node, &number);
        *(bool *)field = number;
        break;
    case HEM__KEY_SEED:
        good = read_seed(node, field);
        break;
    case HEM__KEY_REAL:
        good = read_real(key, node, field);
        break;
    case HEM__KEY_PAIR:
        good = read_pair(key, node, field);
        break;
    case HEM__KEY_AMOUNT:
        good = hem__amount_read(key, node, field);
        break;
    case HEM__KEY_TEXT:
        return read_text(spec, key, label, node, field, err);
    case HEM__KEY_MAP:
    case HEM__KEY_CHOICE:
    case HEM__KEY_LAYERS:
    case HEM__KEY_DEFAULTS:
        return hem__fail(err, HEM_ERR_INTERNAL, "key '%s' is no leaf", key->name);
    }
    if (!good)
        return refuse(spec, key, label, node, err);
    if (key->at != 0)
        memcpy((char *)record + key->at, &node->at, sizeof node->at);
    return HEM_OK;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Without quotes where nothing in it could mean something else to YAML. */
static void write_text(const char *text, hem__str *out)
{
    const char *safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    if (strspn(text, safe) == strlen(text) && strchr("-.", text[0]) == NULL) {
        hem__str_add(out, text);
        return;
    }
    hem__str_add(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n')
            hem__str_add(out, "\\n");
        else if (*c == '\t')
            hem__str_add(out, "\\t");
        else if (*c == '"' || *c == '\\')
            hem__str_printf(out, "\\%c", *c);
        else
            hem__str_add_bytes(out, c, 1);
    }
    hem__str_add(out, "\"");
}

static void write_int(const hem__key *key, int value, hem__str *out)
{
    for (const hem__word *word = key->words; word != NULL && word->name != NULL; word++) {
        if (word->value == value) {
            hem__str_add(out, word->name);
            return;
        }
    }
    hem__str_printf(out, "%d", value);
}

bool hem__value_absent(const hem__key *key, const void *record)
{
    char *text = NULL;
    if (key->type == HEM__KEY_DEFAULTS)
        return true;
    if (key->type == HEM__KEY_TEXT && key->words == NULL)
        memcpy(&text, (const char *)record + key->offset, sizeof text);
    return key->type == HEM__KEY_TEXT && key->words == NULL && text == NULL;
}

void hem__value_write(const hem__key *key, const void *record, hem__str *out)
{
    const char *field = (const char *)record + key->offset;
    char buffer[32];
    union {
        int number, pair[2];
        bool yes;
        uint64_t seed;
        double real;
        char *text;
    } u;
    switch (key->type) {
    case HEM__KEY_INT:
        memcpy(&u.number, field, sizeof u.number);
        write_int(key, u.number, out);
        return;
    case HEM__KEY_BOOL:
        memcpy(&u.yes, field, sizeof u.yes);
        write_int(key, u.yes, out);
        return;
    case HEM__KEY_SEED:
        memcpy(&u.seed, field, sizeof u.seed);
        hem__str_printf(out, "%llu", (unsigned long long)u.seed);
        return;
    case HEM__KEY_REAL:
        memcpy(&u.real, field, sizeof u.real);
        for (const hem__word *word = key->words; word != NULL && word->name != NULL; word++) {
            if (u.real == (double)word->value) {
                hem__str_add(out, word->name);
                return;
            }
        }
        hem__str_add(out, hem__format_double(buffer, u.real));
        return;
    case HEM__KEY_PAIR:
        memcpy(u.pair, field, sizeof u.pair);
        if (u.pair[0] == u.pair[1])
            hem__str_printf(out, "%d", u.pair[0]);
        else
            hem__str_printf(out, "[%d, %d]", u.pair[0], u.pair[1]);
        return;
    case HEM__KEY_AMOUNT:
        hem__amount_write(key, field, out);
        return;
    case HEM__KEY_TEXT:
        memcpy(&u.text, field, sizeof u.text);
        write_text(u.text ? u.text : key->words[0].name, out);
        return;
    case HEM__KEY_MAP:
    case HEM__KEY_CHOICE:
    case HEM__KEY_LAYERS:
    case HEM__KEY_DEFAULTS:
        return;
    }
}

bool hem__keys_default(const hem__key *keys, const void *record)
{
    bool same = true;
    for (; same && keys->name != NULL; keys++) {
        hem__str value = {0};
        hem__value_write(keys, record, &value);
        same = value.text != NULL && strcmp(value.text, keys->fallback) == 0;
        hem__str_release(&value);
    }
    return same;
}
