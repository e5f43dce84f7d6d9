#include "orchestrator/daemon/points_priv.h"

#include "orchestrator/daemon/boot.h"
#include "orchestrator/daemon/clocks.h"
#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/resets.h"

#include <errno.h>
#include <string.h>

/* Between two that nobody waits for: the drill comes first. */
#define GAP_US (G_USEC_PER_SEC / 2)

/* ---- life ---- */

static void dropped_free(gpointer data)
{
    g_free(((Dropped *)data)->dr_name);
    g_free(data);
}

Make *points_make_new(Points *points, int host, const char *name, PointKind kind,
                      const char *actor)
{
    Make *make = g_new0(Make, 1);

    make->mk_points = points;
    make->mk_host = host;
    make->mk_kind = kind;
    make->mk_name = g_strdup(name);
    make->mk_actor = g_strdup(actor);
    make->mk_dropped = g_ptr_array_new_with_free_func(dropped_free);
    return make;
}

void points_make_paths(Make *make)
{
    const Daemon *d = make->mk_points->pt_daemon;

    if (make->mk_work)
        return;
    make->mk_work = point_work_path(d->dm_dir, make->mk_id,
                                    plan_host(d->dm_plan, make->mk_host)->ph_domain);
    make->mk_memory = g_build_filename(make->mk_work, POINT_MEMORY, NULL);
}

void points_make_free(gpointer data)
{
    Make *make = data;

    g_free(make->mk_name);
    g_free(make->mk_actor);
    g_free(make->mk_work);
    g_free(make->mk_memory);
    g_free(make->mk_reason);
    g_ptr_array_unref(make->mk_dropped);
    point_free(make->mk_point);
    g_clear_error(&make->mk_error);
    g_free(make);
}

static void on_next(evutil_socket_t fd, short what, void *data);

Points *points_new(Daemon *d)
{
    Points *points = g_new0(Points, 1);

    points->pt_daemon = d;
    points->pt_hosts = g_new0(HostPoints, d->dm_plan->p_hosts->len + 1);
    points->pt_open = g_ptr_array_new_with_free_func(points_make_free);
    points->pt_next = evtimer_new(d->dm_base, on_next, points);
    g_queue_init(&points->pt_queue);
    points_auto_new(points);
    return points;
}

void points_free(Points *points)
{
    if (!points)
        return;
    event_free(points->pt_next);
    for (GList *at = points->pt_queue.head; at; at = at->next) {
        PointBatch *batch = ((Make *)at->data)->mk_batch;

        if (batch && --batch->ba_left == 0) {
            g_free(batch->ba_total.pt_reason);
            g_free(batch);
        }
    }
    g_queue_clear_full(&points->pt_queue, points_make_free);
    g_ptr_array_unref(points->pt_open);
    for (guint i = 0; i < points->pt_daemon->dm_plan->p_hosts->len; i++)
        g_free(points->pt_hosts[i].hp_why);
    g_free(points->pt_hosts);
    g_free(points);
}

/* The daemon ends, or the drill is taken down: what is open stays so. */
gboolean points_ending(const Points *points)
{
    const Daemon *d = points->pt_daemon;

    return !d->dm_provision || !d->dm_range || d->dm_state == DRILL_DOWN;
}

DiskStack points_stack(const Points *points, int host)
{
    const Daemon *d = points->pt_daemon;
    const PlanHost *plan = plan_host(d->dm_plan, host);

    return (DiskStack){.ds_disks = g_build_filename(d->dm_dir, "disks", NULL),
                       .ds_domain = plan->ph_domain,
                       .ds_size = plan->ph_disk};
}

gboolean points_has_disk(const Points *points, int host)
{
    return provision_image(points->pt_daemon->dm_provision, host)->disk != NULL;
}

/* ---- standing ---- */

gboolean points_standing(const Points *points, int host)
{
    return points && points->pt_hosts[host].hp_standing;
}

