#include "orchestrator/daemon/resume.h"

#include "orchestrator/daemon/alive.h"
#include "orchestrator/daemon/cast.h"
#include "orchestrator/daemon/clones.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/provision.h"
#include "orchestrator/daemon/reset_asks.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/daemon/residue.h"
#include "orchestrator/daemon/roster.h"
#include "orchestrator/daemon/scripts.h"
#include "orchestrator/daemon/signer.h"
#include "orchestrator/daemon/wall.h"
#include "orchestrator/daemon/watches.h"
#include "orchestrator/daemon/windows.h"

#include <string.h>

/* Something that was wanted: an image, a network, filters, a VM. */
typedef struct {
    gint64 ac_seq;
    int ac_host;
    gboolean ac_open, ac_done;
    char *ac_kind; /* "net.wanted/1" */
    json_t *ac_body;
} Act;

typedef struct {
    gint64 te_seq;
    int te_host;
    gboolean te_console; /* no agent knows of it */
    char te_cast[128];   /* its recording, below recordings/ */
} Terminal;

struct Resuming {
    GPtrArray *rs_acts;   /* Act */
    GArray *rs_terminals; /* Terminal: opened and not closed */
    gint64 rs_clock_us;   /* the drill clock at the last event */
    gint64 rs_at_us;      /* UTC of the last event */
    char rs_boot[40];     /* of the machine, when the last daemon started */
    DrillState rs_state;
    char *rs_reason;
    gboolean rs_stopped; /* in order: by a signal */
};

static void act_free(gpointer data)
{
    Act *act = data;

    g_free(act->ac_kind);
    json_decref(act->ac_body);
    g_free(act);
}

static const char *body_text(const JournalEvent *event, const char *name)
{
    return json_string_value(json_object_get(event->ev_body, name));
}

/* ---- acts ---- */

static void fold_wanted(Daemon *d, const JournalEvent *event)
{
    Act *act = g_new0(Act, 1);

    act->ac_seq = event->ev_seq;
    act->ac_host = *event->ev_host ? plan_host_index(d->dm_plan, event->ev_host) : -1;
    act->ac_open = TRUE;
    act->ac_kind = g_strdup(event->ev_kind);
    act->ac_body = json_deep_copy(event->ev_body);
    g_ptr_array_add(d->dm_resume->rs_acts, act);
}

static void fold_settled(Resuming *resume, const JournalEvent *event)
{
    for (guint i = resume->rs_acts->len; event->ev_ref && i-- > 0;) {
        Act *act = resume->rs_acts->pdata[i];
        if (act->ac_seq != event->ev_ref)
            continue;
        act->ac_open = FALSE;
        act->ac_done = g_str_has_suffix(event->ev_kind, ".done/1");
        return;
    }
}

/* What was made of the host before counts no longer. */
static void fold_unmade(Daemon *d, const JournalEvent *event)
{
    int host = plan_host_index(d->dm_plan, event->ev_host);

    for (guint i = 0; i < d->dm_resume->rs_acts->len; i++) {
        Act *act = d->dm_resume->rs_acts->pdata[i];
        if (act->ac_host == host && g_str_has_prefix(act->ac_kind, "domain."))
            act->ac_done = FALSE;
    }
}

static void fold_act(Daemon *d, const JournalEvent *event)
{
    static const char *const prefixes[] = {"image.", "net.", "filter.", "domain."};

    if (strcmp(event->ev_kind, "clone.failed/1") == 0 &&
        clones_again(d->dm_clones, plan_host_index(d->dm_plan, event->ev_host)))
        fold_unmade(d, event);
    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (!g_str_has_prefix(event->ev_kind, prefixes[i]))
            continue;
        if (g_str_has_suffix(event->ev_kind, ".wanted/1"))
            fold_wanted(d, event);
        else
            fold_settled(d->dm_resume, event);
    }
}

static gboolean act_is(const Act *act, const char *kind, int host, const char *member,
                       const char *value)
{
    return strcmp(act->ac_kind, kind) == 0 && act->ac_host == host &&
           (!member || g_strcmp0(json_string_value(json_object_get(act->ac_body, member)),
                                 value) == 0);
}

gint64 resume_take(Daemon *d, const char *kind, int host, const char *member,
                   const char *value)
{
    for (guint i = 0; d->dm_resume && i < d->dm_resume->rs_acts->len; i++) {
        Act *act = d->dm_resume->rs_acts->pdata[i];
        if (!act->ac_open || !act_is(act, kind, host, member, value))
            continue;
        act->ac_open = FALSE;
        return act->ac_seq;
    }
    return 0;
}

