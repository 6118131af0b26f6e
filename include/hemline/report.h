/* Reports: what runs did, as one HTML file that needs nothing else; and charts as pictures. */
#ifndef HEMLINE_REPORT_H
#define HEMLINE_REPORT_H

#include "hemline/picture.h"
#include "hemline/study.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hem_report_options {
    const char *output; /**< file to write; NULL = report.html in the run directory or the folder of
                             the study, and for several runs in the working directory */
    const hem_data_options *data; /**< where data lies; may be NULL */
    hem_log_fn log;               /**< what the report must do without, and why; NULL = silent */
    void *log_user;
} hem_report_options;

/** Writes a report of runs: each of `runs` is a run directory or the folder of a study, which
 *  stands for all runs in it. Runs of one experiment under several seeds or folds are taken
 *  together; the first run is shown in detail. The file has everything in it and asks no network
 *  for anything. Images come from the data set where it is found; where it is not, or is another
 *  than the runs', the report says so and has none. `options` NULL = all defaults. `out` receives
 *  the file's name; may be NULL.
 *  HEM_ERR_USAGE: no run directory; HEM_ERR_DATA: one without events, or damaged; HEM_ERR_MODEL: a
 *  model that is damaged or of another format; HEM_ERR_IO: cannot write. */
HEM_API HEM_MUST_USE hem_status hem_report_write(hem_context *context, const char *const *runs,
                                                 size_t n, const hem_report_options *options,
                                                 char out[512], hem_error *err);

/* ---- charts as pictures ----------------------------------------------------------------------
 * *out is the caller's to hem_picture_free(); NULL on failure: HEM_ERR_MEMORY and what is said. */

typedef enum hem_curve_kind {
    HEM_CURVE_LOSS = 0,
    HEM_CURVE_ACCURACY,
    HEM_CURVE_RATE /**< the learning rate */
} hem_curve_kind;

/** Learning curves of runs or studies, as in the report: several experiments overlaid, seeds and
 *  folds as a mean with the band from the smallest to the largest. Fails as hem_report_write(). */
HEM_API HEM_MUST_USE hem_status hem_chart_curves(const char *const *runs, size_t n,
                                                 hem_curve_kind kind, hem_picture **out,
                                                 hem_error *err);
/** Accuracies of the runs of studies as box plots, a row an experiment: of folds over the images
 *  that they held out, else over the test images. Fails likewise. */
HEM_API HEM_MUST_USE hem_status hem_chart_boxes(const char *const *runs, size_t n,
                                                hem_picture **out, hem_error *err);
/** A confusion matrix, counts or percent of each row. HEM_ERR_USAGE: more classes than can be read
 *  in a picture (40). `title` NULL = "confusion matrix". */
HEM_API HEM_MUST_USE hem_status hem_chart_confusion(const hem_evaluation *evaluation,
                                                    const char *const *class_names, bool percent,
                                                    const char *title, hem_picture **out,
                                                    hem_error *err);
/** The drawing of a network: shapes, parameters and multiply-adds of its layers. `seconds` has the
 *  time of each layer for an image, as hem_net_layer() counts them (profile.h measures it), or is
 *  NULL. */
HEM_API HEM_MUST_USE hem_status hem_chart_network(const hem_net *net, const double *seconds,
                                                  hem_picture **out, hem_error *err);
/** An activation function, named as in experiments, and its derivative; `parameter` is the slope of
 *  leaky_relu and prelu and the alpha of elu. HEM_ERR_USAGE: no such function (the hint names
 *  them). */
HEM_API HEM_MUST_USE hem_status hem_chart_activation(const char *name, double parameter,
                                                     hem_picture **out, hem_error *err);
/** The names that hem_chart_activation() takes, NULL-terminated; static. */
HEM_API const char *const *hem_chart_activation_names(void);
/** The curve of a rate range test, with the rate that it suggests. */
HEM_API HEM_MUST_USE hem_status hem_chart_lrfind(const hem_lrfind_result *result, hem_picture **out,
                                                 hem_error *err);

/** The epochs of a run, from its events: as if it had never been interrupted. *out is the caller's
 *  to free(), NULL on failure. HEM_ERR_USAGE: no run directory; HEM_ERR_DATA: one without events,
 *  or damaged. */
HEM_API HEM_MUST_USE hem_status hem_epochs_read(const char *directory, hem_epoch **out, size_t *n,
                                                hem_error *err);

#ifdef __cplusplus
}
#endif
#endif
