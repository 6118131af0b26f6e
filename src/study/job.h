/* One job of a study: what its run directory holds, and running it. */
#ifndef HEM_STUDY_JOB_H
#define HEM_STUDY_JOB_H

#include "hemline/study.h"

typedef enum hem__job_found {
    HEM__JOB_NOTHING,    /* there is no such directory */
    HEM__JOB_UNFINISHED, /* a run that can go on */
    HEM__JOB_FINISHED    /* job->state, result or error, and seconds are filled */
} hem__job_found;

/* That the experiment in a folder is this one, but for the keys in `ignored`; *seed: its own.
 * HEM_ERR_USAGE where it is not: "holds WHAT: key is .. there, .. here". */
hem_status hem__same_experiment(const char *folder, const hem_spec *spec,
                                const char *const *ignored, const char *what, uint64_t *seed,
                                hem_error *err);
/* The hint after such an error; returns its status. */
hem_status hem__untouched(hem_error *err);
/* Looks into the job's directory, for runs by kernels of `tier`. HEM_ERR_USAGE where it holds a run
 * of another experiment, seed or data set, or one in bfloat16 where this is in float, or the other
 * way round. */
hem_status hem__job_look(hem_job *job, const char *tier, hem__job_found *found, hem_error *err);
/* Trains it, or goes on with it; `options` has stop, callbacks and any other. */
hem_status hem__job_run(hem_context *context, const hem_job *job, hem_train_options options,
                        hem_train_result *out, hem_error *err);
/* Seconds of training that a result.json tells of; 0 where it tells nothing. */
double hem__job_seconds(const char *json);

#endif
