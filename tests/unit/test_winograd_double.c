/* As test_winograd.c, in the numbers of the gradient check. */
#define HEM_REAL_IS_DOUBLE 1
static const double ALLOWED[] = {1e-14, 1e-14, 5e-14};

#include "winograd.h"
