#include "orchestrator/daemon/provision_priv.h"

#include "orchestrator/daemon/boot.h"
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/control.h"
#include "orchestrator/daemon/delivery.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/isolation.h"
#include "orchestrator/daemon/needs.h"
#include "orchestrator/daemon/programs.h"
#include "orchestrator/daemon/progress.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/daemon/resume.h"
#include "orchestrator/daemon/returns.h"
#include "orchestrator/host/accounts.h"
#include "orchestrator/host/host.h"

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

static void station_start(Station *station);

/* ---- hosts ---- */

void provision_host_failed(Provision *provision, int host, const char *reason)
{
    Daemon *d = provision->pv_daemon;

    if (hosts_state(d->dm_hosts, host) == HOST_FAILED)
        return;
    hosts_set(d->dm_hosts, host, HOST_FAILED, reason);
    daemon_event(d, "domain.failed/1", "parryd", -1, host,
                 provision->pv_stations[host].st_seq,
                 json_pack("{s:s}", "reason", reason));
    provision_advance(provision);
}

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
    d->dm_provision->pv_active = FALSE;
    if (!returns_over(d->dm_returns))
        daemon_set_state(d, DRILL_READY, "parryd",
                         "every required host is ready and isolated");
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

/* Switches on what need not wait any more. A host that waits for a failed one fails too:
 * its verdict may be what a third one waits for. */
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
        if (first < 0) {
            station->st_begun = TRUE;
            station_start(station);
        } else if (hopeless) {
            g_autofree char *reason = g_strdup_printf(
                "not switched on: it waits for %s, which did not get ready",
                plan_host(d->dm_plan, first)->ph_id);
            station->st_begun = TRUE;
            provision_host_failed(provision, (int)i, reason);
        }
    }
}

/* Waits for every host's verdict before giving up, so that one report names them all. */
void provision_advance(Provision *provision)
{
    Daemon *d = provision->pv_daemon;
    guint failed, missing;

    if (!provision->pv_active || provision->pv_proving || provision->pv_waiting)
        return;
    if (provision->pv_wired)
        stations_release(provision);
    if (!provision->pv_active || provision->pv_proving) /* a host failed on the way */
        return;
    missing = hosts_missing(d->dm_hosts, &failed);
    if (!returns_settled(d->dm_returns) || missing > failed)
        return;
    if (d->dm_state != DRILL_PROVISIONING) { /* taken up: it was proved before */
        provision->pv_active = FALSE;
        return;
    }
    if (failed) {
        g_autofree char *reason = hosts_failures(d->dm_hosts);

        provision_fail(provision, reason);
        return;
    }
    provision->pv_proving = TRUE;
    isolation_prove(d->dm_isolation, on_proved);
}

/* What the host's VM is made of now. One that is brought back has a disk on which its
 * team has worked: it boots from that, whatever its resets are made of. */
static const Golden *station_golden(const Station *station)
{
    return station->st_boots ? NULL
                             : clones_golden(station->st_provision->pv_daemon->dm_clones,
                                             station->st_host);
}

/* A clone has another chance: it boots. */
static void station_failed(Station *station, const char *reason)
{
    Provision *provision = station->st_provision;
    Daemon *d = provision->pv_daemon;

    if (provision->pv_active && station_golden(station)) {
        clones_give_up(d->dm_clones, station->st_host, reason);
        provision_station_again(provision, station->st_host);
    } else {
        provision_host_failed(provision, station->st_host, reason);
    }
}

static void on_hello_late(evutil_socket_t fd, short what, void *data)
{
    Station *station = data;
    Provision *provision = station->st_provision;
    HostState state = hosts_state(provision->pv_daemon->dm_hosts, station->st_host);

    (void)fd;
    (void)what;
    if (state != HOST_BOOT)
        return;
    if (provision_still(provision->pv_daemon)) { /* and so does the VM */
        station_hello_wait(station);
        return;
    }
    const char *tried = delivery_reason(provision->pv_delivery, station->st_host);
    g_autofree char *reason = g_strdup_printf(
        "its agent said no hello within %" G_GINT64_FORMAT
        " s of power-on%s%s; see logs/%s.log",
        provision->pv_hello_us / G_USEC_PER_SEC, *tried ? ": " : "", tried,
        plan_host(provision->pv_daemon->dm_plan, station->st_host)->ph_domain);
    delivery_end(provision->pv_delivery, station->st_host);
    station_failed(station, reason);
}

static PlanAgent way_of(const Daemon *d, int host)
{
    return plan_agent_way(d->dm_plan, plan_host(d->dm_plan, host));
}

