/* Ledger: another process's ledger as a Python object, that reads what is in it whenever it is asked. */
#ifndef SB_LEDGERS_H
#define SB_LEDGERS_H

#include "state.h"

extern PyType_Spec sb_ledger_spec;

#endif
