/* Where the numbers come from, and how they are made again. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/report.h"

static void add_row(hem__str *out, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    hem__str_add(out, "<tr>");
    hem__tag(out, "th scope=\"row\"", "%s", name);
    hem__str_add(out, "<td class=\"word\">");
    hem__tag(out, "code", "%s", value);
    hem__str_add(out, "</td></tr>\n");
}

/* A number of the started event or the result, as text; "" where it is not there. */
static const char *number(const json_t *object, const char *key, char out[32])
{
    double value = hem__record_number(object, key);
    const char *text = hem__record_text(object, key);
    if (!isnan(value))
        snprintf(out, 32, "%.15g", value);
    else
        snprintf(out, 32, "%.31s", text);
    return out;
}

/* A word that a shell reads back. */
static void add_word(hem__str *out, const char *word)
{
    if (word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                          "-_./+:,=@%")] == '\0') {
        hem__str_add(out, word);
        return;
    }
    hem__str_add(out, "'");
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '\'')
            hem__str_add(out, "'\\''");
        else
            hem__str_add_bytes(out, c, 1);
    }
    hem__str_add(out, "'");
}

/* To be copied: every blank is one. */
static void add_verbatim(hem__str *out, const char *text)
{
    hem__str_add(out, "<pre>");
    hem__add_escaped(out, text);
    hem__str_add(out, "</pre>\n");
}

/* hemline train PATH [--init MODEL] */
static void add_training(const hem__record *r, const char *path, hem__str *out)
{
    const char *init = hem__record_text(r->started, "init");
    hem__str_add(out, "hemline train ");
    add_word(out, path);
    if (init[0] != '\0') {
        hem__str_add(out, " --init ");
        add_word(out, init);
    }
    hem__str_add(out, "\n");
}

/* One line a run, then the report. */
static void add_commands(const hem__report *report, hem__str *out)
{
    hem__str text = {0};
    for (size_t i = 0; i < report->records.n; i++) {
        hem__str path = {0};
        hem__str_printf(&path, "%s/resolved.yaml", report->records.list[i].directory);
        add_training(&report->records.list[i], path.text != NULL ? path.text : "", &text);
        hem__str_release(&path);
    }
    hem__str_add(&text, "hemline report");
    for (size_t i = 0; i < report->records.n; i++) {
        const char *given = report->records.list[i].given;
        if (i > 0 && strcmp(given, report->records.list[i - 1].given) == 0)
            continue; /* the same study */
        hem__str_add(&text, " ");
        add_word(&text, given);
    }
    if (text.failed)
        out->failed = true;
    else
        add_verbatim(out, text.text);
    hem__str_release(&text);
}

/* The experiment as a file inside the page, and how to run it: for those who have the page alone.
 */
static void add_file(const hem__record *r, hem__str *out)
{
    char name[64];
    size_t n = 0;
    for (const char *c = hem__record_name(r); *c != '\0' && n < sizeof name - 6; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || *c == '_' || (*c == '-' && n > 0);
        name[n++] = plain ? *c : '_';
    }
    snprintf(name + n, sizeof name - n, "%s", n > 0 ? ".yaml" : "run.yaml");
    hem__str_printf(out, "<p><a download=\"%s\" href=\"data:application/yaml;base64,", name);
    hem__add_base64(out, r->resolved, strlen(r->resolved));
    hem__str_add(out, "\">");
    hem__say(out, "Save it as %s", name);
    hem__str_add(out, "</a>; where the run directory is not at hand, it is run so:</p>\n");
    hem__str text = {0};
    add_training(r, name, &text);
    if (text.failed)
        out->failed = true;
    else
        add_verbatim(out, text.text);
    hem__str_release(&text);
}

void hem__section_origin(const hem__report *report, hem__str *out)
{
    const hem__record *r = report->shown;
    const json_t *s = r->started;
    char text[32];
    hem__tag(out, "p",
             "The same again, into %s, then this report; the weights come out with the same "
             "SHA-256 on every machine whose kernels have fused multiply-add:",
             report->records.n > 1 ? "new run directories" : "a new run directory");
    add_commands(report, out);
    hem__scroll_open(out, "Where it comes from");
    hem__str_add(out, "<table class=\"facts\"><tbody>\n");
    add_row(out, "run directory", r->directory);
    add_row(out, "began", hem__record_text(s, "time"));
    add_row(out, "seed", number(s, "seed", text));
    add_row(out, "data", hem__record_text(s, "data"));
    add_row(out, "data SHA-256", hem__record_text(s, "data_sha256"));
    add_row(out, "weights SHA-256", hem__record_text(r->json, "weights_sha256"));
    add_row(out, "hemline", hem__record_text(s, "hemline"));
    add_row(out, "processor", hem__record_text(s, "cpu"));
    add_row(out, "kernels", hem__record_text(s, "tier"));
    add_row(out, "threads", number(s, "threads", text));
    add_row(out, "algorithms", hem__record_text(r->json, "algorithms"));
    add_row(out, "images a step", number(s, "batch", text));
    add_row(out, "times resumed", number(r->json, "resumed", text));
    hem__str_add(out, "</tbody></table></div>\n<h3>The experiment, all defaults written "
                      "out</h3>\n");
    add_file(r, out);
    add_verbatim(out, r->resolved);
}
