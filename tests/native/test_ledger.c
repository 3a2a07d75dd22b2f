/* Ledgers: written by one process, read by another, meanwhile, after its death, and when the file is damaged. */
#define _GNU_SOURCE /* unshare() */
#include "check.h"
#include "ledger_view.h"
#include "thunk.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_CODES = 300, N_THREADS = 4, N_ROUNDS = 40 };

static char codes[N_CODES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static char folder[64];
static char path[sizeof folder + 16];

static void append(sb_ledger *ledger, const char *name, uint16_t lists)
{
    const sb_naming naming = {
        .lists = lists, .line = 7, .texts = {"a", name, "/a.py"}, .lengths = {1, strlen(name), 5}};
    CHECK(sb_ledger_append(ledger, &naming) != NULL);
}

/* With an entry for each code; what counts into it is counted. */
static sb_ledger *make(sb_counters *counters)
{
    sb_ledger *ledger = sb_ledger_make(path, 0.5);
    if (ledger == NULL) {
        perror(path);
        exit(1);
    }
    sb_counters_init(counters);
    counters->ledger = ledger;
    for (int i = 0; i < N_CODES; i++) {
        append(ledger, "f", 1);
    }
    return ledger;
}

static void unmake(sb_counters *counters)
{
    sb_ledger *ledger = counters->ledger;
    sb_counters_fini(counters);
    sb_ledger_close(ledger);
    unlink(path);
}

/* The way of csrc/probe.c. */
static sb_cell *cell_of(sb_counters *counters, size_t code)
{
    sb_thread *thread = sb_counters_thread(counters);
    sb_cell *cell = thread != NULL ? sb_counters_find(thread, &codes[code]) : NULL;
    if (cell == NULL) {
        pthread_mutex_lock(&lock);
        thread = sb_counters_thread_locked(counters);
        cell = thread != NULL ? sb_counters_find(thread, &codes[code]) : NULL;
        if (cell == NULL && thread != NULL) {
            cell = sb_counters_insert_locked(thread, &codes[code], code);
            if (cell != NULL) {
                __atomic_store_n(&cell->lists, 1, __ATOMIC_RELEASE);
            }
        }
        pthread_mutex_unlock(&lock);
    }
    return cell;
}

static int64_t calls_in(sb_view *view)
{
    sb_counts sums[N_CODES] = {{0}};
    int64_t calls = 0;
    size_t n;
    CHECK(sb_view_sum(view, sums, N_CODES, &n) == SB_VIEW_OK && n >= N_CODES);
    for (int i = 0; i < N_CODES; i++) {
        calls += sums[i].calls;
    }
    return calls;
}

/* ---- two processes ---- */

static sb_atomic_i64 *counted; /* shared: one a thread, raised after each call that was counted */

typedef struct {
    sb_counters *counters;
    int number;
    bool endless;
} writer;

static void *count_all(void *context)
{
    const writer *self = context;
    for (int round = 0; self->endless || round < N_ROUNDS; round++) {
        for (size_t code = 0; code < N_CODES; code++) {
            sb_cell *cell = cell_of(self->counters, code);
            sb_add(&cell->calls, 1);
            sb_add(&cell->requested, (int64_t)code);
            sb_add(&counted[self->number], 1);
        }
    }
    return NULL;
}

static pid_t start_writer(bool endless)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        sb_counters counters;
        pthread_t threads[N_THREADS];
        writer writers[N_THREADS];
        make(&counters);
        for (int i = 0; i < N_THREADS; i++) {
            writers[i] = (writer){.counters = &counters, .number = i, .endless = endless};
            pthread_create(&threads[i], NULL, count_all, &writers[i]);
        }
        for (int i = 0; i < N_THREADS; i++) {
            pthread_join(threads[i], NULL);
        }
        _exit(check_failed != 0);
    }
    return child;
}

static void open_when_there(sb_view *view)
{
    sb_view_error error;
    while ((error = sb_view_open(view, path)) == SB_VIEW_ERRNO && errno == ENOENT) {
        sched_yield();
    }
    CHECK(error == SB_VIEW_OK); /* never half of it */
    while (error == SB_VIEW_OK && sb_load_acquire(&view->ledger->n_entries) < N_CODES) {
        sched_yield(); /* entries come after the file */
    }
}

