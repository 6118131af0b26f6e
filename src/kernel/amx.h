/* The tier amx (amx.c): makes its table, which is that of AVX-512 but for the dense slots; the
 * emulated one, for tests, is the portable tier's instead. */
#ifndef HEM_KERNEL_AMX_H
#define HEM_KERNEL_AMX_H

#include "kernel/contract.h"

void hem__amx_make(hem__kernels_f32 *table);
void hem__amx_make_emulated(hem__kernels_f32 *table);

#endif
