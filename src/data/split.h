/* Cutting the training files into a training and a validation part. */
#ifndef HEM_DATA_SPLIT_H
#define HEM_DATA_SPLIT_H

#include "data/data.h"

/* Fills data->rows and data->info.n from the counts of data->files. Rows of every part ascend. A
 * `fraction: f` takes round(f n) rows, the first of a permutation drawn with the split's own seed;
 * with `stratify` of each class floor(f n_class) of them, and one more of the classes with the
 * largest remainders until there are as many. Validation files of their own leave all rows to
 * training. HEM_ERR_USAGE with the place in the experiment where a part would be empty. */
hem_status hem__split(hem_data *data, const hem_spec *spec, hem_error *err);

#endif
