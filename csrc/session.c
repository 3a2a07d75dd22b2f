/* The Session type: arming, and reading; see session.h. */
#include "session.h"

#include "beat.h"
#include "booking.h"
#include "injector.h"
#include "ledger.h"
#include "numbers.h"
#include "pages.h"
#include "patterns.h"
#include "thunk.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define MOST_INJECTORS 3

typedef struct {
    PyObject_HEAD PyObject *owner; /* Owned: a str that tells people whose session this is. */
    /* Owned, with the state in it: where an interpreter ends, the type may have lost its module before the last session
     * is gone, which disarms. */
    PyObject *module;
    sb_toll *toll;  /* A share. */
    PyObject *page; /* Owned: the Page that is obeyed; NULL: there is none. */
    /* Owned, in the order in which they are armed and disarmed: what swaps pointers comes before what sets events,
     * because compiled code that holds such a pointer is thrown away when events are set (CPython 3.15's JIT). */
    sb_injector *injectors[MOST_INJECTORS];
    int n_injectors;
} sb_session;

/* ---- arming ---- */

/* Returns whether it was this call that disarmed any of the first `n`. */
static bool disarm_injectors(sb_session *self, int n)
{
    bool disarmed = false;
    for (int i = 0; i < n; i++) {
        disarmed |= self->injectors[i]->mechanism->disarm(self->injectors[i]);
    }
    return disarmed;
}

/* All, or none. Returns 0, or -1 with an exception set. */
static int arm_injectors(sb_session *self)
{
    for (int i = 0; i < self->n_injectors; i++) {
        if (self->injectors[i]->mechanism->arm(self->injectors[i]) < 0) {
            disarm_injectors(self, i);
            return -1;
        }
    }
    return 0;
}

