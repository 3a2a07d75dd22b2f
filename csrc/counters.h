/* Exact counts per thread and code object, summed when read.
 *
 * Each thread owns a table from code object to cell and is the only one to write it, so counting takes no lock and no
 * locked instruction, with or without a GIL. Tables are keyed by the thread pointer, the address of a thread's control
 * block: unique among live threads, and inherited, with the counts, by a later thread that is given a dead one's
 * memory. So tables are bounded by the peak number of threads, and no count is ever lost. No thread-local variable of
 * ours is needed: of those, a library that is loaded late gets slow ones, or none. No Python.h.
 *
 * `locked` functions need the owner's lock; it orders growing a table against reading it.
 */
#ifndef SB_COUNTERS_H
#define SB_COUNTERS_H

#include "atomics.h"
#include "delay.h"
#include "ledger.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const void *code; /* Borrowed, kept alive by the targets, or what stands for a target and is no address of any
                         object; NULL: the cell is free. */
    uint32_t target;  /* index into the targets */
    /* That the target is of, see page.h; 0 where no page is obeyed. Other processes read cells where it is set: it is
     * set last, with release. */
    uint16_t lists;
    uint16_t point; /* index of its point and 1, see ledger.h; 0: none */
    sb_atomic_i64 calls;
    union {
        struct {                     /* in a session that delays */
            sb_atomic_i64 requested; /* amounts, see delay.h */
            sb_atomic_i64 delivered;
            sb_atomic_i64 late;
            sb_atomic_i64 waited; /* for the GIL */
            /* The owner's error diffusion, see delay.h. Of this target alone: a remainder must not be paid by another.
             */
            sb_amount carry;
        };
        struct { /* in one that measures times, see booking.h */
            sb_atomic_i64 own_ticks;
            sb_atomic_i64 edge_parts;
            size_t open; /* the owner's: how many of its frames are on the stack */
        };
    };
} sb_cell;

_Static_assert(sizeof(sb_cell) == 64, "a cell is a cache line");

/* The matched functions that a thread is in, in a session that measures times. Only its owner looks at it. */
typedef struct {
    sb_cell **frames; /* Owned, room for `room`; cells of the same thread, the innermost last */
    size_t depth, room;
    int64_t booked; /* the figure of the stopwatch up to which time has been booked */
    int arming;     /* the number of the arming that the frames are of */
} sb_stack;

/* In a ledger: where a thread's cells lie. One store says both where and how many, so that who reads it never takes the
 * number of the one table for another's. The table that was outgrown stays as it was. */
typedef struct {
    sb_atomic_i64 next;  /* offset of another thread's; 0: the last */
    sb_atomic_i64 cells; /* offset, a multiple of 64, and the binary logarithm of how many; 0: none yet */
} sb_table;

#define SB_TABLE_BITS 63 /* of `cells`: the logarithm */

typedef struct sb_thread {
    struct sb_thread *next; /* Owned by the list. */
    const void *owner;      /* its thread pointer */
    sb_cell *cells;         /* Owned; open addressing, mask + 1 of them. */
    size_t mask;
    size_t used;
    sb_stack stack;
    sb_ledger *ledger; /* Borrowed; where the cells lie, which are not owned then; or NULL. */
    sb_table *shown;   /* Borrowed from the ledger. */
} sb_thread;

#define SB_SEATS 64

/* Seats are a cache: a thread that finds another one's table in its seat walks the list, and takes the seat back. */
typedef struct {
    sb_thread *threads;                   /* Owned. */
    _Atomic(sb_thread *) seats[SB_SEATS]; /* Borrowed from the list; never NULL. */
    sb_ledger *ledger;                    /* Borrowed; NULL: private memory. Set before anything counts. */
} sb_counters;

typedef struct {
    int64_t calls;
    sb_amount requested, delivered, late, waited;
} sb_counts;

void sb_counters_init(sb_counters *counters);
void sb_counters_fini(sb_counters *counters);

/* The thread pointer: one instruction where the compiler knows it. */
static inline const void *sb_this_thread(void)
{
#if defined(__has_builtin)
#if __has_builtin(__builtin_thread_pointer)
    return __builtin_thread_pointer();
#define SB_HAS_THREAD_POINTER
#endif
#endif
#if !defined(SB_HAS_THREAD_POINTER)
    return &errno;
#endif
}

/* Control blocks lie at the ends of stacks, which are mostly of one size: an even number of pages, and one to guard. */
static inline size_t sb_seat(const void *thread)
{
    return ((uintptr_t)thread >> 12) % SB_SEATS;
}

/* This thread's table, or NULL if its seat holds another one's. */
static inline sb_thread *sb_counters_thread(const sb_counters *counters)
{
    const void *me = sb_this_thread();
    sb_thread *thread = atomic_load_explicit(&counters->seats[sb_seat(me)], memory_order_acquire);
    return thread->owner == me ? thread : NULL;
}

/* This thread's table, made if need be. NULL: out of memory, here and below also the ledger's. */
sb_thread *sb_counters_thread_locked(sb_counters *counters);

/* A new cell for a code object that the table does not hold. Moves the table's other cells, and the stack goes along.
 * NULL: out of memory. */
sb_cell *sb_counters_insert_locked(sb_thread *thread, const void *code, size_t target);

/* Any thread's cell for the code object: says which target it is. NULL: no thread has met it. */
const sb_cell *sb_counters_find_any_locked(const sb_counters *counters, const void *code);

/* What all threads counted for all targets. */
sb_counts sb_counters_total_locked(const sb_counters *counters);

/* Adds what every thread counted for target i to sums[i], for i < n. */
void sb_counters_sum_locked(const sb_counters *counters, sb_counts *sums, size_t n);

/* Books what spending made of a request. Owner of the cell only. */
static inline void sb_book(sb_cell *cell, sb_amount requested, const sb_spent *spent)
{
    sb_add(&cell->requested, requested);
    sb_add(&cell->delivered, spent->delivered);
    if (spent->late != 0) {
        sb_add(&cell->late, spent->late);
    }
    if (spent->polled != 0) {
        sb_add(&cell->waited, spent->polled);
    }
}

static inline size_t sb_pointer_hash(const void *pointer)
{
    return (size_t)(((uintptr_t)pointer >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20);
}

/* Owner only. NULL: not there. */
static inline sb_cell *sb_counters_find(const sb_thread *thread, const void *code)
{
    for (size_t i = sb_pointer_hash(code);; i++) {
        sb_cell *cell = &thread->cells[i & thread->mask];
        if (cell->code == code) {
            return cell;
        }
        if (cell->code == NULL) {
            return NULL;
        }
    }
}

#endif
