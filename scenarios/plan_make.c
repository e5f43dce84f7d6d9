/* Elements of a plan: made and freed. */
#include "scenarios/people.h"

static void check_free(gpointer data)
{
    PlanCheck *check = data;

    g_free(check->ck_id);
    g_free(check->ck_kind);
    json_decref(check->ck_params);
    g_clear_pointer(&check->ck_quiet, g_ptr_array_unref);
    g_free(check);
}

void plan_condition_free(gpointer data)
{
    PlanCondition *condition = data;

    if (!condition)
        return;
    g_free(condition->co_state);
    g_clear_pointer(&condition->co_parts, g_ptr_array_unref);
    g_free(condition);
}

static void attachment_free(gpointer data)
{
    PlanAttachment *attachment = data;

    g_free(attachment->at_name);
    g_clear_pointer(&attachment->at_bytes, g_bytes_unref);
    g_free(attachment);
}

static void inject_free(gpointer data)
{
    PlanInject *inject = data;

    g_free(inject->in_id);
    g_free(inject->in_name);
    parry_text_free(inject->in_title);
    g_free(inject->in_technique);
    g_free(inject->in_run);
    g_free(inject->in_cleanup);
    g_free(inject->in_user);
    g_strfreev(inject->in_env);
    g_free(inject->in_effect_kind);
    json_decref(inject->in_effect_params);
    g_strfreev(inject->in_indicators);
    g_free(inject->in_detect);
    g_free(inject->in_contain);
    parry_text_free(inject->in_subject);
    parry_text_free(inject->in_body);
    plan_condition_free(inject->in_when);
    g_strfreev(inject->in_objectives);
    g_free(inject->in_controller);
    parry_text_free(inject->in_notes);
    g_free(inject->in_sender);
    g_free(inject->in_channel);
    g_free(inject->in_fault);
    g_ptr_array_unref(inject->in_attachments);
    g_clear_pointer(&inject->in_expect, g_ptr_array_unref);
    g_free(inject);
}

static void unbuilt_free(gpointer data)
{
    PlanUnbuilt *unbuilt = data;

    g_free(unbuilt->pb_key);
    g_free(unbuilt->pb_file);
    g_free(unbuilt);
}

static void secret_free(gpointer data)
{
    PlanSecret *secret = data;

    g_free(secret->se_name);
    g_free(secret->se_value);
    g_free(secret);
}

static void source_free(gpointer data)
{
    PlanSource *source = data;

    g_free(source->so_path);
    g_bytes_unref(source->so_bytes);
    g_free(source);
}

Plan *plan_new(void)
{
    Plan *plan = g_new0(Plan, 1);

    plan_people_init(plan);
    plan_estates_init(plan);
    plan->p_checks = g_ptr_array_new_with_free_func(check_free);
    plan->p_injects = g_ptr_array_new_with_free_func(inject_free);
    plan->p_unbuilt = g_ptr_array_new_with_free_func(unbuilt_free);
    plan->p_secrets = g_ptr_array_new_with_free_func(secret_free);
    plan->p_sources = g_ptr_array_new_with_free_func(source_free);
    return plan;
}

void plan_free(Plan *plan)
{
    if (!plan)
        return;
    g_free(plan->p_name);
    g_free(plan->p_uuid);
    parry_text_free(plan->p_title);
    g_free(plan->p_timezone);
    plan_people_clear(plan);
    plan_estates_clear(plan);
    g_ptr_array_unref(plan->p_checks);
    g_ptr_array_unref(plan->p_secrets);
    g_ptr_array_unref(plan->p_sources);
    g_strfreev(plan->p_set);
    g_ptr_array_unref(plan->p_injects);
    g_ptr_array_unref(plan->p_unbuilt);
    g_free(plan);
}

PlanCheck *plan_check_new(void)
{
    PlanCheck *check = g_new0(PlanCheck, 1);

    check->ck_quiet = plan_windows_new();
    return check;
}

PlanInject *plan_inject_add(Plan *plan, const char *id)
{
    PlanInject *inject = g_new0(PlanInject, 1);

    inject->in_index = (int)plan->p_injects->len;
    inject->in_id = g_strdup(id);
    inject->in_by = inject->in_host = inject->in_target = inject->in_from = -1;
    inject->in_effect_host = inject->in_after = -1;
    inject->in_objectives = g_new0(char *, 1);
    inject->in_attachments = g_ptr_array_new_with_free_func(attachment_free);
    inject->in_env = g_new0(char *, 1);
    inject->in_indicators = g_new0(char *, 1);
    inject->in_expect = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(plan->p_injects, inject);
    return inject;
}

PlanSecret *plan_secret_add(Plan *plan, const char *name, int team)
{
    PlanSecret *secret = g_new0(PlanSecret, 1);

    secret->se_name = g_strdup(name);
    secret->se_team = team;
    g_ptr_array_add(plan->p_secrets, secret);
    return secret;
}

PlanCondition *plan_condition_new(PlanConditionKind kind)
{
    PlanCondition *condition = g_new0(PlanCondition, 1);

    condition->co_kind = kind;
    condition->co_ref = -1;
    condition->co_below = condition->co_above = G_MININT64;
    condition->co_parts = g_ptr_array_new_with_free_func(plan_condition_free);
    return condition;
}
