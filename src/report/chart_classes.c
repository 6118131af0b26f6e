/* Precision, recall and F1 of each class as points with their intervals. */
#include <math.h>
#include <stdio.h>

#include "report/chart.h"

enum { ROW = 40 };

static const char *const figure_names[3] = {"precision", "recall", "F1"};

static void draw_figure(const hem__plot *plot, const hem__class_figures *f, const char *name, int k,
                        double y)
{
    char title[240];
    if (isnan(f->value[k]))
        return;
    snprintf(title, sizeof title, "%.100s: %s %.1f %% (95 %% interval %.1f to %.1f)", name,
             figure_names[k], 100 * f->value[k], 100 * f->interval[k].low,
             100 * f->interval[k].high);
    double x = hem__plot_x(plot, f->value[k]);
    hem__group_begin(plot->canvas, "hit", title);
    hem__draw_line(plot->canvas, hem__plot_x(plot, f->interval[k].low), y,
                   hem__plot_x(plot, f->interval[k].high), y,
                   (hem__paint){.stroke = hem__series((size_t)k), .line = 1.5});
    if (k == 0)
        hem__draw_rect(plot->canvas, x - 3.5, y - 3.5, 7, 7,
                       (hem__paint){.fill = hem__series((size_t)k)});
    else
        hem__draw_circle(
            plot->canvas, x, y, 4,
            k == 1 ? (hem__paint){.fill = hem__series(1)}
                   : (hem__paint){.fill = HEM__PAPER, .stroke = hem__series(2), .line = 2});
    hem__group_end(plot->canvas);
}

/* Shapes say it again, for those whom the colours tell nothing. */
static void draw_key(hem__canvas *canvas)
{
    double x = 10;
    for (size_t k = 0; k < 3; k++) {
        hem__paint paint = {.fill = k < 2 ? hem__series(k) : HEM__PAPER,
                            .stroke = k < 2 ? HEM__NONE : hem__series(k),
                            .line = 2};
        if (k == 0)
            hem__draw_rect(canvas, x - 3.5, 30.5, 7, 7, paint);
        else
            hem__draw_circle(canvas, x, 34, 4, paint);
        hem__draw_text(canvas, x + 9, 38, (hem__font){.size = 11, .role = hem__series(k)}, "%s",
                       figure_names[k]);
        x += 28 + hem__text_width(figure_names[k], 11, false);
    }
}

/* For those who do not see the drawing: the classes with the lowest and the highest F1. */
static void describe(const hem__class_figures *figures, const char *const *names, size_t n,
                     char *out, size_t room)
{
    size_t low = n, high = n;
    for (size_t i = 0; i < n; i++) {
        double f1 = figures[i].value[2];
        low = !isnan(f1) && (low == n || f1 < figures[low].value[2]) ? i : low;
        high = !isnan(f1) && (high == n || f1 > figures[high].value[2]) ? i : high;
    }
    snprintf(out, room, "precision, recall and F1 of each class with 95 %% intervals");
    if (low < n)
        snprintf(out, room,
                 "precision, recall and F1 of each class with 95 %% intervals; F1 from "
                 "%.1f %% (%.60s) to %.1f %% (%.60s)",
                 100 * figures[low].value[2], names[low], 100 * figures[high].value[2],
                 names[high]);
}

hem__canvas *hem__chart_classes(const hem__class_figures *figures, const char *const *names,
                                size_t n, const char *title)
{
    double low = 1, widest = 0;
    char description[320];
    describe(figures, names, n, description, sizeof description);
    for (size_t i = 0; i < n; i++) {
        widest = fmax(widest, hem__text_width(names[i], 11, false));
        for (int k = 0; k < 3; k++)
            low = isnan(figures[i].value[k]) ? low : fmin(low, figures[i].interval[k].low);
    }
    hem__plot plot = {.top = 50, .height = (double)n * ROW};
    hem__axis_linear(&plot.x, low, 1, 5, true, HEM__FORMAT_PERCENT);
    plot.left = fmin(widest, 104) + 10;
    plot.width = HEM__CHART_WIDTH - plot.left - 22;
    plot.canvas =
        hem__canvas_new(HEM__CHART_WIDTH, plot.top + plot.height + 24, title, description);
    if (plot.canvas == NULL)
        return NULL;
    hem__draw_text(plot.canvas, 0, 16, (hem__font){.size = 13, .bold = true}, "%s", title);
    draw_key(plot.canvas);
    for (size_t i = 0; i < n; i += 2)
        hem__draw_rect(plot.canvas, 0, plot.top + (double)i * ROW, HEM__CHART_WIDTH, ROW,
                       (hem__paint){.fill = HEM__PANEL});
    for (size_t i = 0; i < plot.x.n_ticks; i++)
        hem__draw_line(plot.canvas, hem__plot_x(&plot, plot.x.ticks[i]), plot.top,
                       hem__plot_x(&plot, plot.x.ticks[i]), plot.top + plot.height,
                       (hem__paint){.stroke = HEM__GRID});
    hem__plot_axes(&plot, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        char text[64];
        double y = plot.top + (double)i * ROW + ROW / 2.0;
        hem__shorten(names[i], 11, plot.left - 10, text, sizeof text);
        hem__draw_text(plot.canvas, plot.left - 6, y + 4,
                       (hem__font){.size = 11, .anchor = HEM__END}, "%s", text);
        for (int k = 0; k < 3; k++)
            draw_figure(&plot, &figures[i], names[i], k, y + (k - 1) * 11);
    }
    return plot.canvas;
}
