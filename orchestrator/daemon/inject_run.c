/*
 * From the moment at which an inject begins to its one terminal state.
 */
#include "orchestrator/daemon/inject_priv.h"

#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/residue.h"
#include "orchestrator/daemon/scripts.h"

#include <string.h>

#define EXIT_BLOCKED 10
#define EFFECT_DEADLINE_US (15 * G_USEC_PER_SEC)

static void attempt(Run *run);

void run_end(Run *run, const char *actor, const char *state, const char *reason)
{
    run->ru_state = state;
    run->ru_end_seq = run_event(
        run, "inject.ended/1", actor, run->ru_seq,
        json_pack("{s:s, s:s}", "state", state, "reason", reason ? reason : ""));
    together_moved(run);
}

static void run_executed(Run *run)
{
    json_t *body;

    if (run->ru_started)
        return;
    run->ru_started = TRUE;
    run->ru_exec_us = daemon_now(run->ru_injects->ij_daemon);
    body = json_pack("{s:I}", "at", (json_int_t)run->ru_exec_us);
    if (run->ru_attempt > 1)
        json_object_set_new(body, "attempt", json_integer(run->ru_attempt));
    run->ru_exec_seq = run_event(run, "inject.executed/1", "parryd", run->ru_seq, body);
    expects_executed(run);
    together_moved(run);
}

/* ---- attempts ---- */

static gboolean too_late(const Run *run, gint64 at_us)
{
    const PlanInject *plan = run->ru_plan;
    gint64 held_us =
        holding_within(run->ru_injects->ij_daemon, plan->in_team, run->ru_due_us, at_us);

    return plan->in_expires_us > 0 && run_held_team(run) < 0 &&
           at_us - held_us >= run->ru_due_us + plan->in_expires_us;
}

static void failed_for_good(Run *run, const char *reason)
{
    expects_shut(run);
    run_end(run, "parryd", "failed", reason);
    cleanup_if_settled(run);
}

static void due_attempt(Daemon *d, gpointer data)
{
    Run *run = data;
    const char *why;
    gint64 now = daemon_now(d), open = trigger_open_from(run, now, &why);

    if (!run->ru_waiting)
        return; /* the drill has ended meanwhile, or white cancelled it */
    if (run_held_team(run) >= 0) {
        holding_wait(d, FALSE, run_held_team(run), now, 0, due_attempt, run);
        return;
    }
    if (open > now && too_late(run, open)) {
        run->ru_waiting = FALSE;
        failed_for_good(run, "it may not be tried again before it is too late");
    } else if (open > now) {
        director_due(d->dm_director, open, due_attempt, run);
    } else if (open == now) {
        run->ru_waiting = FALSE;
        attempt(run);
    } /* else the scope lets no attack begin any more: it fails when the drill ends */
}

static gboolean may_try_again(const Run *run, gint64 at_us)
{
    const PlanInject *plan = run->ru_plan;

    return (run->ru_attempt - run->ru_lost <= plan->in_retries ||
            run_held_team(run) >= 0) &&
           !run->ru_aborted && !run->ru_injects->ij_over && !too_late(run, at_us);
}

static void run_failed(Run *run, const char *reason)
{
    Daemon *d = run->ru_injects->ij_daemon;
    gint64 at_us = daemon_now(d) + run->ru_plan->in_retry_wait_us;

    if (may_try_again(run, at_us)) {
        json_t *body = json_pack("{s:i, s:s, s:I}", "attempt", run->ru_attempt, "reason",
                                 reason ? reason : "", "again", (json_int_t)at_us);
        if (run_held_team(run) >= 0) { /* nobody's fault, and none of its attempts */
            json_object_set_new(body, "held", json_true());
            run->ru_lost++;
        }
        run_event(run, "inject.retry/1", "parryd", run->ru_seq, body);
        run->ru_waiting = TRUE;
        run->ru_held_us = daemon_now(d);
        director_due(d->dm_director, at_us, due_attempt, run);
        return;
    }
    failed_for_good(run, reason);
}

void run_over(Run *run)
{
    if (!run->ru_waiting)
        return;
    run->ru_waiting = FALSE;
    run_failed(run, "the drill ended before another attempt");
}

/* ---- attacks ---- */

void effect_check(Run *run, CheckDone done)
{
    const PlanInject *plan = run->ru_plan;

    orders_check(run->ru_injects->ij_daemon->dm_orders, plan->in_effect_host,
                 plan->in_effect_kind, plan->in_effect_params, EFFECT_DEADLINE_US, done,
                 run);
}

