/* Data sets that are not IDX, and validation files of every kind. */
#ifndef HEM_DATA_LOAD_H
#define HEM_DATA_LOAD_H

#include "data/set.h"

/* Reads the training and test images of data that is csv, images, npz or npy. *source: where it
 * came from; free() it, also on failure. On failure *out may be half filled: release it. Relative
 * paths are looked for in the directory of --data where one is given; for images it is the folder.
 */
hem_status hem__load(const hem_spec *spec, const hem_data_options *options, hem__set *out,
                     char **source, hem_error *err);
/* Reads validation files into set->own. `source` as hem__load() gave it. */
hem_status hem__load_validation(const hem_spec *spec, const hem_data_options *options,
                                const char *source, hem__set *set, hem_error *err);

#endif
