/*
 * The methods about terminals and consoles; docs/control.md. Their ids come from one
 * sequence, so that one of both kinds has an id, or none.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONTROL_TERMINALS_H
#define PARRY_ORCHESTRATOR_DAEMON_CONTROL_TERMINALS_H

#include "orchestrator/daemon/control.h"

void control_terminal_open(RpcCall *call, ControlPeer *peer, Daemon *d,
                           const json_t *params);
void control_console_open(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params);
void control_terminal_in(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params);
void control_terminal_size(RpcCall *call, ControlPeer *peer, Daemon *d,
                           const json_t *params);
void control_terminal_credit(RpcCall *call, ControlPeer *peer, Daemon *d,
                             const json_t *params);
void control_terminal_close(RpcCall *call, ControlPeer *peer, Daemon *d,
                            const json_t *params);

#endif
