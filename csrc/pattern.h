/* Patterns that name the code to slow: compiled once from text, then asked about every function on its first call.
 *
 *     pkg.parse*          a glob on the dotted name, module '.' qualname; on the qualname where the module has no name
 *     pkg.mod:Class.f     a module glob, the last ':' outside brackets, a qualname glob
 *     pkg/mod.py:f        the same with a file glob, told by a '/' or a final ".py"; it may match from any '/' on
 *     pkg.mod:120-130     lines, of a module or of a file; "pkg/mod.py:120" is one line
 *     resume:PATTERN      resumes of the generators and coroutines that the pattern names
 *     c:zlib.crc32        a callable implemented in C, by the dotted name or as module ':' qualname
 *     native:LIB:SYMBOL   a glob on the file name of a shared library (on its path, with a '/'), one on a symbol in it
 *     !pattern            takes out what earlier patterns of the same kind match
 *
 * Globs are those of Python's fnmatch.fnmatchcase: '*' crosses dots and slashes, '?' is one code point, "[a-z]" and
 * "[!a-z]" are classes, and there is no escape but "[*]". The one difference: a '[' that is never closed is an error.
 *
 * All text is UTF-8 with a length, and needs no NUL at its end. '?' and classes take an encoded surrogate for a code
 * point like any other, and a byte that is not UTF-8 for the code point 0xDC00 + byte; the rest is compared bytewise.
 * No Python.h.
 */
#ifndef SB_PATTERN_H
#define SB_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Immutable, hence free to share between threads. */
typedef struct sb_patterns sb_patterns;

/* What kind of thing a pattern names. A pattern of one kind never matches, nor excludes, what is of another. */
typedef enum { SB_START, SB_LINE, SB_RESUME, SB_C, SB_NATIVE, SB_N_KINDS } sb_kind;

#define SB_LAST_LINE 65535 /* of a file, that can be named */

/* A set holds up to so many lists, each of which chooses by itself: in it, and only in it, later patterns win. */
#define SB_N_LISTS 16
#define SB_ALL_LISTS ((1u << SB_N_LISTS) - 1)

typedef enum {
    SB_PATTERN_OK = 0,
    SB_PATTERN_NO_MEMORY = -1,
    SB_PATTERN_EMPTY = -2,
    SB_PATTERN_NUL = -3,
    SB_PATTERN_UNCLOSED = -4,    /* "[" without "]" */
    SB_PATTERN_NO_MODULE = -5,   /* ":f"; also "a.py::f", as in pytest's node ids */
    SB_PATTERN_NO_QUALNAME = -6, /* "pkg.mod:" */
    SB_PATTERN_AT_FILE = -7,     /* "@file", which the caller is to expand */
    SB_PATTERN_LINES = -8,       /* "pkg.mod:130-120", "pkg.mod:0", "pkg.mod:120," */
    SB_PATTERN_NO_LIBRARY = -9,  /* "native:crc32" */
    SB_PATTERN_NO_RESUMES = -10, /* "resume:pkg.mod:120" */
} sb_pattern_error;

/* What sb_patterns_match returns beside an index. */
enum {
    SB_MATCH_NONE = -1,
    SB_MATCH_NO_MEMORY = -2,
};

/* Compiles all of the patterns, copying their text, or none. `lists`: the number of each one's list, below SB_N_LISTS
 * and not falling; NULL: all are of list 0. `*set` is then the caller's, to be freed; NULL on failure,
 * and `*bad` the index of the first bad pattern, or `count` where memory ran out. */
sb_pattern_error sb_patterns_compile(sb_patterns **set, const char *const *texts, const size_t *lengths,
                                     const unsigned char *lists, size_t count, size_t *bad);

/* NULL is fine. */
void sb_patterns_free(sb_patterns *set);

/* Whether any pattern holds a file glob. If none does, sb_patterns_match ignores the file. */
bool sb_patterns_need_file(const sb_patterns *set);

/* Whether any pattern, one that excludes left aside, is of this kind. */
bool sb_patterns_have(const sb_patterns *set, sb_kind kind);

/* The number of the list that pattern `index` is of; -1: there is no such pattern. */
int sb_patterns_list(const sb_patterns *set, int index);

/* What is asked about. Borrowed. */
typedef struct {
    sb_kind kind;
    int line;           /* of SB_LINE; else 0 */
    const char *module; /* of SB_NATIVE the file name of the library */
    size_t module_length;
    const char *qualname; /* of SB_NATIVE the symbol; of SB_LINE not looked at */
    size_t qualname_length;
    const char *file; /* NULL: no file glob matches */
    size_t file_length;
} sb_named;

/* Of the first list that chooses it, the index of the last pattern of its kind that matches. A list chooses it unless
 * that pattern excludes, or none matches. SB_MATCH_NONE if no list does; SB_MATCH_NO_MEMORY, possible only where the
 * dotted name is longer than 512 bytes. `*lists`: all that choose it, list i as bit i; NULL: not asked for.
 *
 * Nearly every pattern is rejected in about a nanosecond, because the name lacks two adjacent characters that the
 * pattern demands. The others cost at most the length of the text times the length of the pattern. */
int sb_patterns_match(const sb_patterns *set, const sb_named *named, uint16_t *lists);

/* Whether a line of `named`, of kind SB_LINE, between `first` and `last` may match; its own line is not looked at. */
bool sb_patterns_may_match_lines(const sb_patterns *set, const sb_named *named, int first, int last);

/* Whether a symbol of this name may match, kind SB_NATIVE, if the right library has it. */
bool sb_patterns_may_match_symbol(const sb_patterns *set, const char *symbol, size_t length);

/* What is wrong and how to mend it, to be read after the pattern: "is empty; ...". Static. */
const char *sb_pattern_strerror(sb_pattern_error error);

#endif
