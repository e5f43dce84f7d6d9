/* Elements of a plan that concern people and the drill itself: made and freed. */
#include "scenarios/people.h"

static void member_free(gpointer data)
{
    PlanMember *member = data;

    g_free(member->pm_name);
    g_free(member->pm_key);
    g_free(member->pm_role);
    parry_text_free(member->pm_title);
    g_clear_pointer(&member->pm_conflicts, g_array_unref);
    g_free(member);
}

static void shift_free(gpointer data)
{
    PlanShift *shift = data;

    g_free(shift->sh_name);
    g_free(shift->sh_hours.hr_text);
    g_strfreev(shift->sh_members);
    g_free(shift);
}

static void team_free(gpointer data)
{
    PlanTeam *team = data;

    g_free(team->pt_id);
    parry_text_free(team->pt_title);
    g_free(team->pt_estate);
    g_clear_pointer(&team->pt_members, g_ptr_array_unref);
    g_strfreev(team->pt_labels);
    g_free(team->pt_bracket);
    g_clear_pointer(&team->pt_assign, g_array_unref);
    g_clear_pointer(&team->pt_shifts, g_ptr_array_unref);
    g_free(team->pt_contact);
    g_free(team);
}

static void bracket_free(gpointer data)
{
    PlanBracket *bracket = data;

    g_free(bracket->br_name);
    parry_text_free(bracket->br_title);
    g_free(bracket);
}

static void channel_free(gpointer data)
{
    PlanChannel *channel = data;

    g_free(channel->ch_name);
    parry_text_free(channel->ch_title);
    g_clear_pointer(&channel->ch_teams, g_array_unref);
    g_free(channel->ch_tlp);
    g_free(channel);
}

static void action_free(gpointer data)
{
    PlanAction *action = data;

    g_free(action->ac_title);
    g_free(action->ac_run);
    g_free(action->ac_reset);
    g_free(action);
}

static void hold_free(gpointer data)
{
    PlanHold *hold = data;

    g_free(hold->hd_reason);
    g_free(hold);
}

static void script_free(gpointer data)
{
    PlanScript *script = data;

    g_strfreev(script->sc_detect);
    g_strfreev(script->sc_contain);
    g_clear_pointer(&script->sc_actions, g_ptr_array_unref);
    g_clear_pointer(&script->sc_holds, g_ptr_array_unref);
    g_free(script);
}

static void phase_free(gpointer data)
{
    PlanPhase *phase = data;

    g_free(phase->pz_name);
    g_free(phase);
}

static void window_free(gpointer data)
{
    PlanWindow *window = data;

    g_free(window->wi_name);
    g_free(window);
}

static void team_condition_free(gpointer data)
{
    PlanTeamCondition *condition = data;

    plan_condition_free(condition->tc_condition);
    g_free(condition);
}

static void stop_free(gpointer data)
{
    PlanStop *stop = data;

    g_ptr_array_unref(stop->st_when);
    parry_text_free(stop->st_reason);
    g_free(stop);
}

static void capability_free(gpointer data)
{
    PlanCapability *capability = data;

    g_free(capability->oc_name);
    parry_text_free(capability->oc_title);
    g_free(capability);
}

static void metric_free(gpointer data)
{
    PlanMetric *metric = data;

    g_free(metric->om_name);
    parry_text_free(metric->om_title);
    g_clear_pointer(&metric->om_conditions, g_ptr_array_unref);
    g_free(metric);
}

static void evaluation_free(gpointer data)
{
    PlanEvaluation *evaluation = data;

    g_free(evaluation->oe_name);
    parry_text_free(evaluation->oe_title);
    g_strfreev(evaluation->oe_metrics);
    g_free(evaluation);
}

static void training_free(gpointer data)
{
    PlanTrainingObjective *objective = data;

    g_free(objective->ot_name);
    parry_text_free(objective->ot_title);
    g_free(objective->ot_evaluation);
    g_free(objective->ot_capability);
    parry_text_free(objective->ot_notes);
    g_free(objective);
}

static void goal_free(gpointer data)
{
    PlanGoal *goal = data;

    g_free(goal->og_name);
    parry_text_free(goal->og_title);
    g_strfreev(goal->og_objectives);
    g_free(goal);
}

PlanScoring plan_scoring_default(void)
{
    return (PlanScoring){
        .ps_profile = g_strdup("hk-drill"),
        .ps_protection = 50,
        .ps_availability = 30,
        .ps_injects = 20,
        .ps_cap = 37000,
        .ps_xmax = 3000,
        .ps_bases = {3000, 8000, 10000, 8000, 8000},
        .ps_repeat = {100, 70, 40},
        .ps_repeats = 3,
        .ps_false_free = 5,
        .ps_false_cost = 1,
        .ps_flag_tick_us = G_GINT64_CONSTANT(60) * G_USEC_PER_SEC,
        .ps_flag_lifetime = 5,
        .ps_uptime_threshold = 6,
        .ps_uptime_penalty = 1,
    };
}

