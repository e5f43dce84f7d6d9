/*
 * Hosts on their way to `ready`, each for itself: filters, disk, socket, domain, hello.
 */
#include "orchestrator/daemon/provision_priv.h"

#include "orchestrator/daemon/boot.h"
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/delivery.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/resume.h"
#include "orchestrator/daemon/returns.h"

#include <string.h>

static void on_fresh(const GError *error, gpointer data);

/* What the host's VM is made of now. One that is brought back has a disk on which its
 * team has worked: it boots from that, or it comes out of a checkpoint, whatever its
 * resets are made of. */
static const char *station_point(const Station *station)
{
    return returns_point(station->st_provision->pv_daemon->dm_returns, station->st_host);
}

static const Golden *station_golden(const Station *station)
{
    return station->st_boots || station_point(station)
               ? NULL
               : clones_golden(station->st_provision->pv_daemon->dm_clones,
                               station->st_host);
}

/* TRUE: it was to come out of a checkpoint, and comes as it was at first. */
static gboolean point_give_up(Station *station, const char *reason)
{
    Provision *provision = station->st_provision;
    Daemon *d = provision->pv_daemon;

    if (!provision->pv_active || !d->dm_range || !station_point(station))
        return FALSE;
    delivery_end(provision->pv_delivery, station->st_host);
    returns_point_failed(d->dm_returns, station->st_host, reason);
    station->st_keep = FALSE;
    evtimer_del(station->st_hello);
    hosts_set(d->dm_hosts, station->st_host, HOST_CREATE, "made anew");
    range_domain_destroy(d->dm_range, station->st_host, on_fresh, station);
    return TRUE;
}

/* ---- tries ---- */

#define WAIT_MAX_US (600 * (gint64)G_USEC_PER_SEC)

/* Doubled with each. */
static gint64 wait_us(const PlanHost *host, int tries)
{
    gint64 us = host->ph_retry_wait_us;

    for (int i = 0; i < tries && us < WAIT_MAX_US; i++)
        us *= 2;
    return MIN(us, WAIT_MAX_US);
}

static void arm(struct event *timer, gint64 us)
{
    struct timeval tv = {us / G_USEC_PER_SEC, us % G_USEC_PER_SEC};

    evtimer_add(timer, &tv);
}

/* A host on which a team has worked is not made anew by itself: only booted once more
 * where it was about to be brought back. */
static gboolean may_try_again(const Station *station)
{
    const Provision *provision = station->st_provision;
    const Daemon *d = provision->pv_daemon;

    return provision->pv_active && d->dm_range && station->st_begun &&
           station->st_tries < plan_host(d->dm_plan, station->st_host)->ph_retries &&
           (!hosts_made(d->dm_hosts, station->st_host) || station->st_boots);
}

static void on_retry_cleared(const GError *error, gpointer data)
{
    Station *station = data;
    Daemon *d = station->st_provision->pv_daemon;
    const PlanHost *host = plan_host(d->dm_plan, station->st_host);

    if (!station->st_provision->pv_active)
        return;
    if (error) {
        station->st_waiting = FALSE;
        hosts_set(d->dm_hosts, station->st_host, HOST_FAILED, error->message);
        provision_advance(station->st_provision);
    } else {
        arm(station->st_retry, wait_us(host, station->st_tries - 1));
    }
}

static void station_retry(Station *station, const char *reason)
{
    Daemon *d = station->st_provision->pv_daemon;
    const PlanHost *host = plan_host(d->dm_plan, station->st_host);
    gint64 us = wait_us(host, station->st_tries++);
    g_autofree char *what =
        g_strdup_printf("tried again (%d of %d) in %.0f s; %s", station->st_tries,
                        host->ph_retries, (double)us / G_USEC_PER_SEC, reason);

    station->st_waiting = TRUE;
    evtimer_del(station->st_hello);
    delivery_end(station->st_provision->pv_delivery, station->st_host);
    daemon_event(d, "host.retry/1", "parryd", -1, station->st_host, station->st_seq,
                 json_pack("{s:i, s:i, s:I, s:s}", "try", station->st_tries, "of",
                           host->ph_retries, "wait_us", (json_int_t)us, "reason",
                           reason));
    hosts_set(d->dm_hosts, station->st_host, HOST_CREATE, what);
    range_domain_destroy(d->dm_range, station->st_host, on_retry_cleared, station);
}

static void on_retry(evutil_socket_t fd, short what, void *data)
{
    Station *station = data;
    Daemon *d = station->st_provision->pv_daemon;

    (void)fd;
    (void)what;
    if (!station->st_provision->pv_active)
        return;
    if (provision_still(d)) { /* and so does what is made */
        arm(station->st_retry, G_USEC_PER_SEC);
        return;
    }
    orders_host_lost(d->dm_orders, station->st_host, "the VM is made once more");
    hosts_renew(d->dm_hosts, station->st_host, NULL);
    station->st_waiting = FALSE;
    station->st_keep = station->st_boots;
    provision_station_go(station->st_provision, station->st_host);
}

