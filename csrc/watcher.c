/* A probe and its monitor; see watcher.h. */
#include "watcher.h"

int sb_watcher_arm(sb_injector *base)
{
    return sb_monitor_start(&((sb_watcher *)base)->monitor);
}

bool sb_watcher_disarm(sb_injector *base)
{
    return sb_monitor_stop(&((sb_watcher *)base)->monitor);
}

int sb_watcher_is_intact(sb_injector *base)
{
    return sb_monitor_is_intact(&((sb_watcher *)base)->monitor);
}

int sb_watcher_traverse(const sb_injector *base, visitproc visit, void *arg)
{
    const sb_watcher *self = (const sb_watcher *)base;
    Py_VISIT(self->probe);
    return sb_monitor_traverse(&self->monitor, visit, arg);
}

void sb_watcher_free(sb_injector *base)
{
    sb_watcher *self = (sb_watcher *)base;
    if (self != NULL) {
        SB_LOCK(&self->probe->toll->lock);
        self->probe->monitor = NULL;
        SB_UNLOCK(&self->probe->toll->lock);
        sb_monitor_fini(&self->monitor);
        Py_DECREF(self->probe);
        PyMem_Free(self);
    }
}

sb_injector *sb_watcher_new(const sb_mechanism *mechanism, sb_probe *probe, sb_subscription *subscriptions, int n)
{
    if (probe == NULL) {
        return NULL;
    }
    sb_watcher *self = PyMem_Calloc(1, sizeof *self);
    if (self == NULL) {
        Py_DECREF(probe);
        PyErr_NoMemory();
        return NULL;
    }
    self->base.mechanism = mechanism;
    self->probe = probe;
    if (sb_monitor_init(&self->monitor, subscriptions, n, (PyObject *)probe, &probe->toll->lock) < 0) {
        sb_watcher_free(&self->base);
        return NULL;
    }
    probe->monitor = &self->monitor;
    return &self->base;
}
