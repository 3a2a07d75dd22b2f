/* The whole conversation with sys.monitoring (PEP 669).
 *
 * One tool id, one callback on global PY_START. What the callback answers DISABLE for is never heard of again, until
 * somebody calls restart_events(); and DISABLE outlives the tool (CPython 3.12-3.15), so starting and stopping both
 * restart: the first, because an earlier holder of the id may have silenced code that is ours to see; the second,
 * because a later holder must not inherit our silence. Callers hold the GIL, or are attached.
 */
#ifndef SB_MONITOR_H
#define SB_MONITOR_H

#include "compat.h"

#include <stdbool.h>

#define SB_TOOL_NAME "pytest-speedbump"

typedef struct {
    PyObject *monitoring; /* Owned: sys.monitoring */
    PyObject *disable;    /* Owned: its DISABLE */
    long py_start;        /* its events.PY_START, whose number differs between versions */
    int tool;             /* the id held; -1: none */
} sb_monitor;

/* Return 0, or -1 with an exception set. */
int sb_monitor_init(sb_monitor *monitor);
/* RuntimeError where no id is free, naming who holds them. */
int sb_monitor_start(sb_monitor *monitor, PyObject *callback);
/* Leaves the interpreter as it was found, whatever exception is pending. Does nothing if not started. */
void sb_monitor_stop(sb_monitor *monitor);

/* Whether our events are still on: another tool may have taken the id away. -1 with an exception set. */
int sb_monitor_is_intact(const sb_monitor *monitor);

int sb_monitor_traverse(const sb_monitor *monitor, visitproc visit, void *arg);
void sb_monitor_fini(sb_monitor *monitor);

#endif
