/* Counting and spending; see toll.h. */
#include "toll.h"

#include "thunk.h"

#include <assert.h>
#include <string.h>

#define GIL_WAIT_NS 1000.0 /* taking an uncontended GIL back costs some 20 ns, and is calibrated away */

/* How long a delay may last without looking for signals. Spinning keeps the GIL as running Python code does: no longer
 * than two switch intervals. Without a GIL it is stop-the-world pauses that wait: longer delays are spent detached. */
#ifdef Py_GIL_DISABLED
#define SPIN_SLICE_NS 1000000
#else
/* A waiting thread asks for the GIL when it has waited a switch interval, 5 ms, undisturbed: a poll that comes just
 * before only starts its wait anew. */
#define SPIN_SLICE_NS 10000000
#endif
#define RELEASED_SLICE_NS 50000000

/* ---- delay, by mode ---- */

static int poll_attached(void *Py_UNUSED(context))
{
    PyThreadState *thread = PyEval_SaveThread();
    PyEval_RestoreThread(thread);
    return PyErr_CheckSignals();
}

static int poll_detached(void *context)
{
    PyThreadState **thread = context;
    PyEval_RestoreThread(*thread);
    int result = PyErr_CheckSignals();
    *thread = PyEval_SaveThread();
    return result;
}

/* Returns 0, or -1 with a signal's exception set. */
static int spend_detached(const sb_delay *delay, int64_t requested, int64_t *carry, sb_spent *spent)
{
    PyThreadState *thread = PyEval_SaveThread();
    int result = sb_delay_spend(delay, requested, carry, poll_detached, &thread, spent);
    int64_t before = sb_clock_ticks(delay->clock);
    PyEval_RestoreThread(thread);
    int64_t waited = (sb_clock_ticks(delay->clock) - before) * (1 << SB_TICK_SHIFT);
    if (sb_delay_ns(delay, waited) > GIL_WAIT_NS) {
        spent->polled += waited;
    }
    return result;
}

int sb_spend(const sb_delay *delay, sb_mode mode, sb_amount requested, sb_amount *carry, sb_spent *spent)
{
    bool attached = mode == SB_SPIN;
#ifdef Py_GIL_DISABLED
    /* A thread that stops the world looks for detached ones once a millisecond, and would miss one that is detached
     * only while it polls. So a delay that polls is spent detached as a whole. */
    attached = attached && !sb_delay_polls(delay, requested);
#endif
    return attached ? sb_delay_spend(delay, requested, carry, poll_attached, NULL, spent)
                    : spend_detached(delay, requested, carry, spent);
}

int sb_toll_delay(sb_toll *toll, sb_cell *cell, sb_debt debt, PyObject *holder)
{
    if (debt == SB_SHARED) {
        debt = sb_page_debt(toll->plan.word, cell);
    }
    const sb_amount requested = sb_debt_due(debt, toll->delay->clock);
    if (requested == 0) {
        return 0;
    }
    /* A delay that polls runs the handlers of signals, which may call the callback by hand, for new code, so that the
     * cells move. */
    const bool waits = toll->mode != SB_SPIN || sb_delay_polls(toll->delay, requested);
    const sb_thread *thread = NULL;
    const void *code = cell->code;
    if (waits) {
        SB_LOCK(&toll->lock);
        thread = sb_counters_thread_locked(&toll->counters);
        SB_UNLOCK(&toll->lock);
        assert(thread != NULL && sb_counters_find(thread, code) == cell);
        Py_INCREF(holder);
    }
    sb_amount carry = cell->carry;
    sb_spent spent;
    const int result = sb_spend(toll->delay, toll->mode, requested, &carry, &spent);
    if (waits) {
        cell = sb_counters_find(thread, code);
    }
    cell->carry = carry;
    sb_book(cell, requested, &spent);
    if (waits) {
        Py_DECREF(holder); /* perhaps the last share of the toll */
    }
    return result;
}

/* ---- calibration ---- */

typedef struct {
    sb_toll toll;
    sb_thread thread;
    sb_cell cell;
} calibration;

/* All the way that a call's delay takes from a mechanism on, because all of it costs time: calibrated without its calls
 * and its booking, delays were 4 to 5 ns too long. */
static void spend_to_calibrate(void *context, sb_amount requested)
{
    calibration *self = context;
    sb_toll_delay(&self->toll, &self->cell, requested, Py_None);
}

static sb_amount booked(const void *context)
{
    const sb_cell *cell = &((const calibration *)context)->cell;
    return sb_read(&cell->delivered) + sb_read(&cell->late) + sb_read(&cell->waited);
}

static void calibrate(sb_delay *delay, sb_mode mode)
{
    calibration self = {.toll = {.mode = mode, .delay = delay}, .cell = {.code = &self}};
    self.thread = (sb_thread){.owner = sb_this_thread(), .cells = &self.cell};
    sb_counters_init(&self.toll.counters);
    self.toll.counters.threads = &self.thread;
    const sb_spender spender = {.spend = spend_to_calibrate, .booked = booked, .context = &self};
    sb_delay_calibrate(delay, &spender);
}

static void set_clock_locked(sb_state *state, const sb_clock *clock)
{
    if (!sb_look(&state->has_clock)) {
        state->clock = *clock;
        sb_exchange(&state->has_clock, 1);
    }
}

static const sb_clock *clock_locked(sb_state *state)
{
    if (!sb_look(&state->has_clock)) {
        sb_clock clock;
        sb_clock_init(&clock);
        set_clock_locked(state, &clock);
    }
    return &state->clock;
}

