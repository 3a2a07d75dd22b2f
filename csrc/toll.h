/* The toll: what happens to one call of a target. It is counted, and its delay is spent as the mode says.
 *
 * A session and all that its mechanisms have planted share one toll, so that one store switches them all and one sum
 * says what they did. What is planted may outlive the session by a call that is being delayed, so each holder of the
 * toll has a share of it, and the last one frees it.
 */
#ifndef SB_TOLL_H
#define SB_TOLL_H

#include "counters.h"
#include "page.h"
#include "plan.h"
#include "state.h"
#include "stopwatch.h"
#include "targets.h"

typedef struct {
    sb_plan plan;
    sb_counters counters;
    sb_targets targets; /* what the counters' cells point to; it only grows */
    sb_mode mode;
    /* Borrowed from the module's state, which the types of those who share the toll keep alive. */
    const sb_delay *delay;
    /* Over the shape of the counters' tables, over the targets that their cells point to, and over the plan's tables.
     */
    sb_lock lock;
    sb_atomic_i64 lost; /* targets that were not counted for want of memory */
    sb_atomic_int shares;
    sb_stopwatch stopwatch; /* of mode SB_TIME: how long it has not been paused; turned under the lock */
    sb_atomic_int armings;  /* of mode SB_TIME: so that what a thread was in at an earlier one is not taken for now */
} sb_toll;

/* The interpreter's clock; the first call calibrates it. */
const sb_clock *sb_state_clock(sb_state *state);

/* Its delay of a mode, as callbacks spend it; likewise. */
const sb_delay *sb_state_delay(sb_state *state, sb_mode mode);

/* What is not calibrated yet is taken from elsewhere. `fixed`: as sb_delay has it; -1: not known. */
void sb_state_adopt(sb_state *state, const sb_clock *clock, sb_mode mode, sb_amount fixed);

/* Its name, static; or the mode of a name, -1 where it is none. */
const char *sb_mode_name(sb_mode mode);
int sb_mode_of(const char *name);

/* Whether a page can be of that mode: it delays, and spends the delay in the call itself. */
static inline bool sb_mode_is_shared(int mode)
{
    return mode >= SB_SPIN && mode <= SB_SLEEP;
}

/* Paused, and one share of it; the first of a mode calibrates, which may let other threads run. NULL with an exception
 * set when out of memory. */
sb_toll *sb_toll_new(sb_state *state, sb_mode mode);
sb_toll *sb_toll_share(sb_toll *toll);
void sb_toll_drop(sb_toll *toll);

/* A target or a thread is not counted, for want of memory; whoever reads the ledger learns of it, too. */
void sb_toll_lose_locked(sb_toll *toll);

/* Of mode SB_TIME: from now on time is measured, or not. Nothing to the others. */
void sb_toll_measure(sb_toll *toll, bool on);

/* Five numbers as Python has them everywhere: (calls, requested_ns, delivered_ns, late_ns, waited_ns). Of mode
 * SB_TIME, which adds no delay, the last four are 0. */
PyObject *sb_toll_tuple(const sb_toll *toll, const sb_counts *counts);

/* The same five of each target, in a caller's buffer: sums until sb_toll_convert() makes numbers of them in place. */
typedef union {
    sb_counts sums;
    double numbers[5];
} sb_toll_row;

_Static_assert(sizeof(sb_toll_row) == 5 * sizeof(double), "a row is five numbers of a buffer");

void sb_toll_convert(const sb_toll *toll, sb_toll_row *rows, size_t n);

/* A new cell, for a target of the toll's, or SIZE_MAX. As sb_counters_insert_locked(). */
sb_cell *sb_toll_insert_locked(sb_toll *toll, sb_thread *thread, const void *code, size_t target);

/* Spends `requested` > 0 in the calling thread, which is attached, as the mode says. Returns 0, or -1 with a signal's
 * exception set; `spent` is filled in either case. */
int sb_spend(const sb_delay *delay, sb_mode mode, sb_amount requested, sb_amount *carry, sb_spent *spent);

/* Asks the page where sb_toll_count() found that it says. Spends what is due, and books it in the cell, which belongs
 * to this thread and may have moved afterwards. `holder` has a share of the toll, and is kept alive while other
 * threads, or the handler of a signal, may drop it. Returns 0, or -1 with a signal's exception set. */
int sb_toll_delay(sb_toll *toll, sb_cell *cell, sb_debt debt, PyObject *holder);

/* Counts the call, unless paused, and returns what it has to spend, for sb_toll_delay(), or 0. Where a page says, that
 * is left to sb_toll_delay(), too. */
static inline sb_debt sb_toll_count(const sb_toll *toll, sb_cell *cell)
{
    return sb_word_count(sb_plan_look(&toll->plan), cell, cell->target);
}

#endif
