/* The time that callables implemented in C take themselves; see booking.h.
 *
 * A thunk goes in before the function, and out after it. It is stateless between the two: the session may be gone when
 * the function returns, or another may be armed, so whoever comes out asks the slot anew, and leaves by name. Only
 * while it is in one of the hooks, which wait for nothing, does anybody rely on the toll.
 *
 * A thunk's edge is short beside an event's, because no interpreter has to hand it over, and all of it is the inner
 * side's: the time between the hook's reading of the clock and the function. (Measured, x86-64, CPython 3.13: of a
 * call to a function that does nothing up to 8 ns too much are the function's and none the caller's; of one that does
 * something 4 ns too little to 4 too much, because the processor does not wait for one thing to end before it begins
 * another.)
 */
#include "time_c.h"

#include "booking.h"

#define OUTER 0
#define INNER (SB_EDGE_PARTS * 2 / 16)

static const sb_crossing IN = {.enters = true, .starts = true, .outer = OUTER, .inner = INNER};
static const sb_crossing OUT = {.outer = OUTER, .inner = INNER};

/* ---- who is in a hook ---- */

/* With a GIL whoever is in a hook has it, and nobody can release the slot meanwhile. */
#ifdef Py_GIL_DISABLED
static sb_atomic_int n_inside;

/* The toll, for as long as this thread is inside; NULL, and it is not inside: there is none. */
static sb_toll *go_inside(sb_slot *slot)
{
    atomic_fetch_add(&n_inside, 1);
    sb_toll *toll = atomic_load(&slot->holder);
    if (toll == NULL) {
        atomic_fetch_sub(&n_inside, 1);
    }
    return toll;
}

static void go_outside(void)
{
    atomic_fetch_sub(&n_inside, 1);
}

/* Detached: who is inside may want a lock that is held by one who waits for the world to stop. */
void sb_time_c_settle(void)
{
    if (atomic_load(&n_inside) != 0) {
        PyThreadState *thread = PyEval_SaveThread();
        while (atomic_load(&n_inside) != 0) {
            (void)sb_clock_sleep(1000);
        }
        PyEval_RestoreThread(thread);
    }
}

void sb_time_c_reinit(void)
{
    atomic_store(&n_inside, 0);
}
#else
static sb_toll *go_inside(sb_slot *slot)
{
    return atomic_load_explicit(&slot->holder, memory_order_relaxed);
}

static void go_outside(void)
{
}

void sb_time_c_settle(void)
{
}

void sb_time_c_reinit(void)
{
}
#endif

/* ---- the hooks ---- */

/* Callables are shared by all interpreters, and those that did not ask are let pass. */
static bool is_ours(const sb_slot *slot)
{
    const PyThreadState *thread = PyThreadState_GetUnchecked();
    return thread != NULL && thread->interp == slot->interpreter;
}

/* What stands for the target in the counters. No object is ever that low. */
static const void *key_of(const sb_slot *slot)
{
    return (const void *)(uintptr_t)((slot->target + 1U) * 16U);
}

/* A callable that this thread has not met, or its first crossing of this arming. NULL: out of memory. */
__attribute__((noinline)) static sb_cell *meet(sb_toll *toll, const sb_slot *slot, int64_t begin, bool enters)
{
    sb_thread *thread = sb_booking_thread(toll, begin);
    SB_LOCK(&toll->lock);
    sb_cell *cell = thread != NULL ? sb_counters_find(thread, key_of(slot)) : NULL;
    if (cell == NULL && thread != NULL && enters) {
        cell = sb_counters_insert_locked(thread, key_of(slot), slot->target);
    }
    if (cell == NULL && enters) {
        sb_add(&toll->lost, 1);
    }
    SB_UNLOCK(&toll->lock);
    return cell;
}

/* This thread's table, if it is of this arming. */
static inline sb_thread *ready_thread(const sb_toll *toll)
{
    sb_thread *thread = sb_counters_thread(&toll->counters);
    return thread != NULL && thread->stack.arming == sb_look(&toll->armings) ? thread : NULL;
}

int sb_time_c_enter(sb_slot *slot)
{
    const int64_t begin = sb_clock_ticks(slot->delay->clock);
    sb_toll *toll = is_ours(slot) ? go_inside(slot) : NULL;
    if (toll == NULL) {
        return 0;
    }
    sb_thread *thread = ready_thread(toll);
    sb_cell *cell = thread != NULL ? sb_counters_find(thread, key_of(slot)) : NULL;
    if (cell == NULL) {
        cell = meet(toll, slot, begin, true);
        thread = ready_thread(toll);
    }
    int result = 0;
    if (cell != NULL) {
        sb_book_until(toll, &thread->stack, begin, IN);
        result = sb_booking_enter(toll, thread, cell, IN);
        sb_book_from(toll, &thread->stack, IN);
    }
    go_outside();
    return result;
}

/* Its call may have gone in under an earlier arming, or holder: then there is no frame. */
void sb_time_c_leave(sb_slot *slot)
{
    const int64_t begin = sb_clock_ticks(slot->delay->clock);
    sb_toll *toll = is_ours(slot) ? go_inside(slot) : NULL;
    if (toll == NULL) {
        return;
    }
    sb_thread *thread = ready_thread(toll);
    sb_cell *cell = thread != NULL ? sb_counters_find(thread, key_of(slot)) : NULL;
    if (cell != NULL) {
        sb_book_until(toll, &thread->stack, begin, OUT);
        sb_stack_pop_to(&thread->stack, cell);
        sb_book_from(toll, &thread->stack, OUT);
    }
    go_outside();
}
