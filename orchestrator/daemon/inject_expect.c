/*
 * What is expected of an inject's team, and the cleanup once that is settled.
 *
 * Detect and answer are met by people's words. Contain, eradicate and recover are looked
 * at: when somebody acted, every minute where people play, and when their time is over.
 * One look asks once whether the effect is gone, then each check that an open expectation
 * names.
 */
#include "orchestrator/daemon/inject_priv.h"

#include "orchestrator/daemon/checks.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/residue.h"

#include <string.h>

#define CLEANUP_TIMEOUT_US (60 * G_USEC_PER_SEC)
/* With people in their hosts, how often an open expectation is looked at. */
#define LOOK_EVERY_US (60 * G_USEC_PER_SEC)

static void look_next(Run *run, guint from);

static Daemon *daemon_of(const Run *run)
{
    return run->ru_injects->ij_daemon;
}

void expects_new(Run *run)
{
    const GPtrArray *list = run->ru_plan->in_expect;

    run->ru_n_expect = list->len;
    run->ru_expect = g_new0(Expectation, list->len + 1);
    for (guint i = 0; i < list->len; i++)
        run->ru_expect[i] = (Expectation){
            .ep_run = run, .ep_plan = list->pdata[i], .ep_index = i, .ep_good_us = -1};
}

const PlanExpect *expects_first(const PlanInject *plan, PlanExpectKind kind)
{
    for (guint i = 0; i < plan->in_expect->len; i++) {
        const PlanExpect *expect = plan->in_expect->pdata[i];
        if (expect->ex_kind == kind)
            return expect;
    }
    return NULL;
}

gboolean expects_any(const Run *run, PlanExpectKind kind, ExpectationState state)
{
    for (guint i = 0; i < run->ru_n_expect; i++)
        if (run->ru_expect[i].ep_plan->ex_kind == kind &&
            run->ru_expect[i].ep_state == state)
            return TRUE;
    return FALSE;
}

static gboolean is_looked_at(const Expectation *ep)
{
    PlanExpectKind kind = ep->ep_plan->ex_kind;

    return kind == EXPECT_CONTAIN || kind == EXPECT_ERADICATE || kind == EXPECT_RECOVER;
}

static gboolean wants_gone(const Expectation *ep)
{
    return is_looked_at(ep) && ep->ep_plan->ex_kind != EXPECT_RECOVER;
}

static gboolean any_looked_at(const Run *run)
{
    for (guint i = 0; i < run->ru_n_expect; i++)
        if (run->ru_expect[i].ep_state == EP_OPEN && is_looked_at(&run->ru_expect[i]))
            return TRUE;
    return FALSE;
}

/* ---- settling ---- */

static void settle_event(Run *run, gboolean met, PlanExpectKind kind, gint64 points,
                         gint64 at_us, gint64 ref, json_t *index)
{
    gint64 began = MAX(run->ru_exec_us, 0);
    gint64 held = holding_within(daemon_of(run), run->ru_plan->in_team, began, at_us);
    json_t *body = json_pack("{s:s, s:I, s:I}", "expect", plan_expect_name(kind),
                             "points", (json_int_t)points, "after_us",
                             (json_int_t)MAX(at_us - began - held, 0));

    if (index)
        json_object_set_new(body, "index", index);
    run_event(run, met ? "expect.met/1" : "expect.missed/1", "parryd",
              ref ? ref : run->ru_seq, body);
}

static void settle_at(Expectation *ep, gboolean met, gint64 at_us, gint64 ref)
{
    if (ep->ep_state != EP_OPEN)
        return;
    ep->ep_state = met ? EP_MET : EP_MISSED;
    settle_event(ep->ep_run, met, ep->ep_plan->ex_kind, ep->ep_plan->ex_points, at_us,
                 ref, json_integer(ep->ep_index));
}

static void settle(Expectation *ep, gboolean met, gint64 ref)
{
    settle_at(ep, met, daemon_now(daemon_of(ep->ep_run)), ref);
}

gboolean expects_meet(Run *run, PlanExpectKind kind, gint64 ref)
{
    gboolean any = FALSE;

    for (guint i = 0; i < run->ru_n_expect; i++) {
        Expectation *ep = &run->ru_expect[i];
        if (ep->ep_plan->ex_kind != kind || ep->ep_state != EP_OPEN)
            continue;
        settle(ep, TRUE, ref);
        any = TRUE;
    }
    return any;
}

