/* A timer that is a file descriptor, for an event loop to wait for: the loops' own timers round to milliseconds.
 *
 * Python has the same from 3.13 on, as os.timerfd_create(). No Python.h.
 */
#ifndef SB_TIMER_H
#define SB_TIMER_H

#include <stdint.h>

/* A descriptor that is ready to be read once the timer has fired, and until it is set again. -1 with errno set. */
int sb_timer_open(void);

/* Has it fire when CLOCK_MONOTONIC reads `at_ns` > 0, and not before. Returns 0, or -1 with errno set. */
int sb_timer_set(int timer, int64_t at_ns);

#endif
