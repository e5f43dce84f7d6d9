/* The people's and the drill's part of the plan as JSON. */
#include "scenarios/plan_json.h"

#include "scenarios/keys_spec.h"

static json_t *text_json(const ParryText *text)
{
    return text ? parry_text_to_json(text) : json_null();
}

/* Ids of the teams. */
static json_t *teams_json(const Plan *plan, const GArray *teams)
{
    json_t *out = json_array();

    for (guint i = 0; teams && i < teams->len; i++)
        json_array_append_new(out, plan_json_team(plan, g_array_index(teams, int, i)));
    return out;
}

/* --- teams --- */

static json_t *member_json(const Plan *plan, gconstpointer data)
{
    const PlanMember *member = data;

    return json_pack("{s:s, s:b, s:o, s:o, s:o}", "name", member->pm_name, "key",
                     member->pm_key != NULL, "role", plan_json_text(member->pm_role),
                     "title", text_json(member->pm_title), "conflicts",
                     teams_json(plan, member->pm_conflicts));
}

static json_t *hours_json(const PlanHours *hours)
{
    json_t *days = json_array();

    for (unsigned day = 0; words_day[day]; day++)
        if (hours->hr_days >> day & 1)
            json_array_append_new(days, json_string(words_day[day]));
    return json_pack("{s:s, s:o}", "hours", hours->hr_text, "days", days);
}

static json_t *shift_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanShift *shift = data;

    return json_pack("{s:s, s:o, s:o}", "name", shift->sh_name, "when",
                     hours_json(&shift->sh_hours), "members",
                     plan_json_texts(shift->sh_members));
}

static json_t *team_json(const Plan *plan, gconstpointer data)
{
    const PlanTeam *team = data;
    json_t *out = json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", team->pt_id, "side",
                            plan_side_name(team->pt_side), "title",
                            parry_text_to_json(team->pt_title), "estate",
                            plan_json_text(team->pt_estate), "members",
                            plan_json_each(plan, team->pt_members, member_json));

    json_object_set_new(out, "labels", plan_json_texts(team->pt_labels));
    json_object_set_new(out, "bracket", plan_json_text(team->pt_bracket));
    json_object_set_new(out, "assign", teams_json(plan, team->pt_assign));
    json_object_set_new(out, "shifts", plan_json_each(plan, team->pt_shifts, shift_json));
    json_object_set_new(out, "contact", plan_json_text(team->pt_contact));
    json_object_set_new(out, "cert", json_boolean(team->pt_cert));
    json_object_set_new(out, "resets",
                        json_pack("{s:i, s:I}", "limit", team->pt_resets.rl_limit,
                                  "per-us", (json_int_t)team->pt_resets.rl_per_us));
    return out;
}

static json_t *bracket_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanBracket *bracket = data;

    return json_pack("{s:s, s:o}", "name", bracket->br_name, "title",
                     parry_text_to_json(bracket->br_title));
}

static json_t *channel_json(const Plan *plan, gconstpointer data)
{
    const PlanChannel *channel = data;

    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:b}", "name", channel->ch_name, "title",
                     parry_text_to_json(channel->ch_title), "moderator",
                     plan_json_team(plan, channel->ch_moderator), "teams",
                     teams_json(plan, channel->ch_teams), "tlp", channel->ch_tlp,
                     "moderated", channel->ch_moderated);
}

/* --- scripted players --- */

json_t *plan_json_limits(const PlanLimits *limits)
{
    return json_pack("{s:I, s:i, s:I}", "memory", (json_int_t)limits->li_memory,
                     "processes", limits->li_processes, "output",
                     (json_int_t)limits->li_output);
}

static json_t *action_json(const Plan *plan, gconstpointer data)
{
    const PlanAction *action = data;

    json_t *out =
        json_pack("{s:I, s:o, s:s, s:s, s:o}", "at-us", (json_int_t)action->ac_at_us,
                  "host", plan_json_host(plan, action->ac_host), "title",
                  action->ac_title, "run", action->ac_run ? action->ac_run : "", "limits",
                  plan_json_limits(&action->ac_limits));

    if (action->ac_reset)
        json_object_set_new(out, "reset",
                            json_pack("{s:s, s:s, s:I}", "reason", action->ac_reset,
                                      "white", plan_reset_answer_name(action->ac_answer),
                                      "after-us", (json_int_t)action->ac_answer_us));
    return out;
}

