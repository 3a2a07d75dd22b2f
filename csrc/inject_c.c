/* Callables implemented in C, in place; see injector.h. */
#include "injector.h"
#include "patterns.h"
#include "planting.h"
#include "time_c.h"

#include <stddef.h>
#include <string.h>

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

/* Called without a detour through the linker's table: it is asked in every call. */
#if defined(__has_attribute)
#if __has_attribute(noplt)
extern PyThreadState *PyThreadState_GetUnchecked(void) __attribute__((noplt));
#endif
#endif

/* Not inlined, and fenced, as in enter_native.c. A handler of a signal that the delay polls for may call the callable
 * anew, disarm, even arm another session: the cell stays where it is, and who holds the slot then is not charged. */
__attribute__((noinline)) static int delay_call(sb_slot *slot, sb_cell *cell, const sb_atomic_i64 *plan, sb_debt debt)
{
    if (debt == SB_SHARED) {
        debt = sb_slot_page_debt(slot, plan, cell);
    }
    const sb_amount due = sb_debt_due(debt, slot->delay->clock);
    if (due == 0) {
        return 0;
    }
    sb_amount carry = cell->carry;
    sb_spent spent;
    sb_clock_dally(0);
    const int result = sb_spend(slot->delay, (sb_mode)slot->mode, due, &carry, &spent);
    sb_clock_dally(0);
    if (slot->word == plan) {
        cell->carry = carry;
        sb_book(cell, due, &spent);
    }
    return result;
}

/* The slot's call is counted, and delayed; the callable's caller holds it meanwhile. Types and functions are shared by
 * all interpreters, and those that did not ask are let pass. */
int sb_enter_c(sb_slot *slot)
{
    const sb_atomic_i64 *plan = atomic_load_explicit(&slot->word, memory_order_relaxed);
    const sb_word word = sb_load_acquire(plan);
    const PyThreadState *thread = PyThreadState_GetUnchecked();
    if (word == 0 || thread == NULL ||
        thread->interp != atomic_load_explicit(&slot->interpreter, memory_order_relaxed)) {
        return 0;
    }
    sb_cell *cell = sb_slot_cell(slot);
    if (cell == NULL) {
        return 0;
    }
    const size_t target = atomic_load_explicit(&slot->target, memory_order_relaxed);
    const sb_debt debt = sb_word_count(word, cell, target);
    return debt == 0 ? 0 : delay_call(slot, cell, plan, debt);
}

/* ---- where it is called through ---- */

static bool has_vectorcall(PyTypeObject *type)
{
    return PyType_HasFeature(type, Py_TPFLAGS_HAVE_VECTORCALL);
}

static void **place_of_def(PyMethodDef *def)
{
    return (void **)(void *)&def->ml_meth;
}

/* A class statement's type, unlike one of C, owns no copy of its name. */
static bool is_class_statement(PyTypeObject *type)
{
    return PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && ((PyHeapTypeObject *)type)->_ht_tpname == NULL;
}

static void **place_of_type(PyTypeObject *type, const char **obstacle)
{
    PyTypeObject *meta = Py_TYPE(type);
    if (!has_vectorcall(meta) || meta->tp_vectorcall_offset != (Py_ssize_t)offsetof(PyTypeObject, tp_vectorcall)) {
        *obstacle = "metaclass";
        return NULL;
    }
    if (is_class_statement(type)) {
        *obstacle = "python";
        return NULL;
    }
    return (void **)(void *)&type->tp_vectorcall;
}

/* Of slots, that of a call is reached in the type. */
static void **place_of_wrapper(PyWrapperDescrObject *wrapper, const char **obstacle)
{
    PyTypeObject *type = wrapper->d_common.d_type;
    const bool calls = wrapper->d_base->offset == (int)offsetof(PyTypeObject, tp_call);
    if (calls && !has_vectorcall(type)) {
        return (void **)(void *)&type->tp_call;
    }
    *obstacle = calls ? "vectorcall" : "slot";
    return NULL;
}

