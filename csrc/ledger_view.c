/* Reading a file that another process writes; see ledger_view.h. */
#include "ledger_view.h"

#include "thunk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- the mapping ---- */

const char *sb_view_strerror(sb_view_error error)
{
    switch (error) {
    case SB_VIEW_FOREIGN:
        return "is not a ledger";
    case SB_VIEW_OTHER_BUILD:
        return "was written by another build of pytest-speedbump; read it with that one";
    case SB_VIEW_TRUNCATED:
        return "is a ledger that was cut short; nothing can be read from it";
    default:
        return "cannot be read";
    }
}

/* Maps so many bytes, and no longer what was mapped before. */
static sb_view_error map(sb_view *view, size_t length)
{
    const sb_ledger *ledger = mmap(NULL, length, PROT_READ, MAP_SHARED, view->file, 0);
    if (ledger == MAP_FAILED) {
        return SB_VIEW_ERRNO;
    }
    if (view->ledger != NULL) {
        munmap((void *)(uintptr_t)view->ledger, view->length);
    }
    view->ledger = ledger;
    view->length = length;
    return SB_VIEW_OK;
}

static size_t whole_chunks(size_t size)
{
    return (size + SB_LEDGER_CHUNK - 1) / SB_LEDGER_CHUNK * SB_LEDGER_CHUNK;
}

sb_view_error sb_view_look(sb_view *view)
{
    struct stat file;
    if (fstat(view->file, &file) < 0) {
        return SB_VIEW_ERRNO;
    }
    if ((size_t)file.st_size < sizeof(sb_ledger)) {
        return SB_VIEW_TRUNCATED;
    }
    const int64_t used = sb_load_acquire(&view->ledger->used);
    if (used < (int64_t)sizeof(sb_ledger) || used > file.st_size) {
        return SB_VIEW_TRUNCATED;
    }
    view->end = used;
    return (size_t)used > view->length ? map(view, whole_chunks((size_t)used)) : SB_VIEW_OK;
}

/* The header is copied before anything is mapped: what is no ledger may be anything. */
static sb_view_error check_and_map(sb_view *view)
{
    struct {
        char magic[8];
        int64_t header;
    } head;
    struct stat file;
    if (fstat(view->file, &file) < 0) {
        return SB_VIEW_ERRNO;
    }
    if (!S_ISREG(file.st_mode)) {
        return SB_VIEW_FOREIGN;
    }
    const ssize_t n = pread(view->file, &head, sizeof head, 0);
    if (n < 0) {
        return SB_VIEW_ERRNO;
    }
    if (n < (ssize_t)sizeof head || memcmp(head.magic, SB_LEDGER_MAGIC, sizeof head.magic) != 0) {
        return SB_VIEW_FOREIGN;
    }
    if (head.header != (int64_t)sizeof(sb_ledger)) {
        return SB_VIEW_OTHER_BUILD;
    }
    if ((size_t)file.st_size < sizeof(sb_ledger)) {
        return SB_VIEW_TRUNCATED;
    }
    const sb_view_error error = map(view, SB_LEDGER_CHUNK);
    return error == SB_VIEW_OK ? sb_view_look(view) : error;
}

