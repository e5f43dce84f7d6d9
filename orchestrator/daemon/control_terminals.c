#include "orchestrator/daemon/control_terminals.h"

#include "orchestrator/daemon/consoles.h"
#include "orchestrator/daemon/control_params.h"
#include "orchestrator/daemon/terminals.h"

static void open_terminal(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params, gboolean console)
{
    int host = param_host(peer, d, params);
    int cols = (int)CLAMP(param_int(params, "cols", 80), 2, 500);
    int rows = (int)CLAMP(param_int(params, "rows", 24), 2, 300);
    g_autoptr(GError) error = NULL;

    if (host < 0) {
        rpc_fail(call, RPC_NOT_FOUND, "no such host; `hosts` lists yours");
        return;
    }
    gboolean take = json_is_true(json_object_get(params, "take"));
    gint64 id = console
                    ? consoles_open(d->dm_consoles, peer, host, cols, rows, take, &error)
                    : terminals_open(d->dm_terminals, peer, host, cols, rows, &error);
    if (id >= 0) {
        rpc_reply(call, json_pack("{s:I}", "term", (json_int_t)id));
        return;
    }
    daemon_event(d, "player.refused/1", actor_of(peer), peer->pe_viewer.vw_team, -1, 0,
                 json_pack("{s:s, s:s, s:s}", "what", console ? "console" : "terminal",
                           "host", plan_host(d->dm_plan, host)->ph_id, "reason",
                           error->message));
    rpc_fail(call, RPC_REFUSED, "%s", error->message);
}

void control_terminal_open(RpcCall *call, ControlPeer *peer, Daemon *d,
                           const json_t *params)
{
    open_terminal(call, peer, d, params, FALSE);
}

void control_console_open(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params)
{
    open_terminal(call, peer, d, params, TRUE);
}

static void reply_known(RpcCall *call, gboolean known)
{
    if (known)
        rpc_reply(call, json_object());
    else
        rpc_fail(call, RPC_NOT_FOUND, "no such terminal");
}

/* One of both kinds has the id, or none. */
void control_terminal_in(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params)
{
    const char *data = param_text(params, "data_b64", RPC_LINE_IN_MAX);
    gint64 id = param_int(params, "term", 0);

    reply_known(call, data && (terminals_input(d->dm_terminals, peer, id, data) ||
                               consoles_input(d->dm_consoles, peer, id, data)));
}

void control_terminal_size(RpcCall *call, ControlPeer *peer, Daemon *d,
                           const json_t *params)
{
    gint64 id = param_int(params, "term", 0);
    int cols = (int)CLAMP(param_int(params, "cols", 80), 2, 500);
    int rows = (int)CLAMP(param_int(params, "rows", 24), 2, 300);

    reply_known(call, terminals_resize(d->dm_terminals, peer, id, cols, rows) ||
                          consoles_resize(d->dm_consoles, peer, id, cols, rows));
}

void control_terminal_credit(RpcCall *call, ControlPeer *peer, Daemon *d,
                             const json_t *params)
{
    gint64 id = param_int(params, "term", 0);
    gsize bytes = (gsize)CLAMP(param_int(params, "bytes", 0), 0, 1 << 20);

    reply_known(call, terminals_credit(d->dm_terminals, peer, id, bytes) ||
                          consoles_credit(d->dm_consoles, peer, id, bytes));
}

void control_terminal_close(RpcCall *call, ControlPeer *peer, Daemon *d,
                            const json_t *params)
{
    gint64 id = param_int(params, "term", 0);

    reply_known(call, terminals_close(d->dm_terminals, peer, id) ||
                          consoles_close(d->dm_consoles, peer, id));
}
