/* Spinning and sleeping; see delay.h.
 *
 * One implementation serves all who are delayed, thunks' callers too (thunk.h): whole numbers only, compiled with
 * -mgeneral-regs-only, and where the clock is a counter it calls nothing but `poll`.
 */
#include "delay.h"

#define LATE_PART 32 /* of the request: well within what the audit lets pass, so that preemption voids nothing */

/* Waits until `wait` has passed since `start`; `now`: a reading that is there already. Returns the last reading. A loop
 * of a hundred turns fills the branch predictor's history, and the code that goes on afterwards mispredicts its way for
 * some 17 ns (measured at 1 us; 2 ns at 300 ns). So most of the time is spent without branches: sixteen reads between
 * two looks, then eight, four, two, one. */
static inline int64_t spin(const sb_delay *delay, int64_t start, int64_t now, int64_t wait)
{
    int64_t margin = delay->coarse_ticks;
#pragma GCC unroll 4
    for (int reads = SB_COARSE_READS; reads > 1; reads /= 2) {
        while (sb_clock_is_within(start, now, wait - margin)) {
#pragma GCC unroll 16
            for (int i = 0; i < reads; i++) {
                now = sb_clock_ticks(delay->clock);
            }
        }
        margin = (margin + 1) / 2;
    }
    do {
        now = sb_clock_ticks(delay->clock);
    } while (sb_clock_is_within(start, now, wait));
    return now;
}

typedef struct {
    int64_t waited; /* ticks; negative: the clock stepped back, and nothing is known */
    int64_t polled; /* ticks */
    bool stopped;   /* by a poll */
} outcome;

/* Waits in slices, with a poll between them, also where a signal ended a sleep: its handler waits for that poll. */
static outcome wait_in_slices(const sb_delay *delay, int64_t now, int64_t wait, sb_poll poll, void *context)
{
    const sb_clock *clock = delay->clock;
    const int64_t margin = delay->sleeps ? delay->margin_ticks : INT64_MAX;
    outcome out = {0};
    for (;;) {
        const int64_t begin = now, left = wait - out.waited;
        const int64_t slice = left < delay->slice_ticks ? left : delay->slice_ticks;
        bool woken = false;
        if (slice > margin) {
            woken = sb_clock_sleep(((slice - margin) * delay->ns_scale) >> SB_NS_SHIFT) < 0;
            now = sb_clock_ticks(clock);
        }
        if (!woken) {
            now = spin(delay, begin, now, slice);
        }
        if (now > begin) {
            out.waited += now - begin;
        }
        if (out.waited >= wait) {
            return out;
        }
        out.stopped = poll(context) < 0;
        const int64_t after = sb_clock_ticks(clock);
        if (after > now) {
            out.polled += after - now;
        }
        now = after;
        if (out.stopped) {
            return out;
        }
    }
}

int sb_delay_spend(const sb_delay *delay, int64_t requested, int64_t *carry, sb_poll poll, void *context,
                   sb_spent *spent)
{
    const int64_t start = sb_clock_ticks(delay->clock);
    const int64_t wait = (requested - delay->fixed - *carry) >> SB_TICK_SHIFT;
    outcome out;
    if (!sb_delay_polls(delay, requested)) {
        out = (outcome){.waited = spin(delay, start, start, wait) - start};
    }
    else {
        out = wait_in_slices(delay, start, wait, poll, context);
    }

    int64_t delivered = ((out.waited > 0 ? out.waited : 0) << SB_TICK_SHIFT) + delay->fixed;
    int64_t over = delivered - requested, late = 0;
    if (over > delay->late_limit && over > requested / LATE_PART) {
        late = over;
        delivered = requested;
    }
    else if (!out.stopped && out.waited >= 0) {
        int64_t limit = delay->carry_limit;
        int64_t sum = *carry + over;
        *carry = sum > limit ? limit : sum < -limit ? -limit : sum;
    }
    *spent = (sb_spent){.delivered = delivered, .late = late, .polled = out.polled << SB_TICK_SHIFT};
    return out.stopped ? -1 : 0;
}
