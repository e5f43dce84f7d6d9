/* The plan as JSON: all of it for people and tools, its rules for the hash. */
#include "scenarios/base/cjson.h"
#include "scenarios/loader.h"

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *texts(char *const *strv)
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
static json_t *host_ref(const Plan *plan, int index)
{
    return index < 0 ? json_null() : json_string(plan_host(plan, index)->ph_id);
}

static json_t *team_ref(const Plan *plan, int index)
{
    return index < 0 ? json_null() : json_string(plan_team(plan, index)->pt_id);
}

static json_t *each(const Plan *plan, const GPtrArray *all,
                    json_t *(*one)(const Plan *, gconstpointer))
{
    json_t *out = json_array();

    for (guint i = 0; i < all->len; i++)
        json_array_append_new(out, one(plan, all->pdata[i]));
    return out;
}

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
                     text_or_null(team->pt_estate), "members",
                     each(plan, team->pt_members, member_json));
}

static json_t *network_json(const Plan *plan, gconstpointer data)
{
    const PlanNetwork *network = data;
    g_autofree char *addr = plan_addr_text(network->pn_addr);
    g_autofree char *cidr = g_strdup_printf("%s/%d", addr, network->pn_prefix);

    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s}", "id", network->pn_id, "team",
                     team_ref(plan, network->pn_team), "cidr", cidr, "libvirt",
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
                     "packages", texts(image->pi_packages), "files",
                     each(plan, image->pi_files, file_json));
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
    json_t *out = json_pack("{s:o}", "names", texts(name->pd_names));

    set_addr(out, "addr", name->pd_addr);
    return out;
}

static json_t *user_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanUser *user = data;

    return json_pack("{s:s, s:i, s:s, s:o, s:b}", "name", user->pu_name, "uid",
                     user->pu_uid, "shell", user->pu_shell, "groups",
                     texts(user->pu_groups), "password", user->pu_password != NULL);
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
        team_ref(plan, host->ph_team), "owner", plan_side_name(host->ph_owner), "image",
        plan_image(plan, host->ph_image)->pi_id, "memory", (json_int_t)host->ph_memory,
        "disk", (json_int_t)host->ph_disk, "cpus", host->ph_cpus, "router",
        host->ph_router, "agent", agents[host->ph_agent], "required", host->ph_required);

    json_object_set_new(out, "nics", each(plan, host->ph_nics, nic_json));
    json_object_set_new(out, "routes", each(plan, host->ph_routes, route_json));
    json_object_set_new(out, "names", each(plan, host->ph_names, name_json));
    json_object_set_new(out, "files", each(plan, host->ph_files, file_json));
    json_object_set_new(out, "users", each(plan, host->ph_users, user_json));
    json_object_set_new(out, "services", texts(host->ph_services));
    json_object_set_new(out, "publish", each(plan, host->ph_publish, publish_json));
    return out;
}

static json_t *target_json(const Plan *plan, gconstpointer data)
{
    const PlanTarget *target = data;

    return json_pack("{s:s, s:o, s:o, s:s, s:i}", "id", target->ta_id, "team",
                     team_ref(plan, target->ta_team), "host",
                     host_ref(plan, target->ta_host), "kind", target->ta_kind,
                     "criticality", target->ta_criticality);
}

static json_t *check_json(const Plan *plan, gconstpointer data)
{
    const PlanCheck *check = data;

    return json_pack(
        "{s:s, s:o, s:o, s:o, s:b, s:s, s:O, s:I, s:I, s:i}", "id", check->ck_id, "team",
        team_ref(plan, check->ck_team), "host", host_ref(plan, check->ck_host), "from",
        host_ref(plan, check->ck_from), "self-reported", check->ck_self_reported, "kind",
        check->ck_kind, "params", check->ck_params, "interval-us",
        (json_int_t)check->ck_interval_us, "deadline-us",
        (json_int_t)check->ck_deadline_us, "weight", check->ck_weight);
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
    json_object_set_new(out, "by", team_ref(plan, inject->in_by));
    json_object_set_new(out, "technique", text_or_null(inject->in_technique));
    json_object_set_new(out, "host", host_ref(plan, inject->in_host));
    json_object_set_new(out, "from", host_ref(plan, inject->in_from));
    json_object_set_new(out, "target",
                        inject->in_target < 0
                            ? json_null()
                            : json_string(plan_target(plan, inject->in_target)->ta_id));
    json_object_set_new(out, "run", text_or_null(inject->in_run));
    json_object_set_new(out, "cleanup", text_or_null(inject->in_cleanup));
    json_object_set_new(out, "user", text_or_null(inject->in_user));
    json_object_set_new(out, "timeout-us", json_integer(inject->in_timeout_us));
    json_object_set_new(out, "env", texts(inject->in_env));
    json_object_set_new(out, "indicators", texts(inject->in_indicators));
    json_object_set_new(out, "playbook",
                        json_pack("{s:o, s:o}", "detect", text_or_null(inject->in_detect),
                                  "contain", text_or_null(inject->in_contain)));
    if (inject->in_effect_kind)
        json_object_set_new(out, "effect",
                            json_pack("{s:o, s:s, s:O}", "host",
                                      host_ref(plan, inject->in_effect_host), "kind",
                                      inject->in_effect_kind, "params",
                                      inject->in_effect_params));
}

