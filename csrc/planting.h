/* What a session has planted before functions that are not Python's: the slots that it holds, and the places, pointers
 * to functions, that lead to their thunks as long as it is armed.
 *
 * One mechanism owns it and says where. All is planted while arming, by one thread, or between rounds; uprooting cannot
 * fail. What was counted stays readable afterwards. Callers are attached; the toll's lock is over the holds, and the
 * planting's own over what is planted.
 */
#ifndef SB_PLANTING_H
#define SB_PLANTING_H

#include "maps.h"
#include "thunk.h"
#include "toll.h"

#include <sys/types.h>

/* A function that is slowed: one of the session's targets. */
typedef struct {
    const void *function;
    size_t target;
    sb_slot *slot;    /* held; NULL: not armed */
    sb_counts before; /* what was counted in the slot when it was taken */
    sb_counts former; /* what was counted for us in earlier armings */
} sb_hold;

typedef struct {
    void **place;
    void *original; /* what was there, and will be */
    size_t hold;
    int protection; /* of its page */
} sb_site;

typedef struct {
    sb_toll *toll; /* A share. */
    int (*enter)(sb_slot *slot);
    const sb_delay *delay; /* Borrowed for good: never given back. NULL: out of memory, which planting says. */
    sb_hold *holds;        /* Owned. */
    size_t n_holds, holds_room;
    sb_site *sites; /* Owned. */
    size_t n_sites, sites_room;
    sb_atomic_int armed; /* 1: whoever makes it 0 uproots */
    sb_lock lock;        /* over planting and uprooting, by sb_planting_lock() */
    pid_t process;       /* whose threads may hold it */
} sb_planting;

/* The delay that calls which come to `enter` spend, for good; the first of a mode calibrates, which may let other
 * threads run. `delay`: as callbacks spend it. NULL: out of memory. */
const sb_delay *sb_lasting_delay(const sb_delay *delay, sb_mode mode, int (*enter)(sb_slot *slot));

/* What is not calibrated yet is taken from elsewhere. */
void sb_lasting_delay_adopt(const sb_delay *delay, sb_mode mode, int (*enter)(sb_slot *slot), sb_amount fixed);

/* Takes a share of the toll. Calls come to `enter`; the first planting of a mode with it calibrates, which may let
 * other threads run. */
void sb_planting_init(sb_planting *planting, sb_toll *toll, int (*enter)(sb_slot *slot));

/* Uprooted before. */
void sb_planting_fini(sb_planting *planting);

void sb_planting_lock(sb_planting *planting);
void sb_planting_unlock(sb_planting *planting);

/* The index of a new hold of a target that was added before; not armed yet. -1 with MemoryError set. */
Py_ssize_t sb_planting_add(sb_planting *planting, const void *function, size_t target);

/* Puts the hold's thunk where `original` is, taking a slot if it has none. Returns 1; 0 where something else was there;
 * -1 with an exception set. */
int sb_planting_plant(sb_planting *planting, size_t hold, void **place, void *original, const sb_maps *maps);

/* All is planted: from now on it is to be uprooted. */
void sb_planting_arm(sb_planting *planting);

/* Puts everything back that still leads to us, and gives the slots back. Returns whether it was this call that did it,
 * as sb_mechanism.disarm does. What was planted and not armed is uprooted with `abandon`. */
bool sb_planting_uproot(sb_planting *planting, bool abandon);

/* Whether all places still lead to us. */
bool sb_planting_is_intact(const sb_planting *planting);

/* As sb_mechanism says. */
void sb_planting_sum_locked(const sb_planting *planting, sb_counts *sums, size_t n);
void sb_planting_total_locked(const sb_planting *planting, sb_counts *sum);

#endif