gboolean resume_done(const Daemon *d, const char *kind, int host, const char *member,
                     const char *value)
{
    for (guint i = 0; d->dm_resume && i < d->dm_resume->rs_acts->len; i++) {
        const Act *act = d->dm_resume->rs_acts->pdata[i];
        if (act->ac_done && act_is(act, kind, host, member, value))
            return TRUE;
    }
    return FALSE;
}

gboolean resume_there(const json_t *world, const char *uuid)
{
    const json_t *object;
    gsize i;

    json_array_foreach (world, i, object) {
        const char *found = json_string_value(json_object_get(object, "uuid"));
        if (found && g_ascii_strcasecmp(found, uuid) == 0)
            return TRUE;
    }
    return FALSE;
}

/* ---- the drill as a whole ---- */

static void fold_terminal(Daemon *d, const JournalEvent *event)
{
    GArray *open = d->dm_resume->rs_terminals;
    Terminal terminal = {event->ev_seq, plan_host_index(d->dm_plan, event->ev_host),
                         g_strcmp0(body_text(event, "via"), "console") == 0, ""};
    const char *cast = body_text(event, "cast");

    g_strlcpy(terminal.te_cast, cast ? cast : "", sizeof(terminal.te_cast));
    if (strcmp(event->ev_kind, "terminal.opened/1") == 0)
        g_array_append_val(open, terminal);
    for (guint i = 0; i < open->len; i++)
        if (strcmp(event->ev_kind, "terminal.closed/1") == 0 &&
            g_array_index(open, Terminal, i).te_seq == event->ev_ref) {
            g_array_remove_index(open, i);
            return;
        }
}

static void fold_drill(Resuming *resume, const JournalEvent *event)
{
    const json_t *to = json_object_get(event->ev_body, "to");

    resume->rs_clock_us = MAX(resume->rs_clock_us, event->ev_clock_us);
    resume->rs_at_us = event->ev_at_us;
    resume->rs_stopped = strcmp(event->ev_kind, "daemon.stopped/1") == 0;
    if (strcmp(event->ev_kind, "clock.leap/1") == 0 && json_is_integer(to))
        resume->rs_clock_us = MAX(resume->rs_clock_us, json_integer_value(to));
    if (strcmp(event->ev_kind, "daemon.started/1") == 0 && body_text(event, "boot_id"))
        g_strlcpy(resume->rs_boot, body_text(event, "boot_id"), sizeof(resume->rs_boot));
    if (strcmp(event->ev_kind, "drill.state/1") == 0 &&
        drill_state_parse(json_string_value(to), &resume->rs_state)) {
        g_free(resume->rs_reason);
        resume->rs_reason = g_strdup(body_text(event, "reason"));
    }
}

void resume_event(Daemon *d, const JournalEvent *event)
{
    fold_drill(d->dm_resume, event);
    holding_replay(d->dm_holding, event);
    resets_replay(d->dm_resets, event);
    points_replay(d->dm_points, event);
    clones_replay(d->dm_clones, event);
    fold_act(d, event);
    if (g_str_has_prefix(event->ev_kind, "terminal."))
        fold_terminal(d, event);
    hosts_replay(d->dm_hosts, event);
    provision_replay(d->dm_provision, event);
    residue_replay(d->dm_residue, event);
    roster_replay(d->dm_roster, event);
    orders_replay(d->dm_orders, event);
    injects_replay(d->dm_injects, event);
    scripts_replay(d->dm_scripts, event);
    watches_replay(d->dm_watches, event);
    windows_replay(director_windows(d->dm_director), event);
}

/* ---- the gap ---- */

typedef struct {
    gint64 ga_clock_us; /* the drill clock when the last daemon was seen alive */
    gint64 ga_us;       /* since then; G_MAXINT64: nobody knows */
    gint64 ga_from_us;  /* UTC */
    const char *ga_why; /* of a pause, or NULL */
    gint64 ga_wall_us, ga_boottime_us; /* when it was seen alive; wall 0: not known */
} Gap;

static Gap gap_measure(const Daemon *d)
{
    const Resuming *resume = d->dm_resume;
    gint64 now = g_get_real_time();
    Gap gap = {resume->rs_clock_us,
               MAX(now - resume->rs_at_us, 0),
               resume->rs_at_us,
               NULL,
               0,
               0};
    AliveMark mark = {0};
    char boot[40];

    clock_boot_id(boot);
    if (alive_read(d, &mark) && strcmp(mark.al_boot, boot) == 0) {
        gap.ga_us = MAX(clock_boottime_us() - mark.al_boottime_us, 0);
        gap.ga_from_us = now - gap.ga_us;
        gap.ga_wall_us = mark.al_wall_us;
        gap.ga_boottime_us = mark.al_boottime_us;
        gap.ga_clock_us = MAX(gap.ga_clock_us, mark.al_clock_us);
    }
    if (strcmp(resume->rs_boot, boot) != 0)
        gap.ga_why = "the machine was started anew";
    else if (gap.ga_us > RESUME_GAP_US)
        gap.ga_why = "parryd was away for more than 60 s";
    return gap;
}

