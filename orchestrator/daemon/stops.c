#include "orchestrator/daemon/stops.h"

#include "orchestrator/daemon/conditions.h"
#include "orchestrator/daemon/director.h"

typedef struct {
    Stops *so_stops;
    const PlanStop *so_plan;
    gboolean so_met;
    gint64 so_asked_us; /* when it is looked at again, -1: on events only */
} Stop;

struct Stops {
    Daemon *ss_daemon;
    Stop *ss_all;
    guint ss_count;
    unsigned ss_touched; /* what events have changed since it was last judged */
};

Stops *stops_new(Daemon *d)
{
    const GPtrArray *plan = d->dm_plan->p_stops;
    Stops *stops = g_new0(Stops, 1);

    stops->ss_daemon = d;
    stops->ss_count = plan->len;
    stops->ss_all = g_new0(Stop, MAX(plan->len, 1));
    for (guint i = 0; i < plan->len; i++)
        stops->ss_all[i] =
            (Stop){.so_stops = stops, .so_plan = plan->pdata[i], .so_asked_us = -1};
    return stops;
}

void stops_free(Stops *stops)
{
    if (!stops)
        return;
    g_free(stops->ss_all);
    g_free(stops);
}

void stops_on_event(Stops *stops, const JournalEvent *event)
{
    stops->ss_touched |= condition_touched(event->ev_kind);
}

static void on_suspended(guint count, const GError *error, gpointer data)
{
    (void)data;
    if (error)
        g_warning("stop condition: %u VMs suspended, then: %s", count, error->message);
}

/* By now the drill may have been paused or ended by something else. */
static void due_met(Daemon *d, gpointer data)
{
    const Stop *stop = data;
    const PlanStop *plan = stop->so_plan;
    gboolean end = plan->st_action == STOP_END;
    const char *reason = plan->st_reason ? parry_text_get(plan->st_reason, "en")
                                         : "a stop condition of the scenario is met";

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

static void look(Stop *stop);

static void due_ask(Daemon *d, gpointer data)
{
    Stop *stop = data;

    if (stop->so_met || stop->so_asked_us > daemon_now(d))
        return;
    stop->so_asked_us = -1;
    look(stop);
}

/* Every team is asked, so that each says when to ask again. */
static void look(Stop *stop)
{
    Daemon *d = stop->so_stops->ss_daemon;
    const GPtrArray *when = stop->so_plan->st_when;
    gint64 again = G_MAXINT64;
    guint count = 0;

    for (guint i = 0; i < when->len; i++) {
        const PlanTeamCondition *one = when->pdata[i];
        count += condition_true(d, one->tc_condition, one->tc_team, &again) != 0;
    }
    if (when->len && count == when->len) {
        stop->so_met = TRUE;
        director_due(d->dm_director, daemon_now(d), due_met, stop);
    } else if (again != G_MAXINT64 && again != stop->so_asked_us) {
        stop->so_asked_us = again;
        director_due(d->dm_director, again, due_ask, stop);
    }
}

static unsigned needs(const Stop *stop)
{
    unsigned all = 0;

    for (guint i = 0; i < stop->so_plan->st_when->len; i++) {
        const PlanTeamCondition *one = stop->so_plan->st_when->pdata[i];
        all |= condition_needs(one->tc_condition);
    }
    return all;
}

void stops_committed(Stops *stops)
{
    unsigned touched = stops->ss_touched;

    if (!touched || stops->ss_daemon->dm_state != DRILL_RUNNING)
        return; /* what came while it stood still is kept */
    stops->ss_touched = 0;
    for (guint i = 0; i < stops->ss_count; i++) {
        Stop *stop = &stops->ss_all[i];
        if (!stop->so_met && (touched == NEEDS_ANY || (touched & needs(stop))))
            look(stop);
    }
}

gboolean stops_watch(const Stops *stops, int check)
{
    for (guint i = 0; i < stops->ss_count; i++) {
        const Stop *stop = &stops->ss_all[i];
        for (guint j = 0; !stop->so_met && j < stop->so_plan->st_when->len; j++) {
            const PlanTeamCondition *one = stop->so_plan->st_when->pdata[j];
            if (condition_watches(one->tc_condition, check))
                return TRUE;
        }
    }
    return FALSE;
}
