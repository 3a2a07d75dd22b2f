/* Monotonic time as cheap as the machine gives it.
 *
 * The cycle counter where it can be trusted (x86-64: an invariant TSC that the kernel itself uses as its clock
 * source; aarch64: cntvct_el0), clock_gettime elsewhere. Counter ticks are scaled by measuring them against
 * CLOCK_MONOTONIC. This is the only place that asks which operating system or processor it runs on. No Python.h.
 */
#ifndef SB_CLOCK_H
#define SB_CLOCK_H

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
    double step_ns; /* smallest step between two reads that differ; a virtual TSC may advance in steps of 10 ns */
} sb_clock;

/* Chooses and calibrates; takes about 10 ms. Cannot fail. */
void sb_clock_init(sb_clock *clock);

/* "tsc", "cntvct" or "clock_gettime". */
const char *sb_clock_name(const sb_clock *clock);

/* Sleeps about `ns`; less if a signal arrives. */
void sb_clock_sleep(int64_t ns);

static inline int64_t sb_clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Unfenced on purpose: a fence costs more than the nanosecond of reordering it prevents. */
static inline int64_t sb_clock_ticks(const sb_clock *clock)
{
#if defined(__x86_64__)
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

#endif
