/* Against CLOCK_MONOTONIC, by bounds that no preemption can break: what lies between two readings takes no longer than
 * what lies around them. */
#include "check.h"
#include "clock.h"

#include <string.h>

static sb_clock clock_in_use;

static double ticks_to_ns(int64_t ticks)
{
    return (double)ticks * clock_in_use.ns_per_tick;
}

static void test_init(void)
{
    const char *name = sb_clock_name(&clock_in_use);
    CHECK(strcmp(name, "tsc") == 0 || strcmp(name, "cntvct") == 0 || strcmp(name, "clock_gettime") == 0);
    CHECK(clock_in_use.ns_per_tick > 0 && clock_in_use.ns_per_tick < 1000);
    CHECK(clock_in_use.read_ns > 0);
    CHECK(clock_in_use.step_ns > 0);

    sb_clock again;
    sb_clock_init(&again);
    CHECK(again.kind == clock_in_use.kind);
    CHECK(again.ns_per_tick > 0.99 * clock_in_use.ns_per_tick && again.ns_per_tick < 1.01 * clock_in_use.ns_per_tick);
}

static void test_names(void)
{
    CHECK(strcmp(sb_clock_name(&(sb_clock){.kind = SB_CLOCK_TSC}), "tsc") == 0);
    CHECK(strcmp(sb_clock_name(&(sb_clock){.kind = SB_CLOCK_CNTVCT}), "cntvct") == 0);
    CHECK(strcmp(sb_clock_name(&(sb_clock){.kind = SB_CLOCK_MONOTONIC}), "clock_gettime") == 0);
}

static void test_never_goes_back(void)
{
    bool forward = true;
    int64_t last = sb_clock_ticks(&clock_in_use);
    for (int i = 0; i < 1000000; i++) {
        int64_t now = sb_clock_ticks(&clock_in_use);
        forward = forward && now >= last;
        last = now;
    }
    CHECK(forward);
}

static void test_rate(const sb_clock *clock)
{
    const int64_t outer_ticks = sb_clock_ticks(clock);
    const int64_t ns = sb_clock_monotonic_ns();
    const int64_t inner_ticks = sb_clock_ticks(clock);
    sb_clock_sleep(20000000);
    const int64_t inner_end = sb_clock_ticks(clock);
    const int64_t ns_end = sb_clock_monotonic_ns();
    const int64_t outer_end = sb_clock_ticks(clock);
    const double elapsed = (double)(ns_end - ns);
    CHECK((double)(inner_end - inner_ticks) * clock->ns_per_tick < 1.01 * elapsed);
    CHECK((double)(outer_end - outer_ticks) * clock->ns_per_tick > 0.99 * elapsed);
}

static void test_sleep_is_not_short(void)
{
    const int64_t before = sb_clock_ticks(&clock_in_use);
    sb_clock_sleep(2000000);
    CHECK(ticks_to_ns(sb_clock_ticks(&clock_in_use) - before) > 0.99 * 2000000);
    sb_clock_sleep(0);
}

int main(void)
{
    sb_clock_init(&clock_in_use);
    test_init();
    test_names();
    test_never_goes_back();
    test_rate(&clock_in_use);
    test_rate(&(sb_clock){.kind = SB_CLOCK_MONOTONIC, .ns_per_tick = 1.0});
    test_sleep_is_not_short();
    return check_status();
}