/* Before a round: plants what has come since. Returns 0, or -1 with an exception set. */
static int refresh_injectors(sb_session *self)
{
    for (int i = 0; i < self->n_injectors; i++) {
        const sb_mechanism *mechanism = self->injectors[i]->mechanism;
        if (mechanism->refresh != NULL && mechanism->refresh(self->injectors[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Adds what each target's calls came to. The toll's lock is held. */
static void sum_locked(const sb_session *self, sb_counts *sums, size_t n)
{
    sb_counters_sum_locked(&self->toll->counters, sums, n);
    for (int i = 0; i < self->n_injectors; i++) {
        if (self->injectors[i]->mechanism->sum_locked != NULL) {
            self->injectors[i]->mechanism->sum_locked(self->injectors[i], sums, n);
        }
    }
}

void sb_session_disarm(PyObject *op)
{
    sb_session *self = (sb_session *)op;
    sb_state *state = PyModule_GetState(self->module);
    sb_plan_set(&self->toll->plan, SB_PAUSED);
    sb_toll_measure(self->toll, false);
    if (disarm_injectors(self, self->n_injectors)) {
        SB_LOCK(&state->lock);
        if (state->armed == op) {
            state->armed = NULL;
        }
        SB_UNLOCK(&state->lock);
    }
}

void sb_session_abandon(PyObject *op)
{
    sb_session *self = (sb_session *)op;
    sb_lock_reinit(&self->toll->lock); /* a thread that did not come along may have held it */
    sb_session_disarm(op);
}

int sb_session_arm(PyObject *op)
{
    sb_session *self = (sb_session *)op;
    sb_state *state = sb_state_of(op);
    PyObject *other_owner = NULL;

    SB_LOCK(&state->lock);
    if (state->armed != NULL) {
        other_owner = Py_NewRef(((sb_session *)state->armed)->owner);
    }
    else {
        state->armed = op; /* from here on until it is NULL again nobody else starts a monitor */
    }
    SB_UNLOCK(&state->lock);
    if (other_owner != NULL) {
        PyErr_Format(PyExc_RuntimeError, "%U is armed already; an interpreter can run one bump at a time", other_owner);
        Py_DECREF(other_owner);
        return -1;
    }

    sb_plan_set(&self->toll->plan, SB_PAUSED);
    sb_toll_measure(self->toll, false);
    sb_change(&self->toll->armings, 1);
    if (arm_injectors(self) < 0) {
        SB_LOCK(&state->lock);
        state->armed = NULL;
        SB_UNLOCK(&state->lock);
        return -1;
    }
    if (self->page != NULL) {
        sb_ledger *ledger = self->toll->counters.ledger;
        sb_plan_obey(&self->toll->plan, sb_page_keep(self->page), ledger != NULL ? ledger->points : NULL);
    }
    return 0;
}

static PyObject *session_arm(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    if (sb_session_arm(op) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *session_armed(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return PyObject_CallOneArg((PyObject *)sb_state_of(op)->armed_type, op);
}

static PyObject *session_enter(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return sb_session_arm(op) < 0 ? NULL : Py_NewRef(op);
}

static sb_toll *toll_of(PyObject *op)
{
    return ((sb_session *)op)->toll;
}

static PyObject *session_disarm(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_session_disarm(op);
    Py_RETURN_NONE;
}

static bool is_delay(double ns)
{
    return ns >= 0.0 && ns <= SB_MAX_DELAY_NS;
}

static PyObject *session_set_delay(PyObject *op, PyObject *args, PyObject *kwargs)
{
    const sb_session *self = (const sb_session *)op;
    sb_toll *toll = toll_of(op);
    sb_beat beat;
    if (sb_beat_read(&beat, args, kwargs, toll->mode) < 0 || refresh_injectors((sb_session *)op) < 0) {
        return NULL;
    }
    if (self->page != NULL) {
        return sb_page_play(self->page, &beat) < 0 ? NULL : Py_NewRef(Py_None);
    }
    const sb_clock *clock = toll->delay->clock;
    const sb_amount amount = sb_beat_amount(&beat, clock);
    if (sb_beat_is_even(&beat)) {
        sb_plan_set(&toll->plan, amount);
    }
    else {
        sb_window window;
        const sb_window *open = sb_beat_window(&beat, clock, &window);
        SB_LOCK(&toll->lock);
        sb_plan_set_rhythm_locked(&toll->plan, amount, beat.every, open);
        SB_UNLOCK(&toll->lock);
    }
    sb_toll_measure(toll, true);
    Py_RETURN_NONE;
}

/* What was found, for the mechanism that takes it. Returns 0, or -1 with an exception set. */
static int add_found(sb_session *self, PyObject *found)
{
    for (int i = 0; i < self->n_injectors; i++) {
        if (self->injectors[i]->mechanism->add != NULL) {
            return self->injectors[i]->mechanism->add(self->injectors[i], found);
        }
    }
    return 0;
}

static PyObject *session_refresh(PyObject *op, PyObject *args)
{
    sb_session *self = (sb_session *)op;
    PyObject *found = NULL;
    if (!PyArg_ParseTuple(args, "|O:refresh", &found) || (found != NULL && add_found(self, found) < 0) ||
        refresh_injectors(self) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

enum { DELAY_NS, SHARE, DOSE };

static bool is_share(double share)
{
    return share >= 0.0 && share <= 1.0;
}

/* Puts those that the draft is for. Returns the first row that is no dose, or `n_rows`. */
static size_t put_doses(sb_doses *draft, const sb_delay *delay, const sb_numbers *doses)
{
    for (size_t i = 0; i < doses->n_rows; i++) {
        const double ns = doses->items[DOSE * i + DELAY_NS], share = doses->items[DOSE * i + SHARE];
        if (!is_delay(ns) || !is_share(share)) {
            return i;
        }
        if (i < draft->used) {
            sb_doses_put(draft, i, sb_delay_amount(delay, ns), share);
        }
    }
    return doses->n_rows;
}

static void refuse_dose(const sb_numbers *doses, size_t i)
{
    const int what = is_delay(doses->items[DOSE * i + DELAY_NS]) ? SHARE : DELAY_NS;
    PyObject *number = PyFloat_FromDouble(doses->items[DOSE * i + (size_t)what]);
    if (number != NULL) {
        PyErr_Format(PyExc_ValueError, "the %s of target %zu must be between 0 and %s, not %R",
                     what == SHARE ? "share" : "delay_ns", i, what == SHARE ? "1" : "6e10", number);
        Py_DECREF(number);
    }
}

static PyObject *session_set_doses(PyObject *op, PyObject *argument)
{
    sb_toll *toll = toll_of(op);
    sb_numbers doses;
    if (toll->mode == SB_TIME) {
        PyErr_SetString(PyExc_TypeError, "a session of mode 'time' delays nothing; make one of mode 'spin'");
        return NULL;
    }
    if (((sb_session *)op)->page != NULL) {
        PyErr_SetString(PyExc_TypeError, "a session that obeys a control page has no doses; make one without a page");
        return NULL;
    }
    if (refresh_injectors((sb_session *)op) < 0 || sb_numbers_get(&doses, argument, "doses", DOSE, false) < 0) {
        return NULL;
    }

    size_t n_right = 0;
    SB_LOCK(&toll->lock);
    const size_t n_targets = toll->targets.n;
    sb_doses *draft = sb_plan_draft_locked(&toll->plan, n_targets < doses.n_rows ? n_targets : doses.n_rows);
    if (draft != NULL) {
        n_right = put_doses(draft, toll->delay, &doses);
        if (n_right == doses.n_rows) {
            sb_plan_publish_locked(&toll->plan, draft);
        }
    }
    SB_UNLOCK(&toll->lock);

    if (draft == NULL) {
        PyErr_NoMemory();
    }
    else if (n_right < doses.n_rows) {
        refuse_dose(&doses, n_right);
    }
    sb_numbers_release(&doses);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *session_pause(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    const sb_session *self = (const sb_session *)op;
    if (self->page != NULL) {
        return sb_page_pause(self->page) < 0 ? NULL : Py_NewRef(Py_None);
    }
    sb_plan_set(&self->toll->plan, SB_PAUSED);
    sb_toll_measure(self->toll, false);
    Py_RETURN_NONE;
}

/* ---- reading ---- */

static PyObject *session_totals(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    const sb_session *self = (const sb_session *)op;
    sb_toll *toll = toll_of(op);
    SB_LOCK(&toll->lock);
    sb_counts sum = sb_counters_total_locked(&toll->counters);
    for (int i = 0; i < self->n_injectors; i++) {
        if (self->injectors[i]->mechanism->total_locked != NULL) {
            self->injectors[i]->mechanism->total_locked(self->injectors[i], &sum);
        }
    }
    SB_UNLOCK(&toll->lock);
    return sb_toll_tuple(toll, &sum);
}

static PyObject *session_read_counts(PyObject *op, PyObject *argument)
{
    sb_toll *toll = toll_of(op);
    sb_numbers into;
    if (toll->mode == SB_TIME) {
        PyErr_SetString(PyExc_TypeError, "a session of mode 'time' has read_times() instead");
        return NULL;
    }
    if (sb_numbers_get(&into, argument, "into", 5, true) < 0) {
        return NULL;
    }
    sb_toll_row *rows = (sb_toll_row *)into.items;
    for (size_t i = 0; i < into.n_rows; i++) {
        rows[i] = (sb_toll_row){.sums = {0}};
    }
    SB_LOCK(&toll->lock);
    const size_t n_targets = toll->targets.n;
    sum_locked((const sb_session *)op, &rows->sums, into.n_rows);
    SB_UNLOCK(&toll->lock);
    sb_toll_convert(toll, rows, into.n_rows);
    sb_numbers_release(&into);
    return PyLong_FromSize_t(n_targets);
}

static PyObject *describe(const sb_toll *toll, const sb_target *target, const sb_counts *sum, PyTypeObject *site_type)
{
    PyObject *what = sb_target_tuple(target, site_type);
    PyObject *counts = what != NULL ? sb_toll_tuple(toll, sum) : NULL;
    PyObject *both = counts != NULL ? PySequence_Concat(what, counts) : NULL;
    Py_XDECREF(what);
    Py_XDECREF(counts);
    return both;
}

static PyObject *session_snapshot(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_toll *toll = toll_of(op);
    sb_target *targets = NULL;
    PyObject *list = NULL;

    /* Copied under the lock, because making Python objects may run code that needs it. */
    SB_LOCK(&toll->lock);
    const size_t n = toll->targets.n;
    sb_counts *sums = PyMem_Calloc(n + 1, sizeof *sums);
    targets = PyMem_Calloc(n + 1, sizeof *targets);
    if (sums != NULL && targets != NULL) {
        sum_locked((const sb_session *)op, sums, n);
        if (n > 0) {
            memcpy(targets, toll->targets.items, n * sizeof *targets); /* they live as long as the toll */
        }
    }
    SB_UNLOCK(&toll->lock);
    if (sums == NULL || targets == NULL) {
        PyErr_NoMemory();
        goto error;
    }
    list = PyList_New((Py_ssize_t)n);
    if (list == NULL) {
        goto error;
    }
    for (size_t i = 0; i < n; i++) {
        PyObject *item = describe(toll, &targets[i], &sums[i], sb_state_of(op)->site_type);
        if (item == NULL) {
            goto error;
        }
        PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    }
    goto done;
error:
    Py_CLEAR(list);
done:
    PyMem_Free(sums);
    PyMem_Free(targets);
    return list;
}

static PyObject *session_read_times(PyObject *op, PyObject *into)
{
    sb_toll *toll = toll_of(op);
    sb_numbers numbers;
    if (toll->mode != SB_TIME) {
        PyErr_Format(PyExc_TypeError, "read_times() needs a session of mode 'time', and this one's is '%s'",
                     sb_mode_name(toll->mode));
        return NULL;
    }
    if (sb_numbers_get(&numbers, into, "into", sizeof(sb_times) / sizeof(double), true) < 0) {
        return NULL;
    }
    const size_t n = sb_booking_read(toll, (sb_times *)numbers.items, numbers.n_rows);
    sb_numbers_release(&numbers);
    return PyLong_FromSize_t(n);
}

static PyObject *session_get_intact(PyObject *op, void *Py_UNUSED(closure))
{
    const sb_session *self = (const sb_session *)op;
    int intact = 1;
    for (int i = 0; i < self->n_injectors && intact == 1; i++) {
        intact = self->injectors[i]->mechanism->is_intact(self->injectors[i]);
    }
    return intact < 0 ? NULL : PyBool_FromLong(intact);
}

static PyObject *session_get_lost(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromLongLong((long long)sb_read(&toll_of(op)->lost));
}

static PyObject *session_get_fixed_ns(PyObject *op, void *Py_UNUSED(closure))
{
    const sb_delay *delay = toll_of(op)->delay;
    return PyFloat_FromDouble(sb_delay_ns(delay, delay->fixed));
}

/* ---- the type ---- */

/* Returns 0, or -1 with ValueError set. */
static int mode_from_name(const char *name, sb_mode *mode)
{
    const int found = sb_mode_of(name);
    if (found < 0) {
        PyErr_Format(PyExc_ValueError, "mode must be 'spin', 'nogil', 'sleep' or 'await', not '%s'", name);
        return -1;
    }
    *mode = (sb_mode)found;
    return 0;
}

typedef struct {
    PyObject *patterns, *found, *later, *page; /* Borrowed. */
    PyObject *ledger;                          /* Owned: a bytes, the path; or NULL */
    sb_mode mode;
} recipe;

/* Whether a session of this recipe can obey its page, if it has one. Returns 0, or -1 with an exception set. */
static int check_page(const recipe *r, const sb_state *state)
{
    if (r->page == NULL && r->ledger == NULL) {
        return 0;
    }
    if (r->page == NULL) {
        PyErr_SetString(PyExc_ValueError, "a session with a ledger obeys a control page: give it a page, too");
    }
    else if (!Py_IS_TYPE(r->page, state->page_type)) {
        PyErr_Format(PyExc_TypeError, "page must be a Page or None, not %R", r->page);
    }
    else if (!sb_mode_is_shared((int)r->mode)) {
        PyErr_Format(PyExc_ValueError, "a session of mode '%s' obeys no control page; make one without a page",
                     sb_mode_name(r->mode));
    }
    else if (sb_page_of(r->page)->mode != (int32_t)r->mode) {
        PyErr_Format(PyExc_ValueError, "the control page is of mode '%s': the session must be, too, not '%s'",
                     sb_mode_name((sb_mode)sb_page_of(r->page)->mode), sb_mode_name(r->mode));
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* Amounts and times on the page are those of its clock. As above. */
static int check_clock(const recipe *r, const sb_toll *toll)
{
    if (r->page != NULL && sb_page_of(r->page)->calibration.clock.kind != toll->delay->clock->kind) {
        PyErr_Format(PyExc_ValueError,
                     "the control page counts by the clock %s, and this interpreter by %s; adopt() "
                     "the page before anything else",
                     sb_clock_name(&sb_page_of(r->page)->calibration.clock), sb_clock_name(toll->delay->clock));
        return -1;
    }
    return 0;
}

static void free_injectors(sb_injector *const *injectors, int n)
{
    for (int i = 0; i < n; i++) {
        injectors[i]->mechanism->free(injectors[i]);
    }
}

/* Returns how many, or -1 with an exception set. */
static int make_injectors(sb_injector **into, sb_state *state, sb_toll *toll, const recipe *r)
{
    const sb_patterns *patterns = sb_patterns_of(r->patterns);
    int n = 0;
    if (r->mode == SB_TIME) {
        if (sb_patterns_have(patterns, SB_C)) {
            into[n++] = sb_inject_c(toll, r->patterns, r->found);
        }
        if (n == 0 || (into[0] != NULL && sb_patterns_have(patterns, SB_START))) {
            into[n++] = sb_time_python(state, toll, r->patterns);
        }
    }
    else if (r->mode == SB_AWAIT) {
        into[n++] = sb_inject_await(state, toll, r->found, r->later);
    }
    else {
        if (sb_patterns_have(patterns, SB_C)) {
            into[n++] = sb_inject_c(toll, r->patterns, r->found);
        }
        if (sb_patterns_have(patterns, SB_NATIVE) && (n == 0 || into[n - 1] != NULL)) {
            into[n++] = sb_inject_native(toll, r->patterns);
        }
        const bool parts = sb_patterns_have(patterns, SB_LINE) || sb_patterns_have(patterns, SB_RESUME);
        if ((parts || n == 0 || sb_patterns_have(patterns, SB_START)) && (n == 0 || into[n - 1] != NULL)) {
            into[n++] = parts ? sb_inject_parts(state, toll, r->patterns) : sb_inject_python(state, toll, r->patterns);
        }
    }
    if (into[n - 1] == NULL) {
        free_injectors(into, n - 1);
        return -1;
    }
    return n;
}

/* An argument's converter: a path as Python knows them, or None. */
static int convert_path(PyObject *object, void *into)
{
    return object == Py_None || PyUnicode_FSConverter(object, into);
}

/* Has the toll, in which nothing is counted yet, count into a new ledger if the recipe says so. As above. */
static int open_ledger(const recipe *r, sb_toll *toll)
{
    if (r->ledger == NULL) {
        return 0;
    }
    const char *path = PyBytes_AS_STRING(r->ledger);
    sb_ledger *ledger = sb_ledger_make(path, sb_page_of(r->page)->calibration.clock.ns_per_tick);
    if (ledger == NULL) {
        PyErr_SetFromErrnoWithFilename(PyExc_OSError, path);
        return -1;
    }
    if (!sb_slots_move_in(ledger)) {
        sb_ledger_close(ledger);
        (void)unlink(path);
        PyErr_SetString(PyExc_RuntimeError, "this process counts into a ledger already, and has one at a time");
        return -1;
    }
    toll->counters.ledger = toll->targets.ledger = ledger;
    return 0;
}

static PyObject *session_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"patterns", "mode", "owner", "found", "later", "page", "ledger", NULL};
    sb_state *state = PyType_GetModuleState(type);
    recipe r = {.found = NULL};
    PyObject *owner;
    const char *mode_name;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!sU|OOOO&:Session", keywords, state->patterns_type, &r.patterns,
                                     &mode_name, &owner, &r.found, &r.later, &r.page, convert_path, &r.ledger) ||
        mode_from_name(mode_name, &r.mode) < 0) {
        Py_XDECREF(r.ledger);
        return NULL;
    }
    r.page = r.page != Py_None ? r.page : NULL;
    if (check_page(&r, state) < 0) {
        Py_XDECREF(r.ledger);
        return NULL;
    }
    /* The toll comes first and tracking last: calibration may let other threads run, who would find a half-made session
     * through gc.get_objects(). */
    sb_injector *injectors[MOST_INJECTORS];
    sb_toll *toll = sb_toll_new(state, r.mode);
    const bool counts = toll != NULL && check_clock(&r, toll) == 0 && open_ledger(&r, toll) == 0;
    const int n = counts ? make_injectors(injectors, state, toll, &r) : -1;
    Py_XDECREF(r.ledger);
    sb_session *self = n >= 0 ? PyObject_GC_New(sb_session, type) : NULL;
    if (self == NULL) {
        free_injectors(injectors, n);
        sb_toll_drop(toll);
        return NULL;
    }
    self->owner = Py_NewRef(owner);
    self->module = Py_NewRef(PyType_GetModule(type));
    self->toll = toll;
    self->page = Py_XNewRef(r.page);
    self->n_injectors = n;
    memcpy(self->injectors, injectors, sizeof injectors);
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

/* No tp_clear: nothing that a session holds can hold the session. */
static int session_traverse(PyObject *op, visitproc visit, void *arg)
{
    sb_session *self = (sb_session *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->owner);
    Py_VISIT(self->module);
    Py_VISIT(self->page);
    int result = 0;
    for (int i = 0; i < self->n_injectors && result == 0; i++) {
        result = self->injectors[i]->mechanism->traverse(self->injectors[i], visit, arg);
    }
    return result;
}

/* It disarms, which a finalizer could not be trusted with: that runs once in the life of an object, and one that was
 * resurrected may be armed again. */
static void session_dealloc(PyObject *op)
{
    sb_session *self = (sb_session *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject *module = self->module;
    PyObject_GC_UnTrack(op);
    sb_session_disarm(op);
    Py_CLEAR(self->owner);
    Py_CLEAR(self->page);
    free_injectors(self->injectors, self->n_injectors);
    sb_toll_drop(self->toll);
    type->tp_free(op);
    Py_DECREF(module);
    Py_DECREF(type);
}

bool sb_session_check(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == session_dealloc; /* there are no subclasses */
}

static PyMethodDef session_methods[] = {
    {"arm", session_arm, METH_NOARGS,
     "arm($self, /)\n--\n\n"
     "Claim a tool id and start watching, paused. RuntimeError if a session is armed or no id is free."},
    {"armed", session_armed, METH_NOARGS,
     "armed($self, /)\n--\n\n"
     "Arm it for a `with` block: until that is left, or what this returns is dropped. RuntimeError as from arm()."},
    {"disarm", session_disarm, METH_NOARGS,
     "disarm($self, /)\n--\n\nStop watching and give the tool id back. Harmless when not armed."},
    {"__enter__", session_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nArm, as arm() does."},
    {"__exit__", session_disarm, METH_VARARGS, "__exit__($self, /, *exception)\n--\n\nDisarm."},
    /* 1e999 is how a signature says infinity: it knows no names. */
    {"set_delay", (PyCFunction)(void (*)(void))session_set_delay, METH_VARARGS | METH_KEYWORDS,
     "set_delay($self, delay_ns, /, every=1, after_ns=0.0, for_ns=1e999)\n--\n\n"
     "Count matched calls and delay each by so many nanoseconds, from now on.\n\n"
     "With `every`, of each target's calls in each thread those alone whose number it divides: call 10, 20, 30 and so "
     "on.\n"
     "They are numbered from where the target was first counted in that thread, by this session or, of what is not\n"
     "Python, any. Delays are added only from `after_ns` from now on, and for `for_ns`; counts always.\n\n"
     "Of a session with a page it is the page that is set, for all who obey it."},
    {"refresh", session_refresh, METH_VARARGS,
     "refresh($self, found=(), /)\n--\n\n"
     "Slow what has come since: native symbols of libraries that were loaded meanwhile, as set_delay() does, and what\n"
     "was `found` now, as at construction. What is there already is left as it is."},
    {"set_doses", session_set_doses, METH_O,
     "set_doses($self, doses, /)\n--\n\n"
     "Count matched calls, and delay those of each target by its dose, from now on.\n\n"
     "`doses` is a flat buffer of doubles, such as array('d'): (delay_ns, share) a target, in order of first sight. "
     "Of\n"
     "the target's calls the share, from 0 to 1, is delayed, evenly spread. Targets beyond its end, and those that "
     "are\n"
     "seen first later, are counted and not delayed. TypeError or ValueError where it is no such buffer."},
    {"pause", session_pause, METH_NOARGS,
     "pause($self, /)\n--\n\nNeither count nor delay, from now on. Of a session with a page, that is paused."},
    {"read_counts", session_read_counts, METH_O,
     "read_counts($self, into, /)\n--\n\n"
     "Write the five numbers of totals() for each target, in order of first sight, and return how many there are.\n\n"
     "`into` is a writable flat buffer of doubles, such as array('d'), which holds five a target; rows beyond the "
     "last\n"
     "target become zeros, and targets beyond the last row are left out. TypeError or ValueError where it is no such\n"
     "buffer."},
    {"totals", session_totals, METH_NOARGS,
     "totals($self, /)\n--\n\n(calls, requested_ns, delivered_ns, late_ns, waited_ns) over all targets and threads."},
    {"snapshot", session_snapshot, METH_NOARGS,
     "snapshot($self, /)\n--\n\n"
     "For each target (what, module, pattern, calls, requested_ns, delivered_ns, late_ns, waited_ns), in order of "
     "first\n"
     "sight: `what` is a code object whose starts are counted, or a Site; `module` of a native symbol its library;\n"
     "`pattern` an index into the session's Patterns."},
    {"read_times", session_read_times, METH_O,
     "read_times($self, into, /)\n--\n\n"
     "Of a session of mode 'time': fill a flat buffer of doubles with (calls, own_ns, edges) for each target, in the\n"
     "order of snapshot(), and with zeros behind them. Totals so far; returns how many there are. The time up to a\n"
     "thread's last event is booked. An edge is one dispatch of an event by the interpreter, three quarters of it of\n"
     "the outer function and one of the inner; what it costs is part of own_ns. The thunks of callables implemented\n"
     "in C have edges, too, which are a fraction of one."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef session_getset[] = {
    {"intact", session_get_intact, NULL, "Whether sys.monitoring still sends us what we subscribed to.", NULL},
    {"lost", session_get_lost, NULL, "Code objects that were not slowed for want of memory.", NULL},
    {"fixed_ns", session_get_fixed_ns, NULL, "Calibrated fixed cost of a delay, part of every delay delivered.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot session_slots[] = {
    {Py_tp_doc,
     (void *)"Session(patterns, mode, owner, found=(), later=None, page=None, ledger=None)\n--\n\n"
             "Slows what `patterns` match, while armed. `owner` names it in the error that a second one gets.\n"
             "What has to be looked up by name comes as `found`, tuples of (module, qualname, object, pattern):\n"
             "callables implemented in C, and in mode 'await' coroutine functions, whose calls await `later` first.\n"
             "Mode 'time' delays nothing, but measures what time each function takes itself, see read_times().\n"
             "Obeys `page`, of the same mode, as long as it is armed; ValueError of modes 'await' and 'time'. It may\n"
             "then count into a new file at the path `ledger`, which Ledger reads, as long as it lives; OSError where\n"
             "that cannot be made, RuntimeError where the process has one."},
    {Py_tp_new, session_new},
    {Py_tp_traverse, session_traverse},
    {Py_tp_dealloc, session_dealloc},
    {Py_tp_methods, session_methods},
    {Py_tp_getset, session_getset},
    {0, NULL},
};

PyType_Spec sb_session_spec = {
    .name = "pytest_speedbump._core.Session",
    .basicsize = sizeof(sb_session),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = session_slots,
};
