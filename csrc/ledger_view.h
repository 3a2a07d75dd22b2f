/* A view of a ledger: another process's, alive or dead, as any reader of the file sees it.
 *
 * Nothing in the file is trusted: an offset leads nowhere but into the part of the file that is in use and there, and
 * no chain is followed longer than that part could hold. So a file that is torn, or made by somebody else, gives wrong
 * numbers and does no harm. (Who cuts a ledger short while it is being read can have its reader killed by SIGBUS.)
 * Callers hold their own lock. No Python.h.
 */
#ifndef SB_LEDGER_VIEW_H
#define SB_LEDGER_VIEW_H

#include "counters.h"
#include "ledger.h"

typedef struct {
    const sb_ledger *ledger; /* Owned: a mapping of `length` bytes, read-only; NULL: none */
    size_t length;
    int64_t end; /* bytes that were in use at the last look */
    int file;    /* Owned. */
} sb_view;

typedef enum { SB_VIEW_OK, SB_VIEW_ERRNO, SB_VIEW_FOREIGN, SB_VIEW_OTHER_BUILD, SB_VIEW_TRUNCATED } sb_view_error;

/* With SB_VIEW_ERRNO errno is set. */
sb_view_error sb_view_open(sb_view *view, const char *path);
void sb_view_close(sb_view *view);

/* "is not a ledger", after the file's name; of those but the first two. Static. */
const char *sb_view_strerror(sb_view_error error);

/* Before what follows: has all that is in use now in view, until the next look. Returns what sb_view_open() would. */
sb_view_error sb_view_look(sb_view *view);

/* Entry 0, or the one after `entry`; NULL: there is none. Its kind and texts are not checked. */
const sb_entry *sb_view_next(const sb_view *view, const sb_entry *entry);

/* Puts what all threads have counted for target i into sums[i], for i < n, and how many targets there are, which all
 * that was summed is of. Looks by itself, and returns what looking does. */
sb_view_error sb_view_sum(sb_view *view, sb_counts *sums, size_t n, size_t *n_targets);

/* What a point tells. */
typedef struct {
    int64_t calls;
    int64_t last; /* ticks; 0 where there was no call */
    double age;   /* ticks: the sum of (at - time of the call) over all calls */
} sb_told;

/* At the time `at`, in ticks. `patience_ns` is how long to wait for a thread that is in the middle of stamping, and is
 * made less by that: a stamp takes some ns, unless its thread is not run, or was killed. When it has been spent, what
 * is there is told: the calls whose stamping has ended, and an age in which those of that moment may be in part. */
sb_told sb_view_tell(const sb_point *point, int64_t at, int64_t *patience_ns);

#endif
