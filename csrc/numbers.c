/* Checking what callers hand in; see numbers.h. */
#include "numbers.h"

#include <stdalign.h>
#include <string.h>

#define WANTED "%s must be a flat buffer of doubles, such as array('d'), "

/* PyObject_GetBuffer() could ask for all of this, and would say BufferError, and not whose. */
static int check(const Py_buffer *view, const char *name, size_t row, bool writable)
{
    const char *format = view->format != NULL ? view->format : "B";
    if (strcmp(format, "d") != 0 || view->itemsize != sizeof(double)) {
        PyErr_Format(PyExc_TypeError, WANTED "not of format '%s'", name, format);
    }
    else if (writable && view->readonly) {
        PyErr_Format(PyExc_TypeError, WANTED "and writable", name);
    }
    else if (view->ndim != 1) {
        PyErr_Format(PyExc_ValueError, WANTED "not one of %d dimensions", name, view->ndim);
    }
    else if (!PyBuffer_IsContiguous(view, 'C')) {
        PyErr_Format(PyExc_ValueError, WANTED "with nothing between them", name);
    }
    else if (view->len > 0 && (uintptr_t)view->buf % alignof(double) != 0) {
        PyErr_Format(PyExc_ValueError, WANTED "aligned as they are", name);
    }
    else if ((size_t)view->len / sizeof(double) % row != 0) {
        PyErr_Format(PyExc_ValueError, "%s must hold %zu numbers a target, and its length, %zu, is no multiple of that",
                     name, row, (size_t)view->len / sizeof(double));
    }
    else {
        return 0;
    }
    return -1;
}

int sb_numbers_get(sb_numbers *numbers, PyObject *object, const char *name, size_t row, bool writable)
{
    if (!PyObject_CheckBuffer(object)) {
        PyErr_Format(PyExc_TypeError, WANTED "not %.100s", name, Py_TYPE(object)->tp_name);
        return -1;
    }
    if (PyObject_GetBuffer(object, &numbers->view, PyBUF_FULL_RO) < 0) {
        return -1;
    }
    if (check(&numbers->view, name, row, writable) < 0) {
        PyBuffer_Release(&numbers->view);
        return -1;
    }
    numbers->items = numbers->view.buf;
    numbers->n_rows = (size_t)numbers->view.len / sizeof(double) / row;
    return 0;
}

void sb_numbers_release(sb_numbers *numbers)
{
    PyBuffer_Release(&numbers->view);
}
