/* Drawn images: ten simple shapes with random place, size, brightness and noise, for tests and for
 * where no data set can be had. */
#ifndef HEM_DATA_SYNTHETIC_H
#define HEM_DATA_SYNTHETIC_H

#include "data/data.h"

enum { HEM__N_SHAPES = 10 };

/* The name of a shape, that is of a class; a static string. */
const char *hem__shape_name(int shape);
/* Refuses sizes that cannot be drawn: HEM_ERR_USAGE at the experiment's place. */
hem_status hem__synthetic_check(const hem_spec *spec, hem_error *err);
/* Draws n images of a part (HEM_TRAIN or HEM_TEST): *out is the caller's to free. The bytes depend
 * on the seed, the sizes and the image's number only, and are the same on every machine. */
hem_status hem__synthetic_draw(const hem__data_spec *spec, hem_part part, hem__images_labelled *out,
                               hem_error *err);

#endif
