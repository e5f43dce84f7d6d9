/*
 * What an attack left behind: the victim's host as it was right before the attack's order
 * and as it is after its cleanup, compared.
 *
 * One snapshot at a time is taken in a host, bounded in time; files are hashed only where
 * the scenario planted or looks, and where attacks usually leave things. What defenders
 * changed meanwhile stands in the difference too: it is evidence for white, and scores
 * nothing.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_RESIDUE_H
#define PARRY_ORCHESTRATOR_DAEMON_RESIDUE_H

#include "orchestrator/daemon/daemon.h"

Residue *residue_new(Daemon *d);
void residue_free(Residue *residue);

/*
 * Takes down how the inject's victim is, then calls ready: at once where nobody asked for
 * it (`residue: false`), there is no agent or it was done for an earlier attempt; after
 * 10 s in any case.
 */
typedef void (*ResidueReady)(Daemon *d, gpointer data);
void residue_before(Residue *residue, int inject, ResidueReady ready, gpointer data);

/* Compares with that, appends residue/1 (ref: inject.wanted/1), then calls ready; at once
 * where there is nothing to compare with. */
void residue_after(Residue *residue, int inject, gint64 ref, ResidueReady ready,
                   gpointer data);

/* A drill that is taken up: each event of its journal, in order. What an earlier daemon
 * took down of a victim (residue.before/1) is compared with as if it had been this one.
 */
void residue_replay(Residue *residue, const JournalEvent *event);

/* Paths whose files are compared in a host for that inject, sorted; a strv. */
char **residue_paths(const Plan *plan, const PlanInject *inject);

#endif
