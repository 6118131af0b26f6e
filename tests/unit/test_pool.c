/* The thread pool: every thread runs every job, barriers hold, sleepers wake, nobody spins on. */
#include "unit/support.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpus.h"
#include "base/pool.h"

enum { MOST = 8 };

static hem__pool *new_pool(int n)
{
    hem_error err;
    hem__pool *pool;
    assert_int_equal(hem__pool_new(n, false, &pool, &err), HEM_OK);
    assert_int_equal(hem__pool_threads(pool), n);
    return pool;
}

/* Plain integers on purpose: only the pool keeps these threads from racing. */
typedef struct tally {
    hem__pool *pool;
    int runs[MOST];
    int seen_threads;
    int rounds;
    long wrong;
    long value[MOST];
} tally;

static void count_job(void *argument, int thread, int n_threads)
{
    tally *t = argument;
    t->runs[thread]++;
    if (thread == 0)
        t->seen_threads = n_threads;
}

static void test_every_thread_runs(void **state)
{
    (void)state;
    for (int n = 1; n <= MOST; n++) {
        tally t = {.pool = new_pool(n)};
        for (int i = 0; i < 200; i++)
            hem__pool_run(t.pool, count_job, &t);
        for (int i = 0; i < MOST; i++)
            assert_int_equal(t.runs[i], i < n ? 200 : 0);
        assert_int_equal(t.seen_threads, n);
        hem__pool_free(t.pool);
    }
}

/* In each round every thread writes its place, and after the barrier reads all the others'. */
static void barrier_job(void *argument, int thread, int n_threads)
{
    tally *t = argument;
    long wrong = 0;
    for (int round = 1; round <= t->rounds; round++) {
        t->value[thread] = round;
        hem__pool_barrier(t->pool);
        for (int i = 0; i < n_threads; i++)
            wrong += t->value[i] != round;
        hem__pool_barrier(t->pool);
    }
    t->runs[thread] = (int)wrong;
}

static void test_barriers(void **state)
{
    (void)state;
    for (int n = 1; n <= MOST; n++) {
        /* More threads than CPUs sleep at every barrier: fewer rounds say as much. */
        tally t = {.pool = new_pool(n), .rounds = n <= 2 ? 5000 : 1000};
        hem__pool_run(t.pool, barrier_job, &t);
        for (int i = 0; i < n; i++) {
            assert_int_equal(t.runs[i], 0);
            assert_int_equal(t.value[i], t.rounds);
        }
        hem__pool_free(t.pool);
    }
}

/* Threads come late in turn, so that the others have gone to sleep. */
static void late_job(void *argument, int thread, int n_threads)
{
    tally *t = argument;
    for (int round = 0; round < 3 * n_threads; round++) {
        if (round % n_threads == thread) {
            usleep(500);
            t->rounds++; /* only one thread a round: guarded by the barrier alone */
        }
        hem__pool_barrier(t->pool);
    }
}

static void test_sleepers_wake(void **state)
{
    (void)state;
    for (int n = 2; n <= 4; n++) {
        tally t = {.pool = new_pool(n)};
        for (int i = 0; i < 5; i++) {
            hem__pool_run(t.pool, late_job, &t);
            usleep(300); /* the workers sleep between jobs, too */
        }
        assert_int_equal(t.rounds, 5 * 3 * n);
        hem__pool_free(t.pool);
    }
}

static double cpu_seconds(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void test_idle_workers_sleep(void **state)
{
    (void)state;
    /* No more threads than CPUs: those spin before they sleep. */
    tally t = {.pool = new_pool(hem__allowed_cpus() < 4 ? hem__allowed_cpus() : 4)};
    hem__pool_run(t.pool, count_job, &t);
    double before = cpu_seconds();
    usleep(200000);
    double used = cpu_seconds() - before;
    hem__pool_free(t.pool);
    assert_true(used < 0.05); /* a spinning worker would use 0.2 */
}

static void test_refusals(void **state)
{
    (void)state;
    hem_error err;
    hem__pool *pool = (hem__pool *)1;
    assert_int_equal(hem__pool_new(0, false, &pool, &err), HEM_ERR_USAGE);
    assert_null(pool);
    assert_string_equal(err.text, "0 threads: from 1 to 256 are possible");
    assert_int_equal(hem__pool_new(257, false, &pool, &err), HEM_ERR_USAGE);
    hem__pool_free(NULL);
}

static void affinity_job(void *argument, int thread, int n_threads)
{
    tally *t = argument;
    (void)n_threads;
    t->runs[thread] = hem__allowed_cpus();
}

static void test_pinned(void **state)
{
    (void)state;
    hem_error err;
    int before = hem__allowed_cpus();
    tally t = {0};
    assert_int_equal(hem__pool_new(3, true, &t.pool, &err), HEM_OK);
    hem__pool_run(t.pool, affinity_job, &t);
    for (int i = 0; i < 3; i++)
        assert_int_equal(t.runs[i], 1);
    hem__pool_free(t.pool);
    assert_int_equal(hem__allowed_cpus(), before); /* the caller gets its own mask back */
}

/* Signals go to the program's thread: every worker blocks them. */
static void mask_job(void *argument, int thread, int n_threads)
{
    tally *t = argument;
    sigset_t blocked;
    (void)n_threads;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    t->runs[thread] = sigismember(&blocked, SIGINT);
}

static void test_signals(void **state)
{
    (void)state;
    tally t = {.pool = new_pool(3)};
    hem__pool_run(t.pool, mask_job, &t);
    assert_int_equal(t.runs[0], 0);
    assert_int_equal(t.runs[1], 1);
    assert_int_equal(t.runs[2], 1);
    hem__pool_free(t.pool);
}

static void test_share(void **state)
{
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        for (int threads = 1; threads <= 9; threads++) {
            size_t next = 0, first, last;
            for (int t = 0; t < threads; t++) {
                hem__share(n, t, threads, &first, &last);
                assert_int_equal(first, next);
                assert_true(last >= first && last - first <= n / (size_t)threads + 1);
                next = last;
            }
            assert_int_equal(next, n);
        }
    }
}

