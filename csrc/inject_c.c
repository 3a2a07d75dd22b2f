/* Callables implemented in C, in place; see injector.h. */
#include "injector.h"
#include "planting.h"
#include "time_c.h"

#include <assert.h>

/* Where a callable's pointer to its function is. */
typedef struct {
    void **place;
    const void *function; /* to go on to */
} spot;

/* What a type's tp_call would be called with, for a type that has no tp_vectorcall (CPython, Objects/call.c,
 * _PyObject_MakeTpCall). */
static PyObject *call_type(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    const Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    PyObject *tuple = PyTuple_New(n), *dict = NULL, *result = NULL;
    if (tuple == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    }
    if (kwnames != NULL && PyTuple_GET_SIZE(kwnames) > 0) {
        dict = PyDict_New();
        for (Py_ssize_t i = 0; dict != NULL && i < PyTuple_GET_SIZE(kwnames); i++) {
            if (PyDict_SetItem(dict, PyTuple_GET_ITEM(kwnames, i), args[n + i]) < 0) {
                Py_CLEAR(dict);
            }
        }
        if (dict == NULL) {
            goto done;
        }
    }
    result = Py_TYPE(type)->tp_call(type, tuple, dict);
done:
    Py_DECREF(tuple);
    Py_XDECREF(dict);
    return result;
}

/* ---- a call ---- */

/* The slot's call is counted, and delayed; the callable's caller holds it meanwhile. A handler of a signal that the
 * delay polls for may call it anew, and another thread may disarm: the slot and the cell stay where they are. */
static int enter(sb_slot *slot)
{
    const sb_word word = sb_load_acquire(slot->word);
    if (word == 0 || PyInterpreterState_Get() != slot->interpreter) {
        return 0;
    }
    sb_cell *cell = sb_slot_cell(slot);
    if (cell == NULL) {
        return 0;
    }
    const sb_amount due = sb_word_due(word, slot->target, sb_add(&cell->calls, 1));
    if (due == 0) {
        return 0;
    }
    sb_amount carry = cell->carry;
    sb_spent spent;
    const int result = sb_spend(slot->delay, (sb_mode)slot->mode, due, &carry, &spent);
    cell->carry = carry;
    sb_book(cell, due, &spent);
    return result;
}

/* ---- the injector ---- */

typedef struct {
    sb_injector base;
    sb_planting planting;
    PyObject *found; /* Owned: a tuple of (module, qualname, object, pattern), one a hold */
} c_injector;

/* Returns 0, or -1 with TypeError set. */
static int find_spot(PyObject *object, spot *found)
{
    if (PyCFunction_Check(object)) {
        PyMethodDef *def = ((PyCFunctionObject *)object)->m_ml;
        found->place = (void **)(void *)&def->ml_meth;
    }
    else if (Py_IS_TYPE(object, &PyMethodDescr_Type) || Py_IS_TYPE(object, &PyClassMethodDescr_Type)) {
        PyMethodDef *def = ((PyMethodDescrObject *)object)->d_method;
        found->place = (void **)(void *)&def->ml_meth;
    }
    else if (PyType_Check(object)) {
        found->place = (void **)(void *)&((PyTypeObject *)object)->tp_vectorcall;
    }
    else if (PyType_HasFeature(Py_TYPE(object), Py_TPFLAGS_HAVE_VECTORCALL) && PyVectorcall_Function(object) != NULL) {
        found->place = (void **)(void *)((char *)object + Py_TYPE(object)->tp_vectorcall_offset);
    }
    else {
        PyErr_Format(PyExc_TypeError, "%R is not called through a pointer of its own", object);
        return -1;
    }
    found->function = *found->place != NULL ? *found->place : (const void *)(uintptr_t)call_type;
    return 0;
}

static int c_arm(sb_injector *base)
{
    c_injector *self = (c_injector *)base;
    sb_maps maps;
    int result = sb_maps_read(&maps);
    if (result < 0) {
        PyErr_SetFromErrnoWithFilename(PyExc_OSError, "/proc/self/maps");
    }
    for (size_t i = 0; i < self->planting.n_holds && result == 0; i++) {
        spot spot;
        PyObject *object = PyTuple_GET_ITEM(PyTuple_GET_ITEM(self->found, (Py_ssize_t)i), 2);
        result = find_spot(object, &spot);
        if (result == 0 && sb_planting_plant(&self->planting, i, spot.place, *spot.place, &maps) < 0) {
            result = -1;
        }
    }
    sb_maps_release(&maps);
    if (result < 0) {
        sb_planting_uproot(&self->planting, true);
        return -1;
    }
    sb_planting_arm(&self->planting);
    return 0;
}

static bool c_disarm(sb_injector *base)
{
    return sb_planting_uproot(&((c_injector *)base)->planting, false);
}

static int c_is_intact(sb_injector *base)
{
    return sb_planting_is_intact(&((c_injector *)base)->planting);
}

static void c_sum_locked(const sb_injector *base, sb_counts *sums, size_t n)
{
    sb_planting_sum_locked(&((const c_injector *)base)->planting, sums, n);
}

static void c_total_locked(const sb_injector *base, sb_counts *sum)
{
    sb_planting_total_locked(&((const c_injector *)base)->planting, sum);
}

static int c_traverse(const sb_injector *base, visitproc visit, void *arg)
{
    Py_VISIT(((const c_injector *)base)->found);
    return 0;
}

static void c_free(sb_injector *base)
{
    c_injector *self = (c_injector *)base;
    if (self != NULL) {
        sb_planting_fini(&self->planting);
        Py_XDECREF(self->found);
        PyMem_Free(self);
    }
}

static const sb_mechanism C = {
    .arm = c_arm,
    .disarm = c_disarm,
    .is_intact = c_is_intact,
    .sum_locked = c_sum_locked,
    .total_locked = c_total_locked,
    .traverse = c_traverse,
    .free = c_free,
};

/* Adds the target and its hold. Returns 0, or -1 with an exception set. */
static int add(c_injector *self, sb_toll *toll, PyObject *item)
{
    PyObject *module, *qualname, *object;
    sb_target target = {.kind = SB_C};
    spot spot;
    if (!PyArg_ParseTuple(item, "UUOi", &module, &qualname, &object, &target.pattern) || find_spot(object, &spot) < 0) {
        return -1;
    }
    target.module = module;
    target.what = qualname;
    SB_LOCK(&toll->lock);
    const Py_ssize_t index = sb_targets_add(&toll->targets, &target);
    SB_UNLOCK(&toll->lock);
    if (index < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return sb_planting_add(&self->planting, spot.function, (size_t)index) < 0 ? -1 : 0;
}

sb_injector *sb_inject_c(sb_toll *toll, PyObject *found)
{
    PyObject *items = found != NULL ? PySequence_Tuple(found) : PyTuple_New(0);
    c_injector *self = items != NULL ? PyMem_Calloc(1, sizeof *self) : NULL;
    if (self == NULL) {
        Py_XDECREF(items);
        return (sb_injector *)(PyErr_Occurred() ? NULL : PyErr_NoMemory());
    }
    self->base.mechanism = &C;
    self->found = items;
    sb_planting_init(&self->planting, toll, toll->mode == SB_TIME ? sb_time_c_enter : enter);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items); i++) {
        if (add(self, toll, PyTuple_GET_ITEM(items, i)) < 0) {
            c_free(&self->base);
            return NULL;
        }
    }
    return &self->base;
}
