/* The time that is Python code's own: six callbacks of sys.monitoring; see booking.h.
 *
 * Of an edge, the interpreter's dispatch of an event, the function on the outer side is counted three quarters and the
 * one on the inner side one. (Measured, CPython 3.12 and 3.13: of the 28 ns of a call's two events callers have 20 to
 * 21, because what the events disturb is mostly the way of the interpreter from one frame to the other.) Unmatched code
 * has edges as well, until it is silenced (before CPython 3.15 PY_THROW and PY_UNWIND cannot be): the whole edge is of
 * the function that counts for it.
 */
#include "booking.h"
#include "watcher.h"

#define OUTER (SB_EDGE_PARTS * 3 / 4)
#define INNER (SB_EDGE_PARTS / 4)

typedef struct {
    sb_crossing crossing;
    Py_ssize_t nargs;
    bool silence; /* DISABLE may be answered */
} sb_event;

/* ---- the callbacks ---- */

/* What happens seldom: code that this thread has not met, or that nobody matches; a stack to be grown, or whose top is
 * another function; arguments that are none of sys.monitoring's, because callbacks are within anybody's reach. */
__attribute__((noinline)) static PyObject *seldom(sb_probe *self, PyObject *const *args, Py_ssize_t nargs,
                                                  int64_t begin, sb_event event)
{
    if (nargs != event.nargs || !PyCode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "this is a callback of sys.monitoring; its arguments are a code object, an "
                                         "offset and what else the event has");
        return NULL;
    }
    Py_INCREF(self);
    sb_toll *toll = self->toll;
    sb_thread *thread = sb_booking_thread(toll, begin);
    PyObject *result = Py_None;
    sb_cell *cell = NULL;
    if (thread != NULL) {
        sb_book_until(toll, &thread->stack, begin, event.crossing);
        cell = sb_counters_find(thread, args[0]);
    }
    /* Leaving what this thread never entered is nothing, but the code is not to be silenced if it matches. */
    if (cell == NULL && (event.crossing.enters || event.silence)) {
        cell = sb_probe_meet(self, args[0]);
        thread = sb_booking_thread(toll, begin);
        if (cell == NULL && event.silence) {
            result = self->disable;
        }
    }
    if (cell != NULL && event.crossing.enters) {
        (void)sb_booking_enter(toll, thread, cell, event.crossing);
    }
    else if (cell != NULL) {
        sb_stack_pop_to(&thread->stack, cell);
    }
    Py_INCREF(result);
    if (thread != NULL) {
        sb_book_from(toll, &thread->stack, event.crossing);
    }
    Py_DECREF(self);
    return result;
}

/* No event fires while it runs, and it waits for nothing, so its caller need not hold the probe. */
static inline __attribute__((always_inline)) PyObject *on_event(PyObject *op, PyObject *const *args, Py_ssize_t nargs,
                                                                sb_event event)
{
    sb_probe *self = (sb_probe *)op;
    sb_toll *toll = self->toll;
    const int64_t begin = sb_clock_ticks(toll->delay->clock);
    sb_thread *thread = sb_counters_thread(&toll->counters);
    if (thread == NULL || nargs != event.nargs || thread->stack.arming != sb_look(&toll->armings)) {
        return seldom(self, args, nargs, begin, event);
    }
    sb_stack *stack = &thread->stack;
    if (event.crossing.enters) {
        sb_cell *cell = sb_counters_find(thread, args[0]);
        if (cell == NULL || sb_stack_is_full(stack)) {
            return seldom(self, args, nargs, begin, event);
        }
        sb_book_until(toll, stack, begin, event.crossing);
        sb_book_call(toll, cell, event.crossing);
        sb_stack_push(stack, cell);
    }
    else {
        const sb_cell *cell = sb_stack_top(stack);
        if (cell == NULL || cell->code != args[0]) {
            return seldom(self, args, nargs, begin, event);
        }
        sb_book_until(toll, stack, begin, event.crossing);
        sb_stack_pop(stack);
    }
    sb_book_from(toll, stack, event.crossing);
    Py_RETURN_NONE;
}

#define CALLBACK(name, way, ...)                                                                                       \
    static PyObject *name(PyObject *op, PyObject *const *args, Py_ssize_t nargs)                                       \
    {                                                                                                                  \
        return on_event(op, args, nargs, (sb_event){.crossing = way, __VA_ARGS__});                                    \
    }

#define START ((sb_crossing){.enters = true, .starts = true, .outer = OUTER, .inner = INNER})
#define IN ((sb_crossing){.enters = true, .outer = OUTER, .inner = INNER})
#define OUT ((sb_crossing){.outer = OUTER, .inner = INNER})

CALLBACK(on_start, START, .nargs = 2, .silence = true)
CALLBACK(on_resume, IN, .nargs = 2, .silence = true)
CALLBACK(on_throw, IN, .nargs = 3)
CALLBACK(on_return, OUT, .nargs = 3, .silence = true)
CALLBACK(on_yield, OUT, .nargs = 3, .silence = true)
CALLBACK(on_unwind, OUT, .nargs = 3)

#define METHOD(name, event, arguments)                                                                                 \
    {event, {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, event arguments}, false}

static sb_subscription SUBSCRIPTIONS[] = {
    METHOD(on_start, "PY_START", "(code, offset)"),
    METHOD(on_resume, "PY_RESUME", "(code, offset)"),
    METHOD(on_throw, "PY_THROW", "(code, offset, exception)"),
    METHOD(on_return, "PY_RETURN", "(code, offset, value)"),
    METHOD(on_yield, "PY_YIELD", "(code, offset, value)"),
    METHOD(on_unwind, "PY_UNWIND", "(code, offset, exception)"),
};

/* ---- the mechanism ---- */

static const sb_mechanism TIME = {
    .arm = sb_watcher_arm,
    .disarm = sb_watcher_disarm,
    .is_intact = sb_watcher_is_intact,
    .traverse = sb_watcher_traverse,
    .free = sb_watcher_free,
};

sb_injector *sb_time_python(sb_state *state, sb_toll *toll, PyObject *patterns)
{
    return sb_watcher_new(&TIME, sb_probe_new(state, toll, patterns), SUBSCRIPTIONS,
                          sizeof SUBSCRIPTIONS / sizeof SUBSCRIPTIONS[0]);
}
