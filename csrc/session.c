/* The session type and its callback, the only hot path of the project; see session.h. */
#include "session.h"

#include "counters.h"
#include "monitor.h"
#include "patterns.h"
#include "plan.h"
#include "targets.h"

#include <math.h>
#include <string.h>

#define MAX_DELAY_NS 60e9
#define GIL_WAIT_NS 1000.0 /* taking an uncontended GIL back costs some 20 ns, and is calibrated away */

static const char *const MODE_NAMES[SB_N_MODES] = {"spin", "nogil", "sleep"};

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

/* What the callback is bound to. It is a Python object of its own, because a thread may be in the middle of a delayed
 * call when the session is disarmed and dropped; and it does not hold the session, so that a session that nobody holds
 * any more goes, and disarms itself, though sys.monitoring holds the callback. */
typedef struct {
    PyObject_HEAD sb_plan plan;
    sb_atomic_i64 lost; /* code objects that could not be classified or counted for want of memory */
    sb_counters counters;
    sb_targets targets;
    sb_lock lock; /* over targets, and over the shape of the counters' tables */
    sb_mode mode;
    const sb_delay *delay; /* Borrowed from the module's state, which the type keeps alive. */
    PyObject *patterns;    /* Owned: Patterns. */
    PyObject *disable;     /* Owned: sys.monitoring.DISABLE */
} sb_probe;

typedef struct {
    PyObject_HEAD PyObject *owner; /* Owned: a str that tells people whose session this is. */
    sb_probe *probe;               /* Owned. */
    sb_monitor monitor;
} sb_session;

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
    int64_t waited = (sb_clock_ticks(delay->clock) - before) << SB_TICK_SHIFT;
    if (sb_delay_ns(delay, waited) > GIL_WAIT_NS) {
        spent->polled += waited;
    }
    return result;
}

static int spend(const sb_delay *delay, sb_mode mode, int64_t requested, int64_t *carry, sb_spent *spent)
{
    bool attached = mode == SB_SPIN;
#ifdef Py_GIL_DISABLED
    /* Who stops the world looks for detached threads once a millisecond, and would miss one that detaches to poll. */
    attached = attached && !sb_delay_polls(delay, requested);
#endif
    return attached ? sb_delay_spend(delay, requested, carry, poll_attached, NULL, spent)
                    : spend_detached(delay, requested, carry, spent);
}

typedef struct {
    const sb_delay *delay;
    sb_mode mode;
} calibration;

static void spend_to_calibrate(void *context, int64_t requested, sb_spent *spent)
{
    const calibration *self = context;
    int64_t carry = 0;
    spend(self->delay, self->mode, requested, &carry, spent);
}

/* Calibrated once an interpreter. With a GIL two threads may both calibrate (nogil gives it up), and either's figure is
 * right; the first stays, because a thread may be reading it already. */
static const sb_delay *calibrated_delay(sb_state *state, sb_mode mode)
{
    SB_LOCK(&state->lock);
    if (!state->calibrated[mode]) {
        sb_delay delay;
        sb_delay_init(&delay, &state->clock, mode == SB_SPIN ? SPIN_SLICE_NS : RELEASED_SLICE_NS, mode == SB_SLEEP);
        calibration context = {.delay = &delay, .mode = mode};
        sb_delay_calibrate(&delay, spend_to_calibrate, &context);
        if (!state->calibrated[mode]) {
            state->delays[mode] = delay;
            state->calibrated[mode] = true;
        }
    }
    SB_UNLOCK(&state->lock);
    return &state->delays[mode];
}

/* ---- the callback ---- */

/* Index of the code object's target, if any thread has met it. */
static Py_ssize_t known_target_locked(const sb_probe *self, PyObject *code)
{
    const sb_cell *cell = sb_counters_find_any_locked(&self->counters, code);
    return cell != NULL ? (Py_ssize_t)cell->target : SB_UNMATCHED;
}