void provision_host_failed(Provision *provision, int host, const char *reason)
{
    Daemon *d = provision->pv_daemon;
    Station *station = &provision->pv_stations[host];

    if (hosts_state(d->dm_hosts, host) == HOST_FAILED || station->st_waiting ||
        point_give_up(station, reason))
        return;
    daemon_event(d, "domain.failed/1", "parryd", -1, host, station->st_seq,
                 json_pack("{s:s}", "reason", reason));
    if (may_try_again(station))
        station_retry(station, reason);
    else
        hosts_set(d->dm_hosts, host, HOST_FAILED, reason);
    provision_advance(provision);
}

void provision_host_lost(Provision *provision, int host, const char *reason)
{
    Station *station = &provision->pv_stations[host];

    if (point_give_up(station, reason))
        return;
    if (!station->st_waiting && may_try_again(station))
        station_retry(station, reason);
    provision_advance(provision);
}

int provision_tries(const Provision *provision, int host)
{
    return provision->pv_stations[host].st_tries;
}

void station_anew(Station *station, const char *by)
{
    Daemon *d = station->st_provision->pv_daemon;

    daemon_event(d, "host.retry/1", "white", -1, station->st_host, station->st_seq,
                 json_pack("{s:i, s:i, s:i, s:s, s:s}", "try", 0, "of",
                           plan_host(d->dm_plan, station->st_host)->ph_retries, "wait_us",
                           0, "reason", "made by white's word", "by", by));
    station->st_tries = 0;
    station->st_begun = station->st_keep = station->st_boots = FALSE;
    station->st_fresh = TRUE;
    hosts_set(d->dm_hosts, station->st_host, HOST_PLANNED, "made once more");
}

void station_return(Station *station)
{
    Daemon *d = station->st_provision->pv_daemon;
    gboolean disk = returns_from_disk(d->dm_returns, station->st_host);

    station->st_begun = station->st_again = station->st_waiting = FALSE;
    station->st_keep = station->st_boots = disk;
    station->st_return = TRUE;
    station->st_tries = 0;
    station->st_seq = station->st_filter_seq = 0;
}

