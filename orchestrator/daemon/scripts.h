/*
 * Scripted players of a rehearsal: what a team does, done by real orders in its hosts.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_SCRIPTS_H
#define PARRY_ORCHESTRATOR_DAEMON_SCRIPTS_H

#include "orchestrator/daemon/daemon.h"

Scripts *scripts_new(Daemon *d); /* puts the scripts' own actions on the timeline */
void scripts_free(Scripts *scripts);

/* A drill that is taken up: each event of its journal, in order, after the injects took
 * it; then what was under way goes on. */
void scripts_replay(Scripts *scripts, const JournalEvent *event);
void scripts_resume(Scripts *scripts);

/* An attack's effect was seen, or a message was sent: whoever plays that team notices. */
void scripts_inject(Scripts *scripts, int inject);

#endif
