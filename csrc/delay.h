/* Spends a requested amount of time, exactly on the average.
 *
 * What a caller asks for is the difference to a call that spends nothing. So every fixed cost of spending (calling,
 * reading the clock, bookkeeping, for some modes giving the GIL up and taking it back) is measured once on this very
 * machine (sb_delay_calibrate) and subtracted, and the remainder that the clock's step leaves is carried over to the
 * target's next call in the same thread (error diffusion). Measured on a 10 ns TSC, asked 100 ns: 108.6 without, 100 +-
 * 2 with.
 *
 * What the clock cannot vouch for is neither delivered nor late: a clock that steps back ends a short delay at once,
 * and has a long one wait out its slice again. One that jumps ahead makes the call late. No Python.h.
 */
#ifndef SB_DELAY_H
#define SB_DELAY_H

#include "clock.h"

#include <stdbool.h>

/* Amounts are counted in 1/1024 of a clock tick: small enough for error diffusion, and 60 s still fit 50 bits. */
#define SB_TICK_SHIFT 10
typedef int64_t sb_amount;

/* Called at every slice of a long delay. Its duration is not delay: the deadline moves. Returns 0, or -1 to give up. */
typedef int (*sb_poll)(void *context);

typedef struct {
    const sb_clock *clock; /* Borrowed. */
    int64_t fixed;         /* amount that a spend costs beyond what its own readings see */
    int64_t carry_limit;   /* amount; a carry beyond it is not the clock's step but an accident */
    int64_t late_limit;    /* amount; an overshoot over this and 3 % of the request is preemption, not the clock */
    /* While more than this remains, the clock is read COARSE_READS times between two looks; half as often while more
     * than half of it does, and so on. */
    int64_t coarse_ticks;
    int64_t slice_ticks; /* longest wait between two polls */
    int64_t quick_limit; /* amount; what asks for no more is spent in one go, without a poll; -1: nothing is */
    bool sleeps;         /* sleep through the greater part instead of spinning */
} sb_delay;

typedef struct {
    int64_t delivered; /* amount, without `late` */
    int64_t late;      /* amount by which preemption overshot; 0: the call was on time */
    int64_t polled;    /* amount that polls took, the GIL's return included */
} sb_spent;

/* `slice_ns`: how long a delay may last without a poll. Not yet calibrated. */
void sb_delay_init(sb_delay *delay, const sb_clock *clock, int64_t slice_ns, bool sleeps);

/* Spends `requested`, an amount > 0, from now on. `carry` belongs to one target in the calling thread, and starts at 0.
 * Returns 0, or -1 as soon as `poll` does; `spent` is filled in either case. */
int sb_delay_spend(const sb_delay *delay, int64_t requested, int64_t *carry, sb_poll poll, void *context,
                   sb_spent *spent);

/* Whether spending `requested` may poll. */
static inline bool sb_delay_polls(const sb_delay *delay, int64_t requested)
{
    return requested > delay->quick_limit;
}

/* How spends are made that are to be calibrated. */
typedef struct {
    void (*spend)(void *context, int64_t requested); /* calls sb_delay_spend, and books what that says */
    void (*pass)(void *context); /* the same way without a delay, which is no part of its cost; NULL: there is none */
    int64_t (*booked)(const void *context); /* amount of all spends so far: delivered, late and polled */
    void *context;
} sb_spender;

/* Measures `fixed`: runs `spend` against `pass`, in short alternating batches. Takes 5 ms, and no more than 10
 * even where giving the GIL up means waiting for it. */
void sb_delay_calibrate(sb_delay *delay, const sb_spender *spender);

int64_t sb_delay_amount(const sb_delay *delay, double ns);
double sb_delay_ns(const sb_delay *delay, int64_t amount);

#endif
