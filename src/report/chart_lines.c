/* Line charts: curves with bands, labels at their ends, points that answer the pointer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/chart.h"

/* Of all curves together, and of each of a few: spans that a long curve is cut into, about as wide
 * as a pixel, and points that answer the pointer. */
enum { ALL_SPANS = 2400, MOST_SPANS = 240, LEAST_SPANS = 24 };
enum { ALL_HITS = 600, MOST_HITS = 60, LEAST_HITS = 4 };

static size_t share(size_t all, size_t n, size_t least, size_t most)
{
    size_t each = all / (n > 0 ? n : 1);
    return each < least ? least : each > most ? most : each;
}

/* How many points of a curve make one span; 1 where all are drawn. */
static size_t span_of(const hem__lines *lines, const hem__curve *c)
{
    size_t spans = share(ALL_SPANS, lines->n, LEAST_SPANS, MOST_SPANS);
    return c->n <= 2 * spans ? 1 : (c->n + spans - 1) / spans;
}

/* Smallest and largest of what is finite (and, on a logarithmic axis, above 0). */
static void take_range(const double *values, size_t n, bool log, double *low, double *high)
{
    for (size_t i = 0; i < n && values != NULL; i++) {
        if (isfinite(values[i]) && (!log || values[i] > 0)) {
            *low = fmin(*low, values[i]);
            *high = fmax(*high, values[i]);
        }
    }
}

