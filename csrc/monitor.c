/* sys.monitoring, spoken to through its Python attributes; see monitor.h. */
#include "monitor.h"

/* 0-2 and 5 are reserved for debugger, coverage, profiler and optimizer. */
static const int TOOL_IDS[] = {3, 4};
#define N_TOOL_IDS ((int)(sizeof TOOL_IDS / sizeof TOOL_IDS[0]))

/* The name is interned: the interpreter's lookup cache keeps every other string that it is asked with. */
static PyObject *attribute(PyObject *object, const char *name)
{
    PyObject *interned = PyUnicode_InternFromString(name);
    PyObject *value = interned != NULL ? PyObject_GetAttr(object, interned) : NULL;
    Py_XDECREF(interned);
    return value;
}

int sb_monitor_init(sb_monitor *monitor)
{
    PyObject *events = NULL, *py_start = NULL;
    *monitor = (sb_monitor){.tool = -1};

    monitor->monitoring = Py_XNewRef(PySys_GetObject("monitoring"));
    if (monitor->monitoring == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this interpreter has no sys.monitoring");
        goto error;
    }
    monitor->disable = attribute(monitor->monitoring, "DISABLE");
    events = attribute(monitor->monitoring, "events");
    if (monitor->disable == NULL || events == NULL) {
        goto error;
    }
    py_start = attribute(events, "PY_START");
    if (py_start == NULL) {
        goto error;
    }
    monitor->py_start = PyLong_AsLong(py_start);
    if (monitor->py_start == -1 && PyErr_Occurred()) {
        goto error;
    }
    Py_DECREF(events);
    Py_DECREF(py_start);
    return 0;
error:
    Py_XDECREF(events);
    Py_XDECREF(py_start);
    sb_monitor_fini(monitor);
    return -1;
}

int sb_monitor_traverse(const sb_monitor *monitor, visitproc visit, void *arg)
{
    Py_VISIT(monitor->monitoring);
    Py_VISIT(monitor->disable);
    return 0;
}

void sb_monitor_fini(sb_monitor *monitor)
{
    Py_CLEAR(monitor->monitoring);
    Py_CLEAR(monitor->disable);
}

/* Calls a method. Steals `arguments`, a tuple or NULL with an exception set. */
static PyObject *call(const sb_monitor *monitor, const char *method, PyObject *arguments)
{
    PyObject *function = attribute(monitor->monitoring, method);
    PyObject *result = function != NULL && arguments != NULL ? PyObject_CallObject(function, arguments) : NULL;
    Py_XDECREF(function);
    Py_XDECREF(arguments);
    return result;
}

/* The same for its effect. Returns 0, or -1 with an exception set. */
static int command(const sb_monitor *monitor, const char *method, PyObject *arguments)
{
    PyObject *result = call(monitor, method, arguments);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* A step that fails must not keep the next from running. */
static void command_or_complain(const sb_monitor *monitor, const char *method, PyObject *arguments)
{
    if (command(monitor, method, arguments) < 0) {
        PyErr_WriteUnraisable(monitor->monitoring);
    }
}

static void raise_no_free_id(const sb_monitor *monitor)
{
    PyObject *holders[N_TOOL_IDS] = {NULL};
    for (int i = 0; i < N_TOOL_IDS; i++) {
        holders[i] = call(monitor, "get_tool", Py_BuildValue("(i)", TOOL_IDS[i]));
        if (holders[i] == NULL) {
            goto done;
        }
    }
    PyErr_Format(PyExc_RuntimeError,
                 "no free sys.monitoring tool id: %d is held by %R, %d by %R; turn one of these tools off", TOOL_IDS[0],
                 holders[0], TOOL_IDS[1], holders[1]);
done:
    for (int i = 0; i < N_TOOL_IDS; i++) {
        Py_XDECREF(holders[i]);
    }
}

/* use_tool_id checks and sets; where two threads race without a GIL, the loser sees ValueError as well. */
static int claim(sb_monitor *monitor)
{
    for (int i = 0; i < N_TOOL_IDS; i++) {
        if (command(monitor, "use_tool_id", Py_BuildValue("(is)", TOOL_IDS[i], SB_TOOL_NAME)) == 0) {
            monitor->tool = TOOL_IDS[i];
            return 0;
        }
        if (!PyErr_ExceptionMatches(PyExc_ValueError)) {
            return -1;
        }
        PyErr_Clear();
    }
    raise_no_free_id(monitor);
    return -1;
}

int sb_monitor_start(sb_monitor *monitor, PyObject *callback)
{
    if (claim(monitor) < 0) {
        return -1;
    }
    if (command(monitor, "register_callback", Py_BuildValue("(ilO)", monitor->tool, monitor->py_start, callback)) < 0 ||
        command(monitor, "set_events", Py_BuildValue("(il)", monitor->tool, monitor->py_start)) < 0 ||
        command(monitor, "restart_events", PyTuple_New(0)) < 0) {
        sb_monitor_stop(monitor);
        return -1;
    }
    return 0;
}

/* Whether the id is still ours: another tool may have freed it and taken it. */
static bool holds_id(const sb_monitor *monitor)
{
    PyObject *holder = call(monitor, "get_tool", Py_BuildValue("(i)", monitor->tool));
    bool ours =
        holder != NULL && PyUnicode_Check(holder) && PyUnicode_CompareWithASCIIString(holder, SB_TOOL_NAME) == 0;
    Py_XDECREF(holder);
    PyErr_Clear();
    return ours;
}

/* Where another tool has freed the id and nobody taken it, our events and callback may still be there to be cleared. */
static bool takes_id_back(const sb_monitor *monitor)
{
    bool taken = command(monitor, "use_tool_id", Py_BuildValue("(is)", monitor->tool, SB_TOOL_NAME)) == 0;
    PyErr_Clear();
    return taken;
}

void sb_monitor_stop(sb_monitor *monitor)
{
    const sb_monitor mine = *monitor;
    monitor->tool = -1; /* first of all: another thread may want to stop as well */
    if (mine.tool < 0) {
        return;
    }
    PyObject *pending = PyErr_GetRaisedException();
    if (holds_id(&mine) || takes_id_back(&mine)) {
        command_or_complain(&mine, "set_events", Py_BuildValue("(ii)", mine.tool, 0));
        command_or_complain(&mine, "register_callback", Py_BuildValue("(ilO)", mine.tool, mine.py_start, Py_None));
        command_or_complain(&mine, "free_tool_id", Py_BuildValue("(i)", mine.tool));
        command_or_complain(&mine, "restart_events", PyTuple_New(0));
    }
    PyErr_SetRaisedException(pending);
}

int sb_monitor_is_intact(const sb_monitor *monitor)
{
    if (monitor->tool < 0 || !holds_id(monitor)) {
        return 0;
    }
    PyObject *events = call(monitor, "get_events", Py_BuildValue("(i)", monitor->tool));
    if (events == NULL) {
        return -1;
    }
    long mask = PyLong_AsLong(events);
    Py_DECREF(events);
    if (mask == -1 && PyErr_Occurred()) {
        return -1;
    }
    return (mask & monitor->py_start) != 0;
}
