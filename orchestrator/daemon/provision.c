#include "orchestrator/daemon/provision_priv.h"

#include "orchestrator/daemon/delivery.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/isolation.h"
#include "orchestrator/daemon/needs.h"
#include "orchestrator/daemon/returns.h"

#include <string.h>

/* Of a host that is brought back; `parry up` asks for its own. */
#define HELLO_TIMEOUT_US (180 * (gint64)G_USEC_PER_SEC)

void provision_fail(Provision *provision, const char *reason)
{
    if (!provision->pv_active)
        return;
    provision->pv_active = FALSE;
    if (provision->pv_daemon->dm_state != DRILL_PROVISIONING) {
        provision_take_up_failed(provision->pv_daemon, reason);
        return;
    }
    g_cancellable_cancel(provision->pv_cancel);
    daemon_set_state(provision->pv_daemon, DRILL_FAILED, "parryd", reason);
}

/* ---- hosts ---- */

static void on_proved(Daemon *d, gboolean proved, const char *findings)
{
    d->dm_provision->pv_proving = FALSE;
    if (!d->dm_provision->pv_active)
        return;
    if (!proved) {
        g_autofree char *reason =
            g_strdup_printf("isolation is not proved: %s", findings);
        provision_fail(d->dm_provision, reason);
        return;
    }
    g_autofree char *words = degraded_ready_words(d->dm_provision);
    if (!returns_over(d->dm_returns))
        daemon_set_state(d, DRILL_READY, "parryd", words);
    provision_advance(d->dm_provision); /* hosts that nobody waits for */
}

int provision_blocker(const Hosts *hosts, const PlanHost *host, gboolean *hopeless)
{
    for (guint i = 0; i < host->ph_after->len; i++) {
        int first = g_array_index(host->ph_after, int, i);
        HostState state = hosts_state(hosts, first);
        *hopeless = state == HOST_FAILED || state == HOST_LOST || state == HOST_GONE;
        if (state != HOST_READY && state != HOST_SILENT)
            return first;
    }
    return -1;
}

/* It waits for one that did not get ready: it has failed too. */
static void host_blocked(Provision *provision, int host, int first)
{
    Daemon *d = provision->pv_daemon;
    g_autofree char *reason =
        g_strdup_printf("not switched on: it waits for %s, which did not get ready",
                        plan_host(d->dm_plan, first)->ph_id);

    provision->pv_stations[host].st_begun = TRUE;
    daemon_event(d, "domain.failed/1", "parryd", -1, host, 0,
                 json_pack("{s:s}", "reason", reason));
    hosts_set(d->dm_hosts, host, HOST_FAILED, reason);
}

/* Switches on what need not wait any more. The verdict on one that waits for a failed
 * host may be what a third one waits for. */
static void stations_release(Provision *provision)
{
    Daemon *d = provision->pv_daemon;

    for (guint i = 0; i < d->dm_plan->p_hosts->len && provision->pv_active; i++) {
        Station *station = &provision->pv_stations[i];
        gboolean hopeless = FALSE;
        if (station->st_begun)
            continue;
        int first =
            provision_blocker(d->dm_hosts, plan_host(d->dm_plan, (int)i), &hopeless);
        if (first < 0)
            station_start(station);
        else if (hopeless)
            host_blocked(provision, (int)i, first);
    }
}

/* Every required host is ready, or failed and nobody minds: the proof, then `ready`. */
static void verdict(Provision *provision, guint failed)
{
    Daemon *d = provision->pv_daemon;

    if (failed && !provision->pv_consent_by) {
        g_autofree char *reason = hosts_failures(d->dm_hosts);

        provision_fail(provision, reason);
        return;
    }
    if (failed && !provision->pv_degraded)
        degraded_begin(provision);
    provision->pv_proving = TRUE;
    isolation_prove(d->dm_isolation, on_proved);
}

/* Waits for every host's verdict before giving up, so that one report names them all, and
 * nothing is under way any more. */
void provision_advance(Provision *provision)
{
    Daemon *d = provision->pv_daemon;
    guint failed, missing, pending;

    if (!provision->pv_active || provision->pv_proving || provision->pv_waiting ||
        !provision->pv_wired)
        return;
    stations_release(provision);
    if (!provision->pv_active || provision->pv_proving) /* a host failed on the way */
        return;
    returns_settled(d->dm_returns);
    pending = hosts_pending(d->dm_hosts);
    if (d->dm_state != DRILL_PROVISIONING) {
        provision->pv_active = pending > 0;
        return;
    }
    missing = hosts_missing(d->dm_hosts, &failed);
    if (missing == failed && (!failed || !pending))
        verdict(provision, failed);
}

Pool *provision_pool(Provision *provision)
{
    return provision->pv_pool;
}