/* Once for all the scenario gives for it; by default what the attack would have left to
 * earn. */
void expects_prevented(Run *run)
{
    gint64 given = 0, otherwise = 0;

    for (guint i = 0; i < run->ru_n_expect; i++) {
        const Expectation *ep = &run->ru_expect[i];
        if (ep->ep_plan->ex_kind == EXPECT_PREVENT)
            given += ep->ep_plan->ex_points;
        else if (is_looked_at(ep) || ep->ep_plan->ex_kind == EXPECT_DETECT)
            otherwise += ep->ep_plan->ex_points;
    }
    settle_event(run, TRUE, EXPECT_PREVENT, given ? given : otherwise,
                 daemon_now(daemon_of(run)), 0, NULL);
}

/* ---- the cleanup ---- */

static void on_compared(Daemon *d, gpointer data)
{
    Run *run = data;

    (void)d;
    run->ru_clean = TRUE;
    settled_step(run->ru_injects);
}

/* Last of all: what of it is still there. */
static void compare(Run *run)
{
    residue_after(daemon_of(run)->dm_residue, run->ru_plan->in_index, run->ru_seq,
                  on_compared, run);
}

static void on_cleaned(Daemon *d, CheckStatus status, gint64 dur_us, const char *text,
                       gpointer data)
{
    Run *run = data;

    (void)d;
    (void)dur_us;
    if (status == CHECK_UP)
        run_event(
            run, "note/1", "parryd", run->ru_seq,
            json_pack("{s:s}", "text", "the effect is still there after the cleanup"));
    else if (!run->ru_gone_seq && run->ru_succeeded)
        run_event(run, "effect.gone/1", "parryd", run->ru_seq,
                  json_pack("{s:s, s:s}", "by", "cleanup", "text", text ? text : ""));
    compare(run);
}

/* Where nothing tells whether there is an effect, nothing tells that it is gone. */
static void cleaned_up(Run *run)
{
    if (run->ru_plan->in_effect_kind) {
        effect_check(run, on_cleaned);
        return;
    }
    compare(run);
}

static void on_cleanup_done(Daemon *d, const Order *order, gpointer data)
{
    (void)d;
    (void)order; /* its own events tell how it went; the effect check decides */
    cleaned_up(data);
}

static void clean_up(Run *run)
{
    const PlanInject *plan = run->ru_plan;
    OrderSpec spec = {
        .os_host = plan->in_from,
        .os_purpose = "cleanup",
        .os_title = plan->in_id,
        .os_script = plan->in_cleanup,
        .os_limits = &plan->in_limits,
        .os_user = plan->in_user,
        .os_env = plan->in_env,
        .os_timeout_us = CLEANUP_TIMEOUT_US,
        .os_ref = run->ru_seq,
        .os_done = on_cleanup_done,
        .os_data = run,
    };

    orders_run(daemon_of(run)->dm_orders, &spec);
}

/* The steps of a chain stand one behind another in the plan. */
static Run *chain_step(const Run *run, int away)
{
    const Injects *injects = run->ru_injects;
    int at = run->ru_plan->in_index + away;
    const char *dot = strchr(run->ru_plan->in_name, '.');

    if (!dot || at < 0 || at >= (int)injects->ij_count)
        return NULL;
    Run *other = &injects->ij_runs[at];
    gsize len = (gsize)(dot - run->ru_plan->in_name) + 1;
    return other->ru_plan->in_team == run->ru_plan->in_team &&
                   !strncmp(other->ru_plan->in_name, run->ru_plan->in_name, len)
               ? other
               : NULL;
}

/* The next step may rest on what this one left: it is cleared away after that one. */
static gboolean is_needed(const Run *run)
{
    const Run *next = chain_step(run, 1);

    return next && run->ru_succeeded && !next->ru_cleaning;
}

/* Runs once the windows are closed, so that a cleanup never takes a defender's points;
 * and also after a containment: what the attack left elsewhere (a tool, its loot) is
 * Parry's to clear. */
static void due_cleanup(Daemon *d, gpointer data)
{
    (void)d;
    cleanup_if_settled(data);
}

