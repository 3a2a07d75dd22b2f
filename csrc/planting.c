/* Planting and uprooting; see planting.h. */
#include "planting.h"

#include "time_c.h"

#include <assert.h>
#include <unistd.h>

/* ---- delays that are never given back ---- */

/* A mode and a way of entering, as it was first calibrated in this process, whose machine does not change. */
typedef struct way {
    struct way *next;
    int (*enter)(sb_slot *slot);
    sb_mode mode;
    sb_clock clock;
    sb_delay delay;
    sb_atomic_i64 word; /* the plan of the calibration */
} way;

static _Atomic(way *) ways; /* they only get more */

static void do_nothing(void)
{
}

typedef struct {
    way *way;
    void (*thunk)(void); /* of do_nothing() */
    const sb_cell *cell;
} calibration;

static void spend(void *context, sb_amount requested)
{
    const calibration *self = context;
    sb_store_release(&self->way->word, requested + 1);
    self->thunk();
}

static void pass(void *context)
{
    spend(context, 0);
}

static sb_amount booked(const void *context)
{
    const sb_cell *cell = ((const calibration *)context)->cell;
    return sb_read(&cell->delivered) + sb_read(&cell->late) + sb_read(&cell->waited);
}

/* By calls that go all the way that a target's do, thunk included. Where there is no slot or memory left, the delay
 * stays as calibrated for callbacks: nothing will be planted anyway. */
static void calibrate(way *each)
{
    sb_slot *slot = sb_slot_take((const void *)(uintptr_t)do_nothing);
    calibration self = {.way = each, .cell = slot != NULL ? sb_slot_cell(slot) : NULL};
    if (self.cell != NULL) {
        self.thunk = (void (*)(void))(uintptr_t)sb_slot_thunk(slot);
        slot->word = &each->word;
        slot->delay = &each->delay;
        slot->interpreter = PyInterpreterState_Get();
        slot->target = 0;
        slot->mode = each->mode;
        sb_slot_open(slot, each->enter);
        const sb_spender spender = {.spend = spend, .pass = pass, .booked = booked, .context = &self};
        sb_delay_calibrate(&each->delay, &spender);
    }
    if (slot != NULL) {
        sb_slot_release(slot);
    }
}

/* NULL: there is none yet. */
static const sb_delay *find_delay(sb_mode mode, int (*enter)(sb_slot *slot))
{
    const way *each = atomic_load_explicit(&ways, memory_order_acquire);
    while (each != NULL && !(each->mode == mode && each->enter == enter)) {
        each = each->next;
    }
    return each != NULL ? &each->delay : NULL;
}

/* Not published yet. NULL: out of memory. */
static way *new_way(const sb_delay *delay, sb_mode mode, int (*enter)(sb_slot *slot))
{
    way *added = PyMem_RawCalloc(1, sizeof *added);
    if (added == NULL) {
        return NULL;
    }
    added->enter = enter;
    added->mode = mode;
    added->clock = *delay->clock;
    added->delay = *delay;
    added->delay.clock = &added->clock;
    return added;
}

static const sb_delay *publish(way *added)
{
    added->next = atomic_load_explicit(&ways, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&ways, &added->next, added, memory_order_release,
                                                  memory_order_relaxed)) {
    }
    return &added->delay;
}

/* Calibrating may let other threads run, who then calibrate, too: either's figure is right. */
const sb_delay *sb_lasting_delay(const sb_delay *delay, sb_mode mode, int (*enter)(sb_slot *slot))
{
    const sb_delay *found = find_delay(mode, enter);
    way *added = found == NULL ? new_way(delay, mode, enter) : NULL;
    if (added == NULL) {
        return found;
    }
    if (mode != SB_AWAIT && mode != SB_TIME) {
        calibrate(added);
    }
    return publish(added);
}

void sb_lasting_delay_adopt(const sb_delay *delay, sb_mode mode, int (*enter)(sb_slot *slot), sb_amount fixed)
{
    way *added = find_delay(mode, enter) == NULL ? new_way(delay, mode, enter) : NULL;
    if (added != NULL) { /* else, for want of memory, it is calibrated later */
        added->delay.fixed = fixed;
        publish(added);
    }
}

/* ---- its life ---- */

void sb_planting_init(sb_planting *planting, sb_toll *toll, int (*enter)(sb_slot *slot))
{
    *planting = (sb_planting){.process = getpid(),
                              .toll = sb_toll_share(toll),
                              .enter = enter,
                              .delay = sb_lasting_delay(toll->delay, toll->mode, enter)};
}

void sb_planting_fini(sb_planting *planting)
{
    assert(planting->n_sites == 0);
    PyMem_RawFree(planting->holds);
    PyMem_RawFree(planting->sites);
    sb_toll_drop(planting->toll);
    *planting = (sb_planting){0};
}

void sb_planting_lock(sb_planting *planting)
{
    if (planting->process != getpid()) {
        sb_lock_reinit(&planting->lock); /* a thread that did not come along into a fork's child may have held it */
        planting->process = getpid();
    }
    SB_LOCK(&planting->lock);
}

void sb_planting_unlock(sb_planting *planting)
{
    SB_UNLOCK(&planting->lock);
}

