/* An evaluation as text and as JSON. */
#include "verdict.h"

#include <math.h>
#include <string.h>

#include "common.h"

enum { MOST_CLASSES = 20 /* a wider matrix is no longer readable */, SHOWN = 5 };

const char *accuracy_text(const hem_evaluation *e)
{
    return text("%.2f %%  (95 %% interval %.2f to %.2f)", 100.0 * e->accuracy,
                100.0 * e->interval.low, 100.0 * e->interval.high);
}

/* The first `columns` characters of a UTF-8 text, in bytes. */
static int bytes_for(const char *s, int columns)
{
    int i = 0;
    for (int seen = 0; s[i] != '\0'; i++) {
        bool starts = ((unsigned char)s[i] & 0xC0) != 0x80;
        if (starts && seen++ == columns)
            break;
    }
    return i;
}

static int columns_for(const char *s)
{
    int n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

/* A name cut or filled up with blanks to `columns`. */
static void out_name(const char *name, int columns, bool right)
{
    int bytes = bytes_for(name, columns);
    int blanks = columns - columns_for(name);
    blanks = blanks > 0 ? blanks : 0;
    out("%*s%.*s%*s", right ? blanks : 0, "", bytes, name, right ? 0 : blanks, "");
}

void print_confusion(const hem_evaluation *e, const char *const *class_names)
{
    enum { CELL = 6, LONGEST = 15 };
    int n = e->n_classes;
    if (n > MOST_CLASSES) {
        out("the confusion matrix has %d rows: --json prints it\n", n);
        return;
    }
    int label = 0;
    for (int i = 0; i < n; i++) {
        int length = columns_for(class_names[i]);
        label = length > label ? length : label;
    }
    label = label < LONGEST ? label : LONGEST;

    out("%s%-*s", out_style.dim, label, "");
    for (int j = 0; j < n; j++) {
        out(" ");
        out_name(plain_text(class_names[j]), CELL - 1, true);
    }
    out("   recall%s\n", out_style.off);
    for (int i = 0; i < n; i++) {
        out_name(plain_text(class_names[i]), label, false);
        for (int j = 0; j < n; j++) {
            size_t count = e->confusion[i * n + j];
            if (i == j)
                out("%s%*zu%s", out_style.bold, CELL, count, out_style.off);
            else if (count == 0) /* dots let the diagonal and the confusions stand out */
                out("%s%*s%s", out_style.dim, CELL, ".", out_style.off);
            else
                out("%*zu", CELL, count);
        }
        if (isnan(e->recall[i]))
            out("       --\n");
        else
            out("  %5.1f %%\n", 100.0 * e->recall[i]);
    }
}

static size_t row_total(const hem_evaluation *e, int row)
{
    size_t total = 0;
    for (int j = 0; j < e->n_classes; j++)
        total += e->confusion[row * e->n_classes + j];
    return total;
}

void print_most_confused(const hem_evaluation *e, const char *const *class_names, size_t n)
{
    hem_confused list[SHOWN];
    n = n < SHOWN ? n : SHOWN;
    size_t found = hem_most_confused(e, false, list, n);
    for (size_t i = 0; i < found; i++) {
        out("%-20s  %s taken for %s: %s of %s\n", i == 0 ? "most confused cell" : "",
            plain_text(class_names[list[i].true_class]),
            plain_text(class_names[list[i].predicted_class]), grouped(list[i].count),
            grouped(row_total(e, list[i].true_class)));
    }
    if (found == 0)
        out("no image was taken for another class\n");
    found = hem_most_confused(e, true, list, n);
    for (size_t i = 0; i < found; i++) {
        size_t of = row_total(e, list[i].true_class) + row_total(e, list[i].predicted_class);
        out("%-20s  %s and %s: %s of %s\n", i == 0 ? "most confused pair" : "",
            plain_text(class_names[list[i].true_class]),
            plain_text(class_names[list[i].predicted_class]), grouped(list[i].count), grouped(of));
    }
}

static json_t *numbers(const double *values, int n)
{
    json_t *array = need(json_array());
    for (int i = 0; i < n; i++)
        json_add(array, json_number(values[i]));
    return array;
}

static json_t *confused(const hem_evaluation *e, bool pairs, const char *const *class_names)
{
    hem_confused list[SHOWN];
    size_t n = hem_most_confused(e, pairs, list, SHOWN);
    json_t *array = need(json_array());
    for (size_t i = 0; i < n; i++) {
        json_t *item = need(json_object());
        json_put(item, pairs ? "a" : "true", json_text(class_names[list[i].true_class]));
        json_put(item, pairs ? "b" : "predicted", json_text(class_names[list[i].predicted_class]));
        json_put(item, "count", json_count(list[i].count));
        json_add(array, item);
    }
    return array;
}

void put_evaluation(json_t *object, const hem_evaluation *e, const char *const *class_names)
{
    int n = e->n_classes;
    json_put(object, "n", json_count(e->n));
    json_put(object, "correct", json_count(e->correct));
    json_put(object, "accuracy", json_number(e->accuracy));
    json_t *interval = need(json_array());
    json_add(interval, json_number(e->interval.low));
    json_add(interval, json_number(e->interval.high));
    json_put(object, "interval", interval);
    json_put(object, "loss", json_number(e->loss));
    json_t *classes = need(json_array());
    json_t *confusion = need(json_array());
    for (int i = 0; i < n; i++) {
        json_add(classes, json_text(class_names[i]));
        json_t *row = need(json_array());
        for (int j = 0; j < n; j++)
            json_add(row, json_count(e->confusion[i * n + j]));
        json_add(confusion, row);
    }
    json_put(object, "classes", classes);
    json_put(object, "precision", numbers(e->precision, n));
    json_put(object, "recall", numbers(e->recall, n));
    json_put(object, "f1", numbers(e->f1, n));
    json_put(object, "confusion", confusion);
    json_put(object, "most_confused_cells", confused(e, false, class_names));
    json_put(object, "most_confused_pairs", confused(e, true, class_names));
}
