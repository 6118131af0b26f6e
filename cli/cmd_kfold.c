/* hemline kfold: every image validates once, by a network that was not trained on it. */
#include <stdlib.h>
#include <unistd.h>

#include "boxplot.h"
#include "folds.h"
#include "help.h"
#include "report_after.h"

static struct {
    int folds;
    bool stratify, has_seed, no_report;
    uint64_t seed;
    const char *out;
} arguments = {.folds = 5};

/* One cross-validation. */
typedef struct kfold {
    session s;
    fold_set set, halves; /* halves: the same in two folds, by which the data is opened */
    uint64_t seed;
    char folder[512];        /* of the study */
    const char *runs;        /* of this seed's folds */
    const char *predictions; /* NULL: none were written, because of `unwritten` where that is set */
    hem_error unwritten;
    hem_job *jobs;
    const char **labels, **names;
    double seconds;
} kfold;

static hem_fold fold_of(const kfold *k)
{
    return (hem_fold){.folds = arguments.folds, .stratify = arguments.stratify, .seed = k->seed};
}

/* The experiment's own seed is known once it is read. How many folds there can be is known once the
 * data is open, so it is opened by a cut that any data allows. */
static hem_status load(kfold *k, const char *file, hem_error *err)
{
    k->seed = arguments.seed;
    hem_fold cut = fold_of(k);
    cut.folds = 2;
    hem_status status = folds_load(&k->halves, file, common.set, cut, err);
    if (status == HEM_OK && !arguments.has_seed)
        k->seed = hem_spec_seed(k->halves.specs[0]);
    return status == HEM_OK ? folds_load(&k->set, file, common.set, fold_of(k), err) : status;
}

static hem_status open_study(kfold *k, hem_error *err)
{
    session *s = &k->s;
    hem_data_options options = data_options();
    hem_status status = session_start(s, err);
    if (status == HEM_OK)
        status = hem_data_open(k->halves.specs[0], &options, &s->data, err);
    if (status == HEM_OK)
        status = folds_cut(&k->set, s->data, fold_of(k), err);
    if (status != HEM_OK)
        return status;
    const char *wanted = arguments.out != NULL
                             ? arguments.out
                             : text("%s/%s-kfold", runs_folder(), hem_spec_name(k->set.specs[0]));
    return hem_study_folder(wanted, arguments.out == NULL, HEM_STUDY_FOLDS, k->set.specs[0],
                            s->data, k->folder, err);
}

static void make_jobs(kfold *k)
{
    size_t n = (size_t)k->set.folds;
    k->jobs = need(calloc(n, sizeof *k->jobs));
    k->labels = need(calloc(n, sizeof *k->labels));
    k->names = need(calloc(n, sizeof *k->names));
    k->runs = text("%s/s%llu", k->folder, (unsigned long long)k->seed);
    k->predictions = text("%s/predictions.csv", k->runs);
    folds_jobs(&k->set, k->runs, k->seed, k->jobs);
    for (size_t i = 0; i < n; i++) {
        k->names[i] = text("%zu", i + 1);
        k->labels[i] = text("fold %zu", i + 1);
    }
}

static bool all_in_state(const kfold *k, hem_job_state state)
{
    for (int i = 0; i < k->set.folds; i++) {
        if (k->jobs[i].state != state)
            return false;
    }
    return true;
}

/* Written anew unless nothing has changed. Where they cannot be, the scores are still worth having.
 */
static void write_predictions(kfold *k)
{
    bool none = all_in_state(k, HEM_JOB_FAILED);
    if (all_in_state(k, HEM_JOB_FOUND) && access(k->predictions, F_OK) == 0)
        return;
    if (none || hem_out_of_fold_write(k->s.context, k->jobs, (size_t)k->set.folds, k->predictions,
                                      &k->unwritten) != HEM_OK)
        k->predictions = NULL;
}

static hem_status run(kfold *k, const char *file, hem_error *err)
{
    hem_status status = load(k, file, err);
    if (status == HEM_OK)
        status = open_study(k, err);
    if (status != HEM_OK)
        return status;
    make_jobs(k);
    hem_data_info info = hem_data_get_info(k->set.views[0]);
    talk_field("data", text("%s%s: %s images in %d folds%s, %s to test", info.name,
                            info.synthetic ? " (drawn by hemline, not photographs)" : "",
                            grouped(info.n[HEM_TRAIN] + info.n[HEM_VALIDATION]), k->set.folds,
                            arguments.stratify ? " with the classes' shares" : "",
                            grouped(info.n[HEM_TEST])));
    talk_machine(k->s.context);
    talk_field("study", plain_text(k->runs));
    talk("note: each fold is the validation part in its turn; the experiment's own\n"
         "      'validation' is not used\n");
    double began = now();
    status =
        run_jobs(k->jobs, k->labels, (size_t)k->set.folds, hem_context_threads(k->s.context), err);
    k->seconds = now() - began;
    if (status == HEM_OK)
        write_predictions(k);
    return status;
}

/* ---- what comes out ------------------------------------------------------------------------- */

static void print_scores(const kfold *k)
{
    size_t n = (size_t)k->set.folds, images = 0, correct = 0;
    double *values = need(calloc(n, sizeof *values));
    for (size_t i = 0; i < n; i++) {
        values[i] = job_value(&k->jobs[i], HEM_VALIDATION, false);
        if (job_is_finished(&k->jobs[i])) {
            images += k->jobs[i].result.parts[HEM_VALIDATION].n;
            correct += k->jobs[i].result.parts[HEM_VALIDATION].correct;
        }
    }
    out("\n");
    print_box("validation accuracy of the folds in %", values, n);
    free(values);
    if (images > 0) {
        out("\n%-20s  %.2f %% of %s images (95 %%: %s)\n", "out of fold",
            100.0 * (double)correct / (double)images, grouped(images),
            percent_range(hem_wilson(correct, images)));
        if (k->predictions != NULL)
            out("%-20s  %s\n", "predictions", plain_text(k->predictions));
    }
    out("%-20s  %s\n", "study", plain_text(k->runs));
}

