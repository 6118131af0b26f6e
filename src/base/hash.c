/* SHA-256 by libmd and XXH3 by xxHash. */
#include "base/hash.h"

#include <sha2.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/mem.h"

struct hem__sha256 {
    SHA2_CTX state;
};

static void hex_of(const uint8_t *digest, char out[65])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[64] = '\0';
}

static void finish(SHA2_CTX *state, char out[65])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Final(digest, state);
    hex_of(digest, out);
}

hem__sha256 *hem__sha256_new(void)
{
    hem__sha256 *hash = hem__calloc(1, sizeof *hash);
    if (hash != NULL)
        SHA256Init(&hash->state);
    return hash;
}

void hem__sha256_add(hem__sha256 *hash, const void *bytes, size_t n)
{
    if (hash != NULL && n > 0)
        SHA256Update(&hash->state, bytes, n);
}

void hem__sha256_finish(hem__sha256 *hash, char out[65])
{
    out[0] = '\0'; /* no hash is never mistaken for one */
    if (hash != NULL)
        finish(&hash->state, out);
    free(hash);
}

void hem__sha256_of(const void *bytes, size_t n, char out[65])
{
    SHA2_CTX state;
    SHA256Init(&state);
    if (n > 0)
        SHA256Update(&state, bytes, n);
    finish(&state, out);
}

uint64_t hem__xxh3(const void *bytes, size_t n)
{
    return XXH3_64bits(bytes, n);
}

struct hem__xxh3_state {
    XXH3_state_t *state; /* xxHash wants it aligned, so it allocates it itself */
};

hem__xxh3_state *hem__xxh3_new(void)
{
    hem__xxh3_state *hash = hem__calloc(1, sizeof *hash);
    if (hash == NULL)
        return NULL;
    hash->state = XXH3_createState();
    if (hash->state == NULL || XXH3_64bits_reset(hash->state) == XXH_ERROR) {
        XXH3_freeState(hash->state);
        free(hash);
        return NULL;
    }
    return hash;
}

void hem__xxh3_add(hem__xxh3_state *hash, const void *bytes, size_t n)
{
    /* Fails only for a NULL block, which n > 0 excludes. */
    if (hash != NULL && n > 0)
        (void)XXH3_64bits_update(hash->state, bytes, n);
}

uint64_t hem__xxh3_finish(hem__xxh3_state *hash)
{
    if (hash == NULL)
        return 0;
    uint64_t value = XXH3_64bits_digest(hash->state);
    XXH3_freeState(hash->state);
    free(hash);
    return value;
}
