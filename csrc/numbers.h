/* A caller's buffer of numbers: doubles in rows, read or written in place so that nothing is allocated. */
#ifndef SB_NUMBERS_H
#define SB_NUMBERS_H

#include "compat.h"

#include <stdbool.h>

typedef struct {
    double *items; /* Borrowed from the view. */
    size_t n_rows;
    Py_buffer view; /* Owned. */
} sb_numbers;

/* Any flat, C-contiguous buffer of format 'd', of rows of `row` numbers. `name` is the argument's, for the errors.
 * Returns 0, or -1 with TypeError or ValueError set. */
int sb_numbers_get(sb_numbers *numbers, PyObject *object, const char *name, size_t row, bool writable);
void sb_numbers_release(sb_numbers *numbers);

#endif
