#include "orchestrator/daemon/inject_priv.h"

#include "orchestrator/daemon/conditions.h"

#include <string.h>

gint64 run_event(Run *run, const char *kind, const char *actor, gint64 ref, json_t *body)
{
    const PlanInject *plan = run->ru_plan;

    json_object_set_new(body, "inject", json_string(plan->in_id));
    return daemon_event(run->ru_injects->ij_daemon, kind, actor, plan->in_team,
                        plan->in_host, ref, body);
}

/* ---- what it came to ---- */

static gboolean attack_outcome(const Run *run, gboolean success)
{
    static const char *const failures[] = {"blocked", "failed", NULL};

    return success ? run->ru_succeeded
                   : run->ru_state && g_strv_contains(failures, run->ru_state);
}

/* One of which no answer is asked has done what it is for when it is sent. */
static gboolean message_outcome(const Run *run, gboolean success)
{
    if (!expects_first(run->ru_plan, EXPECT_ANSWER))
        return success && run->ru_exec_us >= 0;
    if (success)
        return expects_any(run, EXPECT_ANSWER, EP_MET);
    return expects_any(run, EXPECT_ANSWER, EP_MISSED) &&
           !expects_any(run, EXPECT_ANSWER, EP_MET) &&
           !expects_any(run, EXPECT_ANSWER, EP_OPEN);
}

gboolean run_outcome(const Run *run, PlanOutcome outcome)
{
    if (outcome == OUTCOME_COMPLETION)
        return run->ru_state != NULL;
    if (outcome == OUTCOME_EXPIRY)
        return g_strcmp0(run->ru_state, "expired") == 0;
    return run->ru_plan->in_kind == INJECT_MESSAGE
               ? message_outcome(run, outcome == OUTCOME_SUCCESS)
               : attack_outcome(run, outcome == OUTCOME_SUCCESS);
}

gboolean injects_outcome(const Injects *injects, int inject, PlanOutcome outcome)
{
    return run_outcome(&injects->ij_runs[inject], outcome);
}

gboolean injects_reported(const Injects *injects, int inject)
{
    return injects->ij_runs[inject].ru_reported;
}

gint64 injects_executed_us(const Injects *injects, int inject)
{
    return injects->ij_runs[inject].ru_exec_us;
}

void injects_verify(Injects *injects, int inject)
{
    expects_look(&injects->ij_runs[inject]);
}

/* ---- events ---- */

void injects_on_event(Injects *injects, const JournalEvent *event)
{
    injects->ij_touched |= condition_touched(event->ev_kind);
}

void injects_committed(Injects *injects)
{
    if (injects->ij_touched & NEEDS_CHECKS)
        for (guint i = 0; i < injects->ij_count; i++)
            if (expects_any(&injects->ij_runs[i], EXPECT_RECOVER, EP_OPEN))
                expects_checked(&injects->ij_runs[i]);
    triggers_look(injects);
}

gboolean injects_watch(const Injects *injects, int check)
{
    for (guint i = 0; i < injects->ij_count; i++)
        if (expects_watch(&injects->ij_runs[i], check))
            return TRUE;
    return triggers_watch(injects, check);
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
        run->ru_exec_us = run->ru_exit = -1;
        expects_new(run);
        trigger_arm(run);
    }
    return injects;
}

void injects_free(Injects *injects)
{
    if (!injects)
        return;
    for (guint i = 0; i < injects->ij_count; i++)
        g_free(injects->ij_runs[i].ru_expect);
    g_free(injects->ij_runs);
    g_free(injects);
}

void settled_step(Injects *injects)
{
    if (!injects->ij_settled)
        return;
    for (guint i = 0; i < injects->ij_count; i++) {
        const Run *run = &injects->ij_runs[i];
        if (run->ru_seq && (!run->ru_state || !run->ru_clean))
            return;
    }
    InjectsSettled done = injects->ij_settled;
    injects->ij_settled = NULL;
    done(injects->ij_daemon, injects->ij_settled_data);
}

void injects_host_reset(Injects *injects, int host, gint64 ref)
{
    for (guint i = 0; i < injects->ij_count; i++)
        if (injects->ij_runs[i].ru_plan->in_host == host)
            expects_void(&injects->ij_runs[i], ref);
}

void injects_settle(Injects *injects, InjectsSettled done, gpointer data)
{
    injects->ij_over = TRUE;
    for (guint i = 0; i < injects->ij_count; i++) {
        Run *run = &injects->ij_runs[i];
        trigger_over(run);
        run_over(run);
        expects_close(run);
        cleanup_if_settled(run);
    }
    injects->ij_settled = done;
    injects->ij_settled_data = data;
    settled_step(injects);
}
