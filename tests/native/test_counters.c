/* Tables of cells, alone and between threads. Addresses stand for code objects, which are never looked into. */
#include "check.h"
#include "counters.h"

#include <pthread.h>
#include <sched.h>

#define N_CODES 1000
#define N_THREADS 8
#define N_ROUNDS 30

static char codes[N_CODES];

/* The lock that csrc/toll.h has from Python. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void count(sb_counters *counters, size_t code)
{
    sb_thread *thread = sb_counters_thread(counters);
    sb_cell *cell = thread != NULL ? sb_counters_find(thread, &codes[code]) : NULL;
    if (cell == NULL) {
        pthread_mutex_lock(&lock);
        thread = sb_counters_thread_locked(counters);
        cell = sb_counters_find(thread, &codes[code]);
        if (cell == NULL) {
            cell = sb_counters_insert_locked(thread, &codes[code], code);
        }
        pthread_mutex_unlock(&lock);
    }
    sb_add(&cell->calls, 1);
    sb_add(&cell->requested, (int64_t)code);
}

static size_t n_tables(const sb_counters *counters)
{
    size_t n = 0;
    for (const sb_thread *thread = counters->threads; thread != NULL; thread = thread->next) {
        n++;
    }
    return n;
}

static void test_cells_move_with_their_counts(void)
{
    sb_counters counters;
    sb_counters_init(&counters);
    CHECK(sb_counters_thread(&counters) == NULL);
    for (size_t round = 0; round < 3; round++) {
        for (size_t code = 0; code < N_CODES; code++) {
            count(&counters, code);
        }
    }
    const sb_thread *thread = sb_counters_thread(&counters);
    CHECK(thread != NULL && thread->used == N_CODES && n_tables(&counters) == 1);
    CHECK(thread != NULL && thread->mask + 1 >= 2 * N_CODES);
    bool all = true;
    for (size_t code = 0; code < N_CODES; code++) {
        const sb_cell *cell = sb_counters_find(thread, &codes[code]);
        all = all && cell != NULL && cell->target == code && sb_read(&cell->calls) == 3 &&
              cell == sb_counters_find_any_locked(&counters, &codes[code]);
    }
    CHECK(all);
    CHECK(sb_counters_find(thread, &all) == NULL);
    CHECK(sb_counters_find_any_locked(&counters, &all) == NULL);

    const sb_counts total = sb_counters_total_locked(&counters);
    CHECK(total.calls == 3 * N_CODES);
    CHECK(total.requested == 3LL * N_CODES * (N_CODES - 1) / 2);
    sb_counts sums[10] = {{0}};
    sb_counters_sum_locked(&counters, sums, 10);
    for (int64_t i = 0; i < 10; i++) {
        CHECK(sums[i].calls == 3 && sums[i].requested == 3 * i && sums[i].delivered == 0);
    }
    sb_counters_fini(&counters);
}

static void test_every_figure_is_summed(void)
{
    sb_counters counters;
    sb_counters_init(&counters);
    sb_cell *cell = sb_counters_insert_locked(sb_counters_thread_locked(&counters), &codes[0], 0);
    sb_add(&cell->calls, 1);
    sb_add(&cell->requested, 2);
    sb_add(&cell->delivered, 3);
    sb_add(&cell->late, 4);
    sb_add(&cell->waited, 5);
    const sb_counts total = sb_counters_total_locked(&counters);
    CHECK(total.calls == 1 && total.requested == 2 && total.delivered == 3 && total.late == 4 && total.waited == 5);
    sb_counters_fini(&counters);
}

static void test_two_at_once_and_a_successor_at_the_same_address(void)
{
    sb_counters first, second;
    sb_counters_init(&first);
    sb_counters_init(&second);
    for (int i = 0; i < 5; i++) {
        count(&first, 1);
        count(&second, 1);
    }
    CHECK(sb_counters_total_locked(&first).calls == 5 && sb_counters_total_locked(&second).calls == 5);
    CHECK(n_tables(&first) == 1 && n_tables(&second) == 1);
    sb_counters_fini(&second);
    sb_counters_init(&second);
    CHECK(sb_counters_thread(&second) == NULL); /* nothing is left of the dead one's table */
    count(&second, 1);
    CHECK(sb_counters_total_locked(&second).calls == 1);
    sb_counters_fini(&first);
    sb_counters_fini(&second);
}

