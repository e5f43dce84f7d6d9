/* Checkpoints that nobody asks for: of hosts that are no clones when the drill is ready,
 * and by the drill's clock. */
#include "orchestrator/daemon/points_priv.h"

#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/director.h"

#include <string.h>

/* ---- when ready ---- */

static gboolean wants_ready(const Points *points, int host)
{
    const HostPoints *at = &points->pt_hosts[host];

    for (const GList *make = points->pt_queue.head; make; make = make->next)
        if (((const Make *)make->data)->mk_host == host &&
            strcmp(((const Make *)make->data)->mk_name, POINT_READY) == 0)
            return FALSE;
    return !at->hp_ready && !clones_golden(points->pt_daemon->dm_clones, host);
}

static void want_ready(Points *points)
{
    const Plan *plan = points->pt_daemon->dm_plan;
    g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < plan->p_hosts->len; i++)
        if (wants_ready(points, (int)i))
            g_array_append_val(hosts, i);
    if (hosts->len)
        points_want(points, POINT_READY, POINT_AT_READY, hosts, "parryd", NULL, NULL,
                    NULL);
}

void points_state_changed(Points *points)
{
    Daemon *d = points ? points->pt_daemon : NULL;

    if (d && d->dm_state == DRILL_READY && d->dm_plan->p_points.pp_ready &&
        !d->dm_rehearsal)
        want_ready(points);
}

void points_booted(Points *points, int host)
{
    Daemon *d = points->pt_daemon;
    g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(int));

    if (!d->dm_plan->p_points.pp_ready || d->dm_rehearsal || !wants_ready(points, host))
        return;
    points->pt_hosts[host].hp_booted = TRUE;
    g_array_append_val(hosts, host);
    points_want(points, POINT_READY, POINT_AT_READY, hosts, "parryd", NULL, NULL, NULL);
}

/* Hands that may have changed what a host was when it was ready. */
static const struct {
    const char *ha_kind, *ha_why;
} hands[] = {
    {"inject.wanted/1", "injects had begun before it was its turn"},
    {"terminal.opened/1", "players had come in before it was its turn"},
};

static void fold_touched(Points *points, const JournalEvent *event)
{
    for (guint i = 0; i < G_N_ELEMENTS(hands); i++)
        if (strcmp(event->ev_kind, hands[i].ha_kind) == 0)
            points->pt_touched = hands[i].ha_why;
}

/* What a reset has just booted nobody has touched, whatever went before. */
const char *points_pointless(const Make *make)
{
    const Points *points = make->mk_points;

    if (make->mk_kind != POINT_AT_READY || make->mk_from != MAKE_WAITS)
        return NULL;
    return points->pt_hosts[make->mk_host].hp_booted ? NULL : points->pt_touched;
}

/* ---- by the clock ---- */

static void due(Daemon *d, gpointer data);

static void next_due(Points *points)
{
    Daemon *d = points->pt_daemon;
    gint64 every = d->dm_plan->p_points.pp_every_us;
    gint64 at = MAX(points->pt_interval, daemon_now(d) / every) + 1;

    if (at * every < d->dm_plan->p_duration_us)
        director_due(d->dm_director, at * every, due, points);
}

/* The one before takes longer than the interval. */
static gboolean still_at_it(const Points *points)
{
    for (const GList *at = points->pt_queue.head; at; at = at->next)
        if (((const Make *)at->data)->mk_kind == POINT_SCHEDULED)
            return TRUE;
    return FALSE;
}

static void want_all(Points *points, const char *name)
{
    g_autoptr(GArray) hosts = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < points->pt_daemon->dm_plan->p_hosts->len; i++)
        g_array_append_val(hosts, i);
    if (still_at_it(points))
        daemon_event(points->pt_daemon, "checkpoint.failed/1", "parryd", -1, -1, 0,
                     json_pack("{s:s, s:s}", "checkpoint", name, "reason",
                               "the scheduled one before is still being made"));
    else
        points_want(points, name, POINT_SCHEDULED, hosts, "parryd", NULL, NULL, NULL);
}

