/* The people's and the drill's part of the plan as JSON. */
#include "scenarios/plan_json.h"

static json_t *member_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanMember *member = data;

    return json_pack("{s:s, s:b}", "name", member->pm_name, "key",
                     member->pm_key != NULL);
}

static json_t *team_json(const Plan *plan, gconstpointer data)
{
    const PlanTeam *team = data;

    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", team->pt_id, "side",
                     plan_side_name(team->pt_side), "title",
                     parry_text_to_json(team->pt_title), "estate",
                     plan_json_text(team->pt_estate), "members",
                     plan_json_each(plan, team->pt_members, member_json));
}

static json_t *action_json(const Plan *plan, gconstpointer data)
{
    const PlanAction *action = data;

    return json_pack("{s:I, s:o, s:s, s:s}", "at-us", (json_int_t)action->ac_at_us,
                     "host", plan_json_host(plan, action->ac_host), "title",
                     action->ac_title, "run", action->ac_run ? action->ac_run : "");
}

static json_t *selection(gboolean all, char *const *names)
{
    return all ? json_string("all") : plan_json_texts(names);
}

static json_t *script_json(const Plan *plan, gconstpointer data)
{
    const PlanScript *script = data;

    return json_pack("{s:o, s:o, s:o, s:I, s:o}", "team",
                     plan_json_team(plan, script->sc_team), "detect",
                     selection(script->sc_detect_all, script->sc_detect), "contain",
                     selection(script->sc_contain_all, script->sc_contain), "delay-us",
                     (json_int_t)script->sc_delay_us, "actions",
                     plan_json_each(plan, script->sc_actions, action_json));
}

static json_t *phase_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanPhase *phase = data;

    return json_pack("{s:s, s:I, s:I, s:b, s:b}", "name", phase->pz_name, "from-us",
                     (json_int_t)phase->pz_from_us, "until-us",
                     (json_int_t)phase->pz_until_us, "score", phase->pz_score,
                     "red-locked", phase->pz_red_locked);
}

json_t *plan_json_scoring(const PlanScoring *scoring)
{
    return json_pack("{s:s, s:i, s:i, s:i, s:I, s:I}", "profile", scoring->ps_profile,
                     "protection", scoring->ps_protection, "availability",
                     scoring->ps_availability, "injects", scoring->ps_injects, "cap",
                     (json_int_t)scoring->ps_cap, "bonus-max",
                     (json_int_t)scoring->ps_xmax);
}

static json_t *scope_json(const Plan *plan)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o}", "authorised-by", plan_json_text(plan->p_authorised_by),
        "safety-officer", plan_json_text(plan->p_safety_officer), "max-risk",
        plan_json_text(plan->p_max_risk), "allow", plan_json_texts(plan->p_allow));
}

void plan_json_people(const Plan *plan, json_t *out)
{
    json_object_set_new(out, "scope", scope_json(plan));
    json_object_set_new(out, "phases", plan_json_each(plan, plan->p_phases, phase_json));
    json_object_set_new(out, "teams", plan_json_each(plan, plan->p_teams, team_json));
    json_object_set_new(out, "rehearsal",
                        plan_json_each(plan, plan->p_scripts, script_json));
}
