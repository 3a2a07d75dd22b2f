/* A ledger's file and its entries; see ledger.h. */
#define _GNU_SOURCE /* mremap() */
#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Addresses are all that this costs: the file is sparse. A hundred threads that each meet ten thousand targets need 400
 * MiB, tables that were outgrown included. Where a limit allows less, it is less. */
#define LARGEST ((int64_t)1 << 30)
#define LARGEST_COMPLETE ((int64_t)1 << 24) /* where all of it takes its place at once */
#define SMALLEST ((int64_t)2 * SB_LEDGER_CHUNK)

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

static size_t whole_chunks(int64_t size)
{
    return (size_t)((size + SB_LEDGER_CHUNK - 1) / SB_LEDGER_CHUNK * SB_LEDGER_CHUNK);
}

/* ---- making ---- */

/* The kernel kills who goes beyond. */
static int64_t size_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur > (rlim_t)LARGEST) {
        return LARGEST;
    }
    return (int64_t)limit.rlim_cur;
}

/* Takes a place on the disk for all of the file, by writing it where the file system has no other way. Returns 0 or an
 * errno. */
static int complete(int file, int64_t size)
{
    static const char zeros[SB_LEDGER_CHUNK];
    int error = posix_fallocate(file, 0, size);
    if (error == EOPNOTSUPP || error == EINVAL) { /* the C library does not write by itself */
        error = 0;
        for (int64_t at = 0; at < size && error == 0; at += SB_LEDGER_CHUNK) {
            const ssize_t written = pwrite(file, zeros, sizeof zeros, at);
            error = written < 0 ? errno : written < (ssize_t)sizeof zeros ? ENOSPC : 0;
        }
    }
    return error;
}

/* Of so many bytes, zeros, with some of them ready. NULL with errno set. */
static sb_ledger *map(int file, int64_t size)
{
    if (ftruncate(file, size) < 0) {
        return NULL;
    }
    sb_ledger *ledger = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (ledger == MAP_FAILED) {
        return NULL;
    }
    int64_t ready = SB_LEDGER_CHUNK;
    int error = madvise(ledger, SB_LEDGER_CHUNK, MADV_POPULATE_WRITE) < 0 ? errno : 0;
    if (error == EINVAL) { /* the kernel does not know how, see ledger.c */
        error = size > LARGEST_COMPLETE ? EFBIG : complete(file, size);
        ready = size;
    }
    if (error != 0) {
        munmap(ledger, (size_t)size);
        errno = error == EFAULT ? ENOSPC : error; /* that there is no place for a page is how it says it */
        return NULL;
    }
    ledger->size = size;
    sb_store_release(&ledger->ready, ready);
    return ledger;
}

static sb_ledger *map_what_is_possible(int file)
{
    const int64_t limit = size_limit();
    sb_ledger *ledger = NULL;
    errno = EFBIG;
    for (int64_t size = LARGEST; size >= SMALLEST && ledger == NULL; size /= 2) {
        if (size <= limit) {
            ledger = map(file, size);
        }
    }
    return ledger;
}

static void fill_in(sb_ledger *ledger, double ns_per_tick)
{
    memcpy(ledger->magic, SB_LEDGER_MAGIC, sizeof ledger->magic);
    ledger->header = sizeof *ledger;
    ledger->pid = getpid();
    ledger->ns_per_tick = ns_per_tick;
    sb_store_release(&ledger->used, sizeof *ledger);
}

/* Returns 0, or -1 with errno set. Where the file system cannot refuse to replace a file, it is replaced. */
static int rename_to_new(const char *from, const char *to)
{
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    return errno == EINVAL || errno == ENOSYS ? rename(from, to) : -1;
}

sb_ledger *sb_ledger_make(const char *path, double ns_per_tick)
{
    char *draft = malloc(strlen(path) + sizeof ".new");
    if (draft == NULL) {
        return NULL;
    }
    strcpy(draft, path);
    strcat(draft, ".new");
    sb_ledger *ledger = NULL;
    const int file = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (file >= 0) {
        ledger = map_what_is_possible(file);
        if (ledger != NULL) {
            fill_in(ledger, ns_per_tick);
            if (rename_to_new(draft, path) < 0) {
                const int error = errno;
                munmap(ledger, whole_chunks(ledger->size));
                ledger = NULL;
                errno = error;
            }
        }
        const int error = errno;
        if (ledger == NULL) {
            unlink(draft);
        }
        close(file);
        errno = error;
    }
    const int error = errno;
    free(draft);
    errno = error;
    return ledger;
}

void sb_ledger_close(sb_ledger *ledger)
{
    if (ledger != NULL) {
        /* A thunk's call may still find its point (plan.h): there are addresses for that, and no memory. */
        const size_t length = whole_chunks(ledger->size);
        (void)mmap(ledger, SB_LEDGER_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        munmap((char *)ledger + SB_LEDGER_CHUNK, length - SB_LEDGER_CHUNK);
    }
}

/* The parent goes on counting meanwhile: of each number the copy has what it was at some time since the fork. Where
 * there is no memory for a copy, the mapping stays as it is, and nobody writes to it: what would is not in the child.
 */
void sb_ledger_leave_to_parent(sb_ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    const int64_t used = sb_load_acquire(&ledger->used);
    const size_t length = whole_chunks(used), size = whole_chunks(ledger->size);
    sb_ledger *copy = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) {
        return;
    }
    memcpy(copy, ledger, (size_t)used);
    copy->size = used;
    sb_store_release(&copy->used, used);
    (void)mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, ledger);
    munmap((char *)ledger + length, size - length);
}

/* ---- entries ---- */

/* As in an entry. */
static uint16_t take_point(sb_ledger *ledger, uint16_t lists)
{
    const int64_t n = sb_read(&ledger->n_points);
    if ((lists & ~1) == 0 || n == SB_N_POINTS) {
        return 0;
    }
    sb_store_release(&ledger->n_points, n + 1);
    return (uint16_t)(n + 1);
}

const sb_entry *sb_ledger_append(sb_ledger *ledger, const sb_naming *naming)
{
    const size_t *lengths = naming->lengths;
    sb_entry *entry = sb_ledger_take(ledger, sizeof *entry + lengths[0] + lengths[1] + lengths[2]);
    if (entry == NULL) {
        return NULL;
    }
    entry->kind = naming->kind;
    entry->line = naming->line;
    entry->lists = naming->lists;
    entry->point = take_point(ledger, naming->lists);
    char *text = entry->text;
    for (int i = 0; i < 3; i++) {
        entry->lengths[i] = (uint32_t)lengths[i];
        memcpy(text, naming->texts[i], lengths[i]);
        text += lengths[i];
    }
    const int64_t last = sb_read(&ledger->last_entry), offset = sb_ledger_offset(ledger, entry);
    sb_store_release(last != 0 ? &((sb_entry *)(void *)((char *)ledger + last))->next : &ledger->entries, offset);
    sb_store_release(&ledger->last_entry, offset);
    sb_store_release(&ledger->n_entries, sb_read(&ledger->n_entries) + 1);
    return entry;
}
