/*
 * The commit barrier. What a loop turn appended becomes durable as one batch; only then
 * is it folded, shown, acknowledged to the agents and acted upon.
 *
 * A batch that cannot be written (disk full) is kept by the journal and written again
 * once the reserve is let go (room.h). Where even that is not enough the daemon cannot
 * un-happen what its modules believe since: it ends with a clear reason, its VMs
 * suspended and nothing acknowledged, and what was wanted is settled against the world by
 * whoever comes next.
 */
#include "orchestrator/daemon/control.h"
#include "orchestrator/daemon/daemon.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/observations.h"
#include "orchestrator/daemon/pacing.h"
#include "orchestrator/daemon/points.h"
#include "orchestrator/daemon/reset_asks.h"
#include "orchestrator/daemon/resume.h"
#include "orchestrator/daemon/room.h"
#include "orchestrator/daemon/watches.h"

#include <string.h>

typedef struct {
    DaemonThen th_fn;
    gint64 th_seq;
    gpointer th_data;
    int th_host;
    json_t *th_msg;
} Then;

static void then_free(gpointer data)
{
    Then *then = data;

    json_decref(then->th_msg);
    g_free(then);
}

/* Straight at libvirt: the loop that would call back does not run on. */
static void stand_still(const Daemon *d)
{
    g_autoptr(GError) error = NULL;
    guint count = 0;

    if (d->dm_range && d->dm_state == DRILL_RUNNING &&
        !range_suspend(d->dm_uri, d->dm_plan->p_uuid, &count, &error))
        g_critical("drill %s: %u VMs suspended, then: %s", d->dm_plan->p_name, count,
                   error->message);
}

/* A journal that cannot be written ends the daemon: see the essay above. */
static void record_failed(Daemon *d, const GError *error)
{
    if (d->dm_full)
        return;
    d->dm_full = TRUE;
    g_critical(
        "drill %s: journal: %s; the daemon ends; `parry up %s` goes on once there is "
        "room",
        d->dm_plan->p_name, error->message, d->dm_plan->p_name);
    g_queue_clear_full(&d->dm_then, then_free);
    stand_still(d);
    d->dm_quit = TRUE;
    event_base_loopbreak(d->dm_base);
}

static const char *record_team(Daemon *d, int team, int host)
{
    if (team < 0 && host >= 0)
        team = plan_host(d->dm_plan, host)->ph_team;
    return team < 0 ? "" : plan_team(d->dm_plan, team)->pt_id;
}

/* body belongs to the event: let go with it. */
static JournalEvent record_event(Daemon *d, const char *kind, const char *actor, int team,
                                 int host, gint64 ref, json_t *body)
{
    return (JournalEvent){
        .ev_clock_us = daemon_now(d),
        .ev_kind = kind,
        .ev_actor = actor,
        .ev_team = record_team(d, team, host),
        .ev_host = host < 0 ? "" : plan_host(d->dm_plan, host)->ph_id,
        .ev_ref = ref,
        .ev_body = body,
    };
}

static gint64 record_appended(Daemon *d, const JournalEvent *event, gint64 seq,
                              const GError *error)
{
    json_decref((json_t *)event->ev_body);
    if (seq < 0)
        record_failed(d, error);
    return seq;
}

gint64 daemon_event(Daemon *d, const char *kind, const char *actor, int team, int host,
                    gint64 ref, json_t *body)
{
    JournalEvent event =
        record_event(d, kind, actor, team, host, ref, body ? body : json_object());
    g_autoptr(GError) error = NULL;
    gint64 seq = journal_append(d->dm_journal, &event, &error);

    return record_appended(d, &event, seq, error);
}

gint64 daemon_event_checks(Daemon *d, int team, json_t *body, const JournalCheckRow *rows,
                           guint n_rows)
{
    JournalEvent event = record_event(d, "check.round/1", "parryd", team, -1, 0, body);
    g_autoptr(GError) error = NULL;
    gint64 seq = journal_append_checks(d->dm_journal, &event, rows, n_rows, &error);

    return record_appended(d, &event, seq, error);
}

gint64 daemon_event_observations(Daemon *d, json_t *body, const JournalObservation *rows,
                                 guint n_rows)
{
    JournalEvent event = record_event(d, "observe.batch/1", "agent", -1, -1, 0, body);
    g_autoptr(GError) error = NULL;
    gint64 seq = journal_append_observations(d->dm_journal, &event, rows, n_rows, &error);

    return record_appended(d, &event, seq, error);
}

void daemon_then(Daemon *d, DaemonThen fn, gint64 seq, gpointer data)
{
    Then *then = g_new0(Then, 1);

    then->th_fn = fn;
    then->th_seq = seq;
    then->th_data = data;
    g_queue_push_tail(&d->dm_then, then);
}

static void record_send(Daemon *d, int host, json_t *msg)
{
    g_autoptr(GError) error = NULL;

    if (d->dm_deliver)
        d->dm_deliver(host, msg, d->dm_deliver_data);
    else if (!link_send(d->dm_link, host, json_incref(msg), &error))
        g_warning("%s: send: %s", plan_host(d->dm_plan, host)->ph_id, error->message);
}

