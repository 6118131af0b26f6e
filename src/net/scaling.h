/* Statistics of bytes, for scale: standardize. Sums are of whole numbers and exact. */
#ifndef HEM_NET_SCALING_H
#define HEM_NET_SCALING_H

#include "net/net.h"

/* Fills the scaling that an experiment asks for from the training part. Its pixels are the caller's
 * to free(). */
hem_status hem__scaling_measure(const hem_data *data, hem__scale kind, hem__scaling *out,
                                hem_error *err);
/* A copy of its pixels, 2 * image_bytes numbers; NULL stays NULL. false: no memory. */
bool hem__scaling_copy(const hem__scaling *scaling, size_t image_bytes, hem__scaling *out);

#endif
