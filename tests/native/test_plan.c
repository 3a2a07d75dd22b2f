/* Plans, uniform, of rhythms and of doses: what a call has to spend, which calls are spared, and readers that come
 * late. Time is what the tests say. */
#include "check.h"
#include "plan.h"

#include <math.h>
#include <pthread.h>

#define EVERY_CALL 1.0

static sb_atomic_i64 now, reads;
static const sb_clock CLOCK = {.kind = SB_CLOCK_TSC};

int64_t sb_simulated_ticks(void)
{
    atomic_fetch_add_explicit(&reads, 1, memory_order_relaxed);
    return sb_read(&now);
}

int64_t sb_simulated_ns(void)
{
    return sb_simulated_ticks();
}

void sb_simulated_dally(uint32_t turns)
{
    (void)turns;
}

static sb_amount word_due(sb_word word, size_t target, int64_t calls)
{
    return sb_debt_due(sb_word_debt(word, target, calls), &CLOCK);
}

static sb_amount due(const sb_plan *plan, size_t target, int64_t calls)
{
    return word_due(sb_plan_look(plan), target, calls);
}

/* Target i is to cost `amount` times i + 1. */
static sb_doses *publish(sb_plan *plan, size_t n, sb_amount amount, double share)
{
    sb_doses *draft = sb_plan_draft_locked(plan, n);
    for (size_t i = 0; i < n; i++) {
        sb_doses_put(draft, i, amount * (sb_amount)(i + 1), share);
    }
    sb_plan_publish_locked(plan, draft);
    return draft;
}

static void test_one_word_switches_between_all_kinds(void)
{
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    CHECK(sb_plan_look(&plan) == 0);
    for (int again = 0; again < 3; again++) {
        sb_plan_set(&plan, 0);
        CHECK(sb_plan_look(&plan) != 0 && due(&plan, 0, 1) == 0 && due(&plan, SIZE_MAX, 1) == 0);
        publish(&plan, 3, 100, EVERY_CALL);
        CHECK(due(&plan, 0, 1) == 100 && due(&plan, 1, 1) == 200 && due(&plan, 2, 1) == 300);
        CHECK(due(&plan, 3, 1) == 0 && due(&plan, 1000, 1) == 0 && due(&plan, SIZE_MAX, 1) == 0);
        sb_plan_set(&plan, 7);
        CHECK(due(&plan, 0, 1) == 7 && due(&plan, 1000, 1) == 7);
        publish(&plan, 0, 0, EVERY_CALL); /* counted, and nobody is delayed */
        CHECK(sb_plan_look(&plan) != 0 && due(&plan, 0, 1) == 0);
        publish(&plan, 2, 5, EVERY_CALL);
        CHECK(due(&plan, 0, 1) == 5 && due(&plan, 1, 1) == 10 && due(&plan, 2, 1) == 0); /* nothing of three is left */
        sb_plan_set_rhythm_locked(&plan, 11, 1, NULL);
        CHECK(due(&plan, 0, 1) == 11 && due(&plan, 1000, 2) == 11);
        publish(&plan, 2, 6, EVERY_CALL);
        CHECK(due(&plan, 0, 1) == 6 && due(&plan, 1, 1) == 12 && due(&plan, 2, 1) == 0);
        sb_plan_set_rhythm_locked(&plan, 0, 2, NULL);
        CHECK(sb_plan_look(&plan) != 0 && due(&plan, 0, 1) == 0 && due(&plan, 0, 2) == 0);
        sb_plan_set_rhythm_locked(&plan, 13, 2, NULL);
        CHECK(due(&plan, 0, 1) == 0 && due(&plan, SIZE_MAX, 2) == 13);
        sb_plan_set(&plan, SB_PAUSED);
        CHECK(sb_plan_look(&plan) == 0);
    }
    sb_plan_fini(&plan);
}