void provision_deliver(Provision *provision, int host)
{
    if (way_of(provision->pv_daemon, host) == AGENT_GUEST_AGENT)
        delivery_begin(provision->pv_delivery, host);
}

static void on_domain(const GError *error, gpointer data)
{
    Station *station = data;
    Provision *provision = station->st_provision;
    Daemon *d = provision->pv_daemon;
    const Golden *golden = station_golden(station);

    if (error && golden) /* the boot is another act */
        daemon_event(d, "domain.failed/1", "parryd", -1, station->st_host,
                     station->st_seq, json_pack("{s:s}", "reason", error->message));
    if (error) {
        station_failed(station, error->message);
        return;
    }
    daemon_event(d, "domain.done/1", "parryd", -1, station->st_host, station->st_seq,
                 golden
                     ? json_pack("{s:s, s:s}", "from", "golden", "golden", golden->go_key)
                     : json_pack("{s:s, s:s}", "from", "boot", "reason",
                                 station->st_boots
                                     ? "brought back as it was"
                                     : clones_reason(d->dm_clones, station->st_host)));
    if (plan_host(d->dm_plan, station->st_host)->ph_agent == AGENT_NONE) {
        hosts_set(d->dm_hosts, station->st_host, HOST_READY, "no agent by design");
        provision_advance(provision);
    } else if (hosts_state(d->dm_hosts, station->st_host) == HOST_CREATE) {
        hosts_set(d->dm_hosts, station->st_host, HOST_BOOT, NULL);
        station_hello_wait(station);
        provision_deliver(provision, station->st_host);
    }
}

static void domain_create(Daemon *d, gint64 seq, gpointer data)
{
    Station *station = data;
    Provision *provision = d->dm_provision;
    const Golden *golden = station_golden(station);
    g_autofree char *at = boot_path(d, station->st_host, "disks", ".save");
    g_auto(Boot) boot;

    (void)seq;
    boot_init(&boot, d, provision_image(provision, station->st_host), station->st_host);
    if (!provision->pv_active)
        return;
    boot.bo_domain.rd_ram = golden ? clones_ram(d->dm_clones, station->st_host) : NULL;
    if (golden)
        range_restore(d->dm_range, station->st_host, &boot.bo_domain, golden->go_memory,
                      at, on_domain, station);
    else
        range_domain_create(d->dm_range, station->st_host, &boot.bo_domain, on_domain,
                            station);
}

static void domain_want(Station *station)
{
    Provision *provision = station->st_provision;
    Daemon *d = provision->pv_daemon;
    const PlanHost *host = plan_host(d->dm_plan, station->st_host);
    g_autofree char *channel = boot_channel(d, station->st_host);
    guint32 epoch = clones_epoch(d->dm_clones, station->st_host);
    g_autoptr(GError) error = NULL;

    if (host->ph_agent != AGENT_NONE &&
        !link_listen(d->dm_link, station->st_host, channel, provision->pv_qemu_uid, epoch,
                     &error)) {
        provision_host_failed(provision, station->st_host, error->message);
        return;
    }
    station->st_seq = resume_take(d, "domain.wanted/1", station->st_host, NULL, NULL);
    if (!station->st_seq)
        station->st_seq = daemon_event(
            d, "domain.wanted/1", "parryd", -1, station->st_host, 0,
            json_pack("{s:s, s:s, s:i, s:i}", "uuid", host->ph_uuid, "domain",
                      host->ph_domain, "generation", 0, "epoch", (int)epoch));
    daemon_then(d, domain_create, station->st_seq, station);
}

static void on_filter(const GError *error, gpointer data)
{
    Station *station = data;
    Daemon *d = station->st_provision->pv_daemon;

    if (!station->st_provision->pv_active)
        return;
    if (error && station->st_seq)
        daemon_event(d, "filter.failed/1", "parryd", -1, station->st_host,
                     station->st_seq, json_pack("{s:s}", "reason", error->message));
    if (error) {
        provision_host_failed(station->st_provision, station->st_host, error->message);
        return;
    }
    if (station->st_seq)
        daemon_event(d, "filter.done/1", "parryd", -1, station->st_host, station->st_seq,
                     NULL);
    domain_want(station);
}

static void filter_create(Daemon *d, gint64 seq, gpointer data)
{
    Station *station = data;

    (void)seq;
    if (d->dm_provision->pv_active)
        range_filter_create(d->dm_range, station->st_host, on_filter, station);
}

