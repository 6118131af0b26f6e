/* A report: the runs as their directories tell them, and the sections that are written of them.
 *
 * To add a section: write `void hem__section_NAME(const hem__report *report, hem__str *out)` in
 * src/report/section_NAME.c, and add a row to the table in report.c, in the place where it should
 * stand. A section that has nothing to say adds nothing; it and its heading are left out. */
#ifndef HEM_REPORT_REPORT_H
#define HEM_REPORT_REPORT_H

#include <jansson.h>

#include "hemline/inspect.h"
#include "hemline/report.h"
#include "report/chart.h"

/* ---- records: records.c, record.c ------------------------------------------------------------ */

/* One run, read from its directory. */
typedef struct hem__record {
    char *directory, *label; /* label: the last part of the directory's name, or two */
    char *given;             /* what was named: the directory, or that of its study */
    json_t *events;
    const json_t *started; /* its event */
    size_t resumed;
    hem_epoch *epochs;
    size_t n_epochs;
    bool finished; /* result and json are there */
    hem_train_result result;
    json_t *json;   /* result.json */
    hem_spec *spec; /* resolved.yaml */
    char *resolved; /* its text */
    size_t group;
} hem__record;

/* Runs of one experiment that differ in seeds and folds alone. */
typedef struct hem__group {
    char *label;
    char key[32];    /* "run0": for the page's script */
    size_t first, n; /* records[first] is its first; n of them all in all */
} hem__group;

typedef struct hem__records {
    hem__record *list;
    size_t n;
    hem__group *groups;
    size_t n_groups;
    hem__str twins; /* runs that were left out, for another is the same: "b is a again, ..." */
} hem__records;

/* Reads runs and studies, and groups them. Fails as hem_report_write() does. */
hem_status hem__records_read(const char *const *paths, size_t n, hem__records *out, hem_error *err);
void hem__records_release(hem__records *records);
/* One run directory into *out, zeroed before. */
hem_status hem__record_read(const char *directory, hem__record *out, hem_error *err);
void hem__record_release(hem__record *record);

/* Texts and numbers of its `started` event and its result; "" and NaN where they are not there. */
const char *hem__record_text(const json_t *object, const char *key);
double hem__record_number(const json_t *object, const char *key);
/* The experiment's name. */
const char *hem__record_name(const hem__record *record);
double hem__record_test_accuracy(const hem__record *record); /* NaN where there is none */
/* Of a fold that is finished: its accuracy on the images that it did not train on; else NaN. */
double hem__record_held_out(const hem__record *record);
/* What the box plots show: of a fold held out, of any other run test accuracy; NaN = neither. */
double hem__record_score(const hem__record *record);
/* Test accuracies of a group's runs, groups[group].n of them, NaN where there is none; free() them.
 * NULL = no memory. */
double *hem__group_accuracies(const hem__records *records, size_t group);
/* The epoch whose model is kept, from 1; 0 = none, or the initial weights. */
int hem__record_kept(const hem__record *record);

/* ---- curves of records: curves.c ------------------------------------------------------------- */

/* The chart of all groups; NULL without memory. */
hem__canvas *hem__records_curves(const hem__records *records, hem_curve_kind kind);
hem__canvas *hem__records_boxes(const hem__records *records);
/* What an epoch has; rates and times too, so that a table can stand for the charts. */
typedef enum hem__field {
    HEM__TRAIN_LOSS,
    HEM__TRAIN_ACCURACY,
    HEM__VALIDATION_LOSS,
    HEM__VALIDATION_ACCURACY,
    HEM__RATE,
    HEM__SECONDS
} hem__field;

/* Epochs of a group's longest run. */
size_t hem__group_epochs(const hem__records *records, size_t group);
/* The mean over those of the group's runs that have a finite number there; NaN = none has. */
double hem__group_mean(const hem__records *records, size_t group, size_t epoch, hem__field field);
/* How many of the group's runs keep the model of that epoch, counted from 1. */
size_t hem__group_kept(const hem__records *records, size_t group, int epoch);
/* Whether there is a curve to draw. */
bool hem__records_have_curves(const hem__records *records);

/* ---- the report ------------------------------------------------------------------------------ */

typedef struct hem__report {
    hem_context *context;
    hem_data_options data_options;
    hem__records records;
    const hem__record *shown; /* in detail: the first that is finished, or the first */
    const char *const *class_names;
    int n_classes;
    hem_net *net;                /* of `shown`; NULL where it has no model */
    hem_data *data;              /* NULL where it was not found */
    hem_predictions predictions; /* of the test part; n = 0 without data */
    double *layer_seconds;       /* [layer]: forward, of an image; NULL where n = 0 */
    hem__str notes;              /* HTML: list items */
    int thrift;                  /* 0, or more where the page would be too large: see report.c */
} hem__report;

/* `most` of something, halved for each step of thrift; at least 1. */
static inline int hem__thrifty(const hem__report *report, int most)
{
    int fewer = most >> report->thrift;
    return fewer > 1 ? fewer : 1;
}

/* How two groups differ in test accuracy. */
typedef struct hem__difference {
    double value; /* NaN = none can be said */
    hem_interval interval;
    const char *how;
    bool first_runs; /* of several: the others do not count */
} hem__difference;

/* `group` less `other`: section_compare.c. */
hem__difference hem__difference_of(const hem__report *report, size_t group, size_t other);

void hem__section_verdict(const hem__report *report, hem__str *out);
void hem__section_compare(const hem__report *report, hem__str *out);
void hem__section_curves(const hem__report *report, hem__str *out);
void hem__section_rate(const hem__report *report, hem__str *out);
void hem__section_boxes(const hem__report *report, hem__str *out);
void hem__section_confusion(const hem__report *report, hem__str *out);
void hem__section_classes(const hem__report *report, hem__str *out);
void hem__section_calibration(const hem__report *report, hem__str *out);
void hem__section_mistakes(const hem__report *report, hem__str *out);
void hem__section_network(const hem__report *report, hem__str *out);
void hem__section_filters(const hem__report *report, hem__str *out);
void hem__section_features(const hem__report *report, hem__str *out);
void hem__section_samples(const hem__report *report, hem__str *out);
void hem__section_origin(const hem__report *report, hem__str *out);

/* ---- HTML: html.c ---------------------------------------------------------------------------- */

/* <element>text</element>, the text escaped. `element` may have attributes: "td class=\"n\"". */
void hem__tag(hem__str *out, const char *element, const char *format, ...) HEM_PRINTF(3, 4);
/* The text, escaped. */
void hem__say(hem__str *out, const char *format, ...) HEM_PRINTF(2, 3);
/* Around what may be wider than a phone: it scrolls, by the keyboard too. Close with "</div>". */
void hem__scroll_open(hem__str *out, const char *label);
/* A chart as a figure; frees it. NULL fails `out`. */
void hem__figure(hem__str *out, hem__canvas *canvas);
/* <img> of pixels `size` CSS pixels high; images of more than 64 pixels are made smaller, for a
 * thrifty report those of more than 32. */
void hem__image(hem__str *out, const hem__report *report, hem__pixels pixels, int size,
                const char *alternative);
/* An image of the report's data. */
void hem__data_image(hem__str *out, const hem__report *report, hem_part part, size_t index,
                     int size, const char *alternative);
/* "1,234,567" */
const char *hem__grouped(size_t n, char out[32]);
/* The name of a class of the report's runs. */
const char *hem__class_name(const hem__report *report, int of_class);

/* Style sheet and script of the page: report.css and report.js as the build put them in. */
extern const char hem__report_css[], hem__report_js[];

#endif
