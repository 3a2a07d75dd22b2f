/* Slots, and each thread's cells of them; see thunk.h. */
#include "thunk.h"

#include "system.h"

#include <sys/mman.h>

#if defined(__aarch64__)
#include <linux/membarrier.h>
#endif

#define HIDDEN __attribute__((visibility("hidden")))

/* In thunks_*.S; they refer to the slots by this name. */
extern const char sb_thunks[] HIDDEN;
HIDDEN _Alignas(64) sb_slot sb_slots[SB_N_SLOTS];

static size_t n_slots; /* that were ever taken */
static atomic_flag in_use = ATOMIC_FLAG_INIT;
static sb_atomic_i64 lost;

/* ---- slots ---- */

static int let_pass(sb_slot *slot)
{
    (void)slot;
    return 0;
}

static void leave_nothing(sb_slot *slot)
{
    (void)slot;
}

static void lock_slots(void)
{
    while (atomic_flag_test_and_set_explicit(&in_use, memory_order_acquire)) {
    }
}

static void unlock_slots(void)
{
    atomic_flag_clear_explicit(&in_use, memory_order_release);
}

void sb_slots_reinit(void)
{
    unlock_slots();
}

sb_slot *sb_slot_take(const void *function)
{
    sb_slot *slot = NULL;
    lock_slots();
    for (size_t i = 0; i < n_slots && slot == NULL; i++) {
        if (sb_slots[i].function == function && !sb_slots[i].held) {
            slot = &sb_slots[i];
        }
    }
    if (slot == NULL && SB_HAS_THUNKS && n_slots < SB_N_SLOTS) {
        slot = &sb_slots[n_slots++];
        slot->enter = let_pass;
        slot->leave = leave_nothing;
        slot->function = function;
    }
    if (slot != NULL) {
        slot->held = true;
    }
    unlock_slots();
    return slot;
}

/* Who finds a thunk in a place, or `enter` in a slot, reads the slot only afterwards; but on aarch64 a read may be done
 * before an indirect jump that leads to it. So before either is to be found, every processor that runs this process is
 * made to forget what it has read, or a thunk that is new might jump to nowhere. On x86-64 reads are done in order. */
static void settle(void)
{
#if defined(__aarch64__)
    if (sb_system(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0) < 0) { /* not registered yet */
        (void)sb_system(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0);
        (void)sb_system(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0);
    }
#endif
}

void sb_slot_open(sb_slot *slot, int (*enter)(sb_slot *slot))
{
    settle();
    __atomic_store_n(&slot->enter, enter, __ATOMIC_RELEASE);
}

void sb_slot_release(sb_slot *slot)
{
    __atomic_store_n(&slot->enter, let_pass, __ATOMIC_RELEASE);
    atomic_store(&slot->holder, NULL);
    lock_slots();
    slot->held = false;
    unlock_slots();
}

void *sb_slot_thunk(const sb_slot *slot)
{
    return (void *)(uintptr_t)(sb_thunks + (size_t)(slot - sb_slots) * SB_THUNK_SIZE);
}

sb_slot *sb_slot_of(const void *thunk)
{
    const uintptr_t offset = (uintptr_t)thunk - (uintptr_t)sb_thunks;
    return offset < (uintptr_t)SB_N_SLOTS * SB_THUNK_SIZE ? &sb_slots[offset / SB_THUNK_SIZE] : NULL;
}

/* ---- each thread's cells ---- */

/* A mapping of its own; of its megabyte the kernel provides the pages that are touched. */
typedef struct block {
    struct block *next;
    const void *owner; /* its thread pointer */
    char pad[48];
    sb_cell cells[SB_N_SLOTS];
} block;

static _Atomic(block *) blocks;
static _Atomic(block *) seats[SB_SEATS]; /* a cache, as in counters.h */

/* NULL: out of memory. */
static block *map_block(void)
{
#if SB_HAS_THUNKS
    const long access = PROT_READ | PROT_WRITE, kind = MAP_PRIVATE | MAP_ANONYMOUS;
    const long result = sb_system(SYS_mmap, 0, sizeof(block), access, kind, -1, 0);
    return result < 0 && result > -4096 ? NULL : (block *)result;
#else
    return NULL;
#endif
}

__attribute__((noinline)) static block *find_block(const void *me)
{
    block *found = atomic_load_explicit(&blocks, memory_order_acquire);
    while (found != NULL && found->owner != me) {
        found = found->next;
    }
    if (found == NULL) {
        found = map_block();
        if (found == NULL) {
            atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
            return NULL;
        }
        found->owner = me;
        found->next = atomic_load_explicit(&blocks, memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(&blocks, &found->next, found, memory_order_release,
                                                      memory_order_relaxed)) {
        }
    }
    atomic_store_explicit(&seats[sb_seat(me)], found, memory_order_release);
    return found;
}

sb_cell *sb_slot_cell(const sb_slot *slot)
{
    const void *me = sb_this_thread();
    block *mine = atomic_load_explicit(&seats[sb_seat(me)], memory_order_acquire);
    if (mine == NULL || mine->owner != me) {
        mine = find_block(me);
    }
    return mine != NULL ? &mine->cells[slot - sb_slots] : NULL;
}

sb_counts sb_slot_sum(const sb_slot *slot)
{
    sb_counts sum = {0};
    const block *each = atomic_load_explicit(&blocks, memory_order_acquire);
    for (; each != NULL; each = each->next) {
        const sb_cell *cell = &each->cells[slot - sb_slots];
        sum.calls += sb_read(&cell->calls);
        sum.requested += sb_read(&cell->requested);
        sum.delivered += sb_read(&cell->delivered);
        sum.late += sb_read(&cell->late);
        sum.waited += sb_read(&cell->waited);
    }
    return sum;
}

int64_t sb_slots_lost(void)
{
    return atomic_load_explicit(&lost, memory_order_relaxed);
}
