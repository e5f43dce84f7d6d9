/*
 * Serial consoles as terminals: a white's or an owner's keys to the host, what it writes
 * to them, recorded like a terminal. They need no agent; one is open a host.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONSOLES_H
#define PARRY_ORCHESTRATOR_DAEMON_CONSOLES_H

#include "orchestrator/daemon/control.h"

Consoles *consoles_new(Daemon *d);
void consoles_free(Consoles *consoles);

/* As terminals_open(): the id is an event's, data and end are terminal.data and
 * terminal.end. take: white's, ends the one that is open. */
gint64 consoles_open(Consoles *consoles, ControlPeer *peer, int host, int cols, int rows,
                     gboolean take, GError **error);
/* FALSE where the peer has no such console. Bytes that the guest does not take are
 * dropped: nobody waits for it. */
gboolean consoles_input(Consoles *consoles, ControlPeer *peer, gint64 id,
                        const char *data_b64);
gboolean consoles_resize(Consoles *consoles, ControlPeer *peer, gint64 id, int cols,
                         int rows);
gboolean consoles_credit(Consoles *consoles, ControlPeer *peer, gint64 id, gsize bytes);
gboolean consoles_close(Consoles *consoles, ControlPeer *peer, gint64 id);

/* As terminals_standing(), of players' consoles: white may look on. */
void consoles_standing(Consoles *consoles);
void consoles_peer_gone(Consoles *consoles, const ControlPeer *peer);

#endif
