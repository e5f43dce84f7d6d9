#include "orchestrator/daemon/resets.h"

#include "orchestrator/daemon/boot.h"
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/terminals.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define LOST "the host is reset"
#define EVIDENCE ".qcow2.evidence-"

G_DEFINE_QUARK(parry - resets - error - quark, resets_error)

/* Those that were asked for together. */
typedef struct {
    guint ba_left;
    ResetTotal ba_total;
    gint64 ba_began_us;
    char *ba_actor, *ba_reason;
    ResetsDone ba_done;
    gpointer ba_data;
} Batch;

typedef struct {
    Daemon *rs_daemon;
    int rs_host;
    Batch *rs_batch; /* NULL: none is under way */
    gint64 rs_seq, rs_began_us;
    guint32 rs_epoch;
    char *rs_disk; /* the overlay, NULL: no disk */
    const char *rs_base;
    char *rs_to;       /* the checkpoint that was asked for, or NULL */
    Point *rs_point;   /* what it goes back to, NULL: the golden guest, or a boot */
    char *rs_why;      /* why not a checkpoint, where there is one; or NULL */
    gboolean rs_again; /* by a boot: the disk of the attempt before is no evidence */
    GError *rs_error;
    struct event *rs_late;
    gint64 rs_open; /* reset.wanted/1 of an earlier daemon */
} Reset;

struct Resets {
    Daemon *rt_daemon;
    Reset *rt_resets; /* one a host */
};

static void make(Reset *reset);
static void on_late(evutil_socket_t fd, short what, void *data);

Resets *resets_new(Daemon *d)
{
    Resets *resets = g_new0(Resets, 1);

    resets->rt_daemon = d;
    resets->rt_resets = g_new0(Reset, d->dm_plan->p_hosts->len + 1);
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++) {
        Reset *reset = &resets->rt_resets[i];

        reset->rs_daemon = d;
        reset->rs_host = (int)i;
        reset->rs_late = evtimer_new(d->dm_base, on_late, reset);
    }
    return resets;
}

static void point_forget(Reset *reset)
{
    g_clear_pointer(&reset->rs_point, point_free);
    g_clear_pointer(&reset->rs_why, g_free);
}

void resets_free(Resets *resets)
{
    if (!resets)
        return;
    for (guint i = 0; i < resets->rt_daemon->dm_plan->p_hosts->len; i++) {
        event_free(resets->rt_resets[i].rs_late);
        g_free(resets->rt_resets[i].rs_disk);
        point_forget(&resets->rt_resets[i]);
        g_free(resets->rt_resets[i].rs_to);
        g_clear_error(&resets->rt_resets[i].rs_error);
    }
    g_free(resets->rt_resets);
    g_free(resets);
}

gboolean resets_busy(const Resets *resets, int host)
{
    return resets && resets->rt_resets[host].rs_batch;
}

gboolean resets_early(const Daemon *d)
{
    return d->dm_resets && (!d->dm_range || provision_active(d->dm_provision));
}

gint64 resets_seq(const Resets *resets, int host)
{
    return resets->rt_resets[host].rs_seq;
}

gboolean resets_point(const Resets *resets, int host)
{
    return resets_busy(resets, host) && resets->rt_resets[host].rs_point;
}

/* ---- the end ---- */

static void batch_step(Daemon *d, Batch *batch)
{
    if (--batch->ba_left)
        return;
    batch->ba_total.rt_us = clock_boottime_us() - batch->ba_began_us;
    batch->ba_done(d, &batch->ba_total, batch->ba_data);
    g_free(batch->ba_total.rt_reason);
    g_free(batch->ba_actor);
    g_free(batch->ba_reason);
    g_free(batch);
}

static const char *made_from(const Reset *reset)
{
    if (reset->rs_point)
        return "checkpoint";
    return clones_golden(reset->rs_daemon->dm_clones, reset->rs_host) ? "golden" : "boot";
}