static void set_axes(const hem__lines *lines, hem__plot *plot)
{
    double x[2] = {(double)INFINITY, -(double)INFINITY},
           y[2] = {(double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < lines->n; i++) {
        const hem__curve *c = &lines->curves[i];
        take_range(c->x, c->n, lines->x_log, &x[0], &x[1]);
        take_range(c->y, c->n, lines->y_log, &y[0], &y[1]);
        take_range(c->low, c->n, lines->y_log, &y[0], &y[1]);
        take_range(c->high, c->n, lines->y_log, &y[0], &y[1]);
    }
    if (!isnan(lines->y_least) && !lines->y_log)
        y[0] = fmin(y[0], lines->y_least);
    if (lines->x_log)
        hem__axis_log(&plot->x, x[0], x[1], 7, false);
    else
        hem__axis_linear(&plot->x, x[0], x[1], 8, false, lines->x_format);
    if (lines->y_log)
        hem__axis_log(&plot->y, y[0], y[1], 5, true);
    else
        hem__axis_linear(&plot->y, y[0], y[1], 5, true, lines->y_format);
    if (!isnan(lines->y_most) && plot->y.high > lines->y_most) {
        plot->y.high = lines->y_most;
        while (plot->y.n_ticks > 0 && plot->y.ticks[plot->y.n_ticks - 1] > lines->y_most + 1e-9)
            plot->y.n_ticks--;
    }
}

/* Room to the right of the field for the labels. */
static double label_room(const hem__lines *lines)
{
    double widest = 0;
    for (size_t i = 0; i < lines->n; i++) {
        if (lines->curves[i].label != NULL)
            widest = fmax(widest, hem__text_width(lines->curves[i].label, 11, false));
    }
    return fmin(widest, 118) + 14;
}

/* ---- one curve ------------------------------------------------------------------------------- */

/* Of the points from `from` to `to` the one whose y is the largest (or smallest); `to` = none is
 * finite. */
static size_t extreme(const double *y, size_t from, size_t to, bool largest)
{
    size_t best = to;
    for (size_t i = from; i < to; i++) {
        if (isfinite(y[i]) && (best == to || (largest ? y[i] > y[best] : y[i] < y[best])))
            best = i;
    }
    return best;
}

static void draw_band(const hem__plot *plot, const hem__curve *c, size_t span)
{
    hem__point *outline = hem__calloc(2 * c->n + 1, sizeof *outline);
    size_t n = 0, n_lower = 0;
    if (outline == NULL) {
        plot->canvas->failed = true;
        return;
    }
    for (size_t i = 0; i < c->n; i += span) {
        size_t to = i + span < c->n ? i + span : c->n;
        size_t high = extreme(c->high, i, to, true), low = extreme(c->low, i, to, false);
        double x = hem__plot_x(plot, c->x[i + (to - i) / 2]);
        double y[2] = {(double)NAN, (double)NAN};
        if (high < to && low < to) {
            y[0] = hem__plot_y(plot, c->high[high]);
            y[1] = hem__plot_y(plot, c->low[low]);
        }
        if (!isfinite(y[0]) || !isfinite(y[1]))
            continue;
        outline[n++] = (hem__point){x, y[0]};
        outline[2 * c->n - n_lower++] = (hem__point){x, y[1]};
    }
    /* The lower edge lies at the end already, from right to left. */
    memmove(outline + n, outline + 2 * c->n + 1 - n_lower, n_lower * sizeof *outline);
    hem__draw_polygon(plot->canvas, outline, n + n_lower,
                      (hem__paint){.fill = c->role, .opacity = 0.18});
    free(outline);
}

/* Ends a run of points: one alone is no line. */
static void end_line(const hem__plot *plot, const hem__curve *c, const hem__point *points,
                     size_t *n)
{
    if (*n == 1)
        hem__draw_circle(plot->canvas, points[0].x, points[0].y, 3, (hem__paint){.fill = c->role});
    hem__draw_polyline(plot->canvas, points, *n,
                       (hem__paint){.stroke = c->role, .line = c->thin ? 1 : 2, .dash = c->dash});
    *n = 0;
}

static void add_point(const hem__plot *plot, const hem__curve *c, size_t i, hem__point *points,
                      size_t *n)
{
    hem__point p = {hem__plot_x(plot, c->x[i]), hem__plot_y(plot, c->y[i])};
    if (isfinite(p.x) && isfinite(p.y))
        points[(*n)++] = p;
    else
        end_line(plot, c, points, n);
}

/* A line a run of finite points: a gap stays a gap. Of a span its smallest and its largest number
 * are drawn. */
static void draw_curve(const hem__plot *plot, const hem__curve *c, size_t span)
{
    hem__point *points = hem__calloc(c->n + 1, sizeof *points);
    size_t n = 0;
    if (points == NULL) {
        plot->canvas->failed = true;
        return;
    }
    for (size_t i = 0; i < c->n; i += span) {
        size_t to = i + span < c->n ? i + span : c->n;
        size_t low = extreme(c->y, i, to, false), high = extreme(c->y, i, to, true);
        if (low == to) {
            end_line(plot, c, points, &n);
            continue;
        }
        add_point(plot, c, low < high ? low : high, points, &n);
        if (low != high)
            add_point(plot, c, low < high ? high : low, points, &n);
    }
    end_line(plot, c, points, &n);
    free(points);
}

static void draw_rings(const hem__plot *plot, const hem__curve *c)
{
    for (size_t i = 0; i < c->n && c->rings != NULL; i++) {
        double x = hem__plot_x(plot, c->x[i]), y = hem__plot_y(plot, c->y[i]);
        if (c->rings[i] && isfinite(x) && isfinite(y))
            hem__draw_circle(plot->canvas, x, y, 4.5,
                             (hem__paint){.fill = HEM__PAPER, .stroke = c->role, .line = 2});
    }
}

/* Circles that are not painted: what is under the pointer there says its numbers. */
static void draw_hits(const hem__plot *plot, const hem__lines *lines, const hem__curve *c)
{
    size_t hits = share(ALL_HITS, lines->n, LEAST_HITS, MOST_HITS);
    size_t every = (c->n + hits - 1) / hits;
    for (size_t i = 0; i < c->n; i += every) {
        double x = hem__plot_x(plot, c->x[i]), y = hem__plot_y(plot, c->y[i]);
        char at[32], value[32], title[160];
        if (!isfinite(x) || !isfinite(y))
            continue;
        hem__value_text(lines->x_format, c->x[i], at);
        hem__value_text(lines->y_format, c->y[i], value);
        snprintf(title, sizeof title, "%.60s%s%s %s: %s", c->label != NULL ? c->label : "",
                 c->label != NULL ? ", " : "", lines->x_title, at, value);
        hem__group_begin(plot->canvas, "hit", title);
        hem__draw_circle(plot->canvas, x, y, 6, (hem__paint){.fill = HEM__NONE});
        hem__group_end(plot->canvas);
    }
}

/* ---- labels ---------------------------------------------------------------------------------- */

/* The last point that can be shown. */
static hem__point curve_end(const hem__plot *plot, const hem__curve *c)
{
    for (size_t i = c->n; i > 0; i--) {
        hem__point p = {hem__plot_x(plot, c->x[i - 1]), hem__plot_y(plot, c->y[i - 1])};
        if (isfinite(p.x) && isfinite(p.y))
            return p;
    }
    return (hem__point){(double)NAN, (double)NAN};
}

static void draw_labels(const hem__plot *plot, const hem__lines *lines, double room)
{
    double *places = hem__calloc(lines->n + 1, sizeof *places);
    size_t *order = hem__calloc(lines->n + 1, sizeof *order), *which = NULL, n = 0;
    which = hem__calloc(lines->n + 1, sizeof *which);
    plot->canvas->failed = plot->canvas->failed || places == NULL || order == NULL || which == NULL;
    for (size_t i = 0; i < lines->n && !plot->canvas->failed; i++) {
        double y = curve_end(plot, &lines->curves[i]).y;
        if (lines->curves[i].label == NULL || isnan(y))
            continue;
        which[n] = i;
        places[n++] = y;
    }
    if (n > 0)
        hem__spread(places, n, 13, plot->top + 4, plot->top + plot->height - 2, order);
    for (size_t k = 0; k < n; k++) {
        const hem__curve *c = &lines->curves[which[k]];
        hem__point end = curve_end(plot, c);
        char text[64];
        hem__shorten(c->label, 11, room - 14, text, sizeof text);
        hem__group_begin(plot->canvas, c->key, NULL);
        double x = plot->left + plot->width + 10;
        double dash = end.x < x - 30 ? 1.5 : 0; /* a long one must not look like the curve */
        if (fabs(places[k] - end.y) > 4 || end.x < x - 14)
            hem__draw_line(plot->canvas, end.x + 2, end.y, x - 2, places[k],
                           (hem__paint){.stroke = c->role, .line = 0.7, .dash = dash});
        hem__draw_text(plot->canvas, x, places[k] + 4, (hem__font){.size = 11, .role = c->role},
                       "%s", text);
        hem__group_end(plot->canvas);
    }
    free(places);
    free(order);
    free(which);
}

/* The broken line; what it says stands beside the title, where no curve can come. */
static void draw_vertical(const hem__plot *plot, const hem__lines *lines)
{
    const hem__paint paint = {.stroke = HEM__MUTED, .dash = 3};
    double x = hem__plot_x(plot, lines->mark);
    if (!lines->has_mark || !isfinite(x))
        return;
    double width = hem__text_width(lines->mark_text, 11, false);
    hem__draw_line(plot->canvas, x, plot->top, x, plot->top + plot->height, paint);
    hem__draw_line(plot->canvas, HEM__CHART_WIDTH - width - 8, 5, HEM__CHART_WIDTH - width - 8, 19,
                   paint);
    hem__draw_text(plot->canvas, HEM__CHART_WIDTH - width - 2, 16,
                   (hem__font){.size = 11, .role = HEM__MUTED}, "%s", lines->mark_text);
}

/* ---- the chart ------------------------------------------------------------------------------- */

static void draw_curves(const hem__plot *plot, const hem__lines *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        const hem__curve *c = &lines->curves[i];
        hem__group_begin(plot->canvas, c->key, NULL);
        if (c->low != NULL && c->high != NULL)
            draw_band(plot, c, span_of(lines, c));
        draw_curve(plot, c, span_of(lines, c));
        draw_rings(plot, c);
        hem__group_end(plot->canvas);
    }
    for (size_t i = 0; i < lines->n; i++) { /* above all lines, or those would hide them */
        hem__group_begin(plot->canvas, lines->curves[i].key, NULL);
        if (!lines->curves[i].thin)
            draw_hits(plot, lines, &lines->curves[i]);
        hem__group_end(plot->canvas);
    }
}

hem__canvas *hem__chart_lines(const hem__lines *lines)
{
    double height = lines->height > 0 ? lines->height : 240, room = label_room(lines);
    hem__plot plot = {.top = 48};
    set_axes(lines, &plot);
    plot.left = hem__plot_margin(&plot.y);
    plot.width = HEM__CHART_WIDTH - plot.left - room;
    plot.height = lines->square ? plot.width : height - plot.top - 40;
    plot.canvas = hem__canvas_new(HEM__CHART_WIDTH, plot.top + plot.height + 40, lines->title,
                                  lines->description);
    if (plot.canvas == NULL)
        return NULL;
    hem__draw_text(plot.canvas, 0, 16, (hem__font){.size = 13, .bold = true}, "%s", lines->title);
    hem__plot_axes(&plot, lines->x_title, lines->y_title);
    draw_vertical(&plot, lines);
    if (lines->diagonal)
        hem__draw_line(plot.canvas, plot.left, plot.top + plot.height, plot.left + plot.width,
                       plot.top, (hem__paint){.stroke = HEM__MUTED, .dash = 4});
    draw_curves(&plot, lines);
    draw_labels(&plot, lines, room);
    return plot.canvas;
}
