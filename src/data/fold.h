/* Cutting the images of the training files into folds. */
#ifndef HEM_DATA_FOLD_H
#define HEM_DATA_FOLD_H

#include "data/data.h"

/* HEM_ERR_USAGE where there is no such fold, or there are more folds than images. */
hem_status hem__fold_check(int fold, int folds, size_t n, hem_error *err);
/* Images of a fold among n: n / folds, one more in the first n % folds. */
size_t hem__fold_count(size_t n, int fold, int folds);
/* Sets marks[row] for the fold's rows of the training files. The rows are shuffled (Philox, see
 * HEM__DRAW_SPLIT), under `stratify` then sorted by class, equal ones in their order; the i-th goes
 * to fold i % folds + 1. So folds differ by at most one image, and under `stratify` by at most one
 * of each class. */
hem_status hem__fold_mark(const hem_data *data, const hem_fold *fold, bool *marks, hem_error *err);

#endif
