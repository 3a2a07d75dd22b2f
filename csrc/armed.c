/* The Armed type; see armed.h. */
#include "armed.h"

#include "session.h"

typedef struct {
    PyObject_HEAD PyObject *session; /* Owned: the one that was armed last; NULL: none yet. */
} sb_armed;

static PyObject *armed_arm(PyObject *op, PyObject *session)
{
    if (!sb_session_check(session)) {
        return PyErr_Format(PyExc_TypeError, "what can be armed is a Session, not %R", session);
    }
    if (sb_session_arm(session) < 0) {
        return NULL;
    }
    Py_BEGIN_CRITICAL_SECTION(op);
    Py_XSETREF(((sb_armed *)op)->session, Py_NewRef(session));
    Py_END_CRITICAL_SECTION();
    Py_RETURN_NONE;
}

static PyObject *session_of(PyObject *op)
{
    PyObject *session;
    Py_BEGIN_CRITICAL_SECTION(op);
    session = Py_XNewRef(((sb_armed *)op)->session);
    Py_END_CRITICAL_SECTION();
    return session;
}

static int armed_init(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"session", NULL};
    PyObject *session;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Armed", keywords, &session)) {
        return -1;
    }
    PyObject *done = armed_arm(op, session);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static void armed_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject *session = ((sb_armed *)op)->session;
    if (session != NULL) {
        sb_session_disarm(session);
        Py_DECREF(session);
    }
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *armed_enter(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return Py_NewRef(op);
}

static PyObject *armed_exit(PyObject *op, PyObject *Py_UNUSED(exception))
{
    PyObject *session = session_of(op);
    if (session != NULL) {
        sb_session_disarm(session);
        Py_DECREF(session);
    }
    Py_RETURN_NONE;
}

static PyObject *armed_get_session(PyObject *op, void *Py_UNUSED(closure))
{
    PyObject *session = session_of(op);
    return session != NULL ? session : Py_NewRef(Py_None);
}

static PyMethodDef armed_methods[] = {
    {"_arm", armed_arm, METH_O, "_arm($self, session, /)\n--\n\nArm this session, paused, for the block to come."},
    {"__enter__", armed_enter, METH_NOARGS, NULL},
    {"__exit__", armed_exit, METH_VARARGS, "__exit__($self, /, *exception)\n--\n\nDisarm."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef armed_getset[] = {
    {"_session", armed_get_session, NULL, "The session that was armed last, or None.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot armed_slots[] = {
    {Py_tp_doc, (void *)"Armed(session)\n--\n\n"
                        "Arms the session, paused, until the `with` block is left, or this object is dropped.\n"
                        "RuntimeError if a session is armed or no tool id is free."},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_init, armed_init},
    {Py_tp_dealloc, armed_dealloc},
    {Py_tp_methods, armed_methods},
    {Py_tp_getset, armed_getset},
    {0, NULL},
};

PyType_Spec sb_armed_spec = {
    .name = "pytest_speedbump._core.Armed",
    .basicsize = sizeof(sb_armed),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = armed_slots,
};
