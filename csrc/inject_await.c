/* Calls of coroutine functions, whose event loop goes on meanwhile; see injector.h.
 *
 * The pointer by which a function is called, PyFunctionObject.vectorcall, is swapped. The original makes the coroutine;
 * what the caller gets is another one, made by Python code (slowing/later.py), which pauses and then awaits it. Between
 * the two is a Call: it counts when its coroutine takes its first step, as sys.monitoring's PY_START does, so that one
 * that is never awaited is no call; and it closes the inner coroutine that was never begun, of which Python would warn.
 */
#include "await.h"

#include "injector.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* In the interpreter's dictionary: a weak reference to the gate that is armed. */
#define GATE_KEY "pytest_speedbump._core.gate"

/* A loop wakes up late: by 20 to 60 us where it has nothing else to do, which is learnt and taken off the next pause of
 * the same target, and by any time where it is busy. What is over this limit, and over 3 % of the request, is late. */
#define LATE_NS 50e3
#define LATE_PART 32
#define MOST_CARRY_NS 100e3
#define LEARNT_PART 8     /* of what a resumption was later than expected */
#define LEARNT_OF_LATE 64 /* of the limit, of one that is no guide to the next */

/* ---- the gate ---- */

typedef struct {
    PyFunctionObject *function; /* Owned; NULL: the place is free. */
    PyObject *later;            /* Owned: makes the coroutine that is given out, of a Call */
    const void *cells;          /* what its cells are found by: the code object of its target, which holds it */
    size_t target;
    vectorcallfunc original; /* while armed, as what follows */
    uint32_t version;
    /* Owned: what the version stands for. A function that has been given another one of these must not get it back. */
    PyObject *code, *defaults, *kwdefaults, *closure;
} hook;

/* A Python object of its own, which sessions hold and every call meanwhile, because a thread may be in the middle of
 * one when the session is disarmed and dropped. */
typedef struct {
    PyObject_HEAD sb_toll *toll; /* A share. */
    PyTypeObject *call_type;     /* Owned. */
    PyObject *module;            /* Owned, with the clock in it, also where the types have lost it */
    PyObject *key, *myself;      /* Owned: GATE_KEY, and a weak reference; made beforehand, because disarming must
                                    succeed where memory has run out */
    hook *hooks;                 /* Owned; open addressing by function, mask + 1 of them */
    size_t mask;
    sb_atomic_int armed;
} sb_gate;

static hook *find(const sb_gate *gate, const PyObject *function)
{
    for (size_t i = sb_pointer_hash(function);; i++) {
        hook *one = &gate->hooks[i & gate->mask];
        if (one->function == (const void *)function || one->function == NULL) {
            return one;
        }
    }
}

static int gate_traverse(PyObject *op, visitproc visit, void *arg)
{
    const sb_gate *self = (sb_gate *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->call_type);
    Py_VISIT(self->module);
    for (size_t i = 0; self->hooks != NULL && i <= self->mask; i++) {
        const hook *one = &self->hooks[i];
        Py_VISIT(one->function);
        Py_VISIT(one->later);
        Py_VISIT(one->code);
        Py_VISIT(one->defaults);
        Py_VISIT(one->kwdefaults);
        Py_VISIT(one->closure);
    }
    return 0;
}

