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

static void add_epochs(const hem__record *r, hem__str *out)
{
    hem__str_add(out, "<details><summary>The numbers, epoch by epoch</summary>"
                      "<div class=\"scroll\"><table class=\"sort\"><thead><tr><th>epoch</th>"
                      "<th>training loss</th><th>training %</th><th>validation loss</th>"
                      "<th>validation %</th><th>rate</th><th>seconds</th><th>kept</th></tr></thead>"
                      "<tbody>\n");
    size_t every = (r->n_epochs + MOST_ROWS - 1) / MOST_ROWS;
    for (size_t i = 0; i < r->n_epochs; i += every) {
        const hem_epoch *e = &r->epochs[i];
        hem__str_printf(out, "<tr><th scope=\"row\">%d</th>", e->epoch);
        add_number(out, e->train_loss, 4, 1);
        add_number(out, e->train_accuracy, 2, 100);
        add_number(out, e->validation_loss, 4, 1);
        add_number(out, e->validation_accuracy, 2, 100);
        hem__tag(out, "td", "%.4g", e->learning_rate);
        add_number(out, e->seconds, 2, 1);
        hem__tag(out, "td", "%s", e->epoch == hem__record_kept(r) ? "yes" : "");
        hem__str_add(out, "</tr>\n");
    }
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
                      "the epoch's end");
    hem__str_add(out, records->n_groups < records->n
                          ? ". Bands reach from the smallest to the largest of the runs.</p>\n"
                          : "; a ring marks the epoch whose model is kept.</p>\n");
    add_epochs(report->shown, out);
}

void hem__section_rate(const hem__report *report, hem__str *out)
{
    if (!hem__records_have_curves(&report->records))
        return;
    hem__figure(out, hem__records_curves(&report->records, HEM_CURVE_RATE));
}

void hem__section_boxes(const hem__report *report, hem__str *out)
{
    const hem__records *records = &report->records;
    size_t finished = 0;
    for (size_t i = 0; i < records->n; i++)
        finished += isnan(hem__record_test_accuracy(&records->list[i])) ? 0 : 1;
    if (records->n_groups == records->n || finished < 2)
        return;
    hem__figure(out, hem__records_boxes(records));
    hem__str_add(
        out,
        "<details><summary>The numbers, run by run</summary><div class=\"scroll\">"
        "<table class=\"sort\"><thead><tr><th>run</th><th class=\"word\">experiment</th><th>test "
        "%</th><th>test loss</th><th>epochs</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < records->n; i++) {
        const hem__record *r = &records->list[i];
        hem__str_add(out, "<tr>");
        hem__tag(out, "th scope=\"row\"", "%s", r->label);
        hem__tag(out, "td class=\"word\"", "%s", records->groups[r->group].label);
        add_number(out, hem__record_test_accuracy(r), 2, 100);
        add_number(out, r->finished ? r->result.parts[HEM_TEST].loss : (double)NAN, 4, 1);
        hem__tag(out, "td", "%zu", r->n_epochs);
        hem__str_add(out, "</tr>\n");
    }
    hem__str_add(out, "</tbody></table></div></details>\n");
}
