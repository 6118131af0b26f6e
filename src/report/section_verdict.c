/* The report's first words: what came out, and what to think of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

/* ---- sentences about one run ----------------------------------------------------------------- */

static void say_accuracy(const hem__record *r, hem__str *out)
{
    const hem_evaluation *test = &r->result.parts[HEM_TEST];
    char n[32];
    if (test->n == 0)
        return;
    hem__say(out, "%s gets ", hem__record_name(r));
    hem__tag(out, "strong", "%.2f %%", 100 * test->accuracy);
    hem__say(out, " of %s test images right (95 %% interval %.2f to %.2f %%). ",
             hem__grouped(test->n, n), 100 * test->interval.low, 100 * test->interval.high);
}

/* Wilson intervals that do not meet: more than chance. */
static void say_gap(const hem__record *r, hem__str *out)
{
    const hem_evaluation *train = &r->result.parts[HEM_TRAIN], *test = &r->result.parts[HEM_TEST];
    if (train->n == 0 || test->n == 0 || train->interval.low <= test->interval.high)
        return;
    hem__say(
        out,
        "Of the images that it was trained on it gets %.2f %% right, %.1f points more: so much "
        "of what it knows holds for those alone. ",
        100 * train->accuracy, 100 * (train->accuracy - test->accuracy));
}

/* What the validation loss says about the number of epochs. */
static void say_epochs(const hem__record *r, hem__str *out)
{
    size_t best = 0, n = r->n_epochs;
    for (size_t i = 1; i < n; i++) {
        if (r->epochs[i].validation_loss < r->epochs[best].validation_loss)
            best = i;
    }
    if (n < 3 || isnan(r->epochs[n - 1].validation_loss))
        return;
    double lowest = r->epochs[best].validation_loss, last = r->epochs[n - 1].validation_loss;
    if (best == n - 1)
        hem__say(out, "The validation loss was still falling at the end: more epochs may help. ");
    else if (last > 1.02 * lowest)
        hem__say(
            out,
            "The validation loss was lowest after epoch %d (%.4f) and has risen to %.4f since: "
            "more epochs do not help. ",
            r->epochs[best].epoch, lowest, last);
}

static void say_kept(const hem__record *r, hem__str *out)
{
    int kept = hem__record_kept(r);
    const char *rule = hem__record_text(r->json, "keep");
    if (kept == 0)
        hem__say(out, "The initial weights were kept. ");
    else if (strcmp(rule, "last") == 0)
        hem__say(out, "The model of the last epoch, %d, was kept. ", kept);
    else
        hem__say(out, "The model of epoch %d of %zu was kept: it has the %s. ", kept, r->n_epochs,
                 rule);
}

static void say_confused(const hem__report *report, hem__str *out)
{
    const hem_evaluation *test = &report->shown->result.parts[HEM_TEST];
    hem_confused worst;
    size_t images = 0;
    char a[32], b[32];
    if (test->n == 0 || hem_most_confused(test, false, &worst, 1) == 0)
        return;
    for (int i = 0; i < test->n_classes; i++)
        images += test->confusion[worst.true_class * test->n_classes + i];
    hem__say(out, "Its most frequent mistake: %s taken for %s, %s of %s. ",
             hem__class_name(report, worst.true_class),
             hem__class_name(report, worst.predicted_class), hem__grouped(worst.count, a),
             hem__grouped(images, b));
}

static void say_unfinished(const hem__record *r, hem__str *out)
{
    hem__say(out,
             "%s is not finished: %zu of %d epochs are done, and nothing has been tested yet. It "
             "goes on with 'hemline train --resume %s'. ",
             hem__record_name(r), r->n_epochs, hem_spec_epochs(r->spec), r->directory);
}

static void say_run(const hem__report *report, hem__str *out)
{
    const hem__record *r = report->shown;
    if (!r->finished) {
        say_unfinished(r, out);
        return;
    }
    if (json_is_true(json_object_get(r->json, "diverged"))) {
        hem__tag(out, "strong", "The run diverged");
        hem__say(out, ": %s. What follows is the last good model. ",
                 hem__record_text(r->json, "why"));
    }
    say_accuracy(r, out);
    say_gap(r, out);
    say_kept(r, out);
    if (strcmp(hem__record_text(r->json, "ended"), "early stopping") == 0)
        hem__say(out, "Early stopping ended the run: %s. ", hem__record_text(r->json, "why"));
    else
        say_epochs(r, out);
    say_confused(report, out);
}

/* ---- several runs of an experiment ----------------------------------------------------------- */

static void say_spread(const char *label, const char *runs, const char *what, hem_statistics s,
                       hem__str *out)
{
    hem__say(out, "%s: over %zu finished %s the %s has a mean of ", label, s.n, runs, what);
    hem__tag(out, "strong", "%.2f %%", 100 * s.mean);
    hem__say(out,
             ", a standard deviation of %.2f points, and a 95 %% interval of the mean from %.2f "
             "to %.2f %%; a further run would come out between %.2f and %.2f %%. ",
             100 * s.deviation, 100 * s.interval.low, 100 * s.interval.high,
             100 * fmax(0, s.further.low), 100 * fmin(1, s.further.high));
}

/* What the folds were made for. */
static void say_folds(const hem__records *all, size_t g, double *values, hem__str *out)
{
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        double held_out = hem__record_held_out(&all->list[i]);
        if (all->list[i].group == g && !isnan(held_out))
            values[n++] = held_out;
    }
    if (n < 2)
        return;
    hem__str_add(out, "<p>");
    say_spread(all->groups[g].label, "folds", "accuracy on the images held out",
               hem_statistics_of(values, n), out);
    hem__str_add(out, "</p>\n");
}

