/* Delays in a world whose time passes only as this file says: what real clocks do once in a million hours, always. */
#include "check.h"
#include "delay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MS 1e6
#define SECOND 1e9
#define MOST_READS 20000000 /* whoever reads more often waits for ever */

static struct {
    double now_ns;  /* what really passed */
    double read_ns; /* what a read costs */
    double tick_ns; /* a counter's; clock_gettime counts in ns */
    double step_ns; /* 0: the clock stands still */
    double offset_ns;
    double jump_at_ns, jump_ns; /* once */
    double signal_ns;           /* a signal comes so often; 0: never */
    double asleep_ns;           /* spent in sleeps */
    int64_t reads;
    uint64_t random;
    bool jitters; /* one reading in sixty is a tick off */
    sb_clock_kind kind;
} world;

static double at_random(void)
{
    world.random = world.random * 6364136223846793005u + 1442695040888963407u;
    return (double)(world.random >> 11) * 0x1p-53;
}

static void pass(double ns)
{
    world.now_ns += ns;
    if (world.jump_ns != 0 && world.now_ns >= world.jump_at_ns) {
        world.offset_ns += world.jump_ns;
        world.jump_ns = 0;
    }
}

static double reading_ns(void)
{
    if (++world.reads > MOST_READS) {
        fputs("the clock is read for ever\n", stderr);
        exit(1);
    }
    pass(world.read_ns);
    if (world.step_ns == 0) {
        return 0;
    }
    return floor((world.now_ns + world.offset_ns) / world.step_ns) * world.step_ns;
}

sb_clock_kind sb_simulated_kind(void)
{
    return world.kind;
}

int64_t sb_simulated_ticks(void)
{
    int64_t ticks = (int64_t)floor(reading_ns() / world.tick_ns);
    return ticks + (world.jitters && at_random() < 1.0 / 60);
}

int64_t sb_simulated_ns(void)
{
    return (int64_t)reading_ns();
}

int sb_simulated_sleep(int64_t ns)
{
    double left_ns = (double)ns + 60e3;
    int result = 0;
    if (world.signal_ns != 0) {
        const double signal_ns = world.signal_ns - fmod(world.now_ns, world.signal_ns);
        if (signal_ns < (double)ns) {
            left_ns = signal_ns;
            result = -1;
        }
    }
    world.asleep_ns += left_ns;
    pass(left_ns);
    return result;
}

void sb_simulated_dally(uint32_t turns)
{
    pass(0.25 * turns);
}

/* A new world, 100 s old, and the clock that is found in it. */
static sb_clock begin(sb_clock_kind kind, double tick_ns, double step_ns, double read_ns)
{
    memset(&world, 0, sizeof world);
    world.now_ns = 100 * SECOND;
    world.kind = kind;
    world.tick_ns = tick_ns;
    world.step_ns = step_ns;
    world.read_ns = read_ns;
    sb_clock clock;
    sb_clock_init(&clock);
    return clock;
}

static sb_clock virtual_tsc(void)
{
    return begin(SB_CLOCK_TSC, 0.385, 10, 9.7);
}

/* After `in_ns` the clock jumps by `by_ns`. */
static void jump(double in_ns, double by_ns)
{
    world.jump_at_ns = world.now_ns + in_ns;
    world.jump_ns = by_ns;
}

static int polls;

static int poll(void *context)
{
    polls++;
    pass(*(const double *)context);
    return 0;
}

static double poll_ns; /* what a poll takes */

static sb_spent spend_ns(const sb_delay *delay, double request_ns, int64_t *carry)
{
    sb_spent spent;
    world.reads = 0;
    CHECK(sb_delay_spend(delay, sb_delay_amount(delay, request_ns), carry, poll, &poll_ns, &spent) == 0);
    return spent;
}

static bool near(double value, double expected, double tolerance)
{
    return fabs(value - expected) <= tolerance;
}

/* ---- what clocks are found to be ---- */

