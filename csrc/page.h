/* The control page: a file that every process of an experiment maps, so that one store there switches them all.
 *
 * It holds the plan that all of them obey, which lists of targets are counted and which are delayed, and what the
 * process that made it has calibrated, so that joining calibrates nothing. Amounts on it are in that calibration's ticks
 * of a clock that all processes of a machine share. Only the process that controls the experiment writes to it, and it
 * is never unmapped: who was called just then may still look.
 *
 * Who obeys a page has SB_SHARED in its own plan's word (plan.h), which lies on a page that the kernel wipes in a fork's
 * child: so a child neither counts nor is slowed before it has joined by itself. No Python.h.
 */
#ifndef SB_PAGE_H
#define SB_PAGE_H

#include "counters.h"
#include "plan.h"

#include <stdint.h>

/* Which lists of targets a cell belongs to: bit i is list i. */
#define SB_N_LISTS 16

/* What has been calibrated for one way of calling, by mode; `fixed` of sb_delay. */
typedef struct {
    sb_clock clock;
    int32_t n_fixed;
    int64_t fixed[16]; /* -1: not calibrated */
} sb_calibration;

typedef struct {
    char magic[8];
    int64_t size; /* of this struct, in the build that made the page */
    int32_t mode; /* an sb_mode; for good */
    int32_t pad;
    sb_calibration calibration;
    _Alignas(64) sb_atomic_i64 word; /* 0: paused; > 0: an amount and 1; -1 or -2: rhythms[0] or [1] */
    sb_atomic_i64 roles;             /* of lists: those counted | delayed << 16 | timed << 32 */
    _Alignas(64) sb_rhythm rhythms[2];
} sb_page;

/* The debt of a call of the cell's target, which is counted if one of its lists is, and stamped if one is timed. */
sb_debt sb_page_debt(const sb_page *page, sb_cell *cell);

#endif
