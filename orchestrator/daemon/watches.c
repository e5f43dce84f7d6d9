#include "orchestrator/daemon/watches.h"

#include "orchestrator/daemon/conditions.h"
#include "orchestrator/daemon/director.h"

#include <string.h>

typedef struct {
    Watches *wa_watches;
    PlanTeamCondition *const *wa_when; /* must all be true */
    guint wa_count;
    const PlanStop *wa_stop;     /* or NULL */
    const PlanMetric *wa_metric; /* or NULL */
    gboolean wa_met;
    gint64 wa_asked_us; /* when it is looked at again, -1: on events only */
} Watch;

struct Watches {
    Daemon *ws_daemon;
    GPtrArray *ws_all;   /* Watch */
    unsigned ws_touched; /* what events have changed since they were last judged */
};

static void watch_add(Watches *watches, const PlanStop *stop, const PlanMetric *metric,
                      gpointer *when, guint count)
{
    Watch *watch = g_new0(Watch, 1);

    watch->wa_watches = watches;
    watch->wa_when = (PlanTeamCondition *const *)when;
    watch->wa_count = count;
    watch->wa_stop = stop;
    watch->wa_metric = metric;
    watch->wa_asked_us = -1;
    g_ptr_array_add(watches->ws_all, watch);
}

Watches *watches_new(Daemon *d)
{
    const GPtrArray *stops = d->dm_plan->p_stops;
    const GPtrArray *metrics = d->dm_plan->p_objectives.ob_metrics;
    Watches *watches = g_new0(Watches, 1);

    watches->ws_daemon = d;
    watches->ws_all = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < stops->len; i++) {
        const PlanStop *stop = stops->pdata[i];
        watch_add(watches, stop, NULL, stop->st_when->pdata, stop->st_when->len);
    }
    for (guint i = 0; i < metrics->len; i++) {
        const PlanMetric *metric = metrics->pdata[i];
        for (guint j = 0; j < metric->om_conditions->len; j++)
            watch_add(watches, NULL, metric, &metric->om_conditions->pdata[j], 1);
    }
    return watches;
}

void watches_free(Watches *watches)
{
    if (!watches)
        return;
    g_ptr_array_unref(watches->ws_all);
    g_free(watches);
}

void watches_on_event(Watches *watches, const JournalEvent *event)
{
    watches->ws_touched |= condition_touched(event->ev_kind);
}

/* ---- what comes of it ---- */

static void on_suspended(guint count, const GError *error, gpointer data)
{
    (void)data;
    if (error)
        g_warning("stop condition: %u VMs suspended, then: %s", count, error->message);
}

static const char *stop_reason(const PlanStop *stop)
{
    return stop->st_reason ? parry_text_get(stop->st_reason, "en")
                           : "a stop condition of the scenario is met";
}

/* By now the drill may have been paused or ended by something else. */
static void stop_met(Daemon *d, const PlanStop *stop)
{
    gboolean end = stop->st_action == STOP_END;
    const char *reason = stop_reason(stop);

    daemon_event(
        d, "stop.met/1", "parryd", -1, -1, 0,
        json_pack("{s:s, s:s}", "action", end ? "end" : "pause", "reason", reason));
    if (end) {
        director_end(d->dm_director, "parryd", reason);
    } else if (!d->dm_rehearsal || d->dm_simulated) {
        daemon_set_state(d, DRILL_PAUSED, "parryd", reason);
        if (d->dm_range)
            range_suspend_all(d->dm_range, on_suspended, NULL);
    }
}

static void due_met(Daemon *d, gpointer data)
{
    const Watch *watch = data;

    if (watch->wa_stop)
        stop_met(d, watch->wa_stop);
    else
        daemon_event(d, "metric.met/1", "parryd", watch->wa_when[0]->tc_team, -1, 0,
                     json_pack("{s:s, s:I}", "metric", watch->wa_metric->om_name,
                               "points", (json_int_t)watch->wa_metric->om_max));
}

/* ---- looking ---- */

static void look(Watch *watch);

static void due_ask(Daemon *d, gpointer data)
{
    Watch *watch = data;

    if (watch->wa_met || watch->wa_asked_us > daemon_now(d))
        return;
    watch->wa_asked_us = -1;
    look(watch);
}

/* Every team is asked, so that each says when to ask again. */
static void look(Watch *watch)
{
    Daemon *d = watch->wa_watches->ws_daemon;
    gint64 again = G_MAXINT64;
    guint count = 0;

    for (guint i = 0; i < watch->wa_count; i++)
        count += condition_true(d, watch->wa_when[i]->tc_condition,
                                watch->wa_when[i]->tc_team, &again) != 0;
    if (watch->wa_count && count == watch->wa_count) {
        watch->wa_met = TRUE;
        director_due(d->dm_director, daemon_now(d), due_met, watch);
    } else if (again != G_MAXINT64 && again != watch->wa_asked_us) {
        watch->wa_asked_us = again;
        director_due(d->dm_director, again, due_ask, watch);
    }
}

static unsigned needs(const Watch *watch)
{
    unsigned all = 0;

    for (guint i = 0; i < watch->wa_count; i++)
        all |= condition_needs(watch->wa_when[i]->tc_condition);
    return all;
}

void watches_committed(Watches *watches)
{
    unsigned touched = watches->ws_touched;

    if (!touched || watches->ws_daemon->dm_state != DRILL_RUNNING)
        return; /* what came while it stood still is kept */
    watches->ws_touched = 0;
    for (guint i = 0; i < watches->ws_all->len; i++) {
        Watch *watch = watches->ws_all->pdata[i];
        if (!watch->wa_met && (touched == NEEDS_ANY || (touched & needs(watch))))
            look(watch);
    }
}

gboolean watches_check(const Watches *watches, int check)
{
    for (guint i = 0; i < watches->ws_all->len; i++) {
        const Watch *watch = watches->ws_all->pdata[i];
        for (guint j = 0; !watch->wa_met && j < watch->wa_count; j++)
            if (condition_watches(watch->wa_when[j]->tc_condition, check))
                return TRUE;
    }
    return FALSE;
}

/* ---- taken up again ---- */

static gboolean watch_fits(const Watch *watch, const Daemon *d, const JournalEvent *event)
{
    const char *metric = json_string_value(json_object_get(event->ev_body, "metric"));
    const char *reason = json_string_value(json_object_get(event->ev_body, "reason"));

    if (watch->wa_met)
        return FALSE;
    if (watch->wa_metric)
        return g_strcmp0(metric, watch->wa_metric->om_name) == 0 &&
               plan_team_index(d->dm_plan, event->ev_team) == watch->wa_when[0]->tc_team;
    return !metric && g_strcmp0(reason, stop_reason(watch->wa_stop)) == 0;
}

void watches_replay(Watches *watches, const JournalEvent *event)
{
    if (strcmp(event->ev_kind, "stop.met/1") != 0 &&
        strcmp(event->ev_kind, "metric.met/1") != 0)
        return;
    for (guint i = 0; i < watches->ws_all->len; i++) {
        Watch *watch = watches->ws_all->pdata[i];
        if (watch_fits(watch, watches->ws_daemon, event)) {
            watch->wa_met = TRUE;
            return;
        }
    }
}

void watches_resume(Watches *watches)
{
    watches->ws_touched = NEEDS_ANY;
}
