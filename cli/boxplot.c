/* A box plot in letters: |-----[===|===]------|   o */
#include "boxplot.h"

#include <math.h>
#include <string.h>

#include "hemline/study.h"

#include "common.h"

enum { WIDTH = 60 };

/* The column of a value on an axis from the smallest to the largest. */
static int column_of(const hem_box *box, double x)
{
    double span = box->largest - box->smallest;
    return span > 0 ? (int)((x - box->smallest) / span * (WIDTH - 1) + 0.5) : 0;
}

static void draw(const hem_box *box, const double *values, size_t n)
{
    char line[WIDTH + 1];
    memset(line, ' ', WIDTH);
    line[WIDTH] = '\0';
    int low = column_of(box, box->low_whisker), high = column_of(box, box->high_whisker);
    int q1 = column_of(box, box->q1), q3 = column_of(box, box->q3);
    memset(line + low, '-', (size_t)(high - low + 1));
    memset(line + q1, '=', (size_t)(q3 - q1 + 1));
    line[low] = line[high] = '|';
    line[q1] = '[';
    line[q3] = ']';
    line[column_of(box, box->median)] = '|';
    for (size_t i = 0; i < n; i++) {
        if (values[i] < box->low_whisker || values[i] > box->high_whisker)
            line[column_of(box, values[i])] = 'o';
    }
    for (int end = WIDTH; end > 0 && line[end - 1] == ' '; end--)
        line[end - 1] = '\0';
    out("  %s\n", line);
}

void print_box(const char *title, const double *values, size_t n)
{
    hem_box box;
    hem_error err;
    if (hem_box_of(values, n, &box, &err) != HEM_OK) {
        report(&err);
        return;
    }
    if (box.n == 0)
        return;
    out("%s\n", title);
    draw(&box, values, n);
    out("  smallest %.2f, quartiles %.2f, %.2f, %.2f, largest %.2f; %s\n", 100.0 * box.smallest,
        100.0 * box.q1, 100.0 * box.median, 100.0 * box.q3, 100.0 * box.largest,
        box.n_outliers == 0 ? "no outlier" : text("outliers (o): %zu", box.n_outliers));
    out("  quartiles interpolate between values (rule 7 of Hyndman and Fan); whiskers end\n"
        "  at the last value within 1.5 (q3 - q1) of the box\n");
}
