#include "orchestrator/daemon/injects.h"

#include "orchestrator/daemon/checks.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/scripts.h"

#include <string.h>

#define EXIT_BLOCKED 10
#define EFFECT_DEADLINE_US (15 * G_USEC_PER_SEC)
#define CLEANUP_TIMEOUT_US (60 * G_USEC_PER_SEC)
/* With people in their hosts, how often an open window is looked at. */
#define VERIFY_EVERY_US (60 * G_USEC_PER_SEC)
/* scoring: a report names the time within this. */
#define REPORT_SLACK_US ((gint64)15 * 60 * G_USEC_PER_SEC)

typedef enum { WINDOW_NONE, WINDOW_OPEN, WINDOW_MET, WINDOW_MISSED } Window;

typedef struct {
    Injects *ru_injects;
    const PlanInject *ru_plan;
    gint64 ru_seq;     /* of inject.wanted/1, 0 before it is due */
    gint64 ru_exec_us; /* -1 before */
    gboolean ru_ended; /* terminal state reached */
    gboolean ru_succeeded;
    Window ru_detect, ru_contain, ru_answer;
    gboolean ru_verifying;
    gboolean ru_again;    /* someone asked meanwhile */
    gboolean ru_deadline; /* the contain window closes with this verification */
    gboolean ru_cleaning, ru_clean;
} Run;

struct Injects {
    Daemon *ij_daemon;
    Run *ij_runs;
    guint ij_count;
    InjectsSettled ij_settled;
    gpointer ij_settled_data;
};

static void verify(Run *run);
static void cleanup_if_settled(Run *run);

static gint64 run_event(Run *run, const char *kind, const char *actor, gint64 ref,
                        json_t *body)
{
    const PlanInject *plan = run->ru_plan;

    json_object_set_new(body, "inject", json_string(plan->in_id));
    return daemon_event(run->ru_injects->ij_daemon, kind, actor, plan->in_team,
                        plan->in_host, ref, body);
}

static const PlanExpect *expectation(const PlanInject *plan, PlanExpectKind kind)
{
    for (guint i = 0; i < plan->in_expect->len; i++) {
        const PlanExpect *expect = plan->in_expect->pdata[i];
        if (expect->ex_kind == kind)
            return expect;
    }
    return NULL;
}

static const char *const expect_names[] = {
    [EXPECT_PREVENT] = "prevent",
    [EXPECT_DETECT] = "detect",
    [EXPECT_CONTAIN] = "contain",
    [EXPECT_ANSWER] = "answer",
};

static void expect_end(Run *run, PlanExpectKind kind, gboolean met, gint64 points,
                       gint64 ref)
{
    gint64 after = daemon_now(run->ru_injects->ij_daemon) - MAX(run->ru_exec_us, 0);

    run_event(run, met ? "expect.met/1" : "expect.missed/1", "parryd", ref,
              json_pack("{s:s, s:I, s:I}", "expect", expect_names[kind], "points",
                        (json_int_t)points, "after_us", (json_int_t)after));
}

/* Closes a window once; TRUE when this call closed it. */
static gboolean window_close(Run *run, Window *window, PlanExpectKind kind, gboolean met,
                             gint64 ref)
{
    const PlanExpect *expect = expectation(run->ru_plan, kind);

    if (*window != WINDOW_OPEN || !expect)
        return FALSE;
    *window = met ? WINDOW_MET : WINDOW_MISSED;
    expect_end(run, kind, met, expect->ex_points, ref ? ref : run->ru_seq);
    return TRUE;
}

static void settled_step(Injects *injects)
{
    if (!injects->ij_settled)
        return;
    for (guint i = 0; i < injects->ij_count; i++) {
        const Run *run = &injects->ij_runs[i];
        if (run->ru_seq && (!run->ru_ended || !run->ru_clean))
            return;
    }
    InjectsSettled done = injects->ij_settled;
    injects->ij_settled = NULL;
    done(injects->ij_daemon, injects->ij_settled_data);
}

static void run_end(Run *run, const char *state, const char *reason)
{
    run->ru_ended = TRUE;
    run_event(run, "inject.ended/1", "parryd", run->ru_seq,
              json_pack("{s:s, s:s}", "state", state, "reason", reason ? reason : ""));
}

/* ---- cleanup ---- */

