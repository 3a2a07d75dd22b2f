/* The time that is Python code's own: six callbacks of sys.monitoring; see injector.h.
 *
 * Each thread has a stack of the matched functions that it is in, which events push and pop. From one event to the next
 * time belongs to the innermost of them; so code that no pattern matches counts for its caller, and what runs outside
 * of all matched code for nobody. It is wall time: where a function waits, that is its own time as well.
 *
 * A callback reads the clock when it begins and when it ends, so its own work belongs to nobody. What stays in the
 * measured time is the interpreter's dispatch of the event, some part of it before the callback and some after: an
 * edge, of which the function on the outer side is counted three quarters and the one on the inner side one. (Measured,
 * CPython 3.12 and 3.13: of the 28 ns of a call's two events callers have 20 to 21, because what the events disturb is
 * mostly the way of the interpreter from one frame to the other.) Unmatched code has edges as well, until it is
 * silenced (before CPython 3.15 PY_THROW and PY_UNWIND cannot be): the whole edge is of the function that counts for
 * it.
 *
 * Frames come and go while a session is paused, too, but only what its stopwatch sees is booked: a thread that waits
 * through a pause does not wait for anybody. A frame that was there before the session was armed is not on the stack,
 * and a greenlet may take its frames away, so leaving is by name: down to the nearest frame of that code, if there is
 * one.
 */
#include "watcher.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_FRAMES 64

typedef struct {
    Py_ssize_t nargs;
    bool enters;  /* else it leaves */
    bool starts;  /* a call is counted */
    bool silence; /* DISABLE may be answered */
} sb_event;

/* ---- the stack ---- */

static int grow(sb_stack *stack)
{
    const size_t room = stack->room > 0 ? stack->room * 2 : FIRST_FRAMES;
    sb_cell **frames = realloc(stack->frames, room * sizeof *frames);
    if (frames == NULL) {
        return -1;
    }
    stack->frames = frames;
    stack->room = room;
    return 0;
}

static inline void push(sb_stack *stack, sb_cell *cell)
{
    assert(stack->depth < stack->room);
    stack->frames[stack->depth++] = cell;
    cell->open++;
}

static inline sb_cell *top_of(const sb_stack *stack)
{
    return stack->depth > 0 ? stack->frames[stack->depth - 1] : NULL;
}

static inline sb_cell *pop(sb_stack *stack)
{
    sb_cell *cell = stack->frames[--stack->depth];
    cell->open--;
    return cell;
}

static void pop_to(sb_stack *stack, const sb_cell *cell)
{
    while (cell->open > 0 && pop(stack) != cell) {
    }
}

static void pop_all(sb_stack *stack)
{
    while (stack->depth > 0) {
        pop(stack);
    }
}

/* ---- booking ---- */

/* Quarters of an event's edge. */
#define OUTER 3
#define INNER 1

/* What has passed since the last event is of the innermost function. */
static inline void book(const sb_toll *toll, sb_stack *stack, int64_t begin, sb_event kind)
{
    const int64_t word = sb_stopwatch_look(&toll->stopwatch);
    const int64_t figure = sb_stopwatch_read(word, begin);
    sb_cell *cell = top_of(stack);
    if (cell != NULL) {
        /* Negative where the clock stepped back, or the stopwatch was stopped as the last event looked at it. */
        if (figure > stack->booked) {
            sb_add(&cell->own_ticks, figure - stack->booked);
        }
        if (sb_stopwatch_runs(word)) {
            sb_add(&cell->quarter_edges, kind.enters ? OUTER : INNER);
        }
    }
    stack->booked = figure;
}

/* The callback's last deed: what follows is of the function that is innermost now. */
static inline void go_on(const sb_toll *toll, sb_stack *stack, sb_event kind)
{
    const int64_t word = sb_stopwatch_look(&toll->stopwatch);
    sb_cell *cell = top_of(stack);
    if (cell != NULL && sb_stopwatch_runs(word)) {
        sb_add(&cell->quarter_edges, kind.enters ? INNER : OUTER);
    }
    stack->booked = sb_stopwatch_read(word, sb_clock_ticks(toll->delay->clock));
}

