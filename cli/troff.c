/* Escapes and macros of man(7), the few that both groff and mandoc know. */
#include "troff.h"

#include <string.h>

enum { SOURCE_WIDTH = 70 }; /* of filled text, before escapes */

/* '-' is the sign on the keyboard, not a hyphen: what a page says can then be copied. */
static void put(FILE *f, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\')
            fputs("\\e", f);
        else if (s[i] == '-')
            fputs("\\-", f);
        else if (s[i] == '\'')
            fputs("\\(aq", f);
        else
            putc(s[i], f);
    }
}

/* A line of text: at its beginning a dot would be a macro. */
static void put_line(FILE *f, const char *s, size_t n)
{
    if (n > 0 && s[0] == '.')
        fputs("\\&", f);
    put(f, s, n);
    putc('\n', f);
}

void troff_title(FILE *f, const char *name, int section, const char *date, const char *source)
{
    fputs(".TH ", f);
    for (; *name != '\0'; name++)
        putc(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name, f);
    fprintf(f, " %d \"%s\" \"%s\"\n", section, date, source);
}

void troff_section(FILE *f, const char *title)
{
    fprintf(f, ".SH %s\n", title);
}

void troff_subsection(FILE *f, const char *title)
{
    fputs(".SS ", f);
    put_line(f, title, strlen(title));
}

void troff_tag(FILE *f, const char *tag)
{
    fputs(".TP\n\\fB", f);
    put(f, tag, strlen(tag));
    fputs("\\fR\n", f);
}

/* Text that is filled: its lines may be broken between words. */
static void put_filled(FILE *f, const char *s, size_t n)
{
    while (n > 0) {
        size_t line = n;
        while (line > SOURCE_WIDTH && line > 0) {
            size_t shorter = line;
            while (shorter > 0 && s[shorter - 1] != ' ')
                shorter--;
            if (shorter == 0)
                break;
            line = shorter - 1;
        }
        put_line(f, s, line);
        line += line < n;
        s += line;
        n -= line;
    }
}

void troff_paragraph(FILE *f, const char *s)
{
    put_filled(f, s, strlen(s));
}

void troff_verbatim(FILE *f, const char *s)
{
    fputs(".nf\n.RS\n", f);
    while (*s != '\0') {
        size_t n = strcspn(s, "\n");
        put_line(f, s, n);
        s += n + (s[n] == '\n');
    }
    fputs(".RE\n.fi\n", f);
}

/* Length of the word in front of two blanks; 0 where the line is none of a list. */
static size_t tag_length(const char *line, size_t n)
{
    size_t word = strcspn(line, " \n");
    return word > 0 && word + 2 < n && strncmp(line + word, "  ", 2) == 0 ? word : 0;
}

void troff_details(FILE *f, const char *details)
{
    for (const char *s = details; *s != '\0';) {
        size_t n = strcspn(s, "\n"), tag = tag_length(s, n);
        size_t blanks = tag + strspn(s + tag, " ");
        if (tag > 0) {
            fputs(".TP\n\\fB", f);
            put(f, s, tag);
            fputs("\\fR\n", f);
        }
        if (n == 0)
            fputs(".PP\n", f);
        else
            put_filled(f, s + blanks, n - blanks);
        s += n + (s[n] == '\n');
    }
}

void troff_usage(FILE *f, const char *form, const char *end)
{
    while (*form != '\0') {
        size_t n = strcspn(form, " []|,");
        size_t dots = n > 3 && form[n - 1] == '.' ? 3 : 0;
        if (n > 0) {
            fputs(form[0] >= 'A' && form[0] <= 'Z' ? "\\fI" : "\\fB", f);
            put(f, form, n - dots);
            fputs("\\fR", f);
            put(f, form + n - dots, dots);
        }
        form += n;
        if (*form != '\0')
            putc(*form++, f);
    }
    fputs(end, f);
}
