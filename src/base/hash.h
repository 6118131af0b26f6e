/* Hashes: SHA-256 (libmd) names data and weights, XXH3 (xxHash) finds damage. */
#ifndef HEM_BASE_HASH_H
#define HEM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct hem__sha256 hem__sha256; /* NULL is accepted everywhere and stays NULL */
hem__sha256 *hem__sha256_new(void);     /* NULL = no memory */
void hem__sha256_add(hem__sha256 *hash, const void *bytes, size_t n);
/* Writes 64 lower-case hex digits and NUL, and frees the hash. */
void hem__sha256_finish(hem__sha256 *hash, char out[65]);
/* The hash of one block. */
void hem__sha256_of(const void *bytes, size_t n, char out[65]);

uint64_t hem__xxh3(const void *bytes, size_t n);

typedef struct hem__xxh3_state hem__xxh3_state;
hem__xxh3_state *hem__xxh3_new(void);
void hem__xxh3_add(hem__xxh3_state *state, const void *bytes, size_t n);
uint64_t hem__xxh3_finish(hem__xxh3_state *state); /* frees it */

#endif
