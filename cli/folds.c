/* Cross-validation, prepared. */
#include "folds.h"

#include <stdlib.h>

hem_status folds_load(fold_set *set, const char *file, text_list overrides, hem_fold fold,
                      hem_error *err)
{
    size_t n = overrides.n;
    const char **list = need(calloc(n + 1, sizeof *list));
    set->folds = fold.folds;
    set->specs = need(calloc((size_t)fold.folds, sizeof *set->specs));
    for (size_t i = 0; i < n; i++)
        list[i] = overrides.items[i];
    hem_status status = HEM_OK;
    for (int k = 0; k < fold.folds && status == HEM_OK; k++) {
        list[n] = text("validation={fold: %d, of: %d, stratify: %s, seed: %llu}", k + 1, fold.folds,
                       fold.stratify ? "true" : "false", (unsigned long long)fold.seed);
        status = hem_spec_load(file, list, n + 1, &set->specs[k], err);
    }
    free(list);
    return status;
}

hem_status folds_cut(fold_set *set, const hem_data *data, hem_fold fold, hem_error *err)
{
    set->views = need(calloc((size_t)set->folds, sizeof *set->views));
    hem_status status = HEM_OK;
    for (fold.fold = 1; fold.fold <= set->folds && status == HEM_OK; fold.fold++)
        status = hem_data_fold(data, &fold, &set->views[fold.fold - 1], err);
    return status;
}

void folds_release(fold_set *set)
{
    for (int k = 0; k < set->folds; k++) {
        if (set->specs != NULL)
            hem_spec_free(set->specs[k]);
        if (set->views != NULL)
            hem_data_free(set->views[k]);
    }
    free(set->specs);
    free(set->views);
    *set = (fold_set){0};
}

void folds_jobs(const fold_set *set, const char *folder, uint64_t seed, hem_job *jobs)
{
    for (int k = 0; k < set->folds; k++) {
        jobs[k] = (hem_job){.directory = text("%s/fold%d", folder, k + 1),
                            .spec = set->specs[k],
                            .data = set->views[k],
                            .seed = seed};
    }
}
