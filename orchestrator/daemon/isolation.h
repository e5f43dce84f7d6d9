/*
 * The isolation proof: no host reaches the hypervisor, another team, the outside or a
 * resolver, and the host side shows why. It gates `running`; the host side is looked at
 * again while the drill runs, and evidence from there pauses it.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_ISOLATION_H
#define PARRY_ORCHESTRATOR_DAEMON_ISOLATION_H

#include "orchestrator/daemon/daemon.h"

Isolation *isolation_new(Daemon *d);
void isolation_free(Isolation *isolation);

/* Probes from inside every host with an agent and inspects the host side; done is told.
 */
typedef void (*IsolationDone)(Daemon *d, gboolean proved, const char *findings);
void isolation_prove(Isolation *isolation, IsolationDone done);

/* A host got ready after the proof: it is asked as all were, and the host side looked at
 * once more. */
void isolation_joined(Isolation *isolation, int host);

/* The rows that a host's agent probes: [name, kind, address, port]; a pure function. The
 * expectation of each stands in *expected as a parallel array of booleans. */
json_t *isolation_rows(const Plan *plan, const PlanHost *host, json_t *host_addresses,
                       json_t **expected);

/*
 * A control has failed, and nothing is reached that must not be: that proves nothing, for
 * on a machine that boots many guests the one that is to answer may have had no time yet.
 * seen: [[name, reached, text]…] of a probe; expected: as of isolation_rows().
 */
gboolean isolation_says_nothing(const json_t *seen, const json_t *expected);

#endif