void plan_people_init(Plan *plan)
{
    PlanObjectives *objectives = &plan->p_objectives;

    plan->p_teams = g_ptr_array_new_with_free_func(team_free);
    plan->p_brackets = g_ptr_array_new_with_free_func(bracket_free);
    plan->p_channels = g_ptr_array_new_with_free_func(channel_free);
    plan->p_scripts = g_ptr_array_new_with_free_func(script_free);
    plan->p_phases = g_ptr_array_new_with_free_func(phase_free);
    plan->p_windows = g_ptr_array_new_with_free_func(window_free);
    plan->p_stops = g_ptr_array_new_with_free_func(stop_free);
    objectives->ob_capabilities = g_ptr_array_new_with_free_func(capability_free);
    objectives->ob_metrics = g_ptr_array_new_with_free_func(metric_free);
    objectives->ob_evaluations = g_ptr_array_new_with_free_func(evaluation_free);
    objectives->ob_training = g_ptr_array_new_with_free_func(training_free);
    objectives->ob_goals = g_ptr_array_new_with_free_func(goal_free);
    plan->p_scope.sp_allow = g_new0(char *, 1);
    plan->p_scope.sp_targets = g_new0(char *, 1);
    plan->p_privacy.pv_recordings = g_new0(char *, 1);
    plan->p_scoring = plan_scoring_default();
}

static void scope_clear(PlanScope *scope)
{
    g_free(scope->sp_authorised_by);
    g_free(scope->sp_safety_officer);
    g_free(scope->sp_safety_phone);
    g_free(scope->sp_max_risk);
    g_strfreev(scope->sp_allow);
    g_strfreev(scope->sp_targets);
    g_clear_pointer(&scope->sp_windows, g_ptr_array_unref);
}

/* A plan that a test puts together may lack what it does not need. */
void plan_people_clear(Plan *plan)
{
    GPtrArray **arrays[] = {
        &plan->p_teams,
        &plan->p_brackets,
        &plan->p_channels,
        &plan->p_scripts,
        &plan->p_phases,
        &plan->p_windows,
        &plan->p_stops,
        &plan->p_objectives.ob_capabilities,
        &plan->p_objectives.ob_metrics,
        &plan->p_objectives.ob_evaluations,
        &plan->p_objectives.ob_training,
        &plan->p_objectives.ob_goals,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_clear_pointer(arrays[i], g_ptr_array_unref);
    scope_clear(&plan->p_scope);
    parry_text_free(plan->p_rules);
    parry_text_free(plan->p_privacy.pv_notice);
    g_free(plan->p_privacy.pv_contact);
    g_strfreev(plan->p_privacy.pv_recordings);
    g_free(plan->p_atomics);
    g_free(plan->p_caldera);
    g_free(plan->p_scoring.ps_profile);
    g_free(plan->p_scoring.ps_flag_prefix);
}

PlanTeam *plan_team_add(Plan *plan, const char *id)
{
    PlanTeam *team = g_new0(PlanTeam, 1);

    team->pt_id = g_strdup(id);
    team->pt_members = g_ptr_array_new_with_free_func(member_free);
    team->pt_labels = g_new0(char *, 1);
    team->pt_assign = g_array_new(FALSE, FALSE, sizeof(int));
    team->pt_shifts = g_ptr_array_new_with_free_func(shift_free);
    g_ptr_array_add(plan->p_teams, team);
    return team;
}

PlanScript *plan_script_add(Plan *plan, int team)
{
    PlanScript *script = g_new0(PlanScript, 1);

    script->sc_team = team;
    script->sc_actions = g_ptr_array_new_with_free_func(action_free);
    script->sc_holds = g_ptr_array_new_with_free_func(hold_free);
    g_ptr_array_add(plan->p_scripts, script);
    return script;
}

PlanWindow *plan_window_new(const char *name, gint64 from, gint64 until,
                            PlanWindowMode mode)
{
    PlanWindow *window = g_new0(PlanWindow, 1);

    window->wi_name = g_strdup(name);
    window->wi_from_us = from;
    window->wi_until_us = until;
    window->wi_mode = mode;
    return window;
}

PlanTeamCondition *plan_team_condition_new(int team, PlanCondition *condition)
{
    PlanTeamCondition *out = g_new0(PlanTeamCondition, 1);

    out->tc_team = team;
    out->tc_condition = condition;
    return out;
}

GPtrArray *plan_team_conditions_new(void)
{
    return g_ptr_array_new_with_free_func(team_condition_free);
}

GPtrArray *plan_windows_new(void)
{
    return g_ptr_array_new_with_free_func(window_free);
}

PlanStop *plan_stop_add(Plan *plan)
{
    PlanStop *stop = g_new0(PlanStop, 1);

    stop->st_when = plan_team_conditions_new();
    g_ptr_array_add(plan->p_stops, stop);
    return stop;
}