void cleanup_if_settled(Run *run)
{
    const PlanInject *plan = run->ru_plan;
    int held;

    if (!run->ru_state || run->ru_cleaning || run->ru_looking || any_looked_at(run) ||
        expects_any(run, EXPECT_DETECT, EP_OPEN) || is_needed(run))
        return;
    if (plan->in_kind == INJECT_ATTACK && (held = run_held_team(run)) >= 0) {
        holding_wait(daemon_of(run), FALSE, held, 0, 0, due_cleanup, run);
        return;
    }
    Run *before = chain_step(run, -1);
    run->ru_cleaning = TRUE;
    if (plan->in_kind != INJECT_ATTACK || run->ru_exec_us < 0) {
        run->ru_clean = TRUE;
        settled_step(run->ru_injects);
    } else if (plan->in_cleanup && !run->ru_undone) {
        clean_up(run);
    } else {
        cleaned_up(run);
    }
    if (before)
        cleanup_if_settled(before);
}

/* ---- looking ---- */

static gint64 note_gone(Run *run, const char *text)
{
    if (!run->ru_gone_seq)
        run->ru_gone_seq =
            run_event(run, "effect.gone/1", "parryd", run->ru_seq,
                      json_pack("{s:s, s:s}", "by", "team", "text", text ? text : ""));
    return run->ru_gone_seq;
}

/* What a look found that a later one counts on: it outlives the daemon. */
static void note_look(const Expectation *ep, gboolean well)
{
    run_event(ep->ep_run, "expect.look/1", "parryd", ep->ep_run->ru_seq,
              json_pack("{s:s, s:i, s:b}", "expect",
                        plan_expect_name(ep->ep_plan->ex_kind), "index",
                        (int)ep->ep_index, "well", well));
}

static void judge_contain(Expectation *ep, gboolean good, const char *text)
{
    if (good)
        settle(ep, TRUE, note_gone(ep->ep_run, text));
    else if (ep->ep_closing)
        settle(ep, FALSE, 0);
}

/* Well at the end, whatever came between: its time is that from which on it stayed so. */
static void judge_eradicate(Expectation *ep, gboolean good, const char *text)
{
    gint64 seq = good ? note_gone(ep->ep_run, text) : 0;

    if (good != (ep->ep_good_us >= 0)) {
        ep->ep_good_us = good ? daemon_now(daemon_of(ep->ep_run)) : -1;
        note_look(ep, good);
    }
    if (ep->ep_closing)
        settle_at(ep, good, good ? ep->ep_good_us : daemon_now(daemon_of(ep->ep_run)),
                  seq);
}

/* Back after it was away; or, when the time is over, never away. */
static void judge_recover(Expectation *ep, CheckStatus status, gint64 ref)
{
    if (status != CHECK_UP && status != CHECK_UNCHECKED && !ep->ep_fell) {
        ep->ep_fell = TRUE;
        note_look(ep, FALSE);
    }
    if (status == CHECK_UP && (ep->ep_fell || ep->ep_closing))
        settle(ep, TRUE, ref);
    else if (ep->ep_closing)
        settle(ep, FALSE, 0);
}

static void judge(Expectation *ep, CheckStatus status, const char *text)
{
    if (ep->ep_state != EP_OPEN)
        return;
    if (ep->ep_plan->ex_kind == EXPECT_RECOVER)
        judge_recover(ep, status, 0);
    else if (ep->ep_plan->ex_kind == EXPECT_ERADICATE)
        judge_eradicate(ep, ep->ep_run->ru_gone && status == CHECK_UP, text);
    else
        judge_contain(ep, ep->ep_run->ru_gone && status == CHECK_UP, text);
}

static void look_end(Run *run)
{
    run->ru_looking = FALSE;
    if (run->ru_again)
        expects_look(run);
    cleanup_if_settled(run);
}

static void due_asked(Daemon *d, gpointer data)
{
    (void)d;
    expects_look(data);
}

/* A look in which the team was held says nothing: it is made again. */
static gboolean look_spoilt(Daemon *d, Run *run)
{
    if (!holding_since(d, run->ru_plan->in_team, run->ru_look_us))
        return FALSE;
    run->ru_looking = FALSE;
    holding_due(d, FALSE, run->ru_plan->in_team, daemon_now(d), 0, due_asked, run);
    return TRUE;
}

static void on_look_check(Daemon *d, CheckStatus status, const char *text, gpointer data)
{
    Run *run = data;

    if (look_spoilt(d, run))
        return;
    judge(&run->ru_expect[run->ru_at], status, text);
    look_next(run, run->ru_at + 1);
}