/* Disarmed before: the session does so. No tp_clear: what holds a session through a function can be cleared itself. */
static void gate_dealloc(PyObject *op)
{
    sb_gate *self = (sb_gate *)op;
    PyTypeObject *type = Py_TYPE(op);
    assert(!sb_look(&self->armed));
    PyObject_GC_UnTrack(op);
    PyObject_ClearWeakRefs(op);
    for (size_t i = 0; self->hooks != NULL && i <= self->mask; i++) {
        Py_XDECREF(self->hooks[i].function);
        Py_XDECREF(self->hooks[i].later);
    }
    PyMem_Free(self->hooks);
    Py_XDECREF(self->key);
    Py_XDECREF(self->myself);
    Py_XDECREF(self->call_type);
    sb_toll_drop(self->toll);
    Py_XDECREF(self->module);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyType_Slot gate_slots[] = {
    {Py_tp_doc, (void *)"The coroutine functions that a Session of mode 'await' slows."},
    {Py_tp_traverse, gate_traverse},
    {Py_tp_dealloc, gate_dealloc},
    {0, NULL},
};

PyType_Spec sb_gate_spec = {
    .name = "pytest_speedbump._core._Gate",
    .basicsize = sizeof(sb_gate),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_MANAGED_WEAKREF,
    .slots = gate_slots,
};

/* New reference: the one that is armed in this interpreter, or NULL without an exception. */
static sb_gate *armed_gate(void)
{
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    PyObject *reference = dict != NULL ? sb_dict_get(dict, GATE_KEY) : NULL, *gate = NULL;
    if (reference == NULL) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030D0000
    if (PyWeakref_GetRef(reference, &gate) < 0) {
        PyErr_Clear();
    }
#else
    gate = Py_NewRef(PyWeakref_GET_OBJECT(reference));
    if (gate == Py_None) {
        Py_CLEAR(gate);
    }
#endif
    Py_DECREF(reference);
    return (sb_gate *)gate;
}

/* ---- a call ---- */

/* What the outer coroutine has of the inner one. */
typedef struct {
    PyObject_HEAD sb_gate *gate; /* Owned. */
    /* Owned: not begun yet, and hidden from the collector, which would have it warn that it was never awaited before it
     * asks who holds it; NULL: it was given out, or closed. */
    PyObject *coroutine;
    const void *cells; /* as in its hook */
    size_t target;
    sb_amount due,
        pause;     /* of a pause that has begun: what was asked for, and what of it is waited; 0: there is none */
    int64_t began; /* ticks */
} sb_call;

/* What the coroutine holds, the call holds. */
static int call_traverse(PyObject *op, visitproc visit, void *arg)
{
    const sb_call *self = (sb_call *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->gate);
    return self->coroutine != NULL ? Py_TYPE(self->coroutine)->tp_traverse(self->coroutine, visit, arg) : 0;
}

/* New reference, which the collector sees again; NULL without an exception where it is gone. */
static PyObject *take_coroutine(sb_call *self)
{
    PyObject *coroutine = self->coroutine;
    self->coroutine = NULL;
    if (coroutine != NULL) {
        PyObject_GC_Track(coroutine);
    }
    return coroutine;
}

/* Closing what was not begun runs none of its code. */
static void close_coroutine(sb_call *self)
{
    PyObject *coroutine = take_coroutine(self);
    if (coroutine != NULL) {
        PyObject *pending = PyErr_GetRaisedException();
        /* The type cache holds every string that it is asked for: of the one that is interned, one. */
        PyObject *name = PyUnicode_InternFromString("close");
        PyObject *done = name != NULL ? PyObject_CallMethodNoArgs(coroutine, name) : NULL;
        if (done == NULL) {
            PyErr_WriteUnraisable(coroutine);
        }
        Py_XDECREF(name);
        Py_XDECREF(done);
        PyErr_SetRaisedException(pending);
        Py_DECREF(coroutine);
    }
}

static int call_clear(PyObject *op)
{
    close_coroutine((sb_call *)op);
    return 0;
}

static void call_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    close_coroutine((sb_call *)op);
    Py_DECREF(((sb_call *)op)->gate);
    type->tp_free(op);
    Py_DECREF(type);
}

/* This thread's cell of the call's target; a coroutine may go on in another thread than it began in. NULL: out of
 * memory. It stays where it is until the next call of this function. */
static sb_cell *cell_of(const sb_call *self)
{
    sb_toll *toll = self->gate->toll;
    sb_thread *thread = sb_counters_thread(&toll->counters);
    sb_cell *cell = thread != NULL ? sb_counters_find(thread, self->cells) : NULL;
    if (cell == NULL) {
        SB_LOCK(&toll->lock);
        thread = sb_counters_thread_locked(&toll->counters);
        cell = thread != NULL ? sb_counters_find(thread, self->cells) : NULL;
        if (cell == NULL && thread != NULL) {
            cell = sb_toll_insert_locked(toll, thread, self->cells, self->target);
        }
        if (cell == NULL) {
            sb_add(&toll->lost, 1);
        }
        SB_UNLOCK(&toll->lock);
    }
    return cell;
}

