/* Box plots, lying: one row a set of numbers, every number a point. */
#include <math.h>
#include <stdio.h>

#include "report/chart.h"

enum { ROW = 64 };

static void draw_box(const hem__plot *plot, const hem_box *box, double y)
{
    const hem__paint line = {.stroke = HEM__INK};
    double q1 = hem__plot_x(plot, box->q1), q3 = hem__plot_x(plot, box->q3);
    double median = hem__plot_x(plot, box->median), h = 10;
    double ends[2] = {hem__plot_x(plot, box->low_whisker), hem__plot_x(plot, box->high_whisker)};
    hem__draw_rect(plot->canvas, q1, y - h, q3 - q1, 2 * h,
                   (hem__paint){.fill = HEM__SERIES, .opacity = 0.2, .stroke = HEM__INK});
    hem__draw_line(plot->canvas, median, y - h, median, y + h,
                   (hem__paint){.stroke = HEM__INK, .line = 2.5});
    hem__draw_line(plot->canvas, ends[0], y, q1, y, line);
    hem__draw_line(plot->canvas, q3, y, ends[1], y, line);
    for (int i = 0; i < 2; i++)
        hem__draw_line(plot->canvas, ends[i], y - 6, ends[i], y + 6, line);
}

/* Points below their box, in three heights so that near ones can be told apart. */
static void draw_points(const hem__plot *plot, const hem__box_row *row, hem__number_format format,
                        double y)
{
    for (size_t i = 0; i < row->n; i++) {
        double x = hem__plot_x(plot, row->values[i]);
        char value[32], title[160];
        if (isnan(x))
            continue;
        hem__value_text(format, row->values[i], value);
        snprintf(title, sizeof title, "%.100s: %s", row->names[i], value);
        hem__group_begin(plot->canvas, "hit", title);
        hem__draw_circle(plot->canvas, x, y + 17 + 5.0 * (double)(i % 3), 3,
                         (hem__paint){.fill = HEM__SERIES + 1});
        hem__group_end(plot->canvas);
    }
}

static void draw_row(const hem__plot *plot, const hem__box_row *row, hem__number_format format,
                     double top)
{
    hem_box box;
    hem_statistics s = hem_statistics_of(row->values, row->n);
    char mean[32], deviation[32], name[80];
    if (hem_box_of(row->values, row->n, &box, NULL) != HEM_OK) {
        plot->canvas->failed = true;
        return;
    }
    hem__value_text(format, s.mean, mean);
    hem__value_text(format, s.deviation, deviation);
    hem__shorten(row->label, 11, 170, name, sizeof name);
    hem__draw_text(plot->canvas, 0, top + 12, (hem__font){.size = 11}, "%s", name);
    hem__draw_text(plot->canvas, HEM__CHART_WIDTH - 4, top + 12,
                   (hem__font){.size = 11, .role = HEM__MUTED, .anchor = HEM__END},
                   s.n > 1 ? "mean %s, s %s" : "%s", mean, deviation);
    if (s.n > 1)
        draw_box(plot, &box, top + 30);
    draw_points(plot, row, format, top + 30);
}

/* For those who do not see the drawing. */
static void describe(const hem__box_row *rows, size_t n, hem__number_format format, hem__str *out)
{
    enum { MOST_NAMED = 8 };
    hem__str_add(out, "box from the lower to the upper quartile, line at the median, whiskers to "
                      "the outermost values within 1.5 boxes");
    for (size_t i = 0; i < n && i < MOST_NAMED; i++) {
        hem_statistics s = hem_statistics_of(rows[i].values, rows[i].n);
        char mean[32], low[32], high[32];
        hem__value_text(format, s.mean, mean);
        hem__value_text(format, s.smallest, low);
        hem__value_text(format, s.largest, high);
        if (s.n > 0)
            hem__str_printf(out, "; %s: mean %s, from %s to %s", rows[i].label, mean, low, high);
    }
}

hem__canvas *hem__chart_boxes(const hem__box_row *rows, size_t n, const char *title,
                              const char *x_title, hem__number_format format)
{
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        hem_statistics s = hem_statistics_of(rows[i].values, rows[i].n);
        low = s.n > 0 ? fmin(low, s.smallest) : low;
        high = s.n > 0 ? fmax(high, s.largest) : high;
    }
    hem__plot plot = {.top = 28};
    char first[32];
    hem__str description = {0};
    describe(rows, n, format, &description);
    plot.height = (double)n * ROW;
    hem__axis_linear(&plot.x, low, high, 6, true, format);
    hem__tick_text(&plot.x, plot.x.ticks[0], first);
    plot.left = fmax(16, hem__text_width(first, 11, false) / 2); /* it stands below the corner */
    plot.width = HEM__CHART_WIDTH - 24 - plot.left;
    plot.canvas =
        hem__canvas_new(HEM__CHART_WIDTH, plot.top + plot.height + 40, title, description.text);
    hem__str_release(&description);
    if (plot.canvas == NULL)
        return NULL;
    hem__draw_text(plot.canvas, 0, 16, (hem__font){.size = 13, .bold = true}, "%s", title);
    for (size_t i = 0; i < plot.x.n_ticks; i++) {
        double x = hem__plot_x(&plot, plot.x.ticks[i]);
        for (size_t k = 0; k < n; k++) /* not behind the rows' texts */
            hem__draw_line(plot.canvas, x, plot.top + (double)k * ROW + 17, x,
                           plot.top + (double)(k + 1) * ROW, (hem__paint){.stroke = HEM__GRID});
    }
    hem__plot_axes(&plot, x_title, NULL);
    for (size_t i = 0; i < n; i++)
        draw_row(&plot, &rows[i], format, plot.top + (double)i * ROW);
    return plot.canvas;
}
