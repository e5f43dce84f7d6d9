/*
 * Control: white.sock, gate.sock and view.sock of the drill, and who hears what.
 * Methods and who may call them: one table in control_methods.c; docs/control.md.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONTROL_H
#define PARRY_ORCHESTRATOR_DAEMON_CONTROL_H

#include "orchestrator/daemon/daemon.h"
#include "scoreboard/rpc.h"
#include "scoreboard/view.h"

/* One connection: who it is and what it follows. */
typedef struct {
    Viewer pe_viewer;
    Control *pe_control;
    RpcPeer *pe_rpc;
    char *pe_lang;
    char *pe_player;     /* "health/alice" once bound */
    gboolean pe_subscribed;
    gint64 pe_n;         /* events shown so far: the viewer's own numbering */
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
/* The answer to `down`, kept until the range is empty. */
void control_answer_down(Control *control, json_t *result, const char *failure);

/* ---- control_methods.c ---- */
void control_dispatch(RpcCall *call, ControlPeer *peer, const char *method,
                      const json_t *params);

#endif
