/*
 * The methods of control about resets that players ask for.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONTROL_RESETS_H
#define PARRY_ORCHESTRATOR_DAEMON_CONTROL_RESETS_H

#include "orchestrator/daemon/control.h"

void control_resets(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params);
void control_reset_ask(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params);
void control_reset_decide(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params);

#endif
