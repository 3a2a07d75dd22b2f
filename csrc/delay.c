/* Spinning and sleeping; see delay.h. */
#include "delay.h"

#include "atomics.h"

#include <math.h>
#include <stdlib.h>

#define LATE_NS 1000.0
#define SLEEP_MARGIN_NS 90e3 /* nanosleep oversleeps by 65 us under the default timer slack */
#define CARRY_STEPS 4
#define LATE_STEPS 2
#define LATE_PART 32 /* of the request: well within what the audit lets pass, so that preemption voids nothing */
#define COARSE_READS 16

/* Calibration */
#define BURSTS 48
#define PAIRS 11 /* of batches in a burst */
#define BATCH_CALLS 24
#define BATCH_NS 300.0
#define LIMIT_NS 8e6
#define HOPELESS_NS 10e3 /* no spend costs as much; of a clock that advances by more, nothing can be learnt in time */
#define TURNS 10000      /* of dallying, enough to tell what one takes */

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
    delay->late_limit = sb_delay_amount(delay, fmax(LATE_NS, LATE_STEPS * clock->step_ns));
    delay->coarse_ticks = (int64_t)ceil(1.5 * COARSE_READS * clock->read_ns / clock->ns_per_tick);
    delay->carry_limit = sb_delay_amount(delay, CARRY_STEPS * fmax(clock->step_ns, clock->read_ns));
}

/* Whether less than `wait` has passed. Unsigned, so that a clock that steps back ends the wait. */
static inline bool is_within(int64_t start, int64_t now, int64_t wait)
{
    return (uint64_t)(now - start) < (uint64_t)(wait > 0 ? wait : 0);
}

/* Waits until `wait` has passed since `start`; `now`: a reading that is there already. Returns the last reading. A loop
 * of a hundred turns fills the branch predictor's history, and the code that goes on afterwards mispredicts its way for
 * some 17 ns (measured at 1 us; 2 ns at 300 ns). So most of the time is spent without branches: sixteen reads between
 * two looks, then eight, four, two, one. */
static inline int64_t spin(const sb_delay *delay, int64_t start, int64_t now, int64_t wait)
{
    int64_t margin = delay->coarse_ticks;
#pragma GCC unroll 4
    for (int reads = COARSE_READS; reads > 1; reads /= 2) {
        while (is_within(start, now, wait - margin)) {
#pragma GCC unroll 16
            for (int i = 0; i < reads; i++) {
                now = sb_clock_ticks(delay->clock);
            }
        }
        margin = (margin + 1) / 2;
    }
    do {
        now = sb_clock_ticks(delay->clock);
    } while (is_within(start, now, wait));
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
    const int64_t margin = delay->sleeps ? to_ticks(clock, SLEEP_MARGIN_NS) : INT64_MAX;
    outcome out = {0};
    for (;;) {
        const int64_t begin = now, left = wait - out.waited;
        const int64_t slice = left < delay->slice_ticks ? left : delay->slice_ticks;
        bool woken = false;
        if (slice > margin) {
            woken = sb_clock_sleep((int64_t)((double)(slice - margin) * clock->ns_per_tick)) < 0;
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

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

typedef struct {
    const sb_delay *delay;
    const sb_spender *spender;
    sb_atomic_i64 plan; /* read through an atomic, as the callback does: neither arm can become something else */
    uint32_t turns;     /* of dallying take about a step of the clock */
} calibration;

/* How many turns of dallying fill a step of the clock. */
static uint32_t turns_in_step(const sb_clock *clock)
{
    int64_t quickest = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        const int64_t start = sb_clock_ticks(clock);
        sb_clock_dally(TURNS);
        const int64_t elapsed = sb_clock_ticks(clock) - start;
        if (elapsed > 0 && elapsed < quickest) {
            quickest = elapsed;
        }
    }
    return (uint32_t)(TURNS * fmin(clock->step_ns / ((double)quickest * clock->ns_per_tick), 100));
}

/* The amount that one batch takes beyond what its spends say they took. Spends that follow each other at once all begin
 * equally soon after a step of the clock, and the cost found is wrong by up to a step. So they begin at phases that are
 * spread over a step: the same ones in each batch, because the code that a delay interrupts is predictable to the
 * processor, too, and the delay makes it less so. */
static int64_t batch(calibration *self, int64_t requested)
{
    const sb_spender *spender = self->spender;
    const int64_t booked = spender->booked(spender->context);
    sb_store_release(&self->plan, requested);
    const int64_t start = sb_clock_ticks(self->delay->clock);
    for (uint32_t i = 0; i < BATCH_CALLS; i++) {
        sb_clock_dally(i * 7 % BATCH_CALLS * self->turns / BATCH_CALLS);
        int64_t plan = sb_load_acquire(&self->plan);
        if (plan > 0) {
            spender->spend(spender->context, plan);
        }
        else if (spender->pass != NULL) {
            spender->pass(spender->context);
        }
    }
    const int64_t elapsed = (sb_clock_ticks(self->delay->clock) - start) * (1 << SB_TICK_SHIFT);
    return elapsed - (spender->booked(spender->context) - booked);
}

/* Machines have slow phases of many milliseconds, and disturbances of some microseconds. The median of a burst leaves
 * out the disturbances; a low octile of the bursts leaves out slow phases that spare one burst in eight. */
void sb_delay_calibrate(sb_delay *delay, const sb_spender *spender)
{
    const sb_clock *clock = delay->clock;
    delay->fixed = 0;
    if (clock->step_ns > HOPELESS_NS) {
        return;
    }
    const int64_t begin = sb_clock_ticks(clock), limit = to_ticks(clock, LIMIT_NS);
    const int64_t requested = sb_delay_amount(delay, BATCH_NS);
    calibration self = {.delay = delay, .spender = spender, .turns = turns_in_step(clock)};
    int64_t bursts[BURSTS];
    size_t n_bursts = 0;
    bool in_time = true;
    while (in_time && n_bursts < BURSTS) {
        int64_t costs[PAIRS];
        size_t n = 0;
        while (in_time && n < PAIRS) {
            const int64_t idle = batch(&self, 0);
            costs[n++] = (batch(&self, requested) - idle) / BATCH_CALLS;
            in_time = is_within(begin, sb_clock_ticks(clock), limit);
        }
        qsort(costs, n, sizeof costs[0], compare);
        bursts[n_bursts++] = costs[n / 2];
    }
    qsort(bursts, n_bursts, sizeof bursts[0], compare);
    const int64_t cost = bursts[n_bursts / 8];
    if (cost > 0 && cost < sb_delay_amount(delay, HOPELESS_NS)) { /* else the clock jumped */
        delay->fixed = cost;
    }
}