static void *count_all(void *counters)
{
    for (size_t round = 0; round < N_ROUNDS; round++) {
        for (size_t code = 0; code < N_CODES; code++) {
            count(counters, code);
        }
    }
    return NULL;
}

static void *count_once(void *counters)
{
    count(counters, 0);
    return NULL;
}

static void test_threads_in_parallel_while_somebody_reads(void)
{
    sb_counters counters;
    pthread_t threads[N_THREADS];
    sb_counters_init(&counters);
    for (int i = 0; i < N_THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, count_all, &counters) == 0);
    }
    bool grows = true;
    const int64_t expected = (int64_t)N_THREADS * N_ROUNDS * N_CODES;
    for (int64_t last = 0; last < expected;) {
        pthread_mutex_lock(&lock);
        const int64_t calls = sb_counters_total_locked(&counters).calls;
        pthread_mutex_unlock(&lock);
        grows = grows && calls >= last && calls <= expected;
        last = calls;
    }
    CHECK(grows);
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(n_tables(&counters) <= N_THREADS);
    static sb_counts sums[N_CODES];
    sb_counters_sum_locked(&counters, sums, N_CODES);
    bool exact = true;
    for (size_t code = 0; code < N_CODES; code++) {
        exact = exact && sums[code].calls == N_THREADS * N_ROUNDS;
    }
    CHECK(exact);
    sb_counters_fini(&counters);
}

static void test_dead_threads_leave_their_counts_and_their_tables(void)
{
    enum { GENERATIONS = 500, PEAK = 2 };
    sb_counters counters;
    sb_counters_init(&counters);
    for (int i = 0; i < GENERATIONS; i++) {
        pthread_t threads[PEAK];
        for (int j = 0; j < PEAK; j++) {
            CHECK(pthread_create(&threads[j], NULL, count_once, &counters) == 0);
        }
        for (int j = 0; j < PEAK; j++) {
            pthread_join(threads[j], NULL);
        }
    }
    CHECK(sb_counters_total_locked(&counters).calls == GENERATIONS * PEAK);
    CHECK(n_tables(&counters) <= 16); /* of 1000 threads: what the C library keeps in reserve, not what has lived */
    sb_counters_fini(&counters);
}

enum { CROWD = 3 * SB_SEATS, CROWD_ROUNDS = 50 };
static pthread_barrier_t all_there;

static void *count_in_a_crowd(void *counters)
{
    pthread_barrier_wait(&all_there);
    for (int i = 0; i < CROWD_ROUNDS; i++) {
        count(counters, (size_t)i % 10);
        sched_yield();
    }
    pthread_barrier_wait(&all_there);
    return NULL;
}

static void test_threads_that_share_their_seats(void)
{
    sb_counters counters;
    pthread_t threads[CROWD];
    sb_counters_init(&counters);
    pthread_barrier_init(&all_there, NULL, CROWD);
    for (int i = 0; i < CROWD; i++) {
        CHECK(pthread_create(&threads[i], NULL, count_in_a_crowd, &counters) == 0);
    }
    for (int i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&all_there);
    CHECK(n_tables(&counters) == CROWD);
    CHECK(sb_counters_total_locked(&counters).calls == CROWD * CROWD_ROUNDS);
    sb_counters_fini(&counters);
}

int main(void)
{
    test_cells_move_with_their_counts();
    test_every_figure_is_summed();
    test_two_at_once_and_a_successor_at_the_same_address();
    test_threads_in_parallel_while_somebody_reads();
    test_dead_threads_leave_their_counts_and_their_tables();
    test_threads_that_share_their_seats();
    return check_status();
}
