/* How a batch is cut into gradient groups. */
#include "net/plan.h"

int hem__groups_of(size_t n, int wanted)
{
    size_t tiles = (n + HEM__LANES - 1) / HEM__LANES;
    if (wanted > 0)
        return tiles < (size_t)wanted ? (int)tiles : wanted;
    int groups = 1;
    while (groups < HEM__MAX_GROUPS && (size_t)groups * 2 * HEM__ONE_GROUP_TILES <= tiles)
        groups *= 2;
    return groups;
}
