/* Pages: what a call owes by its lists, rhythms and windows for all, files that are none, and readers in other threads
 * and processes while the page is switched. Time is what the tests say. */
#include "check.h"
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static sb_atomic_i64 now;
static const sb_calibration CALIBRATION = {
    .clock = {.kind = SB_CLOCK_TSC, .ns_per_tick = 0.5, .read_ns = 10, .step_ns = 20},
    .fixed = {1024, -1, 2048},
};

int64_t sb_simulated_ticks(void)
{
    return sb_read(&now);
}

int64_t sb_simulated_ns(void)
{
    return sb_simulated_ticks();
}

void sb_simulated_dally(uint32_t turns)
{
    (void)turns;
}

/* ---- a page, and a process that obeys it ---- */

static char folder[] = "speedbump-page-XXXXXX";
static char path[64];

static sb_page *make(void)
{
    sb_page *page = NULL;
    CHECK(sb_page_make(&page, path, 1, &CALIBRATION) == SB_PAGE_OK);
    return page;
}

static void drop(sb_page *page)
{
    sb_page_unmap(page);
    CHECK(unlink(path) == 0);
}

static sb_amount due(const sb_plan *plan, sb_cell *cell)
{
    const sb_word word = sb_plan_look(plan);
    sb_debt debt = sb_word_count(word, cell, cell->target);
    if (debt == SB_SHARED) {
        debt = sb_page_debt(plan->word, cell);
    }
    return sb_debt_due(debt, &CALIBRATION.clock);
}

static void test_one_store_switches(void)
{
    sb_page *page = make();
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    sb_cell cell = {.lists = 1, .target = 7};
    CHECK(due(&plan, &cell) == 0 && cell.calls == 0);
    sb_plan_obey(&plan, page, NULL);
    CHECK(sb_plan_look(&plan) == SB_SHARED);
    CHECK(due(&plan, &cell) == 0 && cell.calls == 0); /* a new page is paused */
    sb_page_set(page, 70);
    CHECK(due(&plan, &cell) == 0 && cell.calls == 0); /* and has no list in any role */
    sb_page_select(page, 1, 1, 0);
    CHECK(due(&plan, &cell) == 70 && cell.calls == 1);
    sb_page_set(page, 0);
    CHECK(due(&plan, &cell) == 0 && cell.calls == 2);
    sb_page_set_rhythm(page, 9, 2, NULL);
    CHECK(due(&plan, &cell) == 0 && due(&plan, &cell) == 9 && cell.calls == 4);
    sb_page_set(page, SB_PAUSED);
    CHECK(due(&plan, &cell) == 0 && cell.calls == 4);
    sb_page_set(page, 3);
    CHECK(due(&plan, &cell) == 3 && cell.calls == 5);
    sb_plan_set(&plan, SB_PAUSED); /* disarmed: the page is not asked */
    CHECK(due(&plan, &cell) == 0 && cell.calls == 5);
    sb_plan_set(&plan, 11);
    CHECK(due(&plan, &cell) == 11 && cell.calls == 6);
    sb_plan_fini(&plan);
    drop(page);
}

/* Every combination of three lists in the roles, and of a cell's. */
static void test_roles_of_lists(void)
{
    sb_page *page = make();
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    sb_point points[3] = {{.calls = 0}};
    sb_plan_obey(&plan, page, points);
    sb_page_set(page, 5);
    for (unsigned bits = 0; bits < 1u << 12; bits++) {
        const unsigned counted = bits & 7, delayed = bits >> 3 & 7, stamped = bits >> 6 & 7, lists = bits >> 9 & 7;
        sb_page_select(page, counted << 13, delayed << 13, stamped << 13);
        sb_cell cell = {.lists = (uint16_t)(lists << 13), .point = 2};
        const int64_t before = sb_read(&points[1].calls);
        const sb_amount amount = due(&plan, &cell);
        const bool counts = (counted & lists) != 0;
        CHECK_ROW(__LINE__, cell.calls == counts, "%o", bits);
        CHECK_ROW(__LINE__, amount == (counts && delayed & lists ? 5 : 0), "%o", bits);
        CHECK_ROW(__LINE__, sb_read(&points[1].calls) - before == (counts && stamped & lists), "%o", bits);
    }
    CHECK(points[0].calls == 0 && points[2].calls == 0);
    sb_plan_fini(&plan);
    drop(page);
}

static void test_stamps(void)
{
    sb_point point = {.calls = 0};
    sb_point_stamp(&point, 100);
    CHECK(point.entered == 1 && point.calls == 1 && point.sum == 100 && point.last[0] == 100);
    sb_point_stamp(&point, INT64_MAX);
    sb_point_stamp(&point, 300);
    CHECK(point.entered == 3 && point.calls == 3 && point.last[0] == 300 && point.last[1] == INT64_MAX);
    CHECK((uint64_t)point.sum == UINT64_C(400) + INT64_MAX);
}

