/*
 * Another identity for a guest that was restored from another's memory, or reverted: the
 * kernel has the old one's MACs, addresses, name, clock and random numbers.
 */
#ifndef PARRY_AGENT_IDENTITY_H
#define PARRY_AGENT_IDENTITY_H

#include "agents/agent/agent.h"

/* Takes an identity message; answered by result. */
void identity_take(struct agent *a, struct wire_msg *m);

#endif