static void test_step(void)
{
    static const struct {
        int line;
        sb_clock_kind kind;
        double tick_ns, step_ns, read_ns, expected_step_ns, expected_read_ns, tolerance;
        bool jitters;
    } rows[] = {
        {__LINE__, SB_CLOCK_TSC, 0.385, 10, 9.7, 10, 9.7, 0.05, false},
        {__LINE__, SB_CLOCK_TSC, 0.385, 10, 9.7, 10, 9.7, 0.05, true},
        {__LINE__, SB_CLOCK_TSC, 0.385, 0.385, 9.7, 9.7, 9.7, 0.05, true},
        {__LINE__, SB_CLOCK_CNTVCT, 41.6667, 41.6667, 8, 41.6667, 8, 0.02, false},
        {__LINE__, SB_CLOCK_MONOTONIC, 1, 1, 25, 25, 25, 0.05, false},
        {__LINE__, SB_CLOCK_MONOTONIC, 1, 1000, 25, 1000, 25, 0.05, false},
        {__LINE__, SB_CLOCK_MONOTONIC, 1, 1 * MS, 25, 1 * MS, 25, 0.3, false},
        {__LINE__, SB_CLOCK_MONOTONIC, 1, 4 * MS, 25, 4 * MS, 25, 1.0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(rows[i].kind, rows[i].tick_ns, rows[i].step_ns, rows[i].read_ns);
        world.jitters = rows[i].jitters;
        const double before_ns = world.now_ns;
        sb_clock clock;
        sb_clock_init(&clock);
        CHECK_ROW(rows[i].line, clock.kind == rows[i].kind, "kind %d", (int)clock.kind);
        CHECK_ROW(rows[i].line, fabs(clock.step_ns / rows[i].expected_step_ns - 1) <= rows[i].tolerance, "step %g",
                  clock.step_ns);
        CHECK_ROW(rows[i].line, fabs(clock.read_ns / rows[i].expected_read_ns - 1) <= rows[i].tolerance, "read %g",
                  clock.read_ns);
        CHECK_ROW(rows[i].line, world.now_ns - before_ns < 25 * MS, "took %g", world.now_ns - before_ns);
    }
}

static void test_clocks_that_stand_still(void)
{
    for (int kind = SB_CLOCK_MONOTONIC; kind <= SB_CLOCK_CNTVCT; kind++) {
        const sb_clock clock = begin((sb_clock_kind)kind, 0.385, 0, 10);
        CHECK(clock.kind == SB_CLOCK_MONOTONIC && clock.ns_per_tick == 1.0);
        CHECK(clock.step_ns >= 10 * MS && clock.step_ns < SECOND);
        CHECK(clock.read_ns > 0 && clock.read_ns < 1000);
    }
}

static void test_jump_while_the_rate_is_measured(void)
{
    for (double by_ns = -10 * SECOND; by_ns <= 10 * SECOND; by_ns += 20 * SECOND) {
        virtual_tsc();
        const double before_ns = world.now_ns;
        jump(5 * MS, by_ns);
        sb_clock clock;
        sb_clock_init(&clock);
        CHECK(clock.ns_per_tick > 0 && clock.step_ns > 0 && clock.read_ns > 0);
        CHECK(world.now_ns - before_ns < 50 * MS);
    }
}

/* ---- jumps ---- */

static void test_step_back_in_a_short_delay(void)
{
    const sb_clock clock = virtual_tsc();
    sb_delay delay;
    sb_delay_init(&delay, &clock, 10000000, false);
    const int64_t request = sb_delay_amount(&delay, 1000);
    for (double in_ns = 5; in_ns < 1100; in_ns += 7) {
        int64_t carry = 0;
        const double before_ns = world.now_ns;
        jump(in_ns, -10 * SECOND);
        const sb_spent spent = spend_ns(&delay, 1000, &carry);
        CHECK_ROW(__LINE__, world.now_ns - before_ns < 1100, "after %g took %g", in_ns, world.now_ns - before_ns);
        CHECK(spent.delivered >= 0 && spent.delivered <= request + delay.carry_limit);
        CHECK(spent.late == 0 && spent.polled == 0);
        CHECK(carry >= -delay.carry_limit && carry <= delay.carry_limit);
        world.jump_ns = 0;
    }
}

static void test_step_back_in_a_long_delay(void)
{
    static const double by_ns[] = {-10 * SECOND, -30 * MS, -1 * MS};
    for (int sleeps = 0; sleeps < 2; sleeps++) {
        for (size_t i = 0; i < sizeof by_ns / sizeof *by_ns; i++) {
            const sb_clock clock = virtual_tsc();
            sb_delay delay;
            sb_delay_init(&delay, &clock, 10000000, sleeps != 0);
            const int64_t request = sb_delay_amount(&delay, 100 * MS);
            int64_t carry = 0;
            const double before_ns = world.now_ns;
            jump(55 * MS, by_ns[i]);
            const sb_spent spent = spend_ns(&delay, 100 * MS, &carry);
            CHECK(world.now_ns - before_ns >= 100 * MS - 100 && world.now_ns - before_ns <= 110.2 * MS);
            CHECK(spent.delivered >= request - delay.carry_limit && spent.delivered <= request + delay.carry_limit);
            CHECK(spent.late == 0 && spent.polled >= 0 && sb_delay_ns(&delay, spent.polled) < 1 * MS);
        }
    }
}

static void test_step_back_in_a_poll(void)
{
    const sb_clock clock = virtual_tsc();
    sb_delay delay;
    sb_delay_init(&delay, &clock, 10000000, false);
    int64_t carry = 0;
    const double before_ns = world.now_ns;
    poll_ns = 2 * MS;
    jump(11 * MS, -10 * SECOND); /* the first poll is from 10 to 12 ms */
    const sb_spent spent = spend_ns(&delay, 35 * MS, &carry);
    poll_ns = 0;
    CHECK(near(world.now_ns - before_ns, 41 * MS, 1000));
    CHECK(near(sb_delay_ns(&delay, spent.delivered), 35 * MS, 100));
    CHECK(near(sb_delay_ns(&delay, spent.polled), 4 * MS, 1000)); /* of three polls, one cannot be told */
}

static void test_jump_ahead_is_late(void)
{
    const sb_clock clock = virtual_tsc();
    sb_delay delay;
    sb_delay_init(&delay, &clock, 10000000, false);
    int64_t carry = 0;
    jump(50, 10 * SECOND);
    const sb_spent spent = spend_ns(&delay, 100, &carry);
    CHECK(spent.delivered == sb_delay_amount(&delay, 100) && carry == 0);
    CHECK(near(sb_delay_ns(&delay, spent.late), 10 * SECOND, 0.1 * MS));
}

/* A time slice of another process, which came just before the end of a long delay. */
static void test_preemption_is_no_delay(void)
{
    const sb_clock clock = virtual_tsc();
    sb_delay delay;
    sb_delay_init(&delay, &clock, 10000000, false);
    int64_t carry = 0;
    jump(50 * MS - 1000, 4 * MS);
    const sb_spent spent = spend_ns(&delay, 50 * MS, &carry);
    CHECK(spent.delivered == sb_delay_amount(&delay, 50 * MS) && carry == 0);
    CHECK(near(sb_delay_ns(&delay, spent.late), 4 * MS, 0.1 * MS));
}

/* ---- sleeps ---- */

static void test_signals_do_not_make_sleeps_spin(void)
{
    const sb_clock clock = virtual_tsc();
    sb_delay delay;
    sb_delay_init(&delay, &clock, 50000000, true);
    int64_t carry = 0;
    world.signal_ns = 7 * MS;
    polls = 0;
    const double before_ns = world.now_ns, asleep_ns = world.asleep_ns;
    const sb_spent spent = spend_ns(&delay, 400 * MS, &carry);
    const double took_ns = world.now_ns - before_ns;
    CHECK(near(took_ns, 400 * MS, 1000));
    CHECK(near(sb_delay_ns(&delay, spent.delivered), 400 * MS, 1000) && spent.late == 0);
    CHECK_ROW(__LINE__, took_ns - (world.asleep_ns - asleep_ns) < 4 * MS, "spun %g ns",
              took_ns - (world.asleep_ns - asleep_ns));
    CHECK_ROW(__LINE__, polls >= 55, "%d polls", polls); /* each signal's handler had its turn */
}

/* ---- exactness ---- */

#define CALLS 4000
#define HIDDEN_NS 23.0 /* of a spend, where its readings do not see it */

static int64_t all_booked;

static int64_t booked(const void *context)
{
    (void)context;
    return all_booked;
}

static void spend_hidden(void *context, int64_t requested)
{
    int64_t carry = 0;
    sb_spent spent;
    pass(HIDDEN_NS / 2);
    sb_delay_spend(context, requested, &carry, poll, &poll_ns, &spent);
    pass(HIDDEN_NS / 2);
    all_booked += spent.delivered + spent.late + spent.polled;
}

static void calibrate(sb_delay *delay, void (*spend)(void *, int64_t))
{
    const sb_spender spender = {.spend = spend, .booked = booked, .context = delay};
    sb_delay_calibrate(delay, &spender);
}

/* Of calls that come when they like, the mean is what was asked for: whatever the step, however the reads that make up
 * a spend fit into it. */
static void test_what_is_added_is_what_is_asked(void)
{
    static const struct {
        int line;
        double tick_ns, step_ns, read_ns;
    } rows[] = {
        {__LINE__, 0.385, 10, 9.7},       {__LINE__, 0.385, 10, 10}, {__LINE__, 0.385, 10, 5},
        {__LINE__, 0.385, 0.385, 9.7},    {__LINE__, 40, 40, 8},     {__LINE__, 40, 40, 10},
        {__LINE__, 41.6667, 41.6667, 12}, {__LINE__, 1, 1, 25},
    };
    static const double requests_ns[] = {100, 300, 1003, 20000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const sb_clock clock = begin(SB_CLOCK_TSC, rows[i].tick_ns, rows[i].step_ns, rows[i].read_ns);
        sb_delay delay;
        sb_delay_init(&delay, &clock, 10000000, false);
        const double before_ns = world.now_ns;
        calibrate(&delay, spend_hidden);
        CHECK_ROW(rows[i].line, world.now_ns - before_ns < 10 * MS, "took %g", world.now_ns - before_ns);
        for (size_t j = 0; j < sizeof requests_ns / sizeof *requests_ns; j++) {
            int64_t carry = 0;
            double added_ns = 0;
            for (int call = 0; call < CALLS; call++) {
                pass(200 * at_random());
                const double call_ns = world.now_ns;
                pass(HIDDEN_NS / 2);
                spend_ns(&delay, requests_ns[j], &carry);
                pass(HIDDEN_NS / 2);
                added_ns += world.now_ns - call_ns;
            }
            added_ns /= CALLS;
            CHECK_ROW(rows[i].line, near(added_ns, requests_ns[j], 2), "step %g, read %g: %g ns for %g",
                      rows[i].step_ns, rows[i].read_ns, added_ns, requests_ns[j]);
        }
    }
}

static void test_calibration_on_clocks_that_are_no_use(void)
{
    static const double steps_ns[] = {0, 20e3, 1 * MS, 4 * MS};
    for (size_t i = 0; i < sizeof steps_ns / sizeof *steps_ns; i++) {
        const sb_clock clock = begin(SB_CLOCK_MONOTONIC, 1, steps_ns[i], 25);
        const double before_ns = world.now_ns;
        sb_delay delay;
        sb_delay_init(&delay, &clock, 10000000, false);
        calibrate(&delay, spend_hidden);
        CHECK(delay.fixed == 0 && delay.carry_limit > 0 && delay.coarse_ticks >= 0);
        CHECK(world.now_ns - before_ns < 10 * MS);
    }
}

/* The carry makes even that clock exact on the average: one call takes a step, and many others nothing. */
static void test_coarse_clock_on_the_average(void)
{
    const sb_clock clock = begin(SB_CLOCK_MONOTONIC, 1, 1 * MS, 25);
    sb_delay delay;
    sb_delay_init(&delay, &clock, 10000000, false);
    int64_t carry = 0, booked = 0;
    const double before_ns = world.now_ns;
    for (int call = 0; call < 10000; call++) {
        const sb_spent spent = spend_ns(&delay, 10000, &carry);
        CHECK(spent.late == 0);
        booked += spent.delivered;
    }
    CHECK(near(world.now_ns - before_ns, 100 * MS, 4 * MS));
    CHECK(near(sb_delay_ns(&delay, booked), 100 * MS, 4 * MS));
}

static void test_jump_in_a_calibration(void)
{
    static const double in_ns[] = {100, 1000, 10e3, 20e3, 30e3, 1 * MS};
    for (size_t i = 0; i < sizeof in_ns / sizeof *in_ns; i++) {
        for (double by_ns = -10 * SECOND; by_ns <= 10 * SECOND; by_ns += 20 * SECOND) {
            const sb_clock clock = virtual_tsc();
            sb_delay delay;
            sb_delay_init(&delay, &clock, 10000000, false);
            jump(in_ns[i], by_ns);
            calibrate(&delay, spend_hidden);
            CHECK_ROW(__LINE__, delay.fixed >= 0 && sb_delay_ns(&delay, delay.fixed) < 2 * HIDDEN_NS,
                      "after %g by %g: fixed %g", in_ns[i], by_ns, sb_delay_ns(&delay, delay.fixed));
        }
    }
}

static void spend_after_the_gil(void *context, int64_t requested)
{
    spend_hidden(context, requested);
    pass(5 * MS);
    all_booked += sb_delay_amount(context, 5 * MS);
}

/* Another thread runs: each spend waits five milliseconds for the GIL. */
static void test_calibration_ends_and_does_not_count_the_gil(void)
{
    const sb_clock clock = virtual_tsc();
    sb_delay delay;
    sb_delay_init(&delay, &clock, 50000000, false);
    const double before_ns = world.now_ns;
    calibrate(&delay, spend_after_the_gil);
    CHECK(world.now_ns - before_ns < 200 * MS);
    CHECK(sb_delay_ns(&delay, delay.fixed) < 100);
}

int main(void)
{
    test_step();
    test_clocks_that_stand_still();
    test_jump_while_the_rate_is_measured();
    test_step_back_in_a_short_delay();
    test_step_back_in_a_long_delay();
    test_step_back_in_a_poll();
    test_jump_ahead_is_late();
    test_preemption_is_no_delay();
    test_signals_do_not_make_sleeps_spin();
    test_what_is_added_is_what_is_asked();
    test_calibration_on_clocks_that_are_no_use();
    test_coarse_clock_on_the_average();
    test_jump_in_a_calibration();
    test_calibration_ends_and_does_not_count_the_gil();
    return check_status();
}
