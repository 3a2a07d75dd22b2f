/* The control page: a file that every process of an experiment maps, so that one store there switches them all.
 *
 * It holds the plan that all of them obey, which lists of targets are counted, delayed and stamped, and what the
 * process that made it has calibrated, so that joining calibrates nothing. Amounts on it are in that calibration's
 * ticks of a clock that all processes of a machine share, and so are the ends of a window. Only the process that made
 * it writes to it: the others map it to be read alone. One that was obeyed is never unmapped: who was called just then
 * may still look.
 *
 * Who obeys a page has SB_SHARED in its own plan's word (plan.h), on memory that the kernel wipes in a fork's child: so
 * a child neither counts nor is slowed before it has joined by itself. No Python.h.
 */
#ifndef SB_PAGE_H
#define SB_PAGE_H

#include "counters.h"
#include "ledger.h"
#include "pattern.h"
#include "plan.h"

#include <stdint.h>

/* From where a delay is spent: from each it costs something else. */
typedef enum { SB_BY_CALLBACK, SB_BY_C, SB_BY_NATIVE, SB_N_WAYS } sb_way;

typedef struct {
    sb_clock clock;
    sb_amount fixed[SB_N_WAYS]; /* see sb_delay, of the page's mode; -1: not calibrated */
} sb_calibration;

typedef struct sb_page {
    char magic[8];
    int64_t size; /* of this struct, in the build that made the page */
    int32_t mode; /* an sb_mode that delays; for good */
    int32_t pid;  /* of the process that made it and alone writes to it */
    sb_calibration calibration;
    _Alignas(64) sb_atomic_i64 word; /* 0: paused; > 0: an amount and 1; -1 or -2: rhythms[0] or [1] */
    sb_atomic_i64 roles;             /* of lists: those counted | delayed << 16 | stamped << 32 */
    _Alignas(64) sb_rhythm rhythms[2];
} sb_page;

/* What goes wrong, beside an errno. */
enum { SB_PAGE_OK = 0, SB_PAGE_ERRNO = -1, SB_PAGE_FOREIGN = -2 };

/* Makes the file, which must not be there yet, and maps it: paused, with no list in any role. A disk that is full is an
 * error here, and none later. A file that could not be made whole is taken away again. */
int sb_page_make(sb_page **page, const char *path, int32_t mode, const sb_calibration *calibration);

/* Maps one that is there; to be read alone unless this process made it. SB_PAGE_FOREIGN: it is no page, or one of
 * another build. The mode is the caller's to check. */
int sb_page_open(sb_page **page, const char *path);

/* One that was never obeyed. */
void sb_page_unmap(sb_page *page);

/* Whether this process made it; not a fork's child of that one. Those that follow are for it alone, and for one thread
 * at a time. Calls that are under way keep what they have. */
bool sb_page_is_ours(const sb_page *page);

/* SB_PAUSED, or the delay of each call, an amount >= 0. */
void sb_page_set(sb_page *page, sb_amount amount);
void sb_page_set_rhythm(sb_page *page, sb_amount amount, int64_t every, const sb_window *window);

/* Masks of lists: no more than SB_ALL_LISTS. */
void sb_page_select(sb_page *page, unsigned counted, unsigned delayed, unsigned stamped);

/* What a call of the cell's target has to spend where `word`, a plan's, said SB_SHARED. The call is counted if one of
 * its lists is, and then stamped if one of them is to be. Never SB_SHARED. Fit for thunks' callers (enter_native.h). */
sb_debt sb_page_debt(const sb_atomic_i64 *word, sb_cell *cell);

/* Counts a call where a plan's word says so by itself: what it has to spend. 0 also where it is not counted; SB_SHARED:
 * sb_page_debt() is to be asked. It calls nothing, as sb_word_debt() does. */
static inline sb_debt sb_word_count(sb_word word, sb_cell *cell, size_t target)
{
    return sb_word_is_mute(word) ? word : sb_word_debt(word, target, sb_add(&cell->calls, 1));
}

#endif