static void test_a_draft_is_not_in_force(void)
{
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    publish(&plan, 2, 100, EVERY_CALL);
    for (int given_up = 0; given_up < 3; given_up++) {
        sb_doses *draft = sb_plan_draft_locked(&plan, 5);
        for (size_t i = 0; i < 3; i++) {
            sb_doses_put(draft, i, 9, EVERY_CALL);
        }
        CHECK(due(&plan, 0, 1) == 100 && due(&plan, 1, 1) == 200 && due(&plan, 2, 1) == 0);
    }
    publish(&plan, 1, 3, EVERY_CALL);
    CHECK(due(&plan, 0, 1) == 3 && due(&plan, 1, 1) == 0 && due(&plan, 2, 1) == 0);
    sb_plan_fini(&plan);
}

static void test_nothing_is_allocated_while_there_is_room(void)
{
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    const sb_doses *first = publish(&plan, 10, 1, EVERY_CALL), *second = publish(&plan, 10, 2, EVERY_CALL);
    const size_t room = first->room;
    CHECK(first != second && second->room == room && room >= 10);
    bool in_turn = true;
    for (size_t n = 0; n <= room; n++) {
        in_turn = in_turn && publish(&plan, n, 1, EVERY_CALL) == first && publish(&plan, n, 1, EVERY_CALL) == second;
    }
    CHECK(in_turn && first->older == NULL && second->older == NULL);

    const sb_word held = sb_plan_look(&plan); /* by a call that is to look on only now */
    const sb_doses *third = publish(&plan, room + 1, 3, EVERY_CALL), *fourth = publish(&plan, room + 1, 4, EVERY_CALL);
    CHECK(third->room == 2 * room && fourth->room == 2 * room && third->older == first && fourth->older == second);
    CHECK(word_due(held, room - 1, 1) == (sb_amount)room && word_due(held, room, 1) == 0);
    CHECK(due(&plan, room, 1) == 4 * (sb_amount)(room + 1));
    CHECK(publish(&plan, 1, 1, EVERY_CALL) == third); /* a big table serves few targets, too */
    CHECK(publish(&plan, 20 * room, 1, EVERY_CALL)->room == 32 * room);
    CHECK(word_due(held, 0, 1) == 1);
    sb_plan_fini(&plan);
}

/* ---- rhythms ---- */

/* Calls from `first` on, of which as many are wrong as the remainder tells. */
static int64_t out_of_rhythm(const sb_plan *plan, int64_t every, int64_t first)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < 2000 && i < INT64_MAX - first; i++) {
        const int64_t calls = first + i;
        wrong += due(plan, (size_t)calls % 7, calls) != (calls % every == 0 ? 5 : 0);
    }
    return wrong;
}

static void test_a_rhythm_is_every_so_many_calls(void)
{
    static const struct {
        int line;
        int64_t every;
    } rows[] = {{__LINE__, 16},
                {__LINE__, 1000},
                {__LINE__, 1000000007},
                {__LINE__, INT64_C(1) << 32},
                {__LINE__, INT64_C(3) << 40},
                {__LINE__, INT64_C(1) << 62},
                {__LINE__, INT64_MAX}};
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    for (int64_t every = 1; every <= 300; every++) {
        sb_plan_set_rhythm_locked(&plan, 5, every, NULL);
        CHECK_ROW(__LINE__, out_of_rhythm(&plan, every, 0) == 0, "every %d", (int)every);
        CHECK_ROW(__LINE__, out_of_rhythm(&plan, every, UINT32_MAX - INT64_C(1000)) == 0, "every %d", (int)every);
        CHECK_ROW(__LINE__, out_of_rhythm(&plan, every, INT64_MAX - 2001) == 0, "every %d", (int)every);
    }
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        const int64_t every = rows[row].every;
        sb_plan_set_rhythm_locked(&plan, 5, every, NULL);
        CHECK_ROW(rows[row].line, due(&plan, 0, every) == 5, "call %lld", (long long)every);
        const int64_t last = INT64_MAX - INT64_MAX % every; /* a multiple */
        CHECK_ROW(rows[row].line, out_of_rhythm(&plan, every, 1) == 0, "from 1");
        CHECK_ROW(rows[row].line, out_of_rhythm(&plan, every, last - 1000) == 0, "around %lld", (long long)last);
    }
    sb_plan_fini(&plan);
}