static void look_next(Run *run, guint from)
{
    for (guint i = from; i < run->ru_n_expect; i++) {
        Expectation *ep = &run->ru_expect[i];
        if (ep->ep_state != EP_OPEN || !is_looked_at(ep))
            continue;
        if ((wants_gone(ep) && !run->ru_gone) || ep->ep_plan->ex_check < 0) {
            judge(ep, CHECK_UP, "");
            continue;
        }
        run->ru_at = i;
        checks_verify(daemon_of(run)->dm_checks, ep->ep_plan->ex_check, on_look_check,
                      run);
        return;
    }
    look_end(run);
}

/* An effect that nobody can see is not an effect that is gone. */
static void on_look_effect(Daemon *d, CheckStatus status, gint64 dur_us, const char *text,
                           gpointer data)
{
    Run *run = data;
    gboolean seen = hosts_heard(d->dm_hosts, run->ru_plan->in_effect_host) &&
                    status != CHECK_UNCHECKED;

    (void)dur_us;
    if (look_spoilt(d, run))
        return;
    run->ru_gone = seen && status != CHECK_UP;
    if (status == CHECK_UP && run->ru_gone_seq) {
        run->ru_gone_seq = 0; /* it came back */
        run_event(run, "effect.seen/1", "parryd", run->ru_seq,
                  json_pack("{s:s}", "text", text ? text : ""));
    }
    look_next(run, 0);
}

void expects_look(Run *run)
{
    Daemon *d = daemon_of(run);
    gboolean gone = FALSE;

    if (!any_looked_at(run))
        return;
    if (run->ru_looking) {
        run->ru_again = TRUE;
        return;
    }
    if (holding_wait(d, FALSE, run->ru_plan->in_team, daemon_now(d), 0, due_asked, run))
        return;
    run->ru_looking = TRUE;
    run->ru_look_us = daemon_now(d);
    run->ru_again = FALSE;
    for (guint i = 0; i < run->ru_n_expect; i++) {
        Expectation *ep = &run->ru_expect[i];
        ep->ep_closing = ep->ep_due;
        gone = gone || (ep->ep_state == EP_OPEN && wants_gone(ep));
    }
    if (gone && run->ru_plan->in_effect_kind) {
        effect_check(run, on_look_effect);
    } else {
        run->ru_gone = TRUE; /* the checks alone tell */
        look_next(run, 0);
    }
}

static void due_look(Daemon *d, gpointer data)
{
    Run *run = data;

    if (!any_looked_at(run) ||
        holding_wait(d, FALSE, run->ru_plan->in_team, daemon_now(d), 0, due_look, run))
        return;
    expects_look(run);
    director_due(d->dm_director, daemon_now(d) + LOOK_EVERY_US, due_look, run);
}

/* ---- opening and closing ---- */

static void due_close(Daemon *d, gpointer data)
{
    Expectation *ep = data;
    const Run *run = ep->ep_run;

    if (ep->ep_state != EP_OPEN ||
        holding_wait(d, TRUE, run->ru_plan->in_team, run->ru_exec_us,
                     ep->ep_plan->ex_within_us, due_close, ep))
        return;
    ep->ep_due = TRUE;
    if (is_looked_at(ep)) {
        expects_look(ep->ep_run);
        return;
    }
    settle(ep, FALSE, 0);
    cleanup_if_settled(ep->ep_run);
}

void expects_executed(Run *run)
{
    for (guint i = 0; i < run->ru_n_expect; i++)
        if (run->ru_expect[i].ep_plan->ex_kind == EXPECT_DETECT &&
            run->ru_expect[i].ep_state == EP_SHUT)
            run->ru_expect[i].ep_state = EP_OPEN;
}

gboolean expect_opens(const Expectation *ep)
{
    PlanExpectKind kind = ep->ep_plan->ex_kind;

    return kind == EXPECT_DETECT || kind == EXPECT_ANSWER || is_looked_at(ep);
}

static void arm(Expectation *ep)
{
    const Run *run = ep->ep_run;

    holding_due(daemon_of(run), TRUE, run->ru_plan->in_team, run->ru_exec_us,
                ep->ep_plan->ex_within_us, due_close, ep);
}

static void open_one(Expectation *ep)
{

    /* A report may have come while the effect was still being looked for. */
    if (ep->ep_plan->ex_kind == EXPECT_DETECT && ep->ep_state != EP_OPEN)
        return;
    if (!expect_opens(ep))
        return;
    ep->ep_state = EP_OPEN;
    arm(ep);
}

