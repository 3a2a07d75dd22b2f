/* Monotonic time as cheap as the machine gives it.
 *
 * The cycle counter where it can be trusted (x86-64: an invariant TSC that the kernel itself uses as its clock
 * source; aarch64: cntvct_el0), clock_gettime elsewhere. Counter ticks are scaled by measuring them against
 * CLOCK_MONOTONIC. This is the only place that asks which operating system or processor it runs on. No Python.h.
 *
 * A clock may be wrong in ways that nobody expects of it: step back, stand still, advance by milliseconds. No loop here
 * goes on for ever because of that. With SB_SIMULATED_CLOCK the native tests bring a world of their own.
 */
#ifndef SB_CLOCK_H
#define SB_CLOCK_H

#include "system.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

typedef enum {
    SB_CLOCK_MONOTONIC, /* clock_gettime(CLOCK_MONOTONIC); a tick is a nanosecond */
    SB_CLOCK_TSC,
    SB_CLOCK_CNTVCT,
} sb_clock_kind;

typedef struct {
    sb_clock_kind kind;
    double ns_per_tick;
    double read_ns; /* cost of one read */
    double step_ns; /* what a reading that differs from the one before is typically ahead of it, and hardly ever less:
                       the clock's step, or a read's cost where that is more. A virtual TSC may advance by 10 ns. */
} sb_clock;

/* Chooses and calibrates; takes about 10 ms, and some more where the clock is coarse. Cannot fail. */
void sb_clock_init(sb_clock *clock);

/* "tsc", "cntvct" or "clock_gettime". */
const char *sb_clock_name(const sb_clock *clock);

#if defined(SB_SIMULATED_CLOCK)
sb_clock_kind sb_simulated_kind(void);
int64_t sb_simulated_ticks(void);
int64_t sb_simulated_ns(void);
int sb_simulated_sleep(int64_t ns);
void sb_simulated_dally(uint32_t turns);
#endif

static inline int64_t sb_clock_monotonic_ns(void)
{
#if defined(SB_SIMULATED_CLOCK)
    return sb_simulated_ns();
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
#endif
}

/* Sleeps about `ns`. Returns 0, or -1 where a signal ended the sleep early. Keeps errno where there are thunks, whose
 * callers have one of their own (thunk.h). */
static inline int sb_clock_sleep(int64_t ns)
{
#if defined(SB_SIMULATED_CLOCK)
    return sb_simulated_sleep(ns);
#else
    const struct timespec pause = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
#if SB_HAS_SYSTEM
    return sb_system(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, (long)&pause, 0, 0, 0) < 0 ? -1 : 0;
#else
    return nanosleep(&pause, NULL);
#endif
#endif
}

/* Whether less than `wait` has passed. Unsigned, so that a clock that steps back ends the wait. */
static inline bool sb_clock_is_within(int64_t start, int64_t now, int64_t wait)
{
    return (uint64_t)(now - start) < (uint64_t)(wait > 0 ? wait : 0);
}

/* Unfenced on purpose: a fence costs more than the nanosecond of reordering it prevents. */
static inline int64_t sb_clock_ticks(const sb_clock *clock)
{
#if defined(SB_SIMULATED_CLOCK)
    if (clock->kind != SB_CLOCK_MONOTONIC) {
        return sb_simulated_ticks();
    }
#elif defined(__x86_64__)
    if (clock->kind == SB_CLOCK_TSC) {
        return (int64_t)__rdtsc();
    }
#elif defined(__aarch64__)
    if (clock->kind == SB_CLOCK_CNTVCT) {
        uint64_t ticks;
        __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
        return (int64_t)ticks;
    }
#endif
    (void)clock;
    return sb_clock_monotonic_ns();
}

/* Burns a processor cycle or so a turn, and ends with nothing in flight: a read that follows happens after it, and not
 * beside it, as out-of-order execution would have it. */
static inline void sb_clock_dally(uint32_t turns)
{
#if defined(SB_SIMULATED_CLOCK)
    sb_simulated_dally(turns);
#else
    for (; turns > 0; turns--) {
        __asm__ volatile("");
    }
#if defined(__x86_64__)
    __asm__ volatile("lfence" ::: "memory");
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
#endif
}

#endif
