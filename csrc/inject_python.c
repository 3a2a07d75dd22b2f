/* Starts of Python code: a callback of sys.monitoring, the only hot path of the project; see injector.h.
 *
 * What sys.monitoring holds is a callback bound to a probe: a Python object of its own, because a thread may be in the
 * middle of a delayed call when the session is disarmed and dropped. The probe does not hold the session, so a session
 * that nobody else holds goes, and disarms.
 */
#include "injector.h"
#include "monitor.h"
#include "patterns.h"
#include "targets.h"

#include <assert.h>
#include <string.h>

typedef struct {
    PyObject_HEAD sb_toll *toll; /* A share. */
    PyObject *disable;           /* Owned: sys.monitoring.DISABLE */
    sb_targets targets;          /* under the toll's lock */
    PyObject *patterns;          /* Owned: Patterns, which the targets borrow from. */
} sb_probe;

typedef struct {
    sb_injector base;
    sb_probe *probe;    /* Owned. */
    sb_monitor monitor; /* It holds the callback, and so the probe. */
} sb_python;

/* ---- the callback ---- */

/* Index of the code object's target, if any thread has met it. */
static Py_ssize_t known_target_locked(const sb_probe *self, PyObject *code)
{
    const sb_cell *cell = sb_counters_find_any_locked(&self->toll->counters, code);
    return cell != NULL ? (Py_ssize_t)cell->target : SB_UNMATCHED;
}

/* First sight of a code object in this thread, or in the whole session. NULL: not ours. */
static sb_cell *meet(sb_probe *self, PyObject *code)
{
    SB_LOCK(&self->toll->lock);
    Py_ssize_t target = known_target_locked(self, code);
    SB_UNLOCK(&self->toll->lock);

    /* Without the lock: a look into globals compares keys, and what that runs may meet other code, or this code in
     * another thread. So everything is asked again afterwards. */
    sb_choice choice = {.pattern = SB_UNMATCHED, .module = NULL};
    if (target < 0) {
        choice = sb_targets_choose(&self->targets, (PyCodeObject *)code, PyEval_GetGlobals());
        if (choice.pattern == SB_UNMATCHED) {
            return NULL;
        }
    }

    SB_LOCK(&self->toll->lock);
    sb_thread *thread = sb_counters_thread_locked(&self->toll->counters);
    /* The cell may be there already, because the table may have been a dead thread's. */
    sb_cell *cell = thread != NULL ? sb_counters_find(thread, code) : NULL;
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
        sb_add(&self->toll->lost, 1);
    }
    SB_UNLOCK(&self->toll->lock);
    assert(cell == NULL || (cell->code == code && cell->target < self->targets.n));
    Py_XDECREF(choice.module);
    return cell;
}

/* Not inlined, like first_sight(): a call that is only counted then saves no registers. */
__attribute__((noinline)) static PyObject *delay_call(sb_probe *self, sb_cell *cell, sb_amount requested)
{
    if (sb_toll_delay(self->toll, cell, requested, (PyObject *)self) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static inline PyObject *take_toll(sb_probe *self, sb_cell *cell)
{
    const sb_amount requested = sb_toll_count(self->toll, cell);
    if (requested != 0) {
        return delay_call(self, cell, requested);
    }
    Py_RETURN_NONE;
}

/* The callback is within anybody's reach, as what register_callback() returns, and may be called with anything. */
__attribute__((noinline)) static PyObject *first_sight(sb_probe *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyCode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError,
                        "this is a callback of sys.monitoring; its arguments are a code object and an offset");
        return NULL;
    }
    Py_INCREF(self);
    sb_cell *cell = meet(self, args[0]);
    PyObject *result = cell != NULL ? take_toll(self, cell) : Py_NewRef(self->disable);
    Py_DECREF(self);
    return result;
}

/* PY_START(code, offset). No event fires while it runs, so sys.monitoring never enters it twice in one thread, and the
 * cell stays where it is until it returns or waits. It raises nothing but what a pending signal's handler raises. Its
 * caller holds no reference to the probe: wherever it may wait, it holds one itself. */
static PyObject *probe_on_start(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    sb_probe *self = (sb_probe *)op;
    const sb_thread *thread = sb_counters_thread(&self->toll->counters);
    if (thread != NULL && nargs == 2) {
        sb_cell *cell = sb_counters_find(thread, args[0]);
        if (cell != NULL) {
            return take_toll(self, cell);
        }
    }
    return first_sight(self, args, nargs);
}

static PyMethodDef CALLBACK = {"on_start", (PyCFunction)(void (*)(void))probe_on_start, METH_FASTCALL,
                               "PY_START(code, offset)"};

/* ---- the probe ---- */

