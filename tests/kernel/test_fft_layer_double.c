/* In double precision, which the gradient check runs on: see fft_layer.h. */
#define HEM_REAL_IS_DOUBLE 1
#include "fft_layer.h"
