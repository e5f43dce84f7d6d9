/*
 * Until an inject begins: its trigger, white's approval, windows in which nothing begins,
 * and the others that it goes together with. It may also expire, be cancelled, or still
 * wait when the drill ends.
 */
#include "orchestrator/daemon/inject_priv.h"

#include "orchestrator/daemon/conditions.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/holding.h"
#include "scenarios/base/duration.h"
#include "scenarios/plan_windows.h"

#include <string.h>

static void proceed(Run *run);

static Daemon *daemon_of(const Run *run)
{
    return run->ru_injects->ij_daemon;
}

/* Begun, or never to begin. */
static gboolean is_past(const Run *run)
{
    return run->ru_seq || run->ru_state;
}

static void due_proceed(Daemon *d, gpointer data)
{
    (void)d;
    proceed(data);
}

/* ---- held teams ---- */

int run_held_team(const Run *run)
{
    const Daemon *d = daemon_of(run);
    const PlanInject *plan = run->ru_plan;
    int teams[] = {plan->in_team, -1, -1};

    if (plan->in_kind == INJECT_ATTACK) {
        teams[1] = plan->in_by;
        teams[2] =
            plan->in_from >= 0 ? plan_host(d->dm_plan, plan->in_from)->ph_team : -1;
    }
    for (guint i = 0; i < G_N_ELEMENTS(teams); i++)
        if (holding_team(d, teams[i]))
            return teams[i];
    return -1;
}

/* ---- those that go together ---- */

static gboolean is_like(const Run *run, const Run *other)
{
    return other->ru_plan->in_together &&
           strcmp(run->ru_plan->in_name, other->ru_plan->in_name) == 0;
}

static gboolean may_begin(const Run *run)
{
    return run->ru_triggered && run->ru_due_us <= daemon_now(daemon_of(run)) &&
           (run->ru_approved || !run->ru_plan->in_hold);
}

static gboolean others_ready(const Run *run)
{
    const Injects *injects = run->ru_injects;

    for (guint i = 0; i < injects->ij_count; i++) {
        const Run *other = &injects->ij_runs[i];
        /* One whose team is held comes later by itself. */
        if (is_like(run, other) && !is_past(other) && !may_begin(other) &&
            run_held_team(other) < 0)
            return FALSE;
    }
    return TRUE;
}

static void begin_together(Run *run)
{
    Injects *injects = run->ru_injects;

    /* One turn of the loop, one commit: their orders leave side by side. */
    for (guint i = 0; i < injects->ij_count; i++)
        if (is_like(run, &injects->ij_runs[i]) && !is_past(&injects->ij_runs[i]) &&
            run_held_team(&injects->ij_runs[i]) < 0)
            run_begin(&injects->ij_runs[i]);
}

/* Between the first and the last execution of those that went together, once all that
 * began have executed or come to an end. */
static void measure_skew(Run *run)
{
    Injects *injects = run->ru_injects;
    gint64 first = G_MAXINT64, last = -1;
    guint n = 0;

    for (guint i = 0; i < injects->ij_count; i++) {
        const Run *other = &injects->ij_runs[i];
        if (!is_like(run, other) || (!is_past(other) && run_held_team(other) >= 0))
            continue;
        if (other->ru_skewed || (other->ru_exec_us < 0 && !other->ru_state))
            return;
        if (other->ru_exec_us < 0)
            continue;
        first = MIN(first, other->ru_exec_us);
        last = MAX(last, other->ru_exec_us);
        n++;
    }
    if (n < 2)
        return;
    for (guint i = 0; i < injects->ij_count; i++)
        injects->ij_runs[i].ru_skewed |= is_like(run, &injects->ij_runs[i]);
    daemon_event(daemon_of(run), "inject.skew/1", "parryd", -1, -1, 0,
                 json_pack("{s:s, s:I, s:I, s:I, s:I}", "name", run->ru_plan->in_name,
                           "n", (json_int_t)n, "first", (json_int_t)first, "last",
                           (json_int_t)last, "skew_us", (json_int_t)(last - first)));
}

void together_moved(Run *run)
{
    Injects *injects = run->ru_injects;

    if (!run->ru_plan->in_together || injects->ij_over)
        return;
    measure_skew(run);
    if (run->ru_seq)
        return;
    for (guint i = 0; i < injects->ij_count; i++) {
        Run *other = &injects->ij_runs[i];
        if (is_like(run, other) && !is_past(other) && may_begin(other)) {
            director_due(daemon_of(run)->dm_director, daemon_now(daemon_of(run)),
                         due_proceed, other);
            return;
        }
    }
}

/* ---- waiting ---- */

