#include "orchestrator/daemon/control_points.h"

#include "orchestrator/daemon/control_params.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/resets.h"

static void on_made(Daemon *d, const PointTotal *total, gpointer call)
{
    const char *reason = total->pt_reason ? total->pt_reason : "";

    (void)d;
    if (total->pt_failed == total->pt_hosts)
        rpc_fail(call, RPC_FAILED, "%s", reason);
    else
        rpc_reply(call, json_pack("{s:i, s:i, s:I, s:I, s:I, s:s}", "hosts",
                                  (int)total->pt_hosts, "failed", (int)total->pt_failed,
                                  "bytes", (json_int_t)total->pt_bytes, "us",
                                  (json_int_t)total->pt_us, "stop_us",
                                  (json_int_t)total->pt_stop_us, "reason", reason));
}

/* {name, target}: answered when all hosts are saved. */
void control_checkpoint(RpcCall *call, ControlPeer *peer, Daemon *d, const json_t *params)
{
    const char *name = param_text(params, "name", 128);
    const char *target = param_text(params, "target", 128);
    g_autoptr(GArray) hosts = NULL;
    g_autoptr(GError) error = NULL;

    if (!d->dm_points || !d->dm_range)
        rpc_fail(call, RPC_STATE, "checkpoint: this drill has no VMs");
    else if (!name)
        rpc_fail(call, RPC_PARAMS, "checkpoint: wants a name");
    else if (!(hosts = resets_hosts(d, target ? target : "all", &error)))
        rpc_fail(call, RPC_NOT_FOUND, "checkpoint: %s", error->message);
    else if (!points_want(d->dm_points, name, POINT_ASKED, hosts, actor_of(peer), on_made,
                          call, &error))
        rpc_fail(call,
                 g_error_matches(error, POINT_ERROR, POINT_ERROR_FORMAT) ? RPC_PARAMS
                                                                         : RPC_STATE,
                 "checkpoint: %s", error ? error->message : "the drill is being ended");
}

void control_checkpoints(RpcCall *call, ControlPeer *peer, Daemon *d,
                         const json_t *params)
{
    (void)peer;
    (void)params;
    if (d->dm_points)
        rpc_reply(call, points_json(d->dm_points));
    else
        rpc_fail(call, RPC_STATE, "checkpoints: this drill has no VMs");
}

static void on_verified(Daemon *d, json_t *rows, gpointer call)
{
    (void)d;
    rpc_reply(call, json_pack("{s:o}", "rows", rows));
}

/* {name}: of all without one. */
void control_checkpoint_verify(RpcCall *call, ControlPeer *peer, Daemon *d,
                               const json_t *params)
{
    (void)peer;
    if (d->dm_points && d->dm_range)
        points_check(d->dm_points, param_text(params, "name", 128), on_verified, call);
    else
        rpc_fail(call, RPC_STATE, "checkpoint: this drill has no VMs");
}

void control_checkpoint_delete(RpcCall *call, ControlPeer *peer, Daemon *d,
                               const json_t *params)
{
    const char *name = param_text(params, "name", 128);
    g_autoptr(GError) error = NULL;
    guint64 bytes = 0;

    if (!d->dm_points || !name)
        rpc_fail(call, RPC_PARAMS, "checkpoint: wants a name");
    else if (!points_delete(d->dm_points, name, actor_of(peer), &bytes, &error))
        rpc_fail(call, RPC_NOT_FOUND, "checkpoint: %s", error->message);
    else
        rpc_reply(call, json_pack("{s:I}", "bytes", (json_int_t)bytes));
}
