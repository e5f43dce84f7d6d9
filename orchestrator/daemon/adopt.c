#include "orchestrator/daemon/boot.h"
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/provision_priv.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/daemon/resume.h"
#include "orchestrator/daemon/returns.h"
#include "orchestrator/host/accounts.h"
#include "orchestrator/host/host.h"
#include "orchestrator/host/trial.h"

gboolean provision_still(const Daemon *d)
{
    return d->dm_state == DRILL_PAUSED || d->dm_state == DRILL_STOPPED;
}

void station_hello_wait(Station *station)
{
    gint64 us = station->st_provision->pv_hello_us;
    struct timeval tv = {us / G_USEC_PER_SEC, us % G_USEC_PER_SEC};

    evtimer_add(station->st_hello, &tv);
}

void provision_take_up_failed(Daemon *d, const char *reason)
{
    daemon_event(d, "helper.down/1", "parryd", -1, -1, 0,
                 json_pack("{s:s, s:s}", "name", "libvirt", "reason", reason));
    returns_failed(d->dm_returns, reason);
    if (d->dm_state == DRILL_RUNNING)
        daemon_set_state(d, DRILL_PAUSED, "parryd", reason);
    else
        g_warning("drill %s: %s", d->dm_plan->p_name, reason);
}

/* ---- a host ---- */

/* Its socket again, and what its agent said last. */
static gboolean station_listen(Station *station, GError **error)
{
    Daemon *d = station->st_provision->pv_daemon;
    g_autofree char *channel = boot_channel(d, station->st_host);

    if (plan_host(d->dm_plan, station->st_host)->ph_agent == AGENT_NONE)
        return TRUE;
    if (!link_listen(d->dm_link, station->st_host, channel,
                     station->st_provision->pv_qemu_uid,
                     clones_epoch(d->dm_clones, station->st_host), error))
        return FALSE;
    link_restore(d->dm_link, station->st_host, hosts_boot(d->dm_hosts, station->st_host));
    return TRUE;
}

static void station_lost(Station *station)
{
    Daemon *d = station->st_provision->pv_daemon;
    static const char reason[] = "its VM was not there when parryd came back";

    if (hosts_state(d->dm_hosts, station->st_host) != HOST_LOST)
        daemon_event(d, "domain.lost/1", "parryd", -1, station->st_host, 0,
                     json_pack("{s:s}", "reason", reason));
    hosts_set(d->dm_hosts, station->st_host, HOST_LOST, reason);
    orders_host_lost(d->dm_orders, station->st_host, "the VM is gone");
    returns_host_lost(d->dm_returns, station->st_host);
}

/* Its guest is about to be another one: by a reset, or because it was given up. */
static gboolean station_renewed(Station *station)
{
    Daemon *d = station->st_provision->pv_daemon;
    g_autoptr(GError) error = NULL;

    if (resets_pending(d->dm_resets, station->st_host)) {
        if (!station_listen(station, &error))
            provision_host_failed(station->st_provision, station->st_host,
                                  error->message);
        else
            resets_resume(d->dm_resets, station->st_host);
        return TRUE;
    }
    if (clones_again(d->dm_clones, station->st_host))
        provision_station_again(station->st_provision, station->st_host);
    return station->st_again;
}

/* It is there, and stays. */
static void station_taken(Station *station)
{
    Provision *provision = station->st_provision;
    Daemon *d = provision->pv_daemon;
    g_autoptr(GError) error = NULL;

    if (!station_listen(station, &error)) {
        provision_host_failed(provision, station->st_host, error->message);
        return;
    }
    if (hosts_state(d->dm_hosts, station->st_host) == HOST_FAILED ||
        hosts_state(d->dm_hosts, station->st_host) == HOST_BOOT) {
        hosts_set(d->dm_hosts, station->st_host, HOST_BOOT, NULL);
        station_hello_wait(station);
        provision_deliver(provision, station->st_host);
    }
    provision_advance(provision);
}

gboolean station_adopt(Station *station)
{
    Provision *provision = station->st_provision;
    Daemon *d = provision->pv_daemon;
    const PlanHost *host = plan_host(d->dm_plan, station->st_host);
    gboolean done =
        resume_done(d, "domain.wanted/1", station->st_host, "uuid", host->ph_uuid);
    gboolean there = resume_there(provision->pv_world, host->ph_uuid);

    gboolean back = points_station(d->dm_points, station->st_host, there);
    if (station_renewed(station))
        return TRUE;
    if (back) { /* out of the memory that was saved of it */
        station_taken(station);
        return TRUE;
    }
    station->st_boots =
        !there && (done ? *hosts_boot(d->dm_hosts, station->st_host) != '\0'
                        : returns_from_disk(d->dm_returns, station->st_host));
    station->st_keep = there || station->st_boots;
    if (done && there) {
        station_taken(station);
        return TRUE;
    }
    if (done)
        station_lost(station);
    else if (!there)
        orders_host_lost(d->dm_orders, station->st_host, "the VM is gone");
    /* A clone that was being told who it is is made anew already. */
    return station->st_again || (done && d->dm_state != DRILL_PROVISIONING);
}

/* ---- the hypervisor ---- */

static const char *any_kernel(const Provision *provision)
{
    guint n = provision->pv_daemon->dm_plan->p_images->len;

    for (guint i = 0; i < n; i++)
        if (provision->pv_images[i].im_result.kernel)
            return provision->pv_images[i].im_result.kernel;
    return NULL;
}

/* What the embedded host's guests can use; it may run without KVM where the trial would
 * allow it, because it was started before there was a kernel to try. */
static gboolean embedded_host(Provision *provision, const char *kernel, GError **error)
{
    Daemon *d = provision->pv_daemon;
    g_auto(HostStatus) status = {0};

    if (!host_ensure_with(d->dm_home, kernel, &provision->pv_uri, error) ||
        !host_status(d->dm_home, &status, error))
        return FALSE;
    provision->pv_accel = g_strdup(status.accel);
    provision->pv_cpu = g_strdup(status.cpu);
    provision->pv_accel_reason = g_strdup(status.reason);
    return TRUE;
}

static gboolean given_host(Provision *provision, const char *kernel, GError **error)
{
    Daemon *d = provision->pv_daemon;
    g_autoptr(TrialVerdict) verdict = trial_decide(d->dm_home, kernel, error);

    if (!verdict)
        return FALSE;
    provision->pv_uri = g_strdup(d->dm_connect);
    provision->pv_accel = g_strdup(verdict->accel);
    provision->pv_cpu = g_strdup(verdict->cpu);
    provision->pv_accel_reason = g_strdup(verdict->reason);
    return TRUE;
}

void provision_host_work(gpointer data)
{
    Provision *provision = data;
    const char *kernel = any_kernel(provision);
    GError **error = &provision->pv_host_error;
    gid_t gid;

    if (provision->pv_daemon->dm_connect ? given_host(provision, kernel, error)
                                         : embedded_host(provision, kernel, error))
        accounts_get("parry-qemu", &provision->pv_qemu_uid, &gid, error);
    if (!provision->pv_host_error && provision->pv_daemon->dm_resume)
        provision->pv_world = range_world(provision->pv_uri, error);
}
