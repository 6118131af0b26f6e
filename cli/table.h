/* Aligned tables on standard output. Give cells row by row; widths are found at the end. */
#ifndef HEM_CLI_TABLE_H
#define HEM_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "output.h"

typedef struct table table;

/* `columns` has a letter a column: 'l' flush left, 'r' flush right. The first row is the heading.
 */
table *table_new(const char *columns);
void table_cell(table *t, const char *format, ...) PRINTF_LIKE(2, 3);
/* From now on: rows are counted as totals, set apart by a rule. */
void table_rule(table *t);
/* Prints and frees. */
void table_print(table *t);
/* Frees without printing. */
void table_drop(table *t);
/* Tables are printed as Markdown from now on. */
extern bool tables_as_markdown;

#endif
