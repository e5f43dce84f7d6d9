/*
 * The methods about agents: `agents` and `agent.push`; docs/control.md.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONTROL_AGENTS_H
#define PARRY_ORCHESTRATOR_DAEMON_CONTROL_AGENTS_H

#include "orchestrator/daemon/control.h"

void control_agents(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params);
void control_agent_push(RpcCall *call, ControlPeer *peer, Daemon *d,
                        const json_t *params);

#endif
