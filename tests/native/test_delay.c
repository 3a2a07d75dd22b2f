/* Bookkeeping of delays: lower bounds and exact sums, which hold on a busy machine as well. */
#include "check.h"
#include "delay.h"

#include <stdlib.h>

#define MS 1000000

static sb_clock clock_in_use;

static sb_delay make(int64_t slice_ns, bool sleeps)
{
    sb_delay delay;
    sb_delay_init(&delay, &clock_in_use, slice_ns, sleeps);
    return delay;
}

static int64_t now(void)
{
    return sb_clock_ticks(&clock_in_use) << SB_TICK_SHIFT;
}

static bool near(double value, double expected, double tolerance)
{
    return value - expected <= tolerance && expected - value <= tolerance;
}

typedef struct {
    int calls;
    int stop_at; /* the call that gives up; 0: none */
    int64_t burn_ns;
} poll_record;

static int poll(void *context)
{
    poll_record *record = context;
    record->calls++;
    const int64_t begin = sb_clock_monotonic_ns();
    while (sb_clock_monotonic_ns() - begin < record->burn_ns) {
    }
    return record->calls == record->stop_at ? -1 : 0;
}

static void test_amounts(void)
{
    const sb_delay delay = make(MS, false);
    for (double ns = 100; ns < 61e9; ns *= 7) {
        CHECK(near(sb_delay_ns(&delay, sb_delay_amount(&delay, ns)), ns, 1.0 / 1024 * clock_in_use.ns_per_tick));
    }
    CHECK(sb_delay_amount(&delay, 0) == 0);
    CHECK(sb_delay_amount(&delay, 60e9) > 0);
}

static void test_polls_only_beyond_a_slice(void)
{
    const sb_delay delay = make(MS, false), sleeping = make(MS, true);
    CHECK(!sb_delay_polls(&delay, sb_delay_amount(&delay, 0.9 * MS)));
    CHECK(sb_delay_polls(&delay, sb_delay_amount(&delay, 1.1 * MS)));
    CHECK(sb_delay_polls(&sleeping, 1));

    poll_record record = {0};
    sb_spent spent;
    int64_t carry = 0;
    CHECK(sb_delay_spend(&delay, sb_delay_amount(&delay, 0.9 * MS), &carry, poll, &record, &spent) == 0);
    CHECK(record.calls == 0 && spent.polled == 0);
}

static void test_spends_what_is_requested(void)
{
    static const int64_t requests_ns[] = {100, 1000, 10000, 100000, 3 * MS};
    for (int sleeps = 0; sleeps < 2; sleeps++) {
        const sb_delay delay = make(MS, sleeps != 0);
        int64_t carry = 0, requested = 0, accounted = 0;
        const int64_t begin = now();
        for (size_t i = 0; i < sizeof requests_ns / sizeof *requests_ns; i++) {
            for (int repeat = 0; repeat < 10; repeat++) {
                poll_record record = {0};
                sb_spent spent;
                const int64_t request = sb_delay_amount(&delay, (double)requests_ns[i]);
                CHECK(sb_delay_spend(&delay, request, &carry, poll, &record, &spent) == 0);
                CHECK(spent.late == 0 || spent.delivered == request);
                CHECK(spent.delivered >= request - 2 * delay.carry_limit);
                CHECK(carry <= delay.carry_limit && carry >= -delay.carry_limit);
                requested += request;
                accounted += spent.delivered + spent.late + spent.polled;
            }
        }
        CHECK(accounted >= requested - 2 * delay.carry_limit); /* no error adds up */
        CHECK(now() - begin >= accounted);
    }
}

static void test_carry_shortens_and_lengthens(void)
{
    const sb_delay delay = make(MS, false);
    const int64_t request = sb_delay_amount(&delay, 50000);
    for (int sign = -1; sign <= 1; sign += 2) {
        int64_t carry = sign * delay.carry_limit;
        sb_spent spent;
        CHECK(sb_delay_spend(&delay, request, &carry, poll, NULL, &spent) == 0);
        if (spent.late == 0) {
            CHECK(spent.delivered >= request - sign * delay.carry_limit - (1 << SB_TICK_SHIFT));
        }
    }
}

