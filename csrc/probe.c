/* Its life, and what it has met; see probe.h. */
#include "probe.h"

#include "patterns.h"

#include <assert.h>

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
    self->patterns = Py_NewRef(patterns);
    self->monitor = NULL;
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
    return 0;
}

static void probe_dealloc(PyObject *op)
{
    sb_probe *self = (sb_probe *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_CLEAR(self->disable);
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

/* ---- what it does ---- */

PyObject *sb_probe_delay(sb_probe *probe, sb_cell *cell, sb_debt debt)
{
    if (sb_toll_delay(probe->toll, cell, debt, (PyObject *)probe) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ---- what it has met ---- */

/* Index of the target that the key stands for, if any thread has met it. */
static Py_ssize_t known_target_locked(const sb_probe *self, const void *key)
{
    const sb_cell *cell = sb_counters_find_any_locked(&self->toll->counters, key);
    return cell != NULL ? (Py_ssize_t)cell->target : SB_UNMATCHED;
}

sb_cell *sb_probe_meet(sb_probe *self, PyObject *code)
{
    return sb_probe_meet_part(self, code, SB_START, code, 0);
}

sb_cell *sb_probe_meet_part(sb_probe *self, const void *key, sb_kind kind, PyObject *code, int line)
{
    sb_toll *toll = self->toll;
    SB_LOCK(&toll->lock);
    Py_ssize_t target = known_target_locked(self, key);
    SB_UNLOCK(&toll->lock);

    /* Without the lock: a look into globals compares keys, and what that runs may meet other code, or this code in
     * another thread. So everything is asked again afterwards. */
    sb_choice choice = {.pattern = SB_UNMATCHED, .module = NULL};
    if (target < 0) {
        choice = sb_choose(sb_patterns_of(self->patterns), kind, (PyCodeObject *)code, line, PyEval_GetGlobals());
        if (choice.pattern == SB_UNMATCHED) {
            return NULL;
        }
    }

    SB_LOCK(&toll->lock);
    sb_thread *thread = sb_counters_thread_locked(&toll->counters);
    /* The cell may be there already, because the table may have been a dead thread's. */
    sb_cell *cell = thread != NULL ? sb_counters_find(thread, key) : NULL;
    if (cell == NULL && thread != NULL) {
        target = known_target_locked(self, key);
        if (target < 0 && choice.pattern >= 0) {
            const sb_target found = {.kind = kind,
                                     .what = code,
                                     .module = choice.module,
                                     .line = line,
                                     .pattern = choice.pattern,
                                     .lists = choice.lists};
            target = sb_targets_add(&toll->targets, &found);
        }
        if (target >= 0) {
            cell = sb_toll_insert_locked(toll, thread, key, (size_t)target);
        }
    }
    if (cell == NULL) {
        sb_toll_lose_locked(toll);
    }
    SB_UNLOCK(&toll->lock);
    assert(cell == NULL || (cell->code == key && cell->target < toll->targets.n));
    Py_XDECREF(choice.module);
    return cell;
}