static json_t *hold_json(const Plan *plan, gconstpointer data)
{
    const PlanHold *hold = data;

    (void)plan;
    return json_pack("{s:I, s:I, s:s}", "at-us", (json_int_t)hold->hd_at_us, "for-us",
                     (json_int_t)hold->hd_for_us, "reason", hold->hd_reason);
}

static json_t *selection(gboolean all, char *const *names)
{
    return all ? json_string("all") : plan_json_texts(names);
}

static json_t *script_json(const Plan *plan, gconstpointer data)
{
    const PlanScript *script = data;

    json_t *json = json_pack(
        "{s:o, s:o, s:o, s:I, s:o}", "team", plan_json_team(plan, script->sc_team),
        "detect", selection(script->sc_detect_all, script->sc_detect), "contain",
        selection(script->sc_contain_all, script->sc_contain), "delay-us",
        (json_int_t)script->sc_delay_us, "actions",
        plan_json_each(plan, script->sc_actions, action_json));
    if (script->sc_holds->len) /* what is not there changes no plan's hash */
        json_object_set_new(json, "holds",
                            plan_json_each(plan, script->sc_holds, hold_json));
    return json;
}

/* --- times --- */

static json_t *phase_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanPhase *phase = data;

    return json_pack("{s:s, s:s, s:I, s:I, s:b, s:b}", "name", phase->pz_name, "kind",
                     plan_phase_kind_name(phase->pz_kind), "from-us",
                     (json_int_t)phase->pz_from_us, "until-us",
                     (json_int_t)phase->pz_until_us, "score", phase->pz_score,
                     "red-locked", phase->pz_red_locked);
}

static json_t *window_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanWindow *window = data;

    return json_pack("{s:s, s:I, s:I, s:s}", "name", window->wi_name, "from-us",
                     (json_int_t)window->wi_from_us, "until-us",
                     (json_int_t)window->wi_until_us, "mode",
                     window->wi_mode == WINDOW_PAUSE ? "pause" : "quiet");
}

static json_t *team_condition_json(const Plan *plan, gconstpointer data)
{
    const PlanTeamCondition *one = data;

    return json_pack("{s:o, s:o}", "team", plan_json_team(plan, one->tc_team), "when",
                     plan_json_condition(plan, one->tc_condition));
}

static json_t *stop_json(const Plan *plan, gconstpointer data)
{
    const PlanStop *stop = data;

    return json_pack("{s:o, s:s, s:o}", "all",
                     plan_json_each(plan, stop->st_when, team_condition_json), "action",
                     stop->st_action == STOP_END ? "end" : "pause", "reason",
                     text_json(stop->st_reason));
}

/* --- scoring, scope, privacy --- */

json_t *plan_json_scoring(const PlanScoring *scoring)
{
    json_t *bases = json_object(), *repeat = json_array();
    json_t *out =
        json_pack("{s:s, s:i, s:i, s:i, s:I, s:I}", "profile", scoring->ps_profile,
                  "protection", scoring->ps_protection, "availability",
                  scoring->ps_availability, "injects", scoring->ps_injects, "cap",
                  (json_int_t)scoring->ps_cap, "bonus-max", (json_int_t)scoring->ps_xmax);

    for (int i = 0; i < SCORING_BASES; i++)
        json_object_set_new(bases, plan_target_kind(i),
                            json_integer(scoring->ps_bases[i]));
    for (int i = 0; i < scoring->ps_repeats; i++)
        json_array_append_new(repeat, json_integer(scoring->ps_repeat[i]));
    json_object_set_new(out, "bases", bases);
    json_object_set_new(out, "repeat", repeat);
    json_object_set_new(out, "false-report",
                        json_pack("{s:i, s:i}", "free", scoring->ps_false_free, "cost",
                                  scoring->ps_false_cost));
    json_object_set_new(out, "disclose-after-us",
                        scoring->ps_disclose_us == SCORING_AT_END
                            ? json_string("end")
                            : json_integer(scoring->ps_disclose_us));
    json_object_set_new(out, "flags",
                        json_pack("{s:I, s:i, s:o}", "tick-us",
                                  (json_int_t)scoring->ps_flag_tick_us, "lifetime",
                                  scoring->ps_flag_lifetime, "prefix",
                                  plan_json_text(scoring->ps_flag_prefix)));
    json_object_set_new(out, "uptime",
                        json_pack("{s:i, s:i}", "threshold", scoring->ps_uptime_threshold,
                                  "penalty", scoring->ps_uptime_penalty));
    return out;
}

