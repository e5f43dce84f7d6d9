#include "orchestrator/daemon/control_resets.h"

#include "orchestrator/daemon/control_params.h"
#include "orchestrator/daemon/reset_asks.h"
#include "orchestrator/daemon/terminals.h"

#include <string.h>

#define REASON_MAX 500 /* bytes of white's */

void control_resets(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    rpc_reply(call, reset_asks_json(d->dm_reset_asks, param_team(peer, d, params),
                                    actor_of(peer)));
}

static void fail(RpcCall *call, const char *what, const GError *error)
{
    static const int codes[] = {[RESET_ASKS_ERROR_UNKNOWN] = RPC_NOT_FOUND,
                                [RESET_ASKS_ERROR_REFUSED] = RPC_REFUSED,
                                [RESET_ASKS_ERROR_STATE] = RPC_STATE,
                                [RESET_ASKS_ERROR_REASON] = RPC_PARAMS};

    rpc_fail(call, error->domain == RESET_ASKS_ERROR ? codes[error->code] : RPC_STATE,
             "%s: %s", what, error->message);
}

/* {host, reason, cost}: cost is what the player was told, in milli-points. */
void control_reset_ask(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    const char *reason = json_string_value(json_object_get(params, "reason"));
    gint64 cost = param_int(params, "cost", 0);
    int team = peer->pe_viewer.vw_team, host = param_host(peer, d, params);
    g_autofree char *safe = parry_text_safe(reason ? reason : "", -1);
    g_autoptr(GError) error = NULL;

    if (terminals_red_locked(d, peer)) {
        rpc_fail(call, RPC_REFUSED, "reset: red is locked in this phase");
        return;
    }
    if (host >= 0 && plan_host(d->dm_plan, host)->ph_team == team &&
        cost < reset_asks_cost(d->dm_reset_asks, host)) {
        rpc_fail(call, RPC_STATE, "reset: what it costs has changed; ask again");
        return;
    }
    gint64 seq = reset_asks_ask(d->dm_reset_asks, actor_of(peer), team, host,
                                g_strstrip(safe), &error);
    if (seq < 0)
        fail(call, "reset", error);
    else
        rpc_reply(call, json_pack("{s:I, s:b}", "seq", (json_int_t)seq, "approval",
                                  plan_host(d->dm_plan, host)->ph_reset.rs_approval));
}

/* {host, approve, by, reason}; host "all": whatever waits. */
void control_reset_decide(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params)
{
    const char *name = param_text(params, "host", 128);
    const char *by = param_text(params, "by", 128);
    const char *reason = param_text(params, "reason", REASON_MAX);
    const json_t *approve = json_object_get(params, "approve");
    gboolean all = g_strcmp0(name, "all") == 0;
    int host = all ? -1 : param_host(peer, d, params);
    g_autofree char *safe_by = by ? parry_text_safe(by, -1) : NULL;
    g_autofree char *safe = reason ? parry_text_safe(reason, -1) : NULL;
    g_autoptr(GError) error = NULL;

    if (!name || !json_is_boolean(approve)) {
        rpc_fail(call, RPC_PARAMS, "reset.decide: wants a host or \"all\", and approve");
        return;
    }
    if (host < 0 && !all) {
        rpc_fail(call, RPC_NOT_FOUND, "%s: no such host; `parry status` names them",
                 name);
        return;
    }
    guint count = reset_asks_decide(d->dm_reset_asks, host, json_is_true(approve),
                                    actor_of(peer), safe_by, safe, &error);
    if (count)
        rpc_reply(call, json_pack("{s:i}", "resets", (int)count));
    else
        fail(call, "reset", error);
}
