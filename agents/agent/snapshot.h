/*
 * The state of the guest, for what an inject left behind: processes, ports, users,
 * crontabs, units, files, firewall. Gathered by a process of its own, so that the loop is
 * never held up; a JSON object a line, under credit, as the output of an order.
 */
#ifndef PARRY_AGENT_SNAPSHOT_H
#define PARRY_AGENT_SNAPSHOT_H

#include "agents/agent/agent.h"

/* Takes a snapshot message; answered by out and result. */
void snapshot_take(struct agent *a, struct wire_msg *m);

#endif