/* The clock as it goes on. Simulated time stands while nobody is there. */
static void take_clock(Daemon *d, const Gap *gap)
{
    gboolean running = d->dm_state == DRILL_RUNNING;
    gint64 now = gap->ga_clock_us;

    if (running && !gap->ga_why && !d->dm_simulated)
        now += gap->ga_us;
    clock_restore(&d->dm_clock, now, running);
}

static void on_suspended(guint count, const GError *error, gpointer data)
{
    (void)data;
    if (error)
        g_warning("pause after a gap: %u VMs suspended, then: %s", count, error->message);
}

static void tell_gap(Daemon *d, const Gap *gap)
{
    json_t *body = json_pack("{s:I, s:I, s:s}", "from_us", (json_int_t)gap->ga_from_us,
                             "to_us", (json_int_t)g_get_real_time(), "verdict",
                             gap->ga_why ? "pause" : "short");

    daemon_started(d);
    if (gap->ga_why)
        json_object_set_new(body, "reason", json_string(gap->ga_why));
    daemon_event(d, "daemon.gap/1", "parryd", -1, -1, 0, body);
    if (gap->ga_wall_us)
        wall_was(d, gap->ga_wall_us, gap->ga_boottime_us);
    if (!gap->ga_why || d->dm_state != DRILL_RUNNING)
        return;
    daemon_set_state(d, DRILL_PAUSED, "parryd", gap->ga_why);
    if (d->dm_rehearsal) /* nobody is there who would resume it */
        daemon_set_state(d, DRILL_RUNNING, "parryd", "a rehearsal goes on by itself");
    else if (d->dm_range)
        range_suspend_all(d->dm_range, on_suspended, NULL);
}

/* ---- and on ---- */

/* Whoever sat there lost the connection with the old daemon. What was shown is in the
 * recording, which may end in the middle of a line. */
static void end_terminals(Daemon *d)
{
    const GArray *open = d->dm_resume->rs_terminals;

    for (guint i = 0; i < open->len; i++) {
        const Terminal *terminal = &g_array_index(open, Terminal, i);
        g_autofree char *path =
            g_build_filename(d->dm_dir, "recordings", terminal->te_cast, NULL);
        guint64 bytes = *terminal->te_cast ? cast_mend(path) : 0;

        daemon_event(d, "terminal.closed/1", "parryd", -1, terminal->te_host,
                     terminal->te_seq,
                     json_pack("{s:I, s:i, s:s}", "bytes", (json_int_t)bytes, "exit", -1,
                               "text", "closed: parryd ended"));
        if (!terminal->te_console)
            daemon_send(d, terminal->te_host,
                        json_pack("{s:s, s:I}", "k", "close", "id",
                                  (json_int_t)terminal->te_seq));
    }
}

gboolean resume_drill(Daemon *d, GError **error)
{
    Resuming *resume = g_new0(Resuming, 1);

    resume->rs_acts = g_ptr_array_new_with_free_func(act_free);
    resume->rs_terminals = g_array_new(FALSE, FALSE, sizeof(Terminal));
    d->dm_resume = resume;
    observations_take_up(d->dm_observations, TRUE);
    if (!daemon_replay(d, error))
        return FALSE;
    observations_take_up(d->dm_observations, FALSE);
    Gap gap = gap_measure(d);
    d->dm_state = resume->rs_state;
    g_free(d->dm_reason);
    d->dm_reason = g_strdup(resume->rs_reason ? resume->rs_reason : "");
    take_clock(d, &gap);
    tell_gap(d, &gap);
    end_terminals(d);
    hosts_resume(d->dm_hosts);
    points_resumed(d->dm_points);
    injects_resume(d->dm_injects);
    roster_resume(d->dm_roster);
    reset_asks_resume(d->dm_reset_asks);
    scripts_resume(d->dm_scripts);
    watches_resume(d->dm_watches);
    director_resume(d->dm_director);
    orders_resumed(d->dm_orders);
    orders_stand(d->dm_orders,
                 d->dm_state == DRILL_PAUSED || d->dm_state == DRILL_STOPPED);
    return TRUE;
}

void resume_free(Daemon *d)
{
    if (!d->dm_resume)
        return;
    g_ptr_array_unref(d->dm_resume->rs_acts);
    g_array_unref(d->dm_resume->rs_terminals);
    g_free(d->dm_resume->rs_reason);
    g_clear_pointer(&d->dm_resume, g_free);
}
