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
                     plan_json_targets(plan), "checks", plan_json_checks(plan), "injects",
                     plan_json_injects(plan));
}

/* Takes the value. */
static gboolean append(GString *out, json_t *value, GError **error)
{
    gboolean ok = cjson_append(out, value, error);

    json_decref(value);
    return ok;
}

static gboolean append_each(GString *out, const Plan *plan, const GPtrArray *all,
                            json_t *(*one)(const Plan *, gconstpointer), GError **error)
{
    g_string_append_c(out, '[');
    for (guint i = 0; i < all->len; i++) {
        if (i)
            g_string_append_c(out, ',');
        if (!append(out, one(plan, all->pdata[i]), error))
            return FALSE;
    }
    g_string_append_c(out, ']');
    return TRUE;
}

/*
 * The canonical text of {checks, injects, scoring, targets}, element by element: as one
 * value a large plan's would take longer to make and to free than to hash.
 */
gboolean plan_rules_sha256(const Plan *plan, char out[65], GError **error)
{
    g_autoptr(GString) text = g_string_new("{\"checks\":");

    if (!append_each(text, plan, plan->p_checks, plan_json_check, error))
        return FALSE;
    g_string_append(text, ",\"injects\":");
    if (!append_each(text, plan, plan->p_injects, plan_json_inject, error))
        return FALSE;
    g_string_append(text, ",\"scoring\":");
    if (!append(text, plan_json_scoring(&plan->p_scoring), error))
        return FALSE;
    g_string_append(text, ",\"targets\":");
    if (!append(text, plan_json_targets(plan), error))
        return FALSE;
    g_string_append_c(text, '}');
    cjson_sha256_bytes(text->str, text->len, out);
    return TRUE;
}

json_t *plan_to_json_open(const Plan *plan)
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
    json_object_set_new(out, "secrets", plan_json_secrets(plan, TRUE));
    json_object_set_new(out, "flags", plan_json_flags(plan, TRUE));
    return out;
}

json_t *plan_to_json(const Plan *plan)
{
    json_t *out = plan_to_json_open(plan);

    json_object_set_new(out, "secrets", plan_json_secrets(plan, FALSE));
    json_object_set_new(out, "flags", plan_json_flags(plan, FALSE));
    plan_json_mask(plan, out);
    return out;
}
