/* Aligned tables. Cells are kept as text until all are known. */
#include "table.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

bool tables_as_markdown = false;

struct table {
    const char *columns;
    size_t n_columns, n_cells, room;
    size_t rule_row; /* a rule stands before it; SIZE_MAX = nowhere */
    const char **cells;
};

/* Columns on the screen of a UTF-8 text. */
static size_t width_of(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

table *table_new(const char *columns)
{
    table *t = need(calloc(1, sizeof *t));
    t->columns = columns;
    t->n_columns = strlen(columns);
    t->rule_row = SIZE_MAX;
    return t;
}

void table_cell(table *t, const char *format, ...)
{
    char cell[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cell, sizeof cell, format, arguments);
    va_end(arguments);
    if (t->n_cells == t->room) {
        t->room = t->room * 2 + 64;
        t->cells = need(realloc(t->cells, t->room * sizeof *t->cells));
    }
    t->cells[t->n_cells++] = plain_text(cell);
}

void table_rule(table *t)
{
    t->rule_row = t->n_cells / t->n_columns;
}

/* Blanks are held back until a text follows: no line ends in them. */
static void print_row(const table *t, size_t row, const size_t *widths)
{
    bool plain = row != 0 && row < t->rule_row;
    out("%s", plain ? "" : row == 0 ? out_style.dim : out_style.bold);
    size_t blanks = 0;
    for (size_t c = 0; c < t->n_columns; c++) {
        const char *cell = t->cells[row * t->n_columns + c];
        size_t padding = widths[c] - width_of(cell);
        bool right = t->columns[c] == 'r';
        blanks += right ? padding : 0;
        if (cell[0] != '\0') {
            out("%*s%s", (int)blanks, "", cell);
            blanks = 0;
        }
        blanks += (right ? 0 : padding) + 2;
    }
    out("%s\n", plain ? "" : out_style.off);
}

void table_drop(table *t)
{
    free(t->cells);
    free(t);
}

static void print_markdown(const table *t)
{
    for (size_t i = 0; i < t->n_cells; i++) {
        bool last = (i + 1) % t->n_columns == 0;
        out("| ");
        for (const char *c = t->cells[i]; *c != '\0'; c++)
            out(*c == '|' ? "\\%c" : "%c", *c);
        out(last ? " |\n" : " ");
        if (i + 1 != t->n_columns)
            continue;
        for (size_t k = 0; k < t->n_columns; k++)
            out(t->columns[k] == 'r' ? "|---:" : "|---");
        out("|\n");
    }
}

void table_print(table *t)
{
    if (tables_as_markdown) {
        print_markdown(t);
        table_drop(t);
        return;
    }
    size_t rows = t->n_cells / t->n_columns;
    size_t *widths = need(calloc(t->n_columns, sizeof *widths));
    size_t total = 2 * (t->n_columns - 1);
    for (size_t c = 0; c < t->n_columns; c++) {
        for (size_t row = 0; row < rows; row++) {
            size_t width = width_of(t->cells[row * t->n_columns + c]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
        total += widths[c];
    }
    for (size_t row = 0; row < rows; row++) {
        if (row == t->rule_row) {
            out("%s", out_style.dim);
            for (size_t i = 0; i < total; i++)
                out("-");
            out("%s\n", out_style.off);
        }
        print_row(t, row, widths);
    }
    free(widths);
    table_drop(t);
}