/* No page is obeyed in this mode, so a count says all. */
static PyObject *call_begin(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_call *self = (sb_call *)op;
    const sb_toll *toll = self->gate->toll;
    sb_cell *cell = sb_plan_look(&toll->plan) != 0 ? cell_of(self) : NULL;
    self->due = cell != NULL ? sb_debt_due(sb_toll_count(toll, cell), toll->delay->clock) : 0;
    if (self->due == 0) {
        return PyLong_FromLong(0);
    }
    self->pause = self->due - (cell->carry < self->due / 2 ? cell->carry : self->due / 2);
    self->began = sb_clock_ticks(toll->delay->clock);
    return PyLong_FromDouble(sb_delay_ns(toll->delay, self->pause));
}

static sb_amount elapsed(const sb_call *self)
{
    const int64_t ticks = sb_clock_ticks(self->gate->toll->delay->clock) - self->began;
    return (ticks > 0 ? ticks : 0) * (1 << SB_TICK_SHIFT);
}

/* Books a pause that took `spent` of what was `due`, once. */
static void book(sb_call *self, sb_amount due, const sb_spent *spent)
{
    sb_cell *cell = due > 0 ? cell_of(self) : NULL;
    self->due = 0;
    if (cell != NULL) {
        sb_book(cell, due, spent);
    }
}

/* What is to be taken off the next pause: how late this one's resumption was, smoothed. */
static sb_amount learn(const sb_delay *delay, sb_amount carry, sb_amount lateness, bool guides, sb_amount limit)
{
    const sb_amount most = sb_delay_amount(delay, MOST_CARRY_NS);
    if (!guides) {
        carry += limit / LEARNT_OF_LATE;
    }
    else {
        carry += carry == 0 ? lateness : (lateness - carry) / LEARNT_PART;
    }
    return carry < 0 ? 0 : carry > most ? most : carry;
}

static PyObject *call_end(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_call *self = (sb_call *)op;
    const sb_delay *delay = self->gate->toll->delay;
    const sb_amount due = self->due, took = elapsed(self), over = took - due;
    sb_amount limit = sb_delay_amount(delay, LATE_NS);
    limit = limit > due / LATE_PART ? limit : due / LATE_PART;
    const bool late = over > limit;
    sb_cell *cell = due > 0 ? cell_of(self) : NULL;
    if (cell != NULL) {
        cell->carry = learn(delay, cell->carry, took - self->pause, !late, limit);
    }
    book(self, due, &(sb_spent){.delivered = late ? due : took, .late = late ? over : 0});
    Py_RETURN_NONE;
}

static PyObject *call_cut_short(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_call *self = (sb_call *)op;
    const sb_amount took = elapsed(self), due = took < self->due ? took : self->due;
    book(self, due, &(sb_spent){.delivered = due});
    close_coroutine(self);
    Py_RETURN_NONE;
}

static PyObject *call_miss(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    sb_call *self = (sb_call *)op;
    book(self, self->due, &(sb_spent){0});
    Py_RETURN_NONE;
}

static PyObject *call_coroutine(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    PyObject *coroutine = take_coroutine((sb_call *)op);
    if (coroutine == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
    }
    return coroutine;
}

