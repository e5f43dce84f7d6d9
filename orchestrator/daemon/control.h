/*
 * Control: white.sock, gate.sock and view.sock of the drill, and who hears what.
 * Methods and who may call them: one table in control_methods.c; docs/control.md.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONTROL_H
#define PARRY_ORCHESTRATOR_DAEMON_CONTROL_H

#include "orchestrator/daemon/daemon.h"
#include "scoreboard/rpc.h"
#include "scoreboard/stream.h"
#include "scoreboard/view.h"

/* One connection: who it is and what it follows. */
typedef struct {
    Viewer pe_viewer;
    Control *pe_control;
    RpcPeer *pe_rpc;
    char *pe_lang;
    char *pe_player; /* "health/alice" once bound */
    gboolean pe_subscribed;
    gint64 pe_n; /* number of the last event that was shown */
} ControlPeer;

Control *control_new(Daemon *d, GError **error);
void control_free(Control *control);

/* A committed event: to whoever follows and may see it. */
void control_on_event(Control *control, const JournalEvent *event);
/* A host's state moved; white hears of it, the boards are drawn again. */
void control_hosts_changed(Control *control);
/* A step of a long build, to white only; not journalled. body is taken over. */
void control_progress(Control *control, json_t *body);

Daemon *control_daemon(const Control *control);
/* The numbered stream of events of the peer's kind of viewer: white, the room, its team.
 */
const Stream *control_stream(const Control *control, const ControlPeer *peer);
/* An event as the peer may see it; white gets the body too. Caller owns it. */
json_t *control_event_json(const ControlPeer *peer, const JournalEvent *event, gint64 n);

/* The role of a player of that side. */
Role control_role_of_side(PlanSide side);

/* ---- control_methods.c ---- */
void control_dispatch(RpcCall *call, ControlPeer *peer, const char *method,
                      const json_t *params);

#endif
