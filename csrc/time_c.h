/* The time that callables implemented in C take themselves: what their thunks call in a session of mode SB_TIME. */
#ifndef SB_TIME_C_H
#define SB_TIME_C_H

#include "thunk.h"

/* Those of a slot whose holder is a toll. Callers are attached. */
int sb_time_c_enter(sb_slot *slot);
void sb_time_c_leave(sb_slot *slot);

/* After slots were released: from now on nobody is in either of them who has seen the former holder. */
void sb_time_c_settle(void);

/* For a fork's child: a thread that did not come along may have been in one. */
void sb_time_c_reinit(void);

#endif
