/* A shared library whose functions others import; see provider.h. */
#include "provider.h"

#include <errno.h>

int provider_variable = 41;
const int provider_table[4] = {1, 2, 3, 4};
_Thread_local int provider_local = 5;

long provider_integers(long a, int b, short c, char d, _Bool e, unsigned f, long g, long h, int i, long j)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * (long)f + 7 * g + 8 * h + 9 * i + 10 * j;
}

double provider_doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i,
                        double j, double k)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k;
}

double provider_mixed(int a, double b, long c, float d, int e, double f, long g, float h, int i, double j, long k,
                      float l, int m, double n, long o, float p, int q, double r, long s, float t)
{
    return a + 2 * b + 3 * (double)c + 4 * (double)d + 5 * e + 6 * f + 7 * (double)g + 8 * (double)h + 9 * i + 10 * j +
           11 * (double)k + 12 * (double)l + 13 * m + 14 * n + 15 * (double)o + 16 * (double)p + 17 * q + 18 * r +
           19 * (double)s + 20 * (double)t;
}

double provider_variadic_list(const char *kinds, va_list list)
{
    double sum = 0;
    for (int weight = 1; *kinds != '\0'; kinds++, weight++) {
        switch (*kinds) {
        case 'i':
            sum += weight * va_arg(list, int);
            break;
        case 'd':
            sum += weight * va_arg(list, double);
            break;
        default:
            sum += weight * (double)va_arg(list, long double);
        }
    }
    return sum;
}

double provider_variadic(const char *kinds, ...)
{
    va_list list;
    va_start(list, kinds);
    const double sum = provider_variadic_list(kinds, list);
    va_end(list);
    return sum;
}

long double provider_long_double(long double a, int b, long double c)
{
    return a / b + c;
}

double complex provider_complex(double complex a, float complex b)
{
    return a * b;
}

long double complex provider_long_complex(long double complex a, double b)
{
    return a * b;
}

__int128 provider_wide(__int128 a, long b, __int128 c)
{
    return a * b - c;
}

provider_small provider_small_struct(provider_small a, provider_small b)
{
    return (provider_small){a.a - b.a, a.b / b.b};
}

provider_floats provider_floats_struct(provider_floats a, provider_floats b)
{
    return (provider_floats){a.x + b.w, a.y + b.z, a.z + b.y, a.w / b.x};
}

provider_large provider_large_struct(int a, provider_large b, double c)
{
    for (int i = 0; i < 9; i++) {
        b.a[i] *= a;
    }
    b.b /= c;
    b.c[20] ^= 1;
    return b;
}

provider_vector provider_vectors(provider_vector a, double b, provider_vector c)
{
    return a * (float)b - c;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) provider_vector4 provider_vectors4(provider_vector4 a, double b, provider_vector4 c)
{
    return a * b - c;
}

__attribute__((target("avx512f"))) provider_vector8 provider_vectors8(provider_vector8 a, double b, provider_vector8 c)
{
    return a * b - c;
}

__asm__(".globl provider_static_chain\n"
        ".type provider_static_chain, @function\n"
        "provider_static_chain:\n"
        "    endbr64\n"
        "    movq %r10, %rax\n"
        "    ret\n"
        ".size provider_static_chain, . - provider_static_chain\n");
#endif

int provider_callback(int (*callback)(void *context, int a, double b), void *context)
{
    return callback(context, 1, 2.5) + callback(context, 3, 4.5);
}

int provider_errno(void)
{
    return errno;
}

static int chosen(int a)
{
    return a + 1000;
}

__attribute__((used)) static int (*choose(void))(int)
{
    return chosen;
}

int provider_chosen(int a) __attribute__((ifunc("choose")));

/* Two versions, as a library has that was changed. */
int provider_versioned_old(void);
int provider_versioned_new(void);

int provider_versioned_old(void)
{
    return 1;
}

int provider_versioned_new(void)
{
    return 2;
}

__asm__(".symver provider_versioned_old, provider_versioned@PROVIDER_1");
__asm__(".symver provider_versioned_new, provider_versioned@@PROVIDER_2");

long provider_plain(long a)
{
    return a + 1;
}
