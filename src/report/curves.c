/* Learning curves of records: of several seeds or folds their mean, and the band from the smallest
 * to the largest. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/report.h"
#include "spec/spec.h"

/* A curve's numbers, four lists in one block, and where its rings are. */
typedef struct series {
    double *x, *mean, *low, *high;
    bool *kept; /* some run keeps the model of this epoch */
    size_t n;
    bool any; /* one of them is finite */
} series;

/* Of each kind the training's field and the validation's. */
static const hem__field fields[3][2] = {
    [HEM_CURVE_LOSS] = {HEM__TRAIN_LOSS, HEM__VALIDATION_LOSS},
    [HEM_CURVE_ACCURACY] = {HEM__TRAIN_ACCURACY, HEM__VALIDATION_ACCURACY},
    [HEM_CURVE_RATE] = {HEM__RATE, HEM__RATE}};

static double field_of(const hem_epoch *e, hem__field field)
{
    switch (field) {
    case HEM__TRAIN_LOSS:
        return e->train_loss;
    case HEM__TRAIN_ACCURACY:
        return e->train_accuracy;
    case HEM__VALIDATION_LOSS:
        return e->validation_loss;
    case HEM__VALIDATION_ACCURACY:
        return e->validation_accuracy;
    case HEM__RATE:
        return e->learning_rate;
    case HEM__SECONDS:
        return e->seconds;
    }
    return (double)NAN;
}

/* One epoch over the runs of a group: how many have a number, and their mean, smallest, largest. */
static size_t over_runs(const hem__records *records, size_t group, size_t epoch, hem__field field,
                        double out[3])
{
    double sum = 0;
    size_t n = 0;
    out[0] = out[1] = out[2] = (double)NAN;
    for (size_t i = 0; i < records->n; i++) {
        const hem__record *record = &records->list[i];
        double value = record->group == group && epoch < record->n_epochs
                           ? field_of(&record->epochs[epoch], field)
                           : (double)NAN;
        if (!isfinite(value))
            continue;
        sum += value;
        out[0] = sum / (double)++n;
        out[1] = fmin(out[1], value); /* of a number and NaN the number */
        out[2] = fmax(out[2], value);
    }
    return n;
}

double hem__group_mean(const hem__records *records, size_t group, size_t epoch, hem__field field)
{
    double three[3];
    (void)over_runs(records, group, epoch, field, three);
    return three[0];
}

size_t hem__group_epochs(const hem__records *records, size_t group)
{
    size_t n = 0;
    for (size_t i = 0; i < records->n; i++) {
        if (records->list[i].group == group && records->list[i].n_epochs > n)
            n = records->list[i].n_epochs;
    }
    return n;
}

size_t hem__group_kept(const hem__records *records, size_t group, int epoch)
{
    size_t n = 0;
    for (size_t i = 0; i < records->n; i++)
        n += records->list[i].group == group && hem__record_kept(&records->list[i]) == epoch;
    return n;
}

static bool take_series(const hem__records *records, size_t group, hem__field field, series *out)
{
    size_t n = hem__group_epochs(records, group);
    double three[3];
    *out = (series){.x = hem__calloc(4 * n + 1, sizeof *out->x),
                    .kept = hem__calloc(n + 1, sizeof *out->kept)};
    if (out->x == NULL || out->kept == NULL)
        return false;
    out->n = n;
    out->mean = out->x + n;
    out->low = out->mean + n;
    out->high = out->low + n;
    for (size_t e = 0; e < n; e++) {
        out->any = over_runs(records, group, e, field, three) > 0 || out->any;
        out->x[e] = (double)e + 1;
        out->mean[e] = three[0];
        out->low[e] = three[1];
        out->high[e] = three[2];
        out->kept[e] = hem__group_kept(records, group, (int)e + 1) > 0;
    }
    return true;
}

bool hem__records_have_curves(const hem__records *records)
{
    for (size_t i = 0; i < records->n; i++) {
        if (records->list[i].n_epochs > 0)
            return true;
    }
    return false;
}

