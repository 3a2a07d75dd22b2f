/* A thunk goes on to its function, calls it and comes back, or refuses: as `enter` says. */
#include "check.h"
#include "thunk.h"

#include <string.h>

typedef void *(*callable)(void *, void *, void *, void *, void *);

static int answer;
static int entered, left;
static bool aligned;
static void *result;
static sb_slot *seen;
static callable inner;

/* Whether the stack is as the ABI has it: whatever the compiler puts there with an alignment of 16 must have it. */
static bool is_aligned(void)
{
    _Alignas(16) volatile char here[16] = {0};
    return (uintptr_t)here % 16 == 0 && (uintptr_t)__builtin_frame_address(0) % 16 == 0;
}

/* Changes what a callee may change, as the hooks of sessions do. */
static int enter(sb_slot *slot)
{
    entered++;
    seen = slot;
    aligned = aligned && is_aligned();
#if defined(__x86_64__)
    __asm__ volatile("" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
#endif
    return answer;
}

static void leave(sb_slot *slot)
{
    left++;
    CHECK(slot == seen);
    aligned = aligned && is_aligned();
}

static void *function(void *a, void *b, void *c, void *d, void *e)
{
    aligned = aligned && is_aligned();
    CHECK(left == 0);
    if (inner != NULL) {
        const callable next = inner;
        inner = NULL;
        void *of_inner = next(a, b, c, d, e);
        left = 0; /* it came out, and so did nobody else */
        return of_inner;
    }
    const uintptr_t numbers[] = {(uintptr_t)a, (uintptr_t)b, (uintptr_t)c, (uintptr_t)d, (uintptr_t)e};
    uintptr_t all = 0;
    for (int i = 0; i < 5; i++) {
        all = all * 10 + numbers[i];
    }
    return (void *)all;
}

static void call(sb_slot *slot, int says)
{
    const callable thunk = (callable)(uintptr_t)sb_slot_thunk(slot);
    answer = says;
    entered = left = 0;
    aligned = true;
    result = thunk((void *)1, (void *)2, (void *)3, (void *)4, (void *)5);
}

int main(void)
{
    sb_slot *slot = sb_slot_take((const void *)(uintptr_t)function);
    call(slot, 0);
    CHECK(result == (void *)12345 && entered == 0 && left == 0);

    sb_slot_open(slot, enter);
    call(slot, 1);
    CHECK(result == (void *)12345 && entered == 1 && left == 0); /* nobody has set `leave` */
    slot->leave = leave;
    call(slot, 0);
    CHECK(result == (void *)12345 && entered == 1 && left == 0 && aligned);
    call(slot, 1);
    CHECK(result == (void *)12345 && entered == 1 && left == 1 && aligned);
    call(slot, -1);
    CHECK(result == NULL && entered == 1 && left == 0 && aligned);

    inner = (callable)(uintptr_t)sb_slot_thunk(slot);
    call(slot, 1);
    CHECK(result == (void *)12345 && entered == 2 && left == 1 && aligned);

    /* Whoever went in before it was released comes out by the same way, also under the next holder. */
    atomic_store(&slot->holder, slot);
    sb_slot_release(slot);
    CHECK(atomic_load(&slot->holder) == NULL && slot->leave == leave);
    call(slot, 1);
    CHECK(result == (void *)12345 && entered == 0 && left == 0);
    CHECK(sb_slot_take((const void *)(uintptr_t)function) == slot && slot->leave == leave);
    return check_status();
}
