/* Session: one bump, armed in one interpreter.
 *
 * It owns the mechanism that slows and the toll that every slowed call pays. While it is armed, every start of a
 * matched code object is counted and delayed as the plan of the moment says; the plan is switched by one atomic store.
 */
#ifndef SB_SESSION_H
#define SB_SESSION_H

#include "state.h"

#include <stdbool.h>

extern PyType_Spec sb_session_spec;

/* Whether it is a Session, of this or another copy of the module. */
bool sb_session_check(PyObject *object);

/* Starts watching, paused. Returns 0, or -1 with RuntimeError set where a session is armed already, or no id is free.
 */
int sb_session_arm(PyObject *session);

/* Harmless where it is not armed. Keeps a pending exception, and succeeds where memory has run out. */
void sb_session_disarm(PyObject *session);

/* For a fork's child: it must not go on slowing, and no other thread of the parent lives in it. */
void sb_session_abandon(PyObject *session);

#endif
