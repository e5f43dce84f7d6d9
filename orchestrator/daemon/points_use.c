/* Checkpoints in use: what there is, whether it is as it was, resets to it, its end. */
#include "orchestrator/daemon/points_priv.h"

#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/provision.h"

#include <string.h>
#include <sys/random.h>

#define SEED_BYTES 64
#define REJOIN_US (60 * G_USEC_PER_SEC)

static const char *domain_of(const Points *points, int host)
{
    return plan_host(points->pt_daemon->dm_plan, host)->ph_domain;
}

/* ---- what there is ---- */

const char *points_reset_way(const Points *points, int host, const char **why)
{
    *why = "";
    if (!points)
        return "boot";
    if (clones_golden(points->pt_daemon->dm_clones, host))
        return "golden";
    if (points->pt_hosts[host].hp_ready)
        return "checkpoint";
    if (points->pt_hosts[host].hp_why)
        *why = points->pt_hosts[host].hp_why;
    for (const GList *at = points->pt_queue.head; at; at = at->next) {
        const Make *make = at->data;

        if (make->mk_host == host && strcmp(make->mk_name, POINT_READY) == 0)
            *why = "its checkpoint is being made";
    }
    return "boot";
}

json_t *points_json(Points *points)
{
    const Daemon *d = points->pt_daemon;
    json_t *answer = point_list_json(d->dm_dir), *making = json_array();

    for (const GList *at = points->pt_queue.head; at; at = at->next) {
        const Make *make = at->data;

        json_array_append_new(making,
                              json_pack("{s:s, s:s}", "name", make->mk_name, "host",
                                        plan_host(d->dm_plan, make->mk_host)->ph_id));
    }
    json_object_set_new(answer, "limit",
                        json_integer((gint64)d->dm_plan->p_points.pp_limit));
    json_object_set_new(answer, "making", making);
    return answer;
}

/* ---- whether it is as it was ---- */

typedef struct {
    Daemon *ck_daemon;
    char *ck_name; /* NULL: all */
    json_t *ck_rows;
    PointsChecked ck_done;
    gpointer ck_data;
} Check;

static void check_work(gpointer data)
{
    Check *check = data;

    check->ck_rows = point_check_json(check->ck_daemon->dm_dir, check->ck_name);
}

static void check_done(gpointer data, gboolean ran)
{
    g_autofree Check *check = data;

    g_free(check->ck_name);
    if (ran)
        check->ck_done(check->ck_daemon, check->ck_rows, check->ck_data);
}

void points_check(Points *points, const char *name, PointsChecked done, gpointer data)
{
    Check *check = g_new0(Check, 1);

    *check = (Check){points->pt_daemon, g_strdup(name), NULL, done, data};
    pool_run(provision_pool(points->pt_daemon->dm_provision), POOL_NORMAL, check_work,
             check_done, check);
}

/* ---- its end ---- */

void points_told_gone(Points *points, const char *name, guint hosts, guint64 bytes,
                      const char *actor, const char *why)
{
    daemon_event(points->pt_daemon, "checkpoint.deleted/1", actor, -1, -1, 0,
                 json_pack("{s:s, s:i, s:I, s:s}", "checkpoint", name, "hosts",
                           (int)hosts, "bytes", (json_int_t)bytes, "reason", why));
}

static gboolean making(const Points *points, const char *name)
{
    for (const GList *at = points->pt_queue.head; at; at = at->next)
        if (strcmp(((const Make *)at->data)->mk_name, name) == 0)
            return TRUE;
    return FALSE;
}

gboolean points_delete(Points *points, const char *name, const char *actor,
                       guint64 *bytes, GError **error)
{
    const Daemon *d = points->pt_daemon;
    g_autoptr(GPtrArray) list = point_list(d->dm_dir, NULL);
    guint64 freed = 0;
    guint hosts = 0;

    if (making(points, name)) {
        g_set_error(error, POINT_ERROR, POINT_ERROR_MISSING,
                    "the checkpoint %s is still in the making", name);
        return FALSE;
    }
    for (guint i = 0; i < list->len; i++) {
        const Point *point = list->pdata[i];

        if (strcmp(point->po_meta.pm_name, name) != 0)
            continue;
        if (!point_delete(point, error))
            return FALSE;
        freed += point->po_bytes;
        hosts++;
    }
    if (!hosts) {
        g_set_error(error, POINT_ERROR, POINT_ERROR_MISSING,
                    "no checkpoint \"%.40s\"; `parry checkpoint %s` lists them", name,
                    d->dm_plan->p_name);
        return FALSE;
    }
    for (guint i = 0; strcmp(name, POINT_READY) == 0 && i < d->dm_plan->p_hosts->len; i++)
        points->pt_hosts[i].hp_ready = FALSE;
    points_told_gone(points, name, hosts, freed, actor,
                     strcmp(actor, "parryd") == 0 ? "the oldest of those by the clock"
                                                  : "");
    if (bytes)
        *bytes = freed;
    return TRUE;
}

