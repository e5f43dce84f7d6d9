#include "orchestrator/daemon/holding.h"

#include "orchestrator/daemon/clocks.h"
#include "orchestrator/daemon/consoles.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/terminals.h"

#include <string.h>

G_DEFINE_QUARK(parry - holding - error - quark, holding_error)

/* What waits for the team's release. */
typedef struct {
    DueFn pa_fn;
    gpointer pa_data;
} Parked;

struct Holding {
    Holds *hg_holds;
    GArray **hg_parked; /* of Parked, by team */
    guint hg_teams;
};

/* One word of white's on its way to the VMs. */
typedef struct {
    Daemon *mo_daemon;
    int mo_team;
    gboolean mo_hold;
    GArray *mo_hosts; /* of int */
    HoldingDone mo_done;
    gpointer mo_data;
} Move;

/* ---- looking ---- */

const HoldStretch *holding_team(const Daemon *d, int team)
{
    return d->dm_holding ? holds_on(d->dm_holding->hg_holds, team) : NULL;
}

gboolean holding_host(const Daemon *d, int host)
{
    return holding_team(d, plan_host(d->dm_plan, host)->ph_team) != NULL;
}

gint64 holding_within(const Daemon *d, int team, gint64 from_us, gint64 until_us)
{
    return holds_within(d->dm_holding->hg_holds, NULL, team, from_us, until_us);
}

gboolean holding_since(const Daemon *d, int team, gint64 since_us)
{
    return holding_team(d, team) || holding_within(d, team, since_us, daemon_now(d)) > 0;
}

json_t *holding_json(const Daemon *d)
{
    json_t *list = json_array();

    for (guint i = 0; i < d->dm_plan->p_teams->len; i++) {
        const HoldStretch *on = holding_team(d, (int)i);
        if (on)
            json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "team",
                                                  plan_team(d->dm_plan, (int)i)->pt_id,
                                                  "reason", on->hs_reason, "since_us",
                                                  (json_int_t)on->hs_from_us));
    }
    return list;
}

char *holding_words(const Daemon *d, int host)
{
    int team = host < 0 ? -1 : plan_host(d->dm_plan, host)->ph_team;
    const HoldStretch *on = holding_team(d, team);

    if (d->dm_state == DRILL_PAUSED || d->dm_state == DRILL_STOPPED)
        return g_strdup_printf("%s: %s", drill_state_name(d->dm_state), d->dm_reason);
    if (on)
        return g_strdup_printf("team %s is held: %s", plan_team(d->dm_plan, team)->pt_id,
                               on->hs_reason);
    return NULL;
}

/* ---- the team's own time ---- */

static void park(Holding *holding, int team, DueFn fn, gpointer data)
{
    GArray *parked = holding->hg_parked[team];
    Parked one = {fn, data};

    for (guint i = 0; i < parked->len; i++)
        if (g_array_index(parked, Parked, i).pa_fn == fn &&
            g_array_index(parked, Parked, i).pa_data == data)
            return;
    g_array_append_val(parked, one);
}

static gint64 deadline(const Daemon *d, gboolean windows, int team, gint64 from_us,
                       gint64 within_us)
{
    return holds_deadline(d->dm_holding->hg_holds, windows ? d->dm_plan : NULL, team,
                          from_us, within_us);
}

void holding_due(Daemon *d, gboolean windows, int team, gint64 from_us, gint64 within_us,
                 DueFn fn, gpointer data)
{
    gint64 at_us = deadline(d, windows, team, from_us, within_us);

    if (at_us == G_MAXINT64)
        park(d->dm_holding, team, fn, data);
    else
        director_due(d->dm_director, at_us, fn, data);
}

gboolean holding_wait(Daemon *d, gboolean windows, int team, gint64 from_us,
                      gint64 within_us, DueFn fn, gpointer data)
{
    if (deadline(d, windows, team, from_us, within_us) <= daemon_now(d) &&
        !holding_team(d, team))
        return FALSE;
    if (holding_team(d, team))
        park(d->dm_holding, team, fn, data);
    else
        holding_due(d, windows, team, from_us, within_us, fn, data);
    return TRUE;
}

