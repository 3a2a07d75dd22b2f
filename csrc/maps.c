/* /proc/self/maps, and mprotect around a store; see maps.h. */
#include "maps.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int sb_maps_read(sb_maps *maps)
{
    *maps = (sb_maps){0};
    FILE *file = fopen("/proc/self/maps", "re");
    if (file == NULL) {
        return -1;
    }
    size_t room = 0, length = 0;
    char *line = NULL;
    int result = 0;
    while (result == 0 && getline(&line, &length, file) > 0) {
        unsigned long begin, end;
        char may[5];
        if (sscanf(line, "%lx-%lx %4s", &begin, &end, may) != 3) {
            continue;
        }
        if (maps->n == room) {
            room = room > 0 ? room * 2 : 256;
            sb_range *ranges = realloc(maps->ranges, room * sizeof *ranges);
            if (ranges == NULL) {
                result = -1;
                break;
            }
            maps->ranges = ranges;
        }
        maps->ranges[maps->n++] = (sb_range){
            .begin = begin,
            .end = end,
            .protection =
                (may[0] == 'r' ? PROT_READ : 0) | (may[1] == 'w' ? PROT_WRITE : 0) | (may[2] == 'x' ? PROT_EXEC : 0),
        };
    }
    free(line);
    fclose(file);
    return result;
}

void sb_maps_release(sb_maps *maps)
{
    free(maps->ranges);
    *maps = (sb_maps){0};
}

int sb_maps_protection(const sb_maps *maps, const void *address)
{
    const uintptr_t at = (uintptr_t)address;
    size_t low = 0, high = maps->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (at >= maps->ranges[middle].end) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low < maps->n && at >= maps->ranges[low].begin ? maps->ranges[low].protection : -1;
}

int sb_swap_pointer(void **place, void *expected, void *desired, int protection)
{
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = (void *)((uintptr_t)place & ~(uintptr_t)(size - 1)); /* a pointer is aligned: it is in one page */
    const bool locked = (protection & PROT_WRITE) == 0;
    if (locked && mprotect(page, size, protection | PROT_WRITE) < 0) {
        return -1;
    }
    const bool swapped =
        __atomic_compare_exchange_n(place, &expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    if (locked) {
        (void)mprotect(page, size, protection);
    }
    return swapped;
}
