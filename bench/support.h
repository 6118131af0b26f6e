/* What the benchmarks of kernels share. */
#ifndef HEM_BENCH_SUPPORT_H
#define HEM_BENCH_SUPPORT_H

#include <stddef.h>

/* The clock of this thread: other programs disturb it, but less. */
double cpu_seconds(void);
/* Aligned numbers in [-0.5, 0.5); ends the program where there is no memory for them. */
float *numbers(size_t n);

#endif
