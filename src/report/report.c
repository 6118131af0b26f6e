/* The report: everything is read, then section after section is written, then one file. */
#include "report/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "hemline/profile.h"

/* ---- what is shown in detail ----------------------------------------------------------------- */

static void note(const hem_report_options *options, hem__report *report, const char *format, ...)
    HEM_PRINTF(3, 4);

/* Goes to the log and onto the page: nobody should wonder what is missing. */
static void note(const hem_report_options *options, hem__report *report, const char *format, ...)
{
    char line[1200];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    hem__tag(&report->notes, "li", "%s", line);
    if (options->log != NULL)
        options->log(options->log_user, HEM_LOG_WARNING, line);
}

static const hem__record *choose_shown(const hem__records *records)
{
    for (size_t i = 0; i < records->n; i++) {
        if (records->list[i].finished)
            return &records->list[i];
    }
    return &records->list[0];
}

static hem_status open_model(const hem_report_options *options, hem__report *report, hem_error *err)
{
    char *path = hem_model_path(report->shown->directory);
    if (path == NULL)
        return hem__fail_memory(err, "the model's name", 0);
    hem_status status = HEM_OK;
    if (hem__is_file(path))
        status = hem_net_load(report->context, path, &report->net, err);
    else
        note(options, report,
             "There is no '%s': network, filters and all that needs them are left "
             "out.",
             path);
    free(path);
    HEM_TRY(status);
    if (report->net != NULL) {
        hem_net_info info = hem_net_get_info(report->net);
        report->n_classes = info.n_classes;
        report->class_names = info.class_names;
    }
    return HEM_OK;
}

/* The data of the run, not merely some of that name. Without it a report is still worth having. */
static void open_data(const hem_report_options *options, hem__report *report)
{
    hem_error why;
    char line[1024];
    const hem__record *r = report->shown;
    hem_data_options data =
        options->data != NULL ? *options->data : (hem_data_options){.log = NULL};
    if (hem_data_open(r->spec, &data, &report->data, &why) != HEM_OK) {
        hem_error_format(&why, line, sizeof line);
        note(options, report, "Left out what needs images, for the data was not found: %s", line);
        return;
    }
    hem_data_info info = hem_data_get_info(report->data);
    if (strcmp(info.sha256, hem__record_text(r->started, "data_sha256")) == 0)
        return;
    note(options, report,
         "Left out what needs images, for '%s' holds other data than the run was made with: its "
         "SHA-256 is %s.",
         info.source, info.sha256);
    hem_data_free(report->data);
    report->data = NULL;
}

/* Names of classes where there is no model: the result has them. */
static hem_status take_names(hem__report *report, const char ***names, hem_error *err)
{
    const json_t *list = json_object_get(report->shown->json, "class_names");
    size_t n = json_array_size(list);
    *names = NULL;
    if (report->net != NULL || n == 0)
        return HEM_OK;
    *names = hem__calloc(n, sizeof **names);
    if (*names == NULL)
        return hem__fail_memory(err, "class names", n * sizeof **names);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        (*names)[i] = name != NULL ? name : "?";
    }
    report->class_names = *names;
    report->n_classes = (int)n;
    return HEM_OK;
}

/* The time of each layer, measured while the test images run through the network anyhow. */
static hem_status take_times(hem__report *report, hem_error *err)
{
    hem_profile profile;
    size_t n = hem_net_get_info(report->net).n_layers;
    HEM_TRY(hem_net_profile_stop(report->net, &profile, err));
    report->layer_seconds = hem__calloc(n, sizeof *report->layer_seconds);
    for (size_t i = 0; i < profile.n_rows && report->layer_seconds != NULL; i++) {
        if (profile.rows[i].layer != HEM_NO_LAYER)
            report->layer_seconds[profile.rows[i].layer] +=
                profile.rows[i].seconds / (double)profile.images;
    }
    hem_profile_release(&profile);
    return report->layer_seconds != NULL ? HEM_OK : hem__fail_memory(err, "times of layers", n);
}

