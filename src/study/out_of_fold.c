/* Out-of-fold predictions: of every training image by the model that did not see it. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "hemline/study.h"

/* All rows' answers, filled fold by fold. */
typedef struct answers {
    size_t n, n_classes;
    float *probabilities;    /* [n][n_classes] by row of the training files */
    int32_t *labels, *folds; /* folds: from 1; 0 = no fold has had this row */
} answers;

static void release(answers *a)
{
    free(a->probabilities);
    free(a->labels);
    free(a->folds);
}

static hem_status make(answers *a, hem_data_info info, hem_error *err)
{
    size_t cells;
    a->n = info.n[HEM_TRAIN] + info.n[HEM_VALIDATION];
    a->n_classes = (size_t)info.n_classes;
    if (hem__mul_size(a->n, a->n_classes, &cells)) {
        a->probabilities = hem__calloc(cells, sizeof *a->probabilities);
        a->labels = hem__calloc(a->n, sizeof *a->labels);
        a->folds = hem__calloc(a->n, sizeof *a->folds);
    }
    return a->probabilities != NULL && a->labels != NULL && a->folds != NULL
               ? HEM_OK
               : hem__fail_memory(err, "the out-of-fold predictions", a->n * a->n_classes * 4);
}

/* One batch of the fold's own images, from `first` on. */
static hem_status ask_some(hem_net *net, const hem_data *data, size_t first, size_t n, int fold,
                           uint8_t *images, float *probabilities, answers *a, hem_error *err)
{
    hem_data_info info = hem_data_get_info(data);
    size_t bytes = (size_t)info.height * (size_t)info.width * (size_t)info.channels;
    for (size_t i = 0; i < n; i++)
        memcpy(images + i * bytes, hem_data_image(data, HEM_VALIDATION, first + i), bytes);
    HEM_TRY(hem_net_predict(net, images, n, probabilities, err));
    for (size_t i = 0; i < n; i++) {
        size_t row = hem_data_row(data, HEM_VALIDATION, first + i);
        if (row >= a->n || a->folds[row] != 0)
            return hem__fail(err, HEM_ERR_INTERNAL, "row %zu is in two folds", row);
        a->folds[row] = fold;
        a->labels[row] = hem_data_label(data, HEM_VALIDATION, first + i);
        memcpy(a->probabilities + row * a->n_classes, probabilities + i * a->n_classes,
               a->n_classes * sizeof *probabilities);
    }
    return HEM_OK;
}

static hem_status ask_all(hem_net *net, const hem_data *data, int fold, answers *a, hem_error *err)
{
    enum { BATCH = 256 };
    hem_data_info info = hem_data_get_info(data);
    size_t bytes = (size_t)info.height * (size_t)info.width * (size_t)info.channels;
    uint8_t *images = hem__calloc(BATCH, bytes);
    float *probabilities = hem__calloc(BATCH, a->n_classes * sizeof *probabilities);
    hem_status status = images == NULL || probabilities == NULL
                            ? hem__fail_memory(err, "a batch of images", BATCH * bytes)
                            : HEM_OK;
    for (size_t first = 0; status == HEM_OK && first < info.n[HEM_VALIDATION]; first += BATCH) {
        size_t left = info.n[HEM_VALIDATION] - first;
        status = ask_some(net, data, first, left < BATCH ? left : BATCH, fold, images,
                          probabilities, a, err);
    }
    free(images);
    free(probabilities);
    return status;
}

static hem_status ask_fold(hem_context *context, const hem_job *job, int fold, answers *a,
                           hem_error *err)
{
    hem_net *net;
    char *path = hem_model_path(job->directory);
    if (path == NULL)
        return hem__fail_memory(err, "a path", 0);
    hem_status status = hem_net_load(context, path, &net, err);
    free(path);
    HEM_TRY(status);
    status = ask_all(net, job->data, fold, a, err);
    hem_net_free(net);
    return status;
}

/* The largest probability, the first of equal ones. */
static size_t predicted(const float *p, size_t n)
{
    size_t best = 0;
    for (size_t c = 1; c < n; c++)
        best = p[c] > p[best] ? c : best;
    return best;
}

static hem_status write_csv(const answers *a, const char *path, hem_error *err)
{
    hem__str csv = {0};
    hem__str_add(&csv, "row,label,predicted,fold");
    for (size_t c = 0; c < a->n_classes; c++)
        hem__str_printf(&csv, ",p%zu", c);
    hem__str_add(&csv, "\n");
    for (size_t row = 0; row < a->n && !csv.failed; row++) {
        const float *p = a->probabilities + row * a->n_classes;
        if (a->folds[row] == 0)
            continue; /* of a fold that failed */
        hem__str_printf(&csv, "%zu,%d,%zu,%d", row, (int)a->labels[row], predicted(p, a->n_classes),
                        (int)a->folds[row]);
        for (size_t c = 0; c < a->n_classes; c++)
            hem__str_printf(&csv, ",%.9g", (double)p[c]); /* reads back to the same float */
        hem__str_add(&csv, "\n");
    }
    hem_status status = csv.failed ? hem__fail_memory(err, path, csv.length)
                                   : hem__file_write(path, csv.text, csv.length, err);
    hem__str_release(&csv);
    return status;
}

hem_status hem_out_of_fold_write(hem_context *context, const hem_job *jobs, size_t n,
                                 const char *path, hem_error *err)
{
    answers a = {0};
    if (n == 0)
        return hem__fail(err, HEM_ERR_USAGE, "a cross-validation without a fold");
    hem_status status = make(&a, hem_data_get_info(jobs[0].data), err);
    for (size_t i = 0; i < n && status == HEM_OK; i++) {
        if (jobs[i].state == HEM_JOB_DONE || jobs[i].state == HEM_JOB_FOUND)
            status = ask_fold(context, &jobs[i], (int)i + 1, &a, err);
    }
    if (status == HEM_OK)
        status = write_csv(&a, path, err);
    release(&a);
    return status;
}
