/* What a thunk before a native symbol enters: the call is counted and delayed, whoever makes it.
 *
 * Nothing is known of the caller: it may hold the GIL or not, or be no thread of Python's; be in the middle of malloc,
 * the dynamic linker or a signal's handler; and have arguments in any register. So nothing is called that is not here,
 * in thunk.c or in spend.c, all compiled with -mgeneral-regs-only; errno stays as it is; and what a slot counts, it
 * counts for every interpreter. The delay's clock must be a counter. A delay is not cut short by a signal, whose Python
 * handler runs later in any case. No Python.h.
 */
#ifndef SB_ENTER_NATIVE_H
#define SB_ENTER_NATIVE_H

#include "thunk.h"

int sb_enter_native(sb_slot *slot);

#endif
