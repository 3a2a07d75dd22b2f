/* C11 atomics under names that say the memory order.
 *
 * Three protocols are in use, no more:
 *   published values (the plan of a session): a writer stores with release, the callback loads with acquire; what the
 *     plan's tables hold may be read while it is written anew, and is relaxed;
 *   tokens (the tool id held, the shares of a toll): a change returns the number as it was, so that exactly one thread
 *     learns that it is to act, and that thread sees all that was done before;
 *   counters: only the owning thread writes, anybody may read; relaxed suffices, because a reader who needs an
 *   exact sum has synchronised with the writers already (joined them, or holds the GIL).
 */
#ifndef SB_ATOMICS_H
#define SB_ATOMICS_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic int64_t sb_atomic_i64;
typedef _Atomic int sb_atomic_int;

static inline int sb_exchange(sb_atomic_int *token, int desired)
{
    return atomic_exchange_explicit(token, desired, memory_order_acq_rel);
}

/* Returns what it was before. */
static inline int sb_change(sb_atomic_int *token, int by)
{
    return atomic_fetch_add_explicit(token, by, memory_order_acq_rel);
}

static inline int sb_look(const sb_atomic_int *token)
{
    return atomic_load_explicit(token, memory_order_acquire);
}

static inline int64_t sb_load_acquire(const sb_atomic_i64 *value)
{
    return atomic_load_explicit(value, memory_order_acquire);
}

static inline void sb_store_release(sb_atomic_i64 *value, int64_t desired)
{
    atomic_store_explicit(value, desired, memory_order_release);
}

static inline int64_t sb_read(const sb_atomic_i64 *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Owner only: a plain add to the machine, not a locked one. Returns the sum. */
static inline int64_t sb_add(sb_atomic_i64 *counter, int64_t amount)
{
    const int64_t sum = atomic_load_explicit(counter, memory_order_relaxed) + amount;
    atomic_store_explicit(counter, sum, memory_order_relaxed);
    return sum;
}

#endif
