/* Charts: data in, a drawing out. Each is 360 pixels wide, which a phone shows as it is; a page
 * enlarges it. Every function returns a new canvas, or NULL where there was no memory for it; a
 * canvas that ran out of memory later has `failed` set. Pointers are borrowed for the call. */
#ifndef HEM_REPORT_CHART_H
#define HEM_REPORT_CHART_H

#include "hemline/study.h"
#include "report/plot.h"

enum { HEM__CHART_WIDTH = 360 };

/* ---- lines ----------------------------------------------------------------------------------- */

typedef struct hem__curve {
    const char *label; /* stands at its end; NULL = none */
    const char *key;   /* for the script that shows and hides it; NULL = none */
    const double *x, *y;
    const double *low, *high; /* of a band around it; NULL = none */
    size_t n;
    hem__role role;
    double dash;       /* 0 = a whole line */
    const bool *rings; /* [n]: points that have one; NULL = none */
    bool thin;
} hem__curve;

typedef struct hem__lines {
    const char *title, *description;
    const char *x_title, *y_title;
    hem__number_format x_format, y_format;
    bool x_log, y_log;
    double y_least, y_most; /* the axis shows these at least and no more than these: NAN = as the
                               data says */
    const hem__curve *curves;
    size_t n;
    bool has_mark; /* a broken line at x = mark, with its text */
    double mark;
    const char *mark_text;
    double height; /* 0 stands for 240 */
    bool square;   /* field as high as wide */
    bool diagonal; /* a broken line from corner to corner: what should be */
} hem__lines;

hem__canvas *hem__chart_lines(const hem__lines *lines);

/* ---- confusion matrix ------------------------------------------------------------------------ */

typedef enum hem__cells {
    HEM__CELLS_COUNTS,
    HEM__CELLS_PERCENT, /* of the row: the images of that true class */
    HEM__CELLS_BOTH     /* groups "counts" and "percent", for a page that shows one of them */
} hem__cells;

enum { HEM__CONFUSION_MOST = 40 }; /* classes; more cannot be read */

hem__canvas *hem__chart_confusion(const hem_evaluation *evaluation, const char *const *names,
                                  const char *title, hem__cells cells);

/* ---- calibration ----------------------------------------------------------------------------- */

enum { HEM__CALIBRATION_BINS = 15 };

/* Predictions by confidence (the largest output) in bins of equal width: bin i holds
 * (i/15, (i+1)/15]. Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017.
 */
typedef struct hem__calibration {
    size_t n, counts[HEM__CALIBRATION_BINS], correct[HEM__CALIBRATION_BINS];
    double confidence[HEM__CALIBRATION_BINS]; /* mean; NaN where empty */
    double error; /* expected calibration error: sum of counts/n |correct/counts - confidence| */
    double mean_confidence;
} hem__calibration;

void hem__calibration_of(const float *probabilities, const int *labels, const int *predicted,
                         size_t n, int n_classes, hem__calibration *out);
hem__canvas *hem__chart_calibration(const hem__calibration *calibration, const char *title);

/* ---- classes --------------------------------------------------------------------------------- */

typedef struct hem__class_figures {
    double value[3];          /* precision, recall, F1; NaN where there is none */
    hem_interval interval[3]; /* 95 %, Wilson; of F1 see docs/numerics.md */
    size_t images;            /* of that true class */
} hem__class_figures;

/* Fills n_classes of them. */
void hem__class_figures_of(const hem_evaluation *evaluation, hem__class_figures *out);
hem__canvas *hem__chart_classes(const hem__class_figures *figures, const char *const *names,
                                size_t n, const char *title);

/* ---- box plot -------------------------------------------------------------------------------- */

typedef struct hem__box_row {
    const char *label;
    const double *values;     /* NaN does not count */
    const char *const *names; /* of each value */
    size_t n;
} hem__box_row;

hem__canvas *hem__chart_boxes(const hem__box_row *rows, size_t n, const char *title,
                              const char *x_title, hem__number_format format);

/* ---- a network ------------------------------------------------------------------------------- */

/* `seconds` has the time of each layer for an image, or is NULL where it is not known. */
hem__canvas *hem__chart_network(const hem_net *net, const double *seconds, const char *title);

/* ---- functions ------------------------------------------------------------------------------- */

/* An activation function (its name as experiments write it) and its derivative; with `parameter`
 * the slope of leaky_relu and prelu, the alpha of elu. NULL also where there is none of this name.
 */
hem__canvas *hem__chart_activation(const char *name, double parameter);
/* The names, NULL-terminated. */
extern const char *const hem__activation_names[];

/* ---- learning rates -------------------------------------------------------------------------- */

hem__canvas *hem__chart_lrfind(const hem_lrfind_result *result, const char *title);

#endif
