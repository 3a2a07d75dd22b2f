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

static _Atomic size_t n_slots; /* that were ever taken */
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

#define FEWEST_CELLS 64 /* of a block in a ledger */

static _Atomic(sb_ledger *) home; /* where blocks come from; NULL: private memory */
static sb_atomic_int n_inside;    /* threads that look at `home` */

/* NULL: out of memory. */
static sb_block *map_block(void)
{
#if SB_HAS_THUNKS
    const long access = PROT_READ | PROT_WRITE, kind = MAP_PRIVATE | MAP_ANONYMOUS;
    const long result = sb_system(SYS_mmap, 0, sizeof(sb_block) + SB_N_SLOTS * sizeof(sb_cell), access, kind, -1, 0);
    sb_block *block = result < 0 && result > -4096 ? NULL : (sb_block *)result;
    if (block != NULL) {
        block->room = SB_N_SLOTS;
    }
    return block;
#else
    return NULL;
#endif
}

/* As above. */
static sb_block *take_block(sb_ledger *ledger)
{
    size_t room = FEWEST_CELLS;
    while (room < SB_N_SLOTS && room < 2 * n_slots) {
        room *= 2;
    }
    sb_block *block = sb_ledger_take(ledger, sizeof *block + room * sizeof(sb_cell));
    if (block == NULL) {
        sb_ledger_lose(ledger);
        return NULL;
    }
    block->room = room;
    block->ledger = ledger;
    return block;
}

/* For the ledger's readers. */
static void show_block(sb_ledger *ledger, sb_block *block)
{
    const int64_t offset = sb_ledger_offset(ledger, block);
    int64_t first = sb_read(&ledger->blocks);
    do {
        sb_store_release(&block->next_there, first);
    } while (!atomic_compare_exchange_weak(&ledger->blocks, &first, offset));
}

static sb_block *block_of(const void *me, const sb_ledger *ledger, size_t index)
{
    sb_block *found = atomic_load_explicit(&blocks, memory_order_acquire);
    while (found != NULL && !(found->owner == me && found->ledger == ledger && index < found->room)) {
        found = found->next;
    }
    return found;
}

/* NULL: out of memory. */
static sb_block *add_block(const void *me, sb_ledger *ledger)
{
    sb_block *added = ledger != NULL ? take_block(ledger) : map_block();
    if (added != NULL) {
        added->owner = me;
        if (ledger != NULL) {
            show_block(ledger, added);
        }
        added->next = atomic_load_explicit(&blocks, memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(&blocks, &added->next, added, memory_order_release,
                                                      memory_order_relaxed)) {
        }
    }
    return added;
}

sb_cell *sb_slot_cell_anew(const sb_slot *slot, const void *me)
{
    const size_t index = (size_t)(slot - sb_slots);
    sb_ledger *ledger;
    sb_block *found;
    atomic_fetch_add(&n_inside, 1);
    do {
        ledger = atomic_load(&home);
        found = block_of(me, ledger, index);
        if (found == NULL) {
            found = add_block(me, ledger);
        }
        if (found != NULL) {
            atomic_store(&sb_block_seats[sb_seat(me)], found);
        }
    } while (atomic_load(&home) != ledger); /* who moved may have cleared the seats too early for this one */
    atomic_fetch_sub(&n_inside, 1);
    if (found == NULL) {
        atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
        return NULL;
    }
    return &found->cells[index];
}

/* Each time anew, because a later holder's target may be of other lists. */
sb_debt sb_slot_page_debt(const sb_slot *slot, const sb_atomic_i64 *word, sb_cell *cell)
{
    const sb_slot_role *role = &sb_slot_roles[slot - sb_slots];
    cell->target = atomic_load_explicit(&slot->target, memory_order_relaxed);
    cell->point = atomic_load_explicit(&role->point, memory_order_relaxed);
    /* Last: a ledger's reader takes it for a cell. */
    __atomic_store_n(&cell->lists, atomic_load_explicit(&role->lists, memory_order_relaxed), __ATOMIC_RELEASE);
    return sb_page_debt(word, cell);
}

sb_counts sb_slot_sum(const sb_slot *slot)
{
    const size_t index = (size_t)(slot - sb_slots);
    sb_counts sum = {0};
    const sb_block *each = atomic_load_explicit(&blocks, memory_order_acquire);
    for (; each != NULL; each = each->next) {
        if (index < each->room) {
            const sb_cell *cell = &each->cells[index];
            sum.calls += sb_read(&cell->calls);
            sum.requested += sb_read(&cell->requested);
            sum.delivered += sb_read(&cell->delivered);
            sum.late += sb_read(&cell->late);
            sum.waited += sb_read(&cell->waited);
        }
    }
    return sum;
}

/* ---- where they come from ---- */

static void clear_seats(void)
{
    for (int i = 0; i < SB_SEATS; i++) {
        atomic_store(&sb_block_seats[i], NULL);
    }
}

bool sb_slots_move_in(sb_ledger *ledger)
{
    sb_ledger *nowhere = NULL;
    if (!atomic_compare_exchange_strong(&home, &nowhere, ledger)) {
        return false;
    }
    clear_seats();
    return true;
}

/* Whoever looks at `home` later does not find the ledger there. */
bool sb_slots_move_out(sb_ledger *ledger)
{
    sb_ledger *there = ledger;
    if (atomic_compare_exchange_strong(&home, &there, NULL)) {
        clear_seats();
    }
    return atomic_load(&n_inside) == 0 && sb_load_acquire(&ledger->blocks) == 0;
}

sb_ledger *sb_slots_reinit(void)
{
    unlock_slots();
    atomic_store(&n_inside, 0);
    sb_ledger *parents = atomic_exchange(&home, NULL);
    clear_seats();
    return parents;
}

int64_t sb_slots_lost(void)
{
    return atomic_load_explicit(&lost, memory_order_relaxed);
}
