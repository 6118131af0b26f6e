/* A box plot in the terminal. */
#ifndef HEM_CLI_BOXPLOT_H
#define HEM_CLI_BOXPLOT_H

#include <stddef.h>

/* Prints values (0 to 1, shown in percent; NaN do not count) as a box plot with its figures. */
void print_box(const char *title, const double *values, size_t n);

#endif
