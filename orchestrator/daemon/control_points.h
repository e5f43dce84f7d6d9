/*
 * The methods about checkpoints of hosts: docs/control.md.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONTROL_POINTS_H
#define PARRY_ORCHESTRATOR_DAEMON_CONTROL_POINTS_H

#include "orchestrator/daemon/control.h"

void control_checkpoint(RpcCall *call, ControlPeer *peer, Daemon *d,
                        const json_t *params);
void control_checkpoints(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params);
void control_checkpoint_verify(RpcCall *call, ControlPeer *peer, Daemon *d,
                               const json_t *params);
void control_checkpoint_delete(RpcCall *call, ControlPeer *peer, Daemon *d,
                               const json_t *params);

#endif
