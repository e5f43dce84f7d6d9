/*
 * The agents of a simulated range: they take what parryd sends to a host's agent and
 * answer it with the records that parry-hub would pass on, from what is so in the range
 * (facts.h). Everything on parryd's side of the hub is the real thing.
 */
#ifndef PARRY_ORCHESTRATOR_SIM_AGENTS_H
#define PARRY_ORCHESTRATOR_SIM_AGENTS_H

#include "orchestrator/daemon/daemon.h"
#include "orchestrator/sim/facts.h"

typedef struct Agents Agents;

/* Puts itself in the hub's place; daemon and facts are borrowed. */
Agents *agents_new(Daemon *d, Facts *facts);
void agents_free(Agents *agents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Agents, agents_free)

/* Another daemon in the place of the first, which was killed: what that had not taken is
 * lost, what it had asked is answered again when it is asked again. */
void agents_attach(Agents *agents, Daemon *d);

/* Every host that has an agent is on: its agent says hello. */
void agents_boot(Agents *agents);

/* At most so many: G_MAXUINT for all. Hands the answers that wait over to the daemon's
 * modules, in the order in which they were asked for; FALSE where there were none. The
 * barrier is the caller's. */
gboolean agents_answer(Agents *agents, guint most);
gboolean agents_waiting(const Agents *agents); /* whether there are any */

#endif
