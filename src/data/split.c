/* Training and validation rows. */
#include "data/split.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/philox.h"
#include "data/fold.h"

/* How many of n rows go to validation; more than n where the experiment asks for more. */
static size_t validation_count(const hem__validation_spec *validation, size_t n)
{
    switch (validation->kind) {
    case HEM__VALIDATION_NONE:
        return 0;
    case HEM__VALIDATION_FIRST:
    case HEM__VALIDATION_LAST:
        return validation->count > 0 ? (size_t)validation->count : 0;
    case HEM__VALIDATION_FRACTION:
        if (!(validation->fraction > 0 && validation->fraction < 1))
            return 0;
        return (size_t)(validation->fraction * (double)n + 0.5);
    case HEM__VALIDATION_FOLD:
        return hem__fold_count(n, validation->fold, validation->folds);
    }
    return 0;
}

/* Marks `count` rows drawn at random among n. */
static hem_status mark_random(bool *marks, size_t n, size_t count, uint64_t seed, hem_error *err)
{
    uint32_t *order = hem__calloc(n, sizeof *order);
    if (order == NULL)
        return hem__fail_memory(err, "the validation split", n * sizeof *order);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    hem__shuffle(hem__philox_key_of(seed, HEM__DRAW_SPLIT), 0, order, n);
    for (size_t i = 0; i < count; i++)
        marks[order[i]] = true;
    free(order);
    return HEM_OK;
}

/* Marks the validation rows. */
static hem_status mark(const hem_data *data, bool *marks, size_t count,
                       const hem__validation_spec *validation, hem_error *err)
{
    size_t n = data->files[0].n;
    if (validation->kind == HEM__VALIDATION_FOLD) {
        hem_fold fold = {.fold = validation->fold,
                         .folds = validation->folds,
                         .stratify = validation->fold_stratify,
                         .seed = validation->seed};
        return hem__fold_mark(data, &fold, marks, err);
    }
    if (validation->kind == HEM__VALIDATION_FRACTION)
        return mark_random(marks, n, count, validation->seed, err);
    size_t first = validation->kind == HEM__VALIDATION_LAST ? n - count : 0;
    for (size_t i = 0; i < count; i++)
        marks[first + i] = true;
    return HEM_OK;
}

static hem_status new_rows(hem_data *data, hem_part part, size_t n, hem_error *err)
{
    data->info.n[part] = n;
    data->rows[part] = hem__calloc(n > 0 ? n : 1, sizeof(uint32_t));
    if (data->rows[part] == NULL)
        return hem__fail_memory(err, "the rows of the data set", n * sizeof(uint32_t));
    return HEM_OK;
}

hem_status hem__split(hem_data *data, const hem_spec *spec, hem_error *err)
{
    const hem__validation_spec *validation = &spec->validation;
    size_t n = data->files[0].n, n_test = data->files[1].n;
    if (validation->kind == HEM__VALIDATION_FOLD) {
        hem_error why;
        hem_status status = hem__fold_check(validation->fold, validation->folds, n, &why);
        if (status != HEM_OK) {
            hem__spec_fail(spec, validation->at, err, "%s", why.text);
            return hem__hint(err, "%s", why.hint);
        }
    }
    size_t count = validation_count(validation, n);
    if (validation->kind != HEM__VALIDATION_NONE && count == 0) {
        hem__spec_fail(spec, validation->at, err, "the split leaves no validation image of %zu", n);
        return hem__hint(err, "give it a larger part, or write validation: none to train on all");
    }
    if (count >= n) {
        hem__spec_fail(spec, validation->at, err,
                       "%zu validation images leave no training image: there are %zu in all", count,
                       n);
        return n > 1 ? hem__hint(err, "hold back at most %zu", n - 1)
                     : hem__hint(err, "write validation: none");
    }
    HEM_TRY(new_rows(data, HEM_TRAIN, n - count, err));
    HEM_TRY(new_rows(data, HEM_VALIDATION, count, err));
    HEM_TRY(new_rows(data, HEM_TEST, n_test, err));

    bool *marks = hem__calloc(n, sizeof *marks);
    if (marks == NULL)
        return hem__fail_memory(err, "the validation split", n);
    hem_status status = mark(data, marks, count, validation, err);
    size_t used[2] = {0, 0}; /* by hem_part: training, validation */
    for (size_t i = 0; status == HEM_OK && i < n; i++)
        data->rows[marks[i] ? HEM_VALIDATION : HEM_TRAIN][used[marks[i]]++] = (uint32_t)i;
    for (size_t i = 0; i < n_test; i++)
        data->rows[HEM_TEST][i] = (uint32_t)i;
    free(marks);
    return status;
}
