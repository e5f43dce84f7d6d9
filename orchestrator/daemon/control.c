#include "orchestrator/daemon/control.h"

#include "orchestrator/daemon/consoles.h"
#include "orchestrator/daemon/terminals.h"

#include <string.h>

#define BOARD_EVERY_US 500000
#define PEERS_MAX 512

typedef struct {
    const char *so_name;
    mode_t so_mode;
    Role so_role; /* of a connection that has said nothing yet */
} Socket;

/* gate.sock and view.sock are opened by services of their own accounts; what they may do
 * is decided by the role, not by who can connect. */
static const Socket sockets[] = {
    {"white.sock", 0600, ROLE_DIRECTOR},
    {"gate.sock", 0666, ROLE_NOBODY},
    {"view.sock", 0666, ROLE_OBSERVER},
};

typedef struct {
    Control *se_control;
    const Socket *se_socket;
    RpcServer *se_server;
} Server;

struct Control {
    Daemon *co_daemon;
    Server co_servers[G_N_ELEMENTS(sockets)];
    GPtrArray *co_peers;   /* ControlPeer */
    GPtrArray *co_streams; /* Stream: white, the room, then one a team */
    struct event *co_board;
    gboolean co_changed;
};

Daemon *control_daemon(const Control *control)
{
    return control->co_daemon;
}

static void peer_free(gpointer data)
{
    ControlPeer *peer = data;

    g_free(peer->pe_lang);
    g_free(peer->pe_player);
    g_free(peer);
}

static void on_closed(RpcPeer *rpc, gpointer data)
{
    Server *server = data;
    ControlPeer *peer = rpc_peer_data(rpc);

    if (!peer)
        return;
    terminals_peer_gone(server->se_control->co_daemon->dm_terminals, peer);
    consoles_peer_gone(server->se_control->co_daemon->dm_consoles, peer);
    g_ptr_array_remove(server->se_control->co_peers, peer);
}

static ControlPeer *peer_new(Server *server, RpcPeer *rpc)
{
    ControlPeer *peer = g_new0(ControlPeer, 1);

    peer->pe_control = server->se_control;
    peer->pe_rpc = rpc;
    peer->pe_lang = g_strdup("en");
    peer->pe_viewer.vw_role = server->se_socket->so_role;
    peer->pe_viewer.vw_team = -1;
    rpc_peer_set_data(rpc, peer);
    g_ptr_array_add(server->se_control->co_peers, peer);
    return peer;
}

static void on_call(RpcCall *call, RpcPeer *rpc, const char *method, const json_t *params,
                    gpointer data)
{
    Server *server = data;
    ControlPeer *peer = rpc_peer_data(rpc);

    if (server->se_socket->so_role == ROLE_DIRECTOR && rpc_peer_uid(rpc) != getuid()) {
        rpc_fail(call, RPC_REFUSED, "white.sock is for uid %u only", (unsigned)getuid());
        return;
    }
    control_dispatch(call, peer ? peer : peer_new(server, rpc), method, params);
}

/* Peers that are cut while they are told are removed by on_closed: walk a copy. */
static GPtrArray *peers_copy(const Control *control)
{
    GPtrArray *copy = g_ptr_array_sized_new(control->co_peers->len);

    for (guint i = 0; i < control->co_peers->len; i++)
        g_ptr_array_add(copy, control->co_peers->pdata[i]);
    return copy;
}

static gboolean peer_is_there(const Control *control, const ControlPeer *peer)
{
    return g_ptr_array_find(control->co_peers, peer, NULL);
}

enum { STREAM_WHITE, STREAM_ROOM, STREAM_TEAMS };

const Stream *control_stream(const Control *control, const ControlPeer *peer)
{
    guint index = role_may(peer->pe_viewer.vw_role, MAY_SEE_ALL) ? STREAM_WHITE
                  : peer->pe_viewer.vw_team < 0
                      ? STREAM_ROOM
                      : STREAM_TEAMS + (guint)peer->pe_viewer.vw_team;

    return control->co_streams->pdata[index];
}

json_t *control_event_json(const ControlPeer *peer, const JournalEvent *event, gint64 n)
{
    json_t *json = view_event_json(&peer->pe_viewer, peer->pe_control->co_daemon->dm_plan,
                                   event, n, peer->pe_lang);

    if (role_may(peer->pe_viewer.vw_role, MAY_SEE_ALL)) {
        json_object_set_new(json, "ref", json_integer(event->ev_ref));
        json_object_set(json, "body", (json_t *)event->ev_body);
    }
    return json;
}

static gboolean event_to_peer(const JournalEvent *event, gpointer data)
{
    ControlPeer *peer = data;

    return rpc_peer_notify(peer->pe_rpc, "event",
                           control_event_json(peer, event, ++peer->pe_n));
}

/* What the last event brought into the peer's stream: mostly itself, or what it
 * disclosed. */