gboolean points_stood(const Points *points, int host, gint64 since_us)
{
    return points && (points->pt_hosts[host].hp_standing ||
                      points->pt_hosts[host].hp_until_us > since_us);
}

gint64 points_stood_us(const Points *points, int host)
{
    const HostPoints *at = points ? &points->pt_hosts[host] : NULL;

    if (!at)
        return 0;
    return at->hp_stood_us +
           (at->hp_standing ? clock_boottime_us() - at->hp_since_us : 0);
}

void points_stand(Make *make)
{
    HostPoints *at = &make->mk_points->pt_hosts[make->mk_host];

    if (at->hp_standing)
        return;
    at->hp_since_us = clock_boottime_us();
    make->mk_at_us = g_get_real_time();
    make->mk_clock_us = daemon_now(make->mk_points->pt_daemon);
    at->hp_standing = TRUE;
}

static void go_on(Make *make)
{
    Points *points = make->mk_points;
    HostPoints *at = &points->pt_hosts[make->mk_host];

    if (!at->hp_standing)
        return;
    at->hp_standing = FALSE;
    at->hp_until_us = clock_boottime_us();
    make->mk_stop_us = at->hp_until_us - at->hp_since_us;
    at->hp_stood_us += make->mk_stop_us;
    at->hp_hello = TRUE;
    hosts_touch(points->pt_daemon->dm_hosts, make->mk_host);
}

void points_hello(Points *points, int host)
{
    if (!points || !points->pt_hosts[host].hp_hello)
        return;
    points->pt_hosts[host].hp_hello = FALSE;
    clocks_set(points->pt_daemon, host, "restored");
}

/* ---- the end ---- */

static void batch_step(Make *make)
{
    PointBatch *batch = g_steal_pointer(&make->mk_batch);
    const char *id = plan_host(make->mk_points->pt_daemon->dm_plan, make->mk_host)->ph_id;

    if (!batch)
        return;
    batch->ba_total.pt_stop_us = MAX(batch->ba_total.pt_stop_us, make->mk_stop_us);
    if (make->mk_point) {
        batch->ba_total.pt_bytes += make->mk_point->po_bytes;
    } else {
        batch->ba_total.pt_failed++;
        if (!batch->ba_total.pt_reason)
            batch->ba_total.pt_reason = g_strdup_printf("%s: %s", id, make->mk_reason);
    }
    if (--batch->ba_left)
        return;
    batch->ba_total.pt_us = clock_boottime_us() - batch->ba_began_us;
    if (batch->ba_done)
        batch->ba_done(make->mk_points->pt_daemon, &batch->ba_total, batch->ba_data);
    g_free(batch->ba_total.pt_reason);
    g_free(batch);
}

static void remember(Make *make)
{
    HostPoints *at = &make->mk_points->pt_hosts[make->mk_host];

    if (strcmp(make->mk_name, POINT_READY) != 0)
        return;
    at->hp_ready = make->mk_point != NULL;
    g_free(at->hp_why);
    at->hp_why = g_strdup(make->mk_reason);
}

static void next_later(Points *points)
{
    const Make *next = g_queue_peek_head(&points->pt_queue);
    gboolean at_once =
        next && (next->mk_from != MAKE_WAITS || next->mk_kind == POINT_ASKED);
    struct timeval tv = {0, at_once ? 0 : GAP_US};

    if (next)
        evtimer_add(points->pt_next, &tv);
}

static gboolean in_the_making(const Points *points, const char *name)
{
    for (const GList *at = points->pt_queue.head; at; at = at->next)
        if (strcmp(((const Make *)at->data)->mk_name, name) == 0)
            return TRUE;
    return FALSE;
}

static void finish(Make *make)
{
    Points *points = make->mk_points;

    g_queue_remove(&points->pt_queue, make);
    remember(make);
    batch_step(make);
    if (make->mk_point && !in_the_making(points, make->mk_name))
        points_trim(points); /* now that it is whole */
    points_make_free(make);
    next_later(points);
}

