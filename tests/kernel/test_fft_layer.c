/* In single precision: see fft_layer.h. */
#include "fft_layer.h"
