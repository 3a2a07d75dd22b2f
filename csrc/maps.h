/* Which pages of this process may be written, as the kernel tells; and pointers changed in those that may not be.
 *
 * The tables that the dynamic linker has filled are read-only afterwards (RELRO), and so are tables that a compiler
 * found constant. No Python.h.
 */
#ifndef SB_MAPS_H
#define SB_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uintptr_t begin, end;
    int protection; /* of PROT_READ, PROT_WRITE and PROT_EXEC */
} sb_range;

typedef struct {
    sb_range *ranges; /* Owned, `n` of them, in ascending order. */
    size_t n;
} sb_maps;

/* As they are at this moment. Returns 0, or -1 with errno set; `maps` is to be given back in either case. */
int sb_maps_read(sb_maps *maps);
void sb_maps_release(sb_maps *maps);

/* The protection at an address, or -1 where nothing is mapped. */
int sb_maps_protection(const sb_maps *maps, const void *address);

/* Puts `desired` where `expected` is; `protection` is that of its page, kept afterwards. Returns 1; 0 where something
 * else was there, which stays; -1 with errno set. Allocates nothing. */
int sb_swap_pointer(void **place, void *expected, void *desired, int protection);

#endif
