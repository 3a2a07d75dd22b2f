/* Lines and resumes, and starts of Python code beside them: callbacks of sys.monitoring; see injector.h.
 *
 * A code object is met at its start, which is an event everywhere until the callback disables it there. Where lines or
 * resumes of it are chosen, these events are turned on for it alone, so other code never pays for them. A line's event
 * comes each time execution arrives at it from another line. So code that was under way before its first start is seen
 * only at its next one. */
#include "patterns.h"
#include "watcher.h"

#include <assert.h>

/* ---- how parts stand in the counters ---- */

/* A code object's address, a multiple of 16 below 2^48, makes room for a line and a mark, by which a part is told from
 * the code object that has it as its address. */
enum { THE_PART = 1, KEPT_START = 2 };
#define ADDRESS_BITS 48

_Static_assert(SB_LAST_LINE < 1 << 16, "a line takes 16 bits of a key");

static bool has_parts(const void *code)
{
    return (uintptr_t)code % 16 == 0 && (uintptr_t)code >> ADDRESS_BITS == 0;
}

static inline const void *key_of(const void *code, Py_ssize_t line, unsigned mark)
{
    return (const void *)((uintptr_t)code << 16 | (uintptr_t)line << 4 | mark);
}

/* The number of a line, which is none where a pattern could not name it: 0 then. */
static inline Py_ssize_t line_of(PyObject *number)
{
    if (!PyLong_Check(number) || !PyUnstable_Long_IsCompact((PyLongObject *)number)) {
        return 0;
    }
    const Py_ssize_t line = PyUnstable_Long_CompactValue((PyLongObject *)number);
    return line > 0 && line <= SB_LAST_LINE ? line : 0;
}

/* ---- starts ---- */

enum { ON_START, ON_LINE, ON_RESUME, ON_THROW, N_EVENTS }; /* the order of the subscriptions */

#define GENERATES (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR | CO_ITERABLE_COROUTINE)

static bool chooses(const sb_probe *self, sb_kind kind, PyCodeObject *code, int line)
{
    const sb_choice choice = sb_choose(sb_patterns_of(self->patterns), kind, code, line, PyEval_GetGlobals());
    Py_XDECREF(choice.module);
    return choice.pattern != SB_UNMATCHED;
}

/* What to turn on for the code object, whose frame is the current one. */
static unsigned parts_of(const sb_probe *self, PyCodeObject *code)
{
    unsigned parts = 0;
    if (sb_may_choose_lines(sb_patterns_of(self->patterns), code, PyEval_GetGlobals())) {
        parts |= 1u << ON_LINE;
    }
    if (code->co_flags & GENERATES && chooses(self, SB_RESUME, code, 0)) {
        parts |= 1u << ON_RESUME;
    }
    return parts;
}

/* Turns the events of the parts on. Returns false where the session is not armed, yet or any more: ask again. */
static bool watch(sb_probe *self, PyObject *code, unsigned parts)
{
    sb_toll *toll = self->toll;
    int watched = 0;
    SB_LOCK(&toll->lock);
    if (self->monitor != NULL) {
        watched = has_parts(code) ? sb_monitor_watch_locked(self->monitor, code, parts) : -1;
    }
    if (watched < 0) {
        sb_toll_lose_locked(toll);
    }
    SB_UNLOCK(&toll->lock);
    PyErr_Clear();
    return watched != 0;
}

/* Since CPython 3.13 a code object's first line has an event at its start only where that start's own event is on. */
static bool needs_start(const sb_probe *self, PyCodeObject *code, unsigned parts)
{
    return parts & 1u << ON_LINE && chooses(self, SB_LINE, code, code->co_firstlineno);
}

/* A cell of no target, by which this thread knows the start that is only kept on. Nothing where memory ran out: then
 * it is met anew each time. */
static void keep_start(const sb_probe *self, const PyObject *code)
{
    sb_toll *toll = self->toll;
    const void *key = key_of(code, 0, KEPT_START);
    SB_LOCK(&toll->lock);
    sb_thread *thread = sb_counters_thread_locked(&toll->counters);
    if (thread != NULL && sb_counters_find(thread, key) == NULL) {
        sb_toll_insert_locked(toll, thread, key, SIZE_MAX);
    }
    SB_UNLOCK(&toll->lock);
}

/* Callbacks are within anybody's reach, as what register_callback() returns, and may be called with anything. */
static PyObject *refuse(void)
{
    PyErr_SetString(PyExc_TypeError,
                    "this is a callback of sys.monitoring; its arguments are a code object and where in it");
    return NULL;
}

__attribute__((noinline)) static PyObject *first_start(sb_probe *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyCode_Check(args[0])) {
        return refuse();
    }
    Py_INCREF(self);
    PyCodeObject *code = (PyCodeObject *)args[0];
    const unsigned parts = parts_of(self, code);
    const bool ready = parts == 0 || watch(self, args[0], parts);
    const bool keep = needs_start(self, code, parts);
    sb_cell *cell = ready ? sb_probe_meet(self, args[0]) : NULL;
    if (cell == NULL && ready && keep) {
        keep_start(self, args[0]);
    }
    PyObject *result = cell != NULL     ? sb_probe_pay(self, cell)
                       : ready && !keep ? Py_NewRef(self->disable)
                                        : Py_NewRef(Py_None);
    Py_DECREF(self);
    return result;
}

