/* Choice and calibration of the clock; see clock.h. */
#include "clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CALIBRATION_NS 10000000 /* bracket error of some 20 ns over 10 ms: 2 ppm */
#define BRACKETS 32
#define READS 1024

#if defined(__x86_64__)
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
#if defined(__x86_64__)
    return tsc_is_trusted() ? SB_CLOCK_TSC : SB_CLOCK_MONOTONIC;
#elif defined(__aarch64__)
    return SB_CLOCK_CNTVCT;
#else
    return SB_CLOCK_MONOTONIC;
#endif
}

/* One instant on both clocks: of some tries, the one whose two counter reads lie closest. */
static void read_both(const sb_clock *clock, int64_t *ticks, int64_t *ns)
{
    int64_t narrowest = INT64_MAX;
    for (int i = 0; i < BRACKETS; i++) {
        int64_t before = sb_clock_ticks(clock);
        int64_t middle = sb_clock_monotonic_ns();
        int64_t after = sb_clock_ticks(clock);
        if (after - before < narrowest) {
            narrowest = after - before;
            *ticks = before + narrowest / 2;
            *ns = middle;
        }
    }
}

static void calibrate_rate(sb_clock *clock)
{
    int64_t ticks0 = 0, ns0 = 0, ticks1 = 0, ns1 = 0;
    read_both(clock, &ticks0, &ns0);
    while (sb_clock_monotonic_ns() - ns0 < CALIBRATION_NS) {
    }
    read_both(clock, &ticks1, &ns1);
    clock->ns_per_tick = (double)(ns1 - ns0) / (double)(ticks1 - ticks0);
}

static void measure_reads(sb_clock *clock)
{
    int64_t smallest = INT64_MAX, quickest = INT64_MAX;
    for (int batch = 0; batch < 8; batch++) {
        int64_t first = sb_clock_ticks(clock), last = first;
        for (int i = 0; i < READS; i++) {
            int64_t now = sb_clock_ticks(clock);
            if (now > last && now - last < smallest) {
                smallest = now - last;
            }
            last = now;
        }
        if (last - first < quickest) {
            quickest = last - first;
        }
    }
    clock->read_ns = (double)quickest * clock->ns_per_tick / READS;
    clock->step_ns = (double)smallest * clock->ns_per_tick;
}

void sb_clock_init(sb_clock *clock)
{
    *clock = (sb_clock){.kind = choose(), .ns_per_tick = 1.0};
    if (clock->kind != SB_CLOCK_MONOTONIC) {
        calibrate_rate(clock);
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

void sb_clock_sleep(int64_t ns)
{
    struct timespec pause = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    nanosleep(&pause, NULL);
}