static PyMethodDef call_methods[] = {
    {"begin", call_begin, METH_NOARGS,
     "begin($self, /)\n--\n\nCount the call, and say for how many ns to pause; 0: not at all."},
    {"end", call_end, METH_NOARGS, "end($self, /)\n--\n\nThe pause is over: book it."},
    {"cut_short", call_cut_short, METH_NOARGS,
     "cut_short($self, /)\n--\n\n"
     "The program ended the pause, by cancelling: book what there was of it, and close the coroutine."},
    {"miss", call_miss, METH_NOARGS,
     "miss($self, /)\n--\n\nNo pause was possible: book that it was asked for, and not delivered."},
    {"coroutine", call_coroutine, METH_NOARGS, "coroutine($self, /)\n--\n\nThe coroutine, once: to be awaited."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot call_slots[] = {
    {Py_tp_doc, (void *)"A call of a coroutine function that a Session of mode 'await' slows."},
    {Py_tp_traverse, call_traverse},
    {Py_tp_clear, call_clear},
    {Py_tp_dealloc, call_dealloc},
    {Py_tp_methods, call_methods},
    {0, NULL},
};

PyType_Spec sb_call_spec = {
    .name = "pytest_speedbump._core.Call",
    .basicsize = sizeof(sb_call),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = call_slots,
};

/* Steals the coroutine. New reference: the one that is given out instead, or NULL with an exception set. */
static PyObject *give_out(sb_gate *gate, const hook *one, PyObject *coroutine)
{
    sb_call *call = PyObject_GC_New(sb_call, gate->call_type);
    if (call == NULL) {
        Py_DECREF(coroutine);
        return NULL;
    }
    call->gate = (sb_gate *)Py_NewRef(gate);
    call->coroutine = coroutine;
    PyObject_GC_UnTrack(coroutine);
    call->cells = one->cells;
    call->target = one->target;
    call->due = call->pause = call->began = 0;
    PyObject_GC_Track(call);
    PyObject *outer = PyObject_CallOneArg(one->later, (PyObject *)call);
    Py_DECREF(call);
    return outer;
}

/* What a function that never was, or is no more, armed is called by. It is the same in all interpreters. */
static _Atomic(vectorcallfunc) usual;

/* The pointer that the swapped functions have. Where somebody has stored it, it may be called for ever. */
static PyObject *enter(PyObject *function, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    sb_gate *gate = armed_gate();
    const hook *one = gate != NULL ? find(gate, function) : NULL;
    const bool ours = one != NULL && one->function != NULL && one->original != NULL;
    const vectorcallfunc original = ours ? one->original : atomic_load_explicit(&usual, memory_order_relaxed);
    PyObject *result = original(function, args, nargsf, kwnames);
    /* Its code may have been replaced by such as makes no coroutine. */
    if (ours && result != NULL && PyCoro_CheckExact(result) && sb_plan_look(&gate->toll->plan) != 0) {
        result = give_out(gate, one, result);
    }
    Py_XDECREF(gate);
    return result;
}

/* ---- the injector ---- */

typedef struct {
    sb_injector base;
    sb_gate *gate; /* Owned. */
} await_injector;

/* The interpreter's dictionary, borrowed; NULL where the interpreter ends. */
static PyObject *dictionary(void)
{
    return PyInterpreterState_GetDict(PyInterpreterState_Get());
}

static void plant(hook *one)
{
    PyFunctionObject *function = one->function;
    one->original = function->vectorcall;
    one->version = __atomic_load_n(&function->func_version, __ATOMIC_RELAXED);
    one->code = Py_NewRef(function->func_code);
    one->defaults = Py_XNewRef(function->func_defaults);
    one->kwdefaults = Py_XNewRef(function->func_kwdefaults);
    one->closure = Py_XNewRef(function->func_closure);
    PyFunction_SetVectorcall(function, enter); /* clears the version, by which calls are inlined */
}

static void uproot(hook *one)
{
    PyFunctionObject *function = one->function;
    if (function->vectorcall == enter) {
        PyFunction_SetVectorcall(function, one->original);
        if (function->func_code == one->code && function->func_defaults == one->defaults &&
            function->func_kwdefaults == one->kwdefaults && function->func_closure == one->closure) {
            __atomic_store_n(&function->func_version, one->version, __ATOMIC_RELAXED);
        }
    }
}

static void forget(hook *one)
{
    Py_CLEAR(one->code);
    Py_CLEAR(one->defaults);
    Py_CLEAR(one->kwdefaults);
    Py_CLEAR(one->closure);
}

static int await_arm(sb_injector *base)
{
    sb_gate *gate = ((await_injector *)base)->gate;
    PyObject *dict = dictionary(), *other = dict != NULL ? sb_dict_get(dict, GATE_KEY) : NULL;
    if (other != NULL) {
        Py_DECREF(other);
        PyErr_SetString(PyExc_RuntimeError, "another copy of pytest_speedbump slows coroutine functions already; an "
                                            "interpreter can run one bump at a time");
        return -1;
    }
    if (dict == NULL || PyDict_SetItem(dict, gate->key, gate->myself) < 0) {
        return PyErr_Occurred() ? -1 : (PyErr_NoMemory(), -1);
    }
    for (size_t i = 0; i <= gate->mask; i++) {
        if (gate->hooks[i].function != NULL) {
            plant(&gate->hooks[i]);
        }
    }
    sb_exchange(&gate->armed, 1);
    return 0;
}

static bool await_disarm(sb_injector *base)
{
    sb_gate *gate = ((await_injector *)base)->gate;
    if (sb_exchange(&gate->armed, 0) != 1) {
        return false;
    }
    PyObject *pending = PyErr_GetRaisedException();
    for (size_t i = 0; i <= gate->mask; i++) {
        if (gate->hooks[i].function != NULL) {
            uproot(&gate->hooks[i]);
        }
    }
    PyObject *dict = dictionary();
    if (dict != NULL && PyDict_DelItem(dict, gate->key) < 0) {
        PyErr_Clear(); /* where the interpreter ends it may be a new one */
    }
    for (size_t i = 0; i <= gate->mask; i++) {
        forget(&gate->hooks[i]); /* the last, because it may run any code */
    }
    PyErr_SetRaisedException(pending);
    return true;
}

static int await_is_intact(sb_injector *base)
{
    const sb_gate *gate = ((await_injector *)base)->gate;
    if (!sb_look(&gate->armed)) {
        return 0;
    }
    for (size_t i = 0; i <= gate->mask; i++) {
        const PyFunctionObject *function = gate->hooks[i].function;
        if (function != NULL && function->vectorcall != enter) {
            return 0;
        }
    }
    return 1;
}

static int await_traverse(const sb_injector *base, visitproc visit, void *arg)
{
    Py_VISIT(((const await_injector *)base)->gate);
    return 0;
}

static void await_free(sb_injector *base)
{
    await_injector *self = (await_injector *)base;
    if (self != NULL) {
        Py_XDECREF(self->gate);
        PyMem_Free(self);
    }
}

static const sb_mechanism AWAIT = {
    .arm = await_arm,
    .disarm = await_disarm,
    .is_intact = await_is_intact,
    .traverse = await_traverse,
    .free = await_free,
};

/* The index of the target whose starts are those of `code`, known or new: functions may share their code. Returns
 * SB_TARGET_ERROR where memory ran out. */
static Py_ssize_t target_of(sb_toll *toll, PyObject *code, PyObject *module, int pattern)
{
    SB_LOCK(&toll->lock);
    sb_thread *thread = sb_counters_thread_locked(&toll->counters);
    const sb_cell *cell = thread != NULL ? sb_counters_find(thread, code) : NULL;
    Py_ssize_t target = cell != NULL ? (Py_ssize_t)cell->target : SB_TARGET_ERROR;
    if (cell == NULL && thread != NULL) {
        const sb_target found = {.kind = SB_START, .what = code, .module = module, .pattern = pattern};
        target = sb_targets_add(&toll->targets, &found);
        if (target >= 0 && sb_toll_insert_locked(toll, thread, code, (size_t)target) == NULL) {
            target = SB_TARGET_ERROR;
        }
    }
    SB_UNLOCK(&toll->lock);
    return target;
}

/* Adds the function and its target. Returns 0, or -1 with an exception set. */
static int add(sb_gate *gate, PyObject *item, PyObject *later)
{
    PyObject *module, *qualname, *function;
    int pattern;
    if (!PyArg_ParseTuple(item, "UUO!i", &module, &qualname, &PyFunction_Type, &function, &pattern)) {
        return -1;
    }
    PyObject *code = PyFunction_GET_CODE(function);
    hook *one = find(gate, function);
    if (one->function != NULL) {
        return 0;
    }
    if (!(((PyCodeObject *)code)->co_flags & CO_COROUTINE)) {
        PyErr_Format(PyExc_TypeError, "%R is no coroutine function", function);
        return -1;
    }
    PyObject *own_later = PyObject_CallOneArg(later, function);
    if (own_later == NULL) {
        return -1;
    }
    const Py_ssize_t target = target_of(gate->toll, code, module, pattern);
    if (target < 0) {
        Py_DECREF(own_later);
        PyErr_NoMemory();
        return -1;
    }
    *one = (hook){
        .function = (PyFunctionObject *)Py_NewRef(function),
        .later = own_later,
        .cells = code,
        .target = (size_t)target,
    };
    return 0;
}

/* Remembers what functions are usually called by: that is what a new one has. Returns 0, or -1 with an exception set.
 */
static int learn_usual(void)
{
    PyCodeObject *code = PyCode_NewEmpty("<pytest_speedbump>", "nothing", 1);
    PyObject *globals = PyDict_New();
    PyObject *function = code != NULL && globals != NULL ? PyFunction_New((PyObject *)code, globals) : NULL;
    if (function != NULL) {
        atomic_store_explicit(&usual, ((PyFunctionObject *)function)->vectorcall, memory_order_relaxed);
    }
    Py_XDECREF(code);
    Py_XDECREF(globals);
    Py_XDECREF(function);
    return function != NULL ? 0 : -1;
}

/* With room for `n` functions. NULL with an exception set. */
static sb_gate *gate_new(sb_state *state, sb_toll *toll, size_t n)
{
    sb_gate *self = PyObject_GC_New(sb_gate, state->gate_type);
    if (self == NULL) {
        return NULL;
    }
    self->toll = sb_toll_share(toll);
    self->call_type = (PyTypeObject *)Py_NewRef(state->call_type);
    self->module = Py_NewRef(PyType_GetModule(state->gate_type));
    self->mask = 1;
    while (self->mask < 2 * n) {
        self->mask = 2 * self->mask + 1;
    }
    self->armed = 0;
    self->hooks = PyMem_Calloc(self->mask + 1, sizeof *self->hooks);
    self->key = PyUnicode_FromString(GATE_KEY);
    self->myself = PyWeakref_NewRef((PyObject *)self, NULL);
    PyObject_GC_Track(self);
    if (self->hooks == NULL || self->key == NULL || self->myself == NULL) {
        Py_DECREF(self);
        return (sb_gate *)(PyErr_Occurred() ? NULL : PyErr_NoMemory());
    }
    return self;
}

sb_injector *sb_inject_await(sb_state *state, sb_toll *toll, PyObject *found, PyObject *later)
{
    if (found == NULL || later == NULL || !PyCallable_Check(later)) {
        PyErr_SetString(PyExc_TypeError, "a session of mode 'await' needs `found` and `later`");
        return NULL;
    }
    PyObject *items = PySequence_Tuple(found);
    await_injector *self = items != NULL ? PyMem_Calloc(1, sizeof *self) : NULL;
    if (self == NULL) {
        Py_XDECREF(items);
        return (sb_injector *)(PyErr_Occurred() ? NULL : PyErr_NoMemory());
    }
    self->base.mechanism = &AWAIT;
    self->gate = learn_usual() == 0 ? gate_new(state, toll, (size_t)PyTuple_GET_SIZE(items)) : NULL;
    bool made = self->gate != NULL;
    for (Py_ssize_t i = 0; made && i < PyTuple_GET_SIZE(items); i++) {
        made = add(self->gate, PyTuple_GET_ITEM(items, i), later) == 0;
    }
    Py_DECREF(items);
    if (!made) {
        await_free(&self->base);
        return NULL;
    }
    return &self->base;
}
