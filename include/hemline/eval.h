/* Evaluation: a network over one part of a data set, and what can be said about the outcome. */
#ifndef HEMLINE_EVAL_H
#define HEMLINE_EVAL_H

#include "hemline/net.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A proportion with its 95 % interval. */
typedef struct hem_interval {
    double low, high;
} hem_interval;

/** Wilson score interval of `successes` in n trials (Wilson, "Probable inference", JASA 22, 1927),
 *  z = 1.959964; n = 0 gives 0..1. */
HEM_API hem_interval hem_wilson(size_t successes, size_t n);

typedef struct hem_evaluation {
    size_t n, correct;
    double loss;           /**< mean of the experiment's loss, without label smoothing */
    double accuracy;       /**< correct / n, 0..1 */
    hem_interval interval; /**< of the accuracy, 95 %, Wilson */
    int n_classes;
    size_t *confusion;               /**< [true][predicted], n_classes x n_classes */
    double *precision, *recall, *f1; /**< by class; NaN where the denominator is 0 */
} hem_evaluation;

/** Runs the network over a part. hem_evaluation_release() frees what *out points at.
 *  HEM_ERR_USAGE where the part is empty or its images do not fit the network. */
HEM_API HEM_MUST_USE hem_status hem_evaluate(hem_net *net, const hem_data *data, hem_part part,
                                             hem_evaluation *out, hem_error *err);
HEM_API void hem_evaluation_release(hem_evaluation *evaluation);

/** One off-diagonal cell of a confusion matrix, or a pair of classes taken together. */
typedef struct hem_confused {
    int true_class, predicted_class; /**< a pair counts both directions */
    size_t count;
} hem_confused;

/** The largest cells (pairs == false) or unordered pairs (pairs == true) off the diagonal, largest
 *  first, ties by class number; at most `max` and none of count 0; returns how many. */
HEM_API size_t hem_most_confused(const hem_evaluation *evaluation, bool pairs, hem_confused *out,
                                 size_t max);

#ifdef __cplusplus
}
#endif
#endif
