/* A ledger: the file that one process counts into, for whoever wants to read it, meanwhile or after the process's
 * death.
 *
 * The cells of counters.h and thunk.h lie in it themselves, so nothing is published and nothing is lost, whatever kills
 * the process. One process writes, one thread each cell; any other process may read at any time. Memory is given out
 * once and never taken back; a part of the file is allocated on its disk before it is touched, so that a disk which is
 * full is memory that has run out, and no SIGBUS. Addresses in it are those of the writer: less `base` they are
 * offsets.
 *
 * Its entries name the targets, in order of first sight, and its points are where progress and latency are told. No
 * Python.h.
 */
#ifndef SB_LEDGER_H
#define SB_LEDGER_H

#include "atomics.h"
#include "counters.h"

#include <stddef.h>
#include <stdint.h>

#define SB_N_POINTS 64

/* A target whose calls are stamped. Several threads write. `entered` is raised first and `calls` last: where they are
 * equal, before and after, what was read between them is of these calls. */
typedef struct sb_point {
    _Alignas(64) sb_atomic_i64 entered;
    sb_atomic_i64 calls;
    sb_atomic_i64 last[2]; /* ticks, of the latest even and of the latest odd call */
    sb_atomic_i64 sum;     /* of the ticks of all calls, modulo 2^64 */
} sb_point;

/* A target, in a chain. */
typedef struct {
    sb_atomic_i64 next; /* offset; 0: the last */
    int32_t kind, line; /* an sb_kind; of SB_LINE the line, else the first line or 0 */
    uint16_t lists;
    uint16_t point;      /* index of its point and 1; 0: none */
    uint32_t lengths[3]; /* module, qualname, file */
    char text[];         /* the three, one after the other: UTF-8, lone surrogates included */
} sb_entry;

/* The file begins with it. */
typedef struct {
    char magic[8];
    int64_t header; /* sizeof of this, in the build that made it */
    int64_t size, base, pid;
    sb_atomic_i64 used;            /* bytes given out */
    sb_atomic_i64 lost;            /* as in toll.h */
    sb_atomic_i64 threads, blocks; /* offsets of the first thread (counters.h) and block (thunk.h); 0: none */
    sb_atomic_i64 entries, n_entries;
    sb_atomic_i64 n_points;
    sb_point points[SB_N_POINTS];
} sb_ledger;

#endif
