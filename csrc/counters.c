/* Tables of cells; see counters.h. */
#include "counters.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CELLS 16
#define CACHE_LINE 64

static sb_thread NOBODY = {.owner = NULL}; /* Never written to. */

static sb_cell *cells_new(sb_ledger *ledger, size_t n)
{
    if (ledger != NULL) {
        return sb_ledger_take(ledger, n * sizeof(sb_cell));
    }
    sb_cell *cells = aligned_alloc(CACHE_LINE, n * sizeof *cells);
    if (cells != NULL) {
        memset(cells, 0, n * sizeof *cells);
    }
    return cells;
}

static sb_cell *free_cell(sb_cell *cells, size_t mask, const void *code)
{
    size_t i = sb_pointer_hash(code);
    while (cells[i & mask].code != NULL) {
        i++;
    }
    return &cells[i & mask];
}

/* Whoever reads the ledger finds the thread's table as it is now. */
static void show(const sb_thread *thread)
{
    if (thread->shown != NULL) {
        int64_t bits = 0;
        while (thread->mask >> bits != 0) {
            bits++;
        }
        sb_store_release(&thread->shown->cells, sb_ledger_offset(thread->ledger, thread->cells) + bits);
    }
}

static int grow(sb_thread *thread)
{
    size_t mask = thread->mask * 2 + 1;
    sb_cell *cells = cells_new(thread->ledger, mask + 1);
    if (cells == NULL) {
        return -1;
    }
    for (size_t i = 0; i <= thread->mask; i++) {
        if (thread->cells[i].code != NULL) {
            memcpy(free_cell(cells, mask, thread->cells[i].code), &thread->cells[i], sizeof *cells);
        }
    }
    sb_cell *old = thread->cells;
    thread->cells = cells;
    thread->mask = mask;
    for (size_t i = 0; i < thread->stack.depth; i++) {
        thread->stack.frames[i] = sb_counters_find(thread, thread->stack.frames[i]->code);
    }
    show(thread);
    if (thread->ledger == NULL) {
        free(old);
    }
    return 0;
}

void sb_counters_init(sb_counters *counters)
{
    counters->threads = NULL;
    counters->ledger = NULL;
    for (int i = 0; i < SB_SEATS; i++) {
        atomic_init(&counters->seats[i], &NOBODY);
    }
}

void sb_counters_fini(sb_counters *counters)
{
    while (counters->threads != NULL) {
        sb_thread *thread = counters->threads;
        counters->threads = thread->next;
        if (thread->ledger == NULL) {
            free(thread->cells);
        }
        free(thread->stack.frames);
        free(thread);
    }
}

/* NULL: out of memory. Of what was found first, the ledger keeps its own. */
static sb_thread *thread_new(sb_ledger *ledger)
{
    sb_thread *thread = calloc(1, sizeof *thread);
    sb_table *shown = ledger != NULL && thread != NULL ? sb_ledger_take(ledger, sizeof *shown) : NULL;
    sb_cell *cells = thread != NULL && (ledger == NULL || shown != NULL) ? cells_new(ledger, FIRST_CELLS) : NULL;
    if (cells == NULL) {
        free(thread);
        return NULL;
    }
    *thread = (sb_thread){.cells = cells, .mask = FIRST_CELLS - 1, .ledger = ledger, .shown = shown};
    show(thread);
    if (ledger != NULL) {
        sb_store_release(&shown->next, sb_read(&ledger->tables));
        sb_store_release(&ledger->tables, sb_ledger_offset(ledger, shown));
    }
    return thread;
}

sb_thread *sb_counters_thread_locked(sb_counters *counters)
{
    const void *me = sb_this_thread();
    sb_thread *thread = counters->threads;
    while (thread != NULL && thread->owner != me) {
        thread = thread->next;
    }
    if (thread == NULL) {
        thread = thread_new(counters->ledger);
        if (thread == NULL) {
            return NULL;
        }
        thread->owner = me;
        thread->next = counters->threads;
        counters->threads = thread;
    }
    atomic_store_explicit(&counters->seats[sb_seat(me)], thread, memory_order_release);
    return thread;
}

sb_cell *sb_counters_insert_locked(sb_thread *thread, const void *code, size_t target)
{
    if ((thread->used + 1) * 2 > thread->mask && grow(thread) < 0) {
        return NULL;
    }
    assert(code != NULL && sb_counters_find(thread, code) == NULL);
    sb_cell *cell = free_cell(thread->cells, thread->mask, code);
    cell->code = code;
    cell->target = (uint32_t)target;
    thread->used++;
    return cell;
}

const sb_cell *sb_counters_find_any_locked(const sb_counters *counters, const void *code)
{
    const sb_cell *cell = NULL;
    for (const sb_thread *thread = counters->threads; thread != NULL && cell == NULL; thread = thread->next) {
        cell = sb_counters_find(thread, code);
    }
    return cell;
}

static void add(sb_counts *sum, const sb_cell *cell)
{
    sum->calls += sb_read(&cell->calls);
    sum->requested += sb_read(&cell->requested);
    sum->delivered += sb_read(&cell->delivered);
    sum->late += sb_read(&cell->late);
    sum->waited += sb_read(&cell->waited);
}

sb_counts sb_counters_total_locked(const sb_counters *counters)
{
    sb_counts total = {0};
    for (const sb_thread *thread = counters->threads; thread != NULL; thread = thread->next) {
        for (size_t i = 0; i <= thread->mask; i++) {
            add(&total, &thread->cells[i]); /* a free cell adds nothing */
        }
    }
    return total;
}

void sb_counters_sum_locked(const sb_counters *counters, sb_counts *sums, size_t n)
{
    for (const sb_thread *thread = counters->threads; thread != NULL; thread = thread->next) {
        for (size_t i = 0; i <= thread->mask; i++) {
            const sb_cell *cell = &thread->cells[i];
            if (cell->code != NULL && cell->target < n) {
                add(&sums[cell->target], cell);
            }
        }
    }
}
