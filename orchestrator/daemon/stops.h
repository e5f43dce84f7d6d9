/*
 * Stop conditions: what the scenario says must end or pause the drill by itself, once it
 * is true of all the teams that it is for. Each counts once; after a pause by one of them
 * white decides how to go on. A rehearsal has nobody who would resume: it is told of a
 * pause, and goes on.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_STOPS_H
#define PARRY_ORCHESTRATOR_DAEMON_STOPS_H

#include "orchestrator/daemon/daemon.h"

Stops *stops_new(Daemon *d);
void stops_free(Stops *stops);

/* A committed event, after the ledger took it; and the end of that commit, when the
 * conditions are judged. */
void stops_on_event(Stops *stops, const JournalEvent *event);
void stops_committed(Stops *stops);

/* Whether a condition hangs on that check: the clock must not leap over a change of it.
 */
gboolean stops_watch(const Stops *stops, int check);

#endif