static json_t *scope_json(const Plan *plan)
{
    const PlanScope *scope = &plan->p_scope;
    json_t *rules = json_object();
    json_t *out = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "authorised-by",
                            plan_json_text(scope->sp_authorised_by), "safety-officer",
                            plan_json_text(scope->sp_safety_officer), "safety-phone",
                            plan_json_text(scope->sp_safety_phone), "max-risk",
                            plan_json_text(scope->sp_max_risk), "allow",
                            plan_json_texts(scope->sp_allow), "sub-techniques",
                            scope->sp_sub_techniques, "targets",
                            plan_json_texts(scope->sp_targets));

    for (int i = 0; i < ENGAGE_COUNT; i++)
        json_object_set_new(rules, plan_engagement_name((PlanEngagement)i),
                            json_string(plan_ruling_name(scope->sp_rules[i])));
    json_object_set_new(out, "rules", rules);
    json_object_set_new(out, "dead-man-us", json_integer(scope->sp_deadman_us));
    json_object_set_new(out, "windows",
                        scope->sp_windows
                            ? plan_json_each(plan, scope->sp_windows, window_json)
                            : json_null());
    return out;
}

static json_t *points_json(const PlanPoints *points)
{
    return json_pack("{s:b, s:I, s:i, s:I}", "ready", points->pp_ready, "every-us",
                     (json_int_t)points->pp_every_us, "keep", points->pp_keep, "limit",
                     (json_int_t)points->pp_limit);
}

static json_t *privacy_json(const PlanPrivacy *privacy)
{
    return json_pack("{s:o, s:o, s:I, s:o, s:b}", "notice", text_json(privacy->pv_notice),
                     "contact", plan_json_text(privacy->pv_contact), "retention-us",
                     (json_int_t)privacy->pv_retention_us, "recordings",
                     plan_json_texts(privacy->pv_recordings), "input", privacy->pv_input);
}

/* --- objectives --- */

static json_t *capability_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanCapability *capability = data;

    return json_pack("{s:s, s:o}", "name", capability->oc_name, "title",
                     parry_text_to_json(capability->oc_title));
}

static json_t *metric_json(const Plan *plan, gconstpointer data)
{
    const PlanMetric *metric = data;

    return json_pack("{s:s, s:o, s:s, s:b, s:I, s:o}", "name", metric->om_name, "title",
                     parry_text_to_json(metric->om_title), "kind",
                     metric->om_conditional ? "conditional" : "manual", "artifact",
                     metric->om_artifact, "max-milli", (json_int_t)metric->om_max,
                     "conditions",
                     plan_json_each(plan, metric->om_conditions, team_condition_json));
}

static json_t *evaluation_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanEvaluation *evaluation = data;

    return json_pack("{s:s, s:o, s:o, s:I}", "name", evaluation->oe_name, "title",
                     parry_text_to_json(evaluation->oe_title), "metrics",
                     plan_json_texts(evaluation->oe_metrics), "min-milli",
                     (json_int_t)evaluation->oe_min);
}

static json_t *training_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanTrainingObjective *objective = data;

    return json_pack("{s:s, s:o, s:s, s:o, s:o}", "name", objective->ot_name, "title",
                     parry_text_to_json(objective->ot_title), "evaluation",
                     objective->ot_evaluation, "capability",
                     plan_json_text(objective->ot_capability), "notes",
                     text_json(objective->ot_notes));
}