void points_fail(Make *make, const char *reason)
{
    Daemon *d = make->mk_points->pt_daemon;

    go_on(make);
    if (make->mk_work && !make->mk_lost)
        drill_remove_tree(make->mk_work, NULL);
    make->mk_reason = g_strdup(reason);
    daemon_event(d, "checkpoint.failed/1", "parryd", -1, make->mk_host, make->mk_id,
                 json_pack("{s:s, s:s}", "checkpoint", make->mk_name, "reason", reason));
    finish(make);
}

/* ---- kept ---- */

static PointMeta meta_of(const Make *make, char *base)
{
    const Daemon *d = make->mk_points->pt_daemon;
    const PlanHost *host = plan_host(d->dm_plan, make->mk_host);

    return (PointMeta){.pm_name = g_strdup(make->mk_name),
                       .pm_kind = make->mk_kind,
                       .pm_id = make->mk_id,
                       .pm_by = g_strdup(make->mk_actor),
                       .pm_drill = g_strdup(d->dm_plan->p_uuid),
                       .pm_host = g_strdup(host->ph_id),
                       .pm_uuid = g_strdup(host->ph_uuid),
                       .pm_at_us = make->mk_at_us,
                       .pm_clock_us = MAX(make->mk_clock_us, 0),
                       .pm_stop_us = make->mk_stop_us,
                       .pm_base = base};
}

/* What the host's disk stands on, as a path below PARRY_HOME. */
static char *base_below(const Make *make, const DiskStack *stack, GError **error)
{
    const char *home = make->mk_points->pt_daemon->dm_home;
    g_autofree char *base = disk_base(stack, error);
    gsize len = strlen(home);

    if (!base)
        return NULL;
    if (strncmp(base, home, len) == 0 && base[len] == '/')
        return g_strdup(base + len + 1);
    g_set_error(error, POINT_ERROR, POINT_ERROR_IO, "%s: it is not below %s", base, home);
    return NULL;
}

static gboolean base_take(Make *make, PointMeta *meta)
{
    const char *home = make->mk_points->pt_daemon->dm_home;
    g_autofree char *path = g_build_filename(home, meta->pm_base, NULL);

    return point_base_take(path, meta, &make->mk_error);
}

static void keep_work(gpointer data)
{
    Make *make = data;
    const Points *points = make->mk_points;
    DiskStack stack = points_stack(points, make->mk_host);
    g_autofree const char *disks = stack.ds_disks;
    g_autofree char *disk = g_build_filename(make->mk_work, POINT_DISK, NULL);
    gboolean with_disk = points_has_disk(points, make->mk_host);
    char *base = with_disk ? base_below(make, &stack, &make->mk_error) : NULL;
    g_auto(PointMeta) meta = meta_of(make, base);

    if (with_disk && (!base || !base_take(make, &meta) ||
                      !disk_keep(&stack, make->mk_id, disk, &make->mk_error)))
        return;
    make->mk_point = point_commit(points->pt_daemon->dm_dir, make->mk_work,
                                  stack.ds_domain, &meta, &make->mk_error);
    if (with_disk)
        disk_sweep(&stack);
}

static void keep_done(gpointer data, gboolean ran)
{
    Make *make = data;
    Daemon *d = make->mk_points->pt_daemon;

    if (!ran || points_ending(make->mk_points))
        return;
    if (!make->mk_point) {
        points_fail(make, make->mk_error->message);
        return;
    }
    daemon_event(d, "checkpoint.done/1", "parryd", -1, make->mk_host, make->mk_id,
                 json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "checkpoint",
                           make->mk_name, "kind", point_kind_name(make->mk_kind), "clock",
                           (json_int_t)make->mk_point->po_meta.pm_clock_us, "bytes",
                           (json_int_t)make->mk_point->po_bytes, "stop_us",
                           (json_int_t)make->mk_stop_us, "dur_us",
                           (json_int_t)(clock_boottime_us() - make->mk_began_us),
                           "sha256", make->mk_point->po_meta.pm_memory.pf_sha256));
    finish(make);
}

