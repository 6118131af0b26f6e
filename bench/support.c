#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double cpu_seconds(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
        return 0;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

float *numbers(size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof *p + 63) / 64 * 64);
    if (p == NULL) {
        fprintf(stderr, "no memory for %zu numbers\n", n);
        exit(7);
    }
    for (size_t i = 0; i < n; i++)
        p[i] = (float)(i * 2654435761u >> 7 & 1023) / 1024 - 0.5f;
    return p;
}
