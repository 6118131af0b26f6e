/* The double reference kernels, which the gradient check runs on: see naive.h. */
#define HEM_REAL_IS_DOUBLE 1
#include "naive.h"