static void test_another_process_reads_meanwhile(void)
{
    const int64_t expected = (int64_t)N_THREADS * N_ROUNDS * N_CODES;
    const pid_t child = start_writer(false);
    sb_view view;
    open_when_there(&view);
    CHECK(view.ledger->pid == child);
    bool grows = true;
    int status;
    for (int64_t last = 0; waitpid(child, &status, WNOHANG) == 0;) {
        const int64_t calls = calls_in(&view);
        grows = grows && calls >= last && calls <= expected;
        last = calls;
    }
    CHECK(grows && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(calls_in(&view) == expected);
    sb_counts sums[3] = {{0}};
    size_t n;
    CHECK(sb_view_sum(&view, sums, 3, &n) == SB_VIEW_OK && n == N_CODES);
    CHECK(sums[2].calls == N_THREADS * N_ROUNDS && sums[2].requested == 2 * N_THREADS * N_ROUNDS);
    sb_view_close(&view);
    unlink(path);
}

static int64_t all_counted(void)
{
    int64_t sum = 0;
    for (int i = 0; i < N_THREADS; i++) {
        sum += sb_read(&counted[i]);
    }
    return sum;
}

static void test_counts_survive_sigkill(void)
{
    for (int i = 0; i < N_THREADS; i++) {
        sb_store_release(&counted[i], 0);
    }
    const pid_t child = start_writer(true);
    sb_view view;
    open_when_there(&view);
    while (all_counted() < 20000) {
        sched_yield();
    }
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child);
    const int64_t calls = calls_in(&view), known = all_counted();
    CHECK_ROW(__LINE__, calls >= known && calls <= known + N_THREADS, "%ld calls were read, %ld made", (long)calls,
              (long)known);
    sb_view_close(&view);
    unlink(path);
}

/* ---- blocks ---- */

static void function_of_a_slot(void)
{
}

static void count_in(const sb_slot *slot, uint32_t target)
{
    sb_cell *cell = sb_slot_cell(slot);
    if (cell != NULL) {
        cell->target = target;
        __atomic_store_n(&cell->lists, 1, __ATOMIC_RELEASE);
        sb_add(&cell->calls, 1);
    }
}

static void *count_in_first(void *slot)
{
    count_in(slot, 0);
    return NULL;
}

static sb_slot *take(int i)
{
    sb_slot *slot = sb_slot_take((const char *)(uintptr_t)function_of_a_slot + i);
    if (slot == NULL) {
        exit(1);
    }
    return slot;
}

static void test_blocks_lie_in_it_and_grow(void)
{
    enum { MANY = 100 };
    sb_slot *first = take(0);
    count_in(first, 0); /* in private memory */
    sb_counters counters;
    sb_ledger *ledger = make(&counters);
    CHECK(sb_slots_move_in(ledger) && !sb_slots_move_in(ledger));
    CHECK(sb_slots_move_out(ledger) && sb_slots_move_in(ledger)); /* no block is in it yet */
    sb_view view;
    CHECK(sb_view_open(&view, path) == SB_VIEW_OK);
    CHECK(sb_slot_sum(first).calls == 1 && calls_in(&view) == 0);
    for (int i = 0; i < 5; i++) {
        count_in(first, 0);
    }
    CHECK(sb_slot_sum(first).calls == 6 && calls_in(&view) == 5);
    sb_slot *slots[MANY];
    for (int i = 0; i < MANY; i++) { /* more than the thread's block has place for */
        slots[i] = take(i + 1);
        count_in(slots[i], (uint32_t)i + 1);
    }
    count_in(first, 0);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, count_in_first, first) == 0);
    pthread_join(thread, NULL);
    CHECK(sb_slot_sum(first).calls == 8 && calls_in(&view) == 7 + MANY);
    CHECK(sb_slots_lost() == 0 && sb_read(&ledger->lost) == 0);

    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        sb_ledger *parents = sb_slots_reinit();
        const int64_t before = sb_slot_sum(first).calls;
        const bool left = parents == ledger && (sb_ledger_leave_to_parent(parents), true);
        count_in(first, 0);
        sb_ledger_lose(counters.ledger); /* for one, what a child does to the ledger that it knows */
        _exit(left && before == 8 && sb_slot_sum(first).calls == 9 && sb_ledger_take(ledger, 64) == NULL ? 7 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK_ROW(__LINE__, WEXITSTATUS(status) == 7, "the child says %d", WEXITSTATUS(status));
    CHECK(calls_in(&view) == 7 + MANY && sb_read(&ledger->lost) == 0);

    CHECK(!sb_slots_move_out(ledger)); /* it stays mapped */
    count_in(first, 0);
    CHECK(sb_slot_sum(first).calls == 9 && calls_in(&view) == 7 + MANY);
    for (int i = 0; i < MANY; i++) {
        sb_slot_release(slots[i]);
    }
    sb_slot_release(first);
    sb_view_close(&view);
    unlink(path);
    sb_counters_fini(&counters);
}

