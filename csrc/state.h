/* What one interpreter's copy of the module owns. */
#ifndef SB_STATE_H
#define SB_STATE_H

#include "atomics.h"
#include "compat.h"
#include "delay.h"

/* The last adds no delay: it measures the time that functions take themselves. The one before has the event loop wait.
 */
typedef enum { SB_SPIN, SB_NOGIL, SB_SLEEP, SB_AWAIT, SB_TIME, SB_N_MODES } sb_mode;

typedef struct {
    sb_lock lock;   /* over what follows, as long as it may change */
    sb_clock clock; /* set once, when it is first needed: read it by sb_state_clock() */
    sb_atomic_int has_clock;
    sb_delay delays[SB_N_MODES]; /* calibrated on first use, but for those of SB_AWAIT and SB_TIME */
    bool calibrated[SB_N_MODES];
    PyTypeObject *patterns_type; /* Owned. */
    PyTypeObject *session_type;  /* Owned. */
    PyTypeObject *page_type;     /* Owned. */
    PyTypeObject *probe_type;    /* Owned. */
    PyTypeObject *armed_type;    /* Owned. */
    PyTypeObject *clock_type;    /* Owned. */
    PyTypeObject *site_type;     /* Owned. */
    PyTypeObject *gate_type;     /* Owned. */
    PyTypeObject *call_type;     /* Owned. */
    PyTypeObject *ledger_type;   /* Owned. */
    PyObject *armed;             /* Borrowed: the session that is armed, which clears this when it disarms; or NULL. */
} sb_state;

static inline sb_state *sb_state_of(PyObject *self)
{
    return (sb_state *)PyType_GetModuleState(Py_TYPE(self));
}

#endif