static void run_succeeded(Run *run)
{
    Daemon *d = run->ru_injects->ij_daemon;

    run->ru_succeeded = TRUE;
    run_end(run, "parryd", "succeeded", "");
    expects_open(run);
    scripts_inject(d->dm_scripts, run->ru_plan->in_index);
    if (run->ru_injects->ij_over)
        expects_close(run); /* the drill ended while this was under way */
    cleanup_if_settled(run);
}

static void run_blocked(Run *run, const char *reason)
{
    expects_shut(run);
    run_end(run, "parryd", "blocked", reason);
    expects_prevented(run);
    cleanup_if_settled(run);
}

static void on_effect(Daemon *d, CheckStatus status, gint64 dur_us, const char *text,
                      gpointer data)
{
    Run *run = data;

    (void)dur_us;
    if (status != CHECK_UP && run_held_team(run) >= 0) {
        run->ru_ran = TRUE;
        run_failed(run, "a team was held before its effect was seen");
    } else if (status == CHECK_UP) {
        run_event(run, "effect.seen/1", "parryd", run->ru_seq,
                  json_pack("{s:s}", "text", text ? text : ""));
        run_succeeded(run);
    } else if (status == CHECK_UNCHECKED ||
               !hosts_heard(d->dm_hosts, run->ru_plan->in_effect_host)) {
        run->ru_ran = TRUE;
        run_failed(run, "the effect could not be looked for");
    } else {
        run_blocked(run, text);
    }
}

static void on_attack_started(Daemon *d, gint64 id, gpointer data)
{
    (void)d;
    (void)id;
    run_executed(data);
}

/* The attempt was made. Where the scenario gives no effect the script's word is all there
 * is to go by. */
static void attack_ran(Run *run, int status)
{
    if (run->ru_plan->in_effect_kind)
        effect_check(run, on_effect);
    else if (status == EXIT_BLOCKED)
        run_blocked(run, "its script says that it was stopped");
    else
        run_succeeded(run);
}

/* The agent heard nothing from here for the scenario's time, and ended it by itself. */
static void note_deadman(Run *run, const Order *order)
{
    static const char *const cleanups[] = {[DEADMAN_KILLED] = "none",
                                           [DEADMAN_CLEANED] = "done",
                                           [DEADMAN_UNCLEANED] = "failed"};

    if (order->or_deadman == DEADMAN_NONE)
        return;
    run->ru_undone = order->or_deadman == DEADMAN_CLEANED;
    run_event(run, "deadman.fired/1", "agent", order->or_id,
              json_pack("{s:s, s:s}", "cleanup", cleanups[order->or_deadman], "reason",
                        order->or_reason ? order->or_reason : ""));
}

static void on_attack_done(Daemon *d, const Order *order, gpointer data)
{
    Run *run = data;

    (void)d;
    if (order->or_status != ORDER_DONE) {
        note_deadman(run, order);
        run->ru_aborted = run->ru_aborted || order->or_aborted;
        run_failed(run, order->or_reason);
        return;
    }
    if (order->or_exit != 0 && run_held_team(run) >= 0) {
        run_failed(run, "a team was held while it was under way");
        return;
    }
    run_executed(run);
    if (order->or_exit == 0 || order->or_exit == EXIT_BLOCKED) {
        attack_ran(run, order->or_exit);
        return;
    }
    const char *limit = order->or_reason && *order->or_reason ? order->or_reason : NULL;
    g_autofree char *reason = g_strdup_printf(
        "the attack's script ended with exit %d, signal %d: %s", order->or_exit,
        order->or_signal, limit ? limit : "a platform failure");
    run_failed(run, reason);
}

static void attack_ordered(Run *run)
{
    const PlanInject *plan = run->ru_plan;
    OrderSpec spec = {
        .os_host = plan->in_from,
        .os_purpose = ORDER_ATTACK,
        .os_cleanup = plan->in_cleanup,
        .os_limits = &plan->in_limits,
        .os_title = plan->in_id,
        .os_script = plan->in_run,
        .os_user = plan->in_user,
        .os_env = plan->in_env,
        .os_timeout_us = plan->in_timeout_us,
        .os_ref = run->ru_seq,
        .os_started = on_attack_started,
        .os_done = on_attack_done,
        .os_data = run,
    };

    orders_run(run->ru_injects->ij_daemon->dm_orders, &spec);
}

/* A host that the attack needs and that cannot be had, or -1. One that never was ready is
 * nobody's merit, so an attack against it is not even tried. */
static int not_there(const Daemon *d, const PlanInject *plan)
{
    if (hosts_state(d->dm_hosts, plan->in_from) != HOST_READY)
        return plan->in_from;
    if (!hosts_made(d->dm_hosts, plan->in_host))
        return plan->in_host;
    if (plan->in_effect_kind && !hosts_made(d->dm_hosts, plan->in_effect_host))
        return plan->in_effect_host;
    return -1;
}

