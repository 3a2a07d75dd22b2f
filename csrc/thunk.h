/* Thunks: what is planted before functions that are not Python's, and the slots behind them.
 *
 * A thunk is sixteen bytes of code that were there before anybody asked (thunks_*.S). It pays the toll of its slot and
 * goes on to the slot's function, with every argument, on the stack and in registers, as it was. Whoever has stored a
 * thunk's address may call it for as long as the process lives. So thunks and slots are statics; a slot keeps its
 * function for good; and one that nobody holds lets pass.
 *
 * Calls are counted per thread, in blocks that are never given back: a thread is found by its thread pointer, as in
 * counters.h, and a later one with the same inherits the block. A session tells its own calls by difference. Where the
 * process has a ledger (ledger.h), blocks come from it.
 *
 * All but taking and releasing is done without Python, locks, malloc or vector registers: a thunk's caller may be in
 * the middle of anything, and have its arguments anywhere. This file is compiled with -mgeneral-regs-only. No Python.h.
 */
#ifndef SB_THUNK_H
#define SB_THUNK_H

#include "counters.h"
#include "page.h"
#include "plan.h"

#include <stdbool.h>

#define SB_N_SLOTS 16384
#define SB_THUNK_SIZE 16

#if defined(__x86_64__) || defined(__aarch64__)
#define SB_HAS_THUNKS 1
#else
#define SB_HAS_THUNKS 0
#endif

typedef struct sb_slot {
    /* First, the thunk knows: where it goes on. Set once, for good. */
    _Alignas(64) const void *function;
    /* Second, the thunk knows. Returns 0, and the function is gone on to; 1, and it is called, with nothing on the
     * stack and a pointer to be returned, and `leave` after it; or -1, and the thunk returns 0 to its caller. */
    int (*enter)(struct sb_slot *slot);
    /* Third, the thunk knows. Also called for a call that went in under an earlier holder: it stays until another
     * holder brings one of its own. */
    void (*leave)(struct sb_slot *slot);
    /* NULL as soon as nobody holds the slot; what it points to may be gone then. */
    _Atomic(void *) holder;
    /* What follows is the holder's, and stays as it is until somebody else takes the slot. A call that began before may
     * then find some of it old and some new, and counts in the slot in any case: it spends what either would have it.
     */
    _Atomic(const sb_atomic_i64 *) word; /* of the holder's plan, which is never given back */
    _Atomic(const sb_delay *) delay;     /* never given back either */
    const void *_Atomic interpreter;     /* of the holder, or NULL */
    _Atomic(uint32_t) target;            /* index in the holder's plan and counts */
    _Atomic(uint8_t) mode;               /* an sb_mode */
    bool held;
} sb_slot;

_Static_assert(sizeof(sb_slot) == 64, "the thunks know");

/* A slot for the function, which nobody holds: one that was there for it before, if possible. It lets pass until the
 * holder's fields are filled and sb_slot_open() is called. NULL: all are taken, by SB_N_SLOTS different uses. */
sb_slot *sb_slot_take(const void *function);

/* From now on calls come to `enter`, and the thunk may be planted: whoever finds it there finds the slot as it is now,
 * on whatever processor. */
void sb_slot_open(sb_slot *slot, int (*enter)(sb_slot *slot));

/* From now on calls pass; those that are in it go on. Allocates nothing. */
void sb_slot_release(sb_slot *slot);

/* What to plant. */
void *sb_slot_thunk(const sb_slot *slot);

/* The slot whose thunk this is, or NULL. */
sb_slot *sb_slot_of(const void *thunk);

/* What all threads have counted in it, ever. */
sb_counts sb_slot_sum(const sb_slot *slot);

/* A thread's cells, of the slots below `room`. In private memory that is every slot, and the kernel provides the pages
 * that are touched; a ledger has place for those that are taken, and twice as many. A thread that comes to call others
 * gets another, bigger block, whose cells begin anew. */
typedef struct sb_block {
    struct sb_block *next;   /* of all blocks */
    const void *owner;       /* its thread pointer */
    const sb_ledger *ledger; /* Borrowed; it lies there; or NULL */
    size_t room;
    sb_atomic_i64 next_there; /* in the ledger: offset of another one; 0: the last */
    char pad[24];
    sb_cell cells[];
} sb_block;

_Static_assert(sizeof(sb_block) == 64, "its cells are cache lines");

#define SB_HIDDEN __attribute__((visibility("hidden")))
extern SB_HIDDEN sb_slot sb_slots[SB_N_SLOTS];
extern SB_HIDDEN _Atomic(sb_block *) sb_block_seats[SB_SEATS]; /* a cache, as in counters.h; NULL: nobody's */

/* The same where this thread's block is not in its seat. */
sb_cell *sb_slot_cell_anew(const sb_slot *slot, const void *me);

/* This thread's cell of the slot; it never moves. NULL: out of memory. */
static inline sb_cell *sb_slot_cell(const sb_slot *slot)
{
    const void *me = sb_this_thread();
    sb_block *mine = atomic_load_explicit(&sb_block_seats[sb_seat(me)], memory_order_acquire);
    const size_t index = (size_t)(slot - sb_slots);
    return mine != NULL && mine->owner == me && index < mine->room ? &mine->cells[index] : sb_slot_cell_anew(slot, me);
}

/* The lists and the point of the holder's target, as a cell has them. Set by the holder before it opens the slot. */
typedef struct {
    _Atomic(uint16_t) lists, point;
} sb_slot_role;
extern SB_HIDDEN sb_slot_role sb_slot_roles[SB_N_SLOTS];

/* sb_page_debt() of a call that came through the slot's thunk, to this thread's cell of it. */
sb_debt sb_slot_page_debt(const sb_slot *slot, const sb_atomic_i64 *word, sb_cell *cell);

/* How many calls were not counted for want of memory, ever. */
int64_t sb_slots_lost(void);

/* ---- where cells come from: private memory, or the process's one ledger ---- */

/* New cells come from the ledger, from now on; what was counted before stays in the sums. False: they come from another
 * one, and nothing has changed. */
bool sb_slots_move_in(sb_ledger *ledger);

/* And no longer. Returns whether the ledger can be closed: no cell of ours lies in it. */
bool sb_slots_move_out(sb_ledger *ledger);

/* For a fork's child, which has lost the other threads, in whatever they were. Returns the ledger that it must leave to
 * its parent, or NULL; no new cells come from it. */
sb_ledger *sb_slots_reinit(void);

#endif
