/* Confusion matrices: a cell's shade is its share of its row. */
#include <math.h>
#include <stdio.h>

#include "report/chart.h"

typedef struct matrix {
    hem__canvas *canvas;
    const hem_evaluation *e;
    const char *const *names;
    double left, top, cell;
    double size; /* of the texts in cells; 0 = there is no room for any */
} matrix;

static size_t row_total(const hem_evaluation *e, int row)
{
    size_t total = 0;
    for (int i = 0; i < e->n_classes; i++)
        total += e->confusion[(size_t)row * (size_t)e->n_classes + (size_t)i];
    return total;
}

/* Mistakes are rare: shades rise with the square root of the share, so that 1 % can be seen. None
 * is so strong that ink could not be read on it. */
static double shade(double share)
{
    return 0.06 + 0.5 * sqrt(share);
}

static void cell_text(const matrix *m, double x, double y, const char *key, const char *text)
{
    hem__group_begin(m->canvas, key, NULL);
    hem__draw_text(m->canvas, x + m->cell / 2, y + m->cell / 2 + m->size * 0.36,
                   (hem__font){.size = m->size, .anchor = HEM__MIDDLE}, "%s", text);
    hem__group_end(m->canvas);
}

static void draw_cell(const matrix *m, int t, int p, size_t total, hem__cells cells)
{
    size_t count = m->e->confusion[(size_t)t * (size_t)m->e->n_classes + (size_t)p];
    double share = total > 0 ? (double)count / (double)total : 0;
    double x = m->left + p * m->cell, y = m->top + t * m->cell;
    char title[320], text[32];
    snprintf(title, sizeof title, "%.100s %s %.100s: %zu of %zu (%.1f %%)", m->names[t],
             t == p ? "known as" : "taken for", m->names[p], count, total, 100 * share);
    hem__group_begin(m->canvas, "cell", title);
    hem__draw_rect(m->canvas, x, y, m->cell, m->cell,
                   count > 0 ? (hem__paint){.fill = t == p ? HEM__SERIES : HEM__SERIES + 1,
                                            .opacity = shade(share),
                                            .stroke = HEM__GRID}
                             : (hem__paint){.fill = HEM__PAPER, .stroke = HEM__GRID});
    if (m->size > 0 && count > 0 && cells != HEM__CELLS_PERCENT) {
        snprintf(text, sizeof text, "%zu", count);
        cell_text(m, x, y, cells == HEM__CELLS_BOTH ? "counts" : NULL, text);
    }
    if (m->size > 0 && count > 0 && cells != HEM__CELLS_COUNTS) {
        snprintf(text, sizeof text, "%.*f", share < 0.0995 ? 1 : 0, 100 * share);
        cell_text(m, x, y, cells == HEM__CELLS_BOTH ? "percent" : NULL, text);
    }
    hem__group_end(m->canvas);
}

static void draw_names(const matrix *m)
{
    char text[64];
    double font = fmin(10.5, m->cell - 1);
    for (int i = 0; i < m->e->n_classes; i++) {
        double at = (i + 0.5) * m->cell;
        hem__shorten(m->names[i], font, m->left - 18, text, sizeof text);
        hem__draw_text(m->canvas, m->left - 5, m->top + at + font * 0.36,
                       (hem__font){.size = font, .anchor = HEM__END}, "%s", text);
        hem__draw_text(m->canvas, m->left + at + font * 0.36, m->top - 5,
                       (hem__font){.size = font, .upward = true}, "%s", text);
    }
}

/* The largest size at which the widest count fits its cell; 0 where that cannot be read. */
static double text_size(const hem_evaluation *e, double cell)
{
    size_t largest = 0;
    char text[32];
    for (int t = 0; t < e->n_classes; t++) {
        for (int p = 0; p < e->n_classes; p++) {
            size_t count = e->confusion[(size_t)t * (size_t)e->n_classes + (size_t)p];
            largest = count > largest ? count : largest;
        }
    }
    snprintf(text, sizeof text, "%zu", largest);
    double size = fmin(11, (cell - 3) / hem__text_width(text, 1, false));
    return size >= 6 ? size : 0;
}

/* For those who do not see the drawing. */
static void describe(const hem_evaluation *e, const char *const *names, char *out, size_t room)
{
    hem_confused worst;
    int n = snprintf(out, room,
                     "rows are true classes, columns predicted ones; %zu of %zu images are right",
                     e->correct, e->n);
    if (n > 0 && (size_t)n < room && hem_most_confused(e, false, &worst, 1) > 0)
        snprintf(out + n, room - (size_t)n,
                 ", and the most frequent mistake is %.60s taken for %.60s (%zu)",
                 names[worst.true_class], names[worst.predicted_class], worst.count);
}

hem__canvas *hem__chart_confusion(const hem_evaluation *e, const char *const *names,
                                  const char *title, hem__cells cells)
{
    double widest = 0;
    char description[320];
    matrix m = {.e = e, .names = names};
    for (int i = 0; i < e->n_classes; i++)
        widest = fmax(widest, hem__text_width(names[i], 10.5, false));
    m.left = fmin(widest, 84) + 20;
    m.top = m.left + 24;
    m.cell = (HEM__CHART_WIDTH - m.left - 2) / e->n_classes;
    m.size = text_size(e, m.cell);
    describe(e, names, description, sizeof description);
    m.canvas =
        hem__canvas_new(HEM__CHART_WIDTH, m.top + m.cell * e->n_classes + 2, title, description);
    if (m.canvas == NULL)
        return NULL;
    hem__draw_text(m.canvas, 0, 16, (hem__font){.size = 13, .bold = true}, "%s", title);
    hem__draw_text(m.canvas, HEM__CHART_WIDTH - 2, 16,
                   (hem__font){.size = 10, .role = HEM__MUTED, .anchor = HEM__END}, "predicted");
    hem__draw_text(m.canvas, 11, m.top + m.cell * e->n_classes,
                   (hem__font){.size = 10, .role = HEM__MUTED, .upward = true}, "true class");
    draw_names(&m);
    for (int t = 0; t < e->n_classes; t++) {
        size_t total = row_total(e, t);
        for (int p = 0; p < e->n_classes; p++)
            draw_cell(&m, t, p, total, cells);
    }
    return m.canvas;
}
