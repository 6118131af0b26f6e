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
    case HEM__VALIDATION_FILES: /* none of these rows */
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

/* How many rows of each class: fraction * rows of the class, rounded down; what is left of `count`
 * goes to the classes with the largest remainders, among equals to the first. */
static void share_out(const hem__images_labelled *file, double fraction, size_t count,
                      size_t quota[256])
{
    size_t rows[256] = {0}, given = 0;
    double rest[256];
    for (size_t i = 0; i < file->n; i++)
        rows[file->labels[i]]++;
    for (int c = 0; c < 256; c++) {
        double share = fraction * (double)rows[c];
        quota[c] = (size_t)share;
        rest[c] = share - (double)quota[c];
        given += quota[c];
    }
    for (; given < count; given++) { /* count < n: some class always has a row left */
        int most = -1;
        for (int c = 0; c < 256; c++)
            if (quota[c] < rows[c] && (most < 0 || rest[c] > rest[most]))
                most = c;
        quota[most]++;
        rest[most] -= 1;
    }
}

/* Marks `count` rows drawn at random: the first of a permutation; where `stratify`, the first of
 * each class in it. */
static hem_status mark_random(bool *marks, const hem__images_labelled *file, size_t count,
                              const hem__validation_spec *validation, hem_error *err)
{
    size_t n = file->n, quota[256];
    uint32_t *order = hem__calloc(n, sizeof *order);
    if (order == NULL)
        return hem__fail_memory(err, "the validation split", n * sizeof *order);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    hem__shuffle(hem__philox_key_of(validation->seed, HEM__DRAW_SPLIT), 0, order, n);
    if (validation->stratify)
        share_out(file, validation->fraction, count, quota);
    for (size_t i = 0, marked = 0; marked < count; i++) {
        size_t *left = &quota[file->labels[order[i]]];
        if (validation->stratify && (*left)-- == 0) {
            *left = 0;
            continue;
        }
        marks[order[i]] = true;
        marked++;
    }
    free(order);
    return HEM_OK;
}

/* Marks the validation rows. */
static hem_status mark(const hem_data *data, bool *marks, size_t count,
                       const hem__validation_spec *validation, hem_error *err)
{
    const hem__images_labelled *file = &data->files[0];
    size_t n = file->n;
    if (validation->kind == HEM__VALIDATION_FOLD) {
        hem_fold fold = {.fold = validation->fold,
                         .folds = validation->folds,
                         .stratify = validation->stratify,
                         .seed = validation->seed};
        return hem__fold_mark(data, &fold, marks, err);
    }
    if (validation->kind == HEM__VALIDATION_FRACTION)
        return mark_random(marks, file, count, validation, err);
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
    bool held_back =
        validation->kind != HEM__VALIDATION_NONE && validation->kind != HEM__VALIDATION_FILES;
    if (held_back && count == 0) {
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
    HEM_TRY(new_rows(data, HEM_VALIDATION, data->own_validation ? data->files[2].n : count, err));
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
    for (size_t i = 0; data->own_validation && i < data->files[2].n; i++)
        data->rows[HEM_VALIDATION][i] = (uint32_t)i;
    free(marks);
    return status;
}
