/* Axes and the field between them: from numbers to places on a canvas. */
#ifndef HEM_REPORT_PLOT_H
#define HEM_REPORT_PLOT_H

#include "report/canvas.h"

typedef enum hem__number_format {
    HEM__FORMAT_PLAIN,
    HEM__FORMAT_PERCENT, /* a share of 1, written in percent */
    HEM__FORMAT_WHOLE    /* whole numbers only: epochs */
} hem__number_format;

enum { HEM__MOST_TICKS = 24 };

typedef struct hem__axis {
    double low, high; /* of the field */
    bool log;
    hem__number_format format;
    double ticks[HEM__MOST_TICKS];
    size_t n_ticks;
    int decimals; /* of a tick's text */
} hem__axis;

/* An axis over low..high with about `most` ticks at 1, 2 or 5 times a power of ten; `widen` moves
 * both ends outward to a tick. Ends that are not finite, or the same, give an axis around what
 * there is. */
void hem__axis_linear(hem__axis *axis, double low, double high, int most, bool widen,
                      hem__number_format format);
/* The same with powers of ten, or their 1, 2, 5 where there are few; low must be above 0. */
void hem__axis_log(hem__axis *axis, double low, double high, int most, bool widen);
/* Where a value lies: 0 at the low end, 1 at the high end. NaN where it cannot be shown. */
double hem__axis_share(const hem__axis *axis, double value);
/* The text of a tick, and of any value with as many digits as help (`more` than its ticks have). */
void hem__tick_text(const hem__axis *axis, double value, char out[32]);
void hem__value_text(hem__number_format format, double value, char out[32]);

typedef struct hem__plot {
    hem__canvas *canvas;
    double left, top, width, height; /* of the field */
    hem__axis x, y;
} hem__plot;

double hem__plot_x(const hem__plot *plot, double value);
double hem__plot_y(const hem__plot *plot, double value);
/* Grid, ticks and their texts; titles are muted: y's above the field, x's below it. */
void hem__plot_axes(const hem__plot *plot, const char *x_title, const char *y_title);
/* Room that the texts of the y axis need to the left of the field. */
double hem__plot_margin(const hem__axis *y);

/* Moves places apart that are less than `gap` from each other, keeping their order and as near to
 * where they were as can be, within low..high; `order` has room for n. */
void hem__spread(double *places, size_t n, double gap, double low, double high, size_t *order);
/* Cuts a text that is wider than `width` and ends it in "..."; into `out`. */
void hem__shorten(const char *text, double size, double width, char *out, size_t room);

#endif
