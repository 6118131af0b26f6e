/* The float reference kernels against naive formulas in double: see naive.h. */
#include "naive.h"