/* ---- resets ---- */

static gboolean is_golden(const Points *points, int host, const char *name)
{
    return (!name || strcmp(name, POINT_READY) == 0) &&
           clones_golden(points->pt_daemon->dm_clones, host);
}

gboolean points_has(const Points *points, int host, const char *name)
{
    g_autoptr(Point) point = points ? point_open(points->pt_daemon->dm_dir, name,
                                                 domain_of(points, host), NULL)
                                    : NULL;

    return point || (points && is_golden(points, host, name));
}

typedef struct {
    Daemon *fi_daemon;
    int fi_host;
    char *fi_name;
    Point *fi_point;
    GError *fi_error;
    PointsFound fi_done;
    gpointer fi_data;
} Find;

static void find_work(gpointer data)
{
    Find *find = data;
    const Points *points = find->fi_daemon->dm_points;
    g_autoptr(Point) point =
        point_open(find->fi_daemon->dm_dir, find->fi_name,
                   domain_of(points, find->fi_host), &find->fi_error);

    if (point && point_prepare(point, find->fi_daemon->dm_home, &find->fi_error))
        find->fi_point = g_steal_pointer(&point);
}

/* It is no good: the next boot of the host is saved in its place. */
static void ready_spoilt(Points *points, int host, const char *why)
{
    HostPoints *at = &points->pt_hosts[host];

    at->hp_ready = FALSE;
    g_free(at->hp_why);
    at->hp_why = g_strdup(why);
}

static void find_done(gpointer data, gboolean ran)
{
    g_autofree Find *find = data;
    Daemon *d = find->fi_daemon;

    if (find->fi_error && strcmp(find->fi_name, POINT_READY) == 0)
        ready_spoilt(d->dm_points, find->fi_host, find->fi_error->message);

    if (ran && d->dm_provision)
        find->fi_done(d, g_steal_pointer(&find->fi_point),
                      find->fi_error ? find->fi_error->message : NULL, find->fi_data);
    point_free(find->fi_point);
    g_clear_error(&find->fi_error);
    g_free(find->fi_name);
}

void points_find(Points *points, int host, const char *name, PointsFound done,
                 gpointer data)
{
    const HostPoints *at = &points->pt_hosts[host];

    if (is_golden(points, host, name) || (!name && !at->hp_ready)) {
        done(points->pt_daemon, NULL, is_golden(points, host, name) ? NULL : at->hp_why,
             data);
        return;
    }
    Find *find = g_new0(Find, 1);
    *find = (Find){.fi_daemon = points->pt_daemon,
                   .fi_host = host,
                   .fi_name = g_strdup(name ? name : POINT_READY),
                   .fi_done = done,
                   .fi_data = data};
    pool_run(provision_pool(points->pt_daemon->dm_provision), POOL_SOON, find_work,
             find_done, find);
}

gboolean points_revert_disk(const Points *points, int host, const Point *point,
                            GError **error)
{
    DiskStack stack = points_stack(points, host);
    g_autofree const char *disks = stack.ds_disks;

    return !point->po_disk ||
           disk_revert(&stack, point->po_meta.pm_id, point->po_disk, error);
}

void points_rejoin(Daemon *d, int host, AnswerDone done, gpointer data)
{
    guint8 seed[SEED_BYTES];
    json_t *msg = json_pack("{s:s, s:I}", "k", "identity", "wall_us",
                            (json_int_t)g_get_real_time());

    if (getrandom(seed, sizeof(seed), 0) == sizeof(seed)) {
        g_autofree char *text = g_base64_encode(seed, sizeof(seed));

        json_object_set_new(msg, "seed_b64", json_string(text));
    }
    orders_ask(d->dm_orders, host, "identity", msg, REJOIN_US, done, data);
}