static void wake(Daemon *d, int team)
{
    g_autoptr(GArray) parked = d->dm_holding->hg_parked[team];

    d->dm_holding->hg_parked[team] = g_array_new(FALSE, FALSE, sizeof(Parked));
    for (guint i = 0; i < parked->len; i++) {
        const Parked *one = &g_array_index(parked, Parked, i);
        director_due(d->dm_director, daemon_now(d), one->pa_fn, one->pa_data);
    }
}

/* ---- white's word ---- */

static void move_free(Move *move)
{
    g_array_unref(move->mo_hosts);
    g_free(move);
}

static void on_moved(guint count, const GError *error, gpointer data)
{
    Move *move = data;
    Daemon *d = move->mo_daemon;

    if (error)
        g_warning("team %s %s: %u VMs followed, then: %s",
                  plan_team(d->dm_plan, move->mo_team)->pt_id,
                  move->mo_hold ? "held" : "released", count, error->message);
    for (guint i = 0; !move->mo_hold && i < move->mo_hosts->len; i++) {
        int host = g_array_index(move->mo_hosts, int, i);
        hosts_touch(d->dm_hosts, host);
        if (d->dm_state == DRILL_RUNNING && hosts_connected(d->dm_hosts, host))
            clocks_set(d, host, "released");
    }
    if (move->mo_done)
        move->mo_done(d, count, error, move->mo_data);
    move_free(move);
}

static GArray *hosts_of(const Daemon *d, int team)
{
    GArray *hosts = g_array_new(FALSE, FALSE, sizeof(int));

    for (int i = 0; i < (int)d->dm_plan->p_hosts->len; i++)
        if (plan_host(d->dm_plan, i)->ph_team == team)
            g_array_append_val(hosts, i);
    return hosts;
}

static gboolean drill_stands(const Daemon *d)
{
    return d->dm_state == DRILL_PAUSED || d->dm_state == DRILL_STOPPED;
}

/* Once it is durable. */
static void follow(Daemon *d, gint64 seq, gpointer data)
{
    Move *move = data;

    (void)seq;
    orders_stand(d->dm_orders, drill_stands(d));
    terminals_standing(d->dm_terminals);
    consoles_standing(d->dm_consoles);
    if (!move->mo_hold)
        d->dm_went_on_us = clock_boottime_us();
    if (d->dm_range)
        range_hold(d->dm_range, move->mo_hosts, move->mo_hold, on_moved, move);
    else
        on_moved(0, NULL, move);
}

static void move_start(Daemon *d, int team, gboolean hold, HoldingDone done,
                       gpointer data)
{
    Move *move = g_new0(Move, 1);

    *move = (Move){d, team, hold, hosts_of(d, team), done, data};
    daemon_then(d, follow, 0, move);
}

static gboolean refuse(GError **error, const Daemon *d, int team, const char *why)
{
    g_set_error(error, HOLDING_ERROR, 0, "team %s %s", plan_team(d->dm_plan, team)->pt_id,
                why);
    return FALSE;
}

gboolean holding_hold(Daemon *d, int team, const char *actor, const char *reason,
                      HoldingDone done, gpointer data, GError **error)
{
    gint64 seq;

    if (d->dm_state != DRILL_RUNNING && d->dm_state != DRILL_PAUSED)
        return refuse(error, d, team, "can be held while the drill runs or is paused");
    if (holding_team(d, team))
        return refuse(error, d, team, "is held already");
    seq = daemon_event(d, "team.held/1", actor, team, -1, 0,
                       json_pack("{s:s}", "reason", reason));
    holds_begin(d->dm_holding->hg_holds, team, daemon_now(d), reason, seq);
    move_start(d, team, TRUE, done, data);
    return TRUE;
}

gboolean holding_release(Daemon *d, int team, const char *actor, const char *reason,
                         HoldingDone done, gpointer data, GError **error)
{
    const HoldStretch *on = holding_team(d, team);
    gint64 seq, held_us;

    if (!on)
        return refuse(error, d, team, "is not held");
    held_us = daemon_now(d) - on->hs_from_us;
    seq = daemon_event(d, "team.released/1", actor, team, -1, on->hs_seq,
                       json_pack("{s:s, s:I}", "reason", reason ? reason : "", "held_us",
                                 (json_int_t)held_us));
    holds_end(d->dm_holding->hg_holds, team, daemon_now(d), seq);
    wake(d, team);
    move_start(d, team, FALSE, done, data);
    return TRUE;
}

