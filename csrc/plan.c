/* The page that a plan lies on; see plan.h. */
#include "plan.h"

#include <stddef.h>
#include <sys/mman.h>

#define PAGE 4096 /* or less than one: the kernel rounds up */

int sb_plan_init(sb_plan *plan)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        plan->word = NULL;
        return -1;
    }
#ifdef MADV_WIPEONFORK
    (void)madvise(page, PAGE, MADV_WIPEONFORK);
#endif
    plan->word = page;
    sb_plan_set(plan, SB_PAUSED);
    return 0;
}

void sb_plan_fini(sb_plan *plan)
{
    if (plan->word != NULL) {
        munmap(plan->word, PAGE);
        plan->word = NULL;
    }
}
