/*
 * Reset: a host back to the state in which it was ready, while the drill goes on.
 *
 *   wanted ─ windows void, orders lost ─ VM gone ─ fresh disk ─ restored, or booted ─
 * hello ─ identity, personalise ─ done
 *
 * A clone's checkpoint is its golden guest and its personalisation; another host has one
 * named `ready` (points.h), or boots. With a name it is that checkpoint for all: the
 * guest as it was then, told nothing but the time. Where the drill is paused, or the
 * host's team held, the new VM is made and stands; its agent is waited for once it runs.
 * Its disk as it was stays as evidence beside the new one until the next reset. The epoch
 * moves: whatever was queued for the old guest dies.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_RESETS_H
#define PARRY_ORCHESTRATOR_DAEMON_RESETS_H

#include "orchestrator/daemon/daemon.h"

Resets *resets_new(Daemon *d);
void resets_free(Resets *resets);

typedef struct {
    guint rt_hosts, rt_failed;
    gint64 rt_us;    /* that all of it took */
    char *rt_reason; /* the first failure's, with its host; or NULL */
} ResetTotal;
typedef void (*ResetsDone)(Daemon *d, const ResetTotal *total, gpointer data);

/* "all", a team's name or a host's id: its hosts' indexes, or NULL with why not. */
GArray *resets_hosts(const Daemon *d, const char *target, GError **error);
/* Begins; FALSE where one of them is being reset or saved already, or has no such
 * checkpoint. to: its name, or NULL: as when ready. reason: for the journal. */
gboolean resets_begin(Resets *resets, const GArray *hosts, const char *to,
                      const char *actor, const char *reason, ResetsDone done,
                      gpointer data, GError **error);

/* The host's agent has been told who it is, or could not be: TRUE where it was a reset
 * that waited for it and goes on. NULL is nobody. */
gboolean resets_agent(Resets *resets, int host, gboolean ok, const char *reason);
gboolean resets_busy(const Resets *resets, int host);
/* Its guest is that of a checkpoint, and knows already who it is. NULL is nobody. */
gboolean resets_point(const Resets *resets, int host);
/* A drill is being taken up: what its VMs are is not known yet, and none is reset. */
gboolean resets_early(const Daemon *d);
gint64 resets_seq(const Resets *resets, int host); /* reset.wanted/1 of the last one */

/* A drill that is taken up: each event of its journal, in order. resets_resume(): a reset
 * of that host was under way, FALSE: none was; it is begun anew, by its number, but for
 * the disk that is kept as evidence already. After link_listen() and clones_resume(). */
void resets_replay(Resets *resets, const JournalEvent *event);
gboolean resets_pending(const Resets *resets, int host);
gboolean resets_resume(Resets *resets, int host);

#define RESETS_ERROR (resets_error_quark())
GQuark resets_error_quark(void);

#endif
