/* The least that a test program needs: CHECK reports what fails and goes on; main returns check_status(). */
#ifndef SB_CHECK_H
#define SB_CHECK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int check_total;
static int check_failed;

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static inline void
check_that(bool ok, const char *file, int line, const char *format, ...)
{
    check_total++;
    if (!ok) {
        check_failed++;
        va_list args;
        va_start(args, format);
        fprintf(stderr, "%s:%d: ", file, line);
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
        va_end(args);
    }
}

#define CHECK(condition) check_that((condition), __FILE__, __LINE__, "%s", #condition)

/* For tables: the row's line, and in printf's manner what was expected and what came. */
#define CHECK_ROW(line, condition, ...) check_that((condition), __FILE__, (line), __VA_ARGS__)

static inline int check_status(void)
{
    if (check_failed == 0) {
        printf("ok: %d checks\n", check_total);
    }
    else {
        fprintf(stderr, "%d of %d checks failed\n", check_failed, check_total);
    }
    return check_failed != 0;
}

#endif
