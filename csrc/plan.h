/* The plan: what delay applies now, switched by one release store.
 *
 * It lies on a page of its own that the kernel wipes in the child of a fork, and zero means paused: so a child is not
 * slowed from its first instruction on, whatever hooks run in it before ours. Where the kernel knows no such pages
 * (Linux before 4.14), a child is slowed until our own hook runs. No Python.h.
 */
#ifndef SB_PLAN_H
#define SB_PLAN_H

#include "atomics.h"
#include "delay.h"

#include <assert.h>

#define SB_PAUSED (-1) /* matched calls are not even counted */

typedef struct {
    sb_atomic_i64 *word; /* Owned: a page. 0: paused; else an amount (delay.h) and 1 */
} sb_plan;

/* Paused. Returns 0, or -1 when out of memory. */
int sb_plan_init(sb_plan *plan);
void sb_plan_fini(sb_plan *plan);

/* SB_PAUSED, or the delay of each matched call from now on, an amount >= 0. Calls that are under way keep theirs. */
static inline void sb_plan_set(const sb_plan *plan, sb_amount amount)
{
    assert(amount >= SB_PAUSED);
    sb_store_release(plan->word, amount + 1);
}

static inline sb_amount sb_plan_get(const sb_plan *plan)
{
    return sb_load_acquire(plan->word) - 1;
}

#endif