static void filter_want(Station *station)
{
    Daemon *d = station->st_provision->pv_daemon;
    g_autoptr(GPtrArray) names = range_filter_names(d->dm_range, station->st_host);
    json_t *list = json_array();

    for (guint i = 0; i < names->len; i++)
        json_array_append_new(list, json_string(names->pdata[i]));
    if (!names->len) {
        json_decref(list);
        domain_want(station);
        return;
    }
    /* Of filters that were done before none is wanted; they are made sure of. */
    station->st_seq = resume_take(d, "filter.wanted/1", station->st_host, NULL, NULL);
    if (station->st_seq ||
        resume_done(d, "filter.wanted/1", station->st_host, NULL, NULL))
        json_decref(list);
    else
        station->st_seq =
            daemon_event(d, "filter.wanted/1", "parryd", -1, station->st_host, 0,
                         json_pack("{s:o}", "filter", list));
    daemon_then(d, filter_create, station->st_seq, station);
}

static void overlay_work(gpointer data)
{
    Station *station = data;
    Provision *provision = station->st_provision;
    const PlanHost *host = plan_host(provision->pv_daemon->dm_plan, station->st_host);

    images_overlay(station->st_base, station->st_overlay, host->ph_disk,
                   &station->st_error);
}

static void overlay_done(gpointer data, gboolean ran)
{
    Station *station = data;

    if (!ran || !station->st_provision->pv_active)
        return;
    if (station->st_error)
        provision_host_failed(station->st_provision, station->st_host,
                              station->st_error->message);
    else
        filter_want(station);
}

static void station_start(Station *station)
{
    Provision *provision = station->st_provision;
    Daemon *d = provision->pv_daemon;

    if (d->dm_resume && !station->st_return && station_adopt(station))
        return;
    if (station->st_keep && !station->st_boots)
        hosts_set(d->dm_hosts, station->st_host, HOST_CREATE, NULL);
    else /* a clone has the boot id of the one that is gone */
        hosts_renew(d->dm_hosts, station->st_host, NULL);
    if (station->st_boots || !clones_take(d->dm_clones, station->st_host))
        provision_station_go(provision, station->st_host);
}

void provision_station_go(Provision *provision, int host)
{
    Daemon *d = provision->pv_daemon;
    Station *station = &provision->pv_stations[host];
    const Golden *golden = station_golden(station);
    const ImageResult *image = provision_image(provision, host);

    if (!provision->pv_active)
        return;
    hosts_set(d->dm_hosts, host, HOST_CREATE, NULL);
    if (!image->disk) {
        filter_want(station);
        return;
    }
    g_free(station->st_overlay);
    station->st_overlay = boot_path(d, host, "disks", ".qcow2");
    if (station->st_keep && g_file_test(station->st_overlay, G_FILE_TEST_EXISTS)) {
        filter_want(station);
        return;
    }
    station->st_base = golden && golden->go_disk ? golden->go_disk : image->disk;
    pool_run(provision->pv_pool, POOL_NORMAL, overlay_work, overlay_done, station);
}

static void on_cleared(const GError *error, gpointer data)
{
    Station *station = data;

    if (error)
        provision_host_failed(station->st_provision, station->st_host, error->message);
    else
        provision_station_go(station->st_provision, station->st_host);
}

