/* Making, mapping and switching a page; see page.h. */
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[8] = {'s', 'b', '-', 'p', 'a', 'g', 'e', '1'}; /* No string: it has no end. */

/* ---- files ---- */

/* Closes the file, and keeps errno. */
static void put_away(int file)
{
    const int error = errno;
    close(file);
    errno = error;
}

/* NULL with errno set. */
static sb_page *map(int file, bool writable)
{
    sb_page *page = mmap(NULL, sizeof *page, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file, 0);
    return page != MAP_FAILED ? page : NULL;
}

/* Returns 0, or -1 with errno set. */
static int allocate(int file)
{
    int error;
    do {
        error = posix_fallocate(file, 0, sizeof(sb_page));
    } while (error == EINTR);
    errno = error;
    return error == 0 ? 0 : -1;
}

int sb_page_make(sb_page **page, const char *path, int32_t mode, const sb_calibration *calibration)
{
    *page = NULL;
    const int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return SB_PAGE_ERRNO;
    }
    if (fchmod(file, 0600) == 0 && allocate(file) == 0) { /* whatever the umask is */
        *page = map(file, true);
    }
    if (*page == NULL) {
        const int error = errno;
        unlink(path);
        errno = error;
    }
    else {
        (*page)->size = sizeof **page;
        (*page)->mode = mode;
        (*page)->pid = (int32_t)getpid();
        (*page)->calibration = *calibration;
        /* The last, so that who opens the file meanwhile finds no page yet. */
        atomic_thread_fence(memory_order_release);
        memcpy((*page)->magic, MAGIC, sizeof MAGIC);
    }
    put_away(file);
    return *page != NULL ? SB_PAGE_OK : SB_PAGE_ERRNO;
}

static bool is_time(double ns)
{
    return isfinite(ns) && ns >= 0;
}

static bool is_page(const sb_page *page)
{
    const sb_clock *clock = &page->calibration.clock;
    bool sound = memcmp(page->magic, MAGIC, sizeof MAGIC) == 0 && page->size == sizeof *page &&
                 (unsigned)clock->kind <= SB_CLOCK_CNTVCT && is_time(clock->ns_per_tick) && clock->ns_per_tick > 0 &&
                 is_time(clock->read_ns) && is_time(clock->step_ns);
    for (int i = 0; i < SB_N_WAYS; i++) {
        sound = sound && page->calibration.fixed[i] >= -1;
    }
    return sound;
}

/* Of a file that grew no further than it had been read, what is mapped is there. */
static int map_checked(sb_page **page, int file, const char *path)
{
    sb_page read;
    const ssize_t length = pread(file, &read, sizeof read, 0);
    if (length < 0) {
        return SB_PAGE_ERRNO;
    }
    if (length != (ssize_t)sizeof read || !is_page(&read)) {
        return SB_PAGE_FOREIGN;
    }
    if (!sb_page_is_ours(&read)) {
        *page = map(file, false);
    }
    else {
        const int ours = open(path, O_RDWR | O_CLOEXEC);
        *page = ours >= 0 ? map(ours, true) : NULL;
        if (ours >= 0) {
            put_away(ours);
        }
    }
    return *page != NULL ? SB_PAGE_OK : SB_PAGE_ERRNO;
}

int sb_page_open(sb_page **page, const char *path)
{
    *page = NULL;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* what may be a pipe is not waited for */
    if (file < 0) {
        return SB_PAGE_ERRNO;
    }
    const int result = map_checked(page, file, path);
    put_away(file);
    return result;
}

void sb_page_unmap(sb_page *page)
{
    munmap(page, sizeof *page);
}

/* ---- switching ---- */

bool sb_page_is_ours(const sb_page *page)
{
    return page->pid == (int32_t)getpid();
}

void sb_page_set(sb_page *page, sb_amount amount)
{
    assert(amount >= SB_PAUSED);
    sb_store_release(&page->word, amount + 1);
}

void sb_page_set_rhythm(sb_page *page, sb_amount amount, int64_t every, const sb_window *window)
{
    const int next = sb_read(&page->word) == -1; /* not the one in force */
    sb_rhythm_put(&page->rhythms[next], amount, every, window);
    sb_store_release(&page->word, -1 - next);
}

void sb_page_select(sb_page *page, unsigned counted, unsigned delayed, unsigned stamped)
{
    assert(counted <= SB_ALL_LISTS && delayed <= SB_ALL_LISTS && stamped <= SB_ALL_LISTS);
    const uint64_t roles = (uint64_t)counted | (uint64_t)delayed << SB_N_LISTS | (uint64_t)stamped << 2 * SB_N_LISTS;
    sb_store_release(&page->roles, (int64_t)roles);
}
