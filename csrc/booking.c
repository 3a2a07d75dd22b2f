/* What happens seldom; see booking.h. */
#include "booking.h"

#include <stdlib.h>

#define FIRST_FRAMES 64

static int grow(sb_stack *stack)
{
    const size_t room = stack->room > 0 ? stack->room * 2 : FIRST_FRAMES;
    sb_cell **frames = realloc(stack->frames, room * sizeof *frames);
    if (frames == NULL) {
        return -1;
    }
    stack->frames = frames;
    stack->room = room;
    return 0;
}

static void pop_all(sb_stack *stack)
{
    while (stack->depth > 0) {
        sb_stack_pop(stack);
    }
}

sb_thread *sb_booking_thread(sb_toll *toll, int64_t begin)
{
    SB_LOCK(&toll->lock);
    sb_thread *thread = sb_counters_thread_locked(&toll->counters);
    SB_UNLOCK(&toll->lock);
    const int arming = sb_look(&toll->armings);
    if (thread != NULL && thread->stack.arming != arming) {
        pop_all(&thread->stack);
        thread->stack.booked = sb_stopwatch_read(sb_stopwatch_look(&toll->stopwatch), begin);
        thread->stack.arming = arming;
    }
    return thread;
}

static void lose(sb_toll *toll)
{
    SB_LOCK(&toll->lock);
    sb_add(&toll->lost, 1);
    SB_UNLOCK(&toll->lock);
}

bool sb_booking_enter(sb_toll *toll, sb_thread *thread, sb_cell *cell, sb_crossing crossing)
{
    sb_book_call(toll, cell, crossing);
    if (sb_stack_is_full(&thread->stack) && grow(&thread->stack) < 0) {
        pop_all(&thread->stack); /* rather nothing from here to the thread's outermost frame than something wrong */
        lose(toll);
        return false;
    }
    sb_stack_push(&thread->stack, cell);
    return true;
}

size_t sb_booking_read(sb_toll *toll, sb_times *into, size_t n)
{
    const double ns_per_tick = toll->delay->clock->ns_per_tick;
    for (size_t i = 0; i < n; i++) {
        into[i] = (sb_times){0};
    }
    SB_LOCK(&toll->lock);
    for (const sb_thread *thread = toll->counters.threads; thread != NULL; thread = thread->next) {
        for (size_t i = 0; i <= thread->mask; i++) {
            const sb_cell *cell = &thread->cells[i];
            if (cell->code != NULL && cell->target < n) {
                sb_times *times = &into[cell->target];
                times->calls += (double)sb_read(&cell->calls);
                times->own_ns += (double)sb_read(&cell->own_ticks) * ns_per_tick;
                times->edges += (double)sb_read(&cell->edge_parts) / SB_EDGE_PARTS;
            }
        }
    }
    const size_t targets = toll->targets.n;
    SB_UNLOCK(&toll->lock);
    return targets;
}
