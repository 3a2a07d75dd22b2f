/* An injector that has sys.monitoring call a probe: all but the callbacks, which are a mechanism's own. */
#ifndef SB_WATCHER_H
#define SB_WATCHER_H

#include "injector.h"
#include "monitor.h"
#include "probe.h"

typedef struct {
    sb_injector base;
    sb_probe *probe;    /* Owned. */
    sb_monitor monitor; /* It holds the callbacks, and so the probe. */
} sb_watcher;

/* Takes the probe over, whatever comes of it. NULL with an exception set; so it has to be where the probe is NULL. */
sb_injector *sb_watcher_new(const sb_mechanism *mechanism, sb_probe *probe, sb_subscription *subscriptions, int n);

/* Those of a mechanism. */
int sb_watcher_arm(sb_injector *base);
bool sb_watcher_disarm(sb_injector *base);
int sb_watcher_is_intact(sb_injector *base);
int sb_watcher_traverse(const sb_injector *base, visitproc visit, void *arg);
void sb_watcher_free(sb_injector *base);

#endif