static void test_all_share_one_window(void)
{
    sb_page *page = make(), *other = NULL;
    sb_plan plans[2];
    CHECK(sb_page_open(&other, path) == SB_PAGE_OK && other != page);
    for (int i = 0; i < 2; i++) {
        CHECK(sb_plan_init(&plans[i]) == 0);
        sb_plan_obey(&plans[i], i == 0 ? page : other, NULL);
    }
    sb_page_select(page, 1, 1, 0);
    sb_page_set_rhythm(page, 6, 1, &(sb_window){1000, 10});
    sb_cell cell = {.lists = 1};
    const int64_t at[] = {0, 999, 1000, 1009, 1010, INT64_MAX};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        atomic_store(&now, at[i]);
        const sb_amount expected = at[i] >= 1000 && at[i] < 1010 ? 6 : 0;
        CHECK(due(&plans[0], &cell) == expected && due(&plans[1], &cell) == expected);
    }
    CHECK(cell.calls == 12);
    sb_page_set_rhythm(page, 8, 1, NULL); /* nothing of the window is left */
    CHECK(due(&plans[0], &cell) == 8 && due(&plans[1], &cell) == 8);
    for (int i = 0; i < 2; i++) {
        sb_plan_fini(&plans[i]);
    }
    sb_page_unmap(other);
    drop(page);
}

/* The rhythm in force is never written to. */
static void test_rhythms_take_turns(void)
{
    sb_page *page = make();
    for (int i = 0; i < 5; i++) {
        const sb_page before = *page;
        const int in_force = (int)-sb_read(&page->word) - 1;
        sb_page_set_rhythm(page, i, 2, NULL);
        CHECK(sb_read(&page->word) == (i % 2 == 0 ? -1 : -2));
        if (i > 0) {
            CHECK(memcmp(&page->rhythms[in_force], &before.rhythms[in_force], sizeof(sb_rhythm)) == 0);
        }
    }
    drop(page);
}

/* ---- files ---- */

static void test_a_page_is_made_once(void)
{
    const mode_t before = umask(0777);
    sb_page *page = make(), *other = page;
    umask(before);
    struct stat status;
    CHECK(stat(path, &status) == 0 && (status.st_mode & 07777) == 0600 && status.st_size == sizeof(sb_page));
    CHECK(sb_page_make(&other, path, 1, &CALIBRATION) == SB_PAGE_ERRNO && errno == EEXIST && other == NULL);
    CHECK(sb_page_is_ours(page) && page->mode == 1);
    CHECK(sb_page_open(&other, path) == SB_PAGE_OK && sb_page_is_ours(other));
    CHECK(other->calibration.fixed[SB_BY_NATIVE] == 2048 && other->calibration.clock.ns_per_tick == 0.5);
    sb_page_set(other, 4);
    CHECK(page->word == 5);
    sb_page_unmap(other);
    drop(page);
    CHECK(sb_page_open(&other, path) == SB_PAGE_ERRNO && errno == ENOENT && other == NULL);
    CHECK(sb_page_make(&other, "/proc/no-such/page", 1, &CALIBRATION) == SB_PAGE_ERRNO && errno == ENOENT);
    CHECK(sb_page_open(&other, folder) == SB_PAGE_ERRNO && errno == EISDIR);
}