const ImageResult *provision_image(Provision *provision, int host)
{
    const PlanHost *plan = plan_host(provision->pv_daemon->dm_plan, host);

    return &provision->pv_images[plan->ph_image].im_result;
}

gint64 provision_hello_us(const Provision *provision)
{
    return provision->pv_hello_us;
}

uid_t provision_qemu_uid(const Provision *provision)
{
    return provision->pv_qemu_uid;
}

gboolean provision_active(const Provision *provision)
{
    return provision->pv_active;
}

/* ---- life ---- */

Provision *provision_new(Daemon *d)
{
    Provision *provision = g_new0(Provision, 1);
    guint images = d->dm_plan->p_images->len, hosts = d->dm_plan->p_hosts->len;

    provision->pv_daemon = d;
    provision->pv_cancel = g_cancellable_new();
    provision->pv_delivery = delivery_new(d);
    provision->pv_images = g_new0(Image, images + 1);
    provision->pv_stations = g_new0(Station, hosts + 1);
    provision->pv_networks = g_new0(gboolean, d->dm_plan->p_networks->len + 1);
    for (guint i = 0; i < images; i++)
        image_init(&provision->pv_images[i], provision, plan_image(d->dm_plan, (int)i));
    for (guint i = 0; i < hosts; i++)
        station_init(&provision->pv_stations[i], provision, (int)i);
    return provision;
}

void provision_end(Provision *provision)
{
    if (!provision)
        return;
    provision->pv_active = FALSE;
    g_cancellable_cancel(provision->pv_cancel);
    pool_free(g_steal_pointer(&provision->pv_pool));
}

void provision_free(Provision *provision)
{
    Daemon *d;

    if (!provision)
        return;
    d = provision->pv_daemon;
    provision_end(provision);
    delivery_free(provision->pv_delivery);
    for (guint i = 0; i < d->dm_plan->p_images->len; i++)
        image_clear(&provision->pv_images[i]);
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        station_clear(&provision->pv_stations[i]);
    g_clear_error(&provision->pv_host_error);
    json_decref(provision->pv_world);
    g_object_unref(provision->pv_cancel);
    g_free(provision->pv_images);
    g_free(provision->pv_stations);
    g_free(provision->pv_networks);
    g_free(provision->pv_trouble);
    g_free(provision->pv_consent_by);
    g_free(provision->pv_consent_how);
    g_free(provision->pv_uri);
    g_free(provision->pv_accel);
    g_free(provision->pv_cpu);
    g_free(provision->pv_accel_reason);
    g_free(provision);
}

/* ---- on the way ---- */

gboolean provision_fits(const Provision *provision, const char *accel, GError **error)
{
    const Daemon *d = provision->pv_daemon;

    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        if (hosts_made(d->dm_hosts, (int)i))
            return TRUE;
    return needs_check(d->dm_plan, d->dm_home, accel, error);
}

void provision_part_done(Provision *provision, const char *reason)
{
    if (reason && !provision->pv_trouble)
        provision->pv_trouble = g_strdup(reason);
    if (--provision->pv_waiting || !provision->pv_active)
        return;
    g_autofree char *trouble = g_steal_pointer(&provision->pv_trouble);
    if (trouble)
        provision_fail(provision, trouble);
    else
        provision_step(provision);
}

static gboolean images_want(Provision *provision)
{
    guint count = provision->pv_daemon->dm_plan->p_images->len;

    for (guint i = 0; i < count; i++)
        provision->pv_waiting += !provision->pv_images[i].im_there;
    for (guint i = 0; i < count; i++)
        if (!provision->pv_images[i].im_there)
            image_want(&provision->pv_images[i]);
    return provision->pv_waiting > 0;
}

static gboolean has_networks(const Provision *provision)
{
    for (guint i = 0; i < provision->pv_daemon->dm_plan->p_networks->len; i++)
        if (!provision->pv_networks[i])
            return FALSE;
    return TRUE;
}

void provision_step(Provision *provision)
{
    if (images_want(provision))
        return;
    if (!provision->pv_daemon->dm_range || provision->pv_anew) {
        provision_host_want(provision);
    } else if (!has_networks(provision)) {
        provision_networks_want(provision);
    } else {
        provision->pv_wired = TRUE;
        provision_advance(provision);
    }
}

static void provision_go(Provision *provision)
{
    Daemon *d = provision->pv_daemon;
    g_autoptr(GError) error = NULL;

    provision->pv_active = TRUE;
    provision->pv_waiting = 0;
    if (g_cancellable_is_cancelled(provision->pv_cancel)) {
        g_object_unref(provision->pv_cancel);
        provision->pv_cancel = g_cancellable_new();
    }
    if (!provision->pv_pool)
        provision->pv_pool = pool_new(d->dm_base, 2, &error);
    /* Emulation needs more than KVM: who passes this passes both. */
    if (!provision->pv_pool || !provision_fits(provision, "kvm", &error)) {
        provision_fail(provision, error->message);
        return;
    }
    if (!d->dm_plan->p_hosts->len) {
        provision->pv_active = FALSE;
        if (d->dm_state == DRILL_PROVISIONING)
            daemon_set_state(d, DRILL_READY, "parryd", "a drill without hosts");
        return;
    }
    provision_step(provision);
}

