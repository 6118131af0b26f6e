/* Precision, recall and F1 by class, and calibration. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/report.h"

static void add_cell(hem__str *out, double value, hem_interval interval)
{
    if (isnan(value)) {
        hem__str_add(out, "<td>--</td>");
        return;
    }
    hem__str_printf(out, "<td data-value=\"%.6f\">", value);
    hem__say(out, "%.1f ", 100 * value);
    hem__tag(out, "span class=\"interval\"", "%.1f to %.1f", 100 * interval.low,
             100 * interval.high);
    hem__str_add(out, "</td>");
}

static void add_table(const hem__report *report, const hem__class_figures *figures, size_t n,
                      hem__str *out)
{
    char number[32];
    hem__scroll_open(out, "Precision, recall and F1 by class");
    hem__str_add(out, "<table class=\"sort\"><thead><tr><th>class</th><th>"
                      "images</th><th>precision %</th><th>recall %</th><th>F1 %</th></tr></thead>"
                      "<tbody>\n");
    for (size_t c = 0; c < n; c++) {
        hem__str_add(out, "<tr>");
        hem__tag(out, "th scope=\"row\"", "%s", hem__class_name(report, (int)c));
        hem__tag(out, "td", "%s", hem__grouped(figures[c].images, number));
        for (int k = 0; k < 3; k++)
            add_cell(out, figures[c].value[k], figures[c].interval[k]);
        hem__str_add(out, "</tr>\n");
    }
    hem__str_add(out, "</tbody></table></div>\n");
}

void hem__section_classes(const hem__report *report, hem__str *out)
{
    const hem_evaluation *test = &report->shown->result.parts[HEM_TEST];
    size_t n = (size_t)test->n_classes;
    if (!report->shown->finished || test->n == 0)
        return;
    hem__class_figures *figures = hem__calloc(n, sizeof *figures);
    if (figures == NULL) {
        out->failed = true;
        return;
    }
    hem__class_figures_of(test, figures);
    hem__str_add(out, "<div class=\"pair\">");
    if (n <= HEM__CONFUSION_MOST)
        hem__figure(out, hem__chart_classes(figures, report->class_names, n, "Test images"));
    hem__str_add(out, "<div>");
    add_table(report, figures, n, out);
    hem__str_add(out, "<p class=\"small\">Small: 95 % intervals (Wilson). Precision is the share "
                      "of what was called so that is so, recall the share of what is so that was "
                      "called so, F1 their harmonic mean.</p></div></div>\n");
    free(figures);
}

void hem__section_calibration(const hem__report *report, hem__str *out)
{
    const hem_predictions *p = &report->predictions;
    hem__calibration c;
    if (p->n == 0)
        return;
    hem__calibration_of(p->probabilities, p->labels, p->predicted, p->n, p->n_classes, &c);
    if (c.n == 0)
        return;
    double accuracy = report->shown->result.parts[HEM_TEST].accuracy;
    double excess = c.mean_confidence - accuracy;
    hem__str_add(out, "<div class=\"pair\">");
    hem__figure(out, hem__chart_calibration(&c, "Confidence and truth"));
    hem__str_add(out, "<div><p>");
    hem__say(out, "The expected calibration error is ");
    hem__tag(out, "strong", "%.2f points", 100 * c.error);
    hem__say(out,
             ": by so much the largest output and the share of right answers differ on average, in "
             "%d bins of equal width. The mean confidence is %.2f %%, ",
             HEM__CALIBRATION_BINS, 100 * c.mean_confidence);
    if (fabs(excess) < 0.005)
        hem__say(out, "about the accuracy.");
    else
        hem__say(out, "%.2f points %s the accuracy: the network is %s.", 100 * fabs(excess),
                 excess > 0 ? "above" : "below",
                 excess > 0 ? "surer than it should be" : "less sure than it could be");
    hem__str_add(out, "</p><p class=\"small\">On the broken line confidence is as often right as "
                      "it says. Bars through the points are 95 % intervals (Wilson); a bin without "
                      "images has no point.</p></div></div>\n");
}
