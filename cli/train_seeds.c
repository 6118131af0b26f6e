/* hemline train FILE --seeds: runs side by side, and what they say together. */
#include "train_seeds.h"

#include <stdlib.h>
#include <string.h>

#include "report_after.h"
#include "study.h"

/* The jobs of one study of seeds. */
typedef struct seeds_study {
    session s;
    char folder[512];
    hem_job *jobs;
    const char **labels, **names;
    size_t n;
    double seconds; /* that this command took */
} seeds_study;

static void make_jobs(seeds_study *study, seed_range seeds)
{
    study->n = seeds.n;
    study->jobs = need(calloc(seeds.n, sizeof *study->jobs));
    study->labels = need(calloc(seeds.n, sizeof *study->labels));
    study->names = need(calloc(seeds.n, sizeof *study->names));
    for (size_t i = 0; i < seeds.n; i++) {
        unsigned long long seed = seeds.first + i;
        study->names[i] = text("%llu", seed);
        study->labels[i] = text("seed %llu", seed);
        study->jobs[i] = (hem_job){.directory = text("%s/s%llu", study->folder, seed),
                                   .spec = study->s.spec,
                                   .data = study->s.data,
                                   .seed = seed};
    }
}

static hem_status run(seeds_study *study, const char *file, seed_range seeds, const char *folder,
                      hem_error *err)
{
    session *s = &study->s;
    hem_status status = hem_spec_load(file, common.set.items, common.set.n, &s->spec, err);
    if (status == HEM_OK)
        status = session_start(s, err);
    if (status == HEM_OK)
        status = session_data(s, err);
    if (status != HEM_OK)
        return status;
    const char *wanted =
        folder != NULL ? folder : text("%s/%s-seeds", runs_folder(), hem_spec_name(s->spec));
    status = hem_study_folder(wanted, folder == NULL, HEM_STUDY_SEEDS, s->spec, s->data,
                              study->folder, err);
    if (status != HEM_OK)
        return status;
    make_jobs(study, seeds);
    talk_field("study", plain_text(study->folder));
    talk_machine(s->context);
    double began = now();
    status = run_jobs(study->jobs, study->labels, study->n, hem_context_threads(s->context), err);
    study->seconds = now() - began;
    return status;
}

static void print_text(const seeds_study *study)
{
    talk("\n");
    if (hem_data_get_info(study->s.data).synthetic)
        out("synthetic data: drawn by hemline, not photographs\n\n");
    print_jobs("seed", study->jobs, study->names, study->n);
    out("\n");
    print_statistics(study->jobs, study->n);
    out("\n%-20s  %s\n", "study", plain_text(study->folder));
}

static int print_json(const seeds_study *study)
{
    json_t *object = study_json(study->folder, study->s.spec, &study->s);
    json_t *runs = need(json_array());
    for (size_t i = 0; i < study->n; i++)
        json_add(runs, job_json(&study->jobs[i]));
    json_put(object, "runs", runs);
    json_put(object, "statistics", all_statistics_json(study->jobs, study->n));
    json_put(object, "wall_seconds", json_number(study->seconds));
    return out_json(object);
}

int train_seeds(const char *file, const char *words, const char *folder, bool with_report)
{
    seed_range seeds;
    hem_error err;
    seeds_study study = {.n = 0};
    int code = seeds_parse(words, &seeds);
    if (code != HEM_OK)
        return code;
    hem_status status = run(&study, file, seeds, folder, &err);
    if (status == HEM_INTERRUPTED) {
        code = jobs_interrupted(study.jobs, study.n);
    } else if (status != HEM_OK) {
        code = report(&err);
    } else {
        if (common.json)
            code = print_json(&study);
        else
            print_text(&study);
        if (with_report)
            report_after(study.s.context, study.folder);
        int failed = jobs_report(study.jobs, study.labels, study.n);
        code = code != HEM_OK ? code : failed;
    }
    hem_jobs_release(study.jobs, study.n);
    free(study.jobs);
    free(study.labels);
    free(study.names);
    session_close(&study.s);
    return code;
}
