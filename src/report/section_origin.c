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

static void add_commands(const hem__report *report, hem__str *out)
{
    const hem__record *r = report->shown;
    const char *init = hem__record_text(r->started, "init");
    hem__str text = {0};
    hem__str_add(&text, "hemline train ");
    hem__str path = {0};
    hem__str_printf(&path, "%s/resolved.yaml", r->directory);
    add_word(&text, path.text != NULL ? path.text : "");
    hem__str_release(&path);
    if (init[0] != '\0') {
        hem__str_add(&text, " --init ");
        add_word(&text, init);
    }
    hem__str_add(&text, "\nhemline report");
    for (size_t i = 0; i < report->records.n; i++) {
        hem__str_add(&text, " ");
        add_word(&text, report->records.list[i].directory);
    }
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
             "The same run, and this report, again; the weights come out with the same "
             "SHA-256 on every machine whose kernels have fused multiply-add:");
    add_commands(report, out);
    hem__str_add(out, "<div class=\"scroll\"><table class=\"facts\"><tbody>\n");
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
    add_verbatim(out, r->resolved);
}