void **sb_c_place(PyObject *object, const char **obstacle)
{
    PyTypeObject *type = Py_TYPE(object);
    *obstacle = NULL;
    if (PyCFunction_Check(object)) {
        const PyCFunctionObject *function = (const PyCFunctionObject *)object;
        if (function->m_self != NULL && PyType_Check(function->m_self) &&
            strcmp(function->m_ml->ml_name, "__new__") == 0) {
            *obstacle = "new";
            return NULL;
        }
        return place_of_def(function->m_ml);
    }
    if (Py_IS_TYPE(object, &PyMethodDescr_Type) || Py_IS_TYPE(object, &PyClassMethodDescr_Type)) {
        return place_of_def(((PyMethodDescrObject *)object)->d_method);
    }
    if (Py_IS_TYPE(object, &PyWrapperDescr_Type)) {
        return place_of_wrapper((PyWrapperDescrObject *)object, obstacle);
    }
    if (PyType_Check(object)) {
        return place_of_type((PyTypeObject *)object, obstacle);
    }
    if (PyFunction_Check(object) || PyMethod_Check(object)) {
        *obstacle = "python";
    }
    else if (!has_vectorcall(type) || PyVectorcall_Function(object) == NULL) {
        *obstacle = type->tp_call != NULL ? "call" : "data";
    }
    else {
        return (void **)(void *)((char *)object + type->tp_vectorcall_offset);
    }
    return NULL;
}

/* ---- traces ---- */

/* CPython's JIT (3.15) writes the pointers of C functions into the traces that it compiles, where no swap of ours would
 * be seen. So all traces are thrown away after a swap. Returns what does that, a new reference; NULL, without an
 * exception, where nothing need be done. */
static PyObject *find_trace_cleaner(void)
{
    PyObject *jit = PySys_GetObject("_jit"); /* borrowed; from 3.14 on */
    PyObject *enabled = jit != NULL ? PyObject_CallMethod(jit, "is_enabled", NULL) : NULL;
    PyObject *cleaner = enabled == Py_True ? Py_XNewRef(PySys_GetObject("_clear_internal_caches")) : NULL;
    Py_XDECREF(enabled);
    PyErr_Clear();
    return cleaner;
}

/* ---- the injector ---- */

typedef struct {
    void **place;   /* NULL: free */
    uint16_t lists; /* of all names of the place, as they came together */
    bool is_added;
} entry;

typedef struct {
    sb_injector base;
    sb_planting planting;
    PyObject *found; /* Owned: a list of (module, qualname, object, pattern), one a hold; it keeps the places alive */
    PyObject *patterns; /* Owned. */
    PyObject *cleaner;  /* Owned. NULL: there is no JIT. */
    entry *entries;     /* Owned; open addressing, mask + 1 of them, half of which are free: the holds by place. */
    size_t mask;
} c_injector;

static void forget_traces(const c_injector *self)
{
    if (self->cleaner != NULL) {
        PyObject *exception = PyErr_GetRaisedException();
        Py_XDECREF(PyObject_Vectorcall(self->cleaner, NULL, 0, NULL));
        PyErr_SetRaisedException(exception);
    }
}

/* Returns NULL with TypeError set where there is none. */
static void **find_place(PyObject *object)
{
    const char *obstacle;
    void **place = sb_c_place(object, &obstacle);
    if (place == NULL) {
        PyErr_Format(PyExc_TypeError, "%R is not called through a pointer that could be swapped (%s)", object,
                     obstacle);
    }
    return place;
}

/* What is there may be a thunk of ours, which a type or another tool has copied from its place: it is not gone through
 * twice. Returns 0, or -1 with an exception set. */
static int plant(c_injector *self, size_t at, const sb_maps *maps)
{
    PyObject *item = PyList_GET_ITEM(self->found, (Py_ssize_t)at);
    void **place = find_place(PyTuple_GET_ITEM(item, 2));
    if (place == NULL) {
        return -1;
    }
    int planted = 0;
    while (planted == 0) {
        void *there = __atomic_load_n(place, __ATOMIC_ACQUIRE);
        const sb_slot *slot = sb_slot_of(there);
        if (slot != NULL && slot->held) {
            PyErr_Format(PyExc_RuntimeError,
                         "%U.%U is slowed already, by another interpreter of this process; wait until it is done",
                         PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1));
            return -1;
        }
        self->planting.holds[at].function = slot != NULL    ? slot->function
                                            : there != NULL ? there
                                                            : (const void *)(uintptr_t)call_type;
        planted = sb_planting_plant(&self->planting, at, place, there, maps);
    }
    return planted < 0 ? -1 : 0;
}