void expects_open(Run *run)
{
    Daemon *d = daemon_of(run);

    for (guint i = 0; i < run->ru_n_expect; i++)
        open_one(&run->ru_expect[i]);
    if (expects_any(run, EXPECT_RECOVER, EP_OPEN))
        expects_look(run); /* is the service away? */
    if (!d->dm_rehearsal && any_looked_at(run))
        director_due(d->dm_director, daemon_now(d) + LOOK_EVERY_US, due_look, run);
}

void expects_shut(Run *run)
{
    for (guint i = 0; i < run->ru_n_expect; i++)
        if (run->ru_expect[i].ep_state == EP_OPEN)
            run->ru_expect[i].ep_state = EP_SHUT;
}

void expects_void(Run *run, gint64 ref)
{
    for (guint i = 0; i < run->ru_n_expect; i++) {
        Expectation *ep = &run->ru_expect[i];

        if (ep->ep_state != EP_OPEN || !wants_gone(ep))
            continue;
        ep->ep_state = EP_SHUT;
        run_event(run, "expect.voided/1", "parryd", ref,
                  json_pack("{s:s, s:i}", "expect",
                            plan_expect_name(ep->ep_plan->ex_kind), "index",
                            (int)ep->ep_index));
    }
    cleanup_if_settled(run);
}

void expects_close(Run *run)
{
    for (guint i = 0; i < run->ru_n_expect; i++) {
        Expectation *ep = &run->ru_expect[i];
        ep->ep_due = TRUE;
        if (ep->ep_state == EP_OPEN && !is_looked_at(ep))
            settle(ep, FALSE, 0);
    }
    expects_look(run);
}

/* Its windows close at their times again; what their looks would have told is looked at
 * once more, and a cleanup that had begun goes on. */
void expects_rejoin(Run *run)
{
    Daemon *d = daemon_of(run);

    for (guint i = 0; i < run->ru_n_expect; i++)
        if (run->ru_expect[i].ep_state != EP_SHUT && expect_opens(&run->ru_expect[i]))
            arm(&run->ru_expect[i]); /* of what is settled too: a leap ends there */
    if (any_looked_at(run) && !d->dm_rehearsal)
        director_due(d->dm_director, daemon_now(d), due_look, run);
    else if (expects_any(run, EXPECT_RECOVER, EP_OPEN))
        expects_look(run);
    if (run->ru_cleanup_open)
        clean_up(run);
    else if (run->ru_cleaning && !run->ru_clean && run->ru_looked)
        compare(run);
    else if (run->ru_cleaning && !run->ru_clean)
        cleaned_up(run);
}

/* ---- rounds of checks ---- */

void expects_fell(Run *run)
{
    for (guint i = 0; i < run->ru_n_expect; i++) {
        Expectation *ep = &run->ru_expect[i];
        if (ep->ep_state != EP_OPEN || ep->ep_plan->ex_kind != EXPECT_RECOVER)
            continue;
        const LedgerCheck *check =
            ledger_check(daemon_of(run)->dm_ledger, ep->ep_plan->ex_check);
        ep->ep_fell = ep->ep_fell ||
                      (check->lc_seq > run->ru_exec_seq && check->lc_status != CHECK_UP &&
                       check->lc_status != CHECK_UNCHECKED);
    }
}

void expects_checked(Run *run)
{
    const Daemon *d = daemon_of(run);

    for (guint i = 0; i < run->ru_n_expect; i++) {
        Expectation *ep = &run->ru_expect[i];
        if (ep->ep_state != EP_OPEN || ep->ep_plan->ex_kind != EXPECT_RECOVER)
            continue;
        const LedgerCheck *check = ledger_check(d->dm_ledger, ep->ep_plan->ex_check);
        if (check->lc_seq <= run->ru_exec_seq)
            continue; /* it looked before the attack */
        if (check->lc_status != CHECK_UP && check->lc_status != CHECK_UNCHECKED)
            ep->ep_fell = TRUE;
        else if (check->lc_status == CHECK_UP && ep->ep_fell)
            settle(ep, TRUE, check->lc_seq);
    }
    cleanup_if_settled(run);
}

gboolean expects_watch(const Run *run, int check)
{
    for (guint i = 0; i < run->ru_n_expect; i++)
        if (run->ru_expect[i].ep_state == EP_OPEN &&
            run->ru_expect[i].ep_plan->ex_kind == EXPECT_RECOVER &&
            run->ru_expect[i].ep_plan->ex_check == check)
            return TRUE;
    return FALSE;
}
