/* How far a network's confidence can be believed, and the figures of each class. */
#include <math.h>
#include <string.h>

#include "eval/metrics.h"
#include "report/chart.h"

static size_t bin_of(double confidence)
{
    double bin = ceil(confidence * HEM__CALIBRATION_BINS) - 1;
    return bin < 0 ? 0 : bin >= HEM__CALIBRATION_BINS ? HEM__CALIBRATION_BINS - 1 : (size_t)bin;
}

void hem__calibration_of(const float *probabilities, const int *labels, const int *predicted,
                         size_t n, int n_classes, hem__calibration *out)
{
    double sums[HEM__CALIBRATION_BINS] = {0}, total = 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        double confidence = (double)probabilities[i * (size_t)n_classes + (size_t)predicted[i]];
        if (!isfinite(confidence))
            continue;
        size_t bin = bin_of(confidence);
        out->n++;
        out->counts[bin]++;
        out->correct[bin] += labels[i] == predicted[i];
        sums[bin] += confidence;
        total += confidence;
    }
    for (int i = 0; i < HEM__CALIBRATION_BINS; i++) {
        double count = (double)out->counts[i];
        out->confidence[i] = count > 0 ? sums[i] / count : (double)NAN;
        if (count > 0)
            out->error += fabs((double)out->correct[i] - sums[i]) / (double)out->n;
    }
    out->mean_confidence = out->n > 0 ? total / (double)out->n : (double)NAN;
}

/* F1 = 2 TP / (2 TP + FP + FN) = 2 J / (1 + J) with J = TP / (TP + FP + FN), a proportion: its
 * Wilson interval, carried over. */
static hem_interval f1_interval(size_t hits, size_t either)
{
    hem_interval j = hem_wilson(hits, either);
    return (hem_interval){2 * j.low / (1 + j.low), 2 * j.high / (1 + j.high)};
}

void hem__class_figures_of(const hem_evaluation *e, hem__class_figures *out)
{
    for (size_t c = 0; c < (size_t)e->n_classes; c++) {
        hem__class_counts n = hem__class_counts_of(e, c);
        out[c] = (hem__class_figures){.value = {e->precision[c], e->recall[c], e->f1[c]},
                                      .interval = {hem_wilson(n.hits, n.called),
                                                   hem_wilson(n.hits, n.is),
                                                   f1_interval(n.hits, n.is + n.called - n.hits)},
                                      .images = n.is};
    }
}
