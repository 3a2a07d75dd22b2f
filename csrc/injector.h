/* An injector: a mechanism that slows, or times, one kind of target. The one interface that a session sees of it.
 *
 * It finds its targets, plants something before their code, and has every call pay the toll. A mechanism decides for
 * itself how a call finds its cell: nothing here is on the way of a call.
 */
#ifndef SB_INJECTOR_H
#define SB_INJECTOR_H

#include "toll.h"

typedef struct sb_injector sb_injector;

/* What read_times() gives of a target. */
typedef struct {
    double calls, own_ns, edges;
} sb_times;

typedef struct {
    /* Plants all that is to be planted, or nothing. Returns 0, or -1 with an exception set. By one thread at a time. */
    int (*arm)(sb_injector *self);
    /* Takes away what was planted, and leaves the interpreter as it was found. It cannot fail, not for want of memory
     * either, and keeps a pending exception. Returns whether it was this call that disarmed: not where nothing was
     * armed, or another thread is disarming. */
    bool (*disarm)(sb_injector *self);
    /* Whether calls still come to what was planted. -1 with an exception set. */
    int (*is_intact)(sb_injector *self);
    /* A list of one tuple a target, in order of first sight: (code, module, pattern, and those of sb_toll_tuple). */
    PyObject *(*snapshot)(sb_injector *self);
    /* The times of the first `n` targets, zeros where there are fewer. Returns how many there are. NULL where the
     * mechanism measures none. */
    Py_ssize_t (*read_times)(sb_injector *self, sb_times *into, size_t n);
    int (*traverse)(const sb_injector *self, visitproc visit, void *arg);
    /* Disarmed before. NULL is fine. */
    void (*free)(sb_injector *self);
} sb_mechanism;

struct sb_injector {
    const sb_mechanism *mechanism;
};

/* Starts of Python code, through sys.monitoring. Takes a share of the toll. NULL with an exception set. */
sb_injector *sb_inject_python(sb_state *state, sb_toll *toll, PyObject *patterns);

/* The time that Python code takes itself, through sys.monitoring. The same. */
sb_injector *sb_time_python(sb_state *state, sb_toll *toll, PyObject *patterns);

#endif
