/* The plan as JSON: all of it for people and tools, its rules for the hash. */
#include "scenarios/plan_json.h"

#include "scenarios/base/cjson.h"

json_t *plan_json_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *plan_json_texts(char *const *strv)
{
    json_t *out = json_array();

    for (; strv && *strv; strv++)
        json_array_append_new(out, json_string(*strv));
    return out;
}

json_t *plan_json_host(const Plan *plan, int index)
{
    return index < 0 ? json_null() : json_string(plan_host(plan, index)->ph_id);
}

json_t *plan_json_team(const Plan *plan, int index)
{
    return index < 0 ? json_null() : json_string(plan_team(plan, index)->pt_id);
}

json_t *plan_json_each(const Plan *plan, const GPtrArray *all,
                       json_t *(*one)(const Plan *, gconstpointer))
{
    json_t *out = json_array();

    for (guint i = 0; i < all->len; i++)
        json_array_append_new(out, one(plan, all->pdata[i]));
    return out;
}

static json_t *check_json(const Plan *plan, gconstpointer data)
{
    const PlanCheck *check = data;

    return json_pack("{s:s, s:o, s:o, s:o, s:b, s:s, s:O, s:I, s:I, s:i}", "id",
                     check->ck_id, "team", plan_json_team(plan, check->ck_team), "host",
                     plan_json_host(plan, check->ck_host), "from",
                     plan_json_host(plan, check->ck_from), "self-reported",
                     check->ck_self_reported, "kind", check->ck_kind, "params",
                     check->ck_params, "interval-us", (json_int_t)check->ck_interval_us,
                     "deadline-us", (json_int_t)check->ck_deadline_us, "weight",
                     check->ck_weight);
}

static json_t *expect_json(const Plan *plan, gconstpointer data)
{
    static const char *const kinds[] = {"prevent", "detect", "contain", "answer"};
    const PlanExpect *expect = data;

    return json_pack("{s:s, s:I, s:I, s:o}", "kind", kinds[expect->ex_kind],
                     "points-milli", (json_int_t)expect->ex_points, "within-us",
                     (json_int_t)expect->ex_within_us, "check",
                     expect->ex_check < 0
                         ? json_null()
                         : json_string(plan_check(plan, expect->ex_check)->ck_id));
}

static void attack_json(const Plan *plan, const PlanInject *inject, json_t *out)
{
    json_object_set_new(out, "by", plan_json_team(plan, inject->in_by));
    json_object_set_new(out, "technique", plan_json_text(inject->in_technique));
    json_object_set_new(out, "host", plan_json_host(plan, inject->in_host));
    json_object_set_new(out, "from", plan_json_host(plan, inject->in_from));
    json_object_set_new(out, "target",
                        inject->in_target < 0
                            ? json_null()
                            : json_string(plan_target(plan, inject->in_target)->ta_id));
    json_object_set_new(out, "run", plan_json_text(inject->in_run));
    json_object_set_new(out, "cleanup", plan_json_text(inject->in_cleanup));
    json_object_set_new(out, "user", plan_json_text(inject->in_user));
    json_object_set_new(out, "timeout-us", json_integer(inject->in_timeout_us));
    json_object_set_new(out, "env", plan_json_texts(inject->in_env));
    json_object_set_new(out, "indicators", plan_json_texts(inject->in_indicators));
    json_object_set_new(out, "playbook",
                        json_pack("{s:o, s:o}", "detect",
                                  plan_json_text(inject->in_detect), "contain",
                                  plan_json_text(inject->in_contain)));
    if (inject->in_effect_kind)
        json_object_set_new(out, "effect",
                            json_pack("{s:o, s:s, s:O}", "host",
                                      plan_json_host(plan, inject->in_effect_host),
                                      "kind", inject->in_effect_kind, "params",
                                      inject->in_effect_params));
}

static json_t *inject_json(const Plan *plan, gconstpointer data)
{
    const PlanInject *inject = data;
    gboolean attack = inject->in_kind == INJECT_ATTACK;
    json_t *out = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:I, s:o}", "id", inject->in_id, "name",
        inject->in_name, "kind", attack ? "attack" : "message", "title",
        parry_text_to_json(inject->in_title), "team",
        plan_json_team(plan, inject->in_team), "at-us", (json_int_t)inject->in_at_us,
        "expect", plan_json_each(plan, inject->in_expect, expect_json));

    if (attack) {
        attack_json(plan, inject, out);
    } else {
        json_object_set_new(out, "subject", parry_text_to_json(inject->in_subject));
        json_object_set_new(out, "body", parry_text_to_json(inject->in_body));
    }
    return out;
}

static json_t *unbuilt_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanUnbuilt *unbuilt = data;

    return json_pack("{s:s, s:i, s:i}", "key", unbuilt->pb_key, "line", unbuilt->pb_line,
                     "column", unbuilt->pb_column);
}

static json_t *rules_json(const Plan *plan)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "scoring",
                     plan_json_scoring(&plan->p_scoring), "targets",
                     plan_json_targets(plan), "checks",
                     plan_json_each(plan, plan->p_checks, check_json), "injects",
                     plan_json_each(plan, plan->p_injects, inject_json));
}

gboolean plan_rules_sha256(const Plan *plan, char out[65], GError **error)
{
    json_t *rules = rules_json(plan);
    gboolean ok = cjson_sha256(rules, out, error);

    json_decref(rules);
    return ok;
}

json_t *plan_to_json(const Plan *plan)
{
    json_t *out = rules_json(plan);

    json_object_set_new(
        out, "drill",
        json_pack("{s:s, s:s, s:o, s:s, s:I, s:I, s:s, s:s}", "name", plan->p_name,
                  "uuid", plan->p_uuid, "title", parry_text_to_json(plan->p_title),
                  "timezone", plan->p_timezone, "start-us", (json_int_t)plan->p_start_us,
                  "duration-us", (json_int_t)plan->p_duration_us, "scenario-sha256",
                  plan->p_scenario_sha256, "rules-sha256", plan->p_rules_sha256));
    plan_json_people(plan, out);
    plan_json_estates(plan, out);
    json_object_set_new(out, "unbuilt",
                        plan_json_each(plan, plan->p_unbuilt, unbuilt_json));
    return out;
}
