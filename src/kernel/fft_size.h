/* Sizes of Fourier transforms (contract_fft.h). */
#ifndef HEM_KERNEL_FFT_SIZE_H
#define HEM_KERNEL_FFT_SIZE_H

#include "kernel/contract_fft.h"

/* The smallest size that is at least `least`; 0 = none is. */
int hem__fft_size(int least);
/* Tables of a size that hem__fft_size() gave. */
void hem__fft_axis_init(int n, hem__fft_axis *axis);

#endif
