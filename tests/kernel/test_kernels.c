/* Every kernel of every tier that this machine runs, against the reference: bit for bit, or within
 * the bound of simd.h for a tier without fused multiply-add.
 *   test_kernels [--tier NAME] [--count CASES] [--bench]
 * Without arguments: all tiers but amx, 1,500 cases a slot; also amx_emulated is tested by its
 * name. --bench prints mean times as well: they compare tiers on small odd shapes; bench/kernels.c
 * has the shapes of real layers. Exit 77: this machine does not run the tier. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

int main(int argc, char **argv)
{
    int count = 1500;
    bool with_times = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--bench") == 0) {
            with_times = true;
        } else if (strcmp(argv[i], "--count") == 0 && atoi(value) > 0) {
            count = atoi(value);
            i++;
        } else if (strcmp(argv[i], "--tier") != 0) {
            fprintf(stderr, "usage: %s [--tier NAME] [--count CASES] [--bench]\n", argv[0]);
            return 2;
        } else if (i++, !choose_tier(value)) {
            print_tiers();
            return 77;
        }
    }
    return test_all_slots(count, with_times);
}