static inline void count(const sb_toll *toll, sb_cell *cell, sb_event kind)
{
    if (kind.starts && sb_stopwatch_runs(sb_stopwatch_look(&toll->stopwatch))) {
        sb_add(&cell->calls, 1);
    }
}

/* ---- the callbacks ---- */

/* This thread's table, its stack ready for this arming. NULL: out of memory. */
static sb_thread *thread_of(sb_toll *toll, int64_t begin)
{
    SB_LOCK(&toll->lock);
    sb_thread *thread = sb_counters_thread_locked(&toll->counters);
    SB_UNLOCK(&toll->lock);
    const int arming = sb_look(&toll->armings);
    if (thread != NULL && thread->stack.arming != arming) {
        pop_all(&thread->stack);
        thread->stack.booked = sb_stopwatch_read(sb_stopwatch_look(&toll->stopwatch), begin);
        thread->stack.arming = arming;
    }
    return thread;
}

static void lose(sb_toll *toll)
{
    SB_LOCK(&toll->lock);
    sb_add(&toll->lost, 1);
    SB_UNLOCK(&toll->lock);
}

static void enter(sb_toll *toll, sb_thread *thread, sb_cell *cell, sb_event kind)
{
    count(toll, cell, kind);
    if (thread->stack.depth == thread->stack.room && grow(&thread->stack) < 0) {
        pop_all(&thread->stack); /* rather nothing from here to the thread's outermost frame than something wrong */
        lose(toll);
        return;
    }
    push(&thread->stack, cell);
}

/* What happens seldom: code that this thread has not met, or that nobody matches; a stack to be grown, or whose top is
 * another function; arguments that are none of sys.monitoring's, because callbacks are within anybody's reach. */
__attribute__((noinline)) static PyObject *seldom(sb_probe *self, PyObject *const *args, Py_ssize_t nargs,
                                                  int64_t begin, sb_event kind)
{
    if (nargs != kind.nargs || !PyCode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "this is a callback of sys.monitoring; its arguments are a code object, an "
                                         "offset and what else the event has");
        return NULL;
    }
    Py_INCREF(self);
    sb_toll *toll = self->toll;
    sb_thread *thread = thread_of(toll, begin);
    PyObject *result = Py_None;
    sb_cell *cell = NULL;
    if (thread != NULL) {
        book(toll, &thread->stack, begin, kind);
        cell = sb_counters_find(thread, args[0]);
    }
    /* Leaving what this thread never entered is nothing, but the code is not to be silenced if it matches. */
    if (cell == NULL && (kind.enters || kind.silence)) {
        cell = sb_probe_meet(self, args[0]);
        thread = thread_of(toll, begin);
        if (cell == NULL && kind.silence) {
            result = self->disable;
        }
    }
    if (cell != NULL && kind.enters) {
        enter(toll, thread, cell, kind);
    }
    else if (cell != NULL) {
        pop_to(&thread->stack, cell);
    }
    Py_INCREF(result);
    if (thread != NULL) {
        go_on(toll, &thread->stack, kind);
    }
    Py_DECREF(self);
    return result;
}

/* No event fires while it runs, and it waits for nothing, so its caller need not hold the probe. */
static inline __attribute__((always_inline)) PyObject *on_event(PyObject *op, PyObject *const *args, Py_ssize_t nargs,
                                                                sb_event kind)
{
    sb_probe *self = (sb_probe *)op;
    sb_toll *toll = self->toll;
    const int64_t begin = sb_clock_ticks(toll->delay->clock);
    sb_thread *thread = sb_counters_thread(&toll->counters);
    if (thread == NULL || nargs != kind.nargs || thread->stack.arming != sb_look(&toll->armings)) {
        return seldom(self, args, nargs, begin, kind);
    }
    sb_stack *stack = &thread->stack;
    if (kind.enters) {
        sb_cell *cell = sb_counters_find(thread, args[0]);
        if (cell == NULL || stack->depth == stack->room) {
            return seldom(self, args, nargs, begin, kind);
        }
        book(toll, stack, begin, kind);
        count(toll, cell, kind);
        push(stack, cell);
    }
    else {
        const sb_cell *cell = top_of(stack);
        if (cell == NULL || cell->code != args[0]) {
            return seldom(self, args, nargs, begin, kind);
        }
        book(toll, stack, begin, kind);
        pop(stack);
    }
    go_on(toll, stack, kind);
    Py_RETURN_NONE;
}

