/* Checked sizes, counted allocations, the arena. */
#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#endif

#if defined(WITH_ASAN)
#include <sanitizer/asan_interface.h>
#define RED_ZONE 64
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define RED_ZONE 0
#endif

#define LINE ((size_t)64)
#define HUGE_PAGE ((size_t)2 << 20)

static atomic_size_t n_allocations;

static void count_allocation(void)
{
    atomic_fetch_add_explicit(&n_allocations, 1, memory_order_relaxed);
}

size_t hem__allocation_count(void)
{
    return atomic_load_explicit(&n_allocations, memory_order_relaxed);
}

bool hem__mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

bool hem__add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* One byte at least, so that NULL always means "no memory". */
static bool block_size(size_t count, size_t size, size_t *out)
{
    if (!hem__mul_size(count, size, out))
        return false;
    if (*out == 0)
        *out = 1;
    return true;
}

void *hem__calloc(size_t count, size_t size)
{
    size_t bytes;
    if (!block_size(count, size, &bytes))
        return NULL;
    count_allocation();
    return calloc(1, bytes);
}

void *hem__reallocarray(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (!block_size(count, size, &bytes))
        return NULL;
    count_allocation();
    return realloc(block, bytes);
}

static bool round_up(size_t bytes, size_t unit, size_t *out)
{
    if (!hem__add_size(bytes, unit - 1, out))
        return false;
    *out -= *out % unit;
    return true;
}

/* Zeroed bytes, a multiple of LINE, that are swept through: in huge pages where there is a whole
 * one. That is only a wish: without them all works the same, with more misses in the TLB. Zeroing
 * takes every page fault now rather than within the first steps. */
static void *swept_block(size_t bytes, size_t alignment)
{
    void *block;
    count_allocation();
    if (posix_memalign(&block, alignment, bytes) != 0)
        return NULL;
    if (bytes >= HUGE_PAGE)
        (void)madvise(block, bytes - bytes % HUGE_PAGE, MADV_HUGEPAGE);
    return memset(block, 0, bytes);
}

void *hem__aligned_calloc(size_t count, size_t size)
{
    size_t bytes, whole;
    if (!hem__mul_size(count, size, &bytes) || !round_up(bytes > 0 ? bytes : 1, LINE, &whole))
        return NULL;
    return swept_block(whole, whole >= HUGE_PAGE ? HUGE_PAGE : LINE);
}

char *hem__strdup(const char *text)
{
    count_allocation();
    return strdup(text);
}

/* ---- the arena ------------------------------------------------------------------------------ */

void *hem__arena_take(hem__arena *arena, size_t count, size_t size)
{
    size_t bytes, with_zone, whole, end;
    if (!hem__mul_size(count, size, &bytes) || !hem__add_size(bytes, RED_ZONE, &with_zone) ||
        !round_up(with_zone, LINE, &whole) || !hem__add_size(arena->used, whole, &end)) {
        arena->overflow = true;
        return NULL;
    }
    if (arena->base == NULL) {
        arena->used = end;
        return NULL;
    }
    /* More is taken than was counted: the two runs of the caller's code differ. */
    assert(end <= arena->size);
    if (end > arena->size) {
        arena->overflow = true;
        return NULL;
    }
    unsigned char *slice = arena->base + arena->used;
    ASAN_UNPOISON_MEMORY_REGION(slice, bytes);
    arena->used = end;
    return slice;
}

bool hem__arena_reserve(hem__arena *arena)
{
    size_t bytes;
    assert(arena->base == NULL);
    if (arena->overflow || !round_up(arena->used > 0 ? arena->used : 1, LINE, &bytes))
        return false;
    void *block = swept_block(bytes, HUGE_PAGE);
    if (block == NULL)
        return false;
    /* All is out of bounds until a take hands it out; gaps and red zones stay so. */
    ASAN_POISON_MEMORY_REGION(block, bytes);
    arena->base = block;
    arena->size = bytes;
    arena->used = 0;
    return true;
}

void hem__arena_release(hem__arena *arena)
{
    if (arena->base != NULL) {
        ASAN_UNPOISON_MEMORY_REGION(arena->base, arena->size);
        free(arena->base);
    }
    memset(arena, 0, sizeof *arena);
}
