/* The estates' elements of a plan: made and freed. */
#include "scenarios/loader.h"

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

static void rule_free(gpointer data)
{
    PlanWallRule *rule = data;

    g_free(rule->pw_name);
    g_free(rule->pw_proto);
    g_free(rule);
}

static void pool_free(gpointer data)
{
    PlanPool *pool = data;

    g_free(pool->po_name);
    g_free(pool);
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
    g_clear_pointer(&host->ph_rules, g_ptr_array_unref);
    g_clear_pointer(&host->ph_after, g_array_unref);
    g_clear_pointer(&host->ph_dns, g_array_unref);
    g_strfreev(host->ph_labels);
    parry_text_free(host->ph_title);
    g_strfreev(host->ph_watch_paths);
    g_strfreev(host->ph_watch_mask);
    g_free(host);
}

static void target_free(gpointer data)
{
    PlanTarget *target = data;

    g_free(target->ta_id);
    g_free(target->ta_kind);
    parry_text_free(target->ta_title);
    g_free(target);
}

static void weakness_free(gpointer data)
{
    PlanWeakness *weakness = data;

    g_free(weakness->wk_id);
    g_free(weakness->wk_technique);
    parry_text_free(weakness->wk_title);
    g_free(weakness->wk_severity);
    g_free(weakness->wk_cwe);
    parry_text_free(weakness->wk_fix);
    g_free(weakness->wk_secret);
    g_free(weakness);
}

static void flag_free(gpointer data)
{
    PlanFlag *flag = data;

    g_free(flag->fl_id);
    g_free(flag->fl_path);
    g_free(flag->fl_value);
    g_free(flag);
}

static void credential_free(gpointer data)
{
    PlanCredential *credential = data;

    g_free(credential->cr_id);
    g_free(credential->cr_account);
    g_free(credential->cr_secret);
    g_free(credential->cr_password);
    g_free(credential);
}

static void record_free(gpointer data)
{
    PlanRecord *record = data;

    g_free(record->rd_name);
    g_free(record);
}

static void zone_free(gpointer data)
{
    PlanZone *zone = data;

    g_free(zone->zn_domain);
    g_clear_pointer(&zone->zn_servers, g_array_unref);
    g_clear_pointer(&zone->zn_records, g_ptr_array_unref);
    g_free(zone);
}

void plan_estates_init(Plan *plan)
{
    plan->p_networks = g_ptr_array_new_with_free_func(network_free);
    plan->p_pools = g_ptr_array_new_with_free_func(pool_free);
    plan->p_images = g_ptr_array_new_with_free_func(image_free);
    plan->p_hosts = g_ptr_array_new_with_free_func(host_free);
    plan->p_targets = g_ptr_array_new_with_free_func(target_free);
    plan->p_weaknesses = g_ptr_array_new_with_free_func(weakness_free);
    plan->p_flags = g_ptr_array_new_with_free_func(flag_free);
    plan->p_credentials = g_ptr_array_new_with_free_func(credential_free);
    plan->p_zones = g_ptr_array_new_with_free_func(zone_free);
}

void plan_estates_clear(Plan *plan)
{
    g_ptr_array_unref(plan->p_networks);
    g_ptr_array_unref(plan->p_pools);
    g_ptr_array_unref(plan->p_images);
    g_ptr_array_unref(plan->p_hosts);
    g_ptr_array_unref(plan->p_targets);
    g_ptr_array_unref(plan->p_weaknesses);
    g_ptr_array_unref(plan->p_flags);
    g_ptr_array_unref(plan->p_credentials);
    g_ptr_array_unref(plan->p_zones);
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
    host->ph_rules = g_ptr_array_new_with_free_func(rule_free);
    host->ph_after = g_array_new(FALSE, FALSE, sizeof(int));
    host->ph_dns = g_array_new(FALSE, FALSE, sizeof(guint32));
    host->ph_watch_paths = g_new0(char *, 1);
    host->ph_watch_mask = g_new0(char *, 1);
    g_ptr_array_add(plan->p_hosts, host);
    return host;
}

PlanZone *plan_zone_add(Plan *plan, int team)
{
    PlanZone *zone = g_new0(PlanZone, 1);

    zone->zn_team = team;
    zone->zn_servers = g_array_new(FALSE, FALSE, sizeof(int));
    zone->zn_records = g_ptr_array_new_with_free_func(record_free);
    g_ptr_array_add(plan->p_zones, zone);
    return zone;
}
