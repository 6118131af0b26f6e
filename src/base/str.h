/* A string that grows. After a failed allocation every call is a no-op and `failed` stays set, so
 * that a writer checks once at the end. */
#ifndef HEM_BASE_STR_H
#define HEM_BASE_STR_H

#include "base/error.h"

typedef struct hem__str {
    char *text; /* NUL-terminated once anything was added; NULL before */
    size_t length;
    size_t capacity;
    bool failed;
} hem__str;

void hem__str_add(hem__str *s, const char *text);
void hem__str_add_bytes(hem__str *s, const void *bytes, size_t n);
void hem__str_printf(hem__str *s, const char *format, ...) HEM_PRINTF(2, 3);
/* Hands the text to the caller (free() it) and empties s; NULL if anything failed. Never returns
 * NULL for an empty, unfailed string: that is "". */
char *hem__str_take(hem__str *s);
void hem__str_release(hem__str *s);
/* A double in the fewest digits that read back to the same value, always with a '.', 'e' or
 * "nan"/"inf"; into a static-size buffer of at least 32 bytes. Returns buffer. */
char *hem__format_double(char buffer[32], double value);

#endif
