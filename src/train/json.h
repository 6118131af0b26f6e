/* JSON text, written value by value. Doubles are in the fewest digits that read back the same;
 * numbers that are not finite become null. */
#ifndef HEM_TRAIN_JSON_H
#define HEM_TRAIN_JSON_H

#include "base/str.h"

typedef struct hem__json {
    hem__str text;
    int depth;
    bool lines; /* the outermost object's keys on a line each */
    bool comma; /* the next value is not the first of its container */
} hem__json;

/* `key` is NULL inside a list and for the outermost value. */
void hem__json_open(hem__json *json, const char *key, char bracket);
void hem__json_close(hem__json *json, char bracket);
void hem__json_text(hem__json *json, const char *key, const char *value); /* NULL gives null */
void hem__json_number(hem__json *json, const char *key, double value);
/* Above 2^63 - 1 as a text, for most readers of JSON take no larger numbers: a seed may be one. */
void hem__json_count(hem__json *json, const char *key, uint64_t value);
void hem__json_bool(hem__json *json, const char *key, bool value);

#endif
