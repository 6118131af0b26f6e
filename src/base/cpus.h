/* Which CPUs this process may use, and how much of them. */
#ifndef HEM_BASE_CPUS_H
#define HEM_BASE_CPUS_H

#include <stdbool.h>
#include <stddef.h>

/* Number of CPUs in the affinity mask of the calling thread; at least 1. */
int hem__allowed_cpus(void);
/* Pins the calling thread to the i-th CPU of its mask, counted round when there are fewer. */
bool hem__pin_to(int i);
/* The calling thread's mask, to be put back (and freed) later; all zero is "nothing to restore". */
typedef struct hem__affinity {
    void *mask;
    size_t size;
} hem__affinity;
hem__affinity hem__affinity_save(void);
void hem__affinity_restore(hem__affinity *saved);
/* CPUs that the cgroup's quota (version 2, or 1) comes to, rounded up; 0 = no quota. `root` is put
 * before every path: "" for this system, a folder with a made-up /proc and /sys in tests. */
int hem__quota_cpus(const char *root);

#endif