static json_t *done_body(const Reset *reset)
{
    json_t *body = json_pack("{s:s, s:I, s:i}", "from", made_from(reset), "dur_us",
                             (json_int_t)(clock_boottime_us() - reset->rs_began_us),
                             "epoch", (int)reset->rs_epoch);

    if (reset->rs_point)
        json_object_set_new(body, "checkpoint",
                            json_string(reset->rs_point->po_meta.pm_name));
    if (reset->rs_why)
        json_object_set_new(body, "reason", json_string(reset->rs_why));
    return body;
}

static void batch_failed(Reset *reset, const char *reason)
{
    ResetTotal *total = &reset->rs_batch->ba_total;

    total->rt_failed++;
    if (!total->rt_reason)
        total->rt_reason = g_strdup_printf(
            "%s: %s", plan_host(reset->rs_daemon->dm_plan, reset->rs_host)->ph_id,
            reason);
}

static void finish(Reset *reset, const char *reason)
{
    Daemon *d = reset->rs_daemon;

    evtimer_del(reset->rs_late);
    if (reason) {
        batch_failed(reset, reason);
        hosts_set(d->dm_hosts, reset->rs_host, HOST_FAILED, reason);
        daemon_event(d, "reset.failed/1", "parryd", -1, reset->rs_host, reset->rs_seq,
                     json_pack("{s:s}", "reason", reason));
    } else {
        daemon_event(d, "reset.done/1", "parryd", -1, reset->rs_host, reset->rs_seq,
                     done_body(reset));
        if (strcmp(made_from(reset), "boot") == 0)
            points_booted(d->dm_points, reset->rs_host);
    }
    point_forget(reset);
    batch_step(d, g_steal_pointer(&reset->rs_batch));
    provision_advance(d->dm_provision); /* which waits for it in a drill taken up */
}

/* Out of memory it did not work: it boots, once. Not where that memory was asked for. */
static void fail(Reset *reset, const char *reason)
{
    Daemon *d = reset->rs_daemon;

    if (!d->dm_provision || !reset->rs_batch) /* the daemon ends, or another one's */
        return;
    if (reset->rs_to ||
        (!reset->rs_point && !clones_golden(d->dm_clones, reset->rs_host))) {
        finish(reset, reason);
        return;
    }
    if (reset->rs_point) {
        point_forget(reset);
        reset->rs_why = g_strdup(reason);
    } else {
        clones_give_up(d->dm_clones, reset->rs_host, reason);
    }
    reset->rs_again = TRUE;
    make(reset);
}

static void wait_for_hello(Reset *reset, gint64 us)
{
    struct timeval tv = {us / G_USEC_PER_SEC, us % G_USEC_PER_SEC};

    evtimer_add(reset->rs_late, &tv);
}

static void on_late(evutil_socket_t fd, short what, void *data)
{
    Reset *reset = data;
    Daemon *d = reset->rs_daemon;
    g_autofree char *still = holding_words(d, reset->rs_host);
    gint64 us = provision_hello_us(d->dm_provision);
    gint64 ran_us = clock_boottime_us() - d->dm_went_on_us;

    (void)fd;
    (void)what;
    if (still)
        wait_for_hello(reset, us); /* it is suspended */
    else if (ran_us < us)
        wait_for_hello(reset, us - ran_us); /* it was */
    else
        fail(reset, "its agent was not there again in time");
}

gboolean resets_agent(Resets *resets, int host, gboolean ok, const char *reason)
{
    Reset *reset = resets ? &resets->rt_resets[host] : NULL;

    if (!reset || !reset->rs_batch)
        return FALSE;
    if (!ok) {
        fail(reset, reason);
        return TRUE;
    }
    hosts_set(reset->rs_daemon->dm_hosts, host, HOST_READY, NULL);
    finish(reset, NULL);
    return TRUE;
}

/* ---- step by step ---- */

static PlanAgent way_of(const Reset *reset)
{
    const Plan *plan = reset->rs_daemon->dm_plan;

    return plan_agent_way(plan, plan_host(plan, reset->rs_host));
}