/* First sight of a code object in this thread, or in the whole session. NULL: not ours. */
static sb_cell *meet(sb_probe *self, PyObject *code)
{
    SB_LOCK(&self->lock);
    Py_ssize_t target = known_target_locked(self, code);
    SB_UNLOCK(&self->lock);

    /* Without the lock: a look into globals compares keys, and what that runs may meet other code, or this code in
     * another thread. So everything is asked again afterwards. */
    sb_choice choice = {.pattern = SB_UNMATCHED, .module = NULL};
    if (target < 0) {
        choice = sb_targets_choose(&self->targets, (PyCodeObject *)code, PyEval_GetGlobals());
        if (choice.pattern == SB_UNMATCHED) {
            return NULL;
        }
    }

    SB_LOCK(&self->lock);
    sb_thread *thread = sb_counters_thread_locked(&self->counters);
    sb_cell *cell =
        thread != NULL ? sb_counters_find(thread, code) : NULL; /* there, where the table is a dead thread's */
    if (cell == NULL && thread != NULL) {
        target = known_target_locked(self, code);
        if (target < 0) {
            target = sb_targets_add(&self->targets, (PyCodeObject *)code, &choice);
        }
        if (target >= 0) {
            cell = sb_counters_insert_locked(thread, code, (size_t)target);
        }
    }
    if (cell == NULL) {
        sb_add(&self->lost, 1);
    }
    SB_UNLOCK(&self->lock);
    Py_XDECREF(choice.module);
    return cell;
}

static PyObject *delay_call(sb_probe *self, sb_cell *cell, int64_t requested)
{
    sb_spent spent;
    int64_t carry = cell->carry;
    const bool waits = self->mode != SB_SPIN || sb_delay_polls(self->delay, requested);
    const void *code = cell->code;
    if (waits) {
        Py_INCREF(self); /* other threads, and signal handlers, may disarm and drop the callback meanwhile */
    }
    int result = spend(self->delay, self->mode, requested, &carry, &spent);
    if (waits) {
        /* A signal's handler may have called the callback by hand, and so have moved the cells. */
        cell = sb_counters_find(sb_counters_thread(&self->counters), code);
    }
    cell->carry = carry;
    sb_add(&cell->requested, requested);
    sb_add(&cell->delivered, spent.delivered);
    if (spent.late != 0) {
        sb_add(&cell->late, spent.late);
    }
    if (spent.polled != 0) {
        sb_add(&cell->waited, spent.polled);
    }
    if (waits) {
        Py_DECREF(self);
    }
    if (result < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static inline PyObject *count_call(sb_probe *self, sb_cell *cell)
{
    int64_t requested = sb_plan_get(&self->plan);
    if (requested == SB_PAUSED) {
        Py_RETURN_NONE;
    }
    sb_add(&cell->calls, 1);
    if (requested == 0) {
        Py_RETURN_NONE;
    }
    return delay_call(self, cell, requested);
}

/* The callback is within anybody's reach, as what register_callback() returns, and may be called with anything. */
static PyObject *first_sight(sb_probe *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyCode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError,
                        "this is a callback of sys.monitoring; its arguments are a code object and an offset");
        return NULL;
    }
    Py_INCREF(self);
    sb_cell *cell = meet(self, args[0]);
    PyObject *result = cell != NULL ? count_call(self, cell) : Py_NewRef(self->disable);
    Py_DECREF(self);
    return result;
}

/* PY_START(code, offset). No event fires while it runs, so sys.monitoring never enters it twice in one thread, and the
 * cell stays where it is until it returns or waits. It raises nothing but what a pending signal's handler raises. Its
 * caller holds no reference to the probe: wherever it may wait, it holds one itself. */
static PyObject *probe_on_start(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    sb_probe *self = (sb_probe *)op;
    const sb_thread *thread = sb_counters_thread(&self->counters);
    if (thread != NULL && nargs == 2) {
        sb_cell *cell = sb_counters_find(thread, args[0]);
        if (cell != NULL) {
            return count_call(self, cell);
        }
    }
    return first_sight(self, args, nargs);
}

static PyMethodDef CALLBACK = {"on_start", (PyCFunction)(void (*)(void))probe_on_start, METH_FASTCALL,
                               "PY_START(code, offset)"};

/* ---- the probe ---- */