static json_t *goal_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanGoal *goal = data;

    return json_pack("{s:s, s:o, s:o}", "name", goal->og_name, "title",
                     parry_text_to_json(goal->og_title), "training-objectives",
                     plan_json_texts(goal->og_objectives));
}

static json_t *objectives_json(const Plan *plan)
{
    const PlanObjectives *all = &plan->p_objectives;

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "capabilities",
        plan_json_each(plan, all->ob_capabilities, capability_json), "metrics",
        plan_json_each(plan, all->ob_metrics, metric_json), "evaluations",
        plan_json_each(plan, all->ob_evaluations, evaluation_json), "training-objectives",
        plan_json_each(plan, all->ob_training, training_json), "goals",
        plan_json_each(plan, all->ob_goals, goal_json));
}

void plan_json_people(const Plan *plan, json_t *out)
{
    const struct {
        const char *key;
        const GPtrArray *all;
        json_t *(*one)(const Plan *, gconstpointer);
    } lists[] = {
        {"phases", plan->p_phases, phase_json},
        {"windows", plan->p_windows, window_json},
        {"teams", plan->p_teams, team_json},
        {"brackets", plan->p_brackets, bracket_json},
        {"channels", plan->p_channels, channel_json},
        {"stops", plan->p_stops, stop_json},
        {"rehearsal", plan->p_scripts, script_json},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
        json_object_set_new(out, lists[i].key,
                            plan_json_each(plan, lists[i].all, lists[i].one));
    json_object_set_new(out, "scope", scope_json(plan));
    json_object_set_new(out, "checkpoints", points_json(&plan->p_points));
    json_object_set_new(out, "privacy", privacy_json(&plan->p_privacy));
    json_object_set_new(out, "rules",
                        json_pack("{s:o, s:b}", "text", text_json(plan->p_rules),
                                  "accept", plan->p_rules_accept));
    json_object_set_new(out, "library",
                        json_pack("{s:o, s:o}", "atomics",
                                  plan_json_text(plan->p_atomics), "caldera",
                                  plan_json_text(plan->p_caldera)));
    json_object_set_new(out, "objectives", objectives_json(plan));
}

/* --- conditions --- */

static void condition_ref(const Plan *plan, const PlanCondition *condition, json_t *out)
{
    static const char *const outcomes[] = {"completion", "success", "failure", "expiry"};
    int ref = condition->co_ref;

    switch (condition->co_kind) {
    case CONDITION_CHECK:
        json_object_set_new(out, "check", json_string(plan_check(plan, ref)->ck_id));
        json_object_set_new(out, "state", plan_json_text(condition->co_state));
        json_object_set_new(out, "lasts-us", json_integer(condition->co_lasts_us));
        break;
    case CONDITION_INJECT:
        json_object_set_new(out, "inject", json_string(plan_inject(plan, ref)->in_id));
        json_object_set_new(out, "outcome", json_string(outcomes[condition->co_outcome]));
        break;
    case CONDITION_REPORT:
        json_object_set_new(out, "report", json_string(plan_inject(plan, ref)->in_id));
        break;
    case CONDITION_CLAIM:
        json_object_set_new(out, "claim", json_string(plan_target(plan, ref)->ta_id));
        break;
    default:
        break;
    }
}

static json_t *part_json(const Plan *plan, gconstpointer data)
{
    return plan_json_condition(plan, data);
}

json_t *plan_json_condition(const Plan *plan, const PlanCondition *condition)
{
    static const char *const parts[] = {
        [CONDITION_ALL] = "all", [CONDITION_ANY] = "any", [CONDITION_NONE] = "none"};
    json_t *out = json_object();

    if (!condition)
        return out;
    condition_ref(plan, condition, out);
    if (condition->co_kind == CONDITION_SCORE && condition->co_below != G_MININT64)
        json_object_set_new(out, "score-below-milli", json_integer(condition->co_below));
    if (condition->co_kind == CONDITION_SCORE && condition->co_above != G_MININT64)
        json_object_set_new(out, "score-above-milli", json_integer(condition->co_above));
    if (condition->co_kind >= CONDITION_ALL)
        json_object_set_new(out, parts[condition->co_kind],
                            plan_json_each(plan, condition->co_parts, part_json));
    return out;
}
