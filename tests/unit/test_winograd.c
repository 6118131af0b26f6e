/* The bounds of docs/numerics.md, by hem__algorithm. */
static const double ALLOWED[] = {2e-6, 2e-6, 1e-5};

#include "winograd.h"