const sb_clock *sb_state_clock(sb_state *state)
{
    if (!sb_look(&state->has_clock)) {
        SB_LOCK(&state->lock);
        clock_locked(state);
        SB_UNLOCK(&state->lock);
    }
    return &state->clock;
}

/* Not yet calibrated. */
static sb_delay delay_locked(sb_state *state, sb_mode mode)
{
    sb_delay delay;
    sb_delay_init(&delay, clock_locked(state), mode == SB_SPIN ? SPIN_SLICE_NS : RELEASED_SLICE_NS, mode == SB_SLEEP);
    return delay;
}

static void set_delay_locked(sb_state *state, sb_mode mode, const sb_delay *delay)
{
    if (!state->calibrated[mode]) {
        state->delays[mode] = *delay;
        state->calibrated[mode] = true;
    }
}

/* Calibrated once an interpreter. With a GIL two threads may both calibrate (nogil gives it up), and either's figure is
 * right; the first stays, because a thread may be reading it already. */
const sb_delay *sb_state_delay(sb_state *state, sb_mode mode)
{
    SB_LOCK(&state->lock);
    if (!state->calibrated[mode]) {
        sb_delay delay = delay_locked(state, mode);
        if (mode != SB_TIME && mode != SB_AWAIT) {
            calibrate(&delay, mode);
        }
        set_delay_locked(state, mode, &delay);
    }
    SB_UNLOCK(&state->lock);
    return &state->delays[mode];
}

void sb_state_adopt(sb_state *state, const sb_clock *clock, sb_mode mode, sb_amount fixed)
{
    SB_LOCK(&state->lock);
    set_clock_locked(state, clock);
    if (fixed >= 0) {
        sb_delay delay = delay_locked(state, mode);
        delay.fixed = fixed;
        set_delay_locked(state, mode, &delay);
    }
    SB_UNLOCK(&state->lock);
}

/* ---- modes ---- */

static const char *const MODE_NAMES[SB_N_MODES] = {"spin", "nogil", "sleep", "await", "time"};

const char *sb_mode_name(sb_mode mode)
{
    return MODE_NAMES[mode];
}

int sb_mode_of(const char *name)
{
    for (int i = 0; i < SB_N_MODES; i++) {
        if (strcmp(name, MODE_NAMES[i]) == 0) {
            return i;
        }
    }
    return -1;
}

/* ---- its life ---- */

sb_toll *sb_toll_new(sb_state *state, sb_mode mode)
{
    sb_toll *toll = PyMem_RawCalloc(1, sizeof *toll);
    if (toll == NULL || sb_plan_init(&toll->plan) < 0) {
        PyMem_RawFree(toll);
        PyErr_NoMemory();
        return NULL;
    }
    sb_counters_init(&toll->counters);
    toll->mode = mode;
    toll->delay = sb_state_delay(state, mode);
    toll->shares = 1;
    return toll;
}

sb_toll *sb_toll_share(sb_toll *toll)
{
    sb_change(&toll->shares, 1);
    return toll;
}

void sb_toll_drop(sb_toll *toll)
{
    if (toll != NULL && sb_change(&toll->shares, -1) == 1) {
        sb_ledger *ledger = toll->counters.ledger;
        sb_counters_fini(&toll->counters);
        sb_targets_fini(&toll->targets);
        sb_plan_fini(&toll->plan);
        PyMem_RawFree(toll);
        if (ledger != NULL && sb_slots_move_out(ledger)) {
            sb_ledger_close(ledger);
        }
    }
}

void sb_toll_lose_locked(sb_toll *toll)
{
    sb_add(&toll->lost, 1);
    if (toll->counters.ledger != NULL) {
        sb_ledger_lose(toll->counters.ledger);
    }
}

sb_cell *sb_toll_insert_locked(sb_toll *toll, sb_thread *thread, const void *code, size_t target)
{
    sb_cell *cell = sb_counters_insert_locked(thread, code, target);
    if (cell != NULL && target < toll->targets.n) {
        const sb_target *found = &toll->targets.items[target];
        cell->point = found->point;
        __atomic_store_n(&cell->lists, found->lists,
                         __ATOMIC_RELEASE); /* last: a ledger's reader takes it for a cell */
    }
    return cell;
}

void sb_toll_measure(sb_toll *toll, bool on)
{
    if (toll->mode == SB_TIME) {
        SB_LOCK(&toll->lock);
        sb_stopwatch_turn(&toll->stopwatch, sb_clock_ticks(toll->delay->clock), on);
        SB_UNLOCK(&toll->lock);
    }
}

PyObject *sb_toll_tuple(const sb_toll *toll, const sb_counts *counts)
{
    if (toll->mode == SB_TIME) {
        return Py_BuildValue("(Ldddd)", (long long)counts->calls, 0.0, 0.0, 0.0, 0.0);
    }
    const sb_delay *delay = toll->delay;
    return Py_BuildValue("(Ldddd)", (long long)counts->calls, sb_delay_ns(delay, counts->requested),
                         sb_delay_ns(delay, counts->delivered), sb_delay_ns(delay, counts->late),
                         sb_delay_ns(delay, counts->waited));
}

void sb_toll_convert(const sb_toll *toll, sb_toll_row *rows, size_t n)
{
    const sb_delay *delay = toll->delay;
    for (size_t i = 0; i < n; i++) {
        const sb_counts sums = rows[i].sums;
        rows[i] = (sb_toll_row){.numbers = {(double)sums.calls, sb_delay_ns(delay, sums.requested),
                                            sb_delay_ns(delay, sums.delivered), sb_delay_ns(delay, sums.late),
                                            sb_delay_ns(delay, sums.waited)}};
    }
}