/* ---- points ---- */

static void *stamp_often(void *point)
{
    for (int i = 0; i < 20000; i++) {
        sb_point_stamp(point, INT64_C(1) << 62); /* which the sum runs over at every fourth */
    }
    return NULL;
}

static void test_points_are_of_one_moment(void)
{
    const double each = 0x1p50;
    const int64_t now = (INT64_C(1) << 62) + (INT64_C(1) << 50);
    sb_point point = {0};
    int64_t patience = INT64_MAX;
    sb_told told = sb_view_tell(&point, now, &patience);
    CHECK(told.calls == 0 && told.last == 0 && told.age == 0);
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, stamp_often, &point) == 0);
    }
    bool consistent = true;
    int64_t last = 0;
    while (last < 20000 * N_THREADS) {
        told = sb_view_tell(&point, now, &patience);
        consistent = consistent && told.age == (double)told.calls * each && told.calls >= last;
        last = told.calls;
    }
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(consistent && told.last == INT64_C(1) << 62);

    sb_add(&point.entered, 1); /* and its thread was killed */
    patience = 1000000;
    told = sb_view_tell(&point, now, &patience);
    CHECK(told.calls == 20000 * N_THREADS && patience <= 0);
}

static void test_targets_of_other_lists_get_points(void)
{
    sb_counters counters;
    sb_ledger *ledger = make(&counters);
    for (int i = 0; i < SB_N_POINTS + 2; i++) {
        const sb_naming naming = {.lists = i == 1 ? 3 : 4, .texts = {"", "", ""}};
        const sb_entry *entry = sb_ledger_append(ledger, &naming);
        CHECK(entry != NULL && entry->point == (i < SB_N_POINTS ? i + 1 : 0));
    }
    append(ledger, "last", 1);
    sb_view view;
    CHECK(sb_view_open(&view, path) == SB_VIEW_OK);
    int n = 0;
    const sb_entry *last = NULL;
    for (const sb_entry *entry = sb_view_next(&view, NULL); entry != NULL; entry = sb_view_next(&view, entry)) {
        CHECK(entry->point == (n >= N_CODES && n < N_CODES + SB_N_POINTS ? n - N_CODES + 1 : 0));
        last = entry;
        n++;
    }
    CHECK(n == N_CODES + SB_N_POINTS + 3);
    CHECK(last != NULL && last->lists == 1 && last->line == 7 && last->lengths[1] == 4 &&
          memcmp(last->text, "alast/a.py", 10) == 0);
    sb_view_close(&view);
    unmake(&counters);
}

/* ---- no memory ---- */

/* Takes and touches all there is. Returns the bytes. */
static int64_t exhaust(sb_ledger *ledger)
{
    int64_t bytes = 0;
    bool zeroed = true;
    for (char *taken; (taken = sb_ledger_take(ledger, 64)) != NULL; bytes += 64) {
        zeroed = zeroed && taken[0] == 0 && taken[63] == 0;
        memset(taken, 1, 64);
    }
    CHECK(zeroed);
    return bytes;
}

/* In a process of its own, which a signal would kill. */
static void in_child(void (*test)(void), const char *name)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        check_failed = 0;
        test();
        _exit(check_failed != 0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_ROW(__LINE__, status == 0, "%s ends with %d", name, status);
}

