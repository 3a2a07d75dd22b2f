/* Starts of Python code: a callback of sys.monitoring, the only hot path of a session that delays; see injector.h. */
#include "watcher.h"

/* The callback is within anybody's reach, as what register_callback() returns, and may be called with anything. */
__attribute__((noinline)) static PyObject *first_sight(sb_probe *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyCode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError,
                        "this is a callback of sys.monitoring; its arguments are a code object and an offset");
        return NULL;
    }
    Py_INCREF(self);
    sb_cell *cell = sb_probe_meet(self, args[0]);
    PyObject *result = cell != NULL ? sb_probe_pay(self, cell) : Py_NewRef(self->disable);
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
            return sb_probe_pay(self, cell);
        }
    }
    return first_sight(self, args, nargs);
}

static sb_subscription SUBSCRIPTIONS[] = {
    {"PY_START",
     {"on_start", (PyCFunction)(void (*)(void))probe_on_start, METH_FASTCALL, "PY_START(code, offset)"},
     false},
};

static const sb_mechanism PYTHON = {
    .arm = sb_watcher_arm,
    .disarm = sb_watcher_disarm,
    .is_intact = sb_watcher_is_intact,
    .traverse = sb_watcher_traverse,
    .free = sb_watcher_free,
};

sb_injector *sb_inject_python(sb_state *state, sb_toll *toll, PyObject *patterns)
{
    return sb_watcher_new(&PYTHON, sb_probe_new(state, toll, patterns), SUBSCRIPTIONS, 1);
}
