/*
 * Makes a fresh boot this host of this drill: name, addresses, routes, names of others,
 * users, files, router, services, and the scripts that run once.
 */
#ifndef PARRY_AGENT_PERSONALISE_H
#define PARRY_AGENT_PERSONALISE_H

#include "agents/agent/agent.h"

/* Takes m over. Answered by one ready. */
void personalise_take(struct agent *a, struct wire_msg *m);

/* Ends what is under way; quietly: without an answer. */
void personalise_abort(struct agent *a, bool quietly);

#endif
