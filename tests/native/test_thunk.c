/* Calls through thunks: every way of passing arguments, libraries linked in every way, threads, forks, stored pointers.
 */
#include "check.h"
#include "planted.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOM 8192
#define US 1000.0

typedef struct {
    const char *path;
    void *handle;
    int (*run)(char *into, size_t room);
    long (*plain)(long a, int times);
    long (*(*stored)(void))(long);
} importer;

static importer load(const char *path)
{
    importer i = {.path = path, .handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL)};
    if (i.handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    *(void **)(void *)&i.run = dlsym(i.handle, "importer_run");
    *(void **)(void *)&i.plain = dlsym(i.handle, "importer_plain");
    *(void **)(void *)&i.stored = dlsym(i.handle, "importer_stored");
    return i;
}

static const char *const PATHS[] = {IMPORTER_LAZY, IMPORTER_NOW, IMPORTER_NO_PLT, IMPORTER_UNLINKED};
#define N_PATHS (sizeof PATHS / sizeof *PATHS)

static bool wants_jumps_too(void *context, const sb_object *provider, const char *symbol)
{
    return is_provided(context, provider, symbol) || strstr(symbol, "longjmp") != NULL ||
           strcmp(symbol, "_setjmp") == 0 || strcmp(symbol, "sprintf") == 0 || strcmp(symbol, "memset") == 0;
}

static void test_results_are_bit_identical(const char *path, bool sleeps)
{
    static const double delays_ns[] = {0, 300, 20 * US};
    static char expected[ROOM], found[ROOM];
    planted p;
    planted_init(&p, sleeps);
    importer fresh = load(path);
    /* Armed before anything is called for the first time: what is not bound yet is resolved, and not overwritten. */
    const size_t planted_places = planted_arm(&p, wants_jumps_too);
    CHECK(planted_places > 15 && planted_places == p.imports.n_items);
    const int64_t unpaused = planted_sum(&p).calls;
    const int first = fresh.run(found, ROOM);
    CHECK(planted_sum(&p).calls == unpaused);
    for (size_t i = 0; i < sizeof delays_ns / sizeof *delays_ns; i++) {
        sb_plan_set(&p.plan, sb_delay_amount(&p.delay, delays_ns[i]));
        const sb_counts before = planted_sum(&p);
        const int calls = fresh.run(found, ROOM);
        const sb_counts after = planted_sum(&p);
        CHECK(calls == first && calls > 15);
        CHECK(after.calls - before.calls >= calls + 3); /* setjmp, longjmp and others beside the provider */
        CHECK(after.requested - before.requested ==
              (after.calls - before.calls) * sb_delay_amount(&p.delay, delays_ns[i]));
        if (i == 0) {
            strcpy(expected, found);
        }
        CHECK_ROW(__LINE__, strcmp(expected, found) == 0, "%s, %g ns:\n%s%s", path, delays_ns[i], expected, found);
    }
    sb_plan_set(&p.plan, SB_PAUSED);
    CHECK(planted_disarm(&p) == planted_places);
    CHECK(fresh.run(found, ROOM) == first);
    CHECK_ROW(__LINE__, strcmp(expected, found) == 0, "%s, disarmed:\n%s%s", path, expected, found);

    /* What was found unbound is bound now, by that call. */
    CHECK(planted_arm(&p, wants_jumps_too) == planted_places);
    CHECK(planted_disarm(&p) == planted_places);
    dlclose(fresh.handle);
    planted_fini(&p);
}

static void test_delays_are_delivered(void)
{
    planted p;
    planted_init(&p, false);
    importer i = load(IMPORTER_NOW);
    planted_arm(&p, is_provided);
    for (double ns = 100; ns < 2e6; ns *= 10) {
        sb_plan_set(&p.plan, sb_delay_amount(&p.delay, ns));
        const sb_counts before = planted_sum(&p);
        const int64_t begin = sb_clock_monotonic_ns();
        CHECK(i.plain(1, 20) == 21);
        const double took_ns = (double)(sb_clock_monotonic_ns() - begin);
        const sb_counts after = planted_sum(&p);
        CHECK(after.calls - before.calls == 20);
        CHECK(after.requested - before.requested == 20 * sb_delay_amount(&p.delay, ns));
        const double delivered_ns = sb_delay_ns(&p.delay, after.delivered - before.delivered);
        const double carry_ns = 2 * sb_delay_ns(&p.delay, p.delay.carry_limit);
        CHECK(took_ns >= 0.99 * delivered_ns - carry_ns && delivered_ns >= 20 * ns - carry_ns);
    }
    planted_disarm(&p);
    planted_fini(&p);
}

