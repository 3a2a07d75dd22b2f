/* The plan: what delay applies now, to all targets alike or to each its dose, switched by one release store.
 *
 * To all alike: to each call, or by a rhythm, to every so many of a target's calls in a thread, and perhaps only for
 * some time. A rhythm is looked at after counting and before its amount, so that calls cost the same whatever that is.
 *
 * The word that says so lies on memory of its own that the kernel wipes in the child of a fork, and zero means paused:
 * so a child is not slowed from its first instruction on, whatever hooks run in it before ours. Where the kernel knows
 * no such memory (Linux before 4.14), a child is slowed until our own hook runs.
 *
 * It may also say that a control page is obeyed, whose own word then says the rest (page.h).
 *
 * There are two rhythms, in that memory, and doses lie in two tables, written in turn, so that the one in force is
 * never written to. A reader takes no lock and may still hold one that is written anew: it then finds what held before
 * or what is to hold next, and for that one call perhaps the amount of the one and the share or rhythm of the other. So
 * a table is never freed nor shrunk as long as the plan lives; one that has become too small stays behind its bigger
 * successor. Nor is any of it given back when the plan's life ends: a thunk that is called just then may still look at
 * the word (thunk.h). It waits for the next plan. So there is as much of it as there were plans at one time. No
 * Python.h.
 *
 * `locked` functions need the owner's lock.
 */
#ifndef SB_PLAN_H
#define SB_PLAN_H

#include "atomics.h"
#include "delay.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#define SB_PAUSED (-1) /* matched calls are not even counted */

/* In place of a word, or of a debt: the control page says. Whoever asks it counts the call, too. */
#define SB_SHARED INT64_MIN

/* What calls cost, by target: an amount, for those that the target's Weyl sequence finds below a share. */
typedef struct sb_doses {
    struct sb_doses *older; /* Owned: one that was too small, which readers may still hold; or NULL. */
    size_t room;            /* never changes */
    size_t used;            /* writers only: what lies beyond is zero */
    /* `room` amounts, 0: none; then `room` shares of the calls, times 2^32. Undelayed calls look at the former alone.
     */
    sb_atomic_i64 items[];
} sb_doses;

/* What every so many calls cost, whatever their target: those whose number `every` divides. It does where that number,
 * multiplied by the inverse of the odd part of `every` and turned right by the zero bits below that part, is a
 * quotient, no more than (2^64 - 1) / every (Hacker's Delight, 10-17); which saves a division a call. */
typedef struct {
    sb_atomic_i64 amount;
    sb_atomic_i64 inverse;      /* modulo 2^64 */
    sb_atomic_i64 zeros;        /* bits */
    sb_atomic_i64 quotient;     /* the largest, unsigned */
    sb_atomic_i64 windowed;     /* 0: there is no window */
    sb_atomic_i64 opens, lasts; /* ticks: the window of time */
} sb_rhythm;

struct sb_page;
struct sb_point;

/* What a process is told by itself. */
typedef struct {
    /* 0: paused; > 0: an amount (delay.h) and 1; SB_SHARED; < 0: the negated address of doses, or of a rhythm and 1 */
    sb_atomic_i64 word;
    /* What is obeyed and stamped where the word is SB_SHARED. Borrowed for good. NULL: there is none, as in a fork's
     * child where the word was looked at just before the fork. */
    _Atomic(const struct sb_page *) page;
    _Atomic(struct sb_point *) points;
} sb_orders;

typedef struct {
    sb_atomic_i64 *word; /* Owned: that of sb_orders, which its memory begins with. */
    sb_rhythm *rhythms;  /* Borrowed from that memory: two. */
    sb_doses *tables[2]; /* Owned; NULL before the first doses. */
    int next;            /* which of the two is to be written next: what is in force is the other one, if any of them */
} sb_plan;

/* A time in which calls are delayed, in ticks of the clock. */
typedef struct {
    int64_t opens, lasts; /* `lasts` >= 0 */
} sb_window;

/* Paused. Returns 0, or -1 when out of memory. */
int sb_plan_init(sb_plan *plan);
void sb_plan_fini(sb_plan *plan);

/* For a fork's child: a thread that did not come along may have been in one of the two. */
void sb_plans_reinit(void);

/* SB_PAUSED, or the delay of each matched call from now on, an amount >= 0. Calls that are under way keep theirs. */
static inline void sb_plan_set(const sb_plan *plan, sb_amount amount)
{
    assert(amount >= SB_PAUSED);
    sb_store_release(plan->word, amount + 1);
}

