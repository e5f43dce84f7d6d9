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

static void set_addr(json_t *object, const char *key, guint32 addr)
{
    g_autofree char *text = plan_addr_text(addr);

    json_object_set_new(object, key, json_string(text));
}

/* "health/web", or null for -1. */
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

static json_t *network_json(const Plan *plan, gconstpointer data)
{
    const PlanNetwork *network = data;
    g_autofree char *addr = plan_addr_text(network->pn_addr);
    g_autofree char *cidr = g_strdup_printf("%s/%d", addr, network->pn_prefix);

    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s}", "id", network->pn_id, "team",
                     plan_json_team(plan, network->pn_team), "cidr", cidr, "libvirt",
                     network->pn_libvirt, "bridge", network->pn_bridge, "uuid",
                     network->pn_uuid);
}

static json_t *file_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanFile *file = data;
    char digest[65];
    gsize len;
    const void *bytes = g_bytes_get_data(file->pf_bytes, &len);
    g_autofree char *mode = g_strdup_printf("%04o", (unsigned)file->pf_mode);

    cjson_sha256_bytes(bytes, len, digest);
    return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "path", file->pf_path, "size",
                     (json_int_t)len, "sha256", digest, "mode", mode, "owner",
                     file->pf_owner, "group", file->pf_group);
}

static json_t *image_json(const Plan *plan, gconstpointer data)
{
    const PlanImage *image = data;

    return json_pack("{s:s, s:s, s:o, s:o}", "id", image->pi_id, "base", image->pi_base,
                     "packages", plan_json_texts(image->pi_packages), "files",
                     plan_json_each(plan, image->pi_files, file_json));
}

static json_t *nic_json(const Plan *plan, gconstpointer data)
{
    const PlanNic *nic = data;
    const PlanNetwork *network = plan_network(plan, nic->ni_network);
    json_t *out =
        json_pack("{s:s, s:s, s:i, s:b}", "network", network->pn_id, "mac", nic->ni_mac,
                  "prefix", network->pn_prefix, "isolated", nic->ni_isolated);

    set_addr(out, "addr", nic->ni_addr);
    return out;
}

static json_t *route_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanRoute *route = data;
    g_autofree char *dest = plan_addr_text(route->pr_dest);
    g_autofree char *to = g_strdup_printf("%s/%d", dest, route->pr_prefix);
    json_t *out = json_pack("{s:s}", "to", to);

    set_addr(out, "via", route->pr_via);
    return out;
}

static json_t *name_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanName *name = data;
    json_t *out = json_pack("{s:o}", "names", plan_json_texts(name->pd_names));

    set_addr(out, "addr", name->pd_addr);
    return out;
}

static json_t *user_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanUser *user = data;

    return json_pack("{s:s, s:i, s:s, s:o, s:b}", "name", user->pu_name, "uid",
                     user->pu_uid, "shell", user->pu_shell, "groups",
                     plan_json_texts(user->pu_groups), "password",
                     user->pu_password != NULL);
}

static json_t *publish_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanPublish *publish = data;
    json_t *out = json_pack("{s:s, s:i, s:i}", "proto", publish->pp_proto, "port",
                            publish->pp_port, "to-port", publish->pp_to_port);

    set_addr(out, "to", publish->pp_to);
    return out;
}

static json_t *host_json(const Plan *plan, gconstpointer data)
{
    static const char *const agents[] = {"auto", "seed", "none"};
    const PlanHost *host = data;
    json_t *out = json_pack(
        "{s:s, s:s, s:s, s:o, s:s, s:s, s:I, s:I, s:i, s:b, s:s, s:b}", "id", host->ph_id,
        "domain", host->ph_domain, "uuid", host->ph_uuid, "team",
        plan_json_team(plan, host->ph_team), "owner", plan_side_name(host->ph_owner),
        "image", plan_image(plan, host->ph_image)->pi_id, "memory",
        (json_int_t)host->ph_memory, "disk", (json_int_t)host->ph_disk, "cpus",
        host->ph_cpus, "router", host->ph_router, "agent", agents[host->ph_agent],
        "required", host->ph_required);

    json_object_set_new(out, "nics", plan_json_each(plan, host->ph_nics, nic_json));
    json_object_set_new(out, "routes", plan_json_each(plan, host->ph_routes, route_json));
    json_object_set_new(out, "names", plan_json_each(plan, host->ph_names, name_json));
    json_object_set_new(out, "files", plan_json_each(plan, host->ph_files, file_json));
    json_object_set_new(out, "users", plan_json_each(plan, host->ph_users, user_json));
    json_object_set_new(out, "services", plan_json_texts(host->ph_services));
    json_object_set_new(out, "publish",
                        plan_json_each(plan, host->ph_publish, publish_json));
    return out;
}

static json_t *target_json(const Plan *plan, gconstpointer data)
{
    const PlanTarget *target = data;

    return json_pack("{s:s, s:o, s:o, s:s, s:i}", "id", target->ta_id, "team",
                     plan_json_team(plan, target->ta_team), "host",
                     plan_json_host(plan, target->ta_host), "kind", target->ta_kind,
                     "criticality", target->ta_criticality);
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
                     plan_json_each(plan, plan->p_targets, target_json), "checks",
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
    json_object_set_new(out, "networks",
                        plan_json_each(plan, plan->p_networks, network_json));
    json_object_set_new(out, "images", plan_json_each(plan, plan->p_images, image_json));
    json_object_set_new(out, "hosts", plan_json_each(plan, plan->p_hosts, host_json));
    json_object_set_new(out, "unbuilt",
                        plan_json_each(plan, plan->p_unbuilt, unbuilt_json));
    return out;
}