static json_t *inject_json(const Plan *plan, gconstpointer data)
{
    const PlanInject *inject = data;
    gboolean attack = inject->in_kind == INJECT_ATTACK;
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:o}", "id", inject->in_id, "name",
                  inject->in_name, "kind", attack ? "attack" : "message", "title",
                  parry_text_to_json(inject->in_title), "team",
                  team_ref(plan, inject->in_team), "at-us", (json_int_t)inject->in_at_us,
                  "expect", each(plan, inject->in_expect, expect_json));

    if (attack) {
        attack_json(plan, inject, out);
    } else {
        json_object_set_new(out, "subject", parry_text_to_json(inject->in_subject));
        json_object_set_new(out, "body", parry_text_to_json(inject->in_body));
    }
    return out;
}

static json_t *action_json(const Plan *plan, gconstpointer data)
{
    const PlanAction *action = data;

    return json_pack("{s:I, s:o, s:s, s:s}", "at-us", (json_int_t)action->ac_at_us,
                     "host", host_ref(plan, action->ac_host), "title", action->ac_title,
                     "run", action->ac_run ? action->ac_run : "");
}

static json_t *selection(gboolean all, char *const *names)
{
    return all ? json_string("all") : texts(names);
}

static json_t *script_json(const Plan *plan, gconstpointer data)
{
    const PlanScript *script = data;

    return json_pack("{s:o, s:o, s:o, s:I, s:o}", "team", team_ref(plan, script->sc_team),
                     "detect", selection(script->sc_detect_all, script->sc_detect),
                     "contain", selection(script->sc_contain_all, script->sc_contain),
                     "delay-us", (json_int_t)script->sc_delay_us, "actions",
                     each(plan, script->sc_actions, action_json));
}

static json_t *phase_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanPhase *phase = data;

    return json_pack("{s:s, s:I, s:I, s:b, s:b}", "name", phase->pz_name, "from-us",
                     (json_int_t)phase->pz_from_us, "until-us",
                     (json_int_t)phase->pz_until_us, "score", phase->pz_score,
                     "red-locked", phase->pz_red_locked);
}

static json_t *unbuilt_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanUnbuilt *unbuilt = data;

    return json_pack("{s:s, s:i, s:i}", "key", unbuilt->pb_key, "line", unbuilt->pb_line,
                     "column", unbuilt->pb_column);
}

static json_t *scoring_json(const PlanScoring *scoring)
{
    return json_pack("{s:s, s:i, s:i, s:i, s:I, s:I}", "profile", scoring->ps_profile,
                     "protection", scoring->ps_protection, "availability",
                     scoring->ps_availability, "injects", scoring->ps_injects, "cap",
                     (json_int_t)scoring->ps_cap, "bonus-max",
                     (json_int_t)scoring->ps_xmax);
}

static json_t *rules_json(const Plan *plan)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "scoring", scoring_json(&plan->p_scoring),
                     "targets", each(plan, plan->p_targets, target_json), "checks",
                     each(plan, plan->p_checks, check_json), "injects",
                     each(plan, plan->p_injects, inject_json));
}

gboolean plan_rules_sha256(const Plan *plan, char out[65], GError **error)
{
    json_t *rules = rules_json(plan);
    gboolean ok = cjson_sha256(rules, out, error);

    json_decref(rules);
    return ok;
}

static json_t *scope_json(const Plan *plan)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "authorised-by",
                     text_or_null(plan->p_authorised_by), "safety-officer",
                     text_or_null(plan->p_safety_officer), "max-risk",
                     text_or_null(plan->p_max_risk), "allow", texts(plan->p_allow));
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
    json_object_set_new(out, "scope", scope_json(plan));
    json_object_set_new(out, "phases", each(plan, plan->p_phases, phase_json));
    json_object_set_new(out, "teams", each(plan, plan->p_teams, team_json));
    json_object_set_new(out, "networks", each(plan, plan->p_networks, network_json));
    json_object_set_new(out, "images", each(plan, plan->p_images, image_json));
    json_object_set_new(out, "hosts", each(plan, plan->p_hosts, host_json));
    json_object_set_new(out, "rehearsal", each(plan, plan->p_scripts, script_json));
    json_object_set_new(out, "unbuilt", each(plan, plan->p_unbuilt, unbuilt_json));
    return out;
}
