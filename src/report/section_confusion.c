/* Confusion matrices, the most confused cells with images, and the most confident mistakes. */
#include <stdio.h>
#include <string.h>

#include "report/report.h"

enum { CELLS = 5, EXAMPLES = 8, MISTAKES = 24, IMAGE = 56 };

/* ---- matrices -------------------------------------------------------------------------------- */

/* The same as a table, for those who do not see the drawing. */
static void add_table(const hem__report *report, const hem_evaluation *e, const char *of,
                      hem__str *out)
{
    hem__str_add(out, "<details><summary>");
    hem__say(out, "The numbers: %s", of);
    hem__str_add(out, "</summary>");
    hem__scroll_open(out, of);
    hem__str_add(out, "<table class=\"counts\"><thead><tr><td>true \\ predicted</td>");
    for (int p = 0; p < e->n_classes; p++)
        hem__tag(out, "th scope=\"col\"", "%s", hem__class_name(report, p));
    hem__str_add(out, "</tr></thead><tbody>\n");
    for (int t = 0; t < e->n_classes; t++) {
        hem__str_add(out, "<tr>");
        hem__tag(out, "th scope=\"row\"", "%s", hem__class_name(report, t));
        for (int p = 0; p < e->n_classes; p++)
            hem__str_printf(out, "<td>%zu</td>", e->confusion[t * e->n_classes + p]);
        hem__str_add(out, "</tr>\n");
    }
    hem__str_add(out, "</tbody></table></div></details>\n");
}

/* Images of one cell, the most confident first. */
static void add_examples(const hem__report *report, hem_confused cell, hem__str *out)
{
    size_t images[EXAMPLES];
    char alternative[300];
    size_t n = hem_mistakes_find(&report->predictions, HEM_MISTAKES_CONFIDENT, cell.true_class,
                                 cell.predicted_class, images, EXAMPLES);
    hem__str_add(out, "<div class=\"images\">");
    for (size_t i = 0; i < n; i++) {
        snprintf(alternative, sizeof alternative, "test image %zu, %.100s taken for %.100s",
                 images[i], hem__class_name(report, cell.true_class),
                 hem__class_name(report, cell.predicted_class));
        hem__data_image(out, report, HEM_TEST, images[i], IMAGE, alternative);
    }
    hem__str_add(out, "</div>");
}

static void add_worst(const hem__report *report, const hem_evaluation *test, hem__str *out)
{
    hem_confused cells[CELLS];
    char a[32], b[32];
    size_t n = hem_most_confused(test, false, cells, CELLS);
    if (n == 0)
        return;
    hem__str_add(out, "<h3>Most confused</h3>\n<ol class=\"worst\">\n");
    for (size_t i = 0; i < n; i++) {
        size_t images = 0;
        for (int p = 0; p < test->n_classes; p++)
            images += test->confusion[cells[i].true_class * test->n_classes + p];
        hem__str_add(out, "<li>");
        hem__tag(out, "strong", "%s", hem__class_name(report, cells[i].true_class));
        hem__say(out, " taken for ");
        hem__tag(out, "strong", "%s", hem__class_name(report, cells[i].predicted_class));
        hem__say(out, ": %s of %s (%.1f %%)", hem__grouped(cells[i].count, a),
                 hem__grouped(images, b), 100.0 * (double)cells[i].count / (double)images);
        if (report->predictions.n > 0)
            add_examples(report, cells[i], out);
        hem__str_add(out, "</li>\n");
    }
    hem__str_add(out, "</ol>\n");
}

static void add_matrices(const hem__report *report, hem__str *out)
{
    static const struct {
        hem_part part;
        const char *title;
    } shown[2] = {{HEM_TEST, "Test images"}, {HEM_TRAIN, "Training images"}};
    hem__str_add(out, "<div class=\"cells\"><input type=\"radio\" name=\"cells\" id=\"c-counts\" "
                      "checked><label for=\"c-counts\">counts</label> <input type=\"radio\" "
                      "name=\"cells\" id=\"c-percent\"><label for=\"c-percent\">% of the "
                      "row</label>\n<div class=\"pair\">");
    for (int i = 0; i < 2; i++) {
        const hem_evaluation *e = &report->shown->result.parts[shown[i].part];
        if (e->n > 0)
            hem__figure(
                out, hem__chart_confusion(e, report->class_names, shown[i].title, HEM__CELLS_BOTH));
    }
    hem__str_add(out, "</div></div>\n");
    for (int i = 0; i < 2; i++) {
        const hem_evaluation *e = &report->shown->result.parts[shown[i].part];
        if (e->n > 0)
            add_table(report, e, shown[i].title, out);
    }
}

void hem__section_confusion(const hem__report *report, hem__str *out)
{
    const hem_evaluation *test = &report->shown->result.parts[HEM_TEST];
    if (!report->shown->finished || test->n == 0)
        return;
    const int most = report->thrift < 2 ? HEM__CONFUSION_MOST : HEM__CONFUSION_MOST / 2;
    if (test->n_classes <= most)
        add_matrices(report, out);
    else
        hem__tag(out, "p", "There are %d classes, more than a picture of %d can hold.",
                 test->n_classes, most);
    add_worst(report, test, out);
}

/* ---- mistakes -------------------------------------------------------------------------------- */

void hem__section_mistakes(const hem__report *report, hem__str *out)
{
    size_t images[MISTAKES];
    const hem_predictions *p = &report->predictions;
    size_t n = hem_mistakes_find(p, HEM_MISTAKES_CONFIDENT, -1, -1, images, MISTAKES);
    if (n == 0)
        return;
    hem__str_add(out, "<p>Wrong, and surest of it. Some of these labels may be wrong "
                      "themselves.</p>\n<div class=\"sheet\">\n");
    for (size_t i = 0; i < n; i++) {
        int label = p->labels[images[i]], predicted = p->predicted[images[i]];
        double sure =
            (double)p->probabilities[images[i] * (size_t)p->n_classes + (size_t)predicted];
        char alternative[300];
        snprintf(alternative, sizeof alternative, "test image %zu", images[i]);
        hem__str_add(out, "<figure>");
        hem__data_image(out, report, HEM_TEST, images[i], 84, alternative);
        hem__str_add(out, "<figcaption>");
        hem__tag(out, "strong", "%s", hem__class_name(report, label));
        hem__tag(out, "div", "%.1f %% sure of %s", 100 * sure, hem__class_name(report, predicted));
        hem__tag(out, "span", "test %zu", images[i]);
        hem__str_add(out, "</figcaption></figure>\n");
    }
    hem__str_add(out, "</div>\n");
}
