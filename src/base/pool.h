/* Persistent threads. A job is one function run by every thread at once with its index; inside it
 * the threads meet at barriers and deal out work. Waiting threads spin for about 20 us, then
 * give way to others on their core for up to a millisecond, and then sleep on a futex: pure
 * spinning collapses when cores are oversubscribed. */
#ifndef HEM_BASE_POOL_H
#define HEM_BASE_POOL_H

#include "base/error.h"

typedef struct hem__pool hem__pool;
typedef void (*hem__job)(void *argument, int thread, int n_threads);

/* n_threads 1..256; the caller's own thread is thread 0, so n_threads - 1 are started. */
hem_status hem__pool_new(int n_threads, bool pin, hem__pool **out, hem_error *err);
void hem__pool_free(hem__pool *pool);
int hem__pool_threads(const hem__pool *pool);
/* Runs job(argument, t, n) on every thread t and returns when all have. Not reentrant. */
void hem__pool_run(hem__pool *pool, hem__job job, void *argument);
/* Only inside a job: returns when every thread of the pool is here. Cheap: about 0.2 us. */
void hem__pool_barrier(hem__pool *pool);

/* The half-open share of thread t when n items are dealt in contiguous runs. */
static inline void hem__share(size_t n, int t, int n_threads, size_t *first, size_t *last)
{
    *first = n * (size_t)t / (size_t)n_threads;
    *last = n * ((size_t)t + 1) / (size_t)n_threads;
}

/* Work dealt out within a job: n items in pieces of `unit`. Each thread takes from its own
 * contiguous share, half of what is left at a time, and then from the ends of the shares of threads
 * that are slower: a core of another kind, or one that other programs use too. Which thread gets
 * what depends on timing, so it must not matter to the result. All threads make the same deals in
 * the same order.
 *     hem__deal deal = hem__deal_new(pool, thread, n, unit, row);
 *     while (hem__deal_next(&deal, &first, &last)) ...items [first, last)...
 * Every thread goes on until that says false: one that leaves earlier loses the pieces of its
 * share. Items lie in rows of `row` items, which no [first, last) crosses; 0: all in one. unit is
 * at least
 * 1. pool NULL: the caller is the only thread, number 0. */
typedef struct hem__deal {
    hem__pool *pool;
    size_t n, unit, row;
    size_t at, end;          /* of what was taken and not yet handed out */
    uint32_t pieces, number; /* number 0: every thread has its share alone */
    int thread, n_threads;
    bool done;
} hem__deal;

hem__deal hem__deal_new(hem__pool *pool, int thread, size_t n, size_t unit, size_t row);
bool hem__deal_next(hem__deal *deal, size_t *first, size_t *last);

#endif
