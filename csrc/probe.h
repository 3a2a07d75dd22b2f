/* What sys.monitoring calls for a session: its callbacks are methods of a probe.
 *
 * A Python object of its own, because a thread may be in the middle of a callback when the session is disarmed and
 * dropped. The probe does not hold the session, so a session that nobody else holds goes, and disarms.
 */
#ifndef SB_PROBE_H
#define SB_PROBE_H

#include "monitor.h"
#include "toll.h"

typedef struct {
    PyObject_HEAD sb_toll *toll; /* A share. */
    PyObject *disable;           /* Owned: sys.monitoring.DISABLE */
    PyObject *patterns;          /* Owned: Patterns */
    sb_monitor *monitor;         /* Borrowed, under the toll's lock; NULL as soon as it is gone. */
} sb_probe;

extern PyType_Spec sb_probe_spec;

/* Takes a share of the toll. NULL with an exception set. */
sb_probe *sb_probe_new(sb_state *state, sb_toll *toll, PyObject *patterns);

/* First sight of a code object, whose frame is the current one, in this thread or in the whole session. NULL: not ours,
 * or out of memory. It may run any Python code, also such as moves this thread's cells; the caller holds the probe. */
sb_cell *sb_probe_meet(sb_probe *probe, PyObject *code);

/* The same for a part of it, a line or its resumes, which `key` stands for in the counters. */
sb_cell *sb_probe_meet_part(sb_probe *probe, const void *key, sb_kind kind, PyObject *code, int line);

/* Spends what a call of the cell's target has to spend. What a callback returns then: None, or NULL with a signal's
 * exception set. Not inlined, like first sights: a call that is only counted then saves no registers. */
PyObject *sb_probe_delay(sb_probe *probe, sb_cell *cell, sb_amount requested);

/* All that is done for a call of a target that has been met. */
static inline PyObject *sb_probe_pay(sb_probe *probe, sb_cell *cell)
{
    const sb_amount requested = sb_toll_count(probe->toll, cell);
    if (requested != 0) {
        return sb_probe_delay(probe, cell, requested);
    }
    Py_RETURN_NONE;
}

#endif