static void test_a_window_opens_and_closes(void)
{
    static const struct {
        int line;
        int64_t now, opens, lasts;
        sb_amount due;
    } rows[] = {
        {__LINE__, 99, 100, 50, 0},
        {__LINE__, 100, 100, 50, 8},
        {__LINE__, 149, 100, 50, 8},
        {__LINE__, 150, 100, 50, 0},
        {__LINE__, 100, 100, 0, 0},
        {__LINE__, INT64_MIN, 100, 50, 0}, /* a clock that stepped back */
        {__LINE__, INT64_MAX, 100, 50, 0},
        {__LINE__, -1, 100, INT64_MAX, 0},
        {__LINE__, -60, -100, 50, 8},
        {__LINE__, INT64_C(1) << 60, 0, INT64_C(1) << 62, 8},
        {__LINE__, 5, INT64_MAX, INT64_C(1) << 62, 0},
    };
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        sb_store_release(&now, rows[row].now);
        const sb_window window = {rows[row].opens, rows[row].lasts};
        for (sb_amount amount = 0; amount <= 8; amount += 8) {
            sb_store_release(&reads, 0);
            sb_plan_set_rhythm_locked(&plan, amount, 3, &window);
            CHECK_ROW(rows[row].line, due(&plan, 0, 3) == (amount == 0 ? 0 : rows[row].due), "call 3");
            CHECK_ROW(rows[row].line, due(&plan, 0, 1) == 0 && due(&plan, 0, 4) == 0, "calls 1 and 4");
            CHECK_ROW(rows[row].line, sb_read(&reads) == 1, "%d reads at %d", (int)sb_read(&reads), (int)amount);
        }
    }
    sb_store_release(&reads, 0);
    sb_plan_set_rhythm_locked(&plan, 8, 3, NULL); /* nothing of the window is left */
    CHECK(due(&plan, 0, 3) == 8 && sb_read(&reads) == 0);
    sb_plan_fini(&plan);
}

/* ---- thinning ---- */

static void test_shares_at_their_ends(void)
{
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    int64_t missed = 0, delayed = 0, rare = 0;
    for (int64_t calls = UINT32_MAX - INT64_C(50000); calls < UINT32_MAX + INT64_C(50000); calls++) {
        publish(&plan, 2, 1, EVERY_CALL);
        missed += due(&plan, 0, calls) == 0 || due(&plan, 1, calls) == 0;
        publish(&plan, 2, 1, 0);
        delayed += due(&plan, 0, calls) != 0 || due(&plan, 1, calls) != 0;
        publish(&plan, 2, 1, 1e-300);
        rare += due(&plan, 0, calls) != 0;
    }
    CHECK(missed == 0 && delayed == 0);
    CHECK(rare == 1); /* the one of 2^32 whose turn is zero: the call 2^32 */
    sb_plan_fini(&plan);
}

/* How far the delayed ones of any consecutive calls, `stride` apart, are from their share, at most. */
static double farthest(const sb_doses *doses, double share, size_t target, int64_t first, int64_t stride, int n)
{
    double excess = 0, lowest = 0, highest = 0;
    for (int i = 0; i < n; i++) {
        excess += (sb_doses_due(doses, target, first + i * stride) != 0) - share;
        lowest = fmin(lowest, excess);
        highest = fmax(highest, excess);
    }
    return highest - lowest;
}

/* What a sequence that is equally distributed modulo one can do: the distance grows with the logarithm of the calls. A
 * choice at random would be off by some hundred of 100,000. */
static void test_every_window_has_its_share(void)
{
    enum { TARGETS = 40, SHARES = 50 };
    static const struct {
        int line, calls;
        double most;
    } rows[] = {{__LINE__, 10, 2}, {__LINE__, 100, 3}, {__LINE__, 1000, 4}, {__LINE__, 100000, 6}};
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        double most = 0;
        for (int i = 0; i < SHARES; i++) {
            const double share = (i + 0.5) / SHARES;
            const sb_doses *doses = publish(&plan, TARGETS, 1, share);
            const int64_t first = INT64_C(2654435) * i;
            most = fmax(most, farthest(doses, share, (size_t)i % TARGETS, first, 1, rows[row].calls));
        }
        CHECK_ROW(rows[row].line, most <= rows[row].most, "off by %g of %d", most, rows[row].calls);
    }
    sb_plan_fini(&plan);
}

