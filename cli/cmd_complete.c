/* hemline complete: what the word at the cursor may become, for the completions of shells. Not
 * listed among the commands. Everything is taken from the tables that parse, so a new command,
 * option or key is completed without further work.
 *
 * It prints a line for each possible word: the word, a tab, what it means. Two other lines ask the
 * shell for names of files, which it knows better how to complete and to quote:
 *   :files PATTERN   files of such a name, and folders on the way to them
 *   :directories     folders
 * A word that ends in '=' or '.' goes on: no blank belongs behind it. */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "options.h"
#include "reference.h"

static struct {
    const char *word;   /* at the cursor */
    const char *prefix; /* of it that every answer begins with: "--set=", or "" */
    const command *of;
    char *const *given; /* arguments in front of it, without options */
    int n_given;
    size_t offered;
    const char *kinds; /* offered so far, "|FILE|RUN|": forms of a usage share some */
} now_at = {.prefix = "", .kinds = "|"};

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static void offer(const char *word, const char *meaning)
{
    const char *whole = text("%s%s", now_at.prefix, word);
    if (!begins(whole, now_at.word))
        return;
    out("%s\t%s\n", plain_text(whole), meaning);
    now_at.offered++;
}

/* ---- values --------------------------------------------------------------------------------- */

/* Paths of --set, part by part: "train." first, then "train.epochs=", then its words. */
typedef struct path_offer {
    const char *typed;
    const char *last; /* offered before */
} path_offer;

static void offer_path(void *user, const char *path, const char *word, const char *help)
{
    path_offer *at = user;
    size_t n = strcspn(at->typed, "=");
    if (at->typed[n] == '=') {
        if (word != NULL && strlen(path) == n && strncmp(path, at->typed, n) == 0)
            offer(text("%s=%s", path, word), help);
        return;
    }
    if (word != NULL || !begins(path, at->typed))
        return;
    const char *dot = strchr(path + n, '.');
    const char *next = dot != NULL ? text("%.*s", (int)(dot - path) + 1, path) : text("%s=", path);
    if (strcmp(next, at->last) != 0)
        offer(next, dot != NULL ? "" : help);
    at->last = next;
}

/* With the layers of the experiment that the command line names, where it can be read. */
static void offer_paths(void)
{
    hem_spec *spec = NULL;
    path_offer at = {.typed = now_at.word + strlen(now_at.prefix), .last = ""};
    for (int i = 0; i < now_at.n_given && spec == NULL; i++) {
        if (hem_spec_load(now_at.given[i], NULL, 0, &spec, NULL) != HEM_OK)
            spec = NULL;
    }
    hem_spec_paths(spec, offer_path, &at);
    hem_spec_free(spec);
}

