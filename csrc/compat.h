/* What differs between CPython 3.12 and 3.15, with and without a GIL. */
#ifndef SB_COMPAT_H
#define SB_COMPAT_H

#include <Python.h>

#if PY_VERSION_HEX < 0x030D0000
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#define PyThreadState_GetUnchecked _PyThreadState_UncheckedGet
#endif

/* With a GIL the GIL is the lock: none of ours is held across anything that may release it. */
#ifdef Py_GIL_DISABLED
typedef PyMutex sb_lock;
#define SB_LOCK(lock) PyMutex_Lock(lock)
#define SB_UNLOCK(lock) PyMutex_Unlock(lock)

/* For the child of a fork, where nobody may be left to give the lock back. */
static inline void sb_lock_reinit(sb_lock *lock)
{
    *lock = (PyMutex){0};
}
#else
typedef char sb_lock;
#define SB_LOCK(lock) ((void)(lock))
#define SB_UNLOCK(lock) ((void)(lock))

static inline void sb_lock_reinit(sb_lock *lock)
{
    *lock = 0;
}
#endif

/* New reference, or NULL without an exception where there is none or it cannot be told. */
static inline PyObject *sb_dict_get(PyObject *dict, const char *key)
{
    PyObject *value = NULL;
#if PY_VERSION_HEX >= 0x030D0000
    if (PyDict_GetItemStringRef(dict, key, &value) < 0) {
        PyErr_Clear();
    }
#else
    value = Py_XNewRef(PyDict_GetItemString(dict, key));
#endif
    return value;
}

#endif