static sb_probe *probe_new(sb_state *state, sb_toll *toll, PyObject *patterns)
{
    PyObject *disable = sb_monitor_disable();
    sb_probe *self = disable != NULL ? PyObject_GC_New(sb_probe, state->probe_type) : NULL;
    if (self == NULL) {
        Py_XDECREF(disable);
        return NULL;
    }
    self->toll = sb_toll_share(toll);
    self->disable = disable;
    sb_targets_init(&self->targets, sb_patterns_of(patterns));
    self->patterns = Py_NewRef(patterns);
    PyObject_GC_Track(self);
    return self;
}

/* No tp_clear: nothing that a probe holds can hold the probe. */
static int probe_traverse(PyObject *op, visitproc visit, void *arg)
{
    sb_probe *self = (sb_probe *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->disable);
    Py_VISIT(self->patterns);
    return sb_targets_traverse(&self->targets, visit, arg);
}

static void probe_dealloc(PyObject *op)
{
    sb_probe *self = (sb_probe *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_CLEAR(self->disable);
    sb_targets_fini(&self->targets);
    Py_CLEAR(self->patterns);
    sb_toll_drop(self->toll);
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

/* ---- the mechanism ---- */

static int python_arm(sb_injector *base)
{
    return sb_monitor_start(&((sb_python *)base)->monitor);
}

static bool python_disarm(sb_injector *base)
{
    return sb_monitor_stop(&((sb_python *)base)->monitor);
}

static int python_is_intact(sb_injector *base)
{
    return sb_monitor_is_intact(&((sb_python *)base)->monitor);
}

static size_t python_n_targets_locked(const sb_injector *base)
{
    return ((const sb_python *)base)->probe->targets.n;
}

static PyObject *describe(const sb_toll *toll, const sb_target *target, const sb_counts *sum)
{
    PyObject *what = Py_BuildValue("(OOi)", target->code, target->module, target->pattern);
    PyObject *counts = what != NULL ? sb_toll_tuple(toll, sum) : NULL;
    PyObject *both = counts != NULL ? PySequence_Concat(what, counts) : NULL;
    Py_XDECREF(what);
    Py_XDECREF(counts);
    return both;
}

static PyObject *python_snapshot(sb_injector *base)
{
    const sb_probe *probe = ((sb_python *)base)->probe;
    sb_toll *toll = probe->toll;
    sb_target *targets = NULL;
    PyObject *list = NULL;

    /* Copied under the lock, because making Python objects may run code that needs it. */
    SB_LOCK(&toll->lock);
    size_t n = probe->targets.n;
    sb_counts *sums = PyMem_Calloc(n + 1, sizeof *sums);
    targets = PyMem_Calloc(n + 1, sizeof *targets);
    if (sums != NULL && targets != NULL) {
        sb_counters_sum_locked(&toll->counters, sums, n);
        if (n > 0) {
            memcpy(targets, probe->targets.items, n * sizeof *targets); /* targets live as long as the probe */
        }
    }
    SB_UNLOCK(&toll->lock);
    if (sums == NULL || targets == NULL) {
        PyErr_NoMemory();
        goto error;
    }
    list = PyList_New((Py_ssize_t)n);
    if (list == NULL) {
        goto error;
    }
    for (size_t i = 0; i < n; i++) {
        PyObject *item = describe(toll, &targets[i], &sums[i]);
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

static int python_traverse(const sb_injector *base, visitproc visit, void *arg)
{
    const sb_python *self = (const sb_python *)base;
    Py_VISIT(self->probe);
    return sb_monitor_traverse(&self->monitor, visit, arg);
}

static void python_free(sb_injector *base)
{
    sb_python *self = (sb_python *)base;
    if (self != NULL) {
        sb_monitor_fini(&self->monitor);
        Py_XDECREF(self->probe);
        PyMem_Free(self);
    }
}

static const sb_mechanism PYTHON = {
    .arm = python_arm,
    .disarm = python_disarm,
    .is_intact = python_is_intact,
    .n_targets_locked = python_n_targets_locked,
    .snapshot = python_snapshot,
    .traverse = python_traverse,
    .free = python_free,
};

sb_injector *sb_inject_python(sb_state *state, sb_toll *toll, PyObject *patterns)
{
    sb_python *self = PyMem_Calloc(1, sizeof *self);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    self->base.mechanism = &PYTHON;
    self->probe = probe_new(state, toll, patterns);
    PyObject *callback = self->probe != NULL ? PyCFunction_New(&CALLBACK, (PyObject *)self->probe) : NULL;
    if (callback == NULL || sb_monitor_init(&self->monitor, callback) < 0) {
        python_free(&self->base);
        self = NULL;
    }
    Py_XDECREF(callback);
    return self != NULL ? &self->base : NULL;
}