/* A finished run whose events.jsonl was cut or lost: its curves lack what was there. */
static void note_lost_epochs(const hem_report_options *options, hem__report *report)
{
    for (size_t i = 0; i < report->records.n; i++) {
        const hem__record *r = &report->records.list[i];
        double done = r->finished ? hem__record_number(r->json, "epochs_done") : 0;
        if ((double)r->n_epochs < done)
            note(options, report,
                 "'%s/events.jsonl' is damaged: it tells of %zu of the run's %.0f epochs, and "
                 "curves lack the others.",
                 r->directory, r->n_epochs, done);
    }
}

static hem_status look_closer(const hem_report_options *options, hem__report *report,
                              hem_error *err)
{
    report->shown = choose_shown(&report->records);
    if (report->records.twins.length > 0)
        note(options, report, "Left out, for a run counts once: %s.", report->records.twins.text);
    note_lost_epochs(options, report);
    HEM_TRY(open_model(options, report, err));
    open_data(options, report);
    if (report->net == NULL || report->data == NULL || !report->shown->finished ||
        hem_data_get_info(report->data).n[HEM_TEST] == 0)
        return HEM_OK;
    HEM_TRY(hem_net_profile_start(report->net, err));
    HEM_TRY(hem_predictions_get(report->net, report->data, HEM_TEST, &report->predictions, err));
    return take_times(report, err);
}

/* ---- the page -------------------------------------------------------------------------------- */

/* Every section of the report, in its order. */
static const struct {
    const char *id, *heading;
    void (*add)(const hem__report *report, hem__str *out);
} sections[] = {
    {"verdict", "In short", hem__section_verdict},
    {"compare", "Differences", hem__section_compare},
    {"curves", "Learning curves", hem__section_curves},
    {"runs", "Run by run", hem__section_boxes},
    {"rate", "Learning rate", hem__section_rate},
    {"confusion", "Confusion matrices", hem__section_confusion},
    {"classes", "Class by class", hem__section_classes},
    {"calibration", "Calibration", hem__section_calibration},
    {"mistakes", "Most confident mistakes", hem__section_mistakes},
    {"network", "The network", hem__section_network},
    {"filters", "First filters", hem__section_filters},
    {"features", "Feature maps", hem__section_features},
    {"samples", "Augmented images", hem__section_samples},
    {"origin", "Made again", hem__section_origin},
};

enum { N_SECTIONS = sizeof sections / sizeof *sections };

/* The content of every section; those without anything to say stay empty. */
static void write_sections(const hem__report *report, hem__str content[N_SECTIONS], hem__str *out)
{
    hem__str_add(out, "<nav aria-label=\"Sections\"><ul>");
    for (int i = 0; i < N_SECTIONS; i++) {
        sections[i].add(report, &content[i]);
        out->failed = out->failed || content[i].failed;
        if (content[i].length > 0)
            hem__str_printf(out, "<li><a href=\"#%s\">%s</a></li>", sections[i].id,
                            sections[i].heading);
    }
    hem__str_add(out, "</ul></nav>\n<main id=\"top\">\n");
    for (int i = 0; i < N_SECTIONS; i++) {
        if (content[i].length > 0)
            hem__str_printf(out, "<section id=\"%s\"><h2>%s</h2>\n%s</section>\n", sections[i].id,
                            sections[i].heading, content[i].text);
        hem__str_release(&content[i]);
    }
}

