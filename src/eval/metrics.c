/* Counts of a confusion matrix, and what follows from them. */
#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

hem_status hem__evaluation_init(hem_evaluation *out, int n_classes, hem_error *err)
{
    size_t C = (size_t)n_classes, cells;
    memset(out, 0, sizeof *out);
    out->n_classes = n_classes;
    if (hem__mul_size(C, C, &cells)) {
        out->confusion = hem__calloc(cells, sizeof *out->confusion);
        out->precision = hem__calloc(C, sizeof *out->precision);
        out->recall = hem__calloc(C, sizeof *out->recall);
        out->f1 = hem__calloc(C, sizeof *out->f1);
    }
    if (out->confusion != NULL && out->precision != NULL && out->recall != NULL && out->f1 != NULL)
        return HEM_OK;
    hem_evaluation_release(out);
    return hem__fail_memory(err, "a confusion matrix", 0);
}

void hem__evaluation_add(hem_evaluation *out, int label, int predicted, float loss)
{
    out->n++;
    out->correct += label == predicted;
    out->loss += (double)loss;
    out->confusion[(size_t)label * (size_t)out->n_classes + (size_t)predicted]++;
}

static double ratio(size_t a, size_t b)
{
    return b == 0 ? (double)NAN : (double)a / (double)b;
}

hem__class_counts hem__class_counts_of(const hem_evaluation *evaluation, size_t class)
{
    size_t C = (size_t)evaluation->n_classes;
    hem__class_counts n = {.hits = evaluation->confusion[class * C + class]};
    for (size_t k = 0; k < C; k++) {
        n.is += evaluation->confusion[class * C + k];
        n.called += evaluation->confusion[k * C + class];
    }
    return n;
}

void hem__evaluation_finish(hem_evaluation *out)
{
    for (size_t c = 0; c < (size_t)out->n_classes; c++) {
        hem__class_counts n = hem__class_counts_of(out, c);
        out->precision[c] = ratio(n.hits, n.called);
        out->recall[c] = ratio(n.hits, n.is);
        out->f1[c] = ratio(2 * n.hits, n.is + n.called); /* the harmonic mean of both */
    }
    out->loss = out->n > 0 ? out->loss / (double)out->n : (double)NAN;
    out->accuracy = ratio(out->correct, out->n);
    out->interval = hem_wilson(out->correct, out->n);
}

void hem_evaluation_release(hem_evaluation *evaluation)
{
    free(evaluation->confusion);
    free(evaluation->precision);
    free(evaluation->recall);
    free(evaluation->f1);
    memset(evaluation, 0, sizeof *evaluation);
}
