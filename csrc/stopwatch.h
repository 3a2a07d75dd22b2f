/* A stopwatch: for how many ticks a session has been switched on, over all the times that it was.
 *
 * One word, so that readers get the state and the figure at once: they load it, and then ask it as often as they like.
 * A zero is one that stands at zero. No Python.h.
 */
#ifndef SB_STOPWATCH_H
#define SB_STOPWATCH_H

#include "atomics.h"

#include <stdbool.h>

/* Where it runs, twice the ticks of the clock at which it would have started if it had never stood, and 1; else twice
 * its figure. A counter of 3 GHz takes 48 years to the end of that. */
typedef struct {
    sb_atomic_i64 word;
} sb_stopwatch;

static inline int64_t sb_stopwatch_look(const sb_stopwatch *stopwatch)
{
    return sb_load_acquire(&stopwatch->word);
}

static inline bool sb_stopwatch_runs(int64_t word)
{
    return (word & 1) != 0;
}

/* Its figure at `now`, in ticks. One that was looked at just before it was stopped may go on by the moment between. */
static inline int64_t sb_stopwatch_read(int64_t word, int64_t now)
{
    const int64_t value = word >> 1;
    return sb_stopwatch_runs(word) ? now - value : value;
}

/* Starts or stops it; harmless where it runs or stands already. By one thread at a time. */
static inline void sb_stopwatch_turn(sb_stopwatch *stopwatch, int64_t now, bool on)
{
    const int64_t word = sb_stopwatch_look(stopwatch);
    if (sb_stopwatch_runs(word) != on) {
        sb_store_release(&stopwatch->word, (now - (word >> 1)) * 2 + on);
    }
}

#endif
