/* sys.monitoring, spoken to through its Python functions; see monitor.h. */
#include "monitor.h"

#include <assert.h>

/* 0-2 and 5 are reserved for debugger, coverage, profiler and optimizer. */
static const int TOOL_IDS[] = {3, 4};
#define N_TOOL_IDS ((int)(sizeof TOOL_IDS / sizeof TOOL_IDS[0]))

static const char *const FUNCTION_NAMES[SB_N_FUNCTIONS] = {
    [SB_GET_TOOL] = "get_tool",
    [SB_USE_TOOL_ID] = "use_tool_id",
    [SB_FREE_TOOL_ID] = "free_tool_id",
    [SB_REGISTER_CALLBACK] = "register_callback",
    [SB_GET_EVENTS] = "get_events",
    [SB_SET_EVENTS] = "set_events",
    [SB_SET_LOCAL_EVENTS] = "set_local_events",
    [SB_RESTART_EVENTS] = "restart_events",
};

/* The name is interned: the interpreter's lookup cache keeps every other string that it is asked with. */
static PyObject *attribute(PyObject *object, const char *name)
{
    PyObject *interned = PyUnicode_InternFromString(name);
    PyObject *value = interned != NULL ? PyObject_GetAttr(object, interned) : NULL;
    Py_XDECREF(interned);
    return value;
}

/* An attribute of sys.monitoring. */
static PyObject *monitoring_attribute(const char *name)
{
    PyObject *monitoring = Py_XNewRef(PySys_GetObject("monitoring"));
    if (monitoring == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this interpreter has no sys.monitoring");
        return NULL;
    }
    PyObject *value = attribute(monitoring, name);
    Py_DECREF(monitoring);
    return value;
}

PyObject *sb_monitor_disable(void)
{
    return monitoring_attribute("DISABLE");
}

/* One event and its callback. Returns its bit, or -1 with an exception set. */
static long subscribe(sb_monitor *monitor, PyObject *events, sb_subscription *subscription, PyObject *probe)
{
    const int i = monitor->n++;
    monitor->events[i] = attribute(events, subscription->event);
    monitor->callbacks[i] = PyCFunction_New(&subscription->method, probe);
    return monitor->events[i] == NULL || monitor->callbacks[i] == NULL ? -1 : PyLong_AsLong(monitor->events[i]);
}

int sb_monitor_init(sb_monitor *monitor, sb_subscription *subscriptions, int n, PyObject *probe, sb_lock *lock)
{
    assert(n <= SB_MOST_EVENTS);
    *monitor = (sb_monitor){.tool = -1, .lock = lock};
    for (int i = 0; i < SB_N_FUNCTIONS; i++) {
        monitor->functions[i] = monitoring_attribute(FUNCTION_NAMES[i]);
        if (monitor->functions[i] == NULL) {
            goto error;
        }
    }
    PyObject *events = monitoring_attribute("events");
    long mask = events != NULL ? 0 : -1;
    for (int i = 0; i < n && mask >= 0; i++) {
        const long bit = subscribe(monitor, events, &subscriptions[i], probe);
        mask = bit < 0 ? -1 : subscriptions[i].local ? mask : mask | bit;
    }
    Py_XDECREF(events);
    if (mask < 0) {
        goto error;
    }
    monitor->mask = PyLong_FromLong(mask);
    monitor->zero = PyLong_FromLong(0);
    monitor->name = PyUnicode_FromString(SB_TOOL_NAME);
    if (monitor->mask == NULL || monitor->zero == NULL || monitor->name == NULL) {
        goto error;
    }
    return 0;
error:
    sb_monitor_fini(monitor);
    return -1;
}

int sb_monitor_traverse(const sb_monitor *monitor, visitproc visit, void *arg)
{
    for (int i = 0; i < SB_N_FUNCTIONS; i++) {
        Py_VISIT(monitor->functions[i]);
    }
    for (int i = 0; i < monitor->n; i++) {
        Py_VISIT(monitor->callbacks[i]);
    }
    return 0; /* code objects and numbers hold nothing that could hold the monitor */
}

void sb_monitor_fini(sb_monitor *monitor)
{
    for (int i = 0; i < SB_N_FUNCTIONS; i++) {
        Py_CLEAR(monitor->functions[i]);
    }
    for (int i = 0; i < monitor->n; i++) {
        Py_CLEAR(monitor->events[i]);
        Py_CLEAR(monitor->callbacks[i]);
    }
    monitor->n = 0;
    Py_CLEAR(monitor->mask);
    Py_CLEAR(monitor->zero);
    Py_CLEAR(monitor->name);
    for (size_t i = 0; i < monitor->n_watched; i++) {
        Py_DECREF(monitor->watched[i].code);
        Py_DECREF(monitor->watched[i].events);
    }
    PyMem_RawFree(monitor->watched);
    monitor->watched = NULL;
    monitor->n_watched = monitor->room = 0;
}

