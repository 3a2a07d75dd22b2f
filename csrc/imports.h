/* What loaded objects import from each other: the slots that the dynamic linker fills with addresses of functions.
 *
 * A call from one shared library into another goes through such a slot, JUMP_SLOT or GLOB_DAT, of the object that
 * calls. What is told is who provides the address that is in a slot, or will be: one that is not bound yet is resolved,
 * without binding it, because the loader would overwrite whatever was put there. An address that is chosen when the
 * library is loaded (IFUNC) is provided by the object that it lies in. Left out are data and thread-local variables,
 * what an object imports from itself, the dynamic linker and the kernel's vdso on either side, and whatever this object
 * of ours imports (so nothing that a thunk's toll needs can lead to a thunk).
 *
 * The main program is an object like any other, with the file name of its executable. No Python.h.
 */
#ifndef SB_IMPORTS_H
#define SB_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct {
    char *path;   /* Owned; of the file, as the loader found it */
    char *name;   /* the part of `path` behind its last '/' */
    void *handle; /* Owned: keeps it loaded; NULL: the main program, or nothing is told of it */
    bool pinned;
} sb_object;

typedef struct {
    void **place;
    void *was;            /* in the place: the function, a thunk that leads to it, or what binds it when it is called */
    const void *function; /* which a call comes to */
    const char *symbol;   /* Borrowed from the importer, which is pinned. */
    size_t importer, provider; /* objects */
} sb_import;

typedef struct {
    sb_object *objects; /* Owned, `n_objects` of them. */
    size_t n_objects;
    sb_import *items; /* Owned, `n_items` of them, in the order in which the objects were loaded. */
    size_t n_items;
    unsigned long long loads; /* how many objects had been loaded, ever */
    pid_t process;            /* whose pins they are */
} sb_imports;

/* Whether an import of this symbol is wanted, from `provider`, or from any if that is NULL. Called with the loader's
 * lock held: it may call nothing that loads. */
typedef bool (*sb_wants)(void *context, const sb_object *provider, const char *symbol);

/* All imports that are wanted; the objects on both sides stay loaded until they are given back, so the places may be
 * written. Returns 0, or -1 when out of memory; nothing is to be given back then. */
int sb_imports_read(sb_imports *imports, sb_wants wants, void *context);

/* In the child of a fork nothing is unloaded: a thread that did not come along may have held the loader's locks. */
void sb_imports_release(sb_imports *imports);

/* How many objects have been loaded into this process, ever: what sb_imports_read() would tell has changed only with
 * it. */
unsigned long long sb_imports_loads(void);

#endif