/* From hold `begin` on. Returns 0, or -1 with an exception set. */
static int plant_all(c_injector *self, size_t begin)
{
    sb_maps maps;
    int result = sb_maps_read(&maps);
    if (result < 0) {
        PyErr_SetFromErrnoWithFilename(PyExc_OSError, "/proc/self/maps");
    }
    for (size_t i = begin; i < self->planting.n_holds && result == 0; i++) {
        result = plant(self, i, &maps);
    }
    sb_maps_release(&maps);
    return result;
}

static int c_arm(sb_injector *base)
{
    c_injector *self = (c_injector *)base;
    sb_planting_lock(&self->planting);
    const int result = plant_all(self, 0);
    if (result < 0) {
        sb_planting_uproot(&self->planting, true);
    }
    else {
        sb_planting_arm(&self->planting);
    }
    sb_planting_unlock(&self->planting);
    forget_traces(self);
    return result;
}

static bool c_disarm(sb_injector *base)
{
    c_injector *self = (c_injector *)base;
    sb_planting_lock(&self->planting);
    const bool disarmed = sb_planting_uproot(&self->planting, false);
    sb_planting_unlock(&self->planting);
    if (disarmed) {
        forget_traces(self);
    }
    return disarmed;
}

static int c_is_intact(sb_injector *base)
{
    c_injector *self = (c_injector *)base;
    sb_planting_lock(&self->planting);
    const int intact = sb_planting_is_intact(&self->planting);
    sb_planting_unlock(&self->planting);
    return intact;
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
    Py_VISIT(((const c_injector *)base)->patterns);
    Py_VISIT(((const c_injector *)base)->cleaner);
    return 0;
}

static void c_free(sb_injector *base)
{
    c_injector *self = (c_injector *)base;
    if (self != NULL) {
        sb_planting_fini(&self->planting);
        Py_XDECREF(self->found);
        Py_XDECREF(self->patterns);
        Py_XDECREF(self->cleaner);
        PyMem_RawFree(self->entries);
        PyMem_Free(self);
    }
}

/* ---- what was found ---- */

static entry *find_entry(const c_injector *self, void **place)
{
    size_t i = sb_pointer_hash(place);
    while (self->entries[i & self->mask].place != NULL && self->entries[i & self->mask].place != place) {
        i++;
    }
    return &self->entries[i & self->mask];
}

