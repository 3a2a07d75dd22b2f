/* The whole conversation with sys.monitoring (PEP 669).
 *
 * One tool id, and a callback for each of some events. They are on everywhere, or only for the code objects that are
 * watched; these are held, and watched again when the monitor is started again. What a callback answers DISABLE for is
 * never heard of again, until somebody calls restart_events(); and DISABLE outlives the tool (CPython 3.12-3.15), so
 * starting and stopping both restart: the first, because an earlier holder of the id may have silenced code that is
 * ours to see; the second, because a later holder must not inherit our silence. Callers hold the GIL, or are attached.
 *
 * Stopping must succeed where memory has run out, and without a GIL two threads may want to stop at once. So all that
 * it needs is made beforehand, and the id is taken out by one atomic exchange: whoever gets it, stops.
 */
#ifndef SB_MONITOR_H
#define SB_MONITOR_H

#include "atomics.h"
#include "compat.h"

#include <stdbool.h>

#define SB_TOOL_NAME "pytest-speedbump"

typedef enum {
    SB_GET_TOOL,
    SB_USE_TOOL_ID,
    SB_FREE_TOOL_ID,
    SB_REGISTER_CALLBACK,
    SB_GET_EVENTS,
    SB_SET_EVENTS,
    SB_SET_LOCAL_EVENTS,
    SB_RESTART_EVENTS,
    SB_N_FUNCTIONS,
} sb_monitoring_function;

typedef struct {
    const char *event;  /* its name in sys.monitoring.events, whose numbers differ between versions */
    PyMethodDef method; /* what is to be called for it */
    bool local;         /* whether it is on only for the code objects that are watched */
} sb_subscription;

#define SB_MOST_EVENTS 6

typedef struct {
    PyObject *code;   /* Owned. */
    PyObject *events; /* Owned: their bits */
} sb_watched;

typedef struct sb_monitor {
    PyObject *functions[SB_N_FUNCTIONS]; /* Owned: those of sys.monitoring */
    int n;                               /* how many events, each with its callback */
    PyObject *events[SB_MOST_EVENTS];    /* Owned: their numbers */
    PyObject *callbacks[SB_MOST_EVENTS]; /* Owned. */
    PyObject *mask;                      /* Owned: the bits of those that are on everywhere */
    PyObject *zero;                      /* Owned. */
    PyObject *name;      /* Owned: a str of this monitor alone, so that its identity tells who holds an id */
    sb_atomic_int tool;  /* the id held; -1: none */
    sb_lock *lock;       /* Borrowed. Over what follows, while an id is held. */
    sb_watched *watched; /* Owned, `n_watched` of them. */
    size_t n_watched, room;
} sb_monitor;

/* What a callback returns for code that is not to be heard of again. New reference, or NULL with an exception set. */
PyObject *sb_monitor_disable(void);

/* Return 0, or -1 with an exception set. The callbacks are methods of `probe`, which must not hold, in whatever way,
 * who holds the monitor. The `n` subscriptions outlive them: they are statics. The child of a fork, where nobody may be
 * left to give the lock back, renews it before it stops the monitor. */
int sb_monitor_init(sb_monitor *monitor, sb_subscription *subscriptions, int n, PyObject *probe, sb_lock *lock);
/* RuntimeError where no id is free, naming who holds them. To be called by one thread at a time. */
int sb_monitor_start(sb_monitor *monitor);
/* Leaves the interpreter as it was found, whatever exception is pending. Returns whether it was this call that stopped:
 * false where the monitor was not started, or another thread is stopping it. Allocates nothing. */
bool sb_monitor_stop(sb_monitor *monitor);

/* Turns subscriptions on for a code object: `which` has bit i set for the i-th, which is a local one. The lock is held,
 * also while the interpreter changes the code. What has once been turned on for a code object stays on; it is not asked
 * what. Returns 1; 0 where the monitor holds no id (yet, or any more); -1 with an exception set. */
int sb_monitor_watch_locked(sb_monitor *monitor, PyObject *code, unsigned which);
bool sb_monitor_is_watched_locked(const sb_monitor *monitor, const PyObject *code);

/* Whether our events are all still on and come to our callbacks: another tool may have taken either away. -1 with an
 * exception set. */
int sb_monitor_is_intact(const sb_monitor *monitor);

int sb_monitor_traverse(const sb_monitor *monitor, visitproc visit, void *arg);
void sb_monitor_fini(sb_monitor *monitor);

#endif