static void keep(Make *make)
{
    make->mk_step = MAKE_KEEP;
    pool_run(provision_pool(make->mk_points->pt_daemon->dm_provision), POOL_NORMAL,
             keep_work, keep_done, make);
}

/* ---- the stop ---- */

static void restore(Make *make);

/* It cannot be had back: the host is lost, as any other whose VM ends. */
static void guest_lost(Make *make, const char *why)
{
    g_autofree char *reason = g_strdup_printf(
        "it could not be restored after it was saved: %s; its memory is in %s", why,
        make->mk_memory);

    make->mk_lost = TRUE;
    make->mk_points->pt_hosts[make->mk_host].hp_standing = FALSE;
    hosts_range_event(make->mk_points->pt_daemon->dm_hosts, make->mk_host,
                      RANGE_DOMAIN_STOPPED, reason);
    points_fail(make, reason);
}

static void on_restored(const GError *error, gpointer data)
{
    Make *make = data;
    Daemon *d = make->mk_points->pt_daemon;

    if (points_ending(make->mk_points))
        return;
    if (error && !make->mk_retry) {
        make->mk_retry = TRUE;
        restore(make);
        return;
    }
    if (error) {
        guest_lost(make, error->message);
        return;
    }
    go_on(make);
    if (make->mk_error) { /* of its disk: the guest is well, and there is no checkpoint */
        points_fail(make, make->mk_error->message);
        return;
    }
    daemon_event(d, "checkpoint.saved/1", "parryd", -1, make->mk_host, make->mk_id,
                 json_pack("{s:s, s:I, s:I, s:I}", "checkpoint", make->mk_name, "at_us",
                           (json_int_t)make->mk_at_us, "clock",
                           (json_int_t)make->mk_clock_us, "stop_us",
                           (json_int_t)make->mk_stop_us));
    keep(make);
}

static void restore(Make *make)
{
    Daemon *d = make->mk_points->pt_daemon;
    g_auto(Boot) boot;

    make->mk_step = MAKE_RESTORE;
    boot_init(&boot, d, provision_image(d->dm_provision, make->mk_host), make->mk_host);
    range_restore(d->dm_range, make->mk_host, &boot.bo_domain, make->mk_memory, NULL,
                  on_restored, make);
}

static void swap_work(gpointer data)
{
    Make *make = data;
    DiskStack stack = points_stack(make->mk_points, make->mk_host);
    g_autofree const char *disks = stack.ds_disks;

    disk_swap(&stack, make->mk_id, &make->mk_error);
}

static void swap_done(gpointer data, gboolean ran)
{
    Make *make = data;

    if (ran && !points_ending(make->mk_points))
        restore(make);
}

static void swap(Make *make)
{
    make->mk_step = MAKE_SWAP;
    if (points_has_disk(make->mk_points, make->mk_host))
        pool_run(provision_pool(make->mk_points->pt_daemon->dm_provision), POOL_SOON,
                 swap_work, swap_done, make);
    else
        restore(make);
}

/* The host may be another one than that on which it was made. */
static void on_filter(const GError *error, gpointer data)
{
    Make *make = data;

    if (points_ending(make->mk_points))
        return;
    if (error)
        guest_lost(make, error->message);
    else
        swap(make);
}

static void on_saved(const GError *error, gpointer data)
{
    Make *make = data;

    if (points_ending(make->mk_points))
        return;
    if (error)
        points_fail(make, error->message);
    else
        swap(make);
}

