/* Several experiments beside the first: how they differ, and whether that is more than noise. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/difference.h"
#include "report/report.h"
#include "spec/spec.h"

/* ---- by seeds -------------------------------------------------------------------------------- */

/* Trained with the same seed and, where they are folds, on the same fold. */
static bool same_place(const hem__record *a, const hem__record *b)
{
    const hem__validation_spec *x = &a->spec->validation, *y = &b->spec->validation;
    bool folds = x->kind == HEM__VALIDATION_FOLD;
    return a->spec->train.seed == b->spec->train.seed &&
           folds == (y->kind == HEM__VALIDATION_FOLD) &&
           (!folds || (x->fold == y->fold && x->seed == y->seed));
}

/* Pairs of the two groups' runs with the same seed and fold. */
static size_t take_pairs(const hem__records *records, size_t group, size_t other, double *a,
                         double *b)
{
    size_t n = 0;
    for (size_t i = 0; i < records->n; i++) {
        for (size_t k = 0; k < records->n && records->list[i].group == group; k++) {
            if (records->list[k].group == other &&
                same_place(&records->list[i], &records->list[k])) {
                a[n] = hem__record_test_accuracy(&records->list[i]);
                b[n] = hem__record_test_accuracy(&records->list[k]);
                n += !isnan(a[n]) && !isnan(b[n]);
                break;
            }
        }
    }
    return n;
}

/* ---- by images ------------------------------------------------------------------------------- */

/* Which test images a run's model gets right, [n]; NULL where that cannot be known. */
static bool *right_images(const hem__report *report, const hem__record *record, size_t *n)
{
    hem_predictions p = {.n = 0};
    hem_net *net = NULL;
    bool *right = NULL;
    if (report->data == NULL || strcmp(hem__record_text(record->started, "data_sha256"),
                                       hem_data_get_info(report->data).sha256) != 0)
        return NULL;
    char *path = hem_model_path(record->directory);
    if (path != NULL && hem_net_load(report->context, path, &net, NULL) == HEM_OK &&
        hem_predictions_get(net, report->data, HEM_TEST, &p, NULL) == HEM_OK)
        right = hem__calloc(p.n, sizeof *right);
    for (size_t i = 0; right != NULL && i < p.n; i++)
        right[i] = p.predicted[i] == p.labels[i];
    *n = p.n;
    hem_predictions_release(&p);
    hem_net_free(net);
    free(path);
    return right;
}

static bool matched(const hem__report *report, const hem__record *a, const hem__record *b,
                    hem__difference *out)
{
    size_t n_a = 0, n_b = 0, only_a = 0, only_b = 0;
    bool *right_a = right_images(report, a, &n_a);
    bool *right_b = right_a != NULL ? right_images(report, b, &n_b) : NULL;
    bool good = right_b != NULL && n_a == n_b;
    for (size_t i = 0; good && i < n_a; i++) {
        only_a += right_a[i] && !right_b[i];
        only_b += right_b[i] && !right_a[i];
    }
    if (good) {
        out->interval = hem__difference_matched(only_a, only_b, n_a);
        out->how = "same test images";
    }
    free(right_a);
    free(right_b);
    return good;
}

/* ---- either ---------------------------------------------------------------------------------- */

/* Of the groups' first runs, image by image where that can be known. */
static hem__difference of_first_runs(const hem__report *report, size_t group, size_t other)
{
    const hem__group *g = &report->records.groups[group], *h = &report->records.groups[other];
    const hem__record *a = &report->records.list[g->first], *b = &report->records.list[h->first];
    hem__difference out = {.value = (double)NAN};
    if (isnan(hem__record_test_accuracy(a)) || isnan(hem__record_test_accuracy(b)))
        return out;
    const hem_evaluation *x = &a->result.parts[HEM_TEST], *y = &b->result.parts[HEM_TEST];
    out.value = x->accuracy - y->accuracy;
    out.interval = hem__difference_independent(x->correct, x->n, y->correct, y->n);
    out.how = "as if of other test images";
    out.first_runs = g->n > 1 || h->n > 1;
    (void)matched(report, a, b, &out);
    return out;
}

/* Seed by seed; where there are no pairs, of all runs; where one has but one run, of the first. */
hem__difference hem__difference_of(const hem__report *report, size_t group, size_t other)
{
    const hem__records *records = &report->records;
    hem__difference out = {.value = (double)NAN};
    double *pairs = hem__calloc(2 * records->n, sizeof *pairs);
    double *values = hem__group_accuracies(records, group);
    double *others = hem__group_accuracies(records, other);
    if (pairs != NULL && values != NULL && others != NULL) {
        size_t n = take_pairs(records, group, other, pairs, pairs + records->n);
        hem_statistics a = hem_statistics_of(values, records->groups[group].n);
        hem_statistics b = hem_statistics_of(others, records->groups[other].n);
        if (n >= 2) {
            hem_statistics d = hem_compare_paired(pairs, pairs + records->n, n).difference;
            out = (hem__difference){d.mean, d.interval, "same seeds", false};
        } else if (a.n >= 2 && b.n >= 2) {
            out = (hem__difference){a.mean - b.mean, hem__difference_means(a, b), "other seeds",
                                    false};
        } else {
            out = of_first_runs(report, group, other);
        }
    }
    free(pairs);
    free(values);
    free(others);
    return out;
}

