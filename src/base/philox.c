/* Philox4x32-10, and the shuffle drawn from it. */
#include "base/philox.h"

/* Multipliers and key increments of the paper: the increments are the golden ratio and sqrt(3)-1
 * as 32-bit fractions. */
#define M0 0xD2511F53u
#define M1 0xCD9E8D57u
#define W0 0x9E3779B9u
#define W1 0xBB67AE85u

hem__philox_key hem__philox_key_of(uint64_t seed, uint32_t purpose)
{
    return (hem__philox_key){{(uint32_t)seed, (uint32_t)(seed >> 32) ^ (purpose * 0x9E3779B9u)}};
}

void hem__philox(hem__philox_key key, const uint32_t counter[4], uint32_t out[4])
{
    uint32_t k0 = key.k[0], k1 = key.k[1];
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)M0 * c0, p1 = (uint64_t)M1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += W0;
        k1 += W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

float hem__uniform(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

void hem__shuffle(hem__philox_key key, uint32_t epoch, uint32_t *order, size_t n)
{
    for (size_t step = 0; step + 1 < n; step++) {
        uint32_t counter[4] = {(uint32_t)step, 0, epoch, 0}, word[4];
        hem__philox(key, counter, word);
        size_t last = n - 1 - step; /* places 0..last are still to be dealt */
        size_t other = (size_t)(((uint64_t)word[0] * (last + 1)) >> 32);
        uint32_t kept = order[last];
        order[last] = order[other];
        order[other] = kept;
    }
}
