/* Session: one bump, armed in one interpreter.
 *
 * Owns the conversation with sys.monitoring, the targets met and the counters. While it is armed, every start of a
 * matched code object is counted and delayed as the plan of the moment says; the plan is switched by one atomic store.
 */
#ifndef SB_SESSION_H
#define SB_SESSION_H

#include "state.h"

extern PyType_Spec sb_session_spec;
extern PyType_Spec sb_probe_spec;

/* For a fork's child: it must not go on slowing, and no other thread of the parent lives in it. */
void sb_session_abandon(PyObject *session);

#endif
