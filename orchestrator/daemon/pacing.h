/*
 * What each host does on its way to `ready`, for how long it has, how long that usually
 * takes here, and what it waits for: for `parry up` and `parry status`. What it measures
 * of a drill on its way becomes paces (paces.h) for the next one.
 *
 * It only watches: events as they are committed, and hosts_set(). Nothing depends on it.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PACING_H
#define PARRY_ORCHESTRATOR_DAEMON_PACING_H

#include "orchestrator/daemon/daemon.h"
#include "orchestrator/daemon/hosts.h"

Pacing *pacing_new(Daemon *d);
void pacing_free(Pacing *pacing);

/* hosts_set() does so, before anybody hears of it. */
void pacing_host(Pacing *pacing, int host, HostState state);
void pacing_event(Pacing *pacing, const JournalEvent *event);

/* {stage, why, for_us, usual_us} of a host on its way; NULL of any other. stage is a word
 * of paces_plan.h, `golden`, `after` (another host) or `wait`; why is "" where the stage
 * says it all; usual_us -1: not seen here. ahead: how many are before it in a queue;
 * limit_us: after so long it is given up. */
json_t *pacing_json(Pacing *pacing, int host);
/* What the drill as a whole is at, or waits for: {stage, why, for_us, usual_us}; NULL:
 * nothing, or only its hosts. */
json_t *pacing_drill_json(Pacing *pacing);

#endif
