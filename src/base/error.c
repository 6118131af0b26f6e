/* Error text: one line of what is wrong, one line of help. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Here the functions themselves are meant. */
#undef hem__fail
#undef hem__fail_at
#undef hem__hint
#undef hem__fail_memory

/* So that hem__hint(NULL, ...) can return the status of the failure before it. */
static _Thread_local hem_status last_status = HEM_ERR_INTERNAL;

/* Texts may quote bytes of a hostile file: what would break the line or steer a terminal becomes
 * '?'. A text cut by its buffer ends in "..." and never inside a UTF-8 sequence. */
static void tidy(char *text, size_t size, bool cut)
{
    if (cut) {
        size_t end = size - 4;
        while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
            end--;
        memcpy(text + end, "...", 4);
    }
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    }
}

/* Through a local buffer, since the arguments may point into the error itself. */
HEM_PRINTF(3, 0)
static void fill(char *out, size_t size, const char *format, va_list arguments)
{
    char text[sizeof((hem_error *)0)->text];
    if (size > sizeof text)
        size = sizeof text;
    int n = vsnprintf(text, size, format, arguments);
    if (n < 0)
        text[0] = '\0';
    else
        tidy(text, size, (size_t)n >= size);
    memcpy(out, text, strlen(text) + 1);
}

static void fill_place(hem_error *err, const char *file, int line, int column)
{
    char place[sizeof err->file] = "";
    if (file != NULL) {
        int n = snprintf(place, sizeof place, "%s", file);
        tidy(place, sizeof place, n >= (int)sizeof place);
    }
    memcpy(err->file, place, sizeof place);
    err->line = line;
    err->column = column;
}

hem_status hem__fail(hem_error *err, hem_status status, const char *format, ...)
{
    last_status = status;
    if (err == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    fill(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    fill_place(err, NULL, 0, 0);
    err->status = status;
    err->hint[0] = '\0';
    return status;
}

hem_status hem__fail_at(hem_error *err, hem_status status, const char *file, int line, int column,
                        const char *format, ...)
{
    last_status = status;
    if (err == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    fill(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    fill_place(err, file, line, column);
    err->status = status;
    err->hint[0] = '\0';
    return status;
}

hem_status hem__hint(hem_error *err, const char *format, ...)
{
    if (err == NULL)
        return last_status;
    va_list arguments;
    va_start(arguments, format);
    fill(err->hint, sizeof err->hint, format, arguments);
    va_end(arguments);
    return err->status;
}

hem_status hem__fail_memory(hem_error *err, const char *what, size_t bytes)
{
    const double MiB = 1024.0 * 1024.0;
    if (bytes == 0)
        hem__fail(err, HEM_ERR_MEMORY, "not enough memory for %s", what);
    else if ((double)bytes < MiB)
        hem__fail(err, HEM_ERR_MEMORY, "not enough memory for %s (%zu bytes)", what, bytes);
    else
        hem__fail(err, HEM_ERR_MEMORY, "not enough memory for %s (%.1f MiB)", what,
                  (double)bytes / MiB);
    return hem__hint(err, "a smaller batch or a smaller network needs less");
}

const char *hem_status_name(hem_status status)
{
    switch (status) {
    case HEM_OK:
        return "ok";
    case HEM_ERR_INTERNAL:
        return "internal error";
    case HEM_ERR_USAGE:
        return "wrong usage";
    case HEM_ERR_DIVERGED:
        return "diverged";
    case HEM_ERR_DATA:
        return "bad data";
    case HEM_ERR_MODEL:
        return "bad model";
    case HEM_ERR_IO:
        return "input/output error";
    case HEM_ERR_MEMORY:
        return "not enough memory";
    case HEM_ERR_CHECK:
        return "check failed";
    case HEM_INTERRUPTED:
        return "interrupted";
    }
    return "unknown status";
}

int hem_error_format(const hem_error *error, char *out, size_t size)
{
    char place[32] = "";
    if (error->line > 0 && error->column > 0)
        snprintf(place, sizeof place, ":%d:%d", error->line, error->column);
    else if (error->line > 0)
        snprintf(place, sizeof place, ":%d", error->line);
    if (error->file[0] == '\0')
        return snprintf(out, size, "%s", error->text);
    return snprintf(out, size, "%s%s: %s", error->file, place, error->text);
}
