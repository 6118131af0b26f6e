/* What `hemline reproduce` says: the table of rows, folds, recalls and claims. */
#include <math.h>
#include <stdlib.h>

#include "reproduce.h"
#include "table.h"

#ifndef HEM_COMMIT
#define HEM_COMMIT ""
#endif

/* ---- values of a row ------------------------------------------------------------------------ */

/* A figure of one job. */
typedef double (*figure)(const hem_job *job, int which);

static double accuracy_of(const hem_job *job, int part)
{
    return job_value(job, (hem_part)part, false);
}

static double recall_of(const hem_job *job, int class)
{
    const hem_evaluation *e = &job->result.parts[HEM_TEST];
    return job_is_finished(job) && class < e->n_classes ? e->recall[class] : (double)NAN;
}

static double seconds_of(const hem_job *job, int unused)
{
    (void)unused;
    return job_is_finished(job) ? job->seconds : (double)NAN;
}

/* Of one seed: the mean over its folds; NaN where one of them is missing. */
static double value_of(const row_run *run, size_t seed, figure f, int which)
{
    double sum = 0;
    for (size_t i = 0; i < run->per_seed; i++)
        sum += f(&run->jobs[seed * run->per_seed + i], which);
    return sum / (double)run->per_seed;
}

/* Of all seeds; free() it. */
static double *values_of(const row_run *run, figure f, int which)
{
    double *values = need(calloc(run->seeds.n + 1, sizeof *values));
    for (size_t i = 0; i < run->seeds.n; i++)
        values[i] = value_of(run, i, f, which);
    return values;
}

static hem_statistics statistics_of(const row_run *run, figure f, int which)
{
    double *values = values_of(run, f, which);
    hem_statistics s = hem_statistics_of(values, run->seeds.n);
    free(values);
    return s;
}

enum { FEWEST_RUNS = 3 }; /* of two, 95 % of further runs lie within 16 deviations: says nothing */

static const char *verdict_of(double reported, const hem_statistics *ours)
{
    if (isnan(reported) || ours->n < FEWEST_RUNS)
        return "--";
    return reported < ours->further.low    ? "above"
           : reported > ours->further.high ? "below"
                                           : "reproduced";
}

/* Seconds of one run, all folds together. */
static double run_seconds(const row_run *run)
{
    return statistics_of(run, seconds_of, 0).mean * (double)run->per_seed;
}

static double all_seconds(const reproduction *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->n_jobs; i++)
        sum += r->jobs[i].seconds;
    return sum;
}

/* ---- claims --------------------------------------------------------------------------------- */

static const row_run *find_run(const reproduction *r, const ref_row *row)
{
    for (size_t i = 0; i < r->n_rows; i++) {
        if (r->rows[i].row == row)
            return &r->rows[i];
    }
    return NULL;
}

/* Test accuracies of both sides, seed by seed; false where a side was not run. */
static bool compare(const reproduction *r, const ref_claim *claim, hem_paired *out)
{
    const row_run *a = find_run(r, claim->better), *b = find_run(r, claim->worse);
    if (a == NULL || b == NULL)
        return false;
    size_t n = a->seeds.n < b->seeds.n ? a->seeds.n : b->seeds.n; /* both begin with one seed */
    double *x = values_of(a, accuracy_of, HEM_TEST), *y = values_of(b, accuracy_of, HEM_TEST);
    *out = hem_compare_paired(x, y, n);
    free(x);
    free(y);
    return true;
}

static const char *claim_verdict(const hem_paired *p)
{
    switch (p->verdict) {
    case HEM_VERDICT_BETTER:
        return "holds";
    case HEM_VERDICT_WORSE:
        return "the other way round";
    case HEM_VERDICT_NOISE:
        break;
    }
    return p->difference.n < 2 ? "--" : hem_verdict_name(HEM_VERDICT_NOISE);
}

/* ---- text and Markdown ---------------------------------------------------------------------- */

static bool as_markdown;

static void title(const char *words)
{
    out(as_markdown ? "\n## %s\n\n" : "\n%s\n", words);
}

static table *begin(const char *columns, const char *const *heading, size_t n)
{
    table *t = table_new(columns);
    for (size_t i = 0; i < n; i++)
        table_cell(t, "%s", heading[i]);
    return t;
}

