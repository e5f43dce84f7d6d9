#include "orchestrator/daemon/control_params.h"

#include <string.h>

const char *param_text(const json_t *params, const char *name, gsize max)
{
    const char *text = json_string_value(json_object_get(params, name));

    return text && strlen(text) <= max ? text : NULL;
}

gint64 param_int(const json_t *params, const char *name, gint64 fallback)
{
    const json_t *value = json_object_get(params, name);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

int param_team(const ControlPeer *peer, const Daemon *d, const json_t *params)
{
    const char *name = param_text(params, "team", 64);

    if (!role_may(peer->pe_viewer.vw_role, MAY_SEE_ALL))
        return peer->pe_viewer.vw_team;
    return name ? plan_team_index(d->dm_plan, name) : -1;
}

/* "web" for a team means its own; "health/web" is the full name. */
int param_host(const ControlPeer *peer, const Daemon *d, const json_t *params)
{
    const char *name = param_text(params, "host", 128);
    int team = param_team(peer, d, params), host;

    if (!name)
        return -1;
    host = plan_host_index(d->dm_plan, name);
    if (host >= 0 || team < 0)
        return host;
    g_autofree char *full =
        g_strdup_printf("%s/%s", plan_team(d->dm_plan, team)->pt_id, name);
    return plan_host_index(d->dm_plan, full);
}

const char *actor_of(const ControlPeer *peer)
{
    return peer->pe_player ? peer->pe_player : "white";
}

gboolean wrong_state(RpcCall *call, const Daemon *d, unsigned allowed, const char *what)
{
    if (allowed & (1u << d->dm_state))
        return FALSE;
    rpc_fail(call, RPC_STATE, "%s: not while the drill is %s", what,
             drill_state_name(d->dm_state));
    return TRUE;
}