static void add_difference(const hem__report *report, size_t group, hem__str *out)
{
    hem__difference d = {.value = (double)NAN};
    if (group > 0)
        d = hem__difference_of(report, group, 0);
    if (isnan(d.value)) {
        hem__str_add(out, group == 0 ? "<td>the first</td><td></td>" : "<td>--</td><td></td>");
        return;
    }
    hem__str_printf(out, "<td data-value=\"%.6f\">", d.value);
    hem__say(out, "%+.2f ", 100 * d.value);
    hem__tag(out, "span class=\"interval\"", "%+.2f to %+.2f, %s%s", 100 * d.interval.low,
             100 * d.interval.high, d.first_runs ? "first runs, " : "", d.how);
    hem__str_add(out, "</td>");
    hem__tag(out, "td class=\"word\"", "%s",
             hem_verdict_name(d.interval.low > 0    ? HEM_VERDICT_BETTER
                              : d.interval.high < 0 ? HEM_VERDICT_WORSE
                                                    : HEM_VERDICT_NOISE));
}

/* The mean of a group's runs with its interval; of one run that of its test images. */
static void add_accuracy(const hem__records *records, size_t group, hem__str *out)
{
    const hem__record *first = &records->list[records->groups[group].first];
    size_t n = records->groups[group].n;
    double *values = hem__group_accuracies(records, group);
    if (values == NULL) {
        out->failed = true;
        return;
    }
    hem_statistics s = hem_statistics_of(values, n);
    hem_interval interval = n == 1 ? first->result.parts[HEM_TEST].interval : s.interval;
    free(values);
    hem__tag(out, "td", "%zu", n);
    if (s.n == 0) {
        hem__tag(out, "td", "--");
        return;
    }
    hem__str_printf(out, "<td data-value=\"%.6f\">", s.mean);
    hem__say(out, "%.2f ", 100 * s.mean);
    if (!isnan(interval.low))
        hem__tag(out, "span class=\"interval\"", "%.2f to %.2f", 100 * interval.low,
                 100 * interval.high);
    hem__str_add(out, "</td>");
}

static void add_key(const hem__records *records, size_t group, hem__str *out)
{
    static const char *const vary[] = {"train.seed", "validation.fold", "validation.seed", NULL};
    char key[128], a[128], b[128];
    const hem__record *record = &records->list[records->groups[group].first];
    const char *init = hem__record_text(record->started, "init");
    const char *other = hem__record_text(records->list[0].started, "init");
    if (group > 0 && hem_spec_difference(records->list[0].spec, record->spec, vary, key, a, b))
        hem__tag(out, "td class=\"word\"", "%s: %s, not %s", key, b, a);
    else if (group > 0 && strcmp(init, other) != 0)
        hem__tag(out, "td class=\"word\"", "initial weights: %s, not %s",
                 init[0] != '\0' ? init : "drawn", other[0] != '\0' ? other : "drawn");
    else
        hem__str_add(out, "<td></td>");
}

void hem__section_compare(const hem__report *report, hem__str *out)
{
    const hem__records *records = &report->records;
    if (records->n_groups < 2)
        return;
    hem__scroll_open(out, "Differences");
    hem__str_add(out, "<table class=\"sort\"><thead><tr><th>experiment</th><th>runs</th>"
                      "<th>test accuracy %</th><th>to the first, points</th>"
                      "<th class=\"word\">verdict</th><th class=\"word\">where it differs first"
                      "</th></tr></thead><tbody>\n");
    for (size_t g = 0; g < records->n_groups; g++) {
        hem__str_add(out, "<tr>");
        hem__tag(out, "th scope=\"row\"", "%s", records->groups[g].label);
        add_accuracy(records, g, out);
        add_difference(report, g, out);
        add_key(records, g, out);
        hem__str_add(out, "</tr>\n");
    }
    hem__str_add(out,
                 "</tbody></table></div>\n<p class=\"small\">Small: 95 % intervals. Runs of "
                 "the same seeds are compared seed by seed (Student's t), those of other seeds "
                 "by their means (Welch's t), single runs image by image (Agresti and "
                 "Min).</p>\n");
}
