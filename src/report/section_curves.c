/* Learning curves, learning rate, box plots. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/report.h"

enum { MOST_ROWS = 400 }; /* of the table of epochs */

/* Whose curves are whose; the script makes buttons of it that show and hide them. */
static void add_key(const hem__records *records, hem__str *out)
{
    if (records->n_groups < 2)
        return;
    hem__str_add(out, "<ul class=\"key\">");
    for (size_t g = 0; g < records->n_groups; g++) {
        hem__str_printf(out,
                        "<li data-toggle=\"%s\"><svg width=\"18\" height=\"10\" "
                        "aria-hidden=\"true\"><line x1=\"0\" y1=\"5\" x2=\"18\" y2=\"5\" "
                        "class=\"l-s%zu\" stroke-width=\"3\"/></svg> ",
                        records->groups[g].key, g % HEM__N_SERIES + 1);
        hem__say(out, "%s", records->groups[g].label);
        if (records->groups[g].n > 1)
            hem__say(out, " (%zu runs)", records->groups[g].n);
        hem__str_add(out, "</li>");
    }
    hem__str_add(out, "</ul>\n");
}

static void add_number(hem__str *out, double value, int decimals, double factor)
{
    if (isnan(value))
        hem__str_add(out, "<td>--</td>");
    else
        hem__tag(out, "td", "%.*f", decimals, factor * value);
}

/* Which runs keep the model of this epoch. */
static void add_kept(const hem__records *records, size_t group, int epoch, hem__str *out)
{
    size_t kept = hem__group_kept(records, group, epoch), n = records->groups[group].n;
    if (kept == 0)
        hem__str_add(out, "<td></td>");
    else if (n == 1)
        hem__str_add(out, "<td>yes</td>");
    else
        hem__tag(out, "td", "%zu of %zu", kept, n);
}

static void add_rows(const hem__report *report, size_t group, hem__str *out)
{
    const hem__records *records = &report->records;
    const size_t n = hem__group_epochs(records, group);
    const size_t most = (size_t)hem__thrifty(report, MOST_ROWS) / records->n_groups + 1;
    const size_t every = (n + most - 1) / most;
    for (size_t e = 0; e < n; e += every) {
        hem__str_printf(out, "<tr><th scope=\"row\">%zu</th>", e + 1);
        add_number(out, hem__group_mean(records, group, e, HEM__TRAIN_LOSS), 4, 1);
        add_number(out, hem__group_mean(records, group, e, HEM__TRAIN_ACCURACY), 2, 100);
        add_number(out, hem__group_mean(records, group, e, HEM__VALIDATION_LOSS), 4, 1);
        add_number(out, hem__group_mean(records, group, e, HEM__VALIDATION_ACCURACY), 2, 100);
        hem__tag(out, "td", "%.4g", hem__group_mean(records, group, e, HEM__RATE));
        add_number(out, hem__group_mean(records, group, e, HEM__SECONDS), 2, 1);
        add_kept(records, group, (int)e + 1, out);
        hem__str_add(out, "</tr>\n");
    }
}

/* The same as the drawings; of several runs their means. */
static void add_epochs(const hem__report *report, size_t group, hem__str *out)
{
    const hem__records *records = &report->records;
    const hem__group *g = &records->groups[group];
    char label[200];
    int length = snprintf(label, sizeof label, "The numbers, epoch by epoch%s%.100s",
                          records->n_groups > 1 ? ": " : "", records->n_groups > 1 ? g->label : "");
    if (g->n > 1 && length > 0 && (size_t)length < sizeof label)
        snprintf(label + length, sizeof label - (size_t)length, " (means of %zu runs)", g->n);
    hem__str_add(out, "<details>");
    hem__tag(out, "summary", "%s", label);
    hem__scroll_open(out, label);
    hem__str_add(out, "<table class=\"sort\"><thead><tr><th>epoch</th>"
                      "<th>training loss</th><th>training %</th><th>validation loss</th>"
                      "<th>validation %</th><th>rate</th><th>seconds</th><th>kept</th></tr></thead>"
                      "<tbody>\n");
    add_rows(report, group, out);
    hem__str_add(out, "</tbody></table></div></details>\n");
}

void hem__section_curves(const hem__report *report, hem__str *out)
{
    const hem__records *records = &report->records;
    if (!hem__records_have_curves(records))
        return;
    add_key(records, out);
    hem__str_add(out, "<div class=\"pair\">");
    hem__figure(out, hem__records_curves(records, HEM_CURVE_LOSS));
    hem__figure(out, hem__records_curves(records, HEM_CURVE_ACCURACY));
    hem__str_add(out, "</div>\n");
    hem__str_add(out, "<p class=\"small\">Training figures are running means over the epoch, with "
                      "dropout and augmentation, while the weights change; validation is made at "
                      "the epoch's end; a ring marks an epoch whose model is kept.");
    hem__str_add(out, records->n_groups < records->n
                          ? " Curves are means, bands reach from the smallest to the largest of "
                            "the runs.</p>\n"
                          : "</p>\n");
    for (size_t g = 0; g < records->n_groups; g++) {
        if (hem__group_epochs(records, g) > 0)
            add_epochs(report, g, out);
    }
}

void hem__section_rate(const hem__report *report, hem__str *out)
{
    if (!hem__records_have_curves(&report->records))
        return;
    hem__figure(out, hem__records_curves(&report->records, HEM_CURVE_RATE));
}

static void add_runs(const hem__records *records, bool folds, hem__str *out)
{
    hem__str_add(out, "<details><summary>The numbers, run by run</summary>");
    hem__scroll_open(out, "The numbers, run by run");
    hem__str_add(out, "<table class=\"sort\"><thead><tr><th>run</th><th class=\"word\">"
                      "experiment</th>");
    hem__str_add(out, folds ? "<th>held out %</th>" : "");
    hem__str_add(out, "<th>test %</th><th>test loss</th><th>epochs</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < records->n; i++) {
        const hem__record *r = &records->list[i];
        hem__str_add(out, "<tr>");
        hem__tag(out, "th scope=\"row\"", "%s", r->label);
        hem__tag(out, "td class=\"word\"", "%s", records->groups[r->group].label);
        if (folds)
            add_number(out, hem__record_held_out(r), 2, 100);
        add_number(out, hem__record_test_accuracy(r), 2, 100);
        add_number(out, r->finished ? r->result.parts[HEM_TEST].loss : (double)NAN, 4, 1);
        hem__tag(out, "td", "%zu", r->n_epochs);
        hem__str_add(out, "</tr>\n");
    }
    hem__str_add(out, "</tbody></table></div></details>\n");
}

void hem__section_boxes(const hem__report *report, hem__str *out)
{
    const hem__records *records = &report->records;
    size_t finished = 0;
    bool folds = false;
    for (size_t i = 0; i < records->n; i++) {
        finished += isnan(hem__record_score(&records->list[i])) ? 0 : 1;
        folds = folds || !isnan(hem__record_held_out(&records->list[i]));
    }
    if (records->n_groups == records->n || finished < 2)
        return;
    hem__figure(out, hem__records_boxes(records));
    add_runs(records, folds, out);
}
