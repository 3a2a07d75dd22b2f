/* System calls without libc: it may be what is slowed, it sets errno, and it may use vector registers. No Python.h. */
#ifndef SB_SYSTEM_H
#define SB_SYSTEM_H

#include <sys/syscall.h>

#if defined(__x86_64__)
#define SB_HAS_SYSTEM 1

/* The kernel's result: negative errnos, from -4095 on, are errors. */
static inline long sb_system(long number, long a, long b, long c, long d, long e, long f)
{
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)
#define SB_HAS_SYSTEM 1

static inline long sb_system(long number, long a, long b, long c, long d, long e, long f)
{
    register long result __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    register long fifth __asm__("x4") = e;
    register long sixth __asm__("x5") = f;
    register long which __asm__("x8") = number;
    __asm__ volatile("svc 0"
                     : "+r"(result)
                     : "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth), "r"(which)
                     : "memory");
    return result;
}

#else
#define SB_HAS_SYSTEM 0
#endif

#endif
