/* Entering a native symbol; see enter_native.h. */
#include "enter_native.h"

static int go_on(void *context)
{
    (void)context;
    return 0;
}

/* Not inlined: a call that is only counted then saves no registers. Before the delay all is finished that the caller
 * has begun, and after it nothing has begun of what follows: a processor would do both while it waits. Long chains of
 * arithmetic beside a call hid 60 ns of its delay, and with one end open 25 ns. What that costs is calibrated. */
__attribute__((noinline)) static void delay_call(sb_slot *slot, sb_cell *cell, sb_debt debt)
{
    const sb_delay *delay = atomic_load_explicit(&slot->delay, memory_order_relaxed);
    if (debt == SB_SHARED) {
        debt = sb_slot_page_debt(slot, atomic_load_explicit(&slot->word, memory_order_relaxed), cell);
    }
    const sb_amount due = sb_debt_due(debt, delay->clock);
    if (due == 0) {
        return;
    }
    sb_amount carry = cell->carry;
    sb_spent spent;
    sb_clock_dally(0);
    (void)sb_delay_spend(delay, due, &carry, go_on, NULL, &spent);
    sb_clock_dally(0);
    cell->carry = carry;
    sb_book(cell, due, &spent);
}

int sb_enter_native(sb_slot *slot)
{
    const sb_word word = sb_load_acquire(atomic_load_explicit(&slot->word, memory_order_relaxed));
    sb_cell *cell = word != 0 ? sb_slot_cell(slot) : NULL;
    if (cell != NULL) {
        const size_t target = atomic_load_explicit(&slot->target, memory_order_relaxed);
        const sb_debt debt = sb_word_count(word, cell, target);
        if (debt != 0) {
            delay_call(slot, cell, debt);
        }
    }
    return 0;
}
