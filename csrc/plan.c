/* The memory that a plan's word and rhythms lie on, and the tables of doses; see plan.h. */
#include "plan.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SIZE 4096 /* or less than a page of the machine's: the kernel rounds up */
#define FIRST_ROOM 64

/* Zeroed, and so again in a fork's child. */
typedef struct {
    sb_orders orders;
    _Alignas(64) sb_rhythm rhythms[2]; /* not in the word's cache line: the one in force is not written to */
} memory;

_Static_assert(sizeof(memory) <= SIZE && offsetof(sb_orders, word) == 0, "all of it lies on one page, the word first");

/* ---- plans whose life has ended ---- */

typedef struct retired {
    struct retired *next; /* Owned. */
    sb_plan plan;         /* Owned. */
} retired;

/* The only statics here that change: interpreters with a GIL each share them. */
static retired *retirees;
static atomic_flag in_use = ATOMIC_FLAG_INIT;

static void lock_retirees(void)
{
    while (atomic_flag_test_and_set_explicit(&in_use, memory_order_acquire)) {
    }
}

static void unlock_retirees(void)
{
    atomic_flag_clear_explicit(&in_use, memory_order_release);
}

void sb_plans_reinit(void)
{
    unlock_retirees();
}

static bool take_retired(sb_plan *plan)
{
    lock_retirees();
    retired *found = retirees;
    if (found != NULL) {
        retirees = found->next;
    }
    unlock_retirees();
    if (found != NULL) {
        *plan = found->plan;
        free(found);
    }
    return found != NULL;
}

int sb_plan_init(sb_plan *plan)
{
    if (take_retired(plan)) {
        return 0;
    }
    *plan = (sb_plan){.word = NULL};
    memory *fresh = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) {
        return -1;
    }
#ifdef MADV_WIPEONFORK
    (void)madvise(fresh, SIZE, MADV_WIPEONFORK);
#endif
    plan->word = &fresh->orders.word;
    plan->rhythms = fresh->rhythms;
    sb_plan_set(plan, SB_PAUSED);
    return 0;
}

void sb_plan_fini(sb_plan *plan)
{
    if (plan->word == NULL) {
        return;
    }
    sb_plan_set(plan, SB_PAUSED);
    retired *retiree = malloc(sizeof *retiree); /* where there is no memory, what the plan holds is lost */
    if (retiree != NULL) {
        lock_retirees();
        *retiree = (retired){.next = retirees, .plan = *plan};
        retirees = retiree;
        unlock_retirees();
    }
    *plan = (sb_plan){.word = NULL};
}

void sb_plan_obey(const sb_plan *plan, const struct sb_page *page, struct sb_point *points)
{
    sb_orders *orders = (sb_orders *)plan->word;
    atomic_store_explicit(&orders->page, page, memory_order_relaxed);
    atomic_store_explicit(&orders->points, points, memory_order_relaxed);
    sb_store_release(plan->word, SB_SHARED);
}

/* ---- rhythms ---- */

/* Modulo 2^64, of an odd number. Each step doubles the bits that are right, which are three to begin with. */
static uint64_t inverse_of(uint64_t odd)
{
    uint64_t inverse = odd;
    for (int bits = 3; bits < 64; bits *= 2) {
        inverse *= 2 - odd * inverse;
    }
    return inverse;
}

static void put(sb_atomic_i64 *where, int64_t value)
{
    atomic_store_explicit(where, value, memory_order_relaxed);
}

void sb_rhythm_put(sb_rhythm *rhythm, sb_amount amount, int64_t every, const sb_window *window)
{
    assert(amount >= 0 && every >= 1 && (window == NULL || window->lasts >= 0));
    uint64_t odd = (uint64_t)every;
    int zeros = 0;
    for (; odd % 2 == 0; odd /= 2) {
        zeros++;
    }
    put(&rhythm->amount, amount);
    put(&rhythm->inverse, (int64_t)inverse_of(odd));
    put(&rhythm->zeros, zeros);
    put(&rhythm->quotient, (int64_t)(UINT64_MAX / (uint64_t)every));
    if (window != NULL) {
        put(&rhythm->opens, window->opens);
        put(&rhythm->lasts, window->lasts);
    }
    put(&rhythm->windowed, window != NULL);
}

void sb_plan_set_rhythm_locked(sb_plan *plan, sb_amount amount, int64_t every, const sb_window *window)
{
    sb_rhythm *rhythm = &plan->rhythms[plan->next];
    sb_rhythm_put(rhythm, amount, every, window);
    plan->next = !plan->next;
    sb_store_release(plan->word, -(int64_t)((uintptr_t)rhythm + 1));
}

/* ---- doses ---- */

static sb_doses *bigger(sb_doses *older, size_t n)
{
    size_t room = older != NULL ? older->room : FIRST_ROOM;
    while (room < n) {
        room *= 2;
    }
    sb_doses *doses = calloc(1, sizeof *doses + 2 * room * sizeof doses->items[0]);
    if (doses != NULL) {
        doses->older = older;
        doses->room = room;
    }
    return doses;
}

sb_doses *sb_plan_draft_locked(sb_plan *plan, size_t n)
{
    /* Both at once, so that the next draft of this size allocates nothing. */
    for (int i = 0; i < 2; i++) {
        if (plan->tables[i] == NULL || plan->tables[i]->room < n) {
            sb_doses *doses = bigger(plan->tables[i], n);
            if (doses == NULL) {
                return NULL;
            }
            plan->tables[i] = doses;
        }
    }
    sb_doses *draft = plan->tables[plan->next];
    for (size_t i = n; i < draft->used; i++) {
        sb_doses_put(draft, i, 0, 0);
    }
    draft->used = n;
    return draft;
}

void sb_doses_put(sb_doses *doses, size_t target, sb_amount amount, double share)
{
    assert(target < doses->room && amount >= 0 && share >= 0 && share <= 1);
    put(&doses->items[target], share > 0 ? amount : 0);
    /* Rounded up, which is exact: of whole numbers, as many are below it as are below the share itself. */
    const int64_t often = (int64_t)ceil(share * 0x1p32);
    put(&doses->items[doses->room + target], often);
}

void sb_plan_publish_locked(sb_plan *plan, sb_doses *draft)
{
    assert(draft == plan->tables[plan->next]);
    plan->next = !plan->next;
    sb_store_release(plan->word, -(int64_t)(uintptr_t)draft);
}
