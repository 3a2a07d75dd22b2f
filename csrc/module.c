/* pytest_speedbump._core: multi-phase init and module state. What statics change belong to the process, with all its
 * interpreters: thunks and how they are entered (thunk.h, planting.c), and plans that wait for the next one (plan.h).
 */
#include "armed.h"
#include "await.h"
#include "injector.h"
#include "ledgers.h"
#include "pages.h"
#include "patterns.h"
#include "probe.h"
#include "session.h"
#include "thunk.h"
#include "time_c.h"
#include "timer.h"

/* In the interpreter's dictionary. */
#define FORK_KEY "pytest_speedbump._core.copies"

static PyStructSequence_Field CLOCK_FIELDS[] = {
    {"name", "'tsc', 'cntvct' or 'clock_gettime'"},
    {"read_ns", "cost of one read"},
    {"step_ns", "typical step between two reads that differ"},
    {"ns_per_tick", "as calibrated against CLOCK_MONOTONIC"},
    {NULL, NULL},
};

static PyStructSequence_Desc CLOCK_DESC = {
    .name = "pytest_speedbump._core.Clock",
    .doc = "The clock that delays are measured with.",
    .fields = CLOCK_FIELDS,
    .n_in_sequence = 4,
};

static sb_state *module_state(PyObject *module)
{
    return (sb_state *)PyModule_GetState(module);
}

static PyObject *module_clock(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    sb_state *state = module_state(module);
    const sb_clock *clock = sb_state_clock(state);
    PyObject *result = PyStructSequence_New(state->clock_type);
    if (result == NULL) {
        return NULL;
    }
    PyStructSequence_SetItem(result, 0, PyUnicode_FromString(sb_clock_name(clock)));
    PyStructSequence_SetItem(result, 1, PyFloat_FromDouble(clock->read_ns));
    PyStructSequence_SetItem(result, 2, PyFloat_FromDouble(clock->step_ns));
    PyStructSequence_SetItem(result, 3, PyFloat_FromDouble(clock->ns_per_tick));
    if (PyErr_Occurred()) {
        Py_CLEAR(result);
    }
    return result;
}

static PyObject *module_now_ns(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    const sb_clock *clock = sb_state_clock(module_state(module));
    return PyFloat_FromDouble((double)sb_clock_ticks(clock) * clock->ns_per_tick);
}

static PyObject *module_timer_open(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    const int timer = sb_timer_open();
    return timer < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromLong(timer);
}

static PyObject *module_timer_set(PyObject *Py_UNUSED(module), PyObject *args)
{
    int timer;
    long long at_ns;
    if (!PyArg_ParseTuple(args, "iL:timer_set", &timer, &at_ns)) {
        return NULL;
    }
    return sb_timer_set(timer, at_ns) < 0 ? PyErr_SetFromErrno(PyExc_OSError) : Py_NewRef(Py_None);
}

