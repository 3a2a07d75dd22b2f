/* What inject_native.c does, without Python: thunks before all that others import from the provider, or before more. */
#ifndef PLANTED_H
#define PLANTED_H

#include "enter_native.h"
#include "imports.h"
#include "maps.h"

#include <stdlib.h>
#include <string.h>

#define PROVIDER "libprovider.so"

typedef struct {
    sb_imports imports;
    sb_maps maps;
    sb_slot **slots; /* one an import; NULL: a slot that was planted for another import of the function is used */
    sb_clock clock;
    sb_delay delay;
    sb_plan plan;
} planted;

static inline bool is_provided(void *context, const sb_object *provider, const char *symbol)
{
    (void)context;
    (void)symbol;
    return provider == NULL || strcmp(provider->name, PROVIDER) == 0;
}

static inline void planted_init(planted *p, bool sleeps)
{
    *p = (planted){0};
    sb_clock_init(&p->clock);
    sb_delay_init(&p->delay, &p->clock, 10000000, sleeps);
    if (sb_plan_init(&p->plan) < 0) {
        abort();
    }
}

static inline void planted_fini(planted *p)
{
    sb_plan_fini(&p->plan);
}

static inline sb_slot *planted_slot(const planted *p, const void *function)
{
    for (size_t i = 0; i < p->imports.n_items; i++) {
        if (p->slots[i] != NULL && p->slots[i]->function == function) {
            return p->slots[i];
        }
    }
    return NULL;
}

/* Returns how many places lead to thunks now. */
static inline size_t planted_arm(planted *p, sb_wants wants)
{
    size_t swapped = 0;
    if (sb_imports_read(&p->imports, wants, NULL) < 0 || sb_maps_read(&p->maps) < 0) {
        abort();
    }
    p->slots = calloc(p->imports.n_items + 1, sizeof *p->slots);
    for (size_t i = 0; p->slots != NULL && i < p->imports.n_items; i++) {
        const sb_import *import = &p->imports.items[i];
        sb_slot *slot = planted_slot(p, import->function);
        if (slot == NULL) {
            slot = p->slots[i] = sb_slot_take(import->function);
            slot->word = p->plan.word;
            slot->delay = &p->delay;
            slot->target = 0;
            sb_slot_open(slot, sb_enter_native);
        }
        swapped += sb_swap_pointer(import->place, import->was, sb_slot_thunk(slot),
                                   sb_maps_protection(&p->maps, import->place)) == 1;
    }
    return swapped;
}

/* Returns how many places were put back. */
static inline size_t planted_disarm(planted *p)
{
    size_t restored = 0;
    for (size_t i = 0; i < p->imports.n_items; i++) {
        const sb_import *import = &p->imports.items[i];
        restored += sb_swap_pointer(import->place, sb_slot_thunk(planted_slot(p, import->function)), import->was,
                                    sb_maps_protection(&p->maps, import->place)) == 1;
    }
    for (size_t i = 0; i < p->imports.n_items; i++) {
        if (p->slots[i] != NULL) {
            sb_slot_release(p->slots[i]);
        }
    }
    free(p->slots);
    p->slots = NULL;
    sb_maps_release(&p->maps);
    sb_imports_release(&p->imports);
    return restored;
}

/* What all slots have counted, ever. */
static inline sb_counts planted_sum(const planted *p)
{
    sb_counts sum = {0};
    for (size_t i = 0; i < p->imports.n_items; i++) {
        if (p->slots[i] != NULL) {
            const sb_counts one = sb_slot_sum(p->slots[i]);
            sum.calls += one.calls;
            sum.requested += one.requested;
            sum.delivered += one.delivered;
            sum.late += one.late;
            sum.waited += one.waited;
        }
    }
    return sum;
}

#endif
