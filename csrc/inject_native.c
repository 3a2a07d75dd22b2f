/* Not there yet; see injector.h. */
#include "injector.h"

sb_injector *sb_inject_native(sb_toll *Py_UNUSED(toll), PyObject *Py_UNUSED(patterns))
{
    PyErr_SetString(PyExc_NotImplementedError, "inject_native");
    return NULL;
}
