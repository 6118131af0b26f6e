/* exp, log, tanh, sigmoid and the activations over many floats: the reference against double
 * precision, by the bounds of kernel/functions.h, and the tiers against the reference. */
#ifndef HEM_TESTS_KERNEL_SUPPORT_FUNCTIONS_H
#define HEM_TESTS_KERNEL_SUPPORT_FUNCTIONS_H

#include <stdint.h>

/* Every `step`-th float of all 2^32 bit patterns. Fails the running cmocka test. */
void check_functions(uint64_t step);
/* Likewise elu, gelu and silu, and the slopes of the last two. */
void check_activations(uint64_t step);

#endif