static void stream_to_peer(Control *control, ControlPeer *peer, const JournalEvent *event)
{
    const Stream *stream = control_stream(control, peer);
    gint64 count = stream_count(stream);
    g_autoptr(GError) error = NULL;

    if (!peer->pe_subscribed || peer->pe_n >= count)
        return;
    if (peer->pe_n == count - 1 && stream_seq(stream, count) == event->ev_seq)
        event_to_peer(event, peer);
    else if (!stream_each(stream, control->co_daemon->dm_journal, peer->pe_n + 1,
                          event_to_peer, peer, &error))
        g_warning("events: %s", error->message);
}

void control_on_event(Control *control, const JournalEvent *event)
{
    g_autoptr(GPtrArray) peers = peers_copy(control);

    control->co_changed = TRUE;
    for (guint i = 0; i < control->co_streams->len; i++)
        stream_apply(control->co_streams->pdata[i], control->co_daemon->dm_ledger, event);
    for (guint i = 0; i < peers->len; i++)
        if (peer_is_there(control, peers->pdata[i]))
            stream_to_peer(control, peers->pdata[i], event);
}

static GPtrArray *streams_new(const Plan *plan)
{
    GPtrArray *streams = g_ptr_array_new_with_free_func((GDestroyNotify)stream_free);
    Viewer white = {ROLE_DIRECTOR, -1, 0}, room = {ROLE_OBSERVER, -1, 0};

    g_ptr_array_add(streams, stream_new(&white, plan));
    g_ptr_array_add(streams, stream_new(&room, plan));
    for (guint t = 0; t < plan->p_teams->len; t++) {
        Viewer team = {control_role_of_side(plan_team(plan, (int)t)->pt_side), (int)t, 0};
        g_ptr_array_add(streams, stream_new(&team, plan));
    }
    return streams;
}

void control_hosts_changed(Control *control)
{
    control->co_changed = TRUE;
}

void control_progress(Control *control, json_t *body)
{
    g_autoptr(GPtrArray) peers = peers_copy(control);

    for (guint i = 0; i < peers->len; i++) {
        ControlPeer *peer = peers->pdata[i];
        if (peer_is_there(control, peer) && peer->pe_subscribed &&
            role_may(peer->pe_viewer.vw_role, MAY_SEE_ALL))
            rpc_peer_notify(peer->pe_rpc, "progress", json_incref(body));
    }
    json_decref(body);
}

static void on_board(evutil_socket_t fd, short what, void *data)
{
    Control *control = data;
    Daemon *d = control->co_daemon;

    (void)fd;
    (void)what;
    if (!control->co_changed)
        return;
    control->co_changed = FALSE;
    g_autoptr(GPtrArray) peers = peers_copy(control);
    for (guint i = 0; i < peers->len; i++) {
        ControlPeer *peer = peers->pdata[i];
        if (peer_is_there(control, peer) && peer->pe_subscribed)
            rpc_peer_notify(peer->pe_rpc, "board",
                            view_board_json(&peer->pe_viewer, d->dm_plan, d->dm_ledger,
                                            peer->pe_lang));
    }
}

static gboolean server_open(Control *control, Server *server, const Socket *socket,
                            GError **error)
{
    Daemon *d = control->co_daemon;
    g_autofree char *path = g_build_filename(d->dm_dir, "run", socket->so_name, NULL);
    int fd = rpc_listen(path, socket->so_mode, error);

    if (fd < 0)
        return FALSE;
    server->se_control = control;
    server->se_socket = socket;
    server->se_server =
        rpc_server_new(d->dm_base, fd, PEERS_MAX, on_call, on_closed, server);
    return TRUE;
}

Control *control_new(Daemon *d, GError **error)
{
    Control *control = g_new0(Control, 1);
    struct timeval tv = {0, BOARD_EVERY_US};

    control->co_daemon = d;
    control->co_peers = g_ptr_array_new_with_free_func(peer_free);
    control->co_streams = streams_new(d->dm_plan);
    for (guint i = 0; i < G_N_ELEMENTS(sockets); i++)
        if (!server_open(control, &control->co_servers[i], &sockets[i], error)) {
            control_free(control);
            return NULL;
        }
    control->co_board = event_new(d->dm_base, -1, EV_PERSIST, on_board, control);
    event_add(control->co_board, &tv);
    return control;
}

void control_free(Control *control)
{
    if (!control)
        return;
    if (control->co_board)
        event_free(control->co_board);
    for (guint i = 0; i < G_N_ELEMENTS(sockets); i++) {
        if (!control->co_servers[i].se_server)
            continue;
        g_autofree char *path =
            g_build_filename(control->co_daemon->dm_dir, "run", sockets[i].so_name, NULL);
        rpc_server_free(control->co_servers[i].se_server);
        unlink(path);
    }
    g_ptr_array_unref(control->co_peers);
    g_ptr_array_unref(control->co_streams);
    g_free(control);
}
