/* The types behind mode 'await', which belong to the module; see inject_await.c. */
#ifndef SB_AWAIT_H
#define SB_AWAIT_H

#include "state.h"

extern PyType_Spec sb_gate_spec;
extern PyType_Spec sb_call_spec;

#endif
