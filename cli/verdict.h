/* An evaluation as text and as JSON. */
#ifndef HEM_CLI_VERDICT_H
#define HEM_CLI_VERDICT_H

#include "hemline/eval.h"

#include "output.h"

/* The confusion matrix, rows true, columns predicted, with each class's recall at the row's end. */
void print_confusion(const hem_evaluation *e, const char *const *class_names);
/* "most confused cell ..." and "pair": one line each, `n` of them. */
void print_most_confused(const hem_evaluation *e, const char *const *class_names, size_t n);
/* "92.24 % (91.47 to 92.95)" */
const char *accuracy_text(const hem_evaluation *e);
/* n, correct, accuracy, interval, loss, precision, recall, f1, confusion, most confused. */
void put_evaluation(json_t *object, const hem_evaluation *e, const char *const *class_names);

#endif