static void save(Make *make)
{
    RangeSave how = {.sv_host = make->mk_host, .sv_path = make->mk_memory};

    make->mk_step = MAKE_SAVE;
    points_stand(make);
    range_save(make->mk_points->pt_daemon->dm_range, &how, on_saved, make);
}

/* ---- before it ---- */

static void on_dropped(const char *name, guint hosts, guint64 bytes, gpointer data)
{
    Make *make = data;
    Dropped *dropped = g_new0(Dropped, 1);

    *dropped = (Dropped){g_strdup(name), hosts, bytes};
    g_ptr_array_add(make->mk_dropped, dropped);
}

/* At most its memory, and what its disk has over the image's. */
static guint64 bytes_at_most(const Make *make, const DiskStack *stack)
{
    const PlanHost *host = plan_host(make->mk_points->pt_daemon->dm_plan, make->mk_host);
    return host->ph_memory + disk_allocated(stack);
}

static void prepare_work(gpointer data)
{
    Make *make = data;
    const Points *points = make->mk_points;
    const Daemon *d = points->pt_daemon;
    DiskStack stack = points_stack(points, make->mk_host);
    g_autofree const char *disks = stack.ds_disks;

    if (!point_make_room(d->dm_dir, bytes_at_most(make, &stack),
                         d->dm_plan->p_points.pp_limit, POINTS_SPARE, on_dropped, make,
                         &make->mk_error))
        return;
    if (point_work(d->dm_dir, make->mk_id, stack.ds_domain, &make->mk_error) &&
        points_has_disk(points, make->mk_host))
        disk_prepare(&stack, &make->mk_error);
}

/* Why the host cannot be saved at this moment, or NULL. */
static const char *obstacle(const Points *points, int host)
{
    const Daemon *d = points->pt_daemon;
    HostState state = hosts_state(d->dm_hosts, host);

    if (resets_busy(d->dm_resets, host))
        return "it is being reset";
    if (state != HOST_READY && state != HOST_SILENT)
        return "its VM is not ready";
    if (d->dm_state != DRILL_READY && d->dm_state != DRILL_RUNNING &&
        d->dm_state != DRILL_PAUSED)
        return "the drill is neither ready nor running";
    return NULL;
}

static void prepare_done(gpointer data, gboolean ran)
{
    Make *make = data;
    Points *points = make->mk_points;

    if (!ran || points_ending(points))
        return;
    for (guint i = 0; i < make->mk_dropped->len; i++) {
        const Dropped *dropped = make->mk_dropped->pdata[i];

        points_told_gone(points, dropped->dr_name, dropped->dr_hosts, dropped->dr_bytes,
                         "parryd", "to make room");
    }
    const char *no = obstacle(points, make->mk_host);
    if (make->mk_error || no)
        points_fail(make, make->mk_error ? make->mk_error->message : no);
    else
        save(make);
}

/* What an earlier daemon left in the midst. */
static gboolean taken_up(Make *make)
{
    Daemon *d = make->mk_points->pt_daemon;

    if (make->mk_from == MAKE_KEEP)
        keep(make);
    else if (make->mk_from == MAKE_SWAP)
        range_filter_create(d->dm_range, make->mk_host, on_filter, make);
    else if (make->mk_from == MAKE_RESTORE)
        restore(make);
    else if (make->mk_from == MAKE_SAVE)
        save(make);
    return make->mk_from != MAKE_WAITS;
}

static void begin(Make *make)
{
    const Points *points = make->mk_points;
    const char *no = points_pointless(make);

    make->mk_step = MAKE_PREPARE;
    points_make_paths(make);
    make->mk_began_us = clock_boottime_us();
    if (taken_up(make))
        return;
    no = no ? no : obstacle(points, make->mk_host);
    if (no)
        points_fail(make, no);
    else
        pool_run(provision_pool(points->pt_daemon->dm_provision), POOL_NORMAL,
                 prepare_work, prepare_done, make);
}

