/* Spinning and sleeping; see delay.h. */
#include "delay.h"

#include "atomics.h"

#include <math.h>
#include <stdlib.h>

#define LATE_NS 1000.0
#define SLEEP_MARGIN_NS 90e3 /* nanosleep oversleeps by 65 us under the default timer slack */
#define CARRY_STEPS 4
#define COARSE_READS 16
#define BATCHES 101
#define BATCH_CALLS 24
#define BATCH_NS 300.0

static int64_t to_ticks(const sb_clock *clock, double ns)
{
    return (int64_t)llround(ns / clock->ns_per_tick);
}

int64_t sb_delay_amount(const sb_delay *delay, double ns)
{
    return (int64_t)llround(ns / delay->clock->ns_per_tick * (1 << SB_TICK_SHIFT));
}

double sb_delay_ns(const sb_delay *delay, int64_t amount)
{
    return (double)amount * delay->clock->ns_per_tick / (1 << SB_TICK_SHIFT);
}

void sb_delay_init(sb_delay *delay, const sb_clock *clock, int64_t slice_ns, bool sleeps)
{
    *delay = (sb_delay){
        .clock = clock,
        .slice_ticks = to_ticks(clock, (double)slice_ns),
        .sleeps = sleeps,
    };
    delay->quick_limit = sleeps ? -1 : sb_delay_amount(delay, (double)slice_ns);
    delay->late_limit = sb_delay_amount(delay, LATE_NS);
    delay->coarse_ticks = to_ticks(clock, 2 * COARSE_READS * clock->read_ns);
    delay->carry_limit = sb_delay_amount(delay, CARRY_STEPS * fmax(clock->step_ns, clock->read_ns));
}

/* Waits until `until`; returns the last reading. A loop of a hundred turns fills the branch predictor's history, and
 * the code that goes on afterwards mispredicts its way for some 17 ns (measured at 1 us; 2 ns at 300 ns). So most of
 * the time is spent without branches. */
static inline int64_t spin(const sb_delay *delay, int64_t now, int64_t until)
{
    while (until - now > delay->coarse_ticks) {
#pragma GCC unroll 16
        for (int i = 0; i < COARSE_READS; i++) {
            now = sb_clock_ticks(delay->clock);
        }
    }
    do {
        now = sb_clock_ticks(delay->clock);
    } while (now < until);
    return now;
}

/* Waits until `deadline`, polling between slices; polls push the deadline back. Returns the last reading. */
static int64_t wait_in_slices(const sb_delay *delay, int64_t now, int64_t *deadline, sb_poll poll, void *context,
                              int64_t *polled_ticks, bool *stopped)
{
    const sb_clock *clock = delay->clock;
    const int64_t margin = delay->sleeps ? to_ticks(clock, SLEEP_MARGIN_NS) : INT64_MAX;
    for (;;) {
        int64_t until = now + delay->slice_ticks < *deadline ? now + delay->slice_ticks : *deadline;
        if (delay->sleeps && until - now > margin) {
            sb_clock_sleep((int64_t)((double)(until - now - margin) * clock->ns_per_tick));
        }
        now = spin(delay, now, until);
        if (now >= *deadline) {
            return now;
        }
        *stopped = poll(context) < 0;
        int64_t after = sb_clock_ticks(clock);
        *polled_ticks += after - now;
        *deadline += after - now;
        now = after;
        if (*stopped) {
            return now;
        }
    }
}

int sb_delay_spend(const sb_delay *delay, int64_t requested, int64_t *carry, sb_poll poll, void *context,
                   sb_spent *spent)
{
    const sb_clock *clock = delay->clock;
    const int64_t start = sb_clock_ticks(clock);
    const int64_t wait = (requested - delay->fixed - *carry) >> SB_TICK_SHIFT;
    int64_t now, polled_ticks = 0;
    bool stopped = false;

    if (!sb_delay_polls(delay, requested)) {
        now = spin(delay, start, start + wait);
    }
    else {
        int64_t deadline = start + wait;
        now = wait_in_slices(delay, start, &deadline, poll, context, &polled_ticks, &stopped);
    }

    int64_t delivered = ((now - start - polled_ticks) << SB_TICK_SHIFT) + delay->fixed;
    int64_t over = delivered - requested, late = 0;
    if (over > delay->late_limit && over > requested / 10) {
        late = over;
        delivered = requested;
    }
    else if (!stopped) {
        int64_t limit = delay->carry_limit;
        int64_t sum = *carry + over;
        *carry = sum > limit ? limit : sum < -limit ? -limit : sum;
    }
    *spent = (sb_spent){.delivered = delivered, .late = late, .polled = polled_ticks << SB_TICK_SHIFT};
    return stopped ? -1 : 0;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Ticks that one batch takes; `delivered`: sum of what its spends believe to have delivered. The plan is read through
 * an atomic, as the callback does, so that neither arm can be optimised into something else. */
static int64_t batch(const sb_delay *delay, const sb_atomic_i64 *plan, sb_spender spend, void *context,
                     int64_t *delivered)
{
    int64_t start = sb_clock_ticks(delay->clock);
    for (int i = 0; i < BATCH_CALLS; i++) {
        int64_t requested = sb_load_acquire(plan);
        if (requested > 0) {
            sb_spent spent;
            spend(context, requested, &spent);
            *delivered += spent.delivered + spent.late;
        }
    }
    return sb_clock_ticks(delay->clock) - start;
}

void sb_delay_calibrate(sb_delay *delay, sb_spender spend, void *context)
{
    const sb_atomic_i64 nothing = 0;
    const sb_atomic_i64 something = sb_delay_amount(delay, BATCH_NS + (delay->sleeps ? SLEEP_MARGIN_NS / 8 : 0));
    double missing[BATCHES];

    delay->fixed = 0;
    for (int i = 0; i < BATCHES; i++) {
        int64_t delivered = 0;
        int64_t idle = batch(delay, &nothing, spend, context, &delivered);
        int64_t busy = batch(delay, &something, spend, context, &delivered);
        missing[i] = ((double)(busy - idle) * (1 << SB_TICK_SHIFT) - (double)delivered) / BATCH_CALLS;
    }
    qsort(missing, BATCHES, sizeof missing[0], compare);
    delay->fixed = (int64_t)missing[BATCHES / 2];
}