static void on_cleaned(Daemon *d, CheckStatus status, gint64 dur_us, const char *text,
                       gpointer data)
{
    Run *run = data;

    (void)d;
    (void)dur_us;
    run->ru_clean = TRUE;
    if (status == CHECK_UP)
        run_event(
            run, "note/1", "parryd", run->ru_seq,
            json_pack("{s:s}", "text", "the effect is still there after the cleanup"));
    else if (run->ru_contain != WINDOW_MET && run->ru_succeeded)
        run_event(run, "effect.gone/1", "parryd", run->ru_seq,
                  json_pack("{s:s, s:s}", "by", "cleanup", "text", text ? text : ""));
    settled_step(run->ru_injects);
}

static void effect_check(Run *run, CheckDone done)
{
    const PlanInject *plan = run->ru_plan;

    orders_check(run->ru_injects->ij_daemon->dm_orders, plan->in_effect_host,
                 plan->in_effect_kind, plan->in_effect_params, EFFECT_DEADLINE_US, done,
                 run);
}

static void on_cleanup_done(Daemon *d, const Order *order, gpointer data)
{
    Run *run = data;

    (void)d;
    (void)order; /* its own events tell how it went; the effect check decides */
    effect_check(run, on_cleaned);
}

/* Runs once the windows are closed, so that a cleanup never takes a defender's points;
 * and also after a containment: what the attack left elsewhere (a tool, its loot) is
 * Parry's to clear. */
static void cleanup_if_settled(Run *run)
{
    const PlanInject *plan = run->ru_plan;

    if (!run->ru_ended || run->ru_cleaning || run->ru_detect == WINDOW_OPEN ||
        run->ru_contain == WINDOW_OPEN || run->ru_verifying)
        return;
    run->ru_cleaning = TRUE;
    if (plan->in_kind == INJECT_MESSAGE || run->ru_exec_us < 0) {
        run->ru_clean = TRUE;
        settled_step(run->ru_injects);
    } else if (plan->in_cleanup) {
        OrderSpec spec = {
            .os_host = plan->in_from,
            .os_purpose = "cleanup",
            .os_title = plan->in_id,
            .os_script = plan->in_cleanup,
            .os_user = plan->in_user,
            .os_env = plan->in_env,
            .os_timeout_us = CLEANUP_TIMEOUT_US,
            .os_ref = run->ru_seq,
            .os_done = on_cleanup_done,
            .os_data = run,
        };
        orders_run(run->ru_injects->ij_daemon->dm_orders, &spec);
    } else {
        effect_check(run, on_cleaned);
    }
}

/* ---- containment ---- */

static void verify_end(Run *run, gboolean gone, const char *text)
{
    gint64 seq = 0;
    gboolean again = run->ru_again, deadline = run->ru_deadline;

    run->ru_verifying = run->ru_again = FALSE;
    if (run->ru_contain == WINDOW_OPEN && gone) {
        seq = run_event(run, "effect.gone/1", "parryd", run->ru_seq,
                        json_pack("{s:s, s:s}", "by", "team", "text", text ? text : ""));
        window_close(run, &run->ru_contain, EXPECT_CONTAIN, TRUE, seq);
    } else if (run->ru_contain == WINDOW_OPEN && deadline) {
        window_close(run, &run->ru_contain, EXPECT_CONTAIN, FALSE, 0);
    } else if (run->ru_contain == WINDOW_OPEN && again) {
        verify(run);
    }
    cleanup_if_settled(run);
}

static void on_verify_check(Daemon *d, CheckStatus status, const char *text,
                            gpointer data)
{
    (void)d;
    verify_end(data, status == CHECK_UP, text);
}

/* An effect that nobody can see is not an effect that is gone. */
static void on_verify_effect(Daemon *d, CheckStatus status, gint64 dur_us,
                             const char *text, gpointer data)
{
    Run *run = data;
    const PlanExpect *expect = expectation(run->ru_plan, EXPECT_CONTAIN);
    gboolean seen = hosts_connected(d->dm_hosts, run->ru_plan->in_effect_host) &&
                    status != CHECK_UNCHECKED;

    (void)dur_us;
    if (!seen || status == CHECK_UP)
        verify_end(run, FALSE, text);
    else if (expect && expect->ex_check >= 0)
        checks_verify(d->dm_checks, expect->ex_check, on_verify_check, run);
    else
        verify_end(run, TRUE, text);
}

static void verify(Run *run)
{
    if (run->ru_contain != WINDOW_OPEN)
        return;
    if (run->ru_verifying) {
        run->ru_again = TRUE;
        return;
    }
    run->ru_verifying = TRUE;
    effect_check(run, on_verify_effect);
}

