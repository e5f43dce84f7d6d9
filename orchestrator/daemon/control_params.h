/*
 * What the methods of control take out of a call: its parameters, and who it is by.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONTROL_PARAMS_H
#define PARRY_ORCHESTRATOR_DAEMON_CONTROL_PARAMS_H

#include "orchestrator/daemon/control.h"

/* NULL where it is not there, no text, or longer than max bytes. */
const char *param_text(const json_t *params, const char *name, gsize max);
gint64 param_int(const json_t *params, const char *name, gint64 fallback);

/* The team that a call is for, -1 for none: the peer's own, or the one that white
 * names. */
int param_team(const ControlPeer *peer, const Daemon *d, const json_t *params);

/* The host that it names, -1 for none: "web" for a team means its own; "health/web" is
 * the full name. */
int param_host(const ControlPeer *peer, const Daemon *d, const json_t *params);

/* TRUE, and the call was refused: `what` is not for this state. allowed: bits of
 * DrillState. */
gboolean wrong_state(RpcCall *call, const Daemon *d, unsigned allowed, const char *what);

/* For events: the player, or white. */
const char *actor_of(const ControlPeer *peer);

#endif
