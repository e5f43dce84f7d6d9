/*
 * Conditions that stand on their own: stop conditions, which end or pause the drill once
 * they are true of all the teams that they are for, and conditional metrics, which a team
 * earns once it is true of that team. Each comes true once.
 *
 * After a pause by one of them white decides how to go on. A rehearsal has nobody who
 * would resume: it is told of a pause, and goes on.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_WATCHES_H
#define PARRY_ORCHESTRATOR_DAEMON_WATCHES_H

#include "orchestrator/daemon/daemon.h"

Watches *watches_new(Daemon *d);
void watches_free(Watches *watches);

/* A committed event, after the ledger took it; and the end of that commit, when the
 * conditions are judged. */
void watches_on_event(Watches *watches, const JournalEvent *event);
void watches_committed(Watches *watches);

/* A drill that is taken up: each event of its journal, in order; then what is not met is
 * judged anew. */
void watches_replay(Watches *watches, const JournalEvent *event);
void watches_resume(Watches *watches);

/* Whether a condition hangs on that check: the clock must not leap over a change of it.
 */
gboolean watches_check(const Watches *watches, int check);

#endif
