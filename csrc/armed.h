/* Armed: a session armed for the length of a `with` block, which is left in C.
 *
 * Ctrl-C can come between any two bytecodes: at the first of an __exit__ written in Python, before it disarms anything;
 * from CPython 3.14 on, after an __enter__ written in C and before the block. So leaving is a C function, and an Armed
 * that is dropped disarms as well.
 */
#ifndef SB_ARMED_H
#define SB_ARMED_H

#include "compat.h"

extern PyType_Spec sb_armed_spec;

#endif