void injects_verify(Injects *injects, int inject)
{
    verify(&injects->ij_runs[inject]);
}

static void due_verify(Daemon *d, gpointer data)
{
    Run *run = data;

    if (run->ru_contain != WINDOW_OPEN)
        return;
    verify(run);
    director_due(d->dm_director, daemon_now(d) + VERIFY_EVERY_US, due_verify, run);
}

static void due_contain(Daemon *d, gpointer data)
{
    Run *run = data;

    (void)d;
    run->ru_deadline = TRUE;
    verify(run);
}

static void due_detect(Daemon *d, gpointer data)
{
    Run *run = data;

    (void)d;
    window_close(run, &run->ru_detect, EXPECT_DETECT, FALSE, 0);
    cleanup_if_settled(run);
}

/* ---- attack ---- */

static void windows_open(Run *run)
{
    Daemon *d = run->ru_injects->ij_daemon;
    const PlanExpect *detect = expectation(run->ru_plan, EXPECT_DETECT);
    const PlanExpect *contain = expectation(run->ru_plan, EXPECT_CONTAIN);

    /* A report may have come while the effect was still being looked for. */
    if (detect && run->ru_detect == WINDOW_OPEN)
        director_due(d->dm_director, run->ru_exec_us + detect->ex_within_us, due_detect,
                     run);
    if (!contain)
        return;
    run->ru_contain = WINDOW_OPEN;
    director_due(d->dm_director, run->ru_exec_us + contain->ex_within_us, due_contain,
                 run);
    if (!d->dm_rehearsal)
        director_due(d->dm_director, daemon_now(d) + VERIFY_EVERY_US, due_verify, run);
}

static gint64 prevent_points(const PlanInject *plan)
{
    const PlanExpect *prevent = expectation(plan, EXPECT_PREVENT);
    const PlanExpect *detect = expectation(plan, EXPECT_DETECT);
    const PlanExpect *contain = expectation(plan, EXPECT_CONTAIN);

    if (prevent && prevent->ex_points)
        return prevent->ex_points;
    return (detect ? detect->ex_points : 0) + (contain ? contain->ex_points : 0);
}

static void run_blocked(Run *run, const char *reason)
{
    if (run->ru_detect == WINDOW_OPEN)
        run->ru_detect = WINDOW_NONE;
    run_end(run, "blocked", reason);
    expect_end(run, EXPECT_PREVENT, TRUE, prevent_points(run->ru_plan), run->ru_seq);
    cleanup_if_settled(run);
}

static void run_failed(Run *run, const char *reason)
{
    if (run->ru_detect == WINDOW_OPEN)
        run->ru_detect = WINDOW_NONE;
    run_end(run, "failed", reason);
    cleanup_if_settled(run);
}

/* Nothing comes after the end: what is open is looked at once more and closed. */
static void run_close(Run *run)
{
    window_close(run, &run->ru_detect, EXPECT_DETECT, FALSE, 0);
    window_close(run, &run->ru_answer, EXPECT_ANSWER, FALSE, 0);
    run->ru_deadline = TRUE;
    verify(run);
}

static void on_effect(Daemon *d, CheckStatus status, gint64 dur_us, const char *text,
                      gpointer data)
{
    Run *run = data;

    (void)dur_us;
    if (status == CHECK_UP) {
        run_event(run, "effect.seen/1", "parryd", run->ru_seq,
                  json_pack("{s:s}", "text", text ? text : ""));
        run->ru_succeeded = TRUE;
        run_end(run, "succeeded", "");
        windows_open(run);
        scripts_inject(d->dm_scripts, run->ru_plan->in_index);
        if (run->ru_injects->ij_settled)
            run_close(run); /* the drill ended while this was under way */
        cleanup_if_settled(run);
    } else if (status == CHECK_UNCHECKED ||
               !hosts_connected(d->dm_hosts, run->ru_plan->in_effect_host)) {
        run_failed(run, "the effect could not be looked for");
    } else {
        run_blocked(run, text);
    }
}

static void run_executed(Run *run)
{
    Daemon *d = run->ru_injects->ij_daemon;

    if (run->ru_exec_us >= 0)
        return;
    run->ru_exec_us = daemon_now(d);
    if (expectation(run->ru_plan, EXPECT_DETECT))
        run->ru_detect = WINDOW_OPEN;
    run_event(run, "inject.executed/1", "parryd", run->ru_seq,
              json_pack("{s:I}", "at", (json_int_t)run->ru_exec_us));
}

