/* A shared library that calls another one, linked in several ways; see CMakeLists.txt. */
#include "provider.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#if defined(IMPORT_THE_OLD_VERSION)
__asm__(".symver provider_versioned, provider_versioned@PROVIDER_1");
#endif

/* Writes what every function of the provider returns, all bits of it, and what it was given back. Returns the number of
 * calls to the provider. */
int importer_run(char *into, size_t room);
long importer_plain(long a, int times);
long (*importer_stored(void))(long);

static int counting(void *context, int a, double b)
{
    *(double *)context += a * b;
    return a;
}

static int jumping(void *context, int a, double b)
{
    (void)b;
    longjmp(*(jmp_buf *)context, a + 41);
}

/* Bits, in hexadecimal; of a long double on x86 only those ten bytes that are its value. */
static char *tell(char *at, const void *value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at += sprintf(at, "%02x", ((const unsigned char *)value)[i]);
    }
    *at++ = '\n';
    *at = '\0';
    return at;
}

#define TELL(type, ...)                                                                                                \
    do {                                                                                                               \
        const type value = (__VA_ARGS__);                                                                              \
        at = tell(at, &value, sizeof value);                                                                           \
        calls++;                                                                                                       \
    } while (0)

#if defined(__x86_64__)
void *call_with_static_chain(void);

__asm__(".text\n"
        "call_with_static_chain:\n"
        "    subq $8, %rsp\n"
        "    movq $0x1234, %r10\n"
        "    call provider_static_chain@PLT\n"
        "    addq $8, %rsp\n"
        "    ret\n");

__attribute__((target("avx2"))) static char *tell_vectors4(char *at)
{
    const provider_vector4 a = {1.5, 2.5, 3.5, 4.5}, c = {0.1, 0.2, 0.3, 0.4};
    const provider_vector4 value = provider_vectors4(a, 1.25, c);
    return tell(at, &value, sizeof value);
}

__attribute__((target("avx512f"))) static char *tell_vectors8(char *at)
{
    const provider_vector8 a = {1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5}, c = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
    const provider_vector8 value = provider_vectors8(a, 1.25, c);
    return tell(at, &value, sizeof value);
}
#endif

int importer_run(char *into, size_t room)
{
    char *volatile at_jump;
    char *at = into;
    volatile int calls = 0;
    (void)room;
    TELL(long, provider_integers(1L << 40, -2, 3, -4, 1, 4000000000u, 7, -8, 9, 1L << 50));
    TELL(double, provider_doubles(.1, .2, .3, .4, .5, .6, .7, .8, .9, 1.1, 1.2));
    TELL(double, provider_mixed(1, .2, 3, .4f, 5, .6, 7, .8f, 9, 1.1, 11, 1.2f, 13, 1.4, 15, 1.6f, 17, 1.8, 19, 2.1f));
    TELL(double,
         provider_variadic("idLdididddddddLi", 1, .2, .3L, .4, 5, .6, 7, .8, .9, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6L, 17));
    TELL(double, provider_variadic("iiiiiiiii", 1, 2, 3, 4, 5, 6, 7, 8, 9));
    {
        long double value;
        memset(&value, 0, sizeof value);
        value = provider_long_double(1.1L, 3, 2.2L);
        at = tell(at, &value, sizeof value == 16 && __LDBL_MANT_DIG__ == 64 ? 10 : sizeof value);
        const long double complex both = provider_long_complex(CMPLXL(1.1L, 2.2L), 3.3);
        const long double parts[2] = {creall(both), cimagl(both)};
        at = tell(at, &parts[0], __LDBL_MANT_DIG__ == 64 ? 10 : sizeof parts[0]);
        at = tell(at, &parts[1], __LDBL_MANT_DIG__ == 64 ? 10 : sizeof parts[1]);
        calls += 2;
    }
    TELL(double complex, provider_complex(CMPLX(1.1, 2.2), CMPLXF(3.3f, 4.4f)));
    TELL(__int128, provider_wide((__int128)1 << 100, -7, ((__int128)1 << 90) + 1));
    {
        const provider_small small = provider_small_struct((provider_small){7, .7}, (provider_small){3, .3});
        at = tell(at, &small.a, sizeof small.a);
        at = tell(at, &small.b, sizeof small.b);
        provider_large large = {.a = {1, 2, 3, 4, 5, 6, 7, 8, 9}, .b = .5, .c = "twenty characters..."};
        large = provider_large_struct(3, large, .7);
        at = tell(at, large.a, sizeof large.a);
        at = tell(at, &large.b, sizeof large.b);
        at = tell(at, large.c, sizeof large.c);
        calls += 2;
    }
    TELL(provider_floats,
         provider_floats_struct((provider_floats){.1f, .2f, .3f, .4f}, (provider_floats){.5f, .6f, .7f, .8f}));
    TELL(provider_vector, provider_vectors((provider_vector){1, 2, 3, 4}, 1.5, (provider_vector){.1f, .2f, .3f, .4f}));
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        at = tell_vectors4(at);
        calls++;
    }
    if (__builtin_cpu_supports("avx512f")) {
        at = tell_vectors8(at);
        calls++;
    }
    (void)call_with_static_chain(); /* the dynamic linker, which binds it, does not keep the chain */
    calls++;
    TELL(void *, call_with_static_chain());
#endif
    double sum = 0;
    TELL(int, provider_callback(counting, &sum));
    at = tell(at, &sum, sizeof sum);
    jmp_buf place;
    at_jump = at;
    const int jumped = setjmp(place);
    if (jumped == 0) {
        provider_callback(jumping, &place);
    }
    at = tell(at_jump, &jumped, sizeof jumped);
    calls++;
    errno = 123;
    TELL(int, provider_errno());
    TELL(int, errno);
    calls--;
    TELL(int, provider_chosen(7));
    TELL(int, provider_versioned());
    TELL(int, provider_variable + provider_table[2] + provider_local);
    calls--;
    return calls;
}

long importer_plain(long a, int times)
{
    for (int i = 0; i < times; i++) {
        a = provider_plain(a);
    }
    return a;
}

long (*importer_stored(void))(long)
{
    return provider_plain;
}