void provision_station_again(Provision *provision, int host)
{
    Station *station = &provision->pv_stations[host];

    evtimer_del(station->st_hello);
    station->st_keep = station->st_boots = FALSE;
    station->st_again = TRUE;
    hosts_set(provision->pv_daemon->dm_hosts, host, HOST_CREATE, NULL);
    range_domain_destroy(provision->pv_daemon->dm_range, host, on_cleared, station);
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

/* ---- networks ---- */

typedef struct {
    Provision *nw_provision;
    int nw_network;
    gint64 nw_seq;
} NetworkStep;

static void networks_done(Provision *provision)
{
    provision->pv_wired = TRUE;
    provision_advance(provision);
}

static void on_network(const GError *error, gpointer data)
{
    g_autofree NetworkStep *step = data;
    Provision *provision = step->nw_provision;
    Daemon *d = provision->pv_daemon;
    const PlanNetwork *network = plan_network(d->dm_plan, step->nw_network);

    if (error) {
        if (step->nw_seq)
            daemon_event(d, "net.failed/1", "parryd", network->pn_team, -1, step->nw_seq,
                         json_pack("{s:s}", "reason", error->message));
        provision_fail(provision, error->message);
        return;
    }
    if (step->nw_seq)
        daemon_event(d, "net.done/1", "parryd", network->pn_team, -1, step->nw_seq, NULL);
    if (--provision->pv_waiting == 0 && provision->pv_active)
        networks_done(provision);
}

static void network_create(Daemon *d, gint64 seq, gpointer data)
{
    NetworkStep *step = data;

    (void)seq;
    range_network_create(d->dm_range, step->nw_network, on_network, step);
}

void provision_networks(Daemon *d)
{
    Provision *provision = d->dm_provision;

    if (!provision->pv_active)
        return;
    provision->pv_waiting = d->dm_plan->p_networks->len;
    for (guint i = 0; i < d->dm_plan->p_networks->len; i++) {
        const PlanNetwork *network = plan_network(d->dm_plan, (int)i);
        NetworkStep *step = g_new0(NetworkStep, 1);
        step->nw_provision = provision;
        step->nw_network = (int)i;
        step->nw_seq = resume_take(d, "net.wanted/1", -1, "network", network->pn_id);
        if (!step->nw_seq &&
            !resume_done(d, "net.wanted/1", -1, "network", network->pn_id))
            step->nw_seq = daemon_event(
                d, "net.wanted/1", "parryd", network->pn_team, -1, 0,
                json_pack("{s:s, s:s, s:s}", "network", network->pn_id, "uuid",
                          network->pn_uuid, "bridge", network->pn_bridge));
        daemon_then(d, network_create, step->nw_seq, step);
    }
    if (!provision->pv_waiting)
        networks_done(provision);
}

/* ---- images ---- */

/* On a worker thread. */
static void image_progress(const char *image, const char *step, int done, int total,
                           void *data)
{
    Provision *provision = ((Image *)data)->im_provision;

    progress_post(provision->pv_daemon, provision->pv_pool, image, step, done, total);
}

static void image_work(gpointer data)
{
    Image *image = data;
    Provision *provision = image->im_provision;
    g_autofree char *agent = programs_path("parry-agent-static");

    image->im_cached =
        images_cached(provision->pv_daemon->dm_home, &image->im_spec, agent);
    images_build(provision->pv_daemon->dm_home, &image->im_spec, agent, image_progress,
                 image, provision->pv_cancel, &image->im_result, &image->im_error);
}

static void image_done(gpointer data, gboolean ran)
{
    Image *image = data;
    Provision *provision = image->im_provision;
    Daemon *d = provision->pv_daemon;

    if (!ran || !provision->pv_active)
        return;
    if (image->im_error) {
        g_autofree char *reason =
            g_strdup_printf("image %s: %s", image->im_spec.id, image->im_error->message);
        if (image->im_seq)
            daemon_event(
                d, "image.failed/1", "parryd", -1, -1, image->im_seq,
                json_pack("{s:s, s:s}", "image", image->im_spec.id, "reason", reason));
        provision_fail(provision, reason);
        return;
    }
    if (image->im_seq)
        daemon_event(d, "image.done/1", "parryd", -1, -1, image->im_seq,
                     json_pack("{s:s, s:s, s:b}", "image", image->im_spec.id, "key",
                               image->im_result.key, "cached", image->im_cached));
    if (--provision->pv_waiting == 0)
        pool_run(provision->pv_pool, POOL_NORMAL, provision_host_work,
                 provision_host_done, provision);
}

static void image_build(Daemon *d, gint64 seq, gpointer data)
{
    (void)seq;
    pool_run(d->dm_provision->pv_pool, POOL_NORMAL, image_work, image_done, data);
}

static void image_want(Image *image)
{
    Daemon *d = image->im_provision->pv_daemon;

    image->im_seq = resume_take(d, "image.wanted/1", -1, "image", image->im_spec.id);
    if (!image->im_seq &&
        !resume_done(d, "image.wanted/1", -1, "image", image->im_spec.id))
        image->im_seq = daemon_event(d, "image.wanted/1", "parryd", -1, -1, 0,
                                     json_pack("{s:s, s:s}", "image", image->im_spec.id,
                                               "base", image->im_spec.base));
    daemon_then(d, image_build, image->im_seq, image);
}

static gboolean wants_seed(const Plan *plan, const PlanImage *image)
{
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        if (plan_image(plan, host->ph_image) == image &&
            plan_agent_way(plan, host) == AGENT_SEED)
            return TRUE;
    }
    return FALSE;
}