static void on_attack_started(Daemon *d, gint64 id, gpointer data)
{
    (void)d;
    (void)id;
    run_executed(data);
}

static void on_attack_done(Daemon *d, const Order *order, gpointer data)
{
    Run *run = data;

    (void)d;
    if (order->or_status != ORDER_DONE) {
        run_failed(run, order->or_reason);
        return;
    }
    run_executed(run);
    if (order->or_exit == 0 || order->or_exit == EXIT_BLOCKED) {
        effect_check(run, on_effect);
        return;
    }
    g_autofree char *reason = g_strdup_printf(
        "the attack's script ended with exit %d, signal %d: a platform failure",
        order->or_exit, order->or_signal);
    run_failed(run, reason);
}

static void attack_begin(Run *run)
{
    Daemon *d = run->ru_injects->ij_daemon;
    const PlanInject *plan = run->ru_plan;
    OrderSpec spec = {
        .os_host = plan->in_from,
        .os_purpose = "attack",
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

    if (hosts_state(d->dm_hosts, plan->in_from) != HOST_READY) {
        g_autofree char *reason =
            g_strdup_printf("%s is %s", plan_host(d->dm_plan, plan->in_from)->ph_id,
                            host_state_name(hosts_state(d->dm_hosts, plan->in_from)));
        run_failed(run, reason);
        return;
    }
    orders_run(d->dm_orders, &spec);
}

/* ---- messages ---- */

static void due_answer(Daemon *d, gpointer data)
{
    Run *run = data;

    (void)d;
    window_close(run, &run->ru_answer, EXPECT_ANSWER, FALSE, 0);
}

static void message_begin(Run *run)
{
    Daemon *d = run->ru_injects->ij_daemon;
    const PlanInject *plan = run->ru_plan;
    const PlanExpect *answer = expectation(plan, EXPECT_ANSWER);
    const char *body = parry_text_get(plan->in_body, "en");
    g_autoptr(GError) error = NULL;
    char hash[65] = "";

    if (!journal_blob_put(d->dm_journal, body, strlen(body), hash, &error))
        g_warning("%s: %s", plan->in_id, error->message);
    run->ru_exec_us = daemon_now(d);
    run_event(run, "message.sent/1", "white", run->ru_seq,
              json_pack("{s:s, s:s, s:s}", "to",
                        plan_team(d->dm_plan, plan->in_team)->pt_id, "subject",
                        parry_text_get(plan->in_subject, "en"), "body_sha256", hash));
    run_end(run, "sent", "");
    if (answer) {
        run->ru_answer = WINDOW_OPEN;
        director_due(d->dm_director, run->ru_exec_us + answer->ex_within_us, due_answer,
                     run);
    }
    scripts_inject(d->dm_scripts, plan->in_index);
    cleanup_if_settled(run);
}

static void due_begin(Daemon *d, gpointer data)
{
    Run *run = data;

    (void)d;
    run->ru_seq = run_event(run, "inject.wanted/1", "parryd", 0, json_object());
    if (run->ru_plan->in_kind == INJECT_ATTACK)
        attack_begin(run);
    else
        message_begin(run);
}

/* ---- players ---- */

static gboolean indicator_matches(const PlanInject *plan, const char *indicator)
{
    g_autofree char *said = g_utf8_casefold(indicator, -1);

    for (char **at = plan->in_indicators; at && *at; at++) {
        g_autofree char *known = g_utf8_casefold(*at, -1);
        if (strstr(said, known))
            return TRUE;
    }
    return FALSE;
}

/* The unreported inject that the report fits, else one that was reported before, else
 * NULL. */
static Run *report_match(Injects *injects, int team, int host, gint64 about_us,
                         const char *indicator)
{
    Run *known = NULL;

    for (guint i = 0; i < injects->ij_count; i++) {
        Run *run = &injects->ij_runs[i];
        if (run->ru_plan->in_team != team || run->ru_plan->in_host != host ||
            run->ru_exec_us < 0 || ABS(about_us - run->ru_exec_us) > REPORT_SLACK_US ||
            !indicator_matches(run->ru_plan, indicator))
            continue;
        if (run->ru_detect == WINDOW_OPEN)
            return run;
        known = run;
    }
    return known;
}

gint64 injects_report(Injects *injects, const char *actor, int team, int host,
                      gint64 about_us, const char *indicator, const char *text,
                      int *matched)
{
    Daemon *d = injects->ij_daemon;
    Run *run = report_match(injects, team, host, about_us, indicator);
    json_t *body =
        json_pack("{s:s, s:I, s:s}", "host", plan_host(d->dm_plan, host)->ph_id, "about",
                  (json_int_t)about_us, "indicator", indicator);
    g_autoptr(GError) error = NULL;
    char hash[65];

    if (text && *text) {
        if (journal_blob_put(d->dm_journal, text, strlen(text), hash, &error))
            json_object_set_new(body, "text_sha256", json_string(hash));
        else
            g_warning("report of %s: %s", actor, error->message);
    }
    gint64 seq = daemon_event(d, "report.submitted/1", actor, team, host, 0, body);
    *matched = run ? run->ru_plan->in_index : -1;
    if (!run) {
        daemon_event(
            d, "report.unmatched/1", "parryd", team, host, seq,
            json_pack("{s:s}", "reason", "no attack fits host, time and indicator"));
        return seq;
    }
    gint64 match = run_event(run, "report.matched/1", "parryd", seq, json_object());
    window_close(run, &run->ru_detect, EXPECT_DETECT, TRUE, match);
    cleanup_if_settled(run);
    return seq;
}

gint64 injects_answer(Injects *injects, const char *actor, int team, int inject,
                      const char *text)
{
    Run *run = &injects->ij_runs[inject];
    g_autoptr(GError) error = NULL;
    char hash[65] = "";

    if (run->ru_plan->in_kind != INJECT_MESSAGE || run->ru_plan->in_team != team ||
        run->ru_exec_us < 0 || run->ru_answer == WINDOW_MET)
        return -1;
    if (!journal_blob_put(injects->ij_daemon->dm_journal, text, strlen(text), hash,
                          &error))
        g_warning("answer of %s: %s", actor, error->message);
    gint64 seq = run_event(run, "message.answered/1", actor, run->ru_seq,
                           json_pack("{s:s}", "text_sha256", hash));
    window_close(run, &run->ru_answer, EXPECT_ANSWER, TRUE, seq);
    return seq;
}

gint64 injects_executed_us(const Injects *injects, int inject)
{
    return injects->ij_runs[inject].ru_exec_us;
}

json_t *injects_inbox(const Injects *injects, int team, const char *lang)
{
    json_t *list = json_array();

    for (guint i = 0; i < injects->ij_count; i++) {
        const Run *run = &injects->ij_runs[i];
        const PlanInject *plan = run->ru_plan;
        const PlanExpect *answer = expectation(plan, EXPECT_ANSWER);
        if (plan->in_kind != INJECT_MESSAGE || plan->in_team != team ||
            run->ru_exec_us < 0)
            continue;
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:s, s:s, s:I, s:b}", "inject", plan->in_name,
                            "at_us", (json_int_t)run->ru_exec_us, "subject",
                            parry_text_get(plan->in_subject, lang), "body",
                            parry_text_get(plan->in_body, lang), "within_us",
                            (json_int_t)(answer ? answer->ex_within_us : 0), "answered",
                            run->ru_answer == WINDOW_MET));
    }
    return list;
}

/* ---- life ---- */

Injects *injects_new(Daemon *d)
{
    Injects *injects = g_new0(Injects, 1);

    injects->ij_daemon = d;
    injects->ij_count = d->dm_plan->p_injects->len;
    injects->ij_runs = g_new0(Run, injects->ij_count + 1);
    for (guint i = 0; i < injects->ij_count; i++) {
        Run *run = &injects->ij_runs[i];
        run->ru_injects = injects;
        run->ru_plan = plan_inject(d->dm_plan, (int)i);
        run->ru_exec_us = -1;
        director_due(d->dm_director, run->ru_plan->in_at_us, due_begin, run);
    }
    return injects;
}

void injects_free(Injects *injects)
{
    if (!injects)
        return;
    g_free(injects->ij_runs);
    g_free(injects);
}

void injects_settle(Injects *injects, InjectsSettled done, gpointer data)
{
    injects->ij_settled = done;
    injects->ij_settled_data = data;
    for (guint i = 0; i < injects->ij_count; i++) {
        run_close(&injects->ij_runs[i]);
        cleanup_if_settled(&injects->ij_runs[i]);
    }
    settled_step(injects);
}
