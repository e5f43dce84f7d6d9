#include "orchestrator/daemon/control_agents.h"

#include "orchestrator/daemon/programs.h"
#include "orchestrator/daemon/roster.h"

#define WAIT_MAX_S 3600
#define WAIT_S 60

void control_agents(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    (void)peer;
    (void)params;
    rpc_reply(call, roster_json(d->dm_roster));
}

/* Indexes of the named hosts, of all that have an agent where none is named; NULL: the
 * call was answered. */
static GArray *hosts_named(RpcCall *call, const Daemon *d, const json_t *names)
{
    g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(int));
    const json_t *name;
    gsize i;

    for (guint h = 0; !json_array_size(names) && h < d->dm_plan->p_hosts->len; h++)
        if (plan_host(d->dm_plan, (int)h)->ph_agent != AGENT_NONE)
            g_array_append_val(hosts, h);
    json_array_foreach (names, i, name) {
        const char *text = json_string_value(name);
        int host = text ? plan_host_index(d->dm_plan, text) : -1;
        if (host < 0) {
            g_autofree char *safe = parry_text_safe(text ? text : "", -1);
            rpc_fail(call, RPC_NOT_FOUND, "no host \"%s\" in this drill", safe);
            return NULL;
        }
        g_array_append_val(hosts, host);
    }
    return g_steal_pointer(&hosts);
}

/* Each host for itself: what stands in the way of one does not hold the others. */
static json_t *push_each(Daemon *d, const ControlPeer *peer, const GArray *hosts,
                         GBytes *program, gint64 wait_us)
{
    const char *actor = peer->pe_player ? peer->pe_player : "white";
    json_t *begun = json_array(), *refused = json_array();

    for (guint i = 0; i < hosts->len; i++) {
        int host = g_array_index(hosts, int, i);
        const char *id = plan_host(d->dm_plan, host)->ph_id;
        g_autoptr(GError) error = NULL;
        if (roster_push(d->dm_roster, host, program, wait_us, actor, &error))
            json_array_append_new(begun, json_string(id));
        else
            json_array_append_new(
                refused, json_pack("{s:s, s:s}", "host", id, "reason", error->message));
    }
    g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, program);
    return json_pack("{s:o, s:o, s:s}", "begun", begun, "refused", refused, "sha256",
                     sha256);
}

void control_agent_push(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    const char *file = json_string_value(json_object_get(params, "file"));
    const json_t *wait = json_object_get(params, "wait_s");
    gint64 wait_s = json_is_integer(wait) ? json_integer_value(wait) : WAIT_S;
    g_autofree char *own = file ? NULL : programs_path("parry-agent-static");
    g_autoptr(GError) error = NULL;

    if (d->dm_state != DRILL_READY && d->dm_state != DRILL_RUNNING) {
        rpc_fail(call, RPC_STATE, "agent.push: not while the drill is %s",
                 drill_state_name(d->dm_state));
        return;
    }
    if (wait_s < 0 || wait_s > WAIT_MAX_S) {
        rpc_fail(call, RPC_PARAMS, "wait_s: 0 to %d seconds", WAIT_MAX_S);
        return;
    }
    g_autoptr(GArray) hosts = hosts_named(call, d, json_object_get(params, "hosts"));
    if (!hosts)
        return;
    g_autoptr(GBytes) program = roster_program(file ? file : own, &error);
    if (!program)
        rpc_fail(call, RPC_FAILED, "%s", error->message);
    else
        rpc_reply(call, push_each(d, peer, hosts, program, wait_s * G_USEC_PER_SEC));
}