/* until_us: -1 where nobody knows. */
static void hold(Run *run, const char *why, gint64 until_us)
{
    json_t *body;

    if (run->ru_held && strcmp(run->ru_held, why) == 0)
        return;
    run->ru_held = why;
    run->ru_held_us = daemon_now(daemon_of(run));
    body = json_pack("{s:s}", "why", why);
    if (until_us >= 0)
        json_object_set_new(body, "until", json_integer(until_us));
    run_event(run, "inject.held/1", "parryd", 0, body);
}

/* Nobody is there to approve anything in a rehearsal: it stands in for white. */
static gboolean approved(Run *run)
{
    if (!run->ru_approved && daemon_of(run)->dm_rehearsal) {
        run->ru_approved = TRUE;
        run_event(run, "inject.approved/1", "script:white", 0, json_object());
    }
    return run->ru_approved;
}

static gboolean is_late(const Run *run)
{
    const Daemon *d = daemon_of(run);
    gint64 expires = run->ru_plan->in_expires_us, now = daemon_now(d);

    return expires > 0 && run->ru_triggered &&
           now - holding_within(d, run->ru_plan->in_team, run->ru_due_us, now) >=
               run->ru_due_us + expires;
}

static const char *held_words(const Run *run)
{
    if (!run->ru_held)
        return "its time had passed";
    if (strcmp(run->ru_held, "approval") == 0)
        return "nobody approved it";
    if (strcmp(run->ru_held, "scope") == 0)
        return "the scope let no attack begin";
    if (strcmp(run->ru_held, "team-held") == 0)
        return "its team was held";
    return strcmp(run->ru_held, "quiet") == 0
               ? "a window was open in which nothing begins"
               : "others of its name were not ready";
}

static void expire(Run *run)
{
    g_autofree char *after = duration_text(run->ru_plan->in_expires_us);
    g_autofree char *reason =
        g_strdup_printf("%s within %s of its time", held_words(run), after);

    run_end(run, "parryd", "expired", run->ru_held ? reason : held_words(run));
}

static void due_expired(Daemon *d, gpointer data)
{
    Run *run = data;

    if (!is_past(run) && !holding_wait(d, FALSE, run->ru_plan->in_team, run->ru_due_us,
                                       run->ru_plan->in_expires_us, due_expired, run))
        expire(run);
}

/* One of the two may end where the other begins. */
gint64 trigger_open_from(const Run *run, gint64 at_us, const char **why)
{
    const Plan *plan = daemon_of(run)->dm_plan;
    gboolean attack = run->ru_plan->in_kind == INJECT_ATTACK;

    for (;;) {
        gint64 quiet = plan_quiet_until(plan, at_us);
        gint64 scope = attack ? plan_scope_from(plan, quiet) : quiet;

        if (quiet > at_us)
            *why = "quiet";
        if (scope != quiet)
            *why = "scope";
        if (scope < 0 || scope == at_us)
            return scope;
        at_us = scope;
    }
}

/* Its time has come: begins it, unless there is something to wait for. */
static void proceed(Run *run)
{
    Daemon *d = daemon_of(run);
    const char *why = "quiet";
    gint64 now = daemon_now(d), open = trigger_open_from(run, now, &why);

    if (is_past(run) || !run->ru_triggered || run->ru_due_us > daemon_now(d) ||
        run->ru_injects->ij_over)
        return;
    int held = run_held_team(run);
    if (held >= 0) {
        hold(run, "team-held", -1);
        holding_wait(d, FALSE, held, now, 0, due_proceed, run);
    } else if (is_late(run)) {
        expire(run);
    } else if (run->ru_plan->in_hold && !approved(run)) {
        hold(run, "approval", -1);
    } else if (open != now) {
        hold(run, why, open);
        if (open >= 0)
            director_due(d->dm_director, open, due_proceed, run);
    } else if (!run->ru_plan->in_together) {
        run_begin(run);
    } else if (others_ready(run)) {
        begin_together(run);
    } else {
        hold(run, "together", -1);
    }
}

/* ---- triggers ---- */

void trigger_due(Run *run, gint64 at_us)
{
    Daemon *d = daemon_of(run);

    run->ru_triggered = TRUE;
    run->ru_due_us = at_us;
    director_due(d->dm_director, at_us, due_proceed, run);
    if (run->ru_plan->in_expires_us > 0)
        director_due(d->dm_director, at_us + run->ru_plan->in_expires_us, due_expired,
                     run);
}

/* One that is not the timetable's is told, with what brought it. */
static void trigger_told(Run *run, const char *actor, const char *by, gint64 ref)
{
    gint64 at_us = daemon_now(daemon_of(run)) + run->ru_plan->in_delay_us;
    json_t *body = json_pack("{s:s, s:I}", "trigger", by, "at", (json_int_t)at_us);

    run_event(run, "inject.due/1", actor, ref, body);
    trigger_due(run, at_us);
}

