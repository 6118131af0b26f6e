/* hemline report: what runs did, as one HTML file. */
#include <stdlib.h>

#include "common.h"
#include "help.h"

static struct {
    const char *output;
} arguments;

static int print_json(const char *path, size_t n)
{
    json_t *object = need(json_object());
    json_put(object, "report", json_text(path));
    json_put(object, "runs", json_count(n));
    return out_json(object);
}

static int run_report(char *const *paths, int n)
{
    extern const command command_report;
    if (n < 1)
        return help_missing(&command_report, "a run directory");
    session s = {0};
    hem_error err;
    char path[512];
    hem_data_options data = data_options();
    const hem_report_options options = {.output = arguments.output, .data = &data, .log = log_line};
    const char **runs = need(calloc((size_t)n, sizeof *runs));
    for (int i = 0; i < n; i++)
        runs[i] = paths[i];
    hem_status status = session_start(&s, &err);
    if (status == HEM_OK)
        status = hem_report_write(s.context, runs, (size_t)n, &options, path, &err);
    int code = HEM_OK;
    if (status != HEM_OK)
        code = report(&err);
    else if (common.json)
        code = print_json(path, (size_t)n);
    else
        out("%s\n", plain_text(path));
    free(runs);
    session_close(&s);
    return code;
}

static const option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .value = "FILE",
     .target = &arguments.output,
     .help = "file to write (default: report.html in the run or study, of several runs here)"},
    OPTION_DATA,
    OPTION_THREADS,
    OPTION_JSON,
    OPTION_QUIET,
};

static const char *const usage[] = {"RUN... [options]", NULL};

static const char *const examples[] = {
    "report runs/two-conv-s0-1",
    "the report of a run again, into its folder",
    "report runs/slow runs/good runs/fast -o rates.html",
    "three runs beside each other, with their differences",
    NULL,
};

extern const command command_report;
const command command_report = {
    .name = "report",
    .summary = "curves, confusions, mistakes of runs as one HTML file",
    .usage = usage,
    .details = "RUN is a run directory, or the folder of a study (of train --seeds or kfold),\n"
               "which stands for all runs in it. Runs that differ in seed or fold alone are\n"
               "taken together; of several experiments curves are overlaid and differences\n"
               "have intervals. The first run is shown in detail.\n"
               "\n"
               "The file needs no network, no other file and no script. Images come from the\n"
               "data set where it is found; else the report says so and does without.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1000,
    .run = run_report,
};
