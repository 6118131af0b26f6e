/* Text as manual pages write it: the macros of man(7). Errors stay in the stream. */
#ifndef HEM_CLI_TROFF_H
#define HEM_CLI_TROFF_H

#include <stdio.h>

/* The first line of a page; `source` is what and which version it belongs to. */
void troff_title(FILE *f, const char *name, int section, const char *date, const char *source);
void troff_section(FILE *f, const char *title);
void troff_subsection(FILE *f, const char *title);
/* The tag of a list's item; its text follows. */
void troff_tag(FILE *f, const char *tag);
/* Text that is filled, up to its end of line. */
void troff_paragraph(FILE *f, const char *s);
/* Text as it stands, line by line. */
void troff_verbatim(FILE *f, const char *s);
/* The details of a command: paragraphs with blank lines between them. Lines that hold a word and,
 * behind two blanks or more, what it means, with indented lines that go on, become a list. */
void troff_details(FILE *f, const char *details);
/* A form of a usage line: "FILE --seeds N [options]", what is meant as it stands in bold, what
 * stands for something else in italics; then `end`, which may be "\n". */
void troff_usage(FILE *f, const char *form, const char *end);

#endif