void holding_release_all(Daemon *d, const char *actor, const char *reason)
{
    for (guint i = 0; i < d->dm_plan->p_teams->len; i++)
        if (holding_team(d, (int)i))
            holding_release(d, (int)i, actor, reason, NULL, NULL, NULL);
}

/* ---- rehearsed ---- */

#define SCRIPT "script:control"

/* The hold that the scenario's one has led to, or NULL. */
static const HoldStretch *came_of(const Daemon *d, const PlanHold *hold)
{
    const GPtrArray *all = holds_of(d->dm_holding->hg_holds, hold->hd_team);

    for (guint i = 0; i < all->len; i++) {
        const HoldStretch *stretch = all->pdata[i];
        if (stretch->hs_from_us >= hold->hd_at_us)
            return stretch;
    }
    return NULL;
}

static void due_release(Daemon *d, gpointer data)
{
    const PlanHold *hold = data;
    const HoldStretch *stretch = came_of(d, hold);

    if (stretch && stretch == holding_team(d, hold->hd_team))
        holding_release(d, hold->hd_team, SCRIPT, hold->hd_reason, NULL, NULL, NULL);
}

/* Comes due once more in a drill that is taken up. */
static void due_hold(Daemon *d, gpointer data)
{
    const PlanHold *hold = data;

    if (!came_of(d, hold))
        holding_hold(d, hold->hd_team, SCRIPT, hold->hd_reason, NULL, NULL, NULL);
    const HoldStretch *stretch = came_of(d, hold);
    if (stretch)
        director_due(d->dm_director, stretch->hs_from_us + hold->hd_for_us, due_release,
                     data);
}

Holding *holding_new(Daemon *d)
{
    Holding *holding = g_new0(Holding, 1);

    holding->hg_holds = holds_new(d->dm_plan);
    holding->hg_teams = d->dm_plan->p_teams->len;
    holding->hg_parked = g_new0(GArray *, holding->hg_teams + 1);
    for (guint i = 0; i < holding->hg_teams; i++)
        holding->hg_parked[i] = g_array_new(FALSE, FALSE, sizeof(Parked));
    for (guint i = 0; d->dm_rehearsal && i < d->dm_plan->p_scripts->len; i++) {
        const PlanScript *script = d->dm_plan->p_scripts->pdata[i];
        for (guint h = 0; h < script->sc_holds->len; h++) {
            PlanHold *hold = script->sc_holds->pdata[h];
            director_due(d->dm_director, hold->hd_at_us, due_hold, hold);
        }
    }
    return holding;
}

void holding_free(Holding *holding)
{
    if (!holding)
        return;
    for (guint i = 0; i < holding->hg_teams; i++)
        g_array_unref(holding->hg_parked[i]);
    g_free(holding->hg_parked);
    holds_free(holding->hg_holds);
    g_free(holding);
}

/* ---- taken up again ---- */

void holding_replay(Holding *holding, const JournalEvent *event)
{
    holds_apply(holding->hg_holds, event);
}

static void on_taken_up(guint count, const GError *error, gpointer data)
{
    (void)data;
    if (error)
        g_warning("taken up: %u VMs brought to stand or to run, then: %s", count,
                  error->message);
}

/* The daemon before may have been killed between its word and the VMs'. */
void holding_taken_up(Daemon *d)
{
    for (guint i = 0; i < d->dm_plan->p_teams->len; i++) {
        if (!holding_team(d, (int)i))
            continue;
        g_autoptr(GArray) hosts = hosts_of(d, (int)i);
        range_hold(d->dm_range, hosts, TRUE, on_taken_up, NULL);
    }
    if (drill_stands(d)) /* whatever is made stays so too */
        range_suspend_all(d->dm_range, on_taken_up, NULL);
    else if (d->dm_resume && d->dm_state == DRILL_RUNNING)
        range_resume_all(d->dm_range, on_taken_up, NULL);
}
