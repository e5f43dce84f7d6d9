/* Elements of a plan: made and freed. */
#include "scenarios/loader.h"

static void member_free(gpointer data)
{
    PlanMember *member = data;

    g_free(member->pm_name);
    g_free(member->pm_key);
    g_free(member);
}

static void team_free(gpointer data)
{
    PlanTeam *team = data;

    g_free(team->pt_id);
    parry_text_free(team->pt_title);
    g_free(team->pt_estate);
    g_clear_pointer(&team->pt_members, g_ptr_array_unref);
    g_free(team);
}

static void network_free(gpointer data)
{
    PlanNetwork *network = data;

    g_free(network->pn_id);
    g_free(network->pn_libvirt);
    g_free(network->pn_bridge);
    g_free(network->pn_uuid);
    g_free(network);
}

static void publish_free(gpointer data)
{
    PlanPublish *publish = data;

    g_free(publish->pp_proto);
    g_free(publish);
}

static void file_free(gpointer data)
{
    PlanFile *file = data;

    g_free(file->pf_path);
    g_clear_pointer(&file->pf_bytes, g_bytes_unref);
    g_free(file->pf_owner);
    g_free(file->pf_group);
    g_free(file);
}

static void user_free(gpointer data)
{
    PlanUser *user = data;

    g_free(user->pu_name);
    g_free(user->pu_password);
    g_free(user->pu_shell);
    g_strfreev(user->pu_groups);
    g_free(user);
}

static void name_free(gpointer data)
{
    PlanName *name = data;

    g_strfreev(name->pd_names);
    g_free(name);
}

static void image_free(gpointer data)
{
    PlanImage *image = data;

    g_free(image->pi_id);
    g_free(image->pi_base);
    g_strfreev(image->pi_packages);
    g_clear_pointer(&image->pi_files, g_ptr_array_unref);
    g_free(image);
}

static void host_free(gpointer data)
{
    PlanHost *host = data;

    g_free(host->ph_id);
    g_free(host->ph_name);
    g_free(host->ph_domain);
    g_free(host->ph_uuid);
    g_clear_pointer(&host->ph_nics, g_ptr_array_unref);
    g_clear_pointer(&host->ph_routes, g_ptr_array_unref);
    g_clear_pointer(&host->ph_names, g_ptr_array_unref);
    g_clear_pointer(&host->ph_files, g_ptr_array_unref);
    g_clear_pointer(&host->ph_users, g_ptr_array_unref);
    g_strfreev(host->ph_services);
    g_strfreev(host->ph_run);
    g_clear_pointer(&host->ph_publish, g_ptr_array_unref);
    g_clear_pointer(&host->ph_masquerade, g_array_unref);
    g_free(host);
}

static void target_free(gpointer data)
{
    PlanTarget *target = data;

    g_free(target->ta_id);
    g_free(target->ta_kind);
    g_free(target);
}

static void check_free(gpointer data)
{
    PlanCheck *check = data;

    g_free(check->ck_id);
    g_free(check->ck_kind);
    json_decref(check->ck_params);
    g_free(check);
}

static void condition_free(gpointer data)
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
    condition_free(inject->in_when);
    g_strfreev(inject->in_objectives);
    g_free(inject->in_controller);
    parry_text_free(inject->in_notes);
    g_free(inject->in_sender);
    g_free(inject->in_channel);
    g_ptr_array_unref(inject->in_attachments);
    g_clear_pointer(&inject->in_expect, g_ptr_array_unref);
    g_free(inject);
}

static void action_free(gpointer data)
{
    PlanAction *action = data;

    g_free(action->ac_title);
    g_free(action->ac_run);
    g_free(action);
}

static void script_free(gpointer data)
{
    PlanScript *script = data;

    g_strfreev(script->sc_detect);
    g_strfreev(script->sc_contain);
    g_clear_pointer(&script->sc_actions, g_ptr_array_unref);
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

Plan *plan_new(void)
{
    Plan *plan = g_new0(Plan, 1);

    plan->p_teams = g_ptr_array_new_with_free_func(team_free);
    plan->p_networks = g_ptr_array_new_with_free_func(network_free);
    plan->p_images = g_ptr_array_new_with_free_func(image_free);
    plan->p_hosts = g_ptr_array_new_with_free_func(host_free);
    plan->p_targets = g_ptr_array_new_with_free_func(target_free);
    plan->p_checks = g_ptr_array_new_with_free_func(check_free);
    plan->p_injects = g_ptr_array_new_with_free_func(inject_free);
    plan->p_scripts = g_ptr_array_new_with_free_func(script_free);
    plan->p_phases = g_ptr_array_new_with_free_func(phase_free);
    plan->p_windows = g_ptr_array_new_with_free_func(window_free);
    plan->p_unbuilt = g_ptr_array_new_with_free_func(unbuilt_free);
    plan->p_secrets = g_ptr_array_new_with_free_func(secret_free);
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
    g_free(plan->p_authorised_by);
    g_free(plan->p_safety_officer);
    g_free(plan->p_max_risk);
    g_strfreev(plan->p_allow);
    g_ptr_array_unref(plan->p_teams);
    g_ptr_array_unref(plan->p_networks);
    g_ptr_array_unref(plan->p_images);
    g_ptr_array_unref(plan->p_hosts);
    g_ptr_array_unref(plan->p_targets);
    g_ptr_array_unref(plan->p_checks);
    g_ptr_array_unref(plan->p_secrets);
    g_ptr_array_unref(plan->p_injects);
    g_ptr_array_unref(plan->p_scripts);
    g_ptr_array_unref(plan->p_phases);
    g_ptr_array_unref(plan->p_windows);
    g_ptr_array_unref(plan->p_unbuilt);
    g_free(plan->p_scoring.ps_profile);
    g_free(plan);
}

PlanTeam *plan_team_add(Plan *plan, const char *id)
{
    PlanTeam *team = g_new0(PlanTeam, 1);

    team->pt_id = g_strdup(id);
    team->pt_members = g_ptr_array_new_with_free_func(member_free);
    g_ptr_array_add(plan->p_teams, team);
    return team;
}

PlanImage *plan_image_add(Plan *plan, const char *id)
{
    PlanImage *image = g_new0(PlanImage, 1);

    image->pi_id = g_strdup(id);
    image->pi_files = g_ptr_array_new_with_free_func(file_free);
    g_ptr_array_add(plan->p_images, image);
    return image;
}

PlanHost *plan_host_add(Plan *plan, const char *id)
{
    PlanHost *host = g_new0(PlanHost, 1);

    host->ph_index = (int)plan->p_hosts->len;
    host->ph_id = g_strdup(id);
    host->ph_nics = g_ptr_array_new_with_free_func(g_free);
    host->ph_routes = g_ptr_array_new_with_free_func(g_free);
    host->ph_names = g_ptr_array_new_with_free_func(name_free);
    host->ph_files = g_ptr_array_new_with_free_func(file_free);
    host->ph_users = g_ptr_array_new_with_free_func(user_free);
    host->ph_publish = g_ptr_array_new_with_free_func(publish_free);
    host->ph_masquerade = g_array_new(FALSE, FALSE, sizeof(int));
    g_ptr_array_add(plan->p_hosts, host);
    return host;
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
    condition->co_parts = g_ptr_array_new_with_free_func(condition_free);
    return condition;
}

PlanScript *plan_script_add(Plan *plan, int team)
{
    PlanScript *script = g_new0(PlanScript, 1);

    script->sc_team = team;
    script->sc_actions = g_ptr_array_new_with_free_func(action_free);
    g_ptr_array_add(plan->p_scripts, script);
    return script;
}