/* From now on the page says. `points`: what it has stamped, by number; or NULL. Both stay for good. */
void sb_plan_obey(const sb_plan *plan, const struct sb_page *page, struct sb_point *points);

/* One that is not in force: `amount` >= 0 for every so many calls, `every` >= 1, in the window, or NULL: always. */
void sb_rhythm_put(sb_rhythm *rhythm, sb_amount amount, int64_t every, const sb_window *window);

/* Such a rhythm from now on. */
void sb_plan_set_rhythm_locked(sb_plan *plan, sb_amount amount, int64_t every, const sb_window *window);

/* The table that is not in force, for `n` targets each of whose doses is to be put; beyond them there is none. NULL:
 * out of memory. Allocates only where there is less room than `n`. */
sb_doses *sb_plan_draft_locked(sb_plan *plan, size_t n);

/* `amount` >= 0; `share` of the target's calls from 0 to 1, and 1 is every call. */
void sb_doses_put(sb_doses *doses, size_t target, sb_amount amount, double share);

/* Switches to the draft. Calls that are under way keep their delays. */
void sb_plan_publish_locked(sb_plan *plan, sb_doses *draft);

/* What one look at the plan says; 0: paused. */
typedef int64_t sb_word;

static inline sb_word sb_plan_look(const sb_plan *plan)
{
    return sb_load_acquire(plan->word);
}

#define SB_WEYL UINT32_C(2654435769) /* 2^32 divided by the golden ratio */

/* Which calls of a target are delayed, a Weyl sequence says: spread evenly over the calls, so that no rhythm of the
 * program resonates with it, and beginning elsewhere for each target. */
static inline sb_amount sb_doses_due(const sb_doses *doses, size_t target, int64_t calls)
{
    if (target >= doses->room) {
        return 0;
    }
    const sb_amount amount = sb_read(&doses->items[target]);
    if (amount == 0) {
        return 0;
    }
    const uint32_t turn = ((uint32_t)calls + ((uint32_t)target << 16)) * SB_WEYL;
    return turn < sb_read(&doses->items[doses->room + target]) ? amount : 0;
}

/* What a call has to spend: an amount >= 0; SB_SHARED; or else < 0 where the clock must be asked first, by
 * sb_debt_due(). */
typedef int64_t sb_debt;

/* Whether a call is due is a branch of its own: what the processor mispredicts of it, it does at any amount. */
static inline sb_debt sb_rhythm_debt(const sb_rhythm *rhythm, int64_t calls)
{
    const uint64_t product = (uint64_t)calls * (uint64_t)sb_read(&rhythm->inverse);
    const unsigned zeros = (unsigned)sb_read(&rhythm->zeros) & 63;
    const uint64_t turned = product >> zeros | product << (-zeros & 63);
    if (turned > (uint64_t)sb_read(&rhythm->quotient)) {
        return 0;
    }
    return sb_read(&rhythm->windowed) ? -(int64_t)(uintptr_t)rhythm : sb_read(&rhythm->amount);
}

/* Of a target's call where the plan is not paused. `calls`: how many its thread has counted of it, this one included.
 * It calls nothing, so that who only looks at the plan saves no registers. */
static inline sb_debt sb_word_debt(sb_word word, size_t target, int64_t calls)
{
    assert(word != 0 && word != SB_SHARED);
    if (word > 0) {
        return word - 1;
    }
    const uintptr_t address = (uintptr_t)-word;
    return address % 2 != 0 ? sb_rhythm_debt((const sb_rhythm *)(address - 1), calls)
                            : sb_doses_due((const sb_doses *)address, target, calls);
}

/* Whether the word says neither by itself what a call costs nor that it is counted: 0 or SB_SHARED, in one compare. */
static inline bool sb_word_is_mute(sb_word word)
{
    return (uint64_t)word << 1 == 0;
}

/* An amount, or 0. Reads the clock where there is a window, whatever the amount in it. */
static inline sb_amount sb_debt_due(sb_debt debt, const sb_clock *clock)
{
    assert(debt != SB_SHARED);
    if (debt >= 0) {
        return debt;
    }
    const sb_rhythm *rhythm = (const sb_rhythm *)(uintptr_t)-debt;
    if (sb_read(&rhythm->windowed)) { /* else the window was taken away just now */
        const uint64_t open_for = (uint64_t)sb_clock_ticks(clock) - (uint64_t)sb_read(&rhythm->opens);
        if (open_for >= (uint64_t)sb_read(&rhythm->lasts)) { /* as it is before the window opens, negative */
            return 0;
        }
    }
    return sb_read(&rhythm->amount);
}

#endif
