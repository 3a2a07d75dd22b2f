/* A beat: what set_delay() is given. Which calls are delayed, by how much, and when. */
#ifndef SB_BEAT_H
#define SB_BEAT_H

#include "plan.h"
#include "state.h"

#define SB_MAX_DELAY_NS 60e9

typedef struct {
    double delay_ns;
    int64_t every;
    double after_ns, for_ns; /* of the window; 0 and infinity: there is none */
} sb_beat;

/* Checks the arguments of a set_delay() of that mode. Returns 0, or -1 with an exception set. */
int sb_beat_read(sb_beat *beat, PyObject *args, PyObject *kwargs, sb_mode mode);

/* Whether each call is delayed, at any time. */
bool sb_beat_is_even(const sb_beat *beat);

sb_amount sb_beat_amount(const sb_beat *beat, const sb_clock *clock);

/* Its window, from now on, put into `window`; NULL: there is none. */
const sb_window *sb_beat_window(const sb_beat *beat, const sb_clock *clock, sb_window *window);

#endif
