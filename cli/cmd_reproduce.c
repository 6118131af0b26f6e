/* hemline reproduce: published rows run again, and held against what was reported. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments.h"
#include "help.h"
#include "nearest.h"
#include "reproduce.h"

enum { USUAL_SEEDS = 5 };

static struct {
    const char *seeds, *experiments, *runs;
    bool markdown;
} arguments;

/* A data set that several rows share. */
typedef struct shared_data {
    const hem_spec *spec; /* a row's */
    hem_data *data;
} shared_data;
static shared_data *shared;
static size_t n_shared;

/* ---- choosing rows -------------------------------------------------------------------------- */

/* An id means its row alone, anything else the rows whose ids begin so. */
static bool chooses(const reference *ref, const char *word, const ref_row *row)
{
    return reference_find(ref, word) != NULL ? strcmp(row->id, word) == 0
                                             : strncmp(row->id, word, strlen(word)) == 0;
}

static bool is_chosen(const reference *ref, char *const *words, int n, const ref_row *row)
{
    for (int i = 0; i < n; i++) {
        if (chooses(ref, words[i], row))
            return true;
    }
    return n == 0;
}

static const char *all_ids(const reference *ref)
{
    const char *ids = "rows:";
    for (size_t i = 0; i < ref->n_rows; i++)
        ids = text("%s %s", ids, ref->rows[i].id);
    return ids;
}

static hem_status check_word(const reference *ref, const char *word, hem_error *err)
{
    nearest search = nearest_to(word);
    for (size_t i = 0; i < ref->n_rows; i++) {
        if (word[0] != '\0' && chooses(ref, word, &ref->rows[i]))
            return HEM_OK;
        nearest_try(&search, ref->rows[i].id);
    }
    return fail(err, HEM_ERR_USAGE,
                search.best != NULL ? text("did you mean '%s'?", search.best) : all_ids(ref),
                "no row is '%s' or begins so", word);
}

static hem_status choose(reproduction *r, char *const *words, int n, hem_error *err)
{
    const reference *ref = &r->ref;
    for (int i = 0; i < n; i++) {
        hem_status status = check_word(ref, words[i], err);
        if (status != HEM_OK)
            return status;
    }
    r->rows = need(calloc(ref->n_rows, sizeof *r->rows));
    for (size_t i = 0; i < ref->n_rows; i++) {
        if (is_chosen(ref, words, n, &ref->rows[i]))
            r->rows[r->n_rows++].row = &ref->rows[i];
    }
    return HEM_OK;
}

/* ---- preparing a row ------------------------------------------------------------------------ */

/* The data of an experiment, opened once for all rows with the same. */
static hem_status find_data(const hem_spec *spec, const hem_data **out, hem_error *err)
{
    for (size_t i = 0; i < n_shared; i++) {
        if (hem_same_data(shared[i].spec, spec)) {
            *out = shared[i].data;
            return HEM_OK;
        }
    }
    hem_data_options options = data_options();
    shared = need(realloc(shared, (n_shared + 1) * sizeof *shared));
    shared[n_shared] = (shared_data){.spec = spec};
    hem_status status = hem_data_open(spec, &options, &shared[n_shared].data, err);
    if (status != HEM_OK)
        return status;
    *out = shared[n_shared++].data;
    return HEM_OK;
}

/* The row's own overrides, then those of the command line; free() the items. */
static text_list all_overrides(const ref_row *row)
{
    size_t n = row->overrides.n;
    text_list list = {.items = need(calloc(n + common.set.n + 1, sizeof *list.items)),
                      .n = n + common.set.n};
    for (size_t i = 0; i < list.n; i++)
        list.items[i] = i < n ? row->overrides.items[i] : common.set.items[i - n];
    return list;
}

static hem_fold fold_of(const row_run *run, size_t seed)
{
    return (hem_fold){
        .folds = run->row->folds, .stratify = run->row->stratify, .seed = run->seeds.first + seed};
}

/* The data of a cross-validation, opened as that of one with two folds: then what is wrong with the
 * number of folds is found where they are cut, and is not laid to an override that nobody wrote. */
static hem_status find_folds_data(row_run *run, const char *file, text_list overrides,
                                  hem_error *err)
{
    fold_set halves = {0};
    hem_fold two = fold_of(run, 0);
    two.folds = 2;
    hem_status status = folds_load(&halves, file, overrides, two, err);
    if (status == HEM_OK) {
        run->spec = halves.specs[0];
        halves.specs[0] = NULL;
        status = find_data(run->spec, &run->data, err);
    }
    folds_release(&halves);
    return status;
}

