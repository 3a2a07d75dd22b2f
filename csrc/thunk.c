/* Slots, and each thread's cells of them; see thunk.h. */
#include "thunk.h"

#include "system.h"

#include <sys/mman.h>

#if defined(__aarch64__)
#include <linux/membarrier.h>
#endif

/* In thunks_*.S; they refer to the slots by this name. */
extern const char sb_thunks[] SB_HIDDEN;
_Alignas(64) sb_slot sb_slots[SB_N_SLOTS];
sb_slot_role sb_slot_roles[SB_N_SLOTS];

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

static _Atomic(sb_block *) blocks;
_Atomic(sb_block *) sb_block_seats[SB_SEATS];

/* NULL: out of memory. */
static sb_block *map_block(void)
{
#if SB_HAS_THUNKS
    const long access = PROT_READ | PROT_WRITE, kind = MAP_PRIVATE | MAP_ANONYMOUS;
    const long result = sb_system(SYS_mmap, 0, sizeof(sb_block), access, kind, -1, 0);
    return result < 0 && result > -4096 ? NULL : (sb_block *)result;
#else
    return NULL;
#endif
}

sb_cell *sb_slot_cell_anew(const sb_slot *slot, const void *me)
{
    sb_block *found = atomic_load_explicit(&blocks, memory_order_acquire);
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
    atomic_store_explicit(&sb_block_seats[sb_seat(me)], found, memory_order_release);
    return &found->cells[slot - sb_slots];
}

/* Each time anew, because a later holder's target may be of other lists. */
sb_debt sb_slot_page_debt(const sb_slot *slot, const sb_atomic_i64 *word, sb_cell *cell)
{
    const sb_slot_role *role = &sb_slot_roles[slot - sb_slots];
    cell->target = atomic_load_explicit(&slot->target, memory_order_relaxed);
    cell->lists = atomic_load_explicit(&role->lists, memory_order_relaxed);
    cell->point = atomic_load_explicit(&role->point, memory_order_relaxed);
    return sb_page_debt(word, cell);
}

sb_counts sb_slot_sum(const sb_slot *slot)
{
    sb_counts sum = {0};
    const sb_block *each = atomic_load_explicit(&blocks, memory_order_acquire);
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