static sb_probe *probe_new(sb_state *state, PyObject *patterns, sb_mode mode, const sb_delay *delay)
{
    PyObject *disable = sb_monitor_disable();
    sb_probe *self = disable != NULL ? PyObject_GC_New(sb_probe, state->probe_type) : NULL;
    if (self == NULL) {
        Py_XDECREF(disable);
        return NULL;
    }
    const bool planned = sb_plan_init(&self->plan) == 0;
    self->lost = 0;
    sb_counters_init(&self->counters, sb_clock_ticks(&state->clock));
    sb_targets_init(&self->targets, sb_patterns_of(patterns));
    sb_lock_init(&self->lock);
    self->mode = mode;
    self->delay = delay;
    self->patterns = Py_NewRef(patterns);
    self->disable = disable;
    if (!planned) {
        PyErr_NoMemory();
        Py_DECREF(self);
        return NULL;
    }
    PyObject_GC_Track(self);
    return self;
}

/* No tp_clear: nothing that a probe holds can hold the probe. */
static int probe_traverse(PyObject *op, visitproc visit, void *arg)
{
    sb_probe *self = (sb_probe *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->patterns);
    Py_VISIT(self->disable);
    return sb_targets_traverse(&self->targets, visit, arg);
}

static void probe_dealloc(PyObject *op)
{
    sb_probe *self = (sb_probe *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_CLEAR(self->patterns);
    Py_CLEAR(self->disable);
    sb_targets_fini(&self->targets);
    sb_counters_fini(&self->counters);
    sb_plan_fini(&self->plan);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyType_Slot probe_slots[] = {
    {Py_tp_doc, (void *)"What sys.monitoring calls for a Session."},
    {Py_tp_traverse, probe_traverse},
    {Py_tp_dealloc, probe_dealloc},
    {0, NULL},
};

PyType_Spec sb_probe_spec = {
    .name = "pytest_speedbump._core._Probe",
    .basicsize = sizeof(sb_probe),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = probe_slots,
};

/* ---- arming ---- */

void sb_session_disarm(PyObject *op)
{
    sb_session *self = (sb_session *)op;
    sb_state *state = sb_state_of(op);
    sb_plan_set(&self->probe->plan, SB_PAUSED);
    if (sb_monitor_stop(&self->monitor)) {
        SB_LOCK(&state->lock);
        if (state->armed == op) {
            state->armed = NULL;
        }
        SB_UNLOCK(&state->lock);
    }
}

void sb_session_abandon(PyObject *op)
{
    sb_session *self = (sb_session *)op;
    sb_lock_init(&self->probe->lock); /* a thread that did not come along may have held it */
    sb_session_disarm(op);
}

int sb_session_arm(PyObject *op)
{
    sb_session *self = (sb_session *)op;
    sb_state *state = sb_state_of(op);
    PyObject *other_owner = NULL;

    SB_LOCK(&state->lock);
    if (state->armed != NULL) {
        other_owner = Py_NewRef(((sb_session *)state->armed)->owner);
    }
    else {
        state->armed = op; /* from here on until it is NULL again nobody else starts a monitor */
    }
    SB_UNLOCK(&state->lock);
    if (other_owner != NULL) {
        PyErr_Format(PyExc_RuntimeError, "%U is armed already; an interpreter can run one bump at a time", other_owner);
        Py_DECREF(other_owner);
        return -1;
    }

    sb_plan_set(&self->probe->plan, SB_PAUSED);
    if (sb_monitor_start(&self->monitor) < 0) {
        SB_LOCK(&state->lock);
        state->armed = NULL;
        SB_UNLOCK(&state->lock);
        return -1;
    }
    return 0;
}

static PyObject *session_arm(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    if (sb_session_arm(op) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *session_enter(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return sb_session_arm(op) < 0 ? NULL : Py_NewRef(op);
}

static sb_probe *probe_of(PyObject *op)
{
    return ((sb_session *)op)->probe;
}

static PyObject *session_disarm(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_session_disarm(op);
    Py_RETURN_NONE;
}

static PyObject *session_set_delay(PyObject *op, PyObject *argument)
{
    sb_probe *probe = probe_of(op);
    double ns = PyFloat_AsDouble(argument);
    if (ns == -1.0 && PyErr_Occurred()) {
        return NULL;
    }
    if (!(ns >= 0.0 && ns <= MAX_DELAY_NS)) {
        PyErr_Format(PyExc_ValueError, "delay_ns must be between 0 and 6e10, not %R", argument);
        return NULL;
    }
    sb_plan_set(&probe->plan, sb_delay_amount(probe->delay, ns));
    Py_RETURN_NONE;
}

static PyObject *session_pause(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_plan_set(&probe_of(op)->plan, SB_PAUSED);
    Py_RETURN_NONE;
}

/* ---- reading ---- */

static PyObject *session_totals(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_probe *self = probe_of(op);
    sb_counts sum;
    SB_LOCK(&self->lock);
    sum = sb_counters_total_locked(&self->counters);
    SB_UNLOCK(&self->lock);
    const sb_delay *delay = self->delay;
    return Py_BuildValue("(Ldddd)", (long long)sum.calls, sb_delay_ns(delay, sum.requested),
                         sb_delay_ns(delay, sum.delivered), sb_delay_ns(delay, sum.late),
                         sb_delay_ns(delay, sum.waited));
}

static PyObject *describe(const sb_probe *self, const sb_target *target, const sb_counts *sum)
{
    const sb_delay *delay = self->delay;
    return Py_BuildValue("(OOiLdddd)", target->code, target->module, target->pattern, (long long)sum->calls,
                         sb_delay_ns(delay, sum->requested), sb_delay_ns(delay, sum->delivered),
                         sb_delay_ns(delay, sum->late), sb_delay_ns(delay, sum->waited));
}

static PyObject *session_snapshot(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_probe *self = probe_of(op);
    sb_target *targets = NULL;
    PyObject *list = NULL;

    /* Copied under the lock, because making Python objects may run code that needs it. */
    SB_LOCK(&self->lock);
    size_t n = self->targets.n;
    sb_counts *sums = PyMem_Calloc(n + 1, sizeof *sums);
    targets = PyMem_Calloc(n + 1, sizeof *targets);
    if (sums != NULL && targets != NULL) {
        sb_counters_sum_locked(&self->counters, sums, n);
        if (n > 0) {
            memcpy(targets, self->targets.items, n * sizeof *targets); /* targets live as long as the session */
        }
    }
    SB_UNLOCK(&self->lock);
    if (sums == NULL || targets == NULL) {
        PyErr_NoMemory();
        goto error;
    }
    list = PyList_New((Py_ssize_t)n);
    if (list == NULL) {
        goto error;
    }
    for (size_t i = 0; i < n; i++) {
        PyObject *item = describe(self, &targets[i], &sums[i]);
        if (item == NULL) {
            goto error;
        }
        PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    }
    goto done;
error:
    Py_CLEAR(list);
done:
    PyMem_Free(sums);
    PyMem_Free(targets);
    return list;
}

static PyObject *session_get_intact(PyObject *op, void *Py_UNUSED(closure))
{
    int intact = sb_monitor_is_intact(&((sb_session *)op)->monitor);
    return intact < 0 ? NULL : PyBool_FromLong(intact);
}

static PyObject *session_get_lost(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong((long long)sb_read(&probe_of(op)->lost));
}

static PyObject *session_get_fixed_ns(PyObject *op, void *Py_UNUSED(closure))
{
    const sb_delay *delay = probe_of(op)->delay;
    return PyFloat_FromDouble(sb_delay_ns(delay, delay->fixed));
}

/* ---- the type ---- */

static int mode_from_name(const char *name, sb_mode *mode)
{
    for (int i = 0; i < SB_N_MODES; i++) {
        if (strcmp(name, MODE_NAMES[i]) == 0) {
            *mode = (sb_mode)i;
            return 0;
        }
    }
    PyErr_Format(PyExc_ValueError, "mode must be 'spin', 'nogil' or 'sleep', not '%s'", name);
    return -1;
}

static PyObject *session_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"patterns", "mode", "owner", NULL};
    sb_state *state = PyType_GetModuleState(type);
    PyObject *patterns, *owner;
    const char *mode_name;
    sb_mode mode;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!sU:Session", keywords, state->patterns_type, &patterns,
                                     &mode_name, &owner) ||
        mode_from_name(mode_name, &mode) < 0) {
        return NULL;
    }
    /* Calibration may let other threads run, who would see a half-made session through gc.get_objects(). So it comes
     * first, and the session is tracked last. */
    const sb_delay *delay = calibrated_delay(state, mode);
    sb_probe *probe = probe_new(state, patterns, mode, delay);
    if (probe == NULL) {
        return NULL;
    }
    PyObject *callback = PyCFunction_New(&CALLBACK, (PyObject *)probe);
    sb_session *self = callback != NULL ? PyObject_GC_New(sb_session, type) : NULL;
    if (self == NULL) {
        Py_XDECREF(callback);
        Py_DECREF(probe);
        return NULL;
    }
    self->owner = Py_NewRef(owner);
    self->probe = probe;
    int result = sb_monitor_init(&self->monitor, callback);
    Py_DECREF(callback);
    if (result < 0) {
        Py_DECREF(self);
        return NULL;
    }
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

/* No tp_clear: nothing that a session holds can hold the session. */
static int session_traverse(PyObject *op, visitproc visit, void *arg)
{
    sb_session *self = (sb_session *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->owner);
    Py_VISIT(self->probe);
    return sb_monitor_traverse(&self->monitor, visit, arg);
}

/* Not a finalizer's work: that runs once in the life of an object, and one that was resurrected may be armed again. */
static void session_dealloc(PyObject *op)
{
    sb_session *self = (sb_session *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    sb_session_disarm(op);
    Py_CLEAR(self->owner);
    sb_monitor_fini(&self->monitor);
    Py_CLEAR(self->probe);
    type->tp_free(op);
    Py_DECREF(type);
}

bool sb_session_check(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == session_dealloc; /* there are no subclasses */
}

static PyMethodDef session_methods[] = {
    {"arm", session_arm, METH_NOARGS,
     "arm($self, /)\n--\n\n"
     "Claim a tool id and start watching, paused. RuntimeError if a session is armed or no id is free."},
    {"disarm", session_disarm, METH_NOARGS,
     "disarm($self, /)\n--\n\nStop watching and give the tool id back. Harmless when not armed."},
    {"__enter__", session_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nArm, as arm() does."},
    {"__exit__", session_disarm, METH_VARARGS, "__exit__($self, /, *exception)\n--\n\nDisarm."},
    {"set_delay", session_set_delay, METH_O,
     "set_delay($self, delay_ns, /)\n--\n\nCount matched calls and delay each by so many nanoseconds, from now on."},
    {"pause", session_pause, METH_NOARGS, "pause($self, /)\n--\n\nNeither count nor delay, from now on."},
    {"totals", session_totals, METH_NOARGS,
     "totals($self, /)\n--\n\n(calls, requested_ns, delivered_ns, late_ns, waited_ns) over all targets and threads."},
    {"snapshot", session_snapshot, METH_NOARGS,
     "snapshot($self, /)\n--\n\n"
     "For each matched code object (code, module, pattern, calls, requested_ns, delivered_ns, late_ns, waited_ns),\n"
     "in order of first sight; pattern is an index into the session's Patterns."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef session_getset[] = {
    {"intact", session_get_intact, NULL, "Whether sys.monitoring still sends us what we subscribed to.", NULL},
    {"lost", session_get_lost, NULL, "Code objects that were not slowed for want of memory.", NULL},
    {"fixed_ns", session_get_fixed_ns, NULL, "Calibrated fixed cost of a delay, part of every delay delivered.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot session_slots[] = {
    {Py_tp_doc,
     (void *)"Session(patterns, mode, owner)\n--\n\n"
             "Slows what `patterns` match, while armed. `owner` names it in the error that a second one gets."},
    {Py_tp_new, session_new},
    {Py_tp_traverse, session_traverse},
    {Py_tp_dealloc, session_dealloc},
    {Py_tp_methods, session_methods},
    {Py_tp_getset, session_getset},
    {0, NULL},
};

PyType_Spec sb_session_spec = {
    .name = "pytest_speedbump._core.Session",
    .basicsize = sizeof(sb_session),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = session_slots,
};
