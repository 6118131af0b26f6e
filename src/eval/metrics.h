/* From predictions to figures, without a network. */
#ifndef HEM_EVAL_METRICS_H
#define HEM_EVAL_METRICS_H

#include "base/error.h"
#include "hemline/eval.h"

/* Room for the figures of n_classes classes, all zero. */
hem_status hem__evaluation_init(hem_evaluation *out, int n_classes, hem_error *err);
/* Counts one image. Its loss is added in double: call it in the order of the images. */
void hem__evaluation_add(hem_evaluation *out, int label, int predicted, float loss);
/* Of a class: images that are it, were called it, and both. */
typedef struct hem__class_counts {
    size_t is, called, hits;
} hem__class_counts;
hem__class_counts hem__class_counts_of(const hem_evaluation *evaluation, size_t class);
/* Means, interval and figures by class, once every image is counted. */
void hem__evaluation_finish(hem_evaluation *out);

#endif
