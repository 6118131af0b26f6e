/* The progress bar: one line on standard error, drawn over itself. */
#ifndef HEM_CLI_BAR_H
#define HEM_CLI_BAR_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a bar is drawn at all: on a terminal, unless --quiet or --no-progress; elsewhere only
 * with --progress. */
bool bar_wanted(void);
/* Draws "label ━━━━────  48 %  parts": of the parts, most important first, as many as fit. */
void bar_draw(const char *label, double fraction, const char *const *parts, size_t n_parts);
/* Takes the bar away, so that a line can be written. */
void bar_clear(void);
/* "1:05" or "2:03:00" for a number of seconds. */
void bar_time(double seconds, char out[16]);

#endif
