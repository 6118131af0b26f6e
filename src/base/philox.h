/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011). A draw is a pure function of key and counter, so nothing
 * depends on who draws first or on how many threads there are. */
#ifndef HEM_BASE_PHILOX_H
#define HEM_BASE_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/* What a draw is for. Pinned numbers: they are part of every run's bits. */
enum {
    HEM__DRAW_WEIGHTS = 1, /* counter: element/4 lo, element/4 hi, layer, tensor of the layer */
    HEM__DRAW_SHUFFLE = 2, /* counter: position, 0, epoch, 0 */
    HEM__DRAW_DROPOUT = 3, /* counter: unit/8, place in the epoch's order, epoch, layer */
    HEM__DRAW_SPLIT = 4, /* counter: position, 0, 0 (1 for folds), 0; key = the split's own seed */
    HEM__DRAW_SYNTHETIC =
        5, /* counter: draw, image lo, image hi, part; key = the data's own seed */
    /* training images: counter: block, image in its part, epoch, 0 (data/augment.h) */
    HEM__DRAW_AUGMENT = 7,
    HEM__DRAW_CHECK = 6 /* entries that gradcheck visits: counter: entry, 0, tensor, 0 */
};

typedef struct hem__philox_key {
    uint32_t k[2];
} hem__philox_key;

/* Key of a seed and a purpose: k0 = low half of the seed, k1 = high half xor purpose * 0x9E3779B9.
 */
hem__philox_key hem__philox_key_of(uint64_t seed, uint32_t purpose);
/* The block of four words at this counter. */
void hem__philox(hem__philox_key key, const uint32_t counter[4], uint32_t out[4]);
/* Uniform in [0, 1) with 24 bits from a word. */
float hem__uniform(uint32_t word);
/* order[0..n) becomes a permutation of itself (Fisher-Yates, one word a step scaled by multiply and
 * shift: Lemire, "Fast random integer generation in an interval", 2019, without the rejection: the
 * bias is below n/2^32). Counter {step, 0, epoch, 0}. */
void hem__shuffle(hem__philox_key key, uint32_t epoch, uint32_t *order, size_t n);

#endif