/* Deals of one job: items, how they come, and who got each. */
typedef struct hand_out {
    hem__pool *pool;
    size_t n, unit, row;
    int deals, late; /* late: a thread that takes when all others are through; -1 = none */
    _Atomic int through;
    /* Plain integers on purpose, as above. */
    int *times, *owners; /* [deal][item]: how often it was handed out, to whom at last */
    long wrong[MOST];    /* pieces that cross a row or break a unit */
} hand_out;

static void deal_job(void *argument, int thread, int n_threads)
{
    hand_out *h = argument;
    for (int d = 0; d < h->deals; d++) {
        size_t first, last, row = h->row > 0 ? h->row : h->n + 1;
        hem__deal deal = hem__deal_new(h->pool, thread, h->n, h->unit, h->row);
        while (thread == h->late && h->through < n_threads - 1)
            usleep(100);
        while (hem__deal_next(&deal, &first, &last)) {
            bool whole = first % h->unit == 0 || first % row == 0;
            bool ends = last % h->unit == 0 || last % row == 0 || last == h->n;
            h->wrong[thread] +=
                first >= last || last > h->n || first / row != (last - 1) / row || !whole || !ends;
            for (; first < last; first++) {
                h->times[(size_t)d * h->n + first]++;
                h->owners[(size_t)d * h->n + first] = thread;
            }
        }
        h->wrong[thread] += hem__deal_next(&deal, &first, &last); /* it stays over */
        h->through++;
    }
}

static void deal(hand_out *h, int threads)
{
    size_t n = (size_t)h->deals * h->n;
    h->pool = new_pool(threads);
    h->times = calloc(n + 1, sizeof *h->times);
    h->owners = calloc(n + 1, sizeof *h->owners);
    assert_non_null(h->times);
    assert_non_null(h->owners);
    hem__pool_run(h->pool, deal_job, h);
    hem__pool_free(h->pool);
    for (int i = 0; i < threads; i++)
        assert_int_equal(h->wrong[i], 0);
    for (size_t i = 0; i < n; i++)
        if (h->times[i] != 1)
            fail_msg("%d threads, %zu items, unit %zu, row %zu: item %zu of deal %zu, %d times",
                     threads, h->n, h->unit, h->row, i % h->n, i / h->n, h->times[i]);
}

/* Deal after deal with no meeting in between: every item once. */
static void test_deals(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 7, 16, 100, 1001}, units[] = {1, 3, 16},
                        rows[] = {0, 1, 5, 40};
    for (int threads = 1; threads <= MOST; threads += threads < 3 ? 1 : 5)
        for (size_t i = 0; i < 8 * 3 * 4; i++) {
            hand_out h = {.n = sizes[i % 8],
                          .unit = units[i / 8 % 3],
                          .row = rows[i / 24],
                          .deals = 20,
                          .late = -1};
            deal(&h, threads);
            free(h.times);
            free(h.owners);
        }
    hand_out many = {.n = 1000000, .unit = 1, .deals = 2, .late = -1}; /* more than 65,535 pieces */
    deal(&many, 2);
    free(many.times);
    free(many.owners);
}

/* What a late thread has not taken goes to the others. */
static void test_late_thread(void **state)
{
    (void)state;
    for (int threads = 2; threads <= 3; threads++) {
        hand_out h = {.n = 96, .unit = 1, .deals = 1, .late = 1};
        deal(&h, threads);
        for (size_t i = 0; i < h.n; i++)
            assert_int_not_equal(h.owners[i], 1);
        free(h.times);
        free(h.owners);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_thread_runs),
        cmocka_unit_test(test_barriers),
        cmocka_unit_test(test_sleepers_wake),
        cmocka_unit_test(test_idle_workers_sleep),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_deals),
        cmocka_unit_test(test_late_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