static void limit_files_to(int64_t size)
{
    const struct rlimit limit = {.rlim_cur = (rlim_t)size, .rlim_max = RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void under_a_limit(void)
{
    limit_files_to(3 << 20);
    sb_counters counters;
    sb_ledger *ledger = make(&counters);
    struct stat file;
    CHECK(stat(path, &file) == 0 && file.st_size == 2 << 20 && (file.st_mode & 0777) == 0600);
    const int64_t bytes = exhaust(ledger);
    CHECK_ROW(__LINE__, bytes > 1 << 20 && bytes < 2 << 20, "%ld bytes were taken", (long)bytes);
    CHECK(cell_of(&counters, 0) == NULL);
    const sb_naming naming = {.lists = 1, .texts = {"", "", ""}, .lengths = {0}};
    CHECK(sb_ledger_append(ledger, &naming) == NULL);
    sb_view view;
    CHECK(sb_view_open(&view, path) == SB_VIEW_OK && calls_in(&view) == 0);
    sb_view_close(&view);
    unmake(&counters);

    limit_files_to(1000);
    CHECK(sb_ledger_make(path, 1) == NULL && errno == EFBIG);
    CHECK(access(path, F_OK) < 0);
}

static void on_a_full_disk(void)
{
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        printf("no disk can be filled here: %s\n", strerror(errno));
        return;
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("tmpfs", folder, "tmpfs", 0, "size=512k") < 0) {
        printf("no disk can be filled here: %s\n", strerror(errno));
        return;
    }
    sb_counters counters;
    sb_ledger *ledger = make(&counters);
    const int64_t bytes = exhaust(ledger);
    CHECK_ROW(__LINE__, bytes > 256 << 10 && bytes < 512 << 10, "%ld bytes were taken", (long)bytes);
    char second[sizeof path + 8];
    snprintf(second, sizeof second, "%s.2", path);
    CHECK(sb_ledger_make(second, 1) == NULL && errno == ENOSPC);
    CHECK(access(second, F_OK) < 0);
    unmake(&counters);
}

/* ---- files that are none ---- */

static void write_file(const void *data, size_t size, int64_t length)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0 || truncate(path, length) < 0) {
        exit(1);
    }
}

static sb_view_error opened(void)
{
    sb_view view;
    const sb_view_error error = sb_view_open(&view, path);
    if (error == SB_VIEW_OK) {
        sb_view_close(&view);
    }
    return error;
}

static void test_what_is_no_ledger_is_refused(void)
{
    sb_counters counters;
    sb_ledger *ledger = make(&counters);
    CHECK(sb_ledger_make(path, 1) == NULL && errno == EEXIST);
    sb_ledger copy = *ledger;
    const int64_t used = sb_read(&ledger->used);
    unmake(&counters);
    CHECK(opened() == SB_VIEW_ERRNO && errno == ENOENT);
    write_file("", 0, 0);
    CHECK(opened() == SB_VIEW_FOREIGN);
    write_file("sbledges and more of it", 23, 1 << 20);
    CHECK(opened() == SB_VIEW_FOREIGN);
    write_file(&copy, 16, 16);
    CHECK(opened() == SB_VIEW_TRUNCATED);
    write_file(&copy, sizeof copy, used - 1);
    CHECK(opened() == SB_VIEW_TRUNCATED);
    write_file(&copy, sizeof copy, used);
    CHECK(opened() == SB_VIEW_OK);
    copy.header++;
    write_file(&copy, sizeof copy, used);
    CHECK(opened() == SB_VIEW_OTHER_BUILD);
    unlink(path);
    CHECK(mkfifo(path, 0600) == 0 && opened() == SB_VIEW_FOREIGN);
    unlink(path);
    CHECK(mkdir(path, 0700) == 0 && opened() == SB_VIEW_FOREIGN);
    rmdir(path);
}

