/* The monotonic clock. */
#include "base/clock.h"

#include <time.h>

double hem__now(void)
{
    struct timespec t;
    /* CLOCK_MONOTONIC cannot fail on Linux; zero keeps a rate finite if it ever did. */
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        return 0.0;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
