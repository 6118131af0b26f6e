/* The growing string, and numbers as text. */
#include "base/str.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Room for n more bytes and the terminator. */
static bool grow(hem__str *s, size_t n)
{
    size_t need;
    if (s->failed)
        return false;
    if (!hem__add_size(s->length, n, &need) || !hem__add_size(need, 1, &need)) {
        s->failed = true;
        return false;
    }
    if (need <= s->capacity)
        return true;
    size_t capacity = s->capacity < 64 ? 64 : s->capacity;
    while (capacity < need && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    if (capacity < need)
        capacity = need;
    char *text = hem__reallocarray(s->text, capacity, 1);
    if (text == NULL) {
        s->failed = true;
        return false;
    }
    s->text = text;
    s->capacity = capacity;
    return true;
}

void hem__str_add_bytes(hem__str *s, const void *bytes, size_t n)
{
    if (!grow(s, n))
        return;
    if (n > 0)
        memcpy(s->text + s->length, bytes, n);
    s->length += n;
    s->text[s->length] = '\0';
}

void hem__str_add(hem__str *s, const char *text)
{
    hem__str_add_bytes(s, text, strlen(text));
}

void hem__str_printf(hem__str *s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (n < 0) {
        s->failed = true;
        return;
    }
    if (!grow(s, (size_t)n))
        return;
    va_start(arguments, format);
    vsnprintf(s->text + s->length, (size_t)n + 1, format, arguments);
    va_end(arguments);
    s->length += (size_t)n;
}

char *hem__str_take(hem__str *s)
{
    hem__str_add_bytes(s, "", 0); /* an empty string has no text yet */
    char *text = s->text;
    if (s->failed) {
        free(text);
        text = NULL;
    }
    memset(s, 0, sizeof *s);
    return text;
}

void hem__str_release(hem__str *s)
{
    free(s->text);
    memset(s, 0, sizeof *s);
}

/* The shortest "%.*g" that reads back as the same value; 17 digits always do. */
static void shortest(char *buffer, double value)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buffer, 32, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value)
            return;
    }
}

char *hem__format_double(char buffer[32], double value)
{
    if (isnan(value) || isinf(value)) {
        snprintf(buffer, 32, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return buffer;
    }
    /* A program that uses the library may have set a locale with a decimal comma. newlocale("C")
     * allocates nothing. */
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(c);
    shortest(buffer, value);
    uselocale(before);
    freelocale(c);
    if (strpbrk(buffer, ".e") == NULL)
        memcpy(buffer + strlen(buffer), ".0", 3);
    return buffer;
}
