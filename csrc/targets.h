/* What was found to be slowed, in order of first sight: what a session's counts are counts of.
 *
 * It is held, because the address of a code object is its identity in the counters, and an address is given to another
 * object as soon as its own dies. What does not match is not remembered at all. Callers hold the lock of the targets'
 * owner, except for sb_choose.
 */
#ifndef SB_TARGETS_H
#define SB_TARGETS_H

#include "compat.h"
#include "ledger.h"
#include "pattern.h"

typedef struct {
    sb_kind kind;
    PyObject *what;   /* Owned: a code object; of SB_C and SB_NATIVE a str, the qualname or the symbol */
    PyObject *module; /* Owned: a str, the __name__ of the globals it was first seen under, "" where they have none; of
                         SB_C and SB_NATIVE the module or the library */
    int line;         /* of SB_LINE; else 0 */
    int pattern;      /* index of the pattern that chose it */
    uint16_t lists;   /* all that chose it, see page.h */
    uint16_t point;   /* index of its point and 1, see ledger.h; 0: none. Set when it is added. */
} sb_target;

typedef struct {
    sb_target *items; /* Owned, `n` of them. */
    size_t n, capacity;
    sb_ledger *ledger; /* Borrowed; each target has an entry in it; or NULL. Set before the first is added. */
} sb_targets;

#define SB_UNMATCHED (-1)
#define SB_TARGET_ERROR (-2)

/* Code objects and strs hold nothing that could hold the targets: no collector need traverse them. */
void sb_targets_fini(sb_targets *targets);

/* Index of the new target, a copy of `target` with references of its own, and in a ledger of its entry; SB_TARGET_ERROR
 * where memory ran out. Never raises. */
Py_ssize_t sb_targets_add(sb_targets *targets, const sb_target *target);

/* New reference: (what, module, pattern), `what` being a code object whose starts are slowed, or a `site_type`. NULL
 * with an exception set. */
PyObject *sb_target_tuple(const sb_target *target, PyTypeObject *site_type);

/* The type of what is slowed and is no start of a code object: (kind, name, code, line). */
extern PyStructSequence_Desc sb_site_desc;

typedef struct {
    int pattern;      /* index of the pattern that chose the code; SB_UNMATCHED; SB_TARGET_ERROR: out of memory */
    uint16_t lists;   /* all that chose it */
    PyObject *module; /* Owned by who asked: as in sb_target; NULL where no pattern chose the code. */
} sb_choice;

/* Which pattern of this kind chooses `code`, or its `line` where the kind is SB_LINE. The code runs under `globals`
 * (borrowed, may be NULL). Never raises. It looks into globals, which may run any Python code: no lock of ours may be
 * held. */
sb_choice sb_choose(const sb_patterns *patterns, sb_kind kind, PyCodeObject *code, int line, PyObject *globals);

/* Fills in what lists choose a callable of C, by its other fields: among them that of its pattern, whatever name that
 * goes by. Returns 0, or -1 with an exception set. */
int sb_target_put_lists(sb_target *target, const sb_patterns *patterns);

/* Whether any line of `code` may be chosen, under `globals`, as above. What cannot be told for want of memory may be.
 */
bool sb_may_choose_lines(const sb_patterns *patterns, PyCodeObject *code, PyObject *globals);

/* A str as UTF-8, lone surrogates included. `owner` is what to release afterwards. Returns 0, or -1 with an exception
 * set. */
typedef struct {
    const char *data;
    size_t length;
    PyObject *owner; /* Owned: a bytes object, or NULL where the str itself holds the data. */
} sb_text;
int sb_text_get(PyObject *str, sb_text *text);
void sb_text_release(sb_text *text);

/* Puts a module, a qualname and a file, in this order, into `named`, which borrows them. */
void sb_text_name(sb_named *named, const sb_text texts[3]);

#endif