static hem_status load_folds(row_run *run, const char *file, text_list overrides, hem_error *err)
{
    hem_status status = HEM_OK;
    run->per_seed = (size_t)run->row->folds;
    run->sets = need(calloc(run->seeds.n, sizeof *run->sets));
    for (size_t i = 0; i < run->seeds.n && status == HEM_OK; i++)
        status = folds_load(&run->sets[i], file, overrides, fold_of(run, i), err);
    if (status == HEM_OK)
        status = find_folds_data(run, file, overrides, err);
    for (size_t i = 0; i < run->seeds.n && status == HEM_OK; i++)
        status = folds_cut(&run->sets[i], run->data, fold_of(run, i), err);
    return status;
}

static hem_status load_plain(row_run *run, const char *file, text_list overrides, hem_error *err)
{
    run->per_seed = 1;
    hem_status status = hem_spec_load(file, overrides.items, overrides.n, &run->spec, err);
    return status == HEM_OK ? find_data(run->spec, &run->data, err) : status;
}

static hem_status load_row(const reproduction *r, row_run *run, const seed_range *seeds,
                           hem_error *err)
{
    const ref_row *row = run->row;
    const char *file = text("%s/%s", r->ref.directory, row->experiment);
    run->seeds = seeds != NULL
                     ? *seeds
                     : (seed_range){.n = row->seeds > 0 ? (size_t)row->seeds : USUAL_SEEDS};
    text_list overrides = all_overrides(row);
    hem_status status = row->folds > 0 ? load_folds(run, file, overrides, err)
                                       : load_plain(run, file, overrides, err);
    free(overrides.items);
    if (status != HEM_OK && err->file[0] == '\0')
        snprintf(err->file, sizeof err->file, "%s/reference.json: row '%s'", r->ref.directory,
                 row->id);
    if (status != HEM_OK)
        return status;
    const char *below =
        arguments.runs != NULL ? arguments.runs : text("%s/reproduce", runs_folder());
    return hem_study_folder(
        text("%s/%s", below, row->id), true, row->folds > 0 ? HEM_STUDY_FOLDS : HEM_STUDY_SEEDS,
        row->folds > 0 ? run->sets[0].specs[0] : run->spec, run->data, run->folder, err);
}

/* Its jobs, from `at` on in the array of all. */
static hem_status add_jobs(reproduction *r, row_run *run, size_t at, hem_error *err)
{
    double cost;
    run->jobs = &r->jobs[at];
    for (size_t i = 0; i < run->seeds.n; i++) {
        unsigned long long seed = run->seeds.first + i;
        const char *folder = text("%s/s%llu", run->folder, seed);
        hem_job *jobs = &run->jobs[i * run->per_seed];
        if (run->sets != NULL)
            folds_jobs(&run->sets[i], folder, seed, jobs);
        else
            jobs[0] =
                (hem_job){.directory = folder, .spec = run->spec, .data = run->data, .seed = seed};
        for (size_t k = 0; k < run->per_seed; k++)
            r->labels[at + i * run->per_seed + k] =
                run->sets != NULL ? text("%s seed %llu fold %zu", run->row->id, seed, k + 1)
                                  : text("%s seed %llu", run->row->id, seed);
    }
    hem_status status =
        hem_training_cost(r->s.context, run->jobs[0].spec, run->jobs[0].data, &cost, err);
    for (size_t i = 0; i < run->seeds.n * run->per_seed; i++)
        run->jobs[i].cost = cost;
    return status;
}

static hem_status prepare(reproduction *r, const seed_range *seeds, hem_error *err)
{
    hem_status status = HEM_OK;
    for (size_t i = 0; i < r->n_rows && status == HEM_OK; i++) {
        status = load_row(r, &r->rows[i], seeds, err);
        r->n_jobs += status == HEM_OK ? r->rows[i].seeds.n * r->rows[i].per_seed : 0;
    }
    if (status != HEM_OK)
        return status;
    r->jobs = need(calloc(r->n_jobs, sizeof *r->jobs));
    r->labels = need(calloc(r->n_jobs, sizeof *r->labels));
    for (size_t i = 0, at = 0; i < r->n_rows && status == HEM_OK; i++) {
        status = add_jobs(r, &r->rows[i], at, err);
        at += r->rows[i].seeds.n * r->rows[i].per_seed;
    }
    return status;
}

/* ---- the command ---------------------------------------------------------------------------- */