/* Room for `n` entries. Returns 0, or -1 with MemoryError set. */
static int make_entries(c_injector *self, size_t n)
{
    const c_injector old = *self;
    const size_t size = old.entries != NULL ? old.mask + 1 : 0;
    size_t wanted = 16;
    while (wanted < 2 * n) {
        wanted *= 2;
    }
    if (wanted <= size) {
        return 0;
    }
    entry *entries = PyMem_RawCalloc(wanted, sizeof *entries);
    if (entries == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->entries = entries;
    self->mask = wanted - 1;
    for (size_t i = 0; i < size; i++) {
        if (old.entries[i].place != NULL) {
            *find_entry(self, old.entries[i].place) = old.entries[i];
        }
    }
    PyMem_RawFree(old.entries);
    return 0;
}

/* Returns 0, or -1 with an exception set. The target's strs are the item's. */
static int read_item(PyObject *item, sb_target *target, void ***place)
{
    PyObject *object;
    *target = (sb_target){.kind = SB_C};
    if (!PyTuple_Check(item)) {
        PyErr_Format(PyExc_TypeError, "what was found is a tuple of (module, qualname, object, pattern), not %R", item);
        return -1;
    }
    if (!PyArg_ParseTuple(item, "UUOi", &target->module, &target->what, &object, &target->pattern)) {
        return -1;
    }
    *place = find_place(object);
    return *place != NULL ? 0 : -1;
}

/* Notes the item's lists in the entry of its place, if that is not added yet. Returns 0, or -1 with an exception set.
 */
static int note_lists(c_injector *self, PyObject *item)
{
    sb_target target;
    void **place;
    if (read_item(item, &target, &place) < 0 || sb_target_put_lists(&target, sb_patterns_of(self->patterns)) < 0) {
        return -1;
    }
    entry *noted = find_entry(self, place);
    noted->place = place;
    noted->lists |= noted->is_added ? 0 : target.lists;
    return 0;
}

/* Adds the target and its hold. Of two names of one place the first one counts, for the lists of both; the second is a
 * target nevertheless where it is `first_time` that anything is added, so that each name has its row. Returns 0, or -1
 * with an exception set. */
static int add_item(c_injector *self, PyObject *item, bool first_time)
{
    sb_toll *toll = self->planting.toll;
    sb_target target;
    void **place;
    if (read_item(item, &target, &place) < 0) {
        return -1;
    }
    entry *noted = find_entry(self, place);
    if (noted->is_added && !first_time) {
        return 0;
    }
    target.lists = noted->lists;
    SB_LOCK(&toll->lock);
    const Py_ssize_t index = sb_targets_add(&toll->targets, &target);
    SB_UNLOCK(&toll->lock);
    if (index < 0) {
        PyErr_NoMemory();
        return -1;
    }
    if (!noted->is_added) {
        if (PyList_Append(self->found, item) < 0 || sb_planting_add(&self->planting, NULL, (size_t)index) < 0) {
            return -1;
        }
        noted->is_added = true;
    }
    return 0;
}

/* Whether all can be added. Nothing is locked: what an error shows of an item may be any code. As above. */
static int check_items(PyObject *items)
{
    int result = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items) && result == 0; i++) {
        sb_target target;
        void **place;
        result = read_item(PyTuple_GET_ITEM(items, i), &target, &place);
    }
    return result;
}

/* As above. */
static int add_items(c_injector *self, PyObject *items, bool first_time)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(items);
    int result = make_entries(self, self->planting.n_holds + (size_t)n);
    for (Py_ssize_t i = 0; i < n && result == 0; i++) {
        result = note_lists(self, PyTuple_GET_ITEM(items, i));
    }
    for (Py_ssize_t i = 0; i < n && result == 0; i++) {
        result = add_item(self, PyTuple_GET_ITEM(items, i), first_time);
    }
    return result;
}

static int c_add(sb_injector *base, PyObject *found)
{
    c_injector *self = (c_injector *)base;
    PyObject *items = PySequence_Tuple(found);
    if (items == NULL || check_items(items) < 0) {
        Py_XDECREF(items);
        return -1;
    }
    sb_planting_lock(&self->planting);
    const size_t before = self->planting.n_holds;
    int result = add_items(self, items, false);
    const bool planted = result == 0 && self->planting.n_holds > before && sb_look(&self->planting.armed) == 1;
    if (planted) {
        result = plant_all(self, before);
    }
    sb_planting_unlock(&self->planting);
    if (planted) {
        forget_traces(self);
    }
    Py_DECREF(items);
    return result;
}

static const sb_mechanism C = {
    .arm = c_arm,
    .disarm = c_disarm,
    .is_intact = c_is_intact,
    .add = c_add,
    .sum_locked = c_sum_locked,
    .total_locked = c_total_locked,
    .traverse = c_traverse,
    .free = c_free,
};

sb_injector *sb_inject_c(sb_toll *toll, PyObject *patterns, PyObject *found)
{
    PyObject *items = found != NULL ? PySequence_Tuple(found) : PyTuple_New(0);
    c_injector *self = items != NULL ? PyMem_Calloc(1, sizeof *self) : NULL;
    if (self == NULL) {
        Py_XDECREF(items);
        return (sb_injector *)(PyErr_Occurred() ? NULL : PyErr_NoMemory());
    }
    self->base.mechanism = &C;
    self->patterns = Py_NewRef(patterns);
    self->cleaner = find_trace_cleaner();
    sb_planting_init(&self->planting, toll, toll->mode == SB_TIME ? sb_time_c_enter : sb_enter_c);
    self->found = PyList_New(0);
    const bool made = self->found != NULL && check_items(items) == 0 && add_items(self, items, true) == 0;
    Py_DECREF(items);
    if (!made) {
        c_free(&self->base);
        return NULL;
    }
    return &self->base;
}
