/* hemline man: writes the manual pages, in man(7), from the tables that parse: hemline.1, a page
 * for each command, hemline-experiment.5. The build calls it; it is not listed among the commands.
 * What no table holds (exit codes, environment, files) stands below; a test compares the
 * environment with the sources. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common.h"
#include "help.h"
#include "options.h"
#include "troff.h"

typedef struct described {
    const char *name, *text;
    const char *options; /* of the commands that it concerns: "out|runs"; NULL = of none alone */
} described;

static const described exit_codes[] = {
    {"0", "All went well.", NULL},
    {"1", "A defect of hemline itself.", NULL},
    {"2", "The command line or the experiment file is wrong; nothing was done.", NULL},
    {"3", "The training diverged: the loss or a weight was no longer finite.", NULL},
    {"4", "A data file is missing, damaged, or not what was expected.", NULL},
    {"5", "A model or a checkpoint is damaged or does not fit.", NULL},
    {"6", "Reading or writing failed: disk full, no permission.", NULL},
    {"7", "There was not enough memory.", NULL},
    {"8", "A check that was asked for did not hold.", NULL},
    {"130, 143", "Interrupted by Ctrl-C or SIGTERM.", NULL},
};

static const described environment[] = {
    {"HEMLINE_DATA", "Where the data files are; --data goes before it.", "data"},
    {"HEMLINE_CACHE",
     "Where downloads and prepared data are kept (default: hemline in XDG_CACHE_HOME, else in "
     "~/.cache).",
     "data"},
    {"HEMLINE_RUNS", "The folder in which run directories are made (default: runs).", "out|runs"},
    {"HEMLINE_THREADS", "How many threads to use; --threads goes before it.", "threads"},
    {"HEMLINE_CPU",
     "The kernels to use, as 'hemline doctor' lists them (default: the best "
     "that is proven here).",
     "threads"},
    {"HEMLINE_MODULES", "The folder of the loadable modules, where it is not the installed one.",
     NULL},
    {"NO_COLOR", "Where it is set and not empty, no colours are written.", NULL},
    {"COLUMNS", "The width of the terminal, where the terminal does not say it.", NULL},
};

static const described files[] = {
    {"NAME.yaml", "An experiment, see hemline-experiment(5).", NULL},
    {"runs/NAME-sSEED-N/",
     "A run: the experiment, events.jsonl, result.json, model.safetensors and checkpoints.", NULL},
    {"~/.cache/hemline/", "Downloaded and prepared data; it may be deleted at any time.", NULL},
    {HEM_EXPERIMENTS_DIRECTORY "/", "The experiments that come with hemline, and reference.json.",
     NULL},
};

static const char *const first_steps[] = {
    "init mine",
    "Write mine.yaml, a commented experiment.",
    "train mine.yaml",
    "Train and test it.",
    "summary mine.yaml",
    "See its layers, shapes and parameters.",
    "help keys",
    "Print every key of an experiment file.",
    NULL,
};

/* ---- sections ------------------------------------------------------------------------------- */

/* Whether a command has one of some options, "out|runs". */
static bool has_option(const command *of, const char *names)
{
    while (names[0] != '\0') {
        const char *argument = text("--%.*s", (int)strcspn(names, "|"), names);
        if (options_find(of, argument, strlen(argument)) != NULL)
            return true;
        names += strcspn(names, "|");
        names += names[0] == '|';
    }
    return false;
}

/* `of` NULL: all rows, else those that concern its options. */
static void write_rows(FILE *f, const char *title, const described *rows, size_t n,
                       const command *of)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (of != NULL && (rows[i].options == NULL || !has_option(of, rows[i].options)))
            continue;
        if (!any)
            troff_section(f, title);
        troff_tag(f, rows[i].name);
        troff_paragraph(f, rows[i].text);
        any = true;
    }
}

static void write_examples(FILE *f, const char *const *examples)
{
    if (examples == NULL)
        return;
    troff_section(f, "EXAMPLES");
    for (; *examples != NULL; examples += 2) {
        troff_tag(f, text("hemline %s", examples[0]));
        troff_paragraph(f, examples[1]);
    }
}

static void write_option(FILE *f, const option *o)
{
    fputs(".TP\n", f);
    if (o->letter != 0)
        troff_usage(f, text("-%c,", o->letter), " ");
    troff_usage(f, text("--%s", o->name), o->value != NULL ? " " : "\n");
    if (o->value != NULL)
        troff_usage(f, o->value, "\n");
    troff_paragraph(f, o->help);
}