void daemon_send(Daemon *d, int host, json_t *msg)
{
    Then *then = g_new0(Then, 1);

    then->th_host = host;
    then->th_msg = msg;
    g_queue_push_tail(&d->dm_then, then);
}

typedef struct {
    Daemon *fo_daemon;
    GArray *fo_rows;
    GPtrArray *fo_texts;
} Fold;

static gboolean record_row(gint64 seq, const JournalCheckRow *row, gpointer data)
{
    Fold *fold = data;
    JournalCheckRow copy = *row;

    (void)seq;
    copy.cr_text = g_strdup(row->cr_text);
    g_ptr_array_add(fold->fo_texts, (char *)copy.cr_text);
    g_array_append_val(fold->fo_rows, copy);
    return TRUE;
}

static gboolean record_fold(const JournalEvent *event, gpointer data)
{
    Fold *fold = data;
    Daemon *d = fold->fo_daemon;

    g_array_set_size(fold->fo_rows, 0);
    g_ptr_array_set_size(fold->fo_texts, 0);
    if (strcmp(event->ev_kind, "check.round/1") == 0)
        journal_each_check(d->dm_journal, event->ev_seq, record_row, fold, NULL);
    ledger_apply(d->dm_ledger, event, (JournalCheckRow *)fold->fo_rows->data,
                 fold->fo_rows->len);
    d->dm_applied = event->ev_seq;
    if (d->dm_injects)
        injects_on_event(d->dm_injects, event);
    if (d->dm_reset_asks)
        reset_asks_on_event(d->dm_reset_asks, event);
    if (d->dm_watches)
        watches_on_event(d->dm_watches, event);
    if (d->dm_observations)
        observations_on_event(d->dm_observations, event);
    if (d->dm_pacing)
        pacing_event(d->dm_pacing, event);
    points_on_event(d->dm_points, event);
    if (d->dm_control)
        control_on_event(d->dm_control, event);
    return TRUE;
}

static gboolean record_fold_all(Daemon *d, JournalEach fn, GError **error)
{
    Fold fold = {d, NULL, NULL};
    gboolean ok;

    fold.fo_rows = g_array_new(FALSE, TRUE, sizeof(JournalCheckRow));
    fold.fo_texts = g_ptr_array_new_with_free_func(g_free);
    ok = journal_each(d->dm_journal, d->dm_applied, 0, fn, &fold, error);
    g_array_unref(fold.fo_rows);
    g_ptr_array_unref(fold.fo_texts);
    return ok;
}

static gboolean record_killed(Daemon *d, gboolean committed)
{
    if (d->dm_killed && d->dm_killed(committed, d->dm_killed_data))
        d->dm_full = TRUE;
    if (d->dm_full)
        g_queue_clear_full(&d->dm_then, then_free);
    return d->dm_full;
}

static gboolean record_commit(Daemon *d)
{
    g_autoptr(GError) error = NULL;

    if (record_killed(d, FALSE))
        return FALSE;
    while (!journal_commit(d->dm_journal, &error)) {
        if (!room_spend(d)) {
            record_failed(d, error);
            return FALSE;
        }
        g_warning("drill %s: journal: %s; once more with its reserve", d->dm_plan->p_name,
                  error->message);
        g_clear_error(&error);
    }
    if (record_killed(d, TRUE))
        return FALSE;
    if (!record_fold_all(d, record_fold, &error))
        record_failed(d, error);
    return !d->dm_full;
}

static gboolean replay_fold(const JournalEvent *event, gpointer data)
{
    record_fold(event, data);
    resume_event(((Fold *)data)->fo_daemon, event);
    return TRUE;
}

gboolean daemon_replay(Daemon *d, GError **error)
{
    return record_fold_all(d, replay_fold, error);
}

/* One waiting act may append events of its own: they belong to the next round of the loop
 * below, which goes on until nothing is left to make durable. */
void daemon_barrier(Daemon *d)
{
    do {
        if (d->dm_observations)
            observations_flush(d->dm_observations);
        if (d->dm_full || (journal_dirty(d->dm_journal) && !record_commit(d)))
            return;
        guint n = d->dm_then.length; /* what comes after these is not durable yet */
        if (d->dm_injects)
            injects_committed(d->dm_injects);
        if (d->dm_reset_asks)
            reset_asks_committed(d->dm_reset_asks);
        if (d->dm_watches)
            watches_committed(d->dm_watches);
        if (d->dm_observations)
            observations_committed(d->dm_observations);
        if (d->dm_link)
            link_committed(d->dm_link);
        for (; n > 0; n--) {
            Then *then = g_queue_pop_head(&d->dm_then);
            if (then->th_msg)
                record_send(d, then->th_host, then->th_msg);
            else
                then->th_fn(d, then->th_seq, then->th_data);
            then_free(then);
        }
    } while (journal_dirty(d->dm_journal) || d->dm_then.length);
}
