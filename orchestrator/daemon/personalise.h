/*
 * What a host is told when its agent says hello: who it is, in one `personalise` message
 * (docs/agent-protocol.md), its larger files before it in pieces.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PERSONALISE_H
#define PARRY_ORCHESTRATOR_DAEMON_PERSONALISE_H

#include "orchestrator/daemon/orders.h"

/* Sends all of it; done is called once, with the agent's answer or why there is none. */
void personalise_host(Daemon *d, int host, AnswerDone done, gpointer data);

/* The message alone, with the files that ride in it; a pure function of the plan. */
json_t *personalise_message(const Plan *plan, const PlanHost *host);

/* The same of a host whose daemon was killed meanwhile: nothing is done twice there. */
void personalise_resume(Daemon *d, int host, AnswerDone done, gpointer data);

#endif
