/* Studies: many runs side by side (seeds, folds), and what can be said about them together. */
#ifndef HEMLINE_STUDY_H
#define HEMLINE_STUDY_H

#include "hemline/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- statistics (formulas and sources: docs/numerics.md) ------------------------------------- */

/** The x for which a Student t variable with `freedom` > 0 degrees of freedom is below x with
 *  probability p, 0 < p < 1. NaN for other arguments. */
HEM_API double hem_student_quantile(double p, double freedom);

/** What n numbers say about the process that they were drawn from, taken as normal. */
typedef struct hem_statistics {
    size_t n;         /**< numbers that are not NaN; the others do not count */
    double mean;      /**< NaN where n = 0 */
    double deviation; /**< of the sample (n - 1); NaN where n < 2 */
    double smallest, largest;
    hem_interval
        interval; /**< 95 % of the mean: mean +- t(n-1, .975) s / sqrt(n); NaN where n < 2 */
    hem_interval further; /**< 95 % of one further number: mean +- t(n-1, .975) s sqrt(1 + 1/n) */
} hem_statistics;

HEM_API hem_statistics hem_statistics_of(const double *values, size_t n);

typedef enum hem_verdict {
    HEM_VERDICT_NOISE =
        0, /**< the interval of the difference holds 0, or there are too few pairs */
    HEM_VERDICT_BETTER = 1,
    HEM_VERDICT_WORSE = 2
} hem_verdict;

/** "cannot be told from noise", "better" or "worse"; a static string. */
HEM_API const char *hem_verdict_name(hem_verdict verdict);

/** Two sides measured under the same conditions (seeds): a - b, pair by pair. */
typedef struct hem_paired {
    hem_statistics difference; /**< pairs with a NaN do not count */
    hem_verdict verdict;       /**< of a, where more is better: by the 95 % interval of the mean */
} hem_paired;

HEM_API hem_paired hem_compare_paired(const double *a, const double *b, size_t n);

/** Tukey's box plot. Quartiles interpolate linearly at position (n - 1) p (rule 7 of Hyndman and
 *  Fan, 1996; NumPy's default). Whiskers end at the outermost values within 1.5 (q3 - q1) of the
 *  box; what lies beyond is an outlier. All NaN where there is no number. */
typedef struct hem_box {
    double smallest, low_whisker, q1, median, q3, high_whisker, largest;
    size_t n, n_outliers;
} hem_box;

/** NaN values do not count. HEM_ERR_MEMORY: no room for a sorted copy. */
HEM_API HEM_MUST_USE hem_status hem_box_of(const double *values, size_t n, hem_box *out,
                                           hem_error *err);

/* ---- the folder of a study ------------------------------------------------------------------- */

typedef enum hem_study_kind {
    HEM_STUDY_SEEDS, /**< one experiment under several training seeds */
    HEM_STUDY_FOLDS  /**< the same with `validation: {fold: ...}`: fold and its seed vary too */
} hem_study_kind;

/** Finds or makes the folder for the runs of one experiment on one data set: `wanted`, or where
 *  that holds another study and `numbered` is set, `wanted`-2, `wanted`-3, ... It gets
 *  experiment.yaml, resolved.yaml and study.json when it is made. `out` receives its name.
 *  HEM_ERR_USAGE: `wanted` holds another study (the first difference is named) or something else;
 *  HEM_ERR_IO. */
HEM_API HEM_MUST_USE hem_status hem_study_folder(const char *wanted, bool numbered,
                                                 hem_study_kind kind, const hem_spec *spec,
                                                 const hem_data *data, char out[512],
                                                 hem_error *err);

/* ---- jobs ------------------------------------------------------------------------------------ */

typedef enum hem_job_state {
    HEM_JOB_WAITING = 0,
    HEM_JOB_RUNNING,
    HEM_JOB_DONE,    /**< trained now */
    HEM_JOB_FOUND,   /**< was finished before */
    HEM_JOB_STOPPED, /**< on request; its checkpoint is written */
    HEM_JOB_FAILED   /**< see error; a run that diverged, now or before, is one of these */
} hem_job_state;

/** One training run among several. */
typedef struct hem_job {
    const char
        *directory; /**< its run directory: made, gone on with, or read where it is finished */
    const hem_spec *spec; /**< borrowed */
    const hem_data *data; /**< borrowed, may be shared: split as the experiment says */
    uint64_t seed;
    double cost; /**< expected time in any unit; the dearest start first. 0 = all alike */
    /* What comes out; start from zeros. */
    hem_job_state state;
    bool resumed;        /**< went on from a checkpoint */
    double before, done; /**< share of it that was done at the start of this session, and is now */
    hem_error error;     /**< of a failed one */
    hem_train_result result; /**< of a finished one; hem_jobs_release() frees it */
    double seconds;          /**< of training, all sessions, without validation */
} hem_job;

typedef struct hem_jobs_options {
    int threads;              /**< in all; 0 = as many as allowed */
    const char *tier;         /**< as in hem_context_settings */
    const volatile int *stop; /**< set to nonzero: every running job writes its checkpoint and ends,
                                   none is started. May be NULL */
    hem_log_fn log;           /**< what the runs want to say; may be NULL */
    /** About four times a second, and whenever a job begins or ends; `jobs` does not change
     *  during the call. May be NULL. */
    void (*changed)(void *user, const hem_job *jobs, size_t n);
    void *user; /**< of log and changed; both are called from the caller's thread alone */
} hem_jobs_options;

/** Runs the jobs side by side, each on threads / jobs threads, at least one: the bits are those of
 *  hem_train() for the same experiment and seed. A directory that exists is gone on with, or read
 *  if it is finished, where experiment, seed and data are the job's; else that job fails. A job's
 *  failure stops no other. HEM_OK: every job ended, see their states; HEM_INTERRUPTED: on request;
 *  else workers could not be started. */
HEM_API HEM_MUST_USE hem_status hem_jobs_run(hem_job *jobs, size_t n,
                                             const hem_jobs_options *options, hem_error *err);
/** Frees the results. */
HEM_API void hem_jobs_release(hem_job *jobs, size_t n);

/** Multiply-adds that training takes, about: a cost to start the dearest job first by. */
HEM_API HEM_MUST_USE hem_status hem_training_cost(hem_context *context, const hem_spec *spec,
                                                  const hem_data *data, double *out,
                                                  hem_error *err);
/** Whether two experiments name the same data with the same split, so that one hem_data serves
 *  both. false also where there is no memory to compare them. */
HEM_API bool hem_same_data(const hem_spec *a, const hem_spec *b);

/** Writes what each fold's model says of the images that it was not trained on: a CSV of row,
 *  label, predicted, fold and the probability of each class, in the order of the training files.
 *  The jobs must be the folds of one cross-validation, in their order; images of a fold that
 *  is not finished are left out. */
HEM_API HEM_MUST_USE hem_status hem_out_of_fold_write(hem_context *context, const hem_job *jobs,
                                                      size_t n, const char *path, hem_error *err);

#ifdef __cplusplus
}
#endif
#endif