/* A part is worth a line where the report has a figure, or the validation and test part where we
 * have one. */
static bool worth_a_line(const row_run *run, hem_part part, const hem_statistics *ours)
{
    return !isnan(run->row->reported[part]) || (part != HEM_TRAIN && ours->n > 0);
}

static void add_row(table *t, const row_run *run)
{
    bool first = true;
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
        hem_statistics ours = statistics_of(run, accuracy_of, (int)part);
        if (!worth_a_line(run, part, &ours))
            continue;
        table_cell(t, "%s%s", first || as_markdown ? run->row->id : "",
                   first && !run->row->known ? " *" : "");
        table_cell(t, "%s", part_names[part]);
        table_cell(t, "%s", percent_text(run->row->reported[part]));
        table_cell(t, "%s", percent_text(ours.mean));
        table_cell(t, "%s", accuracy_range(ours.interval));
        table_cell(t, "%s", accuracy_range(ours.further));
        table_cell(t, "%s", verdict_of(run->row->reported[part], &ours));
        table_cell(t, "%zu%s", ours.n, ours.n == run->seeds.n ? "" : text(" of %zu", run->seeds.n));
        double seconds = run_seconds(run);
        table_cell(t, "%s", !first ? "" : isnan(seconds) ? "--" : text("%.1f", seconds));
        first = false;
    }
}

static void print_rows(const reproduction *r)
{
    static const char *const heading[] = {
        "row",     "part", "reported", "ours", "95 % of the mean", "95 % of one run",
        "verdict", "runs", "seconds"};
    bool unknown = false;
    table *t = begin("llrrrrlrr", heading, COUNT(heading));
    for (size_t i = 0; i < r->n_rows; i++) {
        add_row(t, &r->rows[i]);
        unknown = unknown || !r->rows[i].row->known;
    }
    title("Accuracy in %, reported and ours");
    table_print(t);
    out("%sreproduced: the reported figure lies where one run of ours falls in 95 %% of cases;\n"
        "above and below: ours is above or below it. A verdict needs %d runs.\n"
        "Seconds: training, one run.\n",
        as_markdown ? "\n" : "", FEWEST_RUNS);
    if (unknown)
        out("* what was reported leaves out something that the row needs\n");
}

static void print_notes(const reproduction *r)
{
    bool any = false;
    for (size_t i = 0; i < r->n_rows; i++) {
        const ref_row *row = r->rows[i].row;
        if (row->title[0] == '\0' && row->note[0] == '\0')
            continue;
        if (!any)
            title("Rows");
        any = true;
        out("%s%s: %s%s%s\n", as_markdown ? "- " : "", row->id, plain_text(row->title),
            row->title[0] != '\0' && row->note[0] != '\0' ? "; " : "", plain_text(row->note));
    }
}

/* Scores of every fold, a line a seed. */
static void print_folds(const row_run *run)
{
    if (run->sets == NULL)
        return;
    table *t = table_new("rlrr");
    static const char *const heading[] = {"seed", "folds", "mean", "deviation"};
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    for (size_t seed = 0; seed < run->seeds.n; seed++) {
        const hem_job *jobs = &run->jobs[seed * run->per_seed];
        hem_statistics s = jobs_statistics(jobs, run->per_seed, HEM_VALIDATION, false);
        const char *scores = "";
        for (size_t k = 0; k < run->per_seed; k++)
            scores = text("%s%s%s", scores, k > 0 ? " " : "",
                          percent_text(job_value(&jobs[k], HEM_VALIDATION, false)));
        table_cell(t, "%llu", (unsigned long long)(run->seeds.first + seed));
        table_cell(t, "%s", scores);
        table_cell(t, "%s", percent_text(s.mean));
        table_cell(t, "%s", percent_text(s.deviation));
    }
    title(text("%s: validation accuracy of the folds in %%", run->row->id));
    table_print(t);
}

static double reported_recall(const ref_confusion *c, size_t class)
{
    size_t total = 0;
    for (size_t j = 0; j < c->n; j++)
        total += c->counts[class * c->n + j];
    return total == 0 ? (double)NAN : (double)c->counts[class * c->n + class] / (double)total;
}

