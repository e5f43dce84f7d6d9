/*
 * The isolation proof from inside: tries to reach what must not be reachable (and what
 * must), all rows at once. A refusal is an answer: whoever can refuse can be reached.
 */
#ifndef PARRY_AGENT_PROBE_H
#define PARRY_AGENT_PROBE_H

#include "agents/agent/agent.h"

/* Takes m over. */
void probe_take(struct agent *a, struct wire_msg *m);

/* Drops all, without answers. */
void probes_abort(struct agent *a);

#endif
