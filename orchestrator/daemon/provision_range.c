/*
 * The hypervisor and the networks: what all hosts stand on.
 */
#include "orchestrator/daemon/provision_priv.h"

#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/needs.h"
#include "orchestrator/daemon/resume.h"
#include "orchestrator/daemon/returns.h"

/* ---- networks ---- */

typedef struct {
    Provision *nw_provision;
    int nw_network;
    gint64 nw_seq;
} NetworkStep;

static void on_network(const GError *error, gpointer data)
{
    g_autofree NetworkStep *step = data;
    Provision *provision = step->nw_provision;
    Daemon *d = provision->pv_daemon;
    const PlanNetwork *network = plan_network(d->dm_plan, step->nw_network);

    if (!d->dm_provision) /* the daemon ends: it stays open */
        return;
    if (error && step->nw_seq)
        daemon_event(d, "net.failed/1", "parryd", network->pn_team, -1, step->nw_seq,
                     json_pack("{s:s}", "reason", error->message));
    else if (step->nw_seq)
        daemon_event(d, "net.done/1", "parryd", network->pn_team, -1, step->nw_seq, NULL);
    provision->pv_networks[step->nw_network] = !error;
    if (provision->pv_active)
        provision_part_done(provision, error ? error->message : NULL);
}

static void network_create(Daemon *d, gint64 seq, gpointer data)
{
    NetworkStep *step = data;

    (void)seq;
    range_network_create(d->dm_range, step->nw_network, on_network, step);
}

static void network_want(Provision *provision, int index)
{
    Daemon *d = provision->pv_daemon;
    const PlanNetwork *network = plan_network(d->dm_plan, index);
    NetworkStep *step = g_new0(NetworkStep, 1);

    step->nw_provision = provision;
    step->nw_network = index;
    step->nw_seq = resume_take(d, "net.wanted/1", -1, "network", network->pn_id);
    if (!step->nw_seq && !resume_done(d, "net.wanted/1", -1, "network", network->pn_id))
        step->nw_seq =
            daemon_event(d, "net.wanted/1", "parryd", network->pn_team, -1, 0,
                         json_pack("{s:s, s:s, s:s}", "network", network->pn_id, "uuid",
                                   network->pn_uuid, "bridge", network->pn_bridge));
    provision->pv_waiting++;
    daemon_then(d, network_create, step->nw_seq, step);
}

void provision_networks_want(Provision *provision)
{
    provision->pv_waiting = 1;
    for (guint i = 0; i < provision->pv_daemon->dm_plan->p_networks->len; i++)
        if (!provision->pv_networks[i])
            network_want(provision, (int)i);
    provision_part_done(provision, NULL);
}

static void on_clones_resumed(Daemon *d)
{
    if (d->dm_provision->pv_active)
        provision_networks_want(d->dm_provision);
}

/* ---- the hypervisor ---- */

static void on_range_event(int host, RangeEvent event, const char *detail, gpointer data)
{
    hosts_range_event(((Daemon *)data)->dm_hosts, host, event, detail);
}

static void on_range_link(gboolean connected, const char *reason, gpointer data)
{
    Daemon *d = data;
    Provision *provision = d->dm_provision;
    g_autofree char *hypervisor = connected ? returns_hypervisor(d) : NULL;

    daemon_event(d, connected ? "helper.up/1" : "helper.down/1", "parryd", -1, -1, 0,
                 json_pack("{s:s, s:s, s:s*}", "name", "libvirt", "reason",
                           reason ? reason : "", "hypervisor", hypervisor));
    returns_link(d->dm_returns, connected);
    if (!provision) /* the daemon ends */
        return;
    provision->pv_linked = connected;
    if (connected && provision->pv_link_wait) {
        provision->pv_link_wait = FALSE;
        provision_step(provision);
    }
}

static gboolean range_open(Provision *provision, GError **error)
{
    Daemon *d = provision->pv_daemon;
    RangeConfig config = {
        .rg_uri = provision->pv_uri,
        .rg_accel = provision->pv_accel,
        .rg_cpu = provision->pv_cpu,
        .rg_dir = d->dm_dir,
        .rg_drill = d->dm_plan->p_uuid,
        .rg_on_event = on_range_event,
        .rg_on_link = on_range_link,
        .rg_data = d,
    };

    g_free(d->dm_uri);
    g_free(d->dm_accel);
    d->dm_uri = g_strdup(provision->pv_uri);
    d->dm_accel = g_strdup(provision->pv_accel);
    provision->pv_linked = TRUE;
    return provision_fits(provision, d->dm_accel, error) &&
           (d->dm_range = range_new(d->dm_base, d->dm_plan, &config, error));
}

static void on_still(guint count, const GError *error, gpointer data)
{
    (void)data;
    if (error)
        g_warning("taken up while it stands still: %u VMs suspended, then: %s", count,
                  error->message);
}

/* The range that there is finds the hypervisor again by itself. */
static void host_again(Provision *provision)
{
    provision->pv_anew = FALSE;
    range_resume_all(provision->pv_daemon->dm_range, on_still, NULL);
    provision->pv_link_wait = !provision->pv_linked;
    if (provision->pv_linked)
        provision_step(provision);
}

static void host_done(gpointer data, gboolean ran)
{
    Provision *provision = data;
    Daemon *d = provision->pv_daemon;
    g_autoptr(GError) error = NULL;

    if (!ran || !provision->pv_active)
        return;
    if (provision->pv_host_error || (!d->dm_range && !range_open(provision, &error))) {
        provision_fail(
            provision,
            (provision->pv_host_error ? provision->pv_host_error : error)->message);
        return;
    }
    if (provision->pv_known && provision->pv_anew) {
        host_again(provision);
        return;
    }
    g_autofree char *hypervisor = returns_hypervisor(d);
    daemon_event(d, "helper.up/1", "parryd", -1, -1, 0,
                 json_pack("{s:s, s:s, s:s, s:s*}", "name", "libvirt", "accel",
                           d->dm_accel, "reason", provision->pv_accel_reason,
                           "hypervisor", hypervisor));
    provision->pv_known = TRUE;
    if (returns_look(d->dm_returns, provision->pv_world)) {
        provision->pv_active = FALSE;
        return;
    }
    holding_taken_up(d);
    provision->pv_waiting = 1; /* for the networks */
    clones_resume(d, on_clones_resumed);
}

gboolean provision_looks(const Provision *provision)
{
    return provision->pv_active && !provision->pv_known;
}

void provision_host_want(Provision *provision)
{
    g_clear_error(&provision->pv_host_error);
    g_clear_pointer(&provision->pv_uri, g_free);
    g_clear_pointer(&provision->pv_accel, g_free);
    g_clear_pointer(&provision->pv_cpu, g_free);
    g_clear_pointer(&provision->pv_accel_reason, g_free);
    g_clear_pointer(&provision->pv_world, json_decref);
    pool_run(provision->pv_pool, POOL_NORMAL, provision_host_work, host_done, provision);
}