static void say_group(const hem__report *report, size_t g, hem__str *out)
{
    const hem__group *group = &report->records.groups[g];
    if (group->n < 2)
        return;
    double *values = hem__group_accuracies(&report->records, g);
    if (values == NULL) {
        out->failed = true;
        return;
    }
    hem_statistics s = hem_statistics_of(values, group->n);
    say_folds(&report->records, g, values, out);
    free(values);
    hem__str_add(out, "<p>");
    if (s.n < 2)
        hem__say(out, "%s: %zu runs, of which %zu are finished. ", group->label, group->n, s.n);
    else
        say_spread(group->label, "runs", "test accuracy", s, out);
    hem__str_add(out, "</p>\n");
}

/* The mean test accuracy of a group's runs; NaN = none is finished. */
static double group_accuracy(const hem__report *report, size_t g)
{
    double *values = hem__group_accuracies(&report->records, g);
    if (values == NULL)
        return (double)NAN;
    double mean = hem_statistics_of(values, report->records.groups[g].n).mean;
    free(values);
    return mean;
}

/* The best of several experiments, and how far it is ahead of the next. */
static void say_best(const hem__report *report, hem__str *out)
{
    const hem__records *all = &report->records;
    size_t best = 0, next = 0, n = 0;
    double first = -1, second = -1;
    for (size_t g = 0; g < all->n_groups; g++) {
        double here = group_accuracy(report, g);
        n += isnan(here) ? 0 : 1;
        if (here > first) {
            next = best;
            second = first;
            best = g;
            first = here;
        } else if (here > second) {
            next = g;
            second = here;
        }
    }
    if (n < 2)
        return;
    hem__difference d = hem__difference_of(report, best, next);
    hem__str_add(out, "<p class=\"verdict\">");
    hem__say(out, "Of these %zu experiments ", n);
    hem__tag(out, "strong", "%s", all->groups[best].label);
    hem__say(out, " gets most test images right, ");
    hem__tag(out, "strong", "%.2f %%", 100 * first);
    if (d.first_runs) /* then the interval is of other figures */
        hem__say(out, ", %.2f points more than the next, %s", 100 * (first - second),
                 all->groups[next].label);
    else
        hem__say(
            out,
            "; its lead over the next, %s, is %+.2f points (%s, 95 %% interval %+.2f to %+.2f%s)",
            all->groups[next].label, 100 * d.value, d.how, 100 * d.interval.low,
            100 * d.interval.high, d.interval.low > 0 ? "" : ", which cannot be told from noise");
    hem__say(out, ".");
    hem__str_add(out, "</p>\n");
}

/* ---- figures at a glance --------------------------------------------------------------------- */

static void add_tile(hem__str *out, const char *name, const char *value)
{
    hem__str_add(out, "<div>");
    hem__tag(out, "dt", "%s", name);
    hem__tag(out, "dd", "%s", value);
    hem__str_add(out, "</div>");
}

static void duration_text(double seconds, char out[32])
{
    if (seconds < 100)
        snprintf(out, 32, "%.1f s", seconds);
    else if (seconds < 6000)
        snprintf(out, 32, "%d min %d s", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(out, 32, "%d h %d min", (int)(seconds / 3600), (int)(seconds / 60) % 60);
}

static void add_tiles(const hem__report *report, hem__str *out)
{
    const hem__record *r = report->shown;
    const hem_evaluation *test = &r->result.parts[HEM_TEST];
    double seconds = 0;
    char text[64], number[32];
    for (size_t i = 0; i < r->n_epochs; i++)
        seconds += isnan(r->epochs[i].seconds) ? 0 : r->epochs[i].seconds;
    hem__str_add(out, "<dl class=\"tiles\">");
    if (r->finished && test->n > 0) {
        snprintf(text, sizeof text, "%.2f %%", 100 * test->accuracy);
        add_tile(out, "test accuracy", text);
        snprintf(text, sizeof text, "%.4f", test->loss);
        add_tile(out, "test loss", text);
    }
    double parameters = hem__record_number(r->started, "parameters");
    if (parameters >= 0)
        add_tile(out, "parameters", hem__grouped((size_t)parameters, number));
    snprintf(text, sizeof text, "%zu of %d", r->n_epochs, hem_spec_epochs(r->spec));
    add_tile(out, "epochs", text);
    duration_text(seconds, text);
    add_tile(out, "training", text);
    hem__str_add(out, "</dl>\n");
}

void hem__section_verdict(const hem__report *report, hem__str *out)
{
    const hem__records *all = &report->records;
    say_best(report, out);
    for (size_t g = 0; g < all->n_groups; g++)
        say_group(report, g, out);
    hem__str_add(out, "<p class=\"verdict\">");
    if (all->n > 1)
        hem__say(out, "In detail below, %s: ", report->shown->directory);
    say_run(report, out);
    if (json_is_true(json_object_get(report->shown->started, "synthetic")))
        hem__tag(out, "strong", "Its data is synthetic: drawn by hemline, not photographs.");
    hem__str_add(out, "</p>\n");
    add_tiles(report, out);
    if (report->notes.length > 0)
        hem__str_printf(out, "<ul class=\"notes\">%s</ul>\n", report->notes.text);
}
