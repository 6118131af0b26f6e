/* Writing JSON. Text goes through jansson, which knows what must be escaped. */
#include "train/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void quote(hem__json *json, const char *text)
{
    json_t *value = json_string(text);
    char *clean = value == NULL ? hem__strdup(text) : NULL;
    if (clean != NULL) { /* names of files may be no UTF-8 */
        for (char *c = clean; *c != '\0'; c++) {
            if ((unsigned char)*c >= 0x80)
                *c = '?';
        }
        value = json_string(clean);
    }
    char *quoted = json_dumps(value, JSON_ENCODE_ANY);
    if (quoted != NULL)
        hem__str_add(&json->text, quoted);
    else
        json->text.failed = true;
    free(quoted);
    free(clean);
    json_decref(value);
}

/* What stands before a value: a comma, a line end, the key. */
static void begin(hem__json *json, const char *key)
{
    if (json->comma)
        hem__str_add(&json->text, json->lines && json->depth == 1 ? "," : ", ");
    if (json->lines && json->depth == 1)
        hem__str_add(&json->text, "\n  ");
    json->comma = true;
    if (key != NULL) {
        quote(json, key);
        hem__str_add(&json->text, ": ");
    }
}

void hem__json_open(hem__json *json, const char *key, char bracket)
{
    begin(json, key);
    hem__str_add_bytes(&json->text, &bracket, 1);
    json->depth++;
    json->comma = false;
}

void hem__json_close(hem__json *json, char bracket)
{
    json->depth--;
    if (json->lines && json->depth == 0)
        hem__str_add(&json->text, "\n");
    hem__str_add_bytes(&json->text, &bracket, 1);
    json->comma = true;
}

void hem__json_text(hem__json *json, const char *key, const char *value)
{
    begin(json, key);
    if (value == NULL)
        hem__str_add(&json->text, "null");
    else
        quote(json, value);
}

void hem__json_number(hem__json *json, const char *key, double value)
{
    char number[32];
    begin(json, key);
    hem__str_add(&json->text, isfinite(value) ? hem__format_double(number, value) : "null");
}

void hem__json_count(hem__json *json, const char *key, uint64_t value)
{
    begin(json, key);
    const char *quotes = value > INT64_MAX ? "\"" : "";
    hem__str_printf(&json->text, "%s%llu%s", quotes, (unsigned long long)value, quotes);
}

void hem__json_bool(hem__json *json, const char *key, bool value)
{
    begin(json, key);
    hem__str_add(&json->text, value ? "true" : "false");
}
