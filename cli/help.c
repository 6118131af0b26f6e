/* Help texts, made from the tables that parse, at most 80 columns wide. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "output.h"

enum { WIDTH = 79, HELP_COLUMN = 26 };

/* Writes words from the present column on, broken before WIDTH and continued at `indent`. */
static void wrap(const char *words, int indent)
{
    int column = indent;
    while (*words != '\0') {
        int length = (int)strcspn(words, " ");
        if (column > indent && column + 1 + length > WIDTH) {
            out("\n%*s", indent, "");
            column = indent;
        }
        out("%s%.*s", column > indent ? " " : "", length, words);
        column += length + (column > indent);
        words += length + (words[length] == ' ');
    }
    out("\n");
}

static void print_option(const option *o)
{
    char left[64];
    char letter[8] = "";
    if (o->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    int n = snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name,
                     o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
    out("%s", left);
    if (n + 2 > HELP_COLUMN) {
        out("\n");
        n = 0;
    }
    out("%*s", HELP_COLUMN - n, "");
    wrap(o->help, HELP_COLUMN);
}

void help_command(const command *of)
{
    out("%shemline %s%s: %s\n\n", out_style.bold, of->name, out_style.off, of->summary);
    for (size_t i = 0; of->usage[i] != NULL; i++) {
        out("%s hemline %s%s%s\n", i == 0 ? "usage:" : "      ", of->name,
            of->usage[i][0] != '\0' ? " " : "", of->usage[i]);
    }
    if (of->details != NULL)
        out("\n%s\n", of->details);
    out("\n%soptions%s\n", out_style.bold, out_style.off);
    for (size_t i = 0; i < of->n_options; i++)
        print_option(&of->options[i]);
    print_option(&(option){.name = "help", .letter = 'h', .help = "print this text"});
    if (of->examples == NULL)
        return;
    out("\n%sexamples%s\n", out_style.bold, out_style.off);
    for (const char *const *example = of->examples; *example != NULL; example += 2)
        out("  hemline %s\n      %s\n", example[0], example[1]);
}

void help_overview(void)
{
    out("%shemline%s %s: image classifiers on the CPU\n\n", out_style.bold, out_style.off,
        HEM_VERSION);
    out("usage: hemline COMMAND [arguments] [options]\n\n");
    for (size_t i = 0; i < command_count(); i++) {
        const command *c = command_at(i);
        if (c->hidden)
            continue;
        out("  %s%-10s%s  %s\n", out_style.bold, c->name, out_style.off, c->summary);
    }
    out("\nfirst steps\n"
        "  hemline init mine             write mine.yaml, a commented experiment\n"
        "  hemline train mine.yaml       train and test it\n"
        "  hemline help train            the options of a command\n"
        "  hemline help keys             every key of an experiment file\n");
}

int help_missing(const command *of, const char *what)
{
    return usage_error(text("usage: hemline %s %s", of->name, of->usage[0]), "'%s' needs %s",
                       of->name, what);
}
