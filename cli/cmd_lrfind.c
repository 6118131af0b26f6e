/* hemline lrfind: which learning rates an experiment can use. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "common.h"
#include "help.h"

static struct {
    double from, to, smooth;
    int steps;
    uint64_t seed;
    bool has_from, has_to, has_smooth, has_steps, has_seed, csv;
} arguments;

static bool on_progress(void *user, size_t done, size_t total)
{
    double *drawn = user;
    double time = now();
    if (time - *drawn > 0.1 || done == total) {
        *drawn = time;
        const char *part = "rising learning rate";
        bar_draw("lrfind", (double)done / (double)total, &part, 1);
    }
    return true;
}

static hem_lrfind_options chosen_options(const hem_data_options *data, double *drawn)
{
    hem_lrfind_options o = hem_lrfind_options_default();
    if (arguments.has_from)
        o.from = arguments.from;
    if (arguments.has_to)
        o.to = arguments.to;
    if (arguments.has_steps)
        o.steps = arguments.steps;
    if (arguments.has_smooth)
        o.smooth = arguments.smooth;
    o.has_seed = arguments.has_seed;
    o.seed = arguments.seed;
    o.data = data;
    o.progress = bar_wanted() ? on_progress : NULL;
    o.user = drawn;
    return o;
}

/* ---- the curve ---------------------------------------------------------------------------------
 */

enum { ROWS = 12, LABEL = 8 };

/* The row, from the top, of a loss between the highest and the lowest that are shown. */
static int row_of(double loss, double high, double low)
{
    double down = high > low ? (high - loss) / (high - low) : 1;
    return down <= 0 ? 0 : (int)(down * (ROWS - 1) + 0.5);
}

/* Point of a column of the plot. */
static size_t point_of(int column, int columns, size_t n)
{
    return columns > 1 ? (size_t)column * (n - 1) / (size_t)(columns - 1) : 0;
}

/* The smoothed loss over the rates, which rise by the same factor from column to column. What grows
 * far above the beginning is cut off at the top. */
static void print_curve(const hem_lrfind_result *r)
{
    int columns = output_columns() - LABEL - 4;
    columns = columns < 20 ? 20 : columns > 100 ? 100 : columns;
    double low = r->points[r->lowest].smoothed, high = r->points[0].smoothed, most = high;
    for (size_t i = 0; i < r->n; i++)
        most = r->points[i].smoothed > most ? r->points[i].smoothed : most;
    high = high + 0.25 * (high - low) < most ? high + 0.25 * (high - low) : most;
    out("%*s\n", LABEL, "loss");
    for (int row = 0; row < ROWS; row++) {
        char line[128] = "";
        for (int c = 0; c < columns; c++) {
            double loss = r->points[point_of(c, columns, r->n)].smoothed;
            line[c] = row_of(loss, high, low) == row ? '*' : ' ';
        }
        for (int c = columns; c > 0 && line[c - 1] == ' '; c--)
            line[c - 1] = '\0';
        if (row == 0 || row == ROWS - 1)
            out("%*.4f |%s\n", LABEL, row == 0 ? high : low, line);
        else
            out("%*s |%s\n", LABEL, "", line);
    }
    char rule[128];
    for (int c = 0; c < columns; c++)
        rule[c] = '-';
    rule[columns] = '\0';
    for (int c = 0; r->falls && c < columns; c++) {
        if (r->points[point_of(c, columns, r->n)].rate >= r->suggestion) {
            rule[c] = '^';
            break;
        }
    }
    out("%*s +%s\n", LABEL, "rate", rule);
    out("%*s  %-*.2g%9.2g\n\n", LABEL, "", columns - 9, r->points[0].rate,
        r->points[r->n - 1].rate);
}

/* ---- results -----------------------------------------------------------------------------------
 */

static const char *end_text(hem_lrfind_end end)
{
    switch (end) {
    case HEM_LRFIND_ALL:
        return "all steps were made";
    case HEM_LRFIND_GREW:
        return "the loss grew to four times its lowest";
    case HEM_LRFIND_NOT_FINITE:
        return "the next loss was not finite";
    }
    return "";
}

static void print_text(const hem_lrfind_result *r)
{
    const hem_lrfind_point *lowest = &r->points[r->lowest], *steepest = &r->points[r->steepest];
    print_curve(r);
    out("%zu steps, rates %.3g to %.3g; ended: %s\n", r->n, r->points[0].rate,
        r->points[r->n - 1].rate, end_text(r->end));
    if (!r->falls) {
        out("the loss did not fall: no learning rate is suggested\n");
        return;
    }
    out("steepest fall    at rate %.3g (smoothed loss %.4f)\n", steepest->rate, steepest->smoothed);
    out("lowest           at rate %.3g (smoothed loss %.4f)\n", lowest->rate, lowest->smoothed);
    out("suggestion (^)   %.2g, the smaller of the steepest and a tenth of the lowest\n",
        r->suggestion);
}