/* PY_START(code, offset); what inject_python.c says of its callback is true of all of these. */
static PyObject *probe_on_start(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    sb_probe *self = (sb_probe *)op;
    const sb_thread *thread = sb_counters_thread(&self->toll->counters);
    if (thread != NULL && nargs == 2) {
        sb_cell *cell = sb_counters_find(thread, args[0]);
        if (cell != NULL) {
            return sb_probe_pay(self, cell);
        }
        if (sb_counters_find(thread, key_of(args[0], 0, KEPT_START)) != NULL) {
            Py_RETURN_NONE;
        }
    }
    return first_start(self, args, nargs);
}

/* ---- parts ---- */

/* The cell of a part that this thread has met. */
static inline sb_cell *find_part(const sb_probe *self, const void *code, Py_ssize_t line)
{
    const sb_thread *thread = sb_counters_thread(&self->toll->counters);
    return thread != NULL ? sb_counters_find(thread, key_of(code, line, THE_PART)) : NULL;
}

__attribute__((noinline)) static PyObject *first_part(sb_probe *self, sb_kind kind, PyObject *code, Py_ssize_t line)
{
    if (!has_parts(code)) {
        return Py_NewRef(self->disable);
    }
    Py_INCREF(self);
    sb_cell *cell = sb_probe_meet_part(self, key_of(code, line, THE_PART), kind, code, (int)line);
    PyObject *result = cell != NULL ? sb_probe_pay(self, cell) : Py_NewRef(self->disable);
    Py_DECREF(self);
    return result;
}

/* LINE(code, line) */
static PyObject *probe_on_line(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    sb_probe *self = (sb_probe *)op;
    if (nargs != 2 || !PyCode_Check(args[0]) || !PyLong_Check(args[1])) {
        return refuse();
    }
    const Py_ssize_t line = line_of(args[1]);
    if (line == 0) {
        return Py_NewRef(self->disable);
    }
    sb_cell *cell = find_part(self, args[0], line);
    return cell != NULL ? sb_probe_pay(self, cell) : first_part(self, SB_LINE, args[0], line);
}

/* PY_RESUME(code, offset) */
static PyObject *probe_on_resume(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    sb_probe *self = (sb_probe *)op;
    if (nargs != 2 || !PyCode_Check(args[0])) {
        return refuse();
    }
    sb_cell *cell = find_part(self, args[0], 0);
    return cell != NULL ? sb_probe_pay(self, cell) : first_part(self, SB_RESUME, args[0], 0);
}

static bool is_watched(const sb_probe *self, const PyObject *code)
{
    SB_LOCK(&self->toll->lock);
    const bool watched = self->monitor != NULL && sb_monitor_is_watched_locked(self->monitor, code);
    SB_UNLOCK(&self->toll->lock);
    return watched;
}

/* PY_THROW(code, offset, exception): a resume as well, but where it only closes. It comes of all code, and may not be
 * disabled. */
static PyObject *probe_on_throw(PyObject *op, PyObject *const *args, Py_ssize_t nargs)
{
    sb_probe *self = (sb_probe *)op;
    if (nargs != 3 || !PyCode_Check(args[0])) {
        return refuse();
    }
    if (PyErr_GivenExceptionMatches(args[2], PyExc_GeneratorExit)) {
        Py_RETURN_NONE;
    }
    sb_cell *cell = find_part(self, args[0], 0);
    if (cell != NULL) {
        return sb_probe_pay(self, cell);
    }
    if (!is_watched(self, args[0])) {
        Py_RETURN_NONE;
    }
    PyObject *result = first_part(self, SB_RESUME, args[0], 0);
    if (result == self->disable) {
        Py_SETREF(result, Py_NewRef(Py_None));
    }
    return result;
}

/* ---- the mechanism ---- */

#define METHOD(name, function, doc) {name, (PyCFunction)(void (*)(void))(function), METH_FASTCALL, doc}

/* The last is only for sessions with resumes: it is on everywhere. */
static sb_subscription SUBSCRIPTIONS[N_EVENTS] = {
    [ON_START] = {"PY_START", METHOD("on_start", probe_on_start, "PY_START(code, offset)"), false},
    [ON_LINE] = {"LINE", METHOD("on_line", probe_on_line, "LINE(code, line)"), true},
    [ON_RESUME] = {"PY_RESUME", METHOD("on_resume", probe_on_resume, "PY_RESUME(code, offset)"), true},
    [ON_THROW] = {"PY_THROW", METHOD("on_throw", probe_on_throw, "PY_THROW(code, offset, exception)"), false},
};

static const sb_mechanism PARTS = {
    .arm = sb_watcher_arm,
    .disarm = sb_watcher_disarm,
    .is_intact = sb_watcher_is_intact,
    .traverse = sb_watcher_traverse,
    .free = sb_watcher_free,
};

sb_injector *sb_inject_parts(sb_state *state, sb_toll *toll, PyObject *patterns)
{
    const bool resumes = sb_patterns_have(sb_patterns_of(patterns), SB_RESUME);
    return sb_watcher_new(&PARTS, sb_probe_new(state, toll, patterns), SUBSCRIPTIONS, resumes ? N_EVENTS : ON_THROW);
}