/* Where there is no room nothing is left, and nobody is killed. */
static void test_no_room(void)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        sb_page *page;
        signal(SIGXFSZ, SIG_IGN);
        const struct rlimit limit = {100, 100};
        setrlimit(RLIMIT_FSIZE, &limit);
        const int result = sb_page_make(&page, path, 1, &CALIBRATION);
        _exit(result == SB_PAGE_ERRNO && errno == EFBIG && access(path, F_OK) < 0 ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* What is written over a page, or what is left of it. */
static void test_files_that_are_no_pages(void)
{
    sb_page *page = make();
    sb_page good = *page;
    drop(page);
    const struct {
        size_t offset, length;
        const void *bytes;
        size_t size;
    } rows[] = {
        {0, 0, NULL, 0},
        {0, 0, NULL, sizeof good - 1},
        {0, 1, "S", sizeof good},
        {offsetof(sb_page, size), 8, &(int64_t){4096}, sizeof good},
        {offsetof(sb_page, calibration.clock.kind), 4, &(int32_t){3}, sizeof good},
        {offsetof(sb_page, calibration.clock.kind), 4, &(int32_t){-1}, sizeof good},
        {offsetof(sb_page, calibration.clock.ns_per_tick), 8, &(double){0}, sizeof good},
        {offsetof(sb_page, calibration.clock.ns_per_tick), 8, &(double){-1}, sizeof good},
        {offsetof(sb_page, calibration.clock.ns_per_tick), 8, &(uint64_t){UINT64_MAX}, sizeof good},
        {offsetof(sb_page, calibration.fixed[1]), 8, &(int64_t){-2}, sizeof good},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        sb_page bad = good;
        if (rows[row].length > 0) {
            memcpy((char *)&bad + rows[row].offset, rows[row].bytes, rows[row].length);
        }
        const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        CHECK(write(file, &bad, rows[row].size) == (ssize_t)rows[row].size);
        close(file);
        CHECK_ROW(__LINE__, sb_page_open(&page, path) == SB_PAGE_FOREIGN && page == NULL, "row %zu", row);
    }
    CHECK(unlink(path) == 0);
    CHECK(sb_page_open(&page, "/dev/zero") == SB_PAGE_FOREIGN);
    CHECK(mkfifo(path, 0600) == 0 && sb_page_open(&page, path) == SB_PAGE_ERRNO); /* and it waits for nobody */
    CHECK(unlink(path) == 0);
}

/* ---- readers meanwhile ---- */

enum { READERS = 3, SWITCHES = 10000, PLAIN = 1000, RHYTHMIC = 1000 * 1000 };

typedef struct {
    sb_plan plan;
    sb_atomic_int done;
} shared;

typedef struct {
    shared *shared;
    int64_t wrong;
    sb_cell cell;
} reader;

/* Whatever a reader finds was put there: a uniform amount or one of a rhythm. */
static int64_t read_once(const sb_plan *plan, sb_cell *cell)
{
    const sb_amount amount = due(plan, cell);
    return amount != 0 && amount % PLAIN != 0 && amount % RHYTHMIC != 0;
}

static void *read_all_the_time(void *argument)
{
    reader *self = argument;
    while (!sb_look(&self->shared->done)) {
        self->wrong += read_once(&self->shared->plan, &self->cell);
    }
    return NULL;
}

static void switch_once(sb_page *page, int i)
{
    const sb_window window = {i % 4, i % 7};
    sb_page_set_rhythm(page, i % 3 * RHYTHMIC, 1 + i % 20, i % 3 == 0 ? NULL : &window);
    sb_page_set(page, i % 5 * PLAIN);
    sb_page_select(page, i % 2 == 0, i % 3 > 0, 0);
    if (i % 1000 == 0) {
        sb_page_set(page, SB_PAUSED);
    }
}

static void test_threads_read_while_it_is_switched(void)
{
    sb_page *page = make();
    shared all = {.done = 0};
    CHECK(sb_plan_init(&all.plan) == 0);
    sb_plan_obey(&all.plan, page, NULL);
    pthread_t threads[READERS];
    reader readers[READERS];
    for (int i = 0; i < READERS; i++) {
        readers[i] = (reader){.shared = &all, .cell = {.lists = 1}};
        CHECK(pthread_create(&threads[i], NULL, read_all_the_time, &readers[i]) == 0);
    }
    for (int i = 0; i < SWITCHES; i++) {
        switch_once(page, i);
    }
    sb_change(&all.done, 1);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(readers[i].wrong == 0);
    }
    sb_plan_fini(&all.plan);
    drop(page);
}

/* In a child: it is told nothing until it joins; then it sees each store, and can make none. */
static int obey_in_child(const sb_plan *parents, sb_page *inherited)
{
    sb_cell cell = {.lists = 1};
    sb_page *page;
    sb_plan plan;
    if (due(parents, &cell) != 0 || cell.calls != 0 || sb_page_is_ours(inherited)) {
        return 1;
    }
    if (sb_page_open(&page, path) != SB_PAGE_OK || sb_plan_init(&plan) < 0 || sb_page_is_ours(page)) {
        return 2;
    }
    sb_plan_obey(&plan, page, NULL);
    int64_t wrong = 0;
    while (due(&plan, &cell) != 77) {
        wrong += read_once(&plan, &cell);
    }
    if (wrong > 1) { /* 77 itself, where it is looked at here first */
        return 3;
    }
    /* To be read alone. */
    return mprotect(page, sizeof *page, PROT_READ | PROT_WRITE) < 0 ? 0 : 4;
}

static void test_processes_read_while_it_is_switched(void)
{
    sb_page *page = make();
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    sb_plan_obey(&plan, page, NULL);
    sb_page_select(page, 1, 1, 0);
    sb_page_set(page, PLAIN);
    sb_cell cell = {.lists = 1};
    CHECK(due(&plan, &cell) == PLAIN);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        _exit(obey_in_child(&plan, page));
    }
    for (int i = 0; i < SWITCHES; i++) {
        switch_once(page, i);
    }
    sb_page_select(page, 1, 1, 0);
    sb_page_set(page, 77);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_ROW(__LINE__, status == 0, "the child ended with %d", status);
    sb_plan_fini(&plan);
    drop(page);
}

int main(void)
{
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        return 1;
    }
    snprintf(path, sizeof path, "%s/page", folder);
    test_one_store_switches();
    test_roles_of_lists();
    test_stamps();
    test_all_share_one_window();
    test_rhythms_take_turns();
    test_a_page_is_made_once();
    test_no_room();
    test_files_that_are_no_pages();
    test_threads_read_while_it_is_switched();
    test_processes_read_while_it_is_switched();
    CHECK(rmdir(folder) == 0);
    return check_status();
}