/* A pointer to a function that was taken while armed is a thunk for good. */
static void test_stored_pointers_pass(void)
{
    planted p;
    planted_init(&p, false);
    importer i = load(IMPORTER_NO_PLT);
    const void *function = (void *)(uintptr_t)i.stored();
    planted_arm(&p, is_provided);
    long (*stored)(long) = i.stored();
    sb_slot *slot = sb_slot_of((void *)(uintptr_t)stored);
    CHECK(slot != NULL && slot->function == function);
    sb_plan_set(&p.plan, 0);
    const int64_t before = sb_slot_sum(slot).calls;
    CHECK(stored(1) == 2 && sb_slot_sum(slot).calls == before + 1);
    planted_disarm(&p);
    CHECK((void *)(uintptr_t)i.stored() == function);
    CHECK(stored(1) == 2 && sb_slot_sum(slot).calls == before + 1);
    planted_arm(&p, is_provided);
    CHECK(stored(1) == 2 && sb_slot_sum(slot).calls == before + 2); /* the same thunk for the same function */
    planted_disarm(&p);
    planted_fini(&p);
}

static void test_a_child_is_not_slowed(void)
{
    planted p;
    planted_init(&p, false);
    importer i = load(IMPORTER_LAZY);
    planted_arm(&p, is_provided);
    sb_plan_set(&p.plan, sb_delay_amount(&p.delay, 100));
    i.plain(1, 10);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        const int64_t before = planted_sum(&p).calls;
        bool passes = i.plain(1, 10) == 11 && planted_sum(&p).calls == before;
#if defined(SB_EMULATED) /* qemu 7 wipes no pages in a fork's child */
        passes = true;
        sb_plan_set(&p.plan, SB_PAUSED);
#endif
        planted_disarm(&p); /* unloads nothing */
        _exit(passes && i.plain(1, 10) == 11 ? 7 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    const int64_t before = planted_sum(&p).calls;
    i.plain(1, 10);
    CHECK(planted_sum(&p).calls == before + 10);
    planted_disarm(&p);
    planted_fini(&p);
}

typedef struct {
    importer i;
    int times;
    atomic_bool stop;
    _Atomic long rounds;
    atomic_bool wrong;
} crowd;

static void *call_often(void *context)
{
    crowd *c = context;
    while (!atomic_load(&c->stop)) {
        if (c->i.plain(5, c->times) != 5 + c->times) {
            atomic_store(&c->wrong, true);
        }
        atomic_fetch_add(&c->rounds, 1);
    }
    return NULL;
}

static void *call_once(void *context)
{
    crowd *c = context;
    return (void *)(intptr_t)(c->i.plain(5, c->times) != 5 + c->times);
}

static void test_threads_count_exactly(void)
{
    enum { THREADS = 6, CALLS = 20000 };
    crowd c = {.i = load(IMPORTER_NOW), .times = CALLS};
    planted p;
    planted_init(&p, false);
    planted_arm(&p, is_provided);
    sb_plan_set(&p.plan, 0);
    const int64_t before = planted_sum(&p).calls;
    pthread_t threads[THREADS];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < THREADS; i++) {
            pthread_create(&threads[i], NULL, call_once, &c);
        }
        for (int i = 0; i < THREADS; i++) {
            void *wrong;
            pthread_join(threads[i], &wrong);
            CHECK(wrong == NULL);
        }
    }
    CHECK(planted_sum(&p).calls - before == 3 * THREADS * CALLS);
    CHECK(sb_slots_lost() == 0);
    planted_disarm(&p);
    planted_fini(&p);
}

static void test_arming_beside_threads_that_call(void)
{
    enum { THREADS = 3, CYCLES = 60 };
    crowd c = {.i = load(IMPORTER_NO_PLT), .times = 50};
    planted p;
    planted_init(&p, false);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, call_often, &c);
    }
    for (int cycle = 0; cycle < CYCLES; cycle++) {
        const size_t places = planted_arm(&p, is_provided);
        sb_plan_set(&p.plan, sb_delay_amount(&p.delay, 50));
        const long rounds = atomic_load(&c.rounds);
        while (cycle % 10 == 0 && atomic_load(&c.rounds) < rounds + 5) {
            sched_yield();
        }
        sb_plan_set(&p.plan, SB_PAUSED);
        CHECK(planted_disarm(&p) == places);
    }
    atomic_store(&c.stop, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(!atomic_load(&c.wrong));
    planted_fini(&p);
}

int main(void)
{
    if (dlopen(PROVIDER_PATH, RTLD_NOW | RTLD_GLOBAL) == NULL) { /* for the importer that is not linked to it */
        return 1;
    }
    for (size_t i = 0; i < N_PATHS; i++) {
        test_results_are_bit_identical(PATHS[i], i % 2 == 1);
    }
    test_delays_are_delivered();
    test_stored_pointers_pass();
    test_a_child_is_not_slowed();
    test_threads_count_exactly();
    test_arming_beside_threads_that_call();
    return check_status();
}
