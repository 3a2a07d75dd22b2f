/* What the provider's functions look like: one of each way in which arguments and results travel. */
#ifndef PROVIDER_H
#define PROVIDER_H

#include <complex.h>
#include <stdarg.h>

typedef struct {
    int a;
    double b;
} provider_small;

typedef struct {
    float x, y, z, w;
} provider_floats;

typedef struct {
    long a[9];
    double b;
    char c[21];
} provider_large;

typedef float provider_vector __attribute__((vector_size(16)));
#if defined(__x86_64__)
typedef double provider_vector4 __attribute__((vector_size(32)));
typedef double provider_vector8 __attribute__((vector_size(64)));
#endif

extern int provider_variable;
extern const int provider_table[4];
extern _Thread_local int provider_local;

long provider_integers(long a, int b, short c, char d, _Bool e, unsigned f, long g, long h, int i, long j);
double provider_doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i,
                        double j, double k);
double provider_mixed(int a, double b, long c, float d, int e, double f, long g, float h, int i, double j, long k,
                      float l, int m, double n, long o, float p, int q, double r, long s, float t);
double provider_variadic(const char *kinds, ...);
double provider_variadic_list(const char *kinds, va_list list);
long double provider_long_double(long double a, int b, long double c);
double complex provider_complex(double complex a, float complex b);
long double complex provider_long_complex(long double complex a, double b);
__int128 provider_wide(__int128 a, long b, __int128 c);
provider_small provider_small_struct(provider_small a, provider_small b);
provider_floats provider_floats_struct(provider_floats a, provider_floats b);
provider_large provider_large_struct(int a, provider_large b, double c);
provider_vector provider_vectors(provider_vector a, double b, provider_vector c);
#if defined(__x86_64__)
provider_vector4 provider_vectors4(provider_vector4 a, double b, provider_vector4 c);
provider_vector8 provider_vectors8(provider_vector8 a, double b, provider_vector8 c);
void *provider_static_chain(void);
#endif
int provider_callback(int (*callback)(void *context, int a, double b), void *context);
int provider_errno(void);
int provider_chosen(int a); /* chosen when the library is loaded (IFUNC) */
int provider_versioned(void);

/* For threads: it changes nothing. */
long provider_plain(long a);

#endif