static void write_head(const hem__report *report, hem__str *out)
{
    const hem__record *r = report->shown;
    hem__str_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                      /* Whoever gets the file can see that it asks nobody for anything. */
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"
                      "img-src data:;style-src 'unsafe-inline';script-src 'unsafe-inline'\">\n"
                      "<meta name=\"generator\" content=\"hemline " HEM_VERSION "\">\n"
                      "<link rel=\"icon\" href=\"data:,\">\n");
    hem__tag(out, "title", "%s: report", hem__record_name(r));
    hem__str_add(out, "\n<style>\n");
    hem__svg_rules(out);
    hem__str_add(out, hem__report_css);
    hem__str_add(out, "</style></head>\n<body><a class=\"skip\" href=\"#top\">To the content</a>\n"
                      "<header>");
    hem__tag(out, "h1", "%s", hem__record_name(r));
    hem__str_add(out, "<p>");
    if (report->records.n == 1)
        hem__say(out, "%s, %.10s", hem__record_text(r->started, "data"),
                 hem__record_text(r->started, "time"));
    else
        hem__say(out, "%s, %zu runs of %zu experiment%s", hem__record_text(r->started, "data"),
                 report->records.n, report->records.n_groups,
                 report->records.n_groups > 1 ? "s" : "");
    hem__str_add(out, "</p></header>\n");
}

static void write_page(const hem__report *report, hem__str *out)
{
    hem__str content[N_SECTIONS] = {{0}};
    write_head(report, out);
    write_sections(report, content, out);
    hem__str_add(out, "</main>\n<footer>Written by hemline " HEM_VERSION ". This file needs no "
                      "network and no other file.</footer>\n<script>\n");
    hem__str_add(out, hem__report_js);
    hem__str_add(out, "</script></body></html>\n");
    out->failed = out->failed || report->notes.failed;
}

/* ---- the file -------------------------------------------------------------------------------- */

static hem_status output_name(const char *const *runs, size_t n, const hem_report_options *options,
                              char out[512], hem_error *err)
{
    char *inside = n == 1 ? hem__path_join(runs[0], "report.html") : hem__strdup("report.html");
    const char *name = options->output != NULL ? options->output : inside;
    hem_status status = HEM_OK;
    if (inside == NULL)
        status = hem__fail_memory(err, "report.html", 0);
    else if (strlen(name) >= 512)
        status = hem__fail(err, HEM_ERR_USAGE, "the name of the report is too long");
    else
        memcpy(out, name, strlen(name) + 1);
    free(inside);
    return status;
}

/* A page that everyone can send and open. What makes one larger are photographs, many classes, and
 * many experiments: then it is written again with smaller images and less of everything. */
static void write_small_page(hem__report *report, hem__str *page)
{
    enum { MOST_BYTES = 1500000, MOST_THRIFT = 3 };
    write_page(report, page);
    while (page->length >= MOST_BYTES && report->thrift < MOST_THRIFT && !page->failed) {
        hem__str_release(page);
        report->thrift++;
        write_page(report, page);
    }
}

static hem_status make(hem__report *report, const hem_report_options *options, const char *path,
                       hem_error *err)
{
    hem__str page = {0};
    const char **names = NULL;
    hem_status status = look_closer(options, report, err);
    if (status == HEM_OK)
        status = take_names(report, &names, err);
    if (status == HEM_OK) {
        write_small_page(report, &page);
        status = page.failed ? hem__fail_memory(err, "the report", page.length)
                             : hem__file_write(path, page.text, page.length, err);
    }
    hem__str_release(&page);
    free(names);
    return status;
}

hem_status hem_report_write(hem_context *context, const char *const *runs, size_t n,
                            const hem_report_options *options, char out[512], hem_error *err)
{
    static const hem_report_options defaults = {.output = NULL};
    char path[512];
    hem__report report = {.context = context};
    options = options != NULL ? options : &defaults;
    if (n == 0)
        return hem__fail(err, HEM_ERR_USAGE, "a report needs a run");
    HEM_TRY(output_name(runs, n, options, path, err));
    HEM_TRY(hem__records_read(runs, n, &report.records, err));
    hem_status status = make(&report, options, path, err);
    if (status == HEM_OK && out != NULL)
        memcpy(out, path, sizeof path);
    hem_predictions_release(&report.predictions);
    free(report.layer_seconds);
    hem_net_free(report.net);
    hem_data_free(report.data);
    hem__str_release(&report.notes);
    hem__records_release(&report.records);
    return status;
}
