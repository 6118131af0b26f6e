/* Dropout: masks from Philox4x32-10 (base/philox.h), and what they keep. */
#include <string.h>

#include "kernel/vector.h"

static const U LANE = LANE_NUMBERS;

enum { ROUNDS = 10, FULL = 3 /* the first round that is one for every lane and unit */ };

#define FACTOR0 0xD2511F53u
#define FACTOR1 0xCD9E8D57u

INLINE uint32_t high(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)a * b >> 32);
}

INLINE UW w_all(uint32_t a)
{
    return (UW)u_all(a);
}

/* What all blocks of a call share: round keys, and the second round's product of each image, those
 * of even and of odd lanes apart. Of a counter {unit / 8, place, epoch, layer} the place alone
 * differs by image and unit / 8 alone by block; they meet in the third round. */
typedef struct stream {
    uint32_t key0[ROUNDS], key1[ROUNDS], epoch_low, epoch_high, layer;
    UW even[HEM__LANES / VL], odd[HEM__LANES / VL];
} stream;

static stream stream_of(const uint32_t key[2], uint32_t epoch, uint32_t layer,
                        const uint32_t place[HEM__LANES])
{
    stream s = {.epoch_low = epoch * FACTOR1, .epoch_high = high(epoch, FACTOR1), .layer = layer};
    for (uint32_t r = 0; r < ROUNDS; r++) {
        s.key0[r] = key[0] + r * 0x9E3779B9u;
        s.key1[r] = key[1] + r * 0xBB67AE85u;
    }
    for (int v = 0; v < HEM__LANES / VL; v++) {
        UW c;
        memcpy(&c, place + v * VL, sizeof c);
        c ^= w_all(s.epoch_high ^ s.key0[0]);
        s.even[v] = w_mul(c, FACTOR0);
        s.odd[v] = w_mul(c >> 32, FACTOR0);
    }
    return s;
}

/* Words 0 to 3 of VL images, block `number`. The numbers of a 64-bit lane are its low halves; what
 * lies above them nobody reads. Lanes of even images in a, odd ones in b, so that two chains of
 * multiplications are under way. */
INLINE void philox(const stream *s, int v, uint32_t number, U word[4])
{
    /* rounds 0 to 2, as far as they are one for all images */
    uint32_t c2 = high(number, FACTOR0) ^ s->layer ^ s->key1[0], c3 = number * FACTOR0;
    uint32_t c0 = high(c2, FACTOR1) ^ s->epoch_low ^ s->key0[1];
    UW from2 = w_all(c3 ^ s->key1[1]), key = w_all((c2 * FACTOR1) ^ s->key0[2]);
    UW rest = w_all(high(c0, FACTOR0) ^ s->key1[2]);
    UW a1 = w_mul((s->even[v] >> 32) ^ from2, FACTOR1),
       b1 = w_mul((s->odd[v] >> 32) ^ from2, FACTOR1);
    UW a0 = (a1 >> 32) ^ key, b0 = (b1 >> 32) ^ key;
    UW a2 = s->even[v] ^ rest, b2 = s->odd[v] ^ rest, a3 = w_all(c0 * FACTOR0), b3 = a3;
#define ROUND(i)                                                                                   \
    {                                                                                              \
        UW key0 = w_all(s->key0[FULL + i]), key1 = w_all(s->key1[FULL + i]);                       \
        UW p = w_mul(a0, FACTOR0), q = w_mul(b0, FACTOR0);                                         \
        a0 = a1 ^ key0;                                                                            \
        b0 = b1 ^ key0;                                                                            \
        a1 = w_mul(a2, FACTOR1);                                                                   \
        b1 = w_mul(b2, FACTOR1);                                                                   \
        a0 ^= a1 >> 32;                                                                            \
        b0 ^= b1 >> 32;                                                                            \
        a2 = (p >> 32) ^ (a3 ^ key1);                                                              \
        b2 = (q >> 32) ^ (b3 ^ key1);                                                              \
        a3 = p;                                                                                    \
        b3 = q;                                                                                    \
    }
    HEM__TIMES(7, ROUND)
#undef ROUND
    word[0] = w_merge(a0, b0);
    word[1] = w_merge(a1, b1);
    word[2] = w_merge(a2, b2);
    word[3] = w_merge(a3, b3);
}

void TIER(hem__dropout_mask)(const uint32_t key[2], uint32_t epoch, uint32_t layer,
                             const uint32_t place[HEM__LANES], uint32_t threshold, int u0, int u1,
                             uint16_t *mask)
{
    const stream s = stream_of(key, epoch, layer, place);
    for (int u = u0; u < u1; u += 8) {
        U words[HEM__LANES / VL][4];
        uint16_t last[8], *kept = u1 - u < 8 ? last : mask + u;
        UNROLL(4)
        for (int v = 0; v < HEM__LANES / VL; v++)
            philox(&s, v, (uint32_t)u / 8, words[v]);
        for (int i = 0; i < 4; i++) {
            U word[HEM__LANES / VL];
            for (int v = 0; v < HEM__LANES / VL; v++)
                word[v] = words[v][i];
            u_kept(word, threshold, &kept[2 * i]);
        }
        if (kept == last)
            memcpy(mask + u, last, (size_t)(u1 - u) * sizeof last[0]);
    }
}

enum { AHEAD = 8 }; /* units whose lines are asked for in time */

void TIER(hem__dropout)(const float *x, const uint16_t *mask, float scale, float *y, int u0, int u1)
{
    for (int u = u0; u < u1; u++) {
        __builtin_prefetch(y + (size_t)(u + AHEAD) * HEM__LANES, 1);
        for (int lane = 0; lane < HEM__LANES; lane += VL) {
            size_t at = (size_t)u * HEM__LANES + (size_t)lane;
            U bit = u_all(1u << lane) << LANE;
            I kept = (u_all(mask[u]) & bit) != u_all(0);
            v_store(y + at, v_where(kept, v_load(x + at) * v_all(scale)));
        }
    }
}