sb_view_error sb_view_open(sb_view *view, const char *path)
{
    /* Whatever a path leads to, opening it does not wait. */
    *view = (sb_view){.file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (view->file < 0) {
        return SB_VIEW_ERRNO;
    }
    const sb_view_error error = check_and_map(view);
    if (error != SB_VIEW_OK) {
        const int reason = errno;
        sb_view_close(view);
        errno = reason;
    }
    return error;
}

void sb_view_close(sb_view *view)
{
    if (view->ledger != NULL) {
        munmap((void *)(uintptr_t)view->ledger, view->length);
    }
    if (view->file >= 0) {
        close(view->file);
    }
    *view = (sb_view){.file = -1};
}

/* ---- what lies in it ---- */

/* `size` bytes from there on, or NULL. */
static const void *at(const sb_view *view, int64_t offset, int64_t size)
{
    const int64_t end = view->end;
    const bool there = offset >= (int64_t)sizeof(sb_ledger) && offset % 64 == 0 && size <= end && offset <= end - size;
    return there ? (const char *)view->ledger + offset : NULL;
}

const sb_entry *sb_view_next(const sb_view *view, const sb_entry *entry)
{
    const int64_t before = entry != NULL ? sb_ledger_offset(view->ledger, entry) : 0;
    const int64_t offset = sb_load_acquire(entry != NULL ? &entry->next : &view->ledger->entries);
    const sb_entry *next = offset > before ? at(view, offset, sizeof *next) : NULL;
    if (next != NULL) {
        const int64_t text = (int64_t)next->lengths[0] + next->lengths[1] + next->lengths[2];
        next = at(view, offset, (int64_t)sizeof *next + text);
    }
    return next;
}

static void add(sb_counts *sums, size_t n, const sb_cell *cell)
{
    const bool in_use = __atomic_load_n(&cell->lists, __ATOMIC_ACQUIRE) != 0;
    if (in_use && cell->target < n) {
        sb_counts *sum = &sums[cell->target];
        sum->calls += sb_read(&cell->calls);
        sum->requested += sb_read(&cell->requested);
        sum->delivered += sb_read(&cell->delivered);
        sum->late += sb_read(&cell->late);
        sum->waited += sb_read(&cell->waited);
    }
}

/* Takes the bytes from what is left to be looked at, which a file that is what it should be does not exhaust; NULL
 * where it does. */
static const void *look_at(const sb_view *view, int64_t offset, int64_t size, int64_t *left)
{
    *left -= size;
    return *left >= 0 ? at(view, offset, size) : NULL;
}

static void sum_tables(const sb_view *view, sb_counts *sums, size_t n)
{
    int64_t left = view->end;
    int64_t offset = sb_load_acquire(&view->ledger->tables);
    const sb_table *table;
    while (offset != 0 && (table = look_at(view, offset, sizeof *table, &left)) != NULL) {
        const int64_t where = sb_load_acquire(&table->cells), bits = where & SB_TABLE_BITS;
        const int64_t n_cells = bits < 32 ? INT64_C(1) << bits : 0;
        const sb_cell *cells = look_at(view, where & ~SB_TABLE_BITS, n_cells * (int64_t)sizeof *cells, &left);
        for (int64_t i = 0; cells != NULL && i < n_cells; i++) {
            add(sums, n, &cells[i]);
        }
        offset = sb_load_acquire(&table->next);
    }
}

static void sum_blocks(const sb_view *view, sb_counts *sums, size_t n)
{
    int64_t left = view->end;
    int64_t offset = sb_load_acquire(&view->ledger->blocks);
    const sb_block *block;
    while (offset != 0 && (block = look_at(view, offset, sizeof *block, &left)) != NULL) {
        const size_t room = block->room;
        const int64_t size = (int64_t)((room <= SB_N_SLOTS ? room : 0) * sizeof(sb_cell));
        const sb_cell *cells = look_at(view, offset + (int64_t)sizeof *block, size, &left);
        for (size_t i = 0; cells != NULL && i < (size_t)size / sizeof(sb_cell); i++) {
            add(sums, n, &cells[i]);
        }
        offset = sb_load_acquire(&block->next_there);
    }
}

#define LOOKS 100

sb_view_error sb_view_sum(sb_view *view, sb_counts *sums, size_t n, size_t *n_targets)
{
    for (int looks = 0; looks < LOOKS; looks++) {
        const sb_view_error error = sb_view_look(view);
        if (error != SB_VIEW_OK) {
            return error;
        }
        memset(sums, 0, n * sizeof *sums);
        sum_tables(view, sums, n);
        sum_blocks(view, sums, n);
        if (sb_load_acquire(&view->ledger->used) == view->end) {
            break; /* else a table may have moved out of view meanwhile */
        }
    }
    const int64_t n_entries = sb_load_acquire(&view->ledger->n_entries);
    const int64_t most = view->end / (int64_t)sizeof(sb_entry);
    *n_targets = (size_t)(n_entries < 0 ? 0 : n_entries < most ? n_entries : most);
    return SB_VIEW_OK;
}

/* ---- points ---- */

typedef struct {
    int64_t calls, last;
    uint64_t sum;
    int64_t over;
    bool whole;
} reading;

/* Acquired, so that `entered` is read after the others. */
static reading read_point(const sb_point *point)
{
    reading r = {.calls = sb_load_acquire(&point->calls)};
    r.last = r.calls > 0 ? sb_load_acquire(&point->last[(r.calls - 1) & 1]) : 0;
    r.sum = (uint64_t)sb_load_acquire(&point->sum);
    r.over = sb_load_acquire(&point->over);
    r.whole = sb_read(&point->entered) == r.calls;
    return r;
}

#define TRIES 100
#define NAP_NS 20000

sb_told sb_view_tell(const sb_point *point, int64_t at_ticks, int64_t *patience_ns)
{
    reading r = read_point(point);
    for (int tries = 1; !r.whole && (tries < TRIES || *patience_ns > 0); tries++) {
        if (tries >= TRIES) {
            const struct timespec nap = {.tv_nsec = NAP_NS};
            nanosleep(&nap, NULL);
            *patience_ns -= NAP_NS;
        }
        r = read_point(point);
    }
    __extension__ typedef __int128 wide;
    const wide age = (wide)r.calls * at_ticks - ((wide)(uint32_t)r.over * UINT64_MAX + (uint32_t)r.over + r.sum);
    return (sb_told){.calls = r.calls, .last = r.last, .age = (double)age};
}