static void try_again(Provision *provision, const char *by)
{
    const Hosts *hosts = provision->pv_daemon->dm_hosts;

    for (guint i = 0; i < provision->pv_daemon->dm_plan->p_hosts->len; i++)
        if (!hosts_made(hosts, (int)i) && (hosts_state(hosts, (int)i) == HOST_FAILED ||
                                           hosts_state(hosts, (int)i) == HOST_LOST))
            station_anew(&provision->pv_stations[i], by);
}

void provision_begin(Provision *provision, const ProvisionAsk *ask)
{
    Daemon *d = provision->pv_daemon;

    if (ask->pa_degraded)
        degraded_consent(provision, ask->pa_by, ask->pa_how);
    if (provision->pv_active) { /* taken up, and on its way */
        provision_advance(provision);
        return;
    }
    provision->pv_hello_us = ask->pa_hello_us;
    if (d->dm_state == DRILL_DEFINED || d->dm_state == DRILL_FAILED)
        daemon_set_state(d, DRILL_PROVISIONING, "white", "");
    if (ask->pa_again)
        try_again(provision, ask->pa_by);
    if (ask->pa_again && d->dm_state == DRILL_PROVISIONING)
        returns_again(d->dm_returns, ask->pa_by);
    provision_go(provision);
}

void provision_take_up(Provision *provision)
{
    DrillState state = provision->pv_daemon->dm_state;

    provision->pv_hello_us = HELLO_TIMEOUT_US;
    if (state != DRILL_DEFINED && state != DRILL_FAILED && state != DRILL_DOWN)
        provision_go(provision);
}

void provision_station_return(Provision *provision, int host)
{
    station_return(&provision->pv_stations[host]);
}

void provision_return(Provision *provision, int host)
{
    provision_station_return(provision, host);
    provision->pv_active = TRUE;
    provision_advance(provision);
}

void provision_again(Provision *provision, const char *actor)
{
    Daemon *d = provision->pv_daemon;

    for (guint i = 0; i < d->dm_plan->p_networks->len; i++)
        provision->pv_networks[i] = FALSE;
    provision->pv_wired = provision->pv_proving = FALSE;
    provision->pv_anew = TRUE;
    provision->pv_hello_us = HELLO_TIMEOUT_US;
    daemon_set_state(d, DRILL_PROVISIONING, actor, "what is gone comes back");
    provision_go(provision);
}

void provision_replay(Provision *provision, const JournalEvent *event)
{
    Daemon *d = provision->pv_daemon;
    int host = *event->ev_host ? plan_host_index(d->dm_plan, event->ev_host) : -1;
    const json_t *by = json_object_get(event->ev_body, "by");

    if (host >= 0) {
        station_replay(&provision->pv_stations[host], event);
    } else if (strcmp(event->ev_kind, "degraded.consented/1") == 0) {
        const json_t *how = json_object_get(event->ev_body, "how");

        g_free(provision->pv_consent_by);
        g_free(provision->pv_consent_how);
        provision->pv_consent_by = g_strdup(json_string_value(by));
        provision->pv_consent_how = g_strdup(json_string_value(how));
    } else if (strcmp(event->ev_kind, "drill.degraded/1") == 0) {
        provision->pv_degraded = TRUE;
    }
}

/* ---- down ---- */

typedef struct {
    ProvisionDown dn_done;
    gpointer dn_data;
    Daemon *dn_daemon;
} Down;

static void on_torn_down(const RangeRemoved *removed, const GError *error, gpointer data)
{
    g_autofree Down *down = data;

    down->dn_done(down->dn_daemon, removed, error, down->dn_data);
}

void provision_down(Provision *provision, ProvisionDown done, gpointer data)
{
    Daemon *d = provision->pv_daemon;
    RangeRemoved nothing = {0};

    provision->pv_active = FALSE;
    g_cancellable_cancel(provision->pv_cancel);
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++) {
        evtimer_del(provision->pv_stations[i].st_hello);
        evtimer_del(provision->pv_stations[i].st_retry);
        delivery_end(provision->pv_delivery, (int)i);
        hosts_set(d->dm_hosts, (int)i, HOST_GONE, NULL);
    }
    if (!d->dm_range) {
        done(d, &nothing, NULL, data);
        return;
    }
    Down *down = g_new0(Down, 1);
    down->dn_done = done;
    down->dn_data = data;
    down->dn_daemon = d;
    range_teardown(d->dm_range, on_torn_down, down);
}
