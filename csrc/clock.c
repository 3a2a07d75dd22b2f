/* Choice and calibration of the clock; see clock.h. */
#include "clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CALIBRATION_NS 10000000 /* bracket error of some 20 ns over 10 ms: 2 ppm */
#define NAPS 32                 /* how often signals may cut that short */
#define BRACKETS 32
#define READS 1024       /* in a batch */
#define FEWEST_BATCHES 8 /* the quickest tells what a read costs */
#define MOST_BATCHES 256 /* some 5 ms: enough to see a clock that advances by 4 ms do so */
#define ADVANCES 1024    /* enough to tell a clock's step */
#define COARSEST_NS 10e6 /* where no step was seen: the longest that kernels tick by */

#if defined(__x86_64__) && !defined(SB_SIMULATED_CLOCK)
static bool tsc_is_trusted(void)
{
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(0x80000007u, &eax, &ebx, &ecx, &edx) || !(edx & (1u << 8))) {
        return false; /* not invariant: it may stop or change its rate */
    }
    FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");
    if (file == NULL) {
        return false;
    }
    char source[16] = "";
    bool trusted = fgets(source, sizeof source, file) != NULL && strcmp(source, "tsc\n") == 0;
    fclose(file);
    return trusted;
}
#endif

static sb_clock_kind choose(void)
{
#if defined(SB_SIMULATED_CLOCK)
    return sb_simulated_kind();
#elif defined(__x86_64__)
    return tsc_is_trusted() ? SB_CLOCK_TSC : SB_CLOCK_MONOTONIC;
#elif defined(__aarch64__)
    return SB_CLOCK_CNTVCT;
#else
    return SB_CLOCK_MONOTONIC;
#endif
}

/* One instant on both clocks: of some tries, the one whose two counter reads lie closest. False: the counter went back
 * each time. */
static bool read_both(const sb_clock *clock, int64_t *ticks, int64_t *ns)
{
    int64_t narrowest = INT64_MAX;
    for (int i = 0; i < BRACKETS; i++) {
        int64_t before = sb_clock_ticks(clock);
        int64_t middle = sb_clock_monotonic_ns();
        int64_t after = sb_clock_ticks(clock);
        if (after >= before && after - before < narrowest) {
            narrowest = after - before;
            *ticks = before + narrowest / 2;
            *ns = middle;
        }
    }
    return narrowest < INT64_MAX;
}

/* False: the counter cannot be told in ns, because one of the two clocks does not advance. */
static bool calibrate_rate(sb_clock *clock)
{
    int64_t ticks0 = 0, ns0 = 0, ticks1 = 0, ns1 = 0;
    if (!read_both(clock, &ticks0, &ns0)) {
        return false;
    }
    int64_t left = CALIBRATION_NS;
    for (int nap = 0; nap < NAPS && left > 0 && left <= CALIBRATION_NS; nap++) {
        sb_clock_sleep(left);
        left = ns0 + CALIBRATION_NS - sb_clock_monotonic_ns();
    }
    if (!read_both(clock, &ticks1, &ns1) || ticks1 <= ticks0 || ns1 <= ns0) {
        return false;
    }
    clock->ns_per_tick = (double)(ns1 - ns0) / (double)(ticks1 - ticks0);
    return true;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The step is a low decile of the advances seen: of a TSC that advances by 26 ticks, one reading in sixty is a tick
 * off, and the next advance is then 1 or 25; and preemption makes some too large. */
static void measure_reads(sb_clock *clock)
{
    int64_t advances[ADVANCES], quickest = INT64_MAX;
    int n = 0, batch = 0;
    for (; batch < MOST_BATCHES && (batch < FEWEST_BATCHES || n < ADVANCES); batch++) {
        int64_t first = sb_clock_ticks(clock), last = first;
        for (int i = 0; i < READS; i++) {
            int64_t now = sb_clock_ticks(clock);
            if (now > last && n < ADVANCES) {
                advances[n++] = now - last;
            }
            last = now;
        }
        if (last > first && last - first < quickest) {
            quickest = last - first;
        }
    }
    qsort(advances, (size_t)n, sizeof advances[0], compare);
    clock->step_ns = n > 0 ? (double)advances[n / 10] * clock->ns_per_tick : COARSEST_NS;
    /* Of a clock that stood still through whole batches, all reads together took no longer than the advances seen. */
    clock->read_ns = n < batch || quickest == INT64_MAX ? clock->step_ns * (n + 1) / ((double)batch * READS)
                                                        : (double)quickest * clock->ns_per_tick / READS;
}

void sb_clock_init(sb_clock *clock)
{
    *clock = (sb_clock){.kind = choose(), .ns_per_tick = 1.0};
    if (clock->kind != SB_CLOCK_MONOTONIC && !calibrate_rate(clock)) {
        clock->kind = SB_CLOCK_MONOTONIC;
    }
    measure_reads(clock);
}

const char *sb_clock_name(const sb_clock *clock)
{
    switch (clock->kind) {
    case SB_CLOCK_TSC:
        return "tsc";
    case SB_CLOCK_CNTVCT:
        return "cntvct";
    case SB_CLOCK_MONOTONIC:
        break;
    }
    return "clock_gettime";
}