/* Calls a function with a tool id and up to two arguments more. The id is a small int, which Python holds ready. */
static PyObject *call(const sb_monitor *monitor, sb_monitoring_function function, int tool, PyObject *second,
                      PyObject *third)
{
    PyObject *id = PyLong_FromLong(tool);
    if (id == NULL) {
        return NULL;
    }
    PyObject *arguments[] = {id, second, third};
    const size_t n = third != NULL ? 3 : second != NULL ? 2 : 1;
    PyObject *result = PyObject_Vectorcall(monitor->functions[function], arguments, n, NULL);
    Py_DECREF(id);
    return result;
}

/* The same for its effect. Returns 0, or -1 with an exception set. */
static int command(const sb_monitor *monitor, sb_monitoring_function function, int tool, PyObject *second,
                   PyObject *third)
{
    PyObject *result = call(monitor, function, tool, second, third);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static int restart_events(const sb_monitor *monitor)
{
    PyObject *result = PyObject_Vectorcall(monitor->functions[SB_RESTART_EVENTS], NULL, 0, NULL);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static void raise_no_free_id(const sb_monitor *monitor)
{
    PyObject *holders[N_TOOL_IDS] = {NULL};
    for (int i = 0; i < N_TOOL_IDS; i++) {
        holders[i] = call(monitor, SB_GET_TOOL, TOOL_IDS[i], NULL, NULL);
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

/* Returns an id, or -1 with an exception set. use_tool_id checks and sets; where two threads race without a GIL, the
 * loser sees ValueError as well. */
static int claim(const sb_monitor *monitor)
{
    for (int i = 0; i < N_TOOL_IDS; i++) {
        if (command(monitor, SB_USE_TOOL_ID, TOOL_IDS[i], monitor->name, NULL) == 0) {
            return TOOL_IDS[i];
        }
        if (!PyErr_ExceptionMatches(PyExc_ValueError)) {
            return -1;
        }
        PyErr_Clear();
    }
    raise_no_free_id(monitor);
    return -1;
}

/* Whether the id is still ours: another tool, or another copy of this module, may have freed it and taken it. */
static bool holds_id(const sb_monitor *monitor, int tool)
{
    PyObject *holder = call(monitor, SB_GET_TOOL, tool, NULL, NULL);
    const bool ours = holder == monitor->name;
    Py_XDECREF(holder);
    PyErr_Clear();
    return ours;
}

/* Where another tool has freed the id, and nobody has taken it, our events and callback may be left to be cleared. */
static bool takes_id_back(const sb_monitor *monitor, int tool)
{
    const bool taken = command(monitor, SB_USE_TOOL_ID, tool, monitor->name, NULL) == 0;
    PyErr_Clear();
    return taken;
}

/* A step that fails must not keep the next from running. */
static void go_on(const sb_monitor *monitor, int result)
{
    if (result < 0) {
        PyErr_WriteUnraisable(monitor->name);
    }
}

/* Freeing an id clears these by itself from CPython 3.14 on only. */
static void stop_watching(const sb_monitor *monitor, int tool)
{
    for (size_t i = 0; i < monitor->n_watched; i++) {
        go_on(monitor, command(monitor, SB_SET_LOCAL_EVENTS, tool, monitor->watched[i].code, monitor->zero));
    }
}

static void stop(const sb_monitor *monitor, int tool)
{
    PyObject *pending = PyErr_GetRaisedException();
    if (holds_id(monitor, tool) || takes_id_back(monitor, tool)) {
        go_on(monitor, command(monitor, SB_SET_EVENTS, tool, monitor->zero, NULL));
        stop_watching(monitor, tool);
        for (int i = 0; i < monitor->n; i++) {
            go_on(monitor, command(monitor, SB_REGISTER_CALLBACK, tool, monitor->events[i], Py_None));
        }
        go_on(monitor, command(monitor, SB_FREE_TOOL_ID, tool, NULL, NULL));
        go_on(monitor, restart_events(monitor));
    }
    PyErr_SetRaisedException(pending);
}

/* Returns 0, or -1 with an exception set. */
static int register_callbacks(const sb_monitor *monitor, int tool)
{
    for (int i = 0; i < monitor->n; i++) {
        if (command(monitor, SB_REGISTER_CALLBACK, tool, monitor->events[i], monitor->callbacks[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Those of earlier times. Returns 0, or -1 with an exception set. */
static int watch_again(const sb_monitor *monitor, int tool)
{
    for (size_t i = 0; i < monitor->n_watched; i++) {
        const sb_watched *watched = &monitor->watched[i];
        if (command(monitor, SB_SET_LOCAL_EVENTS, tool, watched->code, watched->events) < 0) {
            return -1;
        }
    }
    return 0;
}

int sb_monitor_start(sb_monitor *monitor)
{
    assert(sb_look(&monitor->tool) == -1);
    const int tool = claim(monitor);
    if (tool < 0) {
        return -1;
    }
    if (register_callbacks(monitor, tool) < 0 || watch_again(monitor, tool) < 0 ||
        command(monitor, SB_SET_EVENTS, tool, monitor->mask, NULL) < 0 || restart_events(monitor) < 0) {
        stop(monitor, tool);
        return -1;
    }
    sb_exchange(&monitor->tool, tool); /* last of all: nobody may stop what is not started yet */
    return 0;
}

bool sb_monitor_stop(sb_monitor *monitor)
{
    const int tool = sb_exchange(&monitor->tool, -1);
    if (tool >= 0) {
        SB_LOCK(monitor->lock); /* whoever is watching one more is waited for, and nobody comes after */
        SB_UNLOCK(monitor->lock);
        stop(monitor, tool);
    }
    return tool >= 0;
}

bool sb_monitor_is_watched_locked(const sb_monitor *monitor, const PyObject *code)
{
    size_t i = monitor->n_watched; /* backwards: it is mostly asked after what came last */
    while (i > 0 && monitor->watched[i - 1].code != code) {
        i--;
    }
    return i > 0;
}

/* The bits of some events. New reference, or NULL with an exception set. */
static PyObject *bits_of(const sb_monitor *monitor, unsigned which)
{
    long bits = 0;
    for (int i = 0; i < monitor->n; i++) {
        bits |= which >> i & 1 ? PyLong_AsLong(monitor->events[i]) : 0;
    }
    return PyLong_FromLong(bits);
}

static int make_room(sb_monitor *monitor)
{
    if (monitor->n_watched == monitor->room) {
        const size_t room = monitor->room > 0 ? monitor->room * 2 : 16;
        sb_watched *watched = PyMem_RawRealloc(monitor->watched, room * sizeof *watched);
        if (watched == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        monitor->watched = watched;
        monitor->room = room;
    }
    return 0;
}

int sb_monitor_watch_locked(sb_monitor *monitor, PyObject *code, unsigned which)
{
    const int tool = sb_look(&monitor->tool);
    if (tool < 0) {
        return 0;
    }
    if (sb_monitor_is_watched_locked(monitor, code)) {
        return 1;
    }
    PyObject *events = make_room(monitor) == 0 ? bits_of(monitor, which) : NULL;
    if (events == NULL) {
        return -1;
    }
    /* Held in any case: where memory runs out on the way, some of it may be on, and is to be turned off. */
    monitor->watched[monitor->n_watched++] = (sb_watched){.code = Py_NewRef(code), .events = events};
    return command(monitor, SB_SET_LOCAL_EVENTS, tool, code, events) < 0 ? -1 : 1;
}

/* Nobody tells which callback is registered but register_callback, which returns the one before. So ours is registered
 * again, and what was there is put back if it was another. */
static int is_callback_ours(const sb_monitor *monitor, int tool, int i)
{
    PyObject *before = call(monitor, SB_REGISTER_CALLBACK, tool, monitor->events[i], monitor->callbacks[i]);
    if (before == NULL) {
        return -1;
    }
    int result = before == monitor->callbacks[i];
    if (!result && command(monitor, SB_REGISTER_CALLBACK, tool, monitor->events[i], before) < 0) {
        result = -1;
    }
    Py_DECREF(before);
    return result;
}

int sb_monitor_is_intact(const sb_monitor *monitor)
{
    const int tool = sb_look(&monitor->tool);
    if (tool < 0 || !holds_id(monitor, tool)) {
        return 0;
    }
    PyObject *events = call(monitor, SB_GET_EVENTS, tool, NULL, NULL);
    if (events == NULL) {
        return -1;
    }
    const long on = PyLong_AsLong(events), ours = PyLong_AsLong(monitor->mask);
    Py_DECREF(events);
    if (PyErr_Occurred()) {
        return -1;
    }
    int result = (on & ours) == ours;
    for (int i = 0; i < monitor->n && result == 1; i++) {
        result = is_callback_ours(monitor, tool, i);
    }
    return result;
}