/* Whether the largest value is so far above the smallest that a logarithm shows more. */
static bool wants_log(const series *all, size_t n)
{
    double low = (double)INFINITY, high = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t e = 0; e < all[i].n; e++) {
            if (isfinite(all[i].mean[e]) && all[i].mean[e] <= 0)
                return false;
            if (isfinite(all[i].mean[e])) {
                low = fmin(low, all[i].mean[e]);
                high = fmax(high, all[i].mean[e]);
            }
        }
    }
    return high > 30 * low;
}

/* With one experiment the two curves are called training and validation, with several they bear
 * the experiments' names, and the training's is broken and has none. */
static hem__curve make_curve(const hem__records *records, size_t group, bool validation, bool alone,
                             const series *s)
{
    const hem__group *g = &records->groups[group];
    bool several = records->n_groups > 1, named = alone || validation;
    return (hem__curve){.label = !several ? (alone        ? NULL
                                             : validation ? "validation"
                                                          : "training")
                                 : named  ? g->label
                                          : NULL,
                        .key = g->key,
                        .x = s->x,
                        .y = s->mean,
                        .low = g->n > 1 && (named || !several) ? s->low : NULL,
                        .high = g->n > 1 && (named || !several) ? s->high : NULL,
                        .n = s->n,
                        .role =
                            several ? hem__series(group) : hem__series(validation || alone ? 0 : 1),
                        .dash = several && !named ? 4 : 0,
                        .rings = validation || alone ? s->kept : NULL};
}

static const char *const titles[3] = {"Loss", "Accuracy", "Learning rate"};
/* Of one experiment, of several, and where none has validation images. */
static const char *const y_titles[3][3] = {
    {"mean loss of an image", "mean loss of an image; broken: training",
     "mean loss of a training image"},
    {"images that are right", "images that are right; broken: training",
     "training images that are right"},
    {"of the epoch's last step", "of the epoch's last step", "of the epoch's last step"}};

/* For those who do not see the drawing: where each curve with a name ends. */
static void describe(const hem__curve *curves, size_t n, hem__number_format format, hem__str *out)
{
    enum { MOST_NAMED = 8 };
    size_t named = 0;
    hem__str_add(out, "by epoch");
    for (size_t i = 0; i < n; i++) {
        const hem__curve *c = &curves[i];
        size_t last = c->n;
        char value[32];
        while (last > 0 && !isfinite(c->y[last - 1]))
            last--;
        if (last == 0 || (c->label == NULL && n > 1) || named++ >= MOST_NAMED)
            continue;
        hem__value_text(format, c->y[last - 1], value);
        hem__str_printf(out, "; %s%sends at %s", c->label != NULL ? c->label : "",
                        c->label != NULL ? " " : "", value);
    }
    if (named > MOST_NAMED)
        hem__str_printf(out, "; and %zu more", named - MOST_NAMED);
}

static hem__canvas *draw(const hem__records *records, hem_curve_kind kind, const series *all,
                         hem__curve *curves)
{
    size_t n = 0, validated = 0;
    char mark[48];
    hem__str description = {0};
    for (size_t g = 0; g < records->n_groups; g++) {
        const series *train = &all[2 * g], *validation = &all[2 * g + 1];
        bool both = validation->any;
        if (train->any)
            curves[n++] = make_curve(records, g, false, !both, train);
        validated += both;
        if (both)
            curves[n++] = make_curve(records, g, true, false, validation);
    }
    int kept = hem__record_kept(&records->list[0]); /* by all of them, or there is no line */
    if (records->n_groups > 1 || hem__group_kept(records, 0, kept) < records->n)
        kept = 0;
    snprintf(mark, sizeof mark, "kept: epoch %d", kept);
    const hem__number_format format =
        kind == HEM_CURVE_ACCURACY ? HEM__FORMAT_PERCENT : HEM__FORMAT_PLAIN;
    describe(curves, n, format, &description);
    const hem__lines lines = {.title = titles[kind],
                              .description = description.text,
                              .x_title = "epoch",
                              .y_title = y_titles[kind][validated == 0 ? 2 : records->n_groups > 1],
                              .x_format = HEM__FORMAT_WHOLE,
                              .y_format = format,
                              .y_log = kind != HEM_CURVE_ACCURACY &&
                                       wants_log(all, 2 * records->n_groups),
                              .y_least = kind == HEM_CURVE_RATE ? 0 : (double)NAN,
                              .y_most = kind == HEM_CURVE_ACCURACY ? 1 : (double)NAN,
                              .curves = curves,
                              .n = n,
                              .has_mark = kept > 0,
                              .mark = kept,
                              .mark_text = mark};
    hem__canvas *canvas = description.failed ? NULL : hem__chart_lines(&lines);
    hem__str_release(&description);
    return canvas;
}