void trigger_arm(Run *run)
{
    run->ru_asked_us = -1;
    if (run->ru_plan->in_trigger == TRIGGER_AT)
        trigger_due(run, run->ru_plan->in_at_us);
}

static void look_after(Run *run)
{
    const Run *before = &run->ru_injects->ij_runs[run->ru_plan->in_after];

    if (run_outcome(before, run->ru_plan->in_outcome))
        trigger_told(run, "parryd", "after", before->ru_end_seq);
}

static void due_ask(Daemon *d, gpointer data);

static void look_when(Run *run)
{
    Daemon *d = daemon_of(run);
    gint64 again = G_MAXINT64;

    if (condition_true(d, run->ru_plan->in_when, run->ru_plan->in_team, &again)) {
        trigger_told(run, "parryd", "when", 0);
    } else if (again != G_MAXINT64 && again != run->ru_asked_us) {
        run->ru_asked_us = again;
        director_due(d->dm_director, again, due_ask, run);
    }
}

static void due_ask(Daemon *d, gpointer data)
{
    Run *run = data;

    if (run->ru_triggered || is_past(run) || run->ru_asked_us > daemon_now(d))
        return;
    run->ru_asked_us = -1;
    look_when(run);
}

void triggers_look(Injects *injects)
{
    unsigned touched = injects->ij_touched;

    if (!touched || injects->ij_over || injects->ij_daemon->dm_state != DRILL_RUNNING)
        return; /* what came while it stood still is kept */
    injects->ij_touched = 0;
    for (guint i = 0; i < injects->ij_count; i++) {
        Run *run = &injects->ij_runs[i];
        if (run->ru_triggered || is_past(run))
            continue;
        if (run->ru_plan->in_trigger == TRIGGER_AFTER && (touched & NEEDS_INJECTS))
            look_after(run);
        else if (run->ru_plan->in_trigger == TRIGGER_WHEN &&
                 (touched == NEEDS_ANY ||
                  (touched & condition_needs(run->ru_plan->in_when))))
            look_when(run);
    }
}

gboolean triggers_watch(const Injects *injects, int check)
{
    for (guint i = 0; i < injects->ij_count; i++) {
        const Run *run = &injects->ij_runs[i];
        if (run->ru_plan->in_trigger == TRIGGER_WHEN && !run->ru_triggered &&
            !is_past(run) && condition_watches(run->ru_plan->in_when, check))
            return TRUE;
    }
    return FALSE;
}

/* ---- white's word ---- */

G_DEFINE_QUARK(parry - injects - error - quark, injects_error)

/* Why the word cannot be done to it now; NULL: it can. */
static const char *refused(const Run *run, InjectsWord word)
{
    if (run->ru_state)
        return "it has ended";
    if (run->ru_seq && !(word == WORD_CANCEL && run->ru_waiting))
        return "it has begun";
    if (run->ru_injects->ij_over)
        return "the drill has ended";
    if (word == WORD_FIRE && run->ru_plan->in_trigger != TRIGGER_MANUAL)
        return "it is not manual: its trigger stands in the scenario";
    if (word == WORD_FIRE && run->ru_triggered)
        return "it was fired before";
    if (word == WORD_APPROVE && !run->ru_plan->in_hold)
        return "it needs no approval";
    if (word == WORD_APPROVE && run->ru_approved)
        return "it was approved before";
    return NULL;
}

static json_t *said_by(const char *by)
{
    json_t *body = json_object();

    if (by && *by)
        json_object_set_new(body, "by", json_string(by));
    return body;
}

static void fire(Run *run, const char *actor, const char *by)
{
    gint64 now = daemon_now(daemon_of(run));
    json_t *body = said_by(by);

    json_object_set_new(body, "trigger", json_string("manual"));
    json_object_set_new(body, "at", json_integer(now));
    run_event(run, "inject.due/1", actor, 0, body);
    trigger_due(run, now);
}

static void approve(Run *run, const char *actor, const char *by)
{
    Daemon *d = daemon_of(run);

    run->ru_approved = TRUE;
    run_event(run, "inject.approved/1", actor, 0, said_by(by));
    if (run->ru_triggered)
        director_due(d->dm_director, daemon_now(d), due_proceed, run);
}

static void cancel(Run *run, const char *actor, const char *by, const char *reason)
{
    g_autofree char *words =
        by && *by ? g_strdup_printf("%s: %s", by, reason ? reason : "cancelled")
                  : g_strdup(reason ? reason : "cancelled by white");

    run->ru_waiting = FALSE; /* no further attempt */
    expects_shut(run);
    run_end(run, actor, "cancelled", words);
    cleanup_if_settled(run);
}

