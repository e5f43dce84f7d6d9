/*
 * Taking up a drill whose daemon is gone: killed, ended by a signal, or by a full disk.
 *
 * The journal is folded event by event into every module; then each goes on from where
 * it stands: what waits for a time is put on the timeline, orders in flight are taken up
 * by their ids, looks are made again. docs/internals.md, "Recovery".
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_RESUME_H
#define PARRY_ORCHESTRATOR_DAEMON_RESUME_H

#include "orchestrator/daemon/daemon.h"

/* A gap of the daemon up to this long is caught up; past it, or over a boot of the
 * machine, the clock is taken to have stood still. */
#define RESUME_GAP_US (60 * (gint64)G_USEC_PER_SEC)

/* The journal is that of an earlier daemon: folds it and goes on. Modules and control are
 * made; nothing runs yet. Appends daemon.started/1 and daemon.gap/1. */
gboolean resume_drill(Daemon *d, GError **error);
void resume_free(Daemon *d);

/* An event of the journal while daemon_replay() folds it. */
void resume_event(Daemon *d, const JournalEvent *event);

/* The open `x.wanted/1` of that kind whose body has that member with that value, which is
 * taken up then: its seq, or 0 where there is none. host: plan index or -1. */
gint64 resume_take(Daemon *d, const char *kind, int host, const char *member,
                   const char *value);
/* Whether one was done, and the object is not known to be gone since. */
gboolean resume_done(const Daemon *d, const char *kind, int host, const char *member,
                     const char *value);
/* What was done of the host (-1: of networks) counts no longer: it is wanted anew. */
void resume_forget(Daemon *d, int host);
/* Whether the VM is among those that range_world() named. */
gboolean resume_there(const json_t *world, const char *uuid);

#endif