/* With a limit of nothing, every overshoot is late. */
static void test_late_is_kept_apart(void)
{
    sb_delay delay = make(MS, false);
    delay.late_limit = 0;
    int late_calls = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t carry = 0;
        sb_spent spent;
        CHECK(sb_delay_spend(&delay, 1, &carry, poll, NULL, &spent) == 0);
        CHECK(spent.late == 0 || (spent.late > 0 && spent.delivered == 1));
        CHECK(spent.late == 0 || carry == 0); /* an accident is not carried over */
        late_calls += spent.late != 0;
    }
    CHECK(late_calls > 0);
}

static void test_polls_are_not_delay(void)
{
    for (int sleeps = 0; sleeps < 2; sleeps++) {
        const sb_delay delay = make(MS, sleeps != 0);
        const int64_t request = sb_delay_amount(&delay, 100.5 * MS);
        poll_record record = {.burn_ns = MS / 2};
        sb_spent spent;
        int64_t carry = 0;
        const int64_t begin = now();
        CHECK(sb_delay_spend(&delay, request, &carry, poll, &record, &spent) == 0);
        const int64_t elapsed = now() - begin;
        CHECK(record.calls >= 1 && record.calls <= 100); /* fewer where a slice was preempted */
        CHECK(sb_delay_ns(&delay, spent.polled) >= 0.99 * MS / 2 * record.calls);
        CHECK(elapsed >= request + spent.polled - delay.carry_limit);
        CHECK(elapsed >= spent.delivered + spent.late + spent.polled);
    }
}

static void test_poll_may_give_up(void)
{
    for (int sleeps = 0; sleeps < 2; sleeps++) {
        const sb_delay delay = make(MS, sleeps != 0);
        const int64_t request = sb_delay_amount(&delay, 60e9);
        poll_record record = {.stop_at = 3};
        sb_spent spent;
        int64_t carry = 0;
        CHECK(sb_delay_spend(&delay, request, &carry, poll, &record, &spent) == -1);
        CHECK(record.calls == 3);
        CHECK(spent.delivered < request && spent.late == 0);
        CHECK(sb_delay_ns(&delay, spent.delivered) >= 0.99 * 3 * MS);
        CHECK(carry == 0);
    }
}

#define OVERHEAD_NS 2000

static int64_t all_booked;

static int64_t booked(const void *context)
{
    (void)context;
    return all_booked;
}

static void spend_with_overhead(void *context, int64_t requested)
{
    int64_t carry = 0;
    sb_spent spent;
    const int64_t begin = sb_clock_monotonic_ns();
    while (sb_clock_monotonic_ns() - begin < OVERHEAD_NS) {
    }
    sb_delay_spend(context, requested, &carry, poll, NULL, &spent);
    all_booked += spent.delivered + spent.late + spent.polled;
}

static void test_calibration_finds_what_the_readings_do_not_see(void)
{
    sb_delay delay = make(MS, false);
    const sb_spender spender = {.spend = spend_with_overhead, .booked = booked, .context = &delay};
    sb_delay_calibrate(&delay, &spender);
    CHECK(sb_delay_ns(&delay, delay.fixed) >= 0.9 * OVERHEAD_NS);

    /* It is part of what is delivered, and the wait is so much shorter. */
    const int64_t request = sb_delay_amount(&delay, 1.0 * MS);
    int64_t carry = 0;
    sb_spent spent;
    CHECK(sb_delay_spend(&delay, request, &carry, poll, NULL, &spent) == 0);
    CHECK(spent.delivered >= request - delay.carry_limit);
    CHECK(sb_delay_spend(&delay, 1, &carry, poll, NULL, &spent) == 0); /* less than the fixed cost */
    CHECK(spent.delivered + spent.late >= delay.fixed);
}

int main(void)
{
    sb_clock_init(&clock_in_use);
    test_amounts();
    test_polls_only_beyond_a_slice();
    test_spends_what_is_requested();
    test_carry_shortens_and_lengthens();
    test_late_is_kept_apart();
    test_polls_are_not_delay();
    test_poll_may_give_up();
    test_calibration_finds_what_the_readings_do_not_see();
    return check_status();
}
