/* What the program says: results on standard output, talk on standard error, errors in two lines.
 * A result that could not be written is remembered and becomes the exit code. */
#ifndef HEM_CLI_OUTPUT_H
#define HEM_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "hemline/base.h"

#if defined(__GNUC__)
#define PRINTF_LIKE(text_at, first) __attribute__((format(printf, text_at, first)))
#else
#define PRINTF_LIKE(text_at, first)
#endif

/* Escape sequences of a stream; empty strings where it gets no colour. */
typedef struct style {
    const char *bold, *dim, *off;
} style;
extern style out_style, talk_style;

/* --quiet: talk() says nothing. */
extern bool quiet;

void output_init(void);
/* Flushes the results. Returns `code`, or HEM_ERR_IO where they could not all be written. */
int output_close(int code);

void out(const char *format, ...) PRINTF_LIKE(1, 2);
/* Clears the progress bar first, if one is there. */
void talk(const char *format, ...) PRINTF_LIKE(1, 2);
/* As talk(), but --quiet does not silence it. */
void warn(const char *format, ...) PRINTF_LIKE(1, 2);
/* "network  conv 6 ...": a label column of 10, then the text, wrapped between words. */
void talk_field(const char *label, const char *text);
/* Prints one JSON object and frees it; NULL = there was no memory for it. Returns the exit code. */
int out_json(json_t *object);

/* Says what is wrong in one line and what to do in another. Returns the exit code. */
int report(const hem_error *err);
/* The same for a wrong command line: returns HEM_ERR_USAGE. `hint` may be NULL. */
int usage_error(const char *hint, const char *format, ...) PRINTF_LIKE(2, 3);
/* Gives an error its line of help where it has none. */
void default_hint(hem_error *err, const char *hint);
/* Fills an error for report(). */
hem_status fail(hem_error *err, hem_status status, const char *hint, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The pointer, or the end of the program with exit code 7 where it is NULL. */
void *need(void *pointer);
/* A formatted text that lives as long as the program: for the few that a command line needs. */
const char *text(const char *format, ...) PRINTF_LIKE(1, 2);

/* Columns of the terminal: COLUMNS, else what the terminal says, else 80. */
int output_columns(void);
/* The locale writes UTF-8. */
bool output_utf8(void);
/* Standard error is a terminal that understands more than lines. */
bool talk_is_terminal(void);
/* The same of standard output. */
bool out_is_terminal(void);
/* Seconds on a clock that only goes forward. */
double now(void);

#endif
