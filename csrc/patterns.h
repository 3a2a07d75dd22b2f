/* Patterns: a compiled set of target patterns as a Python object, shared by sessions, tests and messages. */
#ifndef SB_PATTERNS_H
#define SB_PATTERNS_H

#include "pattern.h"
#include "state.h"

extern PyType_Spec sb_patterns_spec;

/* The set inside; borrowed from `patterns`, which must be a Patterns. */
const sb_patterns *sb_patterns_of(PyObject *patterns);

/* "start", "line", "resume", "c" or "native". Static. */
const char *sb_kind_name(sb_kind kind);

/* The kind of that name. Returns 0, or -1 with ValueError set. */
int sb_kind_of(const char *name, sb_kind *kind);

#endif
