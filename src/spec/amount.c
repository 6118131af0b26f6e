/* Numbers with a unit: 8 deg, 30%, 2 px. */
#include <stdio.h>
#include <string.h>

#include "spec/keys.h"

enum { LONGEST_NUMBER = 32 };

/* Cuts "8 deg" into the number's text and its unit; false: no number. *unit is "" where none is. */
static bool cut(const char *text, char number[LONGEST_NUMBER], const char **unit)
{
    size_t n = strspn(text, "+-.0123456789eE");
    if (n >= LONGEST_NUMBER)
        return false;
    memcpy(number, text, n);
    number[n] = '\0';
    *unit = text + n + strspn(text + n, " ");
    return hem__text_is_number(number);
}

static bool is_whole(double value)
{
    return value > -1e9 && value < 1e9 && value == (double)(long)value;
}

static bool in_range(const hem__unit_range *range, double value)
{
    return value >= range->min && (range->below_max ? value < range->max : value <= range->max) &&
           (is_whole(value) || !range->whole);
}

static bool read_one(const hem__key *key, const hem__yaml *node, hem__amount *out)
{
    char number[LONGEST_NUMBER];
    const char *unit;
    if (node->kind != HEM__YAML_SCALAR || !cut(node->text, number, &unit))
        return false;
    double value = hem__text_to_real(number);
    for (const hem__unit_range *range = key->units; range->name != NULL; range++) {
        if (strcmp(range->name, unit) != 0)
            continue;
        /* As every number of an experiment, it must lie in the range in single precision too; -0
         * is 0. */
        *out = (hem__amount){value == 0 ? 0 : value, range->unit};
        return in_range(range, value) && in_range(range, (double)(float)value);
    }
    return false;
}

bool hem__amount_read(const hem__key *key, const hem__yaml *node, void *field)
{
    hem__amount *out = field;
    if (key->two == NULL)
        return read_one(key, node, out);
    if (node->kind == HEM__YAML_LIST) {
        const hem__yaml *one = node->first, *other = one ? one->next : NULL;
        return other != NULL && other->next == NULL && read_one(key, one, &out[0]) &&
               read_one(key, other, &out[1]);
    }
    if (!read_one(key, node, &out[0]))
        return false;
    out[1] = out[0];
    return true;
}

static void write_one(const hem__key *key, const hem__amount *amount, hem__str *out)
{
    char text[32];
    if (is_whole(amount->value)) /* 100% and not 1e+02% */
        snprintf(text, sizeof text, "%.0f", amount->value);
    else
        hem__format_double(text, amount->value);
    const hem__unit_range *range = key->units;
    while (range[1].name != NULL && range->unit != amount->unit)
        range++;
    hem__str_printf(out, "%s%s%s", text, range->name[0] == '%' ? "" : " ", range->name);
}

void hem__amount_write(const hem__key *key, const void *field, hem__str *out)
{
    const hem__amount *amount = field;
    bool same = key->two == NULL ||
                (amount[0].value == amount[1].value && amount[0].unit == amount[1].unit);
    hem__str_add(out, same ? "" : "[");
    write_one(key, amount, out);
    if (!same) {
        hem__str_add(out, ", ");
        write_one(key, amount + 1, out);
        hem__str_add(out, "]");
    }
}

/* "a number with its unit: from 0 to 60 deg or from 0 to 200%" */
void hem__amount_describe(const hem__key *key, hem__str *out)
{
    hem__str_printf(out, "a %snumber with its unit:", key->units->whole ? "whole " : "");
    for (const hem__unit_range *range = key->units; range->name != NULL; range++)
        hem__str_printf(out, "%s from %.0f to %s%.0f%s%s", range == key->units ? "" : " or",
                        range->min, range->below_max ? "below " : "", range->max,
                        range->name[0] == '%' ? "" : " ", range->name);
    if (key->two != NULL)
        hem__str_printf(out, ", or two: %s", key->two);
}

/* A bare 0.08 is mostly meant as a share of 1: "write 8% for a share of 1, else 0.08% or 0.08 px". */
bool hem__amount_hint(const hem__key *key, const hem__yaml *node, hem_error *err)
{
    if (node->kind != HEM__YAML_SCALAR || !hem__text_is_number(node->text))
        return false;
    double value = hem__text_to_real(node->text);
    char number[LONGEST_NUMBER];
    snprintf(number, sizeof number, "%.20s", node->text);
    bool share = false;
    hem__str list = {0};
    for (const hem__unit_range *range = key->units; range->name != NULL; range++) {
        bool percent = range->name[0] == '%';
        share = share || (percent && value > 0 && value < 1);
        hem__str_printf(&list, "%s%s%s%s", range == key->units ? "" : " or ", number,
                        percent ? "" : " ", range->name);
    }
    const char *units = list.text ? list.text : key->units->name;
    if (share)
        hem__hint(err, "write %.10g%% for a share of 1, else %s", 100.0 * value, units);
    else
        hem__hint(err, "add the unit: %s", units);
    hem__str_release(&list);
    return true;
}
