/* Checking and converting; see beat.h. */
#include "beat.h"

#include <math.h>

/* As they were given. Borrowed; NULL: not given. */
typedef struct {
    PyObject *delay, *every, *after, *lasts;
} given;

static void refuse(const char *what, PyObject *number)
{
    PyErr_Format(PyExc_ValueError, "%s, not %R", what, number);
}

/* Returns 0, or -1 with an exception set. */
static int number_of(PyObject *object, double *number)
{
    if (object != NULL) {
        *number = PyFloat_AsDouble(object);
    }
    return *number == -1.0 && PyErr_Occurred() ? -1 : 0;
}

/* As above. */
static int check(sb_beat *b, const given *g, sb_mode mode)
{
    int overflow = 0;
    if (number_of(g->delay, &b->delay_ns) < 0 || number_of(g->after, &b->after_ns) < 0 ||
        number_of(g->lasts, &b->for_ns) < 0) {
        return -1;
    }
    if (g->every != NULL) {
        b->every = PyLong_AsLongLongAndOverflow(g->every, &overflow);
        if (b->every == -1 && PyErr_Occurred()) {
            return -1;
        }
    }
    if (!(b->delay_ns >= 0.0 && b->delay_ns <= SB_MAX_DELAY_NS)) {
        refuse("delay_ns must be between 0 and 6e10", g->delay);
    }
    else if (mode == SB_TIME && b->delay_ns > 0.0) {
        refuse("a session of mode 'time' adds no delay: delay_ns must be 0", g->delay);
    }
    else if (b->every < 1 || overflow != 0) {
        refuse("every must be between 1 and 2**63 - 1", g->every);
    }
    else if (!(b->after_ns >= 0.0 && isfinite(b->after_ns))) {
        refuse("after_ns must be 0 or more, and finite", g->after);
    }
    else if (!(b->for_ns >= 0.0)) {
        refuse("for_ns must be 0 or more", g->lasts);
    }
    return PyErr_Occurred() ? -1 : 0;
}

int sb_beat_read(sb_beat *beat, PyObject *args, PyObject *kwargs, sb_mode mode)
{
    static char *keywords[] = {"", "every", "after_ns", "for_ns", NULL};
    given g = {0};
    *beat = (sb_beat){.every = 1, .for_ns = INFINITY};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OOO:set_delay", keywords, &g.delay, &g.every, &g.after,
                                     &g.lasts)) {
        return -1;
    }
    return check(beat, &g, mode);
}

static bool is_windowed(const sb_beat *beat)
{
    return beat->after_ns > 0.0 || isfinite(beat->for_ns);
}

bool sb_beat_is_even(const sb_beat *beat)
{
    return beat->every == 1 && !is_windowed(beat);
}

sb_amount sb_beat_amount(const sb_beat *beat, const sb_clock *clock)
{
    return sb_delay_amount(&(sb_delay){.clock = clock}, beat->delay_ns);
}

/* Ticks in so many nanoseconds, >= 0; infinitely many are more than a clock will ever show. */
static int64_t ticks_in(const sb_clock *clock, double ns)
{
    return (int64_t)fmin(ns / clock->ns_per_tick, 0x1p62);
}

const sb_window *sb_beat_window(const sb_beat *beat, const sb_clock *clock, sb_window *window)
{
    if (!is_windowed(beat)) {
        return NULL;
    }
    *window = (sb_window){sb_clock_ticks(clock) + ticks_in(clock, beat->after_ns), ticks_in(clock, beat->for_ns)};
    return window;
}
