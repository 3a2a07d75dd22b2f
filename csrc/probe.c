/* Its life, and what it has met; see probe.h. */
#include "probe.h"

#include "monitor.h"
#include "patterns.h"

#include <assert.h>
#include <string.h>

/* ---- its life ---- */

sb_probe *sb_probe_new(sb_state *state, sb_toll *toll, PyObject *patterns)
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

/* ---- what it has met ---- */

/* Index of the code object's target, if any thread has met it. */
static Py_ssize_t known_target_locked(const sb_probe *self, PyObject *code)
{
    const sb_cell *cell = sb_counters_find_any_locked(&self->toll->counters, code);
    return cell != NULL ? (Py_ssize_t)cell->target : SB_UNMATCHED;
}

sb_cell *sb_probe_meet(sb_probe *self, PyObject *code)
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

static PyObject *describe(const sb_toll *toll, const sb_target *target, const sb_counts *sum)
{
    PyObject *what = Py_BuildValue("(OOi)", target->code, target->module, target->pattern);
    PyObject *counts = what != NULL ? sb_toll_tuple(toll, sum) : NULL;
    PyObject *both = counts != NULL ? PySequence_Concat(what, counts) : NULL;
    Py_XDECREF(what);
    Py_XDECREF(counts);
    return both;
}

PyObject *sb_probe_snapshot(const sb_probe *probe)
{
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
