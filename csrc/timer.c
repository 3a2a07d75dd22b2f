/* Timers of Linux; see timer.h. */
#include "timer.h"

#include <errno.h>

#if defined(__linux__)
#include <sys/timerfd.h>

int sb_timer_open(void)
{
    return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

int sb_timer_set(int timer, int64_t at_ns)
{
    const struct itimerspec at = {.it_value = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}
#else
int sb_timer_open(void)
{
    errno = ENOSYS;
    return -1;
}

int sb_timer_set(int timer, int64_t at_ns)
{
    (void)timer, (void)at_ns;
    errno = ENOSYS;
    return -1;
}
#endif
