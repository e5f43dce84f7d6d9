/*
 * The drill's state: what it moves along with it, the clock first of all.
 */
#include "orchestrator/daemon/consoles.h"
#include "orchestrator/daemon/daemon.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/signer.h"
#include "orchestrator/daemon/terminals.h"

#include <string.h>

static const char *const state_names[] = {
    [DRILL_DEFINED] = "defined",
    [DRILL_PROVISIONING] = "provisioning",
    [DRILL_READY] = "ready",
    [DRILL_RUNNING] = "running",
    [DRILL_PAUSED] = "paused",
    [DRILL_STOPPED] = "stopped",
    [DRILL_ENDED] = "ended",
    [DRILL_JUDGING] = "judging",
    [DRILL_PROVISIONAL] = "provisional",
    [DRILL_FAILED] = "failed",
    [DRILL_DOWN] = "down",
};

const char *drill_state_name(DrillState state)
{
    return state_names[state];
}

gboolean drill_state_parse(const char *name, DrillState *state)
{
    for (guint i = 0; name && i < G_N_ELEMENTS(state_names); i++)
        if (strcmp(state_names[i], name) == 0) {
            *state = (DrillState)i;
            return TRUE;
        }
    return FALSE;
}

gint64 daemon_now(const Daemon *d)
{
    return clock_now(&d->dm_clock);
}

/* The clock moves with the state: it runs only while the drill does. */
static void clock_follow(Daemon *d, DrillState from, const char *actor,
                         const char *reason)
{
    const char *kind = NULL;

    if (d->dm_state == DRILL_RUNNING) {
        kind = from == DRILL_READY ? "clock.started/1" : "clock.resumed/1";
    } else if (from == DRILL_RUNNING) {
        clock_stand(&d->dm_clock);
        if (d->dm_state == DRILL_PAUSED || d->dm_state == DRILL_STOPPED)
            kind = "clock.paused/1";
    }
    if (kind)
        daemon_event(d, kind, actor, -1, -1, 0, json_pack("{s:s}", "reason", reason));
    if (d->dm_state == DRILL_RUNNING) { /* from exactly where it stood */
        clock_run(&d->dm_clock);
        d->dm_went_on_us = clock_boottime_us();
    }
}

/* While the VMs stand still nobody's time passes; the kill switch ends what runs there.
 */
static void orders_follow(Daemon *d, DrillState from)
{
    if (d->dm_state == DRILL_STOPPED && from != DRILL_PROVISIONING)
        orders_abort(d->dm_orders, d->dm_reason);
    orders_stand(d->dm_orders,
                 d->dm_state == DRILL_PAUSED || d->dm_state == DRILL_STOPPED);
}

static void tell_terminals(Daemon *d, gint64 seq, gpointer data)
{
    (void)seq;
    (void)data;
    terminals_standing(d->dm_terminals);
    consoles_standing(d->dm_consoles);
}

void daemon_set_state(Daemon *d, DrillState state, const char *actor, const char *reason)
{
    DrillState from = d->dm_state;
    g_autofree char *old = d->dm_reason;

    if (state == from)
        return;
    d->dm_state = state;
    d->dm_reason = g_strdup(reason ? reason : "");
    clock_follow(d, from, actor, d->dm_reason);
    daemon_event(d, "drill.state/1", actor, -1, -1, 0,
                 json_pack("{s:s, s:s, s:s}", "from", drill_state_name(from), "to",
                           drill_state_name(state), "reason", d->dm_reason));
    if (state == DRILL_ENDED || state == DRILL_PROVISIONAL || state == DRILL_DOWN)
        observations_final(d->dm_observations);
    director_state_changed(d->dm_director);
    points_state_changed(d->dm_points);
    orders_follow(d, from);
    daemon_then(d, tell_terminals, 0, NULL);
    if (state == DRILL_PROVISIONAL || state == DRILL_DOWN)
        signer_checkpoint(d);
}

void daemon_quit(Daemon *d, const char *reason)
{
    daemon_event(d, "daemon.stopped/1", "parryd", -1, -1, 0,
                 json_pack("{s:s}", "reason", reason));
    d->dm_quit = TRUE;
}
