/* The calibration curve, over how often each confidence occurs. */
#include <math.h>
#include <stdio.h>

#include "report/chart.h"

static void draw_bin(const hem__plot *plot, const hem__calibration *c, int i)
{
    double accuracy = (double)c->correct[i] / (double)c->counts[i];
    hem_interval interval = hem_wilson(c->correct[i], c->counts[i]);
    double x = hem__plot_x(plot, c->confidence[i]);
    char title[200];
    snprintf(title, sizeof title,
             "%zu images with a mean confidence of %.1f %%: %.1f %% right (95 %% interval %.1f to "
             "%.1f)",
             c->counts[i], 100 * c->confidence[i], 100 * accuracy, 100 * interval.low,
             100 * interval.high);
    hem__group_begin(plot->canvas, "hit", title);
    hem__draw_line(plot->canvas, x, hem__plot_y(plot, interval.low), x,
                   hem__plot_y(plot, interval.high), (hem__paint){.stroke = HEM__SERIES});
    hem__draw_circle(plot->canvas, x, hem__plot_y(plot, accuracy), 4,
                     (hem__paint){.fill = HEM__SERIES});
    hem__draw_circle(plot->canvas, x, hem__plot_y(plot, accuracy), 9,
                     (hem__paint){.fill = HEM__NONE});
    hem__group_end(plot->canvas);
}

/* Bars below the field: the share of images in each bin. */
static void draw_counts(const hem__plot *plot, const hem__calibration *c, double top, double height)
{
    size_t most = 1;
    for (int i = 0; i < HEM__CALIBRATION_BINS; i++)
        most = c->counts[i] > most ? c->counts[i] : most;
    for (int i = 0; i < HEM__CALIBRATION_BINS; i++) {
        double x = plot->left + plot->width * i / HEM__CALIBRATION_BINS;
        double high = height * (double)c->counts[i] / (double)most;
        if (c->counts[i] > 0)
            hem__draw_rect(plot->canvas, x + 1, top + height - fmax(high, 1),
                           plot->width / HEM__CALIBRATION_BINS - 2, fmax(high, 1),
                           (hem__paint){.fill = HEM__SERIES, .opacity = 0.45});
    }
    hem__draw_line(plot->canvas, plot->left, top + height, plot->left + plot->width, top + height,
                   (hem__paint){.stroke = HEM__MUTED});
    hem__draw_text(plot->canvas, 0, top - 3, (hem__font){.size = 11, .role = HEM__MUTED},
                   "images by confidence; the highest bar is %zu", most);
}

hem__canvas *hem__chart_calibration(const hem__calibration *c, const char *title)
{
    char description[160];
    hem__plot plot = {.top = 48, .height = 200};
    snprintf(description, sizeof description,
             "share of right answers against confidence in %d bins; expected calibration error "
             "%.4f",
             HEM__CALIBRATION_BINS, c->error);
    hem__axis_linear(&plot.x, 0, 1, 5, false, HEM__FORMAT_PERCENT);
    hem__axis_linear(&plot.y, 0, 1, 5, false, HEM__FORMAT_PERCENT);
    plot.left = hem__plot_margin(&plot.y);
    plot.width = HEM__CHART_WIDTH - plot.left - 24;
    plot.canvas = hem__canvas_new(HEM__CHART_WIDTH, 354, title, description);
    if (plot.canvas == NULL)
        return NULL;
    hem__draw_text(plot.canvas, 0, 16, (hem__font){.size = 13, .bold = true}, "%s", title);
    hem__plot_axes(&plot, "confidence: the largest output", "images that are right");
    hem__draw_line(plot.canvas, plot.left, plot.top + plot.height, plot.left + plot.width, plot.top,
                   (hem__paint){.stroke = HEM__MUTED, .dash = 4});
    for (int i = 0; i < HEM__CALIBRATION_BINS; i++) {
        if (c->counts[i] > 0)
            draw_bin(&plot, c, i);
    }
    draw_counts(&plot, c, 304, 44);
    return plot.canvas;
}
