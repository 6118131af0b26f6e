/* Cross-validation for the commands kfold and reproduce: an experiment for each fold, views of the
 * data, and the jobs. */
#ifndef HEM_CLI_FOLDS_H
#define HEM_CLI_FOLDS_H

#include "study.h"

typedef struct fold_set {
    int folds;
    hem_spec **specs; /* [folds]; specs[0] also names the study */
    hem_data **views; /* [folds] */
} fold_set;

/* Reads the experiment with each fold as its validation part. folds_release() frees what is there,
 * also after a failure. */
hem_status folds_load(fold_set *set, const char *file, text_list overrides, hem_fold fold,
                      hem_error *err);
/* Cuts `data` into them. */
hem_status folds_cut(fold_set *set, const hem_data *data, hem_fold fold, hem_error *err);
void folds_release(fold_set *set);
/* Fills set->folds jobs, "FOLDER/fold1" and so on. */
void folds_jobs(const fold_set *set, const char *folder, uint64_t seed, hem_job *jobs);

#endif