/* Whether the row's data has the classes of the published matrix. */
static bool comparable(const row_run *run)
{
    return run->row->confusion != NULL &&
           run->row->confusion->n == (size_t)hem_data_get_info(run->data).n_classes;
}

static void print_recall(const row_run *run)
{
    const ref_confusion *c = run->row->confusion;
    static const char *const heading[] = {"class", "reported", "ours", "95 % of the mean",
                                          "difference"};
    if (c == NULL)
        return;
    if (!comparable(run)) {
        out("\n%s: the published matrix has %zu classes, the data %d\n", run->row->id, c->n,
            hem_data_get_info(run->data).n_classes);
        return;
    }
    table *t = begin("lrrrr", heading, COUNT(heading));
    for (size_t k = 0; k < c->n; k++) {
        hem_statistics ours = statistics_of(run, recall_of, (int)k);
        double theirs = reported_recall(c, k), difference = ours.mean - theirs;
        table_cell(t, "%s", hem_data_get_info(run->data).class_names[k]);
        table_cell(t, "%s", percent_text(theirs));
        table_cell(t, "%s", percent_text(ours.mean));
        table_cell(t, "%s", accuracy_range(ours.interval));
        table_cell(t, "%s", isnan(difference) ? "--" : text("%+.2f", 100.0 * difference));
    }
    title(text("%s: recall by class on the test images in %%", run->row->id));
    table_print(t);
}

static void print_claims(const reproduction *r)
{
    static const char *const heading[] = {"claim", "better", "worse",  "difference",
                                          "95 %",  "pairs",  "verdict"};
    hem_paired p;
    size_t n = 0;
    table *t = begin("lllrrrl", heading, COUNT(heading));
    for (size_t i = 0; i < r->ref.n_claims; i++) {
        const ref_claim *claim = &r->ref.claims[i];
        if (!compare(r, claim, &p))
            continue;
        n++;
        table_cell(t, "%s", claim->id);
        table_cell(t, "%s", claim->better->id);
        table_cell(t, "%s", claim->worse->id);
        double mean = p.difference.mean;
        table_cell(t, "%s", isnan(mean) ? "--" : text("%+.2f", 100.0 * mean));
        table_cell(t, "%s", percent_range(p.difference.interval));
        table_cell(t, "%zu", p.difference.n);
        table_cell(t, "%s", claim_verdict(&p));
    }
    if (n == 0) {
        table_drop(t);
        return;
    }
    title("Claims: test accuracy in points, paired by seed");
    table_print(t);
    out("%sholds, the other way round: the 95 %% interval of the mean difference lies above, below "
        "0;\nwhere there is no difference, one claim of 20 gets such a verdict by chance.\n%s",
        as_markdown ? "\n" : "", as_markdown ? "\n" : "");
    for (size_t i = 0; i < r->ref.n_claims; i++) {
        const ref_claim *claim = &r->ref.claims[i];
        if (compare(r, claim, &p) && claim->text[0] != '\0')
            out("%s%s: %s%s\n", as_markdown ? "- " : "", claim->id, plain_text(claim->text),
                claim->report[0] != '\0' ? text(" (report %s)", plain_text(claim->report)) : "");
    }
}

static const char *machine_text(const reproduction *r)
{
    int threads = hem_context_threads(r->s.context);
    return text("hemline %s%s%s, %s, %s kernels, %d thread%s", HEM_VERSION,
                HEM_COMMIT[0] != '\0' ? " commit " : "", HEM_COMMIT, hem_cpu_name(),
                hem_context_tier(r->s.context), threads, threads == 1 ? "" : "s");
}