/* The run directories where runs are usually made. */
static void offer_runs(void)
{
    const char *folder = runs_folder();
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        const char *run = text("%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && access(text("%s/events.jsonl", run), F_OK) == 0)
            offer(run, "");
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

static void offer_rows(void)
{
    reference ref;
    hem_error err;
    hem_status status = reference_load(NULL, &ref, &err);
    for (size_t i = 0; i < ref.n_rows && status == HEM_OK; i++)
        offer(ref.rows[i].id, ref.rows[i].experiment);
    reference_release(&ref);
}

static void offer_commands(void)
{
    for (size_t i = 0; i < command_count(); i++) {
        if (!command_at(i)->hidden)
            offer(command_at(i)->name, command_at(i)->summary);
    }
}

/* One alternative of what a usage line or an option's value says: a word in small letters is meant
 * as it stands, one in capitals names a kind of value. */
static void offer_kind(const char *kind, const char *file_pattern)
{
    size_t before = now_at.offered;
    if (strstr(now_at.kinds, text("|%s|", kind)) != NULL)
        return;
    now_at.kinds = text("%s%s|", now_at.kinds, kind);
    if (kind[0] < 'A' || kind[0] > 'Z') {
        offer(kind, "");
    } else if (strcmp(kind, "KEY=VALUE") == 0) {
        offer_paths();
    } else if (strcmp(kind, "ID") == 0) {
        offer_rows();
    } else if (strcmp(kind, "COMMAND") == 0) {
        offer_commands();
    } else if (strcmp(kind, "MODEL") == 0) { /* a file, or the folder of a run */
        offer_kind("RUN", file_pattern);
        out(":files *.safetensors\n");
    } else if (strcmp(kind, "RUN") == 0) {
        offer_runs();
        if (now_at.offered == before)
            out(":directories\n");
    } else if (strcmp(kind, "DIR") == 0 || strcmp(kind, "STUDY") == 0) {
        out(":directories\n");
    } else if (begins(kind, "FILE.")) {
        out(":files *%s\n", kind + 4);
    } else if (strcmp(kind, "FILE") == 0) {
        out(":files %s\n", file_pattern);
    }
}

/* "FILE|MODEL", as help texts write it. */
static void offer_kinds(const char *kinds, const char *file_pattern)
{
    while (*kinds != '\0') {
        size_t n = strcspn(kinds, "|");
        offer_kind(text("%.*s", (int)n, kinds), file_pattern);
        kinds += n + (kinds[n] == '|');
    }
}

static void offer_value(const option *o, const char *prefix)
{
    now_at.prefix = prefix;
    for (size_t i = 0; o->choices != NULL && o->choices[i] != NULL; i++)
        offer(o->choices[i], "");
    if (o->choices == NULL && o->value != NULL && strcmp(o->value, "N|A-B") != 0)
        offer_kinds(o->value, "*");
}

/* ---- options and arguments ------------------------------------------------------------------ */

static void offer_options(void)
{
    for (size_t i = 0; i < now_at.of->n_options; i++) {
        const option *o = &now_at.of->options[i];
        offer(text("--%s", o->name), o->help);
        if (o->letter != 0)
            offer(text("-%c", o->letter), o->help);
    }
    offer("--help", "print this text");
    offer("-h", "print this text");
}

static bool is_among(const char *word, const char *kinds)
{
    size_t n = strlen(word);
    for (const char *at = kinds; *at != '\0'; at += *at == '|') {
        size_t length = strcspn(at, "|");
        if ((*at >= 'A' && *at <= 'Z') || (length == n && strncmp(at, word, n) == 0))
            return true;
        at += length;
    }
    return false;
}

typedef struct form_word {
    const char *kinds; /* "FILE|MODEL" */
    bool optional, repeated;
} form_word;

/* The arguments in a form of the usage: words[n] of at most `most`; its options are passed over. */
static size_t read_form(const char *form, form_word *words, size_t most)
{
    size_t n = 0;
    bool optional = false, value = false;
    for (const char *s = form; *s != '\0' && n < most;) {
        size_t length = strcspn(s, " []");
        const char *word = text("%.*s", (int)length, s);
        const char *dots = strstr(word, "...");
        const option *o = word[0] == '-' ? options_find(now_at.of, word, length) : NULL;
        if (length > 0 && word[0] != '-' && !value && strcmp(word, "|") != 0 &&
            strcmp(word, "options") != 0)
            words[n++] = (form_word){
                .kinds = dots != NULL ? text("%.*s", (int)(dots - word), word) : word,
                .optional = optional,
                .repeated = dots != NULL,
            };
        value = length > 0 ? o != NULL && o->kind != OPTION_FLAG : value;
        s += length;
        optional = *s == '[' || (optional && *s != ']');
        s += *s != '\0';
    }
    return n;
}

/* Follows a form along the arguments that are given, from the i-th on, and offers what comes next.
 * An optional word may be there or not. */
static void follow_form(const form_word *words, size_t n, int i)
{
    if (n == 0)
        return;
    if (words->optional)
        follow_form(words + 1, n - 1, i);
    /* The files that a command takes many of are no experiments. */
    if (i == now_at.n_given || words->repeated)
        offer_kinds(words->kinds, words->repeated ? "*" : "*.yaml");
    else if (is_among(now_at.given[i], words->kinds))
        follow_form(words + 1, n - 1, i + 1);
}

static void offer_arguments(bool options_ended)
{
    form_word words[12];
    for (const char *const *form = now_at.of->usage; *form != NULL; form++)
        follow_form(words, read_form(*form, words, COUNT(words)), 0);
    if (now_at.n_given >= now_at.of->most && !options_ended && now_at.word[0] == '\0')
        offer_options();
}

/* ---- the command ---------------------------------------------------------------------------- */

static void offer_first(void)
{
    offer_commands();
    if (now_at.word[0] == '-') {
        offer("--help", "the commands");
        offer("--version", "the version");
    }
}

/* Reads the words between the command and the cursor as the command would. */
static void offer_after(char *const *words, int n)
{
    const option *waiting = NULL; /* for its value */
    bool ended = false;
    char **given = need(calloc((size_t)n + 1, sizeof *given));
    for (int i = 0; i < n; i++) {
        if (waiting != NULL) {
            waiting = NULL;
        } else if (!ended && strcmp(words[i], "--") == 0) {
            ended = true;
        } else if (!ended && words[i][0] == '-' && words[i][1] != '\0') {
            const option *o = options_find(now_at.of, words[i], strlen(words[i]));
            waiting = o != NULL && o->kind != OPTION_FLAG ? o : NULL;
        } else {
            given[now_at.n_given++] = words[i];
        }
    }
    now_at.given = given;
    size_t to_equals = strcspn(now_at.word, "=");
    const option *here = ended || now_at.word[to_equals] == '\0' || !begins(now_at.word, "--")
                             ? NULL
                             : options_find(now_at.of, now_at.word, to_equals);
    if (waiting != NULL)
        offer_value(waiting, "");
    else if (here != NULL)
        offer_value(here, text("%.*s=", (int)to_equals, now_at.word));
    else if (!ended && now_at.word[0] == '-')
        offer_options();
    else
        offer_arguments(ended);
    free(given);
}

static int run_complete(char *const *words, int n)
{
    if (n == 0)
        return HEM_OK;
    now_at.word = words[n - 1];
    if (n == 1) {
        offer_first();
        return HEM_OK;
    }
    now_at.of = command_find(words[0]);
    if (now_at.of != NULL)
        offer_after(words + 1, n - 2);
    return HEM_OK;
}

static const char *const usage[] = {"-- WORD...", NULL};

extern const command command_complete;
const command command_complete = {
    .name = "complete",
    .summary = "what the last word may become, for completions of shells",
    .usage = usage,
    .details = "The words are those of a command line behind 'hemline', up to the cursor.",
    .most = INT_MAX,
    .hidden = true,
    .run = run_complete,
};