/* Once it is known how the victim was before. White's word may have come meanwhile. */
static void attack_order(Daemon *d, gpointer data)
{
    Run *run = data;
    const PlanInject *plan = run->ru_plan;

    if (d->dm_state == DRILL_STOPPED || run->ru_injects->ij_over) {
        run->ru_aborted = TRUE;
        run_failed(run, "the drill was stopped before it began");
        return;
    }
    if (run_held_team(run) >= 0) {
        run_failed(run, "a team was held before it began");
        return;
    }
    int away = not_there(d, plan);
    if (away >= 0) {
        g_autofree char *reason =
            g_strdup_printf("%s is %s", plan_host(d->dm_plan, away)->ph_id,
                            host_state_name(hosts_state(d->dm_hosts, away)));
        run_failed(run, reason);
        return;
    }
    attack_ordered(run);
}

static void attack_begin(Run *run)
{
    Daemon *d = run->ru_injects->ij_daemon;

    run->ru_undone = FALSE;
    residue_before(d->dm_residue, run->ru_plan->in_index, attack_order, run);
}

/* It waits for its next attempt, for its order (or what goes before that), or for the
 * look at its effect. */
void run_rejoin(Run *run)
{
    if (run->ru_waiting)
        director_due(run->ru_injects->ij_daemon->dm_director, run->ru_again_us,
                     due_attempt, run);
    else if (run->ru_attack_open)
        attack_ordered(run);
    else if (run->ru_attack_seq)
        attack_ran(run, run->ru_exit);
    else
        attack_begin(run);
}

/* What was lost once it had run is not run again: only its effect is looked for. */
static void attempt(Run *run)
{
    run->ru_attempt++;
    if (run->ru_ran) {
        effect_check(run, on_effect);
        return;
    }
    run->ru_started = FALSE;
    attack_begin(run);
}

/* ---- messages ---- */

/* The text's hash, which is that of a blob from now on; "" where it could not be kept. */
static void keep(Run *run, gconstpointer bytes, gsize len, char hash[65])
{
    g_autoptr(GError) error = NULL;

    hash[0] = '\0';
    if (!journal_blob_put(run->ru_injects->ij_daemon->dm_journal, bytes, len, hash,
                          &error))
        g_warning("%s: %s", run->ru_plan->in_id, error->message);
}

static json_t *keep_attachments(Run *run)
{
    const GPtrArray *all = run->ru_plan->in_attachments;
    json_t *list = json_array();
    char hash[65];

    for (guint i = 0; i < all->len; i++) {
        const PlanAttachment *attachment = all->pdata[i];
        gsize len;
        gconstpointer bytes = g_bytes_get_data(attachment->at_bytes, &len);
        keep(run, bytes, len, hash);
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:s}", "name", attachment->at_name,
                                        "size", (json_int_t)len, "sha256", hash));
    }
    return list;
}

static json_t *message_body(Run *run)
{
    const PlanInject *plan = run->ru_plan;
    const char *text = parry_text_get(plan->in_body, "en");
    char hash[65];

    keep(run, text, strlen(text), hash);
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:s}", "to",
                  plan_team(run->ru_injects->ij_daemon->dm_plan, plan->in_team)->pt_id,
                  "channel", plan->in_channel, "subject",
                  parry_text_get(plan->in_subject, "en"), "body_sha256", hash);
    if (plan->in_sender)
        json_object_set_new(body, "sender", json_string(plan->in_sender));
    if (plan->in_attachments->len)
        json_object_set_new(body, "attachments", keep_attachments(run));
    return body;
}

static void message_begin(Run *run)
{
    run->ru_exec_us = daemon_now(run->ru_injects->ij_daemon);
    run_event(run, "message.sent/1", "white", run->ru_seq, message_body(run));
    run_end(run, "parryd", "sent", "");
    expects_open(run);
    scripts_inject(run->ru_injects->ij_daemon->dm_scripts, run->ru_plan->in_index);
    cleanup_if_settled(run);
}

void run_begin(Run *run)
{
    run->ru_held = NULL;
    run->ru_seq = run_event(run, "inject.wanted/1", "parryd", 0, json_object());
    if (run->ru_plan->in_kind == INJECT_ATTACK) {
        attempt(run);
    } else if (run->ru_plan->in_kind == INJECT_MESSAGE) {
        message_begin(run);
    } else {
        run_end(run, "parryd", "failed", "this build cannot run injects of that kind");
        cleanup_if_settled(run);
    }
}