static void on_made(const GError *error, gpointer data)
{
    Reset *reset = data;
    Daemon *d = reset->rs_daemon;

    if (error) {
        fail(reset, error->message);
        return;
    }
    if (!reset->rs_batch || !d->dm_provision)
        return; /* its agent was faster, or the daemon ends */
    if (way_of(reset) == AGENT_NONE) {
        hosts_set(d->dm_hosts, reset->rs_host, HOST_READY, "no agent by design");
        finish(reset, NULL);
        return;
    }
    if (hosts_state(d->dm_hosts, reset->rs_host) == HOST_CREATE)
        hosts_set(d->dm_hosts, reset->rs_host, HOST_BOOT, LOST);
    provision_deliver(d->dm_provision, reset->rs_host);
    wait_for_hello(reset, provision_hello_us(d->dm_provision));
}

static gboolean listen_anew(Reset *reset, GError **error)
{
    Daemon *d = reset->rs_daemon;
    g_autofree char *channel = boot_channel(d, reset->rs_host);

    reset->rs_epoch = clones_epoch(d->dm_clones, reset->rs_host);
    return way_of(reset) == AGENT_NONE ||
           link_listen(d->dm_link, reset->rs_host, channel,
                       provision_qemu_uid(d->dm_provision), reset->rs_epoch, error);
}

static void switch_on(Reset *reset)
{
    Daemon *d = reset->rs_daemon;
    const Golden *golden = clones_golden(d->dm_clones, reset->rs_host);
    g_autofree char *at = boot_path(d, reset->rs_host, "disks", ".save");
    g_autoptr(GError) error = NULL;
    g_auto(Boot) boot;

    if (!listen_anew(reset, &error)) {
        fail(reset, error->message);
        return;
    }
    /* What came meanwhile was queued for the old guest, and has died. */
    orders_host_lost(d->dm_orders, reset->rs_host, LOST);
    hosts_renew(d->dm_hosts, reset->rs_host, LOST);
    boot_init(&boot, d, provision_image(d->dm_provision, reset->rs_host), reset->rs_host);
    if (golden && !reset->rs_point)
        boot.bo_domain.rd_ram = clones_ram(d->dm_clones, reset->rs_host);
    if (golden || reset->rs_point)
        range_restore(d->dm_range, reset->rs_host, &boot.bo_domain,
                      reset->rs_point ? reset->rs_point->po_memory : golden->go_memory,
                      at, on_made, reset);
    else
        range_domain_create(d->dm_range, reset->rs_host, &boot.bo_domain, on_made, reset);
}

/* It bears the reset's number: a daemon that takes the reset up knows it by that. */
static char *evidence_path(const Reset *reset)
{
    g_autofree char *ext = g_strdup_printf(EVIDENCE "%" G_GINT64_FORMAT, reset->rs_seq);

    return boot_path(reset->rs_daemon, reset->rs_host, "disks", ext);
}

/* Of earlier resets. One that cannot be removed only takes up room. */
static void remove_evidence(const Reset *reset)
{
    g_autofree char *all = boot_path(reset->rs_daemon, reset->rs_host, "disks", EVIDENCE);
    g_autofree char *folder = g_path_get_dirname(all);
    g_autofree char *prefix = g_path_get_basename(all);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_str_has_prefix(name, prefix))
            g_unlink(path);
    }
}

static void disk_work(gpointer data)
{
    Reset *reset = data;
    const PlanHost *host = plan_host(reset->rs_daemon->dm_plan, reset->rs_host);
    g_autofree char *evidence = evidence_path(reset);

    if (!reset->rs_again)
        remove_evidence(reset);
    if (!reset->rs_again && rename(reset->rs_disk, evidence) < 0 && errno != ENOENT) {
        g_set_error(&reset->rs_error, RESETS_ERROR, errno, "%s: keep as evidence: %s",
                    reset->rs_disk, g_strerror(errno));
        return;
    }
    if (reset->rs_point)
        points_revert_disk(reset->rs_daemon->dm_points, reset->rs_host, reset->rs_point,
                           &reset->rs_error);
    else
        images_overlay(reset->rs_base, reset->rs_disk, host->ph_disk, &reset->rs_error);
}

static void disk_done(gpointer data, gboolean ran)
{
    Reset *reset = data;

    if (!ran || !reset->rs_daemon->dm_provision || !reset->rs_batch)
        return;
    if (reset->rs_error) {
        fail(reset, reset->rs_error->message);
        g_clear_error(&reset->rs_error);
    } else {
        switch_on(reset);
    }
}

