/* `hemline data show`: images in the terminal. */
#ifndef HEM_CLI_DATA_SHOW_H
#define HEM_CLI_DATA_SHOW_H

#include <stddef.h>

#include "hemline/data.h"

/* Prints `count` images of a part from `index` on, with labels, as many side by side as fit; epoch
 * > 0: as the experiment's augmentation changes them in that epoch. */
void show_images(const hem_spec *spec, int epoch, const hem_data *data, hem_part part, size_t index,
                 size_t count);

#endif