static uint64_t random_bits(void)
{
    static uint64_t state = 0x9E3779B97F4A7C15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* All that a reader does. What it reads is added up, so that the sanitizers see it. */
static uint64_t read_all(sb_view *view)
{
    sb_counts sums[N_CODES] = {{0}};
    size_t n = 0;
    uint64_t bits = sb_view_sum(view, sums, N_CODES, &n) == SB_VIEW_OK ? n : 0;
    for (int i = 0; i < N_CODES; i++) {
        bits += (uint64_t)sums[i].calls;
    }
    for (const sb_entry *entry = sb_view_next(view, NULL); entry != NULL; entry = sb_view_next(view, entry)) {
        const size_t length = (size_t)entry->lengths[0] + entry->lengths[1] + entry->lengths[2];
        for (size_t i = 0; i < length; i++) {
            bits += (unsigned char)entry->text[i];
        }
    }
    int64_t patience = 0;
    for (int i = 0; i < SB_N_POINTS; i++) {
        bits += (uint64_t)sb_view_tell(&view->ledger->points[i], 0, &patience).calls;
    }
    return bits;
}

/* Where offsets and numbers are, others are put: small ones, huge ones, and such as lead elsewhere in the file. */
static void damage(char *data, size_t used)
{
    const int64_t odd[] = {0,
                           1,
                           -1,
                           64,
                           (int64_t)used,
                           (int64_t)used - 64,
                           INT64_MAX,
                           INT64_MIN,
                           1 << 30,
                           63,
                           62,
                           31,
                           (int64_t)(random_bits() % used),
                           (int64_t)(random_bits() % used / 64 * 64)};
    const size_t words = random_bits() % 2 == 0 ? sizeof(sb_ledger) / 8 : used / 8;
    const size_t at = random_bits() % 3 == 0 ? 5 + random_bits() % 10 : random_bits() % words;
    int64_t value = odd[random_bits() % (sizeof odd / sizeof *odd)];
    value |= random_bits() % 2 == 0 ? 0 : (int64_t)(random_bits() % 64);
    memcpy(data + at * 8, &value, 8);
}

static void test_a_damaged_file_does_no_harm(void)
{
    sb_counters counters;
    sb_ledger *ledger = make(&counters);
    CHECK(sb_slots_move_in(ledger));
    for (size_t code = 0; code < N_CODES; code++) {
        sb_add(&cell_of(&counters, code)->calls, 1);
    }
    sb_slot *slot = take(0);
    count_in(slot, 1);
    sb_slot_release(slot);
    sb_slots_move_out(ledger);
    const size_t used = (size_t)sb_read(&ledger->used);
    char *whole = malloc(used), *damaged = malloc(used);
    if (whole == NULL || damaged == NULL) {
        exit(1);
    }
    memcpy(whole, ledger, used);
    unlink(path);
    int n_opened = 0;
    uint64_t bits = 0;
    for (int i = 0; i < 3000; i++) {
        memcpy(damaged, whole, used);
        for (uint64_t n = random_bits() % 4 + 1; n > 0; n--) {
            damage(damaged, used);
        }
        write_file(damaged, used, (int64_t)(random_bits() % 4 == 0 ? random_bits() % used : used));
        sb_view view;
        if (sb_view_open(&view, path) == SB_VIEW_OK) {
            bits += read_all(&view);
            n_opened++;
            sb_view_close(&view);
        }
    }
    CHECK_ROW(__LINE__, n_opened > 1000 && bits != 0, "only %d were read", n_opened);
    free(whole);
    free(damaged);
    unlink(path);
    sb_counters_fini(&counters); /* a block lies in the ledger: it stays mapped */
}

int main(void)
{
    counted = mmap(NULL, N_THREADS * sizeof *counted, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(folder, sizeof folder, "%s/speedbump-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(folder) == NULL || counted == MAP_FAILED) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/a.ledger", folder);
    test_another_process_reads_meanwhile();
    test_counts_survive_sigkill();
    test_blocks_lie_in_it_and_grow();
    test_points_are_of_one_moment();
    test_targets_of_other_lists_get_points();
    in_child(under_a_limit, "a limit");
    in_child(on_a_full_disk, "a full disk");
    test_what_is_no_ledger_is_refused();
    test_a_damaged_file_does_no_harm();
    CHECK(rmdir(folder) == 0);
    return check_status();
}
