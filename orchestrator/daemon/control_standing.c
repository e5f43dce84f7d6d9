#include "orchestrator/daemon/control_standing.h"

#include "orchestrator/daemon/clocks.h"
#include "orchestrator/daemon/control_params.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/room.h"

static void on_suspended(guint count, const GError *error, gpointer data)
{
    RpcCall *call = data;

    if (error)
        rpc_fail(call, RPC_FAILED, "%u suspended, then: %s", count, error->message);
    else
        rpc_reply(call, json_pack("{s:i}", "suspended", (int)count));
}

/* The clock stands at once; the VMs follow as fast as libvirt can. */
static void stand_still(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params,
                        DrillState state, const char *fallback)
{
    const char *reason = param_text(params, "reason", 500);

    daemon_set_state(d, state, actor_of(peer), reason ? reason : fallback);
    if (d->dm_range)
        range_suspend_all(d->dm_range, on_suspended, call);
    else
        on_suspended(0, NULL, call);
}

void control_stop(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    stand_still(call, peer, d, params, DRILL_STOPPED, "the kill switch");
}

void control_pause(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    if (!wrong_state(call, d, 1u << DRILL_RUNNING, "pause"))
        stand_still(call, peer, d, params, DRILL_PAUSED, "paused");
}

typedef struct {
    Daemon *rs_daemon;
    RpcCall *rs_call;
} Resume;

static void on_resumed(guint count, const GError *error, gpointer data)
{
    g_autofree Resume *resume = data;
    RpcCall *call = resume->rs_call;

    clocks_set_all(resume->rs_daemon, "resumed");
    if (error)
        rpc_fail(call, RPC_FAILED, "%u resumed, then: %s", count, error->message);
    else
        rpc_reply(call, json_pack("{s:i}", "resumed", (int)count));
}

void control_resume(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    g_autofree char *full = room_words(d);

    (void)params;
    if (wrong_state(call, d, 1u << DRILL_PAUSED | 1u << DRILL_STOPPED, "resume"))
        return;
    if (full) {
        rpc_fail(call, RPC_STATE, "resume: %s; it goes on by itself when there is room",
                 full);
        return;
    }
    Resume *resume = g_new0(Resume, 1);
    resume->rs_daemon = d;
    resume->rs_call = call;
    daemon_set_state(d, DRILL_RUNNING, actor_of(peer), "resumed");
    if (d->dm_range)
        range_resume_all(d->dm_range, on_resumed, resume);
    else
        on_resumed(0, NULL, resume);
}

static void on_held(Daemon *d, guint count, const GError *error, gpointer call)
{
    (void)d;
    if (error)
        rpc_fail(call, RPC_FAILED, "%u VMs followed, then: %s", count, error->message);
    else
        rpc_reply(call, json_pack("{s:i}", "vms", (int)count));
}

/* {team, reason}: answered once its VMs stand, or run. */
static void hold_team(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params,
                      gboolean hold)
{
    const char *name = param_text(params, "team", 64);
    const char *reason = param_text(params, "reason", 500);
    g_autofree char *safe = parry_text_safe(reason ? reason : "", -1);
    int team = name ? plan_team_index(d->dm_plan, name) : -1;
    g_autoptr(GError) error = NULL;

    if (team < 0)
        rpc_fail(call, name ? RPC_NOT_FOUND : RPC_PARAMS,
                 "team: %s is none of the drill's; `parry score` lists them",
                 name ? name : "(none)");
    else if (hold && !*safe)
        rpc_fail(call, RPC_PARAMS, "team hold: wants a reason, which its players see");
    else if (!(hold ? holding_hold : holding_release)(d, team, actor_of(peer), safe,
                                                      on_held, call, &error))
        rpc_fail(call, RPC_STATE, "%s", error->message);
}

void control_team_hold(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    hold_team(call, peer, d, params, TRUE);
}

void control_team_release(RpcCall *call, ControlPeer *peer, Daemon *d,
                          const json_t *params)
{
    hold_team(call, peer, d, params, FALSE);
}
