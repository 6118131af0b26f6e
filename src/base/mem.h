/* Memory: checked sizes, zeroed blocks, and the arena that holds all buffers of a plan. */
#ifndef HEM_BASE_MEM_H
#define HEM_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* a*b and a+b into *out; false on overflow. */
bool hem__mul_size(size_t a, size_t b, size_t *out);
bool hem__add_size(size_t a, size_t b, size_t *out);

/* Zeroed memory for count items, or NULL (no memory, or count*size overflows). free() it. */
void *hem__calloc(size_t count, size_t size);
/* As realloc for count items; NULL leaves the old block as it was. */
void *hem__reallocarray(void *block, size_t count, size_t size);
char *hem__strdup(const char *text);
/* As hem__calloc, 64-byte-aligned. free() it. */
void *hem__aligned_calloc(size_t count, size_t size);

/* Number of allocations made through this module so far, by all threads: a test reads it before
 * and after a training step, which must make none. */
size_t hem__allocation_count(void);

/* One block, cut into 64-byte-aligned slices. Sizes are counted first by a dry run of the same
 * code: an arena with base == NULL only counts (hem__arena_take returns NULL there). */
typedef struct hem__arena {
    unsigned char *base; /* 2 MiB-aligned, huge pages asked for; NULL while counting */
    size_t size;         /* bytes in the block */
    size_t used;         /* bytes given out, or counted */
    bool overflow;       /* a size did not fit a size_t; sticky */
} hem__arena;

/* count*size bytes, zeroed at reservation. With the address sanitizer a poisoned red zone of 64
 * bytes lies behind each slice. */
void *hem__arena_take(hem__arena *arena, size_t count, size_t size);
/* Allocates what was counted in `used` and rewinds. false: no memory or overflow; base stays NULL.
 */
bool hem__arena_reserve(hem__arena *arena);
void hem__arena_release(hem__arena *arena);

#endif