static PyObject *module_after_fork(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    sb_state *state = module_state(module);
    sb_lock_reinit(&state->lock); /* a thread that did not come along may have held it */
    sb_plans_reinit();
    sb_ledger_leave_to_parent(sb_slots_reinit());
    sb_time_c_reinit();
    if (state->armed != NULL) {
        /* Without taking a reference, and whatever comes of it: a thread that did not come along may have been arming
         * the session, disarming or even freeing it. */
        sb_session_abandon(state->armed);
        state->armed = NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *module_place_of(PyObject *Py_UNUSED(module), PyObject *object)
{
    const char *obstacle;
    void **place = sb_c_place(object, &obstacle);
    return place != NULL ? PyLong_FromVoidPtr(place) : PyUnicode_FromString(obstacle);
}

/* The floor: no callback can cost less. Benchmarks measure ours against it. */
static PyObject *module_empty_callback(PyObject *Py_UNUSED(module), PyObject *const *Py_UNUSED(args),
                                       Py_ssize_t Py_UNUSED(nargs))
{
    Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
    {"clock", module_clock, METH_NOARGS, "clock()\n--\n\nThe clock in use: its name, cost and resolution."},
    {"now_ns", module_now_ns, METH_NOARGS, "now_ns()\n--\n\nReads that clock. Only differences mean anything."},
    {"timer_open", module_timer_open, METH_NOARGS,
     "timer_open()\n--\n\nA descriptor that is ready to be read once its timer has fired. OSError where there is "
     "none."},
    {"timer_set", module_timer_set, METH_VARARGS,
     "timer_set(timer, at_ns, /)\n--\n\nHave it fire when time.monotonic_ns() reads so much, and not before."},
    {"place_of", module_place_of, METH_O,
     "place_of(callable_, /)\n--\n\n"
     "The address of the pointer that a callable implemented in C is called through, or a word for what it is "
     "instead:\n"
     "'python', 'new' (a __new__), 'metaclass' (a type whose metaclass calls it otherwise), 'slot' (of a type),\n"
     "'vectorcall' (a __call__ beside pointers of the instances' own), 'call' (called through its type), 'data'."},
    {"_empty_callback", (PyCFunction)(void (*)(void))module_empty_callback, METH_FASTCALL, NULL},
    {"_after_fork_in_child", module_after_fork, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* Every copy of the module in this interpreter, as weak references: there is no unregistering of a hook, and one that
 * held the module would keep alive each that is ever imported. */
static PyObject *run_fork_hooks(PyObject *copies, PyObject *Py_UNUSED(ignored))
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(copies); i++) {
        PyObject *copy = PyObject_CallNoArgs(PyList_GET_ITEM(copies, i));
        PyObject *done =
            copy == NULL || copy == Py_None ? NULL : PyObject_CallMethod(copy, "_after_fork_in_child", NULL);
        if (PyErr_Occurred()) {
            PyErr_WriteUnraisable(copy);
        }
        Py_XDECREF(done);
        Py_XDECREF(copy);
    }
    Py_RETURN_NONE;
}

static PyMethodDef RUN_FORK_HOOKS = {"run_fork_hooks", run_fork_hooks, METH_NOARGS, NULL};

/* Returns 0, or -1 with an exception set. */
static int call_in_child(PyObject *hook)
{
    PyObject *os = PyImport_ImportModule("os");
    PyObject *function = os != NULL ? PyObject_GetAttrString(os, "register_at_fork") : NULL;
    PyObject *args = PyTuple_New(0), *kwargs = Py_BuildValue("{sO}", "after_in_child", hook), *done = NULL;
    if (function != NULL && args != NULL && kwargs != NULL) {
        done = PyObject_Call(function, args, kwargs);
    }
    Py_XDECREF(os);
    Py_XDECREF(function);
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* The interpreter's list of copies, borrowed; made, with its one hook, by the first copy. */
static PyObject *copies_of_module(void)
{
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    if (dict == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *copies = PyDict_GetItemString(dict, FORK_KEY);
    if (copies != NULL) {
        return copies;
    }
    copies = PyList_New(0);
    PyObject *hook = copies != NULL ? PyCFunction_New(&RUN_FORK_HOOKS, copies) : NULL;
    if (hook == NULL || call_in_child(hook) < 0 || PyDict_SetItemString(dict, FORK_KEY, copies) < 0) {
        Py_CLEAR(copies);
    }
    Py_XDECREF(hook);
    Py_XDECREF(copies); /* the dictionary holds it */
    return copies;
}

static int is_gone(PyObject *reference)
{
    PyObject *copy = PyObject_CallNoArgs(reference);
    Py_XDECREF(copy);
    return copy == Py_None;
}

static int register_fork_hook(PyObject *module)
{
    PyObject *copies = copies_of_module();
    PyObject *reference = copies != NULL ? PyWeakref_NewRef(module, NULL) : NULL;
    if (reference == NULL) {
        return -1;
    }
    for (Py_ssize_t i = PyList_GET_SIZE(copies); i-- > 0;) {
        if (is_gone(PyList_GET_ITEM(copies, i)) && PyList_SetSlice(copies, i, i + 1, NULL) < 0) {
            PyErr_Clear(); /* a dead reference that stays in the list does no harm */
        }
    }
    const int result = PyList_Append(copies, reference);
    Py_DECREF(reference);
    return result;
}

static int module_exec(PyObject *module)
{
    sb_state *state = module_state(module);
    state->patterns_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sb_patterns_spec, NULL);
    if (state->patterns_type == NULL || PyModule_AddType(module, state->patterns_type) < 0) {
        return -1;
    }
    state->session_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sb_session_spec, NULL);
    if (state->session_type == NULL || PyModule_AddType(module, state->session_type) < 0) {
        return -1;
    }
    state->page_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sb_page_spec, NULL);
    if (state->page_type == NULL || PyModule_AddType(module, state->page_type) < 0) {
        return -1;
    }
    state->probe_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sb_probe_spec, NULL);
    if (state->probe_type == NULL) {
        return -1;
    }
    state->armed_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sb_armed_spec, NULL);
    if (state->armed_type == NULL || PyModule_AddType(module, state->armed_type) < 0) {
        return -1;
    }
    state->clock_type = PyStructSequence_NewType(&CLOCK_DESC);
    if (state->clock_type == NULL || PyModule_AddType(module, state->clock_type) < 0) {
        return -1;
    }
    state->site_type = PyStructSequence_NewType(&sb_site_desc);
    if (state->site_type == NULL || PyModule_AddType(module, state->site_type) < 0) {
        return -1;
    }
    state->gate_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sb_gate_spec, NULL);
    if (state->gate_type == NULL) {
        return -1;
    }
    state->call_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sb_call_spec, NULL);
    if (state->call_type == NULL || PyModule_AddType(module, state->call_type) < 0) {
        return -1;
    }
    state->ledger_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sb_ledger_spec, NULL);
    if (state->ledger_type == NULL || PyModule_AddType(module, state->ledger_type) < 0) {
        return -1;
    }
    return register_fork_hook(module);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    sb_state *state = module_state(module);
    Py_VISIT(state->patterns_type);
    Py_VISIT(state->session_type);
    Py_VISIT(state->page_type);
    Py_VISIT(state->probe_type);
    Py_VISIT(state->armed_type);
    Py_VISIT(state->clock_type);
    Py_VISIT(state->site_type);
    Py_VISIT(state->gate_type);
    Py_VISIT(state->call_type);
    Py_VISIT(state->ledger_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    sb_state *state = module_state(module);
    Py_CLEAR(state->patterns_type);
    Py_CLEAR(state->session_type);
    Py_CLEAR(state->page_type);
    Py_CLEAR(state->probe_type);
    Py_CLEAR(state->armed_type);
    Py_CLEAR(state->clock_type);
    Py_CLEAR(state->site_type);
    Py_CLEAR(state->gate_type);
    Py_CLEAR(state->call_type);
    Py_CLEAR(state->ledger_type);
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pytest_speedbump._core",
    .m_doc = "Makes chosen Python code slower by a known amount.",
    .m_size = sizeof(sb_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&module_def);
}
