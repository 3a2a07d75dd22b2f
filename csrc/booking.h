/* Booking: whose own time passes. What the mechanisms that measure times share.
 *
 * Each thread has a stack of the matched functions that it is in, which hooks push and pop as it crosses into one and
 * out again. From one crossing to the next time belongs to the innermost of them; so code that no pattern matches
 * counts for its caller, and what runs outside of all matched code for nobody. It is wall time: where a function waits,
 * that is its own time as well.
 *
 * A hook reads the clock when it begins and when it ends, so its own work belongs to nobody. What stays in the measured
 * time is what it takes to come to the hook, some part of it before it and some after: an edge, of which either side
 * gets its part.
 *
 * Frames come and go while a session is paused, too, but only what its stopwatch sees is booked: a thread that waits
 * through a pause does not wait for anybody. A frame that was there before the session was armed is not on the stack,
 * and a greenlet may take its frames away, so leaving is by name: down to the nearest frame of that function, if there
 * is one.
 */
#ifndef SB_BOOKING_H
#define SB_BOOKING_H

#include "toll.h"

#include <assert.h>

/* What read_times() gives of a target. */
typedef struct {
    double calls, own_ns, edges;
} sb_times;

/* What cells count edges in. */
#define SB_EDGE_PARTS 16

typedef struct {
    bool enters;      /* else it leaves */
    bool starts;      /* a call is counted */
    int outer, inner; /* parts of an edge on either side */
} sb_crossing;

/* ---- the stack ---- */

static inline sb_cell *sb_stack_top(const sb_stack *stack)
{
    return stack->depth > 0 ? stack->frames[stack->depth - 1] : NULL;
}

static inline bool sb_stack_is_full(const sb_stack *stack)
{
    return stack->depth == stack->room;
}

static inline void sb_stack_push(sb_stack *stack, sb_cell *cell)
{
    assert(stack->depth < stack->room);
    stack->frames[stack->depth++] = cell;
    cell->open++;
}

static inline sb_cell *sb_stack_pop(sb_stack *stack)
{
    sb_cell *cell = stack->frames[--stack->depth];
    cell->open--;
    return cell;
}

/* Pops the nearest frame of the cell, and what is in it; nothing where there is none. */
static inline void sb_stack_pop_to(sb_stack *stack, const sb_cell *cell)
{
    while (cell->open > 0 && sb_stack_pop(stack) != cell) {
    }
}

/* ---- a crossing ---- */

/* The hook's first deed: what has passed since the last crossing is of the innermost function. */
static inline void sb_book_until(const sb_toll *toll, sb_stack *stack, int64_t begin, sb_crossing crossing)
{
    const int64_t word = sb_stopwatch_look(&toll->stopwatch);
    const int64_t figure = sb_stopwatch_read(word, begin);
    sb_cell *cell = sb_stack_top(stack);
    if (cell != NULL) {
        /* Negative where the clock stepped back, or the stopwatch was stopped as the last hook looked at it. */
        if (figure > stack->booked) {
            sb_add(&cell->own_ticks, figure - stack->booked);
        }
        if (sb_stopwatch_runs(word)) {
            sb_add(&cell->edge_parts, crossing.enters ? crossing.outer : crossing.inner);
        }
    }
    stack->booked = figure;
}

/* Its last deed: what follows is of the function that is innermost now. */
static inline void sb_book_from(const sb_toll *toll, sb_stack *stack, sb_crossing crossing)
{
    const int64_t word = sb_stopwatch_look(&toll->stopwatch);
    sb_cell *cell = sb_stack_top(stack);
    if (cell != NULL && sb_stopwatch_runs(word)) {
        sb_add(&cell->edge_parts, crossing.enters ? crossing.inner : crossing.outer);
    }
    stack->booked = sb_stopwatch_read(word, sb_clock_ticks(toll->delay->clock));
}

static inline void sb_book_call(const sb_toll *toll, sb_cell *cell, sb_crossing crossing)
{
    if (crossing.starts && sb_stopwatch_runs(sb_stopwatch_look(&toll->stopwatch))) {
        sb_add(&cell->calls, 1);
    }
}

/* ---- what happens seldom ---- */

/* This thread's table, its stack ready for this arming. NULL: out of memory. */
sb_thread *sb_booking_thread(sb_toll *toll, int64_t begin);

/* Pushes, and makes room first. False, and nothing of this thread is booked until it comes out of what it is in, where
 * there is no memory. */
bool sb_booking_enter(sb_toll *toll, sb_thread *thread, sb_cell *cell, sb_crossing crossing);

/* The times of the first `n` targets, zeros where there are fewer. Returns how many there are. */
size_t sb_booking_read(sb_toll *toll, sb_times *into, size_t n);

#endif
