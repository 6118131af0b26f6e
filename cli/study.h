/* What the commands of many runs share: seeds, progress, tables of runs and of statistics. */
#ifndef HEM_CLI_STUDY_H
#define HEM_CLI_STUDY_H

#include "hemline/study.h"

#include "common.h"

/* Seeds that follow each other. */
typedef struct seed_range {
    uint64_t first;
    size_t n;
} seed_range;

/* "10" = seeds 0 to 9, "1-10" = seeds 1 to 10. Returns the exit code: HEM_OK, or HEM_ERR_USAGE with
 * two lines written. */
int seeds_parse(const char *words, seed_range *out);

/* Runs jobs with a line on standard error for each that ends, and the bar; catches signals.
 * labels[i] names job i: "seed 3". HEM_INTERRUPTED where a signal
 * stopped some of them. */
hem_status run_jobs(hem_job *jobs, const char *const *labels, size_t n, int threads,
                    hem_error *err);
/* Says how many runs of an interrupted study are finished; returns the exit code. */
int jobs_interrupted(const hem_job *jobs, size_t n);
/* Reports every failed job on standard error; the exit code that they mean: 0 where all went well,
 * 3 where runs diverged, else that of the first other failure. */
int jobs_report(const hem_job *jobs, const char *const *labels, size_t n);
bool job_is_finished(const hem_job *job);

/* Accuracy (0 to 1) or loss of a finished job's part; NaN where there is none. */
double job_value(const hem_job *job, hem_part part, bool loss);
/* The statistics of one value over jobs. */
hem_statistics jobs_statistics(const hem_job *jobs, size_t n, hem_part part, bool loss);

/* A row a job: accuracy and loss of each part that any of them has, seconds, what went wrong. */
void print_jobs(const char *heading, const hem_job *jobs, const char *const *names, size_t n);
/* A row a value: mean, deviation, both intervals; a sentence where there is none. */
void print_statistics(const hem_job *jobs, size_t n);
/* "87.12" of 0.8712; "--" of NaN. And "87.01 to 87.23". */
const char *percent_text(double x);
const char *percent_range(hem_interval interval);
/* The same of accuracies: what lies below 0 or above 100 % is left away. */
const char *accuracy_range(hem_interval interval);

/* What a study's JSON begins with: its folder, experiment, kernels and data. */
json_t *study_json(const char *folder, const hem_spec *spec, const session *s);
/* {run, seed, state, train: {accuracy, loss}, ..., seconds} */
json_t *job_json(const hem_job *job);
/* {n, mean, deviation, interval: [..], further: [..]} */
json_t *statistics_json(const hem_statistics *s);
/* {train: {accuracy: .., loss: ..}, ...} */
json_t *all_statistics_json(const hem_job *jobs, size_t n);

#endif
