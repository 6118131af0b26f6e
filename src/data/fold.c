/* Folds of a cross-validation, and views of a data set that have one as their validation part. */
#include "data/fold.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/philox.h"

hem_status hem__fold_check(int fold, int folds, size_t n, hem_error *err)
{
    if (folds < 2) {
        hem__fail(err, HEM_ERR_USAGE, "%d fold%s: a cross-validation needs at least 2", folds,
                  folds == 1 ? "" : "s");
        return hem__hint(err, "5 and 10 are usual");
    }
    if ((size_t)folds > n) {
        hem__fail(err, HEM_ERR_USAGE, "%d folds of %zu images: every fold needs an image", folds,
                  n);
        return hem__hint(err, "at most %zu folds are possible with this data", n);
    }
    if (fold < 1 || fold > folds) {
        hem__fail(err, HEM_ERR_USAGE, "there is no fold %d of %d", fold, folds);
        return hem__hint(err, "folds count from 1 to %d", folds);
    }
    return HEM_OK;
}

size_t hem__fold_count(size_t n, int fold, int folds)
{
    return n / (size_t)folds + ((size_t)fold <= n % (size_t)folds ? 1 : 0);
}

/* Sorts rows by label, those of one label in their order. */
static void sort_by_class(const uint8_t *labels, const uint32_t *from, uint32_t *to, size_t n)
{
    size_t next[257] = {0};
    for (size_t i = 0; i < n; i++)
        next[labels[i] + 1]++;
    for (int c = 0; c < 256; c++)
        next[c + 1] += next[c];
    for (size_t i = 0; i < n; i++)
        to[next[labels[from[i]]]++] = from[i];
}

hem_status hem__fold_mark(const hem_data *data, const hem_fold *fold, bool *marks, hem_error *err)
{
    size_t n = data->files[0].n;
    uint32_t *order = hem__calloc(n, sizeof *order), *sorted = hem__calloc(n, sizeof *sorted);
    hem_status status = HEM_OK;
    if (order == NULL || sorted == NULL) {
        status = hem__fail_memory(err, "the folds", 2 * n * sizeof *order);
    } else {
        for (size_t i = 0; i < n; i++)
            order[i] = (uint32_t)i;
        hem__shuffle(hem__philox_key_of(fold->seed, HEM__DRAW_SPLIT), 1, order, n);
        if (fold->stratify)
            sort_by_class(data->files[0].labels, order, sorted, n);
        const uint32_t *dealt = fold->stratify ? sorted : order;
        for (size_t i = (size_t)fold->fold - 1; i < n; i += (size_t)fold->folds)
            marks[dealt[i]] = true;
    }
    free(order);
    free(sorted);
    return status;
}

/* ---- views ---------------------------------------------------------------------------------- */

static hem_status take_rows(hem_data *view, const hem_data *data, const bool *marks, size_t count,
                            hem_error *err)
{
    size_t n = data->files[0].n, n_test = data->info.n[HEM_TEST], used[2] = {0, 0};
    view->info.n[HEM_TRAIN] = n - count;
    view->info.n[HEM_VALIDATION] = count;
    for (int part = 0; part < 3; part++) {
        view->rows[part] = hem__calloc(view->info.n[part] + 1, sizeof *view->rows[part]);
        if (view->rows[part] == NULL)
            return hem__fail_memory(err, "the rows of a fold", n * sizeof *view->rows[part]);
    }
    for (size_t i = 0; i < n; i++)
        view->rows[marks[i] ? HEM_VALIDATION : HEM_TRAIN][used[marks[i]]++] = (uint32_t)i;
    if (n_test > 0)
        memcpy(view->rows[HEM_TEST], data->rows[HEM_TEST], n_test * sizeof *view->rows[HEM_TEST]);
    return HEM_OK;
}

hem_status hem_data_fold(const hem_data *data, const hem_fold *fold, hem_data **out, hem_error *err)
{
    *out = NULL;
    size_t n = data->files[0].n;
    HEM_TRY(hem__fold_check(fold->fold, fold->folds, n, err));
    hem_data *view = hem__calloc(1, sizeof *view);
    bool *marks = hem__calloc(n, sizeof *marks);
    hem_status status = HEM_OK;
    if (view == NULL || marks == NULL) {
        status = hem__fail_memory(err, "a fold", n);
    } else {
        *view = *data;
        view->borrowed = true;
        view->own_validation = false;
        memset(view->rows, 0, sizeof view->rows);
        status = hem__fold_mark(data, fold, marks, err);
        if (status == HEM_OK)
            status = take_rows(view, data, marks, hem__fold_count(n, fold->fold, fold->folds), err);
    }
    free(marks);
    if (status == HEM_OK)
        *out = view;
    else
        hem_data_free(view);
    return status;
}