static void on_gone(const GError *error, gpointer data)
{
    Reset *reset = data;
    Daemon *d = reset->rs_daemon;
    const Golden *golden = clones_golden(d->dm_clones, reset->rs_host);

    if (!d->dm_provision || !reset->rs_batch)
        return;
    if (error) {
        finish(reset, error->message);
        return;
    }
    const ImageResult *image = provision_image(d->dm_provision, reset->rs_host);
    if (!image->disk) {
        switch_on(reset);
        return;
    }
    g_free(reset->rs_disk);
    reset->rs_disk = boot_path(d, reset->rs_host, "disks", ".qcow2");
    reset->rs_base = golden && golden->go_disk ? golden->go_disk : image->disk;
    pool_run(provision_pool(d->dm_provision), POOL_SOON, disk_work, disk_done, reset);
}

static void make(Reset *reset)
{
    Daemon *d = reset->rs_daemon;

    evtimer_del(reset->rs_late);
    hosts_set(d->dm_hosts, reset->rs_host, HOST_CREATE, LOST);
    range_domain_destroy(d->dm_range, reset->rs_host, on_gone, reset);
}

/* It is known what it goes back to, and nothing has been touched before. */
static void go(Reset *reset)
{
    Daemon *d = reset->rs_daemon;

    injects_host_reset(d->dm_injects, reset->rs_host, reset->rs_seq);
    orders_host_lost(d->dm_orders, reset->rs_host, LOST);
    terminals_host_gone(d->dm_terminals, reset->rs_host, LOST);
    make(reset);
}

static void on_found(Daemon *d, Point *point, const char *reason, gpointer data)
{
    Reset *reset = data;

    (void)d;
    point_forget(reset);
    reset->rs_point = point;
    reset->rs_why = g_strdup(reason);
    if (reason && reset->rs_to)
        finish(reset, reason);
    else
        go(reset);
}

static void begin(Daemon *d, gint64 seq, gpointer data)
{
    Reset *reset = data;

    (void)seq;
    if (!d->dm_provision || !reset->rs_batch)
        return;
    if (reset->rs_point)
        go(reset);
    else
        points_find(d->dm_points, reset->rs_host, reset->rs_to, on_found, reset);
}

static void want(Reset *reset)
{
    Daemon *d = reset->rs_daemon;
    const Batch *batch = reset->rs_batch;

    reset->rs_seq = daemon_event(
        d, "reset.wanted/1", batch->ba_actor, -1, reset->rs_host, 0,
        json_pack("{s:s, s:s*}", "reason", batch->ba_reason, "to", reset->rs_to));
    daemon_then(d, begin, reset->rs_seq, reset);
}

/* Of a checkpoint that was asked for by name: is it as it was? Its host is left alone
 * where it is not. */
static void on_checked(Daemon *d, Point *point, const char *reason, gpointer data)
{
    Reset *reset = data;

    point_forget(reset);
    reset->rs_point = point;
    if (reason) {
        batch_failed(reset, reason);
        batch_step(d, g_steal_pointer(&reset->rs_batch));
    } else {
        want(reset);
    }
}

GArray *resets_hosts(const Daemon *d, const char *target, GError **error)
{
    g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(int));
    int team = plan_team_index(d->dm_plan, target);
    int one = plan_host_index(d->dm_plan, target);

    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++)
        if ((int)i == one || strcmp(target, "all") == 0 ||
            (team >= 0 && plan_host(d->dm_plan, (int)i)->ph_team == team))
            g_array_append_val(hosts, i);
    if (hosts->len)
        return g_steal_pointer(&hosts);
    g_set_error(error, RESETS_ERROR, ENOENT,
                "%s: no host, no team with hosts, and not \"all\"; `parry status` names "
                "them",
                target);
    return NULL;
}

static void take_name(Reset *reset, const char *to)
{
    g_free(reset->rs_to);
    reset->rs_to = g_strdup(to);
}