static void due(Daemon *d, gpointer data)
{
    Points *points = data;
    gint64 interval = daemon_now(d) / d->dm_plan->p_points.pp_every_us;

    if (interval > points->pt_interval && d->dm_state == DRILL_RUNNING) {
        g_autofree char *name = g_strdup_printf(POINT_AUTO "%" G_GINT64_FORMAT, interval);

        points->pt_interval = interval;
        want_all(points, name);
    }
    next_due(points);
}

void points_auto_new(Points *points)
{
    Daemon *d = points->pt_daemon;

    if (!d->dm_plan->p_points.pp_every_us || d->dm_rehearsal || !d->dm_director)
        return;
    director_due(d->dm_director, d->dm_plan->p_points.pp_every_us, due, points);
}

/* "auto-7" */
static void fold_interval(Points *points, const char *name)
{
    if (g_str_has_prefix(name, POINT_AUTO))
        points->pt_interval = MAX(points->pt_interval,
                                  g_ascii_strtoll(name + strlen(POINT_AUTO), NULL, 10));
}

/* Scheduled checkpoints past those that are kept go, the oldest first. */
void points_trim(Points *points)
{
    const Daemon *d = points->pt_daemon;
    g_autoptr(GPtrArray) list = point_list(d->dm_dir, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = list->len; i-- > 0;) { /* the youngest first */
        const PointMeta *meta = &((const Point *)list->pdata[i])->po_meta;

        if (meta->pm_kind == POINT_SCHEDULED &&
            !g_ptr_array_find_with_equal_func(names, meta->pm_name, g_str_equal, NULL))
            g_ptr_array_add(names, meta->pm_name);
    }
    for (guint i = names->len; i-- > (guint)d->dm_plan->p_points.pp_keep;)
        points_delete(points, names->pdata[i], "parryd", NULL, NULL);
}

/* ---- what the journal says ---- */

static void fold_host(Points *points, int host, const JournalEvent *event)
{
    const char *name = json_string_value(json_object_get(event->ev_body, "checkpoint"));
    HostPoints *at = &points->pt_hosts[host];

    if (strcmp(event->ev_kind, "reset.done/1") == 0)
        at->hp_booted = !g_strcmp0(
            json_string_value(json_object_get(event->ev_body, "from")), "boot");
    if (!name)
        return;
    fold_interval(points, name);
    if (strcmp(name, POINT_READY) != 0)
        return;
    if (strcmp(event->ev_kind, "checkpoint.done/1") == 0)
        at->hp_ready = TRUE;
    if (strcmp(event->ev_kind, "checkpoint.failed/1") == 0) {
        g_free(at->hp_why);
        at->hp_why =
            g_strdup(json_string_value(json_object_get(event->ev_body, "reason")));
    }
}

static void fold_deleted(Points *points, const JournalEvent *event)
{
    const char *name = json_string_value(json_object_get(event->ev_body, "checkpoint"));

    for (guint i = 0; i < points->pt_daemon->dm_plan->p_hosts->len; i++)
        if (g_strcmp0(name, POINT_READY) == 0)
            points->pt_hosts[i].hp_ready = FALSE;
}

void points_on_event(Points *points, const JournalEvent *event)
{
    int host = -1;

    if (!points)
        return;
    fold_touched(points, event);
    if (strcmp(event->ev_kind, "checkpoint.deleted/1") == 0)
        fold_deleted(points, event);
    if (*event->ev_host)
        host = plan_host_index(points->pt_daemon->dm_plan, event->ev_host);
    if (host >= 0 && (g_str_has_prefix(event->ev_kind, "checkpoint.") ||
                      strcmp(event->ev_kind, "reset.done/1") == 0))
        fold_host(points, host, event);
}
