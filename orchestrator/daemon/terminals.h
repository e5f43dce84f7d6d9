/*
 * Terminals: a player's shell on an own host, through the agent's pty, recorded as
 * asciicast v2 while it runs.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_TERMINALS_H
#define PARRY_ORCHESTRATOR_DAEMON_TERMINALS_H

#include "orchestrator/daemon/control.h"

Terminals *terminals_new(Daemon *d);
void terminals_free(Terminals *terminals);

/* Opens one for the peer; returns its id (an event's seq), or -1 with a reason. Data and
 * end go to the peer as notifications terminal.data and terminal.end. */
gint64 terminals_open(Terminals *terminals, ControlPeer *peer, int host, int cols,
                      int rows, GError **error);
/* FALSE where the peer has no such terminal. */
gboolean terminals_input(Terminals *terminals, ControlPeer *peer, gint64 id,
                         const char *data_b64);
gboolean terminals_resize(Terminals *terminals, ControlPeer *peer, gint64 id, int cols,
                          int rows);
gboolean terminals_credit(Terminals *terminals, ControlPeer *peer, gint64 id,
                          gsize bytes);
gboolean terminals_close(Terminals *terminals, ControlPeer *peer, gint64 id);

/* The drill, or a team, stands still or goes on: terminals on hosts that stand take no
 * input, and their players are told (terminal.paused, terminal.resumed). */
void terminals_standing(Terminals *terminals);

/* In a phase that locks red, red looks on. */
gboolean terminals_red_locked(const Daemon *d, const ControlPeer *peer);

/* pty and ptyend records; FALSE where they belong to nothing. */
gboolean terminals_record(Terminals *terminals, const struct hub_head *head,
                          const void *body, const void *tail);
void terminals_peer_gone(Terminals *terminals, const ControlPeer *peer);
/* Every terminal on the host is over. Not for a lost connection: that may come back, and
 * the pty with it; but for a VM that is gone or booted anew, and for a guest that was cut
 * off. */
void terminals_host_gone(Terminals *terminals, int host, const char *reason);

#define TERMINAL_ERROR (terminal_error_quark())
GQuark terminal_error_quark(void);

#endif
