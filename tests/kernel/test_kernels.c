/* Every kernel of every tier that this machine runs, against the reference: bit for bit, or within
 * the bound of simd.h for a tier without fused multiply-add.
 *   test_kernels [--tier NAME] [--count CASES]   (default: all tiers, 600 cases a slot)
 * Exit 77: this machine does not run the tier. `hemline_bench_kernels` times them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

int main(int argc, char **argv)
{
    int count = 600;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--count") == 0 && atoi(value) > 0) {
            count = atoi(value);
        } else if (strcmp(argv[i], "--tier") != 0) {
            fprintf(stderr, "usage: %s [--tier NAME] [--count CASES]\n", argv[0]);
            return 2;
        } else if (!choose_tier(value)) {
            print_tiers();
            return 77;
        }
    }
    return test_all_slots(count);
}
