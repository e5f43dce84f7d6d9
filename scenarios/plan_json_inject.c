/* The timeline of a plan as JSON: checks, injects, expectations. */
#include "scenarios/base/cjson.h"
#include "scenarios/injects.h"
#include "scenarios/plan_json.h"

static json_t *span_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanWindow *window = data;

    return json_pack("{s:I, s:I}", "from-us", (json_int_t)window->wi_from_us, "until-us",
                     (json_int_t)window->wi_until_us);
}

json_t *plan_json_check(const Plan *plan, gconstpointer data)
{
    const PlanCheck *check = data;
    json_t *out = json_pack(
        "{s:s, s:o, s:o, s:o, s:b, s:s, s:O, s:I, s:I, s:i}", "id", check->ck_id, "team",
        plan_json_team(plan, check->ck_team), "host",
        plan_json_host(plan, check->ck_host), "from",
        plan_json_host(plan, check->ck_from), "self-reported", check->ck_self_reported,
        "kind", check->ck_kind, "params", check->ck_params, "interval-us",
        (json_int_t)check->ck_interval_us, "deadline-us",
        (json_int_t)check->ck_deadline_us, "weight", check->ck_weight);

    json_object_set_new(out, "jitter-us", json_integer(check->ck_jitter_us));
    json_object_set_new(out, "grace-us", json_integer(check->ck_grace_us));
    if (check->ck_quiet)
        json_object_set_new(out, "quiet",
                            plan_json_each(plan, check->ck_quiet, span_json));
    return out;
}

json_t *plan_json_checks(const Plan *plan)
{
    return plan_json_each(plan, plan->p_checks, plan_json_check);
}

static json_t *expect_json(const Plan *plan, gconstpointer data)
{
    const PlanExpect *expect = data;

    return json_pack("{s:s, s:I, s:I, s:o}", "kind", plan_expect_name(expect->ex_kind),
                     "points-milli", (json_int_t)expect->ex_points, "within-us",
                     (json_int_t)expect->ex_within_us, "check",
                     expect->ex_check < 0
                         ? json_null()
                         : json_string(plan_check(plan, expect->ex_check)->ck_id));
}

static json_t *attachment_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanAttachment *attachment = data;
    char digest[65];
    gsize len;
    const void *bytes = g_bytes_get_data(attachment->at_bytes, &len);

    cjson_sha256_bytes(bytes, len, digest);
    return json_pack("{s:s, s:I, s:s}", "name", attachment->at_name, "size",
                     (json_int_t)len, "sha256", digest);
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
    json_object_set_new(out, "limits", plan_json_limits(&inject->in_limits));
    json_object_set_new(out, "residue", json_boolean(inject->in_residue));
    json_object_set_new(out, "env", plan_json_texts(inject->in_env));
    json_object_set_new(out, "indicators", plan_json_texts(inject->in_indicators));
    json_object_set_new(out, "playbook",
                        json_pack("{s:o, s:o, s:o}", "detect",
                                  plan_json_text(inject->in_detect), "contain",
                                  plan_json_text(inject->in_contain), "limits",
                                  plan_json_limits(&inject->in_book_limits)));
    if (inject->in_effect_kind)
        json_object_set_new(out, "effect",
                            json_pack("{s:o, s:s, s:O}", "host",
                                      plan_json_host(plan, inject->in_effect_host),
                                      "kind", inject->in_effect_kind, "params",
                                      inject->in_effect_params));
}

static void message_json(const Plan *plan, const PlanInject *inject, json_t *out)
{
    json_object_set_new(out, "sender", plan_json_text(inject->in_sender));
    json_object_set_new(out, "channel", plan_json_text(inject->in_channel));
    json_object_set_new(out, "subject", parry_text_to_json(inject->in_subject));
    json_object_set_new(out, "body", parry_text_to_json(inject->in_body));
    json_object_set_new(out, "attachments",
                        plan_json_each(plan, inject->in_attachments, attachment_json));
}

static void disturbance_json(const Plan *plan, const PlanInject *inject, json_t *out)
{
    json_object_set_new(out, "host", plan_json_host(plan, inject->in_host));
    json_object_set_new(out, "from", plan_json_host(plan, inject->in_from));
    if (inject->in_fault)
        json_object_set_new(out, "fault", json_string(inject->in_fault));
    json_object_set_new(out, "lasts-us", json_integer(inject->in_lasts_us));
}

/* What makes it due, and what holds it back. */
static json_t *trigger_json(const Plan *plan, const PlanInject *inject)
{
    static const char *const kinds[] = {
        [TRIGGER_AT] = "at",
        [TRIGGER_AFTER] = "after",
        [TRIGGER_WHEN] = "when",
        [TRIGGER_MANUAL] = "manual",
    };
    static const char *const outcomes[] = {
        [OUTCOME_COMPLETION] = "completion",
        [OUTCOME_SUCCESS] = "success",
        [OUTCOME_FAILURE] = "failure",
        [OUTCOME_EXPIRY] = "expiry",
    };
    json_t *out = json_pack(
        "{s:s, s:I, s:b, s:i, s:I, s:I, s:b}", "kind", kinds[inject->in_trigger],
        "delay-us", (json_int_t)inject->in_delay_us, "hold", inject->in_hold, "retries",
        inject->in_retries, "retry-wait-us", (json_int_t)inject->in_retry_wait_us,
        "expires-us", (json_int_t)inject->in_expires_us, "together", inject->in_together);

    if (inject->in_trigger == TRIGGER_AFTER && inject->in_after >= 0) {
        json_object_set_new(out, "after",
                            json_string(plan_inject(plan, inject->in_after)->in_id));
        json_object_set_new(out, "outcome", json_string(outcomes[inject->in_outcome]));
    }
    if (inject->in_when)
        json_object_set_new(out, "when", plan_json_condition(plan, inject->in_when));
    return out;
}

json_t *plan_json_inject(const Plan *plan, gconstpointer data)
{
    const PlanInject *inject = data;
    json_t *out = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:I, s:o}", "id", inject->in_id, "name",
        inject->in_name, "kind", inject_kind_name(inject->in_kind), "title",
        parry_text_to_json(inject->in_title), "team",
        plan_json_team(plan, inject->in_team), "at-us", (json_int_t)inject->in_at_us,
        "expect", plan_json_each(plan, inject->in_expect, expect_json));

    json_object_set_new(out, "trigger", trigger_json(plan, inject));
    json_object_set_new(out, "objectives", plan_json_texts(inject->in_objectives));
    json_object_set_new(out, "controller", plan_json_text(inject->in_controller));
    if (inject->in_disclose_us)
        json_object_set_new(out, "disclose-after-us",
                            inject->in_disclose_us == SCORING_AT_END
                                ? json_string("end")
                                : json_integer(inject->in_disclose_us));
    if (inject->in_notes)
        json_object_set_new(out, "notes", parry_text_to_json(inject->in_notes));
    if (inject->in_kind == INJECT_ATTACK)
        attack_json(plan, inject, out);
    else if (inject->in_kind == INJECT_MESSAGE)
        message_json(plan, inject, out);
    else
        disturbance_json(plan, inject, out);
    return out;
}

json_t *plan_json_injects(const Plan *plan)
{
    return plan_json_each(plan, plan->p_injects, plan_json_inject);
}
