/* The thread pool: persistent threads, jobs and barriers over two events that spin, then sleep; and
 * work dealt out, with one number of 64 bits a thread. */
#include "base/pool.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpus.h"
#include "base/mem.h"

enum { MOST_THREADS = 256 };

/* How long a thread spins; how long it then gives its core to others, if any want it, and goes on
 * looking; after that it sleeps. Most waits within a training step are shorter than the first. A
 * sleeper's wake-up takes 5 to 50 us, and up to milliseconds where the core is a virtual one that
 * the host has taken away meanwhile. */
static const double SPIN_SECONDS = 20e-6, YIELD_SECONDS = 1e-3;

/* ---- events: a counter that threads wait on ------------------------------------------------- */

/* Each member on cache lines of its own: waiting threads read `count` all the time. */
typedef struct event {
    _Atomic uint32_t count;
    char pad_1[60];
    _Atomic uint32_t sleepers;
    char pad_2[60];
} event;

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool reached(event *e, uint32_t old)
{
    return atomic_load_explicit(&e->count, memory_order_acquire) != old;
}

/* Returns once the count is no longer `old`. */
static void event_wait(event *e, uint32_t old, bool spin)
{
    if (reached(e, old))
        return;
    if (spin) {
        const double began = hem__now();
        for (double now = began; now < began + YIELD_SECONDS; now = hem__now()) {
            for (int i = 0; i < 32; i++) {
                if (reached(e, old))
                    return;
                relax();
            }
            if (now > began + SPIN_SECONDS)
                sched_yield();
        }
    }
    /* A sleeper is counted before the kernel compares the count; whoever advances changes the count
     * before it looks for sleepers. One of the two therefore sees the other: no wake-up is lost. */
    atomic_fetch_add(&e->sleepers, 1);
    while (!reached(e, old))
        syscall(SYS_futex, &e->count, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
    atomic_fetch_sub(&e->sleepers, 1);
}

static void event_advance(event *e)
{
    atomic_fetch_add(&e->count, 1);
    if (atomic_load(&e->sleepers) > 0)
        syscall(SYS_futex, &e->count, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* ---- the pool ------------------------------------------------------------------------------- */

typedef struct worker {
    hem__pool *pool;
    pthread_t id;
    int index;
} worker;

/* What is left of a thread's share of a deal: the deal's number, the first piece left and the end,
 * in 32, 16 and 16 bits. Whoever comes first to a deal brings a share of an earlier one up to date;
 * a later one's says that all of this deal is taken, as nobody leaves a deal before. */
typedef struct hand {
    _Atomic uint64_t left;
    uint32_t deals; /* that this thread has begun */
    char pad[52];
} hand;

struct hem__pool {
    event jobs;   /* advanced once a job */
    event rounds; /* advanced once a barrier */
    _Atomic uint32_t arrived;
    char pad[60];
    /* Written between jobs, when every worker waits at `jobs`. */
    hem__job job;
    void *argument;
    bool stop;
    bool
        spin; /* not when there are more threads than CPUs: it would keep the others from running */
    int n_threads;
    int n_started;
    hand *hands;           /* by thread */
    hem__affinity callers; /* thread 0's, given back at the end when pinned */
    worker workers[];
};

void hem__pool_barrier(hem__pool *pool)
{
    if (pool->n_threads == 1)
        return;
    /* Read before arriving: once the last thread has arrived, the round may advance at any time. */
    uint32_t round = atomic_load_explicit(&pool->rounds.count, memory_order_relaxed);
    uint32_t before = atomic_fetch_add_explicit(&pool->arrived, 1, memory_order_acq_rel);
    if (before + 1 < (uint32_t)pool->n_threads) {
        event_wait(&pool->rounds, round, pool->spin);
        return;
    }
    atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
    event_advance(&pool->rounds);
}

static void *work(void *argument)
{
    worker *self = argument;
    hem__pool *pool = self->pool;
    for (uint32_t done = 0;; done++) {
        event_wait(&pool->jobs, done, pool->spin);
        if (pool->stop)
            return NULL;
        pool->job(pool->argument, self->index, pool->n_threads);
        hem__pool_barrier(pool);
    }
}

void hem__pool_run(hem__pool *pool, hem__job job, void *argument)
{
    if (pool->n_threads > 1) {
        pool->job = job;
        pool->argument = argument;
        event_advance(&pool->jobs);
    }
    job(argument, 0, pool->n_threads);
    hem__pool_barrier(pool);
}

int hem__pool_threads(const hem__pool *pool)
{
    return pool->n_threads;
}

/* ---- dealing out work ----------------------------------------------------------------------- */

hem__deal hem__deal_new(hem__pool *pool, int thread, size_t n, size_t unit, size_t row)
{
    hem__deal deal = {.pool = pool,
                      .n = n,
                      .unit = unit,
                      .row = row > 0 ? row : SIZE_MAX,
                      .thread = thread,
                      .n_threads = pool ? pool->n_threads : 1};
    assert(unit > 0 && (pool || thread == 0));
    size_t pieces = (n + unit - 1) / unit;
    for (; pieces > UINT16_MAX; pieces = (pieces + 1) / 2)
        deal.unit *= 2;
    deal.pieces = (uint32_t)pieces;
    if (deal.n_threads > 1 && pieces > (size_t)deal.n_threads) {
        hand *own = &pool->hands[thread];
        own->deals += own->deals == UINT32_MAX ? 2 : 1; /* never 0 */
        deal.number = own->deals;
    }
    return deal;
}

/* Takes half of what is left of the owner's share: from the front, if it is the thread's own. */
static bool take_from(hem__deal *deal, int owner, size_t *first, size_t *last)
{
    _Atomic uint64_t *left = &deal->pool->hands[owner].left;
    uint64_t seen = atomic_load_explicit(left, memory_order_relaxed), after;
    do {
        uint32_t ahead = (uint32_t)(seen >> 32) - deal->number;
        *first = seen >> 16 & UINT16_MAX;
        *last = seen & UINT16_MAX;
        if (ahead > UINT32_MAX / 2) /* behind */
            hem__share(deal->pieces, owner, deal->n_threads, first, last);
        else if (ahead > 0)
            deal->done = true;
        if (deal->done || *first == *last)
            return false;
        size_t half = (*last - *first + 1) / 2, next = *first, end = *last;
        if (owner == deal->thread)
            next = *last = *first + half;
        else
            end = *first = *last - half;
        after = (uint64_t)deal->number << 32 | next << 16 | end;
    } while (!atomic_compare_exchange_weak_explicit(left, &seen, after, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

/* The next pieces; false when all are taken. */
static bool take(hem__deal *deal, size_t *first, size_t *last)
{
    if (deal->number > 0) {
        for (int i = 0; i < deal->n_threads && !deal->done; i++)
            if (take_from(deal, (deal->thread + i) % deal->n_threads, first, last))
                return true;
        return false;
    }
    hem__share(deal->pieces, deal->thread, deal->n_threads, first, last);
    bool any = !deal->done && *first < *last;
    deal->done = true;
    return any;
}

bool hem__deal_next(hem__deal *deal, size_t *first, size_t *last)
{
    if (deal->at == deal->end) {
        size_t piece, end;
        if (!take(deal, &piece, &end))
            return false;
        deal->at = piece * deal->unit;
        deal->end = end * deal->unit < deal->n ? end * deal->unit : deal->n;
    }
    size_t left = deal->row - deal->at % deal->row;
    *first = deal->at;
    *last = deal->end - deal->at < left ? deal->end : deal->at + left;
    deal->at = *last;
    return true;
}

/* ---- starting and stopping ------------------------------------------------------------------ */

static void pin_job(void *argument, int thread, int n_threads)
{
    _Atomic bool *failed = argument;
    (void)n_threads;
    if (!hem__pin_to(thread))
        atomic_store(failed, true);
}

static hem_status pin_all(hem__pool *pool, hem_error *err)
{
    _Atomic bool failed = false;
    pool->callers = hem__affinity_save();
    hem__pool_run(pool, pin_job, &failed);
    if (!failed)
        return HEM_OK;
    hem__fail(err, HEM_ERR_USAGE, "cannot pin threads: the system refuses it");
    return hem__hint(err, "leave out --pin");
}

static hem_status start(hem__pool *pool, hem_error *err)
{
    /* Signals are for the program's own thread: workers block them all. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int why = 0;
    while (pool->n_started < pool->n_threads - 1 && why == 0) {
        worker *w = &pool->workers[pool->n_started];
        w->pool = pool;
        w->index = pool->n_started + 1;
        why = pthread_create(&w->id, NULL, work, w);
        if (why == 0) {
            char name[16];
            snprintf(name, sizeof name, "hemline-%d", w->index);
            (void)pthread_setname_np(w->id, name); /* only for the eyes of top and gdb */
            pool->n_started++;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (why == 0)
        return HEM_OK;
    hem__fail(err, HEM_ERR_MEMORY, "cannot start thread %d of %d: %s", pool->n_started + 2,
              pool->n_threads, strerror(why));
    return hem__hint(err, "use fewer threads");
}

hem_status hem__pool_new(int n_threads, bool pin, hem__pool **out, hem_error *err)
{
    *out = NULL;
    if (n_threads < 1 || n_threads > MOST_THREADS)
        return hem__fail(err, HEM_ERR_USAGE, "%d threads: from 1 to %d are possible", n_threads,
                         MOST_THREADS);
    size_t bytes = sizeof(hem__pool) + (size_t)(n_threads - 1) * sizeof(worker);
    hem__pool *pool = hem__calloc(1, bytes);
    if (pool == NULL)
        return hem__fail_memory(err, "the thread pool", bytes);
    pool->hands = hem__aligned_calloc((size_t)n_threads, sizeof *pool->hands);
    if (pool->hands == NULL) {
        free(pool);
        return hem__fail_memory(err, "the thread pool", (size_t)n_threads * sizeof(hand));
    }
    pool->n_threads = n_threads;
    pool->spin = n_threads <= hem__allowed_cpus();
    hem_status status = start(pool, err);
    if (status == HEM_OK && pin)
        status = pin_all(pool, err);
    if (status != HEM_OK) {
        hem__pool_free(pool);
        return status;
    }
    *out = pool;
    return HEM_OK;
}

void hem__pool_free(hem__pool *pool)
{
    if (pool == NULL)
        return;
    pool->stop = true;
    event_advance(&pool->jobs);
    for (int i = 0; i < pool->n_started; i++)
        pthread_join(pool->workers[i].id, NULL);
    hem__affinity_restore(&pool->callers);
    free(pool->hands);
    free(pool);
}