static void on_next(evutil_socket_t fd, short what, void *data)
{
    Points *points = data;
    Make *make = g_queue_peek_head(&points->pt_queue);

    (void)fd;
    (void)what;
    if (make && make->mk_durable && make->mk_step == MAKE_WAITS && !points_ending(points))
        begin(make);
}

void points_push(Make *make, gboolean first)
{
    Points *points = make->mk_points;
    const Make *head = g_queue_peek_head(&points->pt_queue);

    if (!first)
        g_queue_push_tail(&points->pt_queue, make);
    else if (head && head->mk_step != MAKE_WAITS)
        g_queue_push_nth(&points->pt_queue, make, 1);
    else
        g_queue_push_head(&points->pt_queue, make);
    if (!head || head->mk_step == MAKE_WAITS)
        next_later(points);
}

/* ---- wanted ---- */

static void durable(Daemon *d, gint64 seq, gpointer data)
{
    Points *points = data;

    (void)d;
    for (GList *at = points->pt_queue.head; at; at = at->next)
        ((Make *)at->data)->mk_durable |= ((Make *)at->data)->mk_id <= seq;
    if (!points_ending(points))
        next_later(points);
}

static gboolean refused(const Points *points, const char *name, PointKind kind,
                        const GArray *hosts, GError **error)
{
    const Daemon *d = points->pt_daemon;
    g_autofree char *dir = g_build_filename(d->dm_dir, "checkpoints", name, NULL);

    if (!point_name_valid(name) ||
        (kind == POINT_ASKED &&
         (strcmp(name, POINT_READY) == 0 || g_str_has_prefix(name, POINT_AUTO)))) {
        g_set_error(error, POINT_ERROR, POINT_ERROR_FORMAT,
                    "\"%s\" is no name to give: a letter, then at most %d of a-z, 0-9 "
                    "and -, not \"" POINT_READY "\" and not \"" POINT_AUTO "…\"",
                    name, POINT_NAME_MAX - 1);
        return TRUE;
    }
    if (kind == POINT_ASKED &&
        (in_the_making(points, name) || g_file_test(dir, G_FILE_TEST_EXISTS))) {
        g_set_error(error, POINT_ERROR, POINT_ERROR_FORMAT,
                    "there is a checkpoint %s already; take another name, or delete it "
                    "with `parry checkpoint --delete %s %s`",
                    name, d->dm_plan->p_name, name);
        return TRUE;
    }
    for (guint i = 0; kind == POINT_ASKED && i < hosts->len; i++) {
        int host = g_array_index(hosts, int, i);
        const char *no = obstacle(points, host);

        if (no) {
            g_set_error(error, POINT_ERROR, POINT_ERROR_MISSING, "%s: %s",
                        plan_host(d->dm_plan, host)->ph_id, no);
            return TRUE;
        }
    }
    return FALSE;
}

gboolean points_want(Points *points, const char *name, PointKind kind,
                     const GArray *hosts, const char *actor, PointsDone done,
                     gpointer data, GError **error)
{
    Daemon *d = points->pt_daemon;

    if (points_ending(points) || refused(points, name, kind, hosts, error))
        return FALSE;
    PointBatch *batch = g_new0(PointBatch, 1);
    *batch = (PointBatch){.ba_left = hosts->len,
                          .ba_total.pt_hosts = hosts->len,
                          .ba_began_us = clock_boottime_us(),
                          .ba_done = done,
                          .ba_data = data};
    for (guint i = 0; i < hosts->len; i++) {
        Make *make =
            points_make_new(points, g_array_index(hosts, int, i), name, kind, actor);

        make->mk_batch = batch;
        make->mk_id = daemon_event(
            d, "checkpoint.wanted/1", actor, -1, make->mk_host, 0,
            json_pack("{s:s, s:s}", "checkpoint", name, "kind", point_kind_name(kind)));
        points_push(make, FALSE);
        daemon_then(d, durable, make->mk_id, points);
    }
    return TRUE;
}
