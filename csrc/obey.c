/* What a call owes where a page is obeyed; see page.h. Compiled with -mgeneral-regs-only, and calls nothing. */
#include "page.h"

/* Looked up in one place, and harmless whatever stands on the page. */
static const sb_rhythm *rhythm_of(const sb_page *page, sb_word word)
{
    return &page->rhythms[-(word + 1) & 1];
}

sb_debt sb_page_debt(const sb_atomic_i64 *own_word, sb_cell *cell)
{
    const sb_orders *orders = (const sb_orders *)own_word;
    const sb_page *page = atomic_load_explicit(&orders->page, memory_order_relaxed);
    if (page == NULL) {
        return 0;
    }
    const sb_word word = sb_load_acquire(&page->word);
    const uint64_t roles = (uint64_t)sb_read(&page->roles);
    const uint64_t lists = cell->lists;
    if (word == 0 || (roles & lists) == 0) {
        return 0;
    }
    const int64_t calls = sb_add(&cell->calls, 1);
    sb_point *points = atomic_load_explicit(&orders->points, memory_order_relaxed);
    if ((roles >> 2 * SB_N_LISTS & lists) != 0 && cell->point != 0 && points != NULL) {
        sb_point_stamp(&points[cell->point - 1], sb_clock_ticks(&page->calibration.clock));
    }
    if ((roles >> SB_N_LISTS & lists) == 0) {
        return 0;
    }
    return word > 0 ? word - 1 : sb_rhythm_debt(rhythm_of(page, word), calls);
}
