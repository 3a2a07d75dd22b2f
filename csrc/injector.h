/* An injector: a mechanism that slows, or times, one kind of target. The one interface that a session sees of it.
 *
 * It finds its targets, plants something before their code, and has every call pay the toll. A mechanism decides for
 * itself how a call finds its cell: nothing here is on the way of a call.
 */
#ifndef SB_INJECTOR_H
#define SB_INJECTOR_H

#include "toll.h"

typedef struct sb_injector sb_injector;

typedef struct {
    /* Plants all that is to be planted, or nothing. Returns 0, or -1 with an exception set. By one thread at a time. */
    int (*arm)(sb_injector *self);
    /* Takes away what was planted, and leaves the interpreter as it was found. It cannot fail, not for want of memory
     * either, and keeps a pending exception. Returns whether it was this call that disarmed: not where nothing was
     * armed, or another thread is disarming. */
    bool (*disarm)(sb_injector *self);
    /* Whether calls still come to what was planted. -1 with an exception set. */
    int (*is_intact)(sb_injector *self);
    /* Plants what has come since it was armed, between two rounds. 0, or -1 with an exception set. NULL where nothing
     * can have come. */
    int (*refresh)(sb_injector *self);
    /* Adds what of `found` is not there yet, and plants it if armed: all, or where that fails before anything is
     * planted, nothing. 0, or -1 with an exception set. NULL where nothing is looked up by name beforehand. */
    int (*add)(sb_injector *self, PyObject *found);
    /* What it counted since it was made, beside the toll's counters: added to sums[target], for targets below `n`. The
     * toll's lock is held. NULL where it counts nothing itself. */
    void (*sum_locked)(const sb_injector *self, sb_counts *sums, size_t n);
    /* The same, of all targets. */
    void (*total_locked)(const sb_injector *self, sb_counts *sum);
    int (*traverse)(const sb_injector *self, visitproc visit, void *arg);
    /* Disarmed before. NULL is fine. */
    void (*free)(sb_injector *self);
} sb_mechanism;

struct sb_injector {
    const sb_mechanism *mechanism;
};

/* Those that follow take a share of the toll. NULL with an exception set. */

/* Starts of Python code, through sys.monitoring. */
sb_injector *sb_inject_python(sb_state *state, sb_toll *toll, PyObject *patterns);

/* The time that Python code takes itself, through sys.monitoring. */
sb_injector *sb_time_python(sb_state *state, sb_toll *toll, PyObject *patterns);

/* Lines and resumes, through sys.monitoring, and starts of Python code beside them. */
sb_injector *sb_inject_parts(sb_state *state, sb_toll *toll, PyObject *patterns);

/* Callables implemented in C, in place; of mode SB_TIME, the time that they take themselves. `found`: a sequence of
 * (module, qualname, object, pattern). TypeError where an object has no place. */
sb_injector *sb_inject_c(sb_toll *toll, PyObject *patterns, PyObject *found);

/* What calls of these come to, and of native symbols (enter_native.h). */
struct sb_slot;
int sb_enter_c(struct sb_slot *slot);

/* The pointer that a callable is called through, which other callables may share; it lives as long as the object. NULL
 * where there is none, without an exception, and `*obstacle`, a static, says what it is instead:
 *     "python"      a function, a method or a class of Python
 *     "new"         a __new__: all types share one pointer
 *     "metaclass"   a type whose metaclass does not call through the type
 *     "slot"        a slot of a type, such as __add__
 *     "vectorcall"  a __call__ that is not gone through, because each instance has a pointer of its own
 *     "call"        an instance that is called through a slot of its type, as all others of it are
 *     "data"        nothing that can be called */
void **sb_c_place(PyObject *object, const char **obstacle);

/* Symbols that one shared library imports from another, in the slots of the dynamic linker. */
sb_injector *sb_inject_native(sb_toll *toll, PyObject *patterns);

/* Calls of coroutine functions, whose event loop goes on meanwhile. `found`: as above, of functions. later(function)
 * returns what makes the coroutine that is given out, of a Call (inject_await.c). */
sb_injector *sb_inject_await(sb_state *state, sb_toll *toll, PyObject *found, PyObject *later);

#endif