/* A call that matters only every so many times is delayed as often as the others. Strides among the Fibonacci numbers
 * are the worst: off by about themselves. One call in so many by a count would be off by thousands. */
static void test_every_stride_has_its_share(void)
{
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    for (int64_t stride = 1; stride <= 100; stride++) {
        double most = 0;
        for (int i = 0; i < 20; i++) {
            const double share = (i + 0.5) / 20;
            const sb_doses *doses = publish(&plan, 20, 1, share);
            most = fmax(most, farthest(doses, share, (size_t)i, 977 * i, stride, 10000));
        }
        CHECK_ROW(__LINE__, most <= (double)stride + 8, "stride %d: off by %g", (int)stride, most);
    }
    sb_plan_fini(&plan);
}

static void test_targets_do_not_take_turns_together(void)
{
    sb_plan plan;
    CHECK(sb_plan_init(&plan) == 0);
    const sb_doses *doses = publish(&plan, 64, 1, 0.25);
    double most = 0;
    for (int64_t calls = 1; calls <= 1000; calls++) {
        double n = 0;
        for (size_t target = 0; target < 64; target++) {
            n += sb_doses_due(doses, target, calls) != 0;
        }
        most = fmax(most, fabs(n - 16));
    }
    CHECK_ROW(__LINE__, most <= 8, "off by %g of 64 targets", most);
    sb_plan_fini(&plan);
}

/* ---- readers meanwhile ---- */

enum { READERS = 3, SWITCHES = 10000, MOST_TARGETS = 500, RHYTHMIC = 1000 * 1000 * 1000 };

typedef struct {
    sb_plan plan;
    sb_atomic_int done;
} shared;

typedef struct {
    shared *shared;
    int64_t wrong;
} reader;

/* Whatever table a reader got hold of: what it finds was put there for this very target. */
static void *read_all_the_time(void *argument)
{
    reader *self = argument;
    for (int64_t calls = 1; !sb_look(&self->shared->done); calls++) {
        const size_t target = (size_t)(calls * 7 % (2 * MOST_TARGETS));
        const sb_word word = sb_plan_look(&self->shared->plan);
        if (word != 0) {
            const sb_amount amount = word_due(word, target, calls);
            const bool rhythmic = amount >= RHYTHMIC;
            self->wrong += rhythmic                 ? amount % RHYTHMIC != 0
                           : target >= MOST_TARGETS ? amount != 0
                                                    : amount % (sb_amount)(target + 1) != 0;
        }
    }
    return NULL;
}

static void test_readers_take_no_lock(void)
{
    shared all = {.done = 0};
    CHECK(sb_plan_init(&all.plan) == 0);
    pthread_t threads[READERS];
    reader readers[READERS];
    for (int i = 0; i < READERS; i++) {
        readers[i] = (reader){.shared = &all};
        CHECK(pthread_create(&threads[i], NULL, read_all_the_time, &readers[i]) == 0);
    }
    for (int i = 0; i < SWITCHES; i++) {
        const size_t n = (size_t)i * MOST_TARGETS / SWITCHES; /* more and more, and now and then none */
        publish(&all.plan, i % 5 == 0 ? 0 : n, i % 3 * 1000, i % 2 == 0 ? EVERY_CALL : 0.3);
        const sb_window window = {i % 4, i % 7};
        sb_plan_set_rhythm_locked(&all.plan, i % 3 * RHYTHMIC, 1 + i % 20, i % 3 == 0 ? NULL : &window);
        if (i % 1000 == 0) {
            sb_plan_set(&all.plan, SB_PAUSED);
        }
    }
    sb_change(&all.done, 1);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(readers[i].wrong == 0);
    }
    sb_plan_fini(&all.plan);
}

int main(void)
{
    test_one_word_switches_between_all_kinds();
    test_a_draft_is_not_in_force();
    test_nothing_is_allocated_while_there_is_room();
    test_a_rhythm_is_every_so_many_calls();
    test_a_window_opens_and_closes();
    test_shares_at_their_ends();
    test_every_window_has_its_share();
    test_every_stride_has_its_share();
    test_targets_do_not_take_turns_together();
    test_readers_take_no_lock();
    return check_status();
}