/* Room for one more. Returns 0, or -1 with MemoryError set. */
static int make_room(void **items, size_t size, size_t n, size_t *room)
{
    if (n < *room) {
        return 0;
    }
    const size_t wanted = *room > 0 ? *room * 2 : 16;
    void *bigger = PyMem_RawRealloc(*items, wanted * size);
    if (bigger == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *items = bigger;
    *room = wanted;
    return 0;
}

Py_ssize_t sb_planting_add(sb_planting *planting, const void *function, size_t target)
{
    void *holds = planting->holds;
    SB_LOCK(&planting->toll->lock);
    const int made = make_room(&holds, sizeof *planting->holds, planting->n_holds, &planting->holds_room);
    planting->holds = holds;
    if (made == 0) {
        planting->holds[planting->n_holds++] = (sb_hold){.function = function, .target = target};
    }
    SB_UNLOCK(&planting->toll->lock);
    return made < 0 ? -1 : (Py_ssize_t)planting->n_holds - 1;
}

/* ---- planting ---- */

static sb_counts minus(sb_counts a, sb_counts b)
{
    return (sb_counts){a.calls - b.calls, a.requested - b.requested, a.delivered - b.delivered, a.late - b.late,
                       a.waited - b.waited};
}

static void add(sb_counts *to, sb_counts a)
{
    to->calls += a.calls;
    to->requested += a.requested;
    to->delivered += a.delivered;
    to->late += a.late;
    to->waited += a.waited;
}

/* Returns 0, or -1 with an exception set. */
static int take_slot(sb_planting *planting, sb_hold *hold)
{
    sb_slot *slot = planting->delay != NULL ? sb_slot_take(hold->function) : NULL;
    if (planting->delay == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (slot == NULL) {
        PyErr_Format(PyExc_RuntimeError,
                     SB_HAS_THUNKS ? "%d functions that are not Python's have been slowed in this process, and a thunk "
                                     "is never used for another; name fewer, or use a new process"
                                   : "functions that are not Python's can be slowed on x86-64 and aarch64 only",
                     SB_N_SLOTS);
        return -1;
    }
    slot->word = planting->toll->plan.word;
    slot->delay = planting->delay;
    slot->interpreter = PyInterpreterState_Get();
    slot->target = (uint32_t)hold->target;
    slot->mode = (uint8_t)planting->toll->mode;
    if (planting->toll->mode == SB_TIME) {
        slot->leave = sb_time_c_leave;
        atomic_store(&slot->holder, planting->toll);
    }
    SB_LOCK(&planting->toll->lock);
    sb_slot_role *role = &sb_slot_roles[slot - sb_slots];
    const sb_target *target = &planting->toll->targets.items[hold->target];
    atomic_store_explicit(&role->lists, target->lists, memory_order_relaxed);
    atomic_store_explicit(&role->point, target->point, memory_order_relaxed);
    hold->before = sb_slot_sum(slot);
    hold->slot = slot;
    SB_UNLOCK(&planting->toll->lock);
    sb_slot_open(slot, planting->enter);
    return 0;
}

int sb_planting_plant(sb_planting *planting, size_t at, void **place, void *original, const sb_maps *maps)
{
    sb_hold *hold = &planting->holds[at];
    void *sites = planting->sites;
    const int made = make_room(&sites, sizeof *planting->sites, planting->n_sites, &planting->sites_room);
    planting->sites = sites;
    if (made < 0 || (hold->slot == NULL && take_slot(planting, hold) < 0)) {
        return -1;
    }
    const int protection = sb_maps_protection(maps, place);
    const int swapped = protection < 0 ? 0 : sb_swap_pointer(place, original, sb_slot_thunk(hold->slot), protection);
    if (swapped < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
    }
    if (swapped == 1) {
        planting->sites[planting->n_sites++] =
            (sb_site){.place = place, .original = original, .hold = at, .protection = protection};
    }
    return swapped;
}

void sb_planting_arm(sb_planting *planting)
{
    sb_exchange(&planting->armed, 1);
}

static void release_slot(sb_planting *planting, sb_hold *hold)
{
    sb_slot *slot = hold->slot;
    if (slot != NULL) {
        SB_LOCK(&planting->toll->lock);
        add(&hold->former, minus(sb_slot_sum(slot), hold->before));
        hold->slot = NULL;
        SB_UNLOCK(&planting->toll->lock);
        sb_slot_release(slot);
    }
}

bool sb_planting_uproot(sb_planting *planting, bool abandon)
{
    if (sb_exchange(&planting->armed, 0) != 1 && !abandon) {
        return false;
    }
    while (planting->n_sites > 0) {
        const sb_site *site = &planting->sites[--planting->n_sites];
        void *thunk = sb_slot_thunk(planting->holds[site->hold].slot);
        (void)sb_swap_pointer(site->place, thunk, site->original, site->protection);
    }
    for (size_t i = 0; i < planting->n_holds; i++) {
        release_slot(planting, &planting->holds[i]);
    }
    if (planting->toll->mode == SB_TIME) {
        sb_time_c_settle();
    }
    return true;
}

bool sb_planting_is_intact(const sb_planting *planting)
{
    if (sb_look(&planting->armed) != 1) {
        return false;
    }
    for (size_t i = 0; i < planting->n_sites; i++) {
        const sb_site *site = &planting->sites[i];
        if (__atomic_load_n(site->place, __ATOMIC_RELAXED) != sb_slot_thunk(planting->holds[site->hold].slot)) {
            return false;
        }
    }
    return true;
}

/* ---- counts ---- */

static sb_counts counts_of(const sb_hold *hold)
{
    sb_counts counts = hold->former;
    if (hold->slot != NULL) {
        add(&counts, minus(sb_slot_sum(hold->slot), hold->before));
    }
    return counts;
}

void sb_planting_sum_locked(const sb_planting *planting, sb_counts *sums, size_t n)
{
    for (size_t i = 0; i < planting->n_holds; i++) {
        if (planting->holds[i].target < n) {
            add(&sums[planting->holds[i].target], counts_of(&planting->holds[i]));
        }
    }
}

void sb_planting_total_locked(const sb_planting *planting, sb_counts *sum)
{
    for (size_t i = 0; i < planting->n_holds; i++) {
        add(sum, counts_of(&planting->holds[i]));
    }
}
