/* The kernel tiers: one vector source compiled for several instruction sets, and which of them this
 * CPU runs. To add a tier: its verbs in simd.h, its line in tiers.c, its flags in CMakeLists.txt;
 * `by_default` becomes true once tests/kernel has run on such a CPU (neon: under qemu-user, which
 * runs its instructions exactly; the choice there is between it and portable). */
#ifndef HEM_KERNEL_TIERS_H
#define HEM_KERNEL_TIERS_H

#include "base/error.h"
#include "kernel/contract.h"

/* Kernels of row `index` of the tier table; NULL where this CPU lacks what they need. */
const hem__kernels_f32 *hem__tier_kernels(size_t index);

/* Row of the tier to use: `name`, else what HEMLINE_CPU names, else the best that is runnable and
 * has by_default. HEM_ERR_USAGE: no such tier, or this CPU lacks it. */
hem_status hem__tier_choose(const char *name, size_t *index, hem_error *err);

#endif
