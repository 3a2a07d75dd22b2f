/* Giving out a ledger's memory, and stamping; see ledger.h. */
#include "ledger.h"

#include "system.h"

#include <stdbool.h>
#include <sys/mman.h>

#define ALIGNMENT 64
/* ---- memory ---- */

/* Has the kernel provide what would otherwise be found missing at the first touch, by SIGBUS. It needs no descriptor,
 * which the program might close, and it may be done twice. Kernels that do not know how (Linux before 5.14) are never
 * asked: there the file is complete from the beginning. */
static bool provide(void *from, size_t size)
{
#if SB_HAS_SYSTEM
    return sb_system(SYS_madvise, (long)from, (long)size, MADV_POPULATE_WRITE, 0, 0, 0) == 0;
#else
    return madvise(from, size, MADV_POPULATE_WRITE) == 0;
#endif
}

/* Whether what lies before `end` is ready to be touched. */
static bool make_ready(sb_ledger *ledger, int64_t end)
{
    int64_t ready = sb_load_acquire(&ledger->ready);
    if (end <= ready) {
        return true;
    }
    int64_t wanted = (end + SB_LEDGER_CHUNK - 1) / SB_LEDGER_CHUNK * SB_LEDGER_CHUNK;
    wanted = wanted < ledger->size ? wanted : ledger->size;
    if (!provide((char *)ledger + ready, (size_t)(wanted - ready))) {
        return false;
    }
    while (ready < wanted && !atomic_compare_exchange_weak(&ledger->ready, &ready, wanted)) {
    }
    return true;
}

void *sb_ledger_take(sb_ledger *ledger, size_t size)
{
    int64_t used = sb_read(&ledger->used);
    for (;;) {
        const int64_t begin = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (begin > ledger->size || size > (size_t)(ledger->size - begin) ||
            !make_ready(ledger, begin + (int64_t)size)) {
            return NULL;
        }
        if (atomic_compare_exchange_weak(&ledger->used, &used, begin + (int64_t)size)) {
            return (char *)ledger + begin;
        }
    }
}

/* ---- points ---- */

/* What is written after `entered` is released, so that who reads any of it finds `entered` raised. */
void sb_point_stamp(sb_point *point, int64_t ticks)
{
    const int64_t call = atomic_fetch_add_explicit(&point->entered, 1, memory_order_acq_rel);
    sb_store_release(&point->last[call & 1], ticks);
    const uint64_t sum = (uint64_t)atomic_fetch_add_explicit(&point->sum, ticks, memory_order_acq_rel);
    if (sum + (uint64_t)ticks < sum) {
        atomic_fetch_add_explicit(&point->over, 1, memory_order_release);
    }
    atomic_fetch_add_explicit(&point->calls, 1, memory_order_release);
}