void reproduce_print(const reproduction *r, bool markdown)
{
    as_markdown = tables_as_markdown = markdown;
    for (size_t i = 0, told = 0; i < r->n_rows && !told; i++) {
        if (hem_data_get_info(r->rows[i].data).synthetic) {
            out("synthetic data: drawn by hemline, not photographs\n");
            told = 1;
        }
    }
    print_rows(r);
    print_notes(r);
    for (size_t i = 0; i < r->n_rows; i++)
        print_folds(&r->rows[i]);
    for (size_t i = 0; i < r->n_rows; i++)
        print_recall(&r->rows[i]);
    print_claims(r);
    out("\n%s\n", machine_text(r));
    out("%zu runs, %.0f seconds of training in all; this command took %.0f seconds\n", r->n_jobs,
        all_seconds(r), r->seconds);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *recall_json(const row_run *run)
{
    json_t *list = need(json_array());
    for (size_t k = 0; comparable(run) && k < run->row->confusion->n; k++) {
        hem_statistics ours = statistics_of(run, recall_of, (int)k);
        json_t *object = need(json_object());
        json_put(object, "class", json_text(hem_data_get_info(run->data).class_names[k]));
        json_put(object, "reported", json_number(reported_recall(run->row->confusion, k)));
        json_put(object, "ours", statistics_json(&ours));
        json_add(list, object);
    }
    return list;
}

static json_t *row_json(const row_run *run)
{
    const ref_row *row = run->row;
    json_t *object = need(json_object()), *overrides = need(json_array());
    json_t *parts = need(json_object()), *runs = need(json_array());
    for (size_t i = 0; i < row->overrides.n; i++)
        json_add(overrides, json_text(row->overrides.items[i]));
    json_put(object, "id", json_text(row->id));
    json_put(object, "title", json_text(row->title));
    json_put(object, "experiment", json_text(row->experiment));
    json_put(object, "overrides", overrides);
    json_put(object, "method", json_text(row->folds > 0 ? "kfold" : "train"));
    json_put(object, "folds", row->folds > 0 ? json_integer(row->folds) : json_null());
    json_put(object, "known", json_boolean(row->known));
    json_put(object, "note", json_text(row->note));
    json_put(object, "folder", json_text(run->folder));
    json_put(object, "data_sha256", json_text(hem_data_get_info(run->data).sha256));
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
        hem_statistics ours = statistics_of(run, accuracy_of, (int)part);
        json_t *one = need(json_object());
        json_put(one, "reported", json_number(row->reported[part]));
        json_put(one, "ours", statistics_json(&ours));
        json_put(one, "verdict", json_text(verdict_of(row->reported[part], &ours)));
        json_put(parts, part_names[part], one);
    }
    json_put(object, "accuracy", parts);
    json_put(object, "recall", recall_json(run));
    json_put(object, "seconds", json_number(run_seconds(run)));
    for (size_t i = 0; i < run->seeds.n * run->per_seed; i++) {
        json_t *job = job_json(&run->jobs[i]);
        if (row->folds > 0)
            json_put(job, "fold", json_count(i % run->per_seed + 1));
        json_add(runs, job);
    }
    json_put(object, "runs", runs);
    return object;
}

static json_t *claims_json(const reproduction *r)
{
    json_t *list = need(json_array());
    hem_paired p;
    for (size_t i = 0; i < r->ref.n_claims; i++) {
        const ref_claim *claim = &r->ref.claims[i];
        if (!compare(r, claim, &p))
            continue;
        json_t *object = need(json_object());
        json_put(object, "id", json_text(claim->id));
        json_put(object, "text", json_text(claim->text));
        json_put(object, "report", json_text(claim->report));
        json_put(object, "better", json_text(claim->better->id));
        json_put(object, "worse", json_text(claim->worse->id));
        json_put(object, "difference", statistics_json(&p.difference));
        json_put(object, "verdict", json_text(claim_verdict(&p)));
        json_add(list, object);
    }
    return list;
}

int reproduce_print_json(const reproduction *r)
{
    json_t *object = need(json_object()), *rows = need(json_array());
    json_put(object, "hemline", json_text(HEM_VERSION));
    json_put(object, "commit", HEM_COMMIT[0] != '\0' ? json_text(HEM_COMMIT) : json_null());
    json_put(object, "machine", json_text(hem_cpu_name()));
    json_put(object, "tier", json_text(hem_context_tier(r->s.context)));
    json_put(object, "threads", json_integer(hem_context_threads(r->s.context)));
    for (size_t i = 0; i < r->n_rows; i++)
        json_add(rows, row_json(&r->rows[i]));
    json_put(object, "rows", rows);
    json_put(object, "claims", claims_json(r));
    json_put(object, "training_seconds", json_number(all_seconds(r)));
    json_put(object, "wall_seconds", json_number(r->seconds));
    return out_json(object);
}