static void print_text(const kfold *k)
{
    size_t n = (size_t)k->set.folds;
    talk("\n");
    if (hem_data_get_info(k->s.data).synthetic)
        out("synthetic data: drawn by hemline, not photographs\n\n");
    print_jobs("fold", k->jobs, k->names, n);
    out("\n");
    print_statistics(k->jobs, n);
    out("the folds' networks share training images: these intervals are somewhat narrow\n");
    print_scores(k);
}

static json_t *box_json(const kfold *k)
{
    size_t n = (size_t)k->set.folds;
    hem_box box;
    hem_error err;
    double *values = need(calloc(n, sizeof *values));
    for (size_t i = 0; i < n; i++)
        values[i] = job_value(&k->jobs[i], HEM_VALIDATION, false);
    need(hem_box_of(values, n, &box, &err) == HEM_OK ? values : NULL);
    free(values);
    json_t *object = need(json_object());
    json_put(object, "smallest", json_number(box.smallest));
    json_put(object, "low_whisker", json_number(box.low_whisker));
    json_put(object, "q1", json_number(box.q1));
    json_put(object, "median", json_number(box.median));
    json_put(object, "q3", json_number(box.q3));
    json_put(object, "high_whisker", json_number(box.high_whisker));
    json_put(object, "largest", json_number(box.largest));
    json_put(object, "outliers", json_count(box.n_outliers));
    return object;
}

static int print_json(const kfold *k)
{
    size_t n = (size_t)k->set.folds;
    json_t *object = study_json(k->runs, k->set.specs[0], &k->s), *runs = need(json_array());
    json_put(object, "folds", json_count(n));
    json_put(object, "stratify", json_boolean(arguments.stratify));
    for (size_t i = 0; i < n; i++) {
        json_t *job = job_json(&k->jobs[i]);
        json_put(job, "fold", json_count(i + 1));
        json_add(runs, job);
    }
    json_put(object, "runs", runs);
    json_put(object, "statistics", all_statistics_json(k->jobs, n));
    json_put(object, "box", box_json(k));
    json_put(object, "predictions", k->predictions ? json_text(k->predictions) : json_null());
    json_put(object, "wall_seconds", json_number(k->seconds));
    return out_json(object);
}

static int run_kfold(char *const *files, int n)
{
    extern const command command_kfold;
    if (n < 1)
        return help_missing(&command_kfold, "an experiment file");
    kfold k = {.folder = ""};
    hem_error err;
    int code;
    hem_status status = run(&k, files[0], &err);
    if (status == HEM_INTERRUPTED) {
        code = jobs_interrupted(k.jobs, (size_t)k.set.folds);
    } else if (status != HEM_OK) {
        code = report(&err);
    } else {
        code = HEM_OK;
        if (common.json)
            code = print_json(&k);
        else
            print_text(&k);
        if (!arguments.no_report && !all_in_state(&k, HEM_JOB_FAILED))
            report_after(k.s.context, k.folder);
        int failed = jobs_report(k.jobs, k.labels, (size_t)k.set.folds);
        if (k.unwritten.status != HEM_OK)
            failed = report(&k.unwritten);
        code = code != HEM_OK ? code : failed;
    }
    if (k.jobs != NULL)
        hem_jobs_release(k.jobs, (size_t)k.set.folds);
    free(k.jobs);
    free(k.labels);
    free(k.names);
    folds_release(&k.set);
    folds_release(&k.halves);
    session_close(&k.s);
    return code;
}

static const option options[] = {
    {.name = "folds",
     .kind = OPTION_INT,
     .value = "K",
     .target = &arguments.folds,
     .low = 2,
     .high = 1000,
     .help = "how many folds the training images are cut into (default: 5)"},
    {.name = "stratify",
     .kind = OPTION_FLAG,
     .target = &arguments.stratify,
     .help = "give every fold its share of every class"},
    {.name = "seed",
     .kind = OPTION_SEED,
     .value = "N",
     .target = &arguments.seed,
     .given = &arguments.has_seed,
     .help = "seed of the cut and of every fold's network (default: the file's train.seed, or 0)"},
    {.name = "out",
     .kind = OPTION_TEXT,
     .value = "DIR",
     .target = &arguments.out,
     .help = "folder of the study (default: NAME-kfold in the folder HEMLINE_RUNS, else in runs)"},
    OPTION_NO_REPORT(&arguments.no_report),
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
    "kfold mine.yaml",
    "five folds: each image is predicted by a network that has not seen it",
    "kfold mine.yaml --folds 10 --stratify",
    "ten, each with its share of every class",
    NULL,
};

extern const command command_kfold;
const command command_kfold = {
    .name = "kfold",
    .summary = "cross-validate an experiment, folds side by side",
    .usage = usage,
    .details = "All images of the training files are shuffled and cut into folds. Each fold is\n"
               "the validation part of a network that is trained afresh on the others; the\n"
               "experiment's own validation part is not used. The folds run side by side, one\n"
               "thread each while there are enough of them.\n"
               "\n"
               "predictions.csv in the study's folder holds what each image's class was taken\n"
               "for by the network that was not trained on it; report.html there has curves,\n"
               "box plot and confusions. The same command again goes on where it stopped.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1,
    .run = run_kfold,
};
