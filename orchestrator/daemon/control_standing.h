/*
 * The methods by which white makes a drill, or one team of it, stand still and go on.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONTROL_STANDING_H
#define PARRY_ORCHESTRATOR_DAEMON_CONTROL_STANDING_H

#include "orchestrator/daemon/control.h"

/* {reason}: answered once every VM stands; the kill switch, and the pause. */
void control_stop(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params);
void control_pause(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params);
/* {}: answered once they run. */
void control_resume(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params);

/* {team, reason}: answered once its VMs stand, or run. */
void control_team_hold(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params);
void control_team_release(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params);

#endif