static void begin_page(FILE *f, const char *name, int section, const char *summary)
{
    /* Packagers set the date of a build, so that building again gives the same bytes. */
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    time_t when = epoch != NULL ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
    struct tm date;
    char day[16] = "";
    if (gmtime_r(&when, &date) != NULL)
        strftime(day, sizeof day, "%Y-%m-%d", &date);
    fprintf(f, ".\\\" Made by 'hemline man' from the tables of the program.\n");
    troff_title(f, name, section, day, "hemline " HEM_VERSION);
    troff_section(f, "NAME");
    troff_paragraph(f, text("%s - %s", name, summary));
}

static void see_also(FILE *f, const char *but)
{
    troff_section(f, "SEE ALSO");
    const char *before = "";
    for (size_t i = 0; i < command_count(); i++) {
        const command *c = command_at(i);
        if (c->hidden || strcmp(but, c->name) == 0)
            continue;
        fprintf(f, "%s.BR \\%%hemline\\-%s (1)", before, c->name);
        before = ",\n";
    }
    if (strcmp(but, "hemline") != 0)
        fprintf(f, "%s.BR \\%%hemline (1)", before);
    if (strcmp(but, "experiment") != 0)
        fprintf(f, ",\n.BR \\%%hemline\\-experiment (5)");
    fputs("\n", f);
}

/* ---- pages ---------------------------------------------------------------------------------- */

static void write_command(FILE *f, const command *of)
{
    begin_page(f, text("hemline-%s", of->name), 1, of->summary);
    troff_section(f, "SYNOPSIS");
    for (size_t i = 0; of->usage[i] != NULL; i++) {
        fputs(i > 0 ? ".br\n" : "", f);
        troff_usage(f, text("hemline %s", of->name), " ");
        troff_usage(f, of->usage[i], "\n");
    }
    troff_section(f, "DESCRIPTION");
    troff_details(f, of->details != NULL ? of->details : of->summary);
    troff_section(f, "OPTIONS");
    for (size_t i = 0; i < of->n_options; i++)
        write_option(f, &of->options[i]);
    write_option(f, &(option){.name = "help", .letter = 'h', .help = "print the help text"});
    write_rows(f, "EXIT STATUS", exit_codes, COUNT(exit_codes), NULL);
    write_rows(f, "ENVIRONMENT", environment, COUNT(environment), of);
    write_examples(f, of->examples);
    see_also(f, of->name);
}

static void write_overview(FILE *f)
{
    begin_page(f, "hemline", 1, "train, evaluate and look into image classifiers on the CPU");
    troff_section(f, "SYNOPSIS");
    troff_usage(f, "hemline COMMAND [arguments] [options]", "\n.br\n");
    troff_usage(f, "hemline --help", "\n.br\n");
    troff_usage(f, "hemline --version", "\n");
    troff_section(f, "DESCRIPTION");
    troff_details(
        f, "hemline trains fully connected and convolutional networks that name what an image\n"
           "shows. A network, its data and its training are one text file, an experiment; each\n"
           "training makes a folder, a run. The same file and seed give the same bits on any\n"
           "number of threads, and every accuracy carries its 95 % interval.\n\n"
           "Results go to standard output, all else to standard error. Options may stand before\n"
           "or behind the arguments; -- ends them.");
    troff_section(f, "COMMANDS");
    for (size_t i = 0; i < command_count(); i++) {
        if (command_at(i)->hidden)
            continue;
        troff_tag(f, command_at(i)->name);
        troff_paragraph(f, command_at(i)->summary);
    }
    troff_section(f, "OPTIONS");
    write_option(f, &(option){.name = "help", .letter = 'h', .help = "list the commands"});
    write_option(f, &(option){.name = "version", .letter = 'V', .help = "print the version"});
    write_rows(f, "EXIT STATUS", exit_codes, COUNT(exit_codes), NULL);
    write_rows(f, "ENVIRONMENT", environment, COUNT(environment), NULL);
    write_rows(f, "FILES", files, COUNT(files), NULL);
    write_examples(f, first_steps);
    see_also(f, "hemline");
}

/* A line of hem_spec_reference(): a heading, "  key: value; default", or "      text". The first
 * line below an alternative's heading is what it means, the second how a file writes it. */
