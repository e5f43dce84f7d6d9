#include "orchestrator/daemon/control.h"

#include "orchestrator/daemon/terminals.h"

#include <string.h>

#define BOARD_EVERY_US 500000
#define PEERS_MAX 512

typedef struct {
    const char *so_name;
    mode_t so_mode;
    Role so_role; /* of a connection that has said nothing yet */
} Socket;

/* gate.sock and view.sock are opened by services of their own accounts; what they may do is
 * decided by the role, not by who can connect. */
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
    GPtrArray *co_peers; /* ControlPeer */
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

static void event_to_peer(Control *control, ControlPeer *peer, const JournalEvent *event)
{
    Daemon *d = control->co_daemon;

    if (!peer->pe_subscribed ||
        !view_event_visible(&peer->pe_viewer, d->dm_plan, d->dm_ledger, event))
        return;
    json_t *json = view_event_json(&peer->pe_viewer, d->dm_plan, event, ++peer->pe_n,
                                   peer->pe_lang);
    if (role_may(peer->pe_viewer.vw_role, MAY_SEE_ALL)) {
        json_object_set_new(json, "seq", json_integer(event->ev_seq));
        json_object_set_new(json, "ref", json_integer(event->ev_ref));
        json_object_set(json, "body", (json_t *)event->ev_body);
    }
    rpc_peer_notify(peer->pe_rpc, "event", json);
}

void control_on_event(Control *control, const JournalEvent *event)
{
    g_autoptr(GPtrArray) peers = peers_copy(control);

    control->co_changed = TRUE;
    for (guint i = 0; i < peers->len; i++)
        if (peer_is_there(control, peers->pdata[i]))
            event_to_peer(control, peers->pdata[i], event);
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
        g_autofree char *path = g_build_filename(control->co_daemon->dm_dir, "run",
                                                 sockets[i].so_name, NULL);
        rpc_server_free(control->co_servers[i].se_server);
        unlink(path);
    }
    g_ptr_array_unref(control->co_peers);
    g_free(control);
}
