#include "scoreboard/holds.h"

#include <string.h>

struct Holds {
    const Plan *ho_plan;
    GPtrArray **ho_teams; /* of HoldStretch, by team */
};

static void stretch_free(gpointer data)
{
    HoldStretch *stretch = data;

    g_free(stretch->hs_reason);
    g_free(stretch);
}

Holds *holds_new(const Plan *plan)
{
    Holds *holds = g_new0(Holds, 1);

    holds->ho_plan = plan;
    holds->ho_teams = g_new0(GPtrArray *, plan->p_teams->len + 1);
    for (guint i = 0; i < plan->p_teams->len; i++)
        holds->ho_teams[i] = g_ptr_array_new_with_free_func(stretch_free);
    return holds;
}

void holds_free(Holds *holds)
{
    if (!holds)
        return;
    for (guint i = 0; holds->ho_teams[i]; i++)
        g_ptr_array_unref(holds->ho_teams[i]);
    g_free(holds->ho_teams);
    g_free(holds);
}

static HoldStretch *last_of(const Holds *holds, int team)
{
    GPtrArray *all = team >= 0 ? holds->ho_teams[team] : NULL;

    return all && all->len ? all->pdata[all->len - 1] : NULL;
}

const HoldStretch *holds_on(const Holds *holds, int team)
{
    const HoldStretch *last = last_of(holds, team);

    return last && last->hs_until_us == G_MAXINT64 ? last : NULL;
}

const GPtrArray *holds_of(const Holds *holds, int team)
{
    return holds->ho_teams[team];
}

void holds_begin(Holds *holds, int team, gint64 at_us, const char *reason, gint64 seq)
{
    HoldStretch *stretch;

    if (team < 0 || holds_on(holds, team))
        return;
    stretch = g_new0(HoldStretch, 1);
    stretch->hs_from_us = at_us;
    stretch->hs_until_us = G_MAXINT64;
    stretch->hs_seq = seq;
    stretch->hs_reason = g_strdup(reason ? reason : "");
    g_ptr_array_add(holds->ho_teams[team], stretch);
}

void holds_end(Holds *holds, int team, gint64 at_us, gint64 seq)
{
    HoldStretch *last = last_of(holds, team);

    if (!last || last->hs_until_us != G_MAXINT64)
        return;
    last->hs_until_us = MAX(at_us, last->hs_from_us);
    last->hs_end_seq = seq;
}

void holds_apply(Holds *holds, const JournalEvent *event)
{
    gboolean held = strcmp(event->ev_kind, "team.held/1") == 0;
    int team;

    if (!held && strcmp(event->ev_kind, "team.released/1") != 0)
        return;
    team = plan_team_index(holds->ho_plan, event->ev_team);
    if (held)
        holds_begin(holds, team, event->ev_clock_us,
                    json_string_value(json_object_get(event->ev_body, "reason")),
                    event->ev_seq);
    else
        holds_end(holds, team, event->ev_clock_us, event->ev_seq);
}

gboolean holds_at(const Holds *holds, int team, gint64 at_us)
{
    for (guint i = 0; team >= 0 && i < holds->ho_teams[team]->len; i++) {
        const HoldStretch *stretch = holds->ho_teams[team]->pdata[i];

        if (at_us >= stretch->hs_from_us && at_us < stretch->hs_until_us)
            return TRUE;
    }
    return FALSE;
}

/* ---- time that does not count ---- */

/* Keeps the earlier of two beginnings, if any of it lies at or after at_us. */
static void take_earlier(gint64 from_us, gint64 until_us, gint64 at_us, gint64 *begin,
                         gint64 *end)
{
    from_us = MAX(from_us, at_us);
    if (until_us > from_us && from_us < *begin) {
        *begin = from_us;
        *end = until_us;
    }
}

/* The next stretch from at_us on, of either kind; FALSE where none comes. Of two that
 * overlap the rest of the second is the one after the first. */
static gboolean next_stretch(const Holds *holds, const Plan *plan, int team, gint64 at_us,
                             gint64 *begin, gint64 *end)
{
    *begin = *end = G_MAXINT64;
    for (guint i = 0; plan && i < plan->p_windows->len; i++) {
        const PlanWindow *window = g_ptr_array_index(plan->p_windows, i);

        take_earlier(window->wi_from_us, window->wi_until_us, at_us, begin, end);
    }
    for (guint i = 0; team >= 0 && i < holds->ho_teams[team]->len; i++) {
        const HoldStretch *stretch = holds->ho_teams[team]->pdata[i];

        take_earlier(stretch->hs_from_us, stretch->hs_until_us, at_us, begin, end);
    }
    return *begin != G_MAXINT64;
}

gint64 holds_within(const Holds *holds, const Plan *plan, int team, gint64 from_us,
                    gint64 until_us)
{
    gint64 begin, end, sum = 0;

    while (next_stretch(holds, plan, team, from_us, &begin, &end) && begin < until_us) {
        sum += MIN(end, until_us) - begin;
        from_us = end;
    }
    return sum;
}

gint64 holds_deadline(const Holds *holds, const Plan *plan, int team, gint64 from_us,
                      gint64 within_us)
{
    gint64 begin, end, at_us = from_us + within_us;

    while (next_stretch(holds, plan, team, from_us, &begin, &end) && begin < at_us) {
        if (end == G_MAXINT64)
            return G_MAXINT64;
        at_us += end - begin;
        from_us = end;
    }
    return at_us;
}