static void image_init(Image *image, Provision *provision, const PlanImage *plan)
{
    image->im_provision = provision;
    image->im_plan = plan;
    image->im_files = g_ptr_array_new_with_free_func((GDestroyNotify)image_file_free);
    for (guint i = 0; plan->pi_files && i < plan->pi_files->len; i++) {
        const PlanFile *file = plan->pi_files->pdata[i];
        g_autofree char *owner = g_strconcat(file->pf_owner, ":", file->pf_group, NULL);
        g_ptr_array_add(
            image->im_files,
            image_file_new(file->pf_path, (guint)file->pf_mode, owner, file->pf_bytes));
    }
    image->im_spec = (ImageSpec){.id = plan->pi_id,
                                 .base = plan->pi_base,
                                 .packages = plan->pi_packages,
                                 .files = image->im_files->len ? image->im_files : NULL,
                                 .seed = wants_seed(provision->pv_daemon->dm_plan, plan)};
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
    for (guint i = 0; i < images; i++)
        image_init(&provision->pv_images[i], provision, plan_image(d->dm_plan, (int)i));
    for (guint i = 0; i < hosts; i++) {
        Station *station = &provision->pv_stations[i];
        station->st_provision = provision;
        station->st_host = (int)i;
        station->st_hello = evtimer_new(d->dm_base, on_hello_late, station);
    }
    return provision;
}

void provision_free(Provision *provision)
{
    Daemon *d;

    if (!provision)
        return;
    d = provision->pv_daemon;
    provision->pv_active = FALSE;
    g_cancellable_cancel(provision->pv_cancel);
    pool_free(provision->pv_pool);
    delivery_free(provision->pv_delivery);
    for (guint i = 0; i < d->dm_plan->p_images->len; i++) {
        image_result_clear(&provision->pv_images[i].im_result);
        g_ptr_array_unref(provision->pv_images[i].im_files);
        g_clear_error(&provision->pv_images[i].im_error);
    }
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++) {
        event_free(provision->pv_stations[i].st_hello);
        g_free(provision->pv_stations[i].st_overlay);
        g_clear_error(&provision->pv_stations[i].st_error);
    }
    g_clear_error(&provision->pv_host_error);
    json_decref(provision->pv_world);
    g_object_unref(provision->pv_cancel);
    g_free(provision->pv_images);
    g_free(provision->pv_stations);
    g_free(provision->pv_uri);
    g_free(provision->pv_accel);
    g_free(provision->pv_cpu);
    g_free(provision->pv_accel_reason);
    g_free(provision);
}

static void provision_go(Provision *provision, gint64 hello_timeout_us)
{
    Daemon *d = provision->pv_daemon;
    g_autoptr(GError) error = NULL;

    provision->pv_active = TRUE;
    provision->pv_hello_us = hello_timeout_us;
    if (!provision->pv_pool)
        provision->pv_pool = pool_new(d->dm_base, 2, &error);
    /* Emulation needs more than KVM: who passes this passes both. */
    if (!provision->pv_pool || !needs_check(d->dm_plan, d->dm_home, "kvm", &error)) {
        provision_fail(provision, error->message);
        return;
    }
    if (!d->dm_plan->p_hosts->len) {
        provision->pv_active = FALSE;
        if (d->dm_state == DRILL_PROVISIONING)
            daemon_set_state(d, DRILL_READY, "parryd", "a drill without hosts");
        return;
    }
    if (provision->pv_uri) { /* images stay */
        provision_host_again(provision);
        return;
    }
    provision->pv_waiting = d->dm_plan->p_images->len;
    for (guint i = 0; i < d->dm_plan->p_images->len; i++)
        image_want(&provision->pv_images[i]);
}

void provision_begin(Provision *provision, gint64 hello_timeout_us)
{
    if (provision->pv_active)
        return; /* taken up, and on its way */
    daemon_set_state(provision->pv_daemon, DRILL_PROVISIONING, "white", "");
    provision_go(provision, hello_timeout_us);
}

void provision_take_up(Provision *provision)
{
    DrillState state = provision->pv_daemon->dm_state;

    if (state != DRILL_DEFINED && state != DRILL_FAILED && state != DRILL_DOWN)
        provision_go(provision, HELLO_TIMEOUT_US);
}

/* From the beginning once more, of what an earlier look at the journal says of it. */
static void station_return(Station *station)
{
    Daemon *d = station->st_provision->pv_daemon;

    station->st_begun = station->st_again = FALSE;
    station->st_return = TRUE;
    station->st_keep = station->st_boots =
        returns_from_disk(d->dm_returns, station->st_host);
    station->st_seq = 0;
}

void provision_return(Provision *provision, int host)
{
    station_return(&provision->pv_stations[host]);
    provision->pv_active = TRUE;
    provision_advance(provision);
}

void provision_again(Provision *provision, const char *actor)
{
    Daemon *d = provision->pv_daemon;

    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        if (returns_pending(d->dm_returns, (int)i))
            station_return(&provision->pv_stations[i]);
    provision->pv_wired = provision->pv_proving = FALSE;
    daemon_set_state(d, DRILL_PROVISIONING, actor, "what is gone comes back");
    provision_go(provision, HELLO_TIMEOUT_US);
}

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
