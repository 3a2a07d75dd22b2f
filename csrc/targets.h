/* The code objects that are to be slowed: classified once, on first sight, and held.
 *
 * Held, because a code object's address is its identity in the counters, and an address is given to another object as
 * soon as its own dies. What does not match is not remembered at all. Callers hold the lock of the targets' owner,
 * except for sb_targets_choose.
 */
#ifndef SB_TARGETS_H
#define SB_TARGETS_H

#include "compat.h"
#include "pattern.h"

typedef struct {
    PyObject *code;   /* Owned: a code object. */
    PyObject *module; /* Owned: a str, the __name__ of the globals it was first seen under; "" where they have none. */
    int pattern;      /* index of the pattern that chose it */
} sb_target;

typedef struct {
    const sb_patterns *patterns; /* Borrowed from the session's Patterns. */
    sb_target *items;            /* Owned, `n` of them, in order of first sight. */
    size_t n, capacity;
} sb_targets;

#define SB_UNMATCHED (-1)
#define SB_TARGET_ERROR (-2)

void sb_targets_init(sb_targets *targets, const sb_patterns *patterns);
int sb_targets_traverse(const sb_targets *targets, visitproc visit, void *arg);
void sb_targets_fini(sb_targets *targets);

typedef struct {
    int pattern;      /* index of the pattern that chose the code; SB_UNMATCHED; SB_TARGET_ERROR: out of memory */
    PyObject *module; /* Owned by who asked: as in sb_target; NULL where no pattern chose the code. */
} sb_choice;

/* Which pattern chooses `code`, which runs under `globals` (borrowed, may be NULL). Never raises. It looks into
 * globals, which may run any Python code: no lock of ours may be held. */
sb_choice sb_targets_choose(const sb_targets *targets, PyCodeObject *code, PyObject *globals);

/* Index of the new target `code`, not added before; SB_TARGET_ERROR where the choice failed, or memory ran out. Never
 * raises. */
Py_ssize_t sb_targets_add(sb_targets *targets, PyCodeObject *code, const sb_choice *choice);

/* A str as UTF-8, lone surrogates included. `owner` is what to release afterwards. Returns 0, or -1 with an exception
 * set. */
typedef struct {
    const char *data;
    size_t length;
    PyObject *owner; /* Owned: a bytes object, or NULL where the str itself holds the data. */
} sb_text;
int sb_text_get(PyObject *str, sb_text *text);
void sb_text_release(sb_text *text);

#endif