static hem_status run(reproduction *r, char *const *words, int n, const seed_range *seeds,
                      hem_error *err)
{
    hem_status status = reference_load(arguments.experiments, &r->ref, err);
    if (status == HEM_OK)
        status = choose(r, words, n, err);
    if (status == HEM_OK)
        status = session_start(&r->s, err);
    if (status == HEM_OK)
        status = prepare(r, seeds, err);
    if (status != HEM_OK)
        return status;
    talk("%zu row%s, %zu run%s\n", r->n_rows, r->n_rows == 1 ? "" : "s", r->n_jobs,
         r->n_jobs == 1 ? "" : "s");
    if (common.set.n > 0)
        talk("note: with --set these are not the published experiments\n");
    double began = now();
    status = run_jobs(r->jobs, r->labels, r->n_jobs, hem_context_threads(r->s.context), err);
    r->seconds = now() - began;
    return status;
}

static void release(reproduction *r)
{
    if (r->jobs != NULL)
        hem_jobs_release(r->jobs, r->n_jobs);
    for (size_t i = 0; i < r->n_rows; i++) {
        row_run *run = &r->rows[i];
        for (size_t k = 0; run->sets != NULL && k < run->seeds.n; k++)
            folds_release(&run->sets[k]);
        free(run->sets);
        hem_spec_free(run->spec);
    }
    for (size_t i = 0; i < n_shared; i++)
        hem_data_free(shared[i].data);
    free(shared);
    free(r->rows);
    free(r->jobs);
    free(r->labels);
    reference_release(&r->ref);
    session_close(&r->s);
}

static int run_reproduce(char *const *words, int n)
{
    seed_range seeds;
    hem_error err;
    reproduction r = {.n_rows = 0};
    int code = arguments.seeds != NULL ? seeds_parse(arguments.seeds, &seeds) : HEM_OK;
    if (code == HEM_OK && common.json && arguments.markdown)
        code = usage_error(NULL, "--json does not go with --markdown");
    if (code != HEM_OK)
        return code;
    hem_status status = run(&r, words, n, arguments.seeds != NULL ? &seeds : NULL, &err);
    if (status == HEM_INTERRUPTED) {
        code = jobs_interrupted(r.jobs, r.n_jobs);
    } else if (status != HEM_OK) {
        code = report(&err);
    } else {
        if (common.json)
            code = reproduce_print_json(&r);
        else
            reproduce_print(&r, arguments.markdown);
        int failed = jobs_report(r.jobs, r.labels, r.n_jobs);
        code = code != HEM_OK ? code : failed;
    }
    release(&r);
    return code;
}

static const option options[] = {
    {.name = "seeds",
     .kind = OPTION_TEXT,
     .value = "N|A-B",
     .target = &arguments.seeds,
     .help = "seeds 0 to N-1, or A to B (default: as many as the row says, else 5)"},
    OPTION_EXPERIMENTS(&arguments.experiments),
    {.name = "runs",
     .kind = OPTION_TEXT,
     .value = "DIR",
     .target = &arguments.runs,
     .help = "folder for the runs (default: reproduce in the folder HEMLINE_RUNS, else in runs)"},
    {.name = "markdown",
     .kind = OPTION_FLAG,
     .target = &arguments.markdown,
     .help = "print the tables as Markdown"},
    OPTION_SET,
    OPTION_DATA,
    OPTION_THREADS,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_PROGRESS,
    OPTION_NO_PROGRESS,
};

static const char *const usage[] = {"[ID...] [options]", NULL};

static const char *const examples[] = {
    "reproduce B1",
    "one published row, with five seeds",
    "reproduce E3 --seeds 3 --markdown",
    "all whose ids begin with E3, as tables for a page",
    NULL,
};

extern const command command_reproduce;
const command command_reproduce = {
    .name = "reproduce",
    .summary = "run published experiments again and compare",
    .usage = usage,
    .details = "ID is a row of experiments/reference.json, or how the ids of several begin (B,\n"
               "E3); none means all. Every row runs with several seeds, side by side, the\n"
               "longest first. Its table holds the reported figure against the 95 % interval of\n"
               "our mean and against the range that one run of ours falls into; then come folds,\n"
               "recalls by class and the claims of the file, paired over seeds.\n"
               "\n"
               "Runs lie in DIR/ID/sSEED. What is finished there is not run again; a changed\n"
               "experiment gets a new folder. The same command again goes on where it stopped.\n"
               "'hemline report DIR/ID ...' makes a report of a row, or of several together.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1000,
    .run = run_reproduce,
};
