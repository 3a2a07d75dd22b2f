/* Native symbols, in the slots of the dynamic linker; see injector.h and imports.h.
 *
 * A target is a function, by its address: names of one address are one target, which is called by the first that
 * matched. Many slots lead to it. They are looked for when the session is armed, and between rounds where a library was
 * loaded meanwhile.
 */
#include "injector.h"

#include "enter_native.h"
#include "imports.h"
#include "patterns.h"
#include "planting.h"

#include <string.h>

typedef struct {
    const void *function; /* NULL: free */
    size_t hold;
} entry;

typedef struct {
    sb_injector base;
    sb_planting planting;
    PyObject *patterns; /* Owned. */
    sb_imports imports; /* what is pinned, while armed */
    entry *entries;     /* Owned; open addressing, mask + 1 of them: the planting's holds by function. */
    size_t mask, used;
} native_injector;

/* ---- functions ---- */

static entry *find_entry(const native_injector *self, const void *function)
{
    size_t i = sb_pointer_hash(function);
    while (self->entries[i & self->mask].function != NULL && self->entries[i & self->mask].function != function) {
        i++;
    }
    return &self->entries[i & self->mask];
}

/* Room for one more. Returns 0, or -1 with MemoryError set. */
static int grow(native_injector *self)
{
    if (self->entries != NULL && (self->used + 1) * 2 <= self->mask) {
        return 0;
    }
    const native_injector old = *self;
    const size_t size = old.entries != NULL ? (old.mask + 1) * 2 : 64;
    self->entries = PyMem_RawCalloc(size, sizeof *self->entries);
    if (self->entries == NULL) {
        self->entries = old.entries;
        PyErr_NoMemory();
        return -1;
    }
    self->mask = size - 1;
    for (size_t i = 0; old.entries != NULL && i <= old.mask; i++) {
        if (old.entries[i].function != NULL) {
            *find_entry(self, old.entries[i].function) = old.entries[i];
        }
    }
    PyMem_RawFree(old.entries);
    return 0;
}

static int match(const native_injector *self, const sb_object *provider, const char *symbol, uint16_t *lists)
{
    const sb_named named = {.kind = SB_NATIVE,
                            .module = provider->name,
                            .module_length = strlen(provider->name),
                            .qualname = symbol,
                            .qualname_length = strlen(symbol),
                            .file = provider->path,
                            .file_length = strlen(provider->path)};
    return sb_patterns_match(sb_patterns_of(self->patterns), &named, lists);
}

static bool wants(void *context, const sb_object *provider, const char *symbol)
{
    const native_injector *self = context;
    return provider != NULL ? match(self, provider, symbol, NULL) >= 0
                            : sb_patterns_may_match_symbol(sb_patterns_of(self->patterns), symbol, strlen(symbol));
}

/* The index of the new target, or -1 with an exception set. */
static Py_ssize_t add_target(native_injector *self, const sb_object *provider, const char *symbol)
{
    sb_toll *toll = self->planting.toll;
    sb_target target = {.kind = SB_NATIVE};
    target.pattern = match(self, provider, symbol, &target.lists);
    target.module = PyUnicode_DecodeFSDefault(provider->name);
    target.what = PyUnicode_DecodeFSDefault(symbol);
    Py_ssize_t index = -1;
    if (target.module != NULL && target.what != NULL) {
        SB_LOCK(&toll->lock);
        index = sb_targets_add(&toll->targets, &target);
        SB_UNLOCK(&toll->lock);
        if (index < 0) {
            PyErr_NoMemory();
        }
    }
    Py_XDECREF(target.module);
    Py_XDECREF(target.what);
    return index < 0 ? -1 : index;
}

/* The index of the function's hold, or -1 with an exception set. */
static Py_ssize_t hold_of(native_injector *self, const sb_import *import)
{
    if (grow(self) < 0) {
        return -1;
    }
    entry *found = find_entry(self, import->function);
    if (found->function == NULL) {
        const Py_ssize_t target = add_target(self, &self->imports.objects[import->provider], import->symbol);
        const Py_ssize_t hold = target >= 0 ? sb_planting_add(&self->planting, import->function, (size_t)target) : -1;
        if (hold < 0) {
            return -1;
        }
        *found = (entry){.function = import->function, .hold = (size_t)hold};
        self->used++;
    }
    return (Py_ssize_t)found->hold;
}

/* ---- planting ---- */

/* Returns 0, or -1 with an exception set. */
static int plant_import(native_injector *self, const sb_import *import, const sb_maps *maps)
{
    const Py_ssize_t hold = hold_of(self, import);
    if (hold < 0) {
        return -1;
    }
    const sb_slot *planted = sb_slot_of(import->was);
    if (planted != NULL && planted == self->planting.holds[hold].slot) {
        return 0;
    }
    if (planted != NULL) {
        PyErr_Format(PyExc_RuntimeError,
                     "the native symbol %s is slowed by another interpreter of this process already", import->symbol);
        return -1;
    }
    int done = sb_planting_plant(&self->planting, (size_t)hold, import->place, import->was, maps);
    if (done == 0) { /* another thread has called it for the first time, and the loader has put the address there */
        done =
            sb_planting_plant(&self->planting, (size_t)hold, import->place, (void *)(uintptr_t)import->function, maps);
    }
    return done < 0 ? -1 : 0;
}

