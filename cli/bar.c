/* The progress bar. Fits itself into the terminal's columns: a line that wraps cannot be redrawn.
 */
#include "bar.h"

#include <stdio.h>
#include <string.h>

#include "common.h"
#include "output.h"

enum { SHORTEST = 8, LONGEST = 32, PERCENT = 7 /* "  48 % " */ };

static bool drawn = false;

bool bar_wanted(void)
{
    if (quiet || common.no_progress)
        return false;
    return common.progress || talk_is_terminal();
}

void bar_clear(void)
{
    if (!drawn)
        return;
    drawn = false;
    if (talk_is_terminal()) /* to the line's end: a key may have been echoed behind the bar */
        fputs("\r\033[K", stderr);
    else
        fprintf(stderr, "\r%*s\r", output_columns() - 1, "");
}

/* Characters, not bytes: continuation bytes of UTF-8 take no column. */
static int columns_of(const char *s)
{
    int n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void repeat(const char *s, int n)
{
    for (int i = 0; i < n; i++)
        fputs(s, stderr);
}

void bar_draw(const char *label, double fraction, const char *const *parts, size_t n_parts)
{
    if (!bar_wanted())
        return;
    if (!(fraction >= 0.0))
        fraction = 0.0;
    if (fraction > 1.0)
        fraction = 1.0;
    int room = output_columns() - 1 - columns_of(label) - 1 - PERCENT;
    if (room < SHORTEST)
        return;
    size_t fitting = 0;
    int used = 0;
    while (fitting < n_parts) {
        int more = 2 + columns_of(parts[fitting]);
        if (room - used - more < SHORTEST)
            break;
        used += more;
        fitting++;
    }
    int length = room - used < LONGEST ? room - used : LONGEST;
    int full = (int)(fraction * length + 0.5);

    bar_clear();
    drawn = true;
    bool utf8 = output_utf8();
    fprintf(stderr, "%s ", label);
    repeat(utf8 ? "\u2501" : "=", full);
    fputs(talk_style.dim, stderr);
    repeat(utf8 ? "\u2500" : "-", length - full);
    fprintf(stderr, "%s %3d %% ", talk_style.off, (int)(100.0 * fraction));
    for (size_t i = 0; i < fitting; i++)
        fprintf(stderr, "%s%s", i == 0 ? " " : "  ", parts[i]);
    fflush(stderr);
}

void bar_time(double seconds, char out[16])
{
    unsigned s = seconds > 0.0 && seconds < 3.6e6 ? (unsigned)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(out, 16, "%u:%02u:%02u", s / 3600 % 1000, s / 60 % 60, s % 60);
    else
        snprintf(out, 16, "%u:%02u", s / 60 % 60, s % 60);
}
