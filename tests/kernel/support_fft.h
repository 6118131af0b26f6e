/* Random cases of the slots of convolution by Fourier transforms, for support_slots.c's list. */
#ifndef HEM_TESTS_KERNEL_SUPPORT_FFT_H
#define HEM_TESTS_KERNEL_SUPPORT_FFT_H

#include "support.h"

void one_fft(test_case *c);
void one_fft_back(test_case *c);
void one_fft_product(test_case *c);
void one_fft_wgrad(test_case *c);

#endif