/* Plants what is not planted yet. What was pinned stays so where that fails. Returns 0, or -1 with an exception set. */
static int plant_all(native_injector *self)
{
    sb_imports former = self->imports;
    sb_maps maps = {0};
    int result = sb_imports_read(&self->imports, wants, self);
    if (result < 0) {
        self->imports = former;
        PyErr_NoMemory();
        return -1;
    }
    if (self->imports.n_items > 0 && sb_maps_read(&maps) < 0) {
        PyErr_SetFromErrnoWithFilename(PyExc_OSError, "/proc/self/maps");
        result = -1;
    }
    for (size_t i = 0; i < self->imports.n_items && result == 0; i++) {
        result = plant_import(self, &self->imports.items[i], &maps);
    }
    if (result < 0) {
        self->imports.loads = former.loads; /* so that the next round tries it again */
    }
    sb_maps_release(&maps);
    sb_imports_release(&former);
    return result;
}

/* ---- the injector ---- */

static int native_arm(sb_injector *base)
{
    native_injector *self = (native_injector *)base;
    sb_planting_lock(&self->planting);
    const int result = plant_all(self);
    if (result == 0) {
        sb_planting_arm(&self->planting);
    }
    else {
        sb_planting_uproot(&self->planting, true);
        sb_imports_release(&self->imports);
    }
    sb_planting_unlock(&self->planting);
    return result;
}

static bool native_disarm(sb_injector *base)
{
    native_injector *self = (native_injector *)base;
    sb_planting_lock(&self->planting);
    const bool disarmed = sb_planting_uproot(&self->planting, false);
    if (disarmed) {
        sb_imports_release(&self->imports);
    }
    sb_planting_unlock(&self->planting);
    return disarmed;
}

static int native_is_intact(sb_injector *base)
{
    native_injector *self = (native_injector *)base;
    sb_planting_lock(&self->planting);
    const int intact = sb_planting_is_intact(&self->planting);
    sb_planting_unlock(&self->planting);
    return intact;
}

static int native_refresh(sb_injector *base)
{
    native_injector *self = (native_injector *)base;
    sb_planting_lock(&self->planting);
    const bool stale = sb_look(&self->planting.armed) == 1 && sb_imports_loads() != self->imports.loads;
    const int result = stale ? plant_all(self) : 0;
    sb_planting_unlock(&self->planting);
    return result;
}

static void native_sum_locked(const sb_injector *base, sb_counts *sums, size_t n)
{
    sb_planting_sum_locked(&((const native_injector *)base)->planting, sums, n);
}

static void native_total_locked(const sb_injector *base, sb_counts *sum)
{
    sb_planting_total_locked(&((const native_injector *)base)->planting, sum);
}

static int native_traverse(const sb_injector *base, visitproc visit, void *arg)
{
    Py_VISIT(((const native_injector *)base)->patterns);
    return 0;
}

static void native_free(sb_injector *base)
{
    native_injector *self = (native_injector *)base;
    if (self != NULL) {
        sb_planting_fini(&self->planting);
        PyMem_RawFree(self->entries);
        Py_DECREF(self->patterns);
        PyMem_Free(self);
    }
}

static const sb_mechanism NATIVE = {
    .arm = native_arm,
    .disarm = native_disarm,
    .is_intact = native_is_intact,
    .refresh = native_refresh,
    .sum_locked = native_sum_locked,
    .total_locked = native_total_locked,
    .traverse = native_traverse,
    .free = native_free,
};

sb_injector *sb_inject_native(sb_toll *toll, PyObject *patterns)
{
    if (toll->mode == SB_NOGIL) {
        PyErr_SetString(PyExc_ValueError,
                        "mode 'nogil' gives the GIL up, and a native symbol's caller may not hold the "
                        "GIL; use 'spin' or 'sleep'");
        return NULL;
    }
    if (toll->delay->clock->kind == SB_CLOCK_MONOTONIC) {
        PyErr_SetString(PyExc_ValueError,
                        "native symbols cannot be slowed on this machine: that needs a cycle counter for a clock, and "
                        "the kernel does not trust the processor's");
        return NULL;
    }
    native_injector *self = PyMem_Calloc(1, sizeof *self);
    if (self == NULL) {
        return (sb_injector *)PyErr_NoMemory();
    }
    self->base.mechanism = &NATIVE;
    self->patterns = Py_NewRef(patterns);
    sb_planting_init(&self->planting, toll, sb_enter_native);
    return &self->base;
}