#define CALLBACK(name, ...)                                                                                            \
    static PyObject *name(PyObject *op, PyObject *const *args, Py_ssize_t nargs)                                       \
    {                                                                                                                  \
        return on_event(op, args, nargs, (sb_event){__VA_ARGS__});                                                     \
    }

CALLBACK(on_start, .nargs = 2, .enters = true, .starts = true, .silence = true)
CALLBACK(on_resume, .nargs = 2, .enters = true, .silence = true)
CALLBACK(on_throw, .nargs = 3, .enters = true)
CALLBACK(on_return, .nargs = 3, .silence = true)
CALLBACK(on_yield, .nargs = 3, .silence = true)
CALLBACK(on_unwind, .nargs = 3)

#define METHOD(name, event, arguments)                                                                                 \
    {                                                                                                                  \
        event,                                                                                                         \
        {                                                                                                              \
            #name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, event arguments                                   \
        }                                                                                                              \
    }

static sb_subscription SUBSCRIPTIONS[] = {
    METHOD(on_start, "PY_START", "(code, offset)"),
    METHOD(on_resume, "PY_RESUME", "(code, offset)"),
    METHOD(on_throw, "PY_THROW", "(code, offset, exception)"),
    METHOD(on_return, "PY_RETURN", "(code, offset, value)"),
    METHOD(on_yield, "PY_YIELD", "(code, offset, value)"),
    METHOD(on_unwind, "PY_UNWIND", "(code, offset, exception)"),
};

/* ---- the mechanism ---- */

static int time_arm(sb_injector *base)
{
    sb_change(&((sb_watcher *)base)->probe->toll->armings, 1);
    return sb_watcher_arm(base);
}

static Py_ssize_t time_read(sb_injector *base, sb_times *into, size_t n)
{
    const sb_probe *probe = ((sb_watcher *)base)->probe;
    const sb_toll *toll = probe->toll;
    const double ns_per_tick = toll->delay->clock->ns_per_tick;
    for (size_t i = 0; i < n; i++) {
        into[i] = (sb_times){0};
    }
    SB_LOCK(&probe->toll->lock);
    for (const sb_thread *thread = toll->counters.threads; thread != NULL; thread = thread->next) {
        for (size_t i = 0; i <= thread->mask; i++) {
            const sb_cell *cell = &thread->cells[i];
            if (cell->code != NULL && cell->target < n) {
                sb_times *times = &into[cell->target];
                times->calls += (double)sb_read(&cell->calls);
                times->own_ns += (double)sb_read(&cell->own_ticks) * ns_per_tick;
                times->edges += (double)sb_read(&cell->quarter_edges) / 4;
            }
        }
    }
    const size_t targets = toll->targets.n;
    SB_UNLOCK(&probe->toll->lock);
    return (Py_ssize_t)targets;
}

static const sb_mechanism TIME = {
    .arm = time_arm,
    .disarm = sb_watcher_disarm,
    .is_intact = sb_watcher_is_intact,
    .read_times = time_read,
    .traverse = sb_watcher_traverse,
    .free = sb_watcher_free,
};

sb_injector *sb_time_python(sb_state *state, sb_toll *toll, PyObject *patterns)
{
    return sb_watcher_new(&TIME, sb_probe_new(state, toll, patterns), SUBSCRIPTIONS,
                          sizeof SUBSCRIPTIONS / sizeof SUBSCRIPTIONS[0]);
}