static void print_csv(const hem_lrfind_result *r)
{
    out("learning_rate,loss,smoothed_loss\n");
    for (size_t i = 0; i < r->n; i++)
        out("%.9g,%.9g,%.9g\n", r->points[i].rate, r->points[i].loss, r->points[i].smoothed);
}

static int print_json(const char *path, const hem_lrfind_result *r)
{
    static const char *const ends[] = {"all steps", "grew", "not finite"};
    json_t *object = need(json_object()), *points = need(json_array());
    json_put(object, "experiment", json_text(path));
    json_put(object, "steps", json_count(r->n));
    json_put(object, "ended", json_text(ends[r->end]));
    json_put(object, "steepest_rate",
             r->falls ? json_number(r->points[r->steepest].rate) : json_null());
    json_put(object, "lowest_rate", json_number(r->points[r->lowest].rate));
    json_put(object, "lowest_loss", json_number(r->points[r->lowest].smoothed));
    json_put(object, "suggestion", r->falls ? json_number(r->suggestion) : json_null());
    for (size_t i = 0; i < r->n; i++) {
        json_t *point = need(json_object());
        json_put(point, "learning_rate", json_number(r->points[i].rate));
        json_put(point, "loss", json_number(r->points[i].loss));
        json_put(point, "smoothed_loss", json_number(r->points[i].smoothed));
        json_add(points, point);
    }
    json_put(object, "points", points);
    return out_json(object);
}

/* ---- the command -------------------------------------------------------------------------------
 */

static int run_lrfind(char *const *files, int n)
{
    extern const command command_lrfind;
    if (n < 1)
        return help_missing(&command_lrfind, "an experiment file");
    if (arguments.csv && common.json)
        return usage_error("choose one of them", "--csv and --json do not go together");
    session s = {0};
    hem_error err;
    hem_lrfind_result result = {0};
    double drawn = 0;
    hem_data_options data = data_options();
    hem_lrfind_options o = chosen_options(&data, &drawn);
    hem_status status = hem_spec_load(files[0], common.set.items, common.set.n, &s.spec, &err);
    if (status == HEM_OK)
        status = session_start(&s, &err);
    if (status == HEM_OK)
        status = hem_lrfind(s.context, s.spec, &o, &result, &err);
    bar_clear();
    int code = HEM_OK;
    if (status != HEM_OK)
        code = report(&err);
    else if (common.json)
        code = print_json(files[0], &result);
    else if (arguments.csv)
        print_csv(&result);
    else
        print_text(&result);
    hem_lrfind_release(&result);
    session_close(&s);
    return code;
}

static const option options[] = {
    {.name = "from",
     .kind = OPTION_NUMBER,
     .value = "RATE",
     .target = &arguments.from,
     .given = &arguments.has_from,
     .low = 1e-30,
     .high = 1000,
     .help = "first learning rate (default: 1e-7)"},
    {.name = "to",
     .kind = OPTION_NUMBER,
     .value = "RATE",
     .target = &arguments.to,
     .given = &arguments.has_to,
     .low = 1e-30,
     .high = 1000,
     .help = "last learning rate (default: 10)"},
    {.name = "steps",
     .kind = OPTION_INT,
     .value = "N",
     .target = &arguments.steps,
     .given = &arguments.has_steps,
     .low = 10,
     .high = 100000,
     .help = "steps, each on a batch at a rate higher by the same factor (default: 100)"},
    {.name = "smooth",
     .kind = OPTION_NUMBER,
     .value = "SHARE",
     .target = &arguments.smooth,
     .given = &arguments.has_smooth,
     .low = 0,
     .high = 0.999,
     .help = "share of the mean loss that stays at each step (default: 0.9)"},
    {.name = "csv",
     .kind = OPTION_FLAG,
     .target = &arguments.csv,
     .help = "print the points as comma-separated lines instead of text"},
    OPTION_TRAINING_SEED(&arguments.seed, &arguments.has_seed),
    OPTION_SET,
    OPTION_DATA,
    OPTION_THREADS,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_PROGRESS,
    OPTION_NO_PROGRESS,
};

static const char *const usage[] = {"FILE [options]", NULL};

static const char *const examples[] = {
    "lrfind mine.yaml",
    "a learning rate for this network and this data",
    "lrfind mine.yaml --from 1e-5 --to 1 --csv",
    "the points of the curve, to draw it elsewhere",
    NULL,
};

extern const command command_lrfind;
const command command_lrfind = {
    .name = "lrfind",
    .summary = "find a learning rate: a short training at rising rates",
    .usage = usage,
    .details = "Trains from the initial weights while the learning rate rises by the same\n"
               "factor at every step, and draws the smoothed loss over the rate (Smith, 2017).\n"
               "It ends where the loss is four times its lowest, or not finite. The suggestion\n"
               "is the smaller of two: the rate where the loss falls most over a tenth of the\n"
               "steps, and a tenth of the rate of the lowest loss. The experiment's schedule\n"
               "does not count, its optimizer and all else does. Nothing is written to disk.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1,
    .run = run_lrfind,
};
