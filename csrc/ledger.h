/* A ledger: the file that one process counts into, for whoever wants to read it, meanwhile or after the process's
 * death.
 *
 * The cells of counters.h and thunk.h lie in it themselves, so nothing is published and nothing is lost, whatever kills
 * the process. One process writes, one thread each cell; any other process may read at any time (ledger_view.h). Memory
 * is given out once and never taken back, so what was read stays true of its time. Each part of the file gets its
 * place on the disk before it is touched: a disk that is full is memory that has run out, and no SIGBUS.
 *
 * Its entries name the targets, in order of first sight, and its points are where progress and latency are told.
 *
 * Giving out memory and stamping are done without Python, locks, malloc or vector registers, because a thunk's caller
 * may wait for either (thunk.h): ledger.c is compiled with -mgeneral-regs-only. All that is
 * done seldom is in ledger_file.c. No Python.h.
 */
#ifndef SB_LEDGER_H
#define SB_LEDGER_H

#include "atomics.h"

#include <stddef.h>
#include <stdint.h>

/* Of 64 bytes each, in the page that every ledger touches anyway. Points go to progress and latency points first come,
 * first served, and people name a few; a target that gets none is counted and not stamped. */
#define SB_N_POINTS 64

/* A target whose calls are stamped. Several threads write. `entered` is raised first and `calls` last: where they are
 * equal, `calls` before and `entered` after, what was read between them is of these calls. */
typedef struct sb_point {
    _Alignas(64) sb_atomic_i64 entered;
    sb_atomic_i64 calls;
    sb_atomic_i64 last[2];   /* ticks, of the latest even and of the latest odd call */
    sb_atomic_i64 sum, over; /* of the ticks of all calls: modulo 2^64, and how often that ran over */
} sb_point;

/* A target, in a chain. */
typedef struct {
    sb_atomic_i64 next; /* offset, beyond this one; 0: the last */
    int32_t kind, line; /* an sb_kind; of SB_LINE the line, else the first line or 0 */
    uint16_t lists;
    uint16_t point;      /* index of its point and 1; 0: none */
    uint32_t lengths[3]; /* module, qualname, file */
    char text[];         /* the three, one after the other: UTF-8, lone surrogates included */
} sb_entry;

#define SB_LEDGER_MAGIC "sbledger"
#define SB_LEDGER_CHUNK 65536 /* what is made ready at a time; a multiple of every page's size */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* The file begins with it. Offsets are from here; 0: none. */
typedef struct {
    char magic[8];
    int64_t header;           /* sizeof of this, in the build that made it */
    int64_t size;             /* of the file; the writer makes it less where nothing is to be given out any more */
    int64_t pid;              /* of the writer */
    double ns_per_tick;       /* of all ticks and amounts in it */
    sb_atomic_i64 used;       /* bytes given out */
    sb_atomic_i64 ready;      /* bytes that have their place on the disk: `used` or more */
    sb_atomic_i64 lost;       /* targets and threads that were not counted for want of memory */
    sb_atomic_i64 tables;     /* the first sb_table (counters.h), which is the latest */
    sb_atomic_i64 blocks;     /* the first sb_block (thunk.h), the same */
    sb_atomic_i64 entries;    /* the first sb_entry */
    sb_atomic_i64 last_entry; /* the writer's */
    sb_atomic_i64 n_entries;  /* raised after the entry is in the chain */
    sb_atomic_i64 n_points;   /* points that targets have */
    sb_point points[SB_N_POINTS];
} sb_ledger;

/* Zeroed, at a multiple of 64 bytes. NULL: out of memory. Any thread, a signal's handler too. */
void *sb_ledger_take(sb_ledger *ledger, size_t size);

static inline int64_t sb_ledger_offset(const sb_ledger *ledger, const void *there)
{
    return (const char *)there - (const char *)ledger;
}

static inline void sb_ledger_lose(sb_ledger *ledger)
{
    atomic_fetch_add_explicit(&ledger->lost, 1, memory_order_relaxed);
}

/* A call of the point's target began at `ticks`. Any thread. */
void sb_point_stamp(sb_point *point, int64_t ticks);

/* ---- ledger_file.c ---- */

/* Makes the file, for nobody else to read; it is seen at `path` when it is complete. Ticks are of so many ns. NULL with
 * errno set: EEXIST where the path is taken. */
sb_ledger *sb_ledger_make(const char *path, double ns_per_tick);

/* Unmaps it: no cell of it may be used any more. What is stamped by a call that is under way, it is stamped for nobody.
 * The file stays. NULL is fine. */
void sb_ledger_close(sb_ledger *ledger);

/* For a fork's child: it keeps a copy, for whoever is in the middle of something, which has no memory to give, and
 * leaves the parent's file alone. NULL is fine. */
void sb_ledger_leave_to_parent(sb_ledger *ledger);

/* What an entry says. */
typedef struct {
    int kind, line;
    uint16_t lists;
    const char *texts[3]; /* module, qualname, file */
    size_t lengths[3];
} sb_naming;

/* Appends an entry. A target of any list but the first gets a point as long as there are free ones: which lists are
 * stamped is the page's to say, and the first, of what is slowed, never is. NULL: out of memory. One thread at a
 * time. */
const sb_entry *sb_ledger_append(sb_ledger *ledger, const sb_naming *naming);

#endif
