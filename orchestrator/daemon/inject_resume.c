/*
 * Injects of a drill that is taken up again: what the journal says of each, event by
 * event, and then what was under way is done on.
 *
 * What came to the journal in one commit stands there as a whole, so an inject is always
 * between two of its own steps: it waits for a time (which is put on the timeline again),
 * for an order (whose flight is taken up by its id), or for a look (which is made again:
 * looks change nothing).
 */
#include "orchestrator/daemon/inject_priv.h"

#include <string.h>

#define EXIT_BLOCKED 10

static gint64 body_int(const JournalEvent *event, const char *name, gint64 fallback)
{
    const json_t *value = json_object_get(event->ev_body, name);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static const char *body_text(const JournalEvent *event, const char *name)
{
    const char *text = json_string_value(json_object_get(event->ev_body, name));

    return text ? text : "";
}

/* ---- until it begins ---- */

static void fold_due(Run *run, const JournalEvent *event)
{
    trigger_due(run, body_int(event, "at", event->ev_clock_us));
}

static void fold_held(Run *run, const JournalEvent *event)
{
    run->ru_held = g_intern_string(body_text(event, "why"));
    run->ru_held_us = event->ev_clock_us;
}

static void fold_approved(Run *run, const JournalEvent *event)
{
    (void)event;
    run->ru_approved = TRUE;
}

/* ---- until its end ---- */

static void fold_wanted(Run *run, const JournalEvent *event)
{
    run->ru_seq = event->ev_seq;
    run->ru_held = NULL;
    run->ru_attempt = run->ru_plan->in_kind == INJECT_ATTACK;
}

static void open_again(Run *run, PlanExpectKind kind, gboolean only)
{
    for (guint i = 0; i < run->ru_n_expect; i++) {
        Expectation *ep = &run->ru_expect[i];
        if (ep->ep_state == EP_SHUT && (ep->ep_plan->ex_kind == kind) == only &&
            expect_opens(ep))
            ep->ep_state = EP_OPEN;
    }
}

static void fold_executed(Run *run, const JournalEvent *event)
{
    run->ru_started = TRUE;
    run->ru_exec_us = body_int(event, "at", event->ev_clock_us);
    run->ru_exec_seq = event->ev_seq;
    open_again(run, EXPECT_DETECT, TRUE);
}

static void fold_sent(Run *run, const JournalEvent *event)
{
    run->ru_exec_us = event->ev_clock_us;
}

static void fold_retry(Run *run, const JournalEvent *event)
{
    run->ru_attempt = (int)body_int(event, "attempt", run->ru_attempt);
    run->ru_waiting = TRUE;
    run->ru_lost += json_is_true(json_object_get(event->ev_body, "held"));
    run->ru_again_us = body_int(event, "again", event->ev_clock_us);
    run->ru_held_us = event->ev_clock_us;
    run->ru_ran = run->ru_exit == 0 || run->ru_exit == EXIT_BLOCKED;
}

static void fold_ended(Run *run, const JournalEvent *event)
{
    gboolean sent = strcmp(body_text(event, "state"), "sent") == 0;

    run->ru_state = g_intern_string(body_text(event, "state"));
    run->ru_end_seq = event->ev_seq;
    run->ru_waiting = FALSE;
    run->ru_succeeded = strcmp(run->ru_state, "succeeded") == 0;
    if (run->ru_succeeded || sent) {
        open_again(run, EXPECT_DETECT, sent);
        open_again(run, EXPECT_DETECT, FALSE);
    } else {
        expects_shut(run);
    }
}

/* ---- what is expected ---- */

static Expectation *expectation_of(Run *run, const JournalEvent *event)
{
    gint64 index = body_int(event, "index", -1);

    return index >= 0 && index < run->ru_n_expect ? &run->ru_expect[index] : NULL;
}

static void fold_settled(Run *run, const JournalEvent *event)
{
    Expectation *ep = expectation_of(run, event);

    if (ep)
        ep->ep_state = strcmp(event->ev_kind, "expect.met/1") == 0 ? EP_MET : EP_MISSED;
}

static void fold_voided(Run *run, const JournalEvent *event)
{
    Expectation *ep = expectation_of(run, event);

    if (ep)
        ep->ep_state = EP_SHUT;
}

static void fold_looked(Run *run, const JournalEvent *event)
{
    Expectation *ep = expectation_of(run, event);
    gboolean well = json_is_true(json_object_get(event->ev_body, "well"));

    if (!ep)
        return;
    ep->ep_good_us = well ? body_int(event, "at", event->ev_clock_us) : -1;
    ep->ep_fell = ep->ep_fell || !well;
}

static void fold_gone(Run *run, const JournalEvent *event)
{
    if (strcmp(body_text(event, "by"), "team") == 0)
        run->ru_gone_seq = event->ev_seq;
    else
        run->ru_cleaning = run->ru_looked = TRUE;
}

static void fold_seen(Run *run, const JournalEvent *event)
{
    (void)event;
    run->ru_gone_seq = 0;
}

static void fold_matched(Run *run, const JournalEvent *event)
{
    (void)event;
    run->ru_reported = TRUE;
}

/* The one note of an inject's own. */
static void fold_note(Run *run, const JournalEvent *event)
{
    (void)event;
    run->ru_cleaning = run->ru_looked = TRUE;
}

/* Last of all. */
static void fold_residue(Run *run, const JournalEvent *event)
{
    (void)event;
    run->ru_cleaning = run->ru_clean = TRUE;
}

static const struct {
    const char *fo_kind;
    void (*fo_fold)(Run *run, const JournalEvent *event);
} folds[] = {
    {"inject.due/1", fold_due},           {"inject.held/1", fold_held},
    {"inject.approved/1", fold_approved}, {"inject.wanted/1", fold_wanted},
    {"inject.executed/1", fold_executed}, {"message.sent/1", fold_sent},
    {"inject.retry/1", fold_retry},       {"inject.ended/1", fold_ended},
    {"expect.met/1", fold_settled},       {"expect.missed/1", fold_settled},
    {"expect.voided/1", fold_voided},     {"expect.look/1", fold_looked},
    {"effect.gone/1", fold_gone},         {"effect.seen/1", fold_seen},
    {"report.matched/1", fold_matched},   {"note/1", fold_note},
    {"residue/1", fold_residue},
};

/* ---- its orders ---- */

static Run *run_of_seq(Injects *injects, gint64 seq)
{
    for (guint i = 0; seq && i < injects->ij_count; i++)
        if (injects->ij_runs[i].ru_seq == seq)
            return &injects->ij_runs[i];
    return NULL;
}

static void fold_order(Injects *injects, const JournalEvent *event)
{
    const char *purpose = body_text(event, "purpose");
    Run *run = run_of_seq(injects, event->ev_ref);

    if (!run)
        return;
    if (strcmp(purpose, "attack") == 0) {
        run->ru_attempt += run->ru_waiting;
        run->ru_waiting = run->ru_started = FALSE;
        run->ru_attack_seq = event->ev_seq;
        run->ru_attack_open = TRUE;
        run->ru_exit = -1;
    } else if (strcmp(purpose, "cleanup") == 0) {
        run->ru_cleaning = TRUE;
        run->ru_cleanup_seq = event->ev_seq;
        run->ru_cleanup_open = TRUE;
    }
}

static void fold_order_end(Injects *injects, const JournalEvent *event)
{
    for (guint i = 0; i < injects->ij_count; i++) {
        Run *run = &injects->ij_runs[i];
        if (run->ru_attack_open && run->ru_attack_seq == event->ev_ref) {
            run->ru_attack_open = FALSE;
            run->ru_exit = strcmp(event->ev_kind, "order.done/1") == 0
                               ? (int)body_int(event, "exit", -1)
                               : -1;
        }
        if (run->ru_cleanup_open && run->ru_cleanup_seq == event->ev_ref)
            run->ru_cleanup_open = FALSE;
    }
}

static void fold_skew(Injects *injects, const JournalEvent *event)
{
    for (guint i = 0; i < injects->ij_count; i++)
        if (strcmp(injects->ij_runs[i].ru_plan->in_name, body_text(event, "name")) == 0)
            injects->ij_runs[i].ru_skewed = TRUE;
}

static void fold_run(Injects *injects, const JournalEvent *event)
{
    int index =
        plan_inject_index(injects->ij_daemon->dm_plan, body_text(event, "inject"));

    for (guint i = 0; index >= 0 && i < G_N_ELEMENTS(folds); i++)
        if (strcmp(event->ev_kind, folds[i].fo_kind) == 0)
            folds[i].fo_fold(&injects->ij_runs[index], event);
}

void injects_replay(Injects *injects, const JournalEvent *event)
{
    if (strcmp(event->ev_kind, "order.wanted/1") == 0)
        fold_order(injects, event);
    else if (orders_ends(event->ev_kind))
        fold_order_end(injects, event);
    else if (strcmp(event->ev_kind, "inject.skew/1") == 0)
        fold_skew(injects, event);
    else if (*body_text(event, "inject"))
        fold_run(injects, event);
    if (strcmp(event->ev_kind, "check.round/1") == 0)
        for (guint i = 0; i < injects->ij_count; i++)
            expects_fell(&injects->ij_runs[i]);
}

/* ---- and on ---- */

static void resume_run(Run *run)
{
    if (run->ru_seq && !run->ru_state)
        run_rejoin(run);
    else if (run->ru_state)
        expects_rejoin(run);
}

void injects_resume(Injects *injects)
{
    Daemon *d = injects->ij_daemon;

    injects->ij_touched = ~0u;
    for (guint i = 0; i < injects->ij_count; i++)
        resume_run(&injects->ij_runs[i]);
    if (d->dm_state != DRILL_RUNNING)
        return;
    /* What nobody waits for any more: a cleanup that was about to begin. */
    for (guint i = 0; i < injects->ij_count; i++)
        cleanup_if_settled(&injects->ij_runs[i]);
}
