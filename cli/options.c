/* `--name value`, `--name=value`, `-x value`, flags, and the checks of their values. Names are
 * never abbreviated: what works in a script today must not become ambiguous tomorrow. */
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "output.h"

static const option *find_long(const command *of, const char *name, size_t length)
{
    for (size_t i = 0; i < of->n_options; i++) {
        const option *o = &of->options[i];
        if (strlen(o->name) == length && memcmp(o->name, name, length) == 0)
            return o;
    }
    return NULL;
}

static const option *find_letter(const command *of, char letter)
{
    for (size_t i = 0; i < of->n_options; i++) {
        if (of->options[i].letter != 0 && of->options[i].letter == letter)
            return &of->options[i];
    }
    return NULL;
}

const option *options_find(const command *of, const char *argument, size_t length)
{
    if (length > 2 && argument[1] == '-')
        return find_long(of, argument + 2, length - 2);
    return length == 2 ? find_letter(of, argument[1]) : NULL;
}

static options_outcome wrong_option(const command *of, const char *argument, size_t length)
{
    const char *name = text("%.*s", (int)length, argument);
    nearest search = nearest_to(name);
    for (size_t i = 0; i < of->n_options; i++)
        nearest_try(&search, text("--%s", of->options[i].name));
    const char *hint = search.best != NULL ? text("did you mean '%s'?", search.best)
                                           : text("'hemline help %s' lists its options", of->name);
    usage_error(hint, "unknown option '%s' of '%s'", name, of->name);
    return OPTIONS_WRONG;
}

static bool wrong_value(const option *o, const char *value, const char *allowed)
{
    usage_error(text("%s %s", o->value, allowed), "--%s is '%s'", o->name, value);
    return false;
}

static bool set_number(const option *o, const char *value)
{
    char *end = NULL;
    errno = 0;
    double x = strtod(value, &end);
    bool whole = o->kind != OPTION_INT || x == floor(x);
    if (end == value || *end != '\0' || isnan(x) || !whole || x < o->low || x > o->high) {
        const char *kind = o->kind == OPTION_INT ? "a whole number" : "a number";
        return wrong_value(o, value, text("is %s from %.10g to %.10g", kind, o->low, o->high));
    }
    if (o->kind == OPTION_INT)
        *(int *)o->target = (int)x;
    else
        *(double *)o->target = x;
    return true;
}

static bool set_seed(const option *o, const char *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long long x = strtoull(value, &end, 10);
    /* strtoull takes "-1" for the largest number. */
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno == ERANGE)
        return wrong_value(o, value, "is a whole number from 0 to 18446744073709551615");
    *(uint64_t *)o->target = x;
    return true;
}

static bool set_choice(const option *o, const char *value)
{
    nearest search = nearest_to(value);
    const char *all = "";
    for (int i = 0; o->choices[i] != NULL; i++) {
        if (strcmp(o->choices[i], value) == 0) {
            *(int *)o->target = i;
            return true;
        }
        nearest_try(&search, o->choices[i]);
        const char *between = i == 0 ? "" : o->choices[i + 1] == NULL ? " or " : ", ";
        all = text("%s%s%s", all, between, o->choices[i]);
    }
    const char *hint = search.best != NULL ? text("did you mean '%s'?", search.best)
                                           : text("--%s is %s", o->name, all);
    usage_error(hint, "unknown value '%s' of --%s", value, o->name);
    return false;
}

static bool set_value(const option *o, const char *value)
{
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)o->target = true;
        return true;
    case OPTION_TEXT:
        if (value[0] == '\0')
            return wrong_value(o, value, "must not be empty");
        *(const char **)o->target = value;
        return true;
    case OPTION_LIST: {
        text_list *list = o->target;
        list->items = need(realloc(list->items, (list->n + 1) * sizeof *list->items));
        list->items[list->n++] = value;
        return true;
    }
    case OPTION_INT:
    case OPTION_NUMBER:
        return set_number(o, value);
    case OPTION_SEED:
        return set_seed(o, value);
    case OPTION_CHOICE:
        return set_choice(o, value);
    }
    return false;
}

/* One option with its value, which may be the next argument: *i then moves on to it. */
static options_outcome take_option(const command *of, char **arguments, int n, int *i)
{
    const char *argument = arguments[*i];
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        return OPTIONS_HELP;
    bool is_long = argument[1] == '-';
    const char *equals = is_long ? strchr(argument, '=') : NULL;
    size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
    const option *o = options_find(of, argument, length);
    if (o == NULL)
        return wrong_option(of, argument, length);

    const char *value = equals != NULL ? equals + 1 : NULL;
    if (o->kind == OPTION_FLAG && value != NULL) {
        usage_error(text("write --%s", o->name), "--%s takes no value", o->name);
        return OPTIONS_WRONG;
    }
    if (o->kind != OPTION_FLAG && value == NULL) {
        if (*i + 1 >= n) {
            usage_error(text("write --%s %s", o->name, o->value), "--%s needs a value", o->name);
            return OPTIONS_WRONG;
        }
        value = arguments[++*i];
    }
    if (!set_value(o, value))
        return OPTIONS_WRONG;
    if (o->given != NULL)
        *o->given = true;
    return OPTIONS_FINE;
}

options_outcome options_parse(const command *of, char **arguments, int *n)
{
    int kept = 0;
    bool ended = false;
    for (int i = 0; i < *n; i++) {
        if (!ended && strcmp(arguments[i], "--") == 0) {
            ended = true;
        } else if (!ended && arguments[i][0] == '-' && arguments[i][1] != '\0') {
            options_outcome outcome = take_option(of, arguments, *n, &i);
            if (outcome != OPTIONS_FINE)
                return outcome;
        } else {
            arguments[kept++] = arguments[i];
        }
    }
    *n = kept;
    if (kept > of->most) {
        const char *hint = of->most == 0 ? text("'%s' takes options only", of->name)
                                         : text("usage: hemline %s %s", of->name, of->usage[0]);
        usage_error(hint, "unexpected argument '%s'", arguments[of->most]);
        return OPTIONS_WRONG;
    }
    return OPTIONS_FINE;
}
