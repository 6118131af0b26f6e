/* Running a network on one image. */
#ifndef HEM_INSPECT_RUN_H
#define HEM_INSPECT_RUN_H

#include "net/inside.h"

/* A batch of one image, scaled as the network's are; image and values must outlive its use. */
hem__batch_f32 hem__one_image(const hem_net *net, const uint8_t *const *image, hem__values *values);

#endif
