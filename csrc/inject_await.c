/* Not there yet; see injector.h. */
#include "injector.h"

sb_injector *sb_inject_await(sb_toll *Py_UNUSED(toll), PyObject *Py_UNUSED(found), PyObject *Py_UNUSED(later))
{
    PyErr_SetString(PyExc_NotImplementedError, "inject_await");
    return NULL;
}