hem__canvas *hem__records_curves(const hem__records *records, hem_curve_kind kind)
{
    size_t n = 2 * records->n_groups;
    series *all = hem__calloc(n, sizeof *all);
    hem__curve *curves = hem__calloc(n, sizeof *curves);
    hem__canvas *canvas = NULL;
    bool good = all != NULL && curves != NULL;
    for (size_t i = 0; i < n && good; i++) {
        if (i % 2 == 0 || fields[kind][1] != fields[kind][0])
            good = take_series(records, i / 2, fields[kind][i % 2], &all[i]);
    }
    if (good)
        canvas = draw(records, kind, all, curves);
    for (size_t i = 0; i < n && all != NULL; i++) {
        free(all[i].x);
        free(all[i].kept);
    }
    free(all);
    free(curves);
    return canvas;
}

/* ---- box plots ------------------------------------------------------------------------------- */

static bool is_fold(const hem__record *record)
{
    return record->spec != NULL && record->spec->validation.kind == HEM__VALIDATION_FOLD;
}

double hem__record_held_out(const hem__record *record)
{
    const hem_evaluation *fold = &record->result.parts[HEM_VALIDATION];
    bool there = is_fold(record) && record->finished && fold->n > 0;
    return there ? fold->accuracy : (double)NAN;
}

/* A fold is judged by the images that it did not train on, any other run by the test images. */
double hem__record_score(const hem__record *record)
{
    double held_out = hem__record_held_out(record);
    return isnan(held_out) ? hem__record_test_accuracy(record) : held_out;
}

hem__canvas *hem__records_boxes(const hem__records *records)
{
    hem__box_row *rows = hem__calloc(records->n_groups, sizeof *rows);
    double *values = hem__calloc(records->n, sizeof *values);
    const char **names = hem__calloc(records->n, sizeof *names);
    hem__canvas *canvas = NULL;
    size_t at = 0, folds = 0;
    for (size_t i = 0; i < records->n; i++)
        folds += is_fold(&records->list[i]);
    if (rows != NULL && values != NULL && names != NULL) {
        for (size_t g = 0; g < records->n_groups; g++) {
            rows[g] = (hem__box_row){.label = records->groups[g].label,
                                     .values = values + at,
                                     .names = names + at,
                                     .n = records->groups[g].n};
            for (size_t i = 0; i < records->n; i++) {
                if (records->list[i].group == g) {
                    names[at] = records->list[i].label;
                    values[at++] = hem__record_score(&records->list[i]);
                }
            }
        }
        const char *title = folds == records->n ? "Accuracy, fold by fold"
                            : folds > 0         ? "Accuracy, run by run"
                                                : "Test accuracy, run by run";
        canvas =
            hem__chart_boxes(rows, records->n_groups, title,
                             folds == records->n ? "held-out images that are right"
                             : folds > 0 ? "images that are right: of folds held-out, else test"
                                         : "test images that are right",
                             HEM__FORMAT_PERCENT);
    }
    free(rows);
    free(values);
    free(names);
    return canvas;
}