static void write_reference_line(FILE *f, const char *line, int since_heading)
{
    if (line[0] != ' ') {
        troff_subsection(f, line);
    } else if (strncmp(line, "      ", 6) != 0) {
        const char *value = strstr(line, ": ");
        troff_tag(f, text("%.*s", (int)(value - line - 2), line + 2));
        troff_paragraph(f, text("%s.", value + 2));
        fputs(".br\n", f);
    } else if (since_heading == 2) {
        troff_verbatim(f, text("%s\n", line + 6));
    } else {
        troff_paragraph(f, line + 6);
    }
}

static void write_keys(FILE *f)
{
    char *reference = need(hem_spec_reference());
    int since_heading = 0;
    for (char *line = reference, *end; *line != '\0'; line = end + 1) {
        end = line + strcspn(line, "\n");
        *end = '\0';
        since_heading = line[0] == '\0' || line[0] != ' ' ? 0 : since_heading + 1;
        /* Two lines of text follow each other only below the heading of an alternative. */
        if (since_heading == 1 && strncmp(line, "      ", 6) != 0)
            since_heading = 3;
        if (line[0] != '\0')
            write_reference_line(f, line, since_heading);
    }
    free(reference);
}

static void write_experiment(FILE *f)
{
    begin_page(f, "hemline-experiment", 5, "what is learned, by which network, and how");
    troff_section(f, "DESCRIPTION");
    troff_details(
        f, "An experiment is a YAML file. 'hemline init' writes a commented one to start from,\n"
           "and 'hemline summary FILE --resolved' prints one with every default written out.\n"
           "data and model are required; all other keys have defaults. An unknown key, a wrong\n"
           "type and a number out of range are refused, with the line and what is allowed.\n\n"
           "The key decides what its value is: where a number is wanted, 5, .5 and 1e-4 are\n"
           "numbers; a whole number is written in digits only; true and false are written so.\n"
           "Some numbers have a unit: 8 deg, 30%, 4 px. Where two numbers may be given, one\n"
           "stands for both.\n\n"
           "Where a key may be one of several things, each has a heading below: 'optimizer:\n"
           "adam' is what stands behind optimizer:, by its name alone, or with its keys in\n"
           "braces: optimizer: {adam: {learning_rate: 1e-3}}. The keys expect, classes and\n"
           "labels of data, and of, stratify and seed of validation, stand beside the name:\n"
           "validation: {fraction: 0.2, seed: 3}.\n\n"
           "--set path.to.key=value changes one value from the command line, as if the file\n"
           "said so: train.epochs=5. Layers count from 0: model.3.dropout=0.5.");
    troff_section(f, "KEYS");
    write_keys(f);
    troff_section(f, "EXAMPLES");
    troff_paragraph(f, "What 'hemline init' writes:");
    fputs(".PP\n", f);
    troff_verbatim(f, hem_spec_template());
    see_also(f, "experiment");
}

/* ---- the command ---------------------------------------------------------------------------- */

static hem_status failed(hem_error *err, const char *path)
{
    hem_status status = fail(err, HEM_ERR_IO, NULL, "%s", strerror(errno));
    snprintf(err->file, sizeof err->file, "%s", plain_text(path));
    return status;
}

/* `of` NULL: `write` is called, else the page of that command is written. */
static hem_status write_page(const char *path, void (*write)(FILE *), const command *of,
                             hem_error *err)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return failed(err, path);
    if (of != NULL)
        write_command(f, of);
    else
        write(f);
    bool wrong = ferror(f) != 0;
    wrong = fclose(f) != 0 || wrong;
    return wrong ? failed(err, path) : HEM_OK;
}

static int run_man(char *const *arguments, int n)
{
    hem_error err;
    if (n == 0)
        return help_missing(command_find("man"), "a folder");
    hem_status status = write_page(text("%s/hemline.1", arguments[0]), write_overview, NULL, &err);
    for (size_t i = 0; i < command_count() && status == HEM_OK; i++) {
        const command *c = command_at(i);
        if (!c->hidden)
            status = write_page(text("%s/hemline-%s.1", arguments[0], c->name), NULL, c, &err);
    }
    if (status == HEM_OK)
        status =
            write_page(text("%s/hemline-experiment.5", arguments[0]), write_experiment, NULL, &err);
    return status == HEM_OK ? HEM_OK : report(&err);
}

static const char *const usage[] = {"DIR", NULL};

extern const command command_man;
const command command_man = {
    .name = "man",
    .summary = "write the manual pages into a folder",
    .usage = usage,
    .most = 1,
    .hidden = true,
    .run = run_man,
};