void station_replay(Station *station, const JournalEvent *event)
{
    if (strcmp(event->ev_kind, "host.retry/1") == 0) {
        station->st_tries =
            (int)json_integer_value(json_object_get(event->ev_body, "try"));
        station->st_fresh = TRUE;
    } else if (strcmp(event->ev_kind, "domain.wanted/1") == 0) {
        station->st_fresh = FALSE;
    }
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

/* ---- step by step ---- */

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

static json_t *made_from(const Station *station)
{
    const Daemon *d = station->st_provision->pv_daemon;
    const Golden *golden = station_golden(station);
    const char *point = station_point(station);

    if (point)
        return json_pack("{s:s, s:s}", "from", "checkpoint", "checkpoint", point);
    if (golden)
        return json_pack("{s:s, s:s}", "from", "golden", "golden", golden->go_key);
    return json_pack("{s:s, s:s}", "from", "boot", "reason",
                     station->st_boots ? "brought back as it was"
                                       : clones_reason(d->dm_clones, station->st_host));
}

static void on_domain(const GError *error, gpointer data)
{
    Station *station = data;
    Provision *provision = station->st_provision;
    Daemon *d = provision->pv_daemon;
    const Golden *golden = station_golden(station);

    if (!d->dm_provision) /* the daemon ends: it stays open */
        return;
    if (error && (golden || station_point(station))) /* the boot is another act */
        daemon_event(d, "domain.failed/1", "parryd", -1, station->st_host,
                     station->st_seq, json_pack("{s:s}", "reason", error->message));
    if (error) {
        station_failed(station, error->message);
        return;
    }
    daemon_event(d, "domain.done/1", "parryd", -1, station->st_host, station->st_seq,
                 made_from(station));
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
    if (golden || station->st_point)
        range_restore(d->dm_range, station->st_host, &boot.bo_domain,
                      golden ? golden->go_memory : station->st_point->po_memory, at,
                      on_domain, station);
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
    if (error && station->st_filter_seq)
        daemon_event(d, "filter.failed/1", "parryd", -1, station->st_host,
                     station->st_filter_seq,
                     json_pack("{s:s}", "reason", error->message));
    if (error) {
        provision_host_failed(station->st_provision, station->st_host, error->message);
        return;
    }
    if (station->st_filter_seq)
        daemon_event(d, "filter.done/1", "parryd", -1, station->st_host,
                     station->st_filter_seq, NULL);
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
    station->st_filter_seq =
        resume_take(d, "filter.wanted/1", station->st_host, NULL, NULL);
    if (station->st_filter_seq ||
        resume_done(d, "filter.wanted/1", station->st_host, NULL, NULL))
        json_decref(list);
    else
        station->st_filter_seq =
            daemon_event(d, "filter.wanted/1", "parryd", -1, station->st_host, 0,
                         json_pack("{s:o}", "filter", list));
    daemon_then(d, filter_create, station->st_filter_seq, station);
}

/* Checked, and its disk put back; not under a VM that runs on it already. */
static void saved_work(Station *station)
{
    const Daemon *d = station->st_provision->pv_daemon;
    const PlanHost *host = plan_host(d->dm_plan, station->st_host);
    g_autoptr(Point) point =
        point_open(d->dm_dir, station->st_from, host->ph_domain, &station->st_error);

    if (!point || !point_prepare(point, d->dm_home, &station->st_error))
        return;
    if (station->st_keep ||
        points_revert_disk(d->dm_points, station->st_host, point, &station->st_error))
        station->st_point = g_steal_pointer(&point);
}

static void overlay_work(gpointer data)
{
    Station *station = data;
    Provision *provision = station->st_provision;
    const PlanHost *host = plan_host(provision->pv_daemon->dm_plan, station->st_host);

    if (station->st_from)
        saved_work(station);
    else
        images_overlay(station->st_base, station->st_overlay, host->ph_disk,
                       &station->st_error);
}

static void overlay_done(gpointer data, gboolean ran)
{
    Station *station = data;

    if (!ran || !station->st_provision->pv_active)
        return;
    g_autoptr(GError) error = g_steal_pointer(&station->st_error);
    if (error)
        provision_host_failed(station->st_provision, station->st_host, error->message);
    else
        filter_want(station);
}

/* As clones.c decides; a clone has the boot id of the one that is gone. */
static void station_make(Station *station)
{
    Daemon *d = station->st_provision->pv_daemon;

    if (station->st_keep && !station->st_boots)
        hosts_set(d->dm_hosts, station->st_host, HOST_CREATE, NULL);
    else
        hosts_renew(d->dm_hosts, station->st_host, NULL);
    if (station->st_boots || station_point(station) ||
        !clones_take(d->dm_clones, station->st_host))
        provision_station_go(station->st_provision, station->st_host);
}

static void on_fresh(const GError *error, gpointer data)
{
    Station *station = data;

    if (!station->st_provision->pv_active)
        return;
    if (error)
        provision_host_failed(station->st_provision, station->st_host, error->message);
    else
        station_make(station);
}

/* Of a drill that is taken up: the verdict on the host stands, until white's word. */
static gboolean station_given_up(const Station *station)
{
    const Daemon *d = station->st_provision->pv_daemon;

    return hosts_state(d->dm_hosts, station->st_host) == HOST_FAILED &&
           !hosts_made(d->dm_hosts, station->st_host) &&
           !clones_again(d->dm_clones, station->st_host);
}

void station_start(Station *station)
{
    Provision *provision = station->st_provision;
    Daemon *d = provision->pv_daemon;

    station->st_begun = TRUE;
    station->st_fresh |= returns_point_gone(d->dm_returns, station->st_host);
    if (!station->st_fresh && !station->st_return && d->dm_resume &&
        (station_given_up(station) || station_adopt(station)))
        return;
    if (!station->st_fresh) {
        station_make(station);
        return;
    }
    station->st_fresh = FALSE;
    hosts_set(d->dm_hosts, station->st_host, HOST_CREATE, NULL);
    range_domain_destroy(d->dm_range, station->st_host, on_fresh, station);
}

/* What it is to come out of, of the try that begins. */
static void point_take(Station *station)
{
    Daemon *d = station->st_provision->pv_daemon;

    g_free(station->st_from);
    station->st_from = g_strdup(station_point(station));
    g_clear_pointer(&station->st_point, point_free);
    if (station->st_from) {
        g_autofree char *what =
            g_strdup_printf("restored from checkpoint %s", station->st_from);

        hosts_set(d->dm_hosts, station->st_host, HOST_CREATE, what);
    }
}

void provision_station_go(Provision *provision, int host)
{
    Daemon *d = provision->pv_daemon;
    Station *station = &provision->pv_stations[host];
    const Golden *golden = station_golden(station);
    const ImageResult *image = provision_image(provision, host);

    if (!provision->pv_active)
        return;
    point_take(station);
    if (station->st_from) {
        pool_run(provision->pv_pool, POOL_NORMAL, overlay_work, overlay_done, station);
        return;
    }
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

    if (!station->st_provision->pv_active)
        return;
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

/* ---- life ---- */

void station_init(Station *station, Provision *provision, int host)
{
    struct event_base *base = provision->pv_daemon->dm_base;

    station->st_provision = provision;
    station->st_host = host;
    station->st_hello = evtimer_new(base, on_hello_late, station);
    station->st_retry = evtimer_new(base, on_retry, station);
}

void station_clear(Station *station)
{
    event_free(station->st_hello);
    event_free(station->st_retry);
    g_free(station->st_overlay);
    g_free(station->st_from);
    point_free(station->st_point);
    g_clear_error(&station->st_error);
}