static void speak(Run *run, InjectsWord word, const char *actor, const char *by,
                  const char *reason)
{
    if (word == WORD_FIRE)
        fire(run, actor, by);
    else if (word == WORD_APPROVE)
        approve(run, actor, by);
    else
        cancel(run, actor, by, reason);
}

/* The steps of a chain are named after it: "deface.1". */
static gboolean is_named(const Run *run, const char *name, int team)
{
    const PlanInject *plan = run->ru_plan;
    gsize len = strlen(name);

    if (strcmp(plan->in_id, name) == 0)
        return TRUE;
    return strncmp(plan->in_name, name, len) == 0 &&
           (plan->in_name[len] == '\0' || plan->in_name[len] == '.') &&
           (team < 0 || plan->in_team == team);
}

guint injects_word(Injects *injects, InjectsWord word, const char *name, int team,
                   const char *actor, const char *by, const char *reason, GError **error)
{
    const char *why = NULL;
    guint done = 0, known = 0;

    for (guint i = 0; i < injects->ij_count; i++) {
        Run *run = &injects->ij_runs[i];
        if (!is_named(run, name, team))
            continue;
        known++;
        why = refused(run, word);
        if (why)
            continue;
        speak(run, word, actor, by, reason);
        done++;
    }
    if (!known)
        g_set_error(error, INJECTS_ERROR, INJECTS_ERROR_UNKNOWN,
                    "no inject \"%s\"%s%s; `parry plan` lists them", name,
                    team >= 0 ? " for " : "",
                    team >= 0 ? plan_team(injects->ij_daemon->dm_plan, team)->pt_id : "");
    else if (!done)
        g_set_error(error, INJECTS_ERROR, INJECTS_ERROR_STATE, "inject %s: %s", name,
                    why);
    return done;
}

/* ---- what waits ---- */

static const char *waits_for(const Run *run)
{
    if (run->ru_waiting)
        return "retry";
    if (is_past(run))
        return NULL;
    if (run->ru_plan->in_trigger == TRIGGER_MANUAL && !run->ru_triggered)
        return "manual";
    return run->ru_held;
}

static gint64 waits_until(const Run *run, const char *why)
{
    const Plan *plan = daemon_of(run)->dm_plan;

    if (strcmp(why, "quiet") == 0)
        return plan_quiet_until(plan, run->ru_held_us);
    if (strcmp(why, "scope") == 0)
        return plan_scope_from(plan, run->ru_held_us);
    return run->ru_plan->in_expires_us > 0 && run->ru_triggered
               ? run->ru_due_us + run->ru_plan->in_expires_us
               : -1;
}

json_t *injects_waiting(const Injects *injects)
{
    json_t *list = json_array();

    for (guint i = 0; i < injects->ij_count && !injects->ij_over; i++) {
        const Run *run = &injects->ij_runs[i];
        const PlanInject *plan = run->ru_plan;
        const char *why = waits_for(run);
        if (!why)
            continue;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "inject", plan->in_id,
                            "name", plan->in_name, "team",
                            plan_team(injects->ij_daemon->dm_plan, plan->in_team)->pt_id,
                            "why", why, "since_us", (json_int_t)run->ru_held_us,
                            "until_us", (json_int_t)waits_until(run, why)));
    }
    return list;
}

/* ---- the end ---- */

static char *over_reason(const Run *run)
{
    static const char *const outcomes[] = {
        [OUTCOME_COMPLETION] = "did not end before",
        [OUTCOME_SUCCESS] = "did not succeed",
        [OUTCOME_FAILURE] = "did not fail",
        [OUTCOME_EXPIRY] = "did not expire",
    };
    const PlanInject *plan = run->ru_plan;
    const Plan *all = daemon_of(run)->dm_plan;

    if (run->ru_held)
        return g_strdup(held_words(run));
    if (run->ru_triggered || plan->in_trigger == TRIGGER_AT)
        return g_strdup("the drill ended before its time");
    if (plan->in_trigger == TRIGGER_MANUAL)
        return g_strdup("nobody fired it");
    if (plan->in_trigger == TRIGGER_AFTER)
        return g_strdup_printf("%s %s", plan_inject(all, plan->in_after)->in_id,
                               outcomes[plan->in_outcome]);
    return g_strdup("its condition did not come true");
}

void trigger_over(Run *run)
{
    g_autofree char *reason = NULL;

    if (is_past(run))
        return;
    reason = over_reason(run);
    run_end(run, "parryd", "not-run", reason);
}