static gboolean may_begin(const Resets *resets, int host, const char *to, GError **error)
{
    const Daemon *d = resets->rt_daemon;
    const char *id = plan_host(d->dm_plan, host)->ph_id;

    if (resets_busy(resets, host)) {
        g_set_error(error, RESETS_ERROR, EBUSY, "%s is being reset already", id);
        return FALSE;
    }
    if (points_standing(d->dm_points, host)) {
        g_set_error(error, RESETS_ERROR, EBUSY,
                    "%s is being saved at this moment; try again", id);
        return FALSE;
    }
    if (!to || points_has(d->dm_points, host, to))
        return TRUE;
    g_set_error(error, RESETS_ERROR, ENOENT,
                "%s has no checkpoint %s; `parry checkpoint %s` lists them", id, to,
                d->dm_plan->p_name);
    return FALSE;
}

gboolean resets_begin(Resets *resets, const GArray *hosts, const char *to,
                      const char *actor, const char *reason, ResetsDone done,
                      gpointer data, GError **error)
{
    Daemon *d = resets->rt_daemon;

    if (resets_early(d)) {
        g_set_error(error, RESETS_ERROR, EAGAIN,
                    "the drill is still being taken up; try again in a moment");
        return FALSE;
    }
    for (guint i = 0; i < hosts->len; i++)
        if (!may_begin(resets, g_array_index(hosts, int, i), to, error))
            return FALSE;
    Batch *batch = g_new0(Batch, 1);
    *batch = (Batch){.ba_left = hosts->len,
                     .ba_total.rt_hosts = hosts->len,
                     .ba_began_us = clock_boottime_us(),
                     .ba_actor = g_strdup(actor),
                     .ba_reason = g_strdup(reason),
                     .ba_done = done,
                     .ba_data = data};
    for (guint i = 0; i < hosts->len; i++) {
        Reset *reset = &resets->rt_resets[g_array_index(hosts, int, i)];

        reset->rs_batch = batch;
        reset->rs_again = FALSE;
        reset->rs_began_us = batch->ba_began_us;
        take_name(reset, to);
    }
    for (guint i = 0; i < hosts->len; i++) {
        Reset *reset = &resets->rt_resets[g_array_index(hosts, int, i)];

        if (to)
            points_find(d->dm_points, reset->rs_host, to, on_checked, reset);
        else
            want(reset);
    }
    return TRUE;
}

/* ---- taken up again ---- */

void resets_replay(Resets *resets, const JournalEvent *event)
{
    int host = resets && *event->ev_host
                   ? plan_host_index(resets->rt_daemon->dm_plan, event->ev_host)
                   : -1;

    static const char *const kinds[] = {"reset.wanted/1", "reset.done/1",
                                        "reset.failed/1", NULL};
    if (host < 0 || !g_strv_contains(kinds, event->ev_kind)) /* others are of who asked */
        return;
    gboolean wanted = strcmp(event->ev_kind, "reset.wanted/1") == 0;
    resets->rt_resets[host].rs_open = wanted ? event->ev_seq : 0;
    take_name(&resets->rt_resets[host],
              json_string_value(json_object_get(event->ev_body, "to")));
}

gboolean resets_pending(const Resets *resets, int host)
{
    return resets && resets->rt_resets[host].rs_open;
}

/* Whoever asked for it is gone: how it ends stands in the journal all the same. */
static void on_orphan(Daemon *d, const ResetTotal *total, gpointer data)
{
    (void)d;
    (void)total;
    (void)data;
}

gboolean resets_resume(Resets *resets, int host)
{
    Reset *reset = resets ? &resets->rt_resets[host] : NULL;

    if (!reset || !reset->rs_open)
        return FALSE;
    Batch *batch = g_new0(Batch, 1);
    *batch = (Batch){.ba_left = 1,
                     .ba_total.rt_hosts = 1,
                     .ba_began_us = clock_boottime_us(),
                     .ba_done = on_orphan};
    reset->rs_batch = batch;
    reset->rs_began_us = batch->ba_began_us;
    reset->rs_seq = reset->rs_open;
    g_autofree char *evidence = evidence_path(reset);
    reset->rs_again = g_file_test(evidence, G_FILE_TEST_EXISTS);
    reset->rs_open = 0;
    begin(reset->rs_daemon, reset->rs_seq, reset);
    return TRUE;
}
