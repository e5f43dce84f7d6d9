/* The estates' part of the plan as JSON. */
#include "scenarios/base/cjson.h"
#include "scenarios/plan_json.h"

#include <string.h>

static void set_addr(json_t *object, const char *key, guint32 addr)
{
    g_autofree char *text = plan_addr_text(addr);

    json_object_set_new(object, key, json_string(text));
}

static json_t *link_json(const PlanNetwork *network)
{
    return json_pack("{s:I, s:I, s:i, s:I}", "delay-us", (json_int_t)network->pn_delay_us,
                     "jitter-us", (json_int_t)network->pn_jitter_us, "loss",
                     network->pn_loss, "rate", (json_int_t)network->pn_rate);
}

static json_t *network_json(const Plan *plan, gconstpointer data)
{
    const PlanNetwork *network = data;
    g_autofree char *addr = plan_addr_text(network->pn_addr);
    g_autofree char *cidr = g_strdup_printf("%s/%d", addr, network->pn_prefix);

    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:o}", "id", network->pn_id,
                     "team", plan_json_team(plan, network->pn_team), "cidr", cidr,
                     "libvirt", network->pn_libvirt, "bridge", network->pn_bridge, "uuid",
                     network->pn_uuid, "link", link_json(network), "mirror",
                     plan_json_host(plan, network->pn_mirror));
}

static json_t *pool_json(const Plan *plan, gconstpointer data)
{
    const PlanPool *pool = data;
    json_t *out = json_pack("{s:s, s:s, s:I}", "name", pool->po_name, "network",
                            plan_network(plan, pool->po_network)->pn_id, "change-us",
                            (json_int_t)pool->po_change_us);

    set_addr(out, "first", pool->po_first);
    set_addr(out, "last", pool->po_last);
    return out;
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

static const char *pool_name(const Plan *plan, int index)
{
    return ((const PlanPool *)g_ptr_array_index(plan->p_pools, index))->po_name;
}

static json_t *nic_json(const Plan *plan, gconstpointer data)
{
    const PlanNic *nic = data;
    const PlanNetwork *network = plan_network(plan, nic->ni_network);
    json_t *out = json_pack(
        "{s:s, s:s, s:i, s:b, s:o}", "network", network->pn_id, "mac", nic->ni_mac,
        "prefix", network->pn_prefix, "isolated", nic->ni_isolated, "pool",
        nic->ni_pool < 0 ? json_null() : json_string(pool_name(plan, nic->ni_pool)));

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

    return json_pack("{s:s, s:i, s:o, s:o, s:b}", "name", user->pu_name, "uid",
                     user->pu_uid, "shell", plan_json_text(user->pu_shell), "groups",
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

static void set_cidr(json_t *object, const char *key, guint32 addr, int prefix)
{
    g_autofree char *text = plan_addr_text(addr);
    g_autofree char *cidr = g_strdup_printf("%s/%d", text, prefix);

    json_object_set_new(object, key, json_string(prefix ? cidr : "any"));
}

static json_t *rule_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    static const char *const actions[] = {"accept", "drop", "reject"};
    const PlanWallRule *rule = data;
    json_t *out = json_pack("{s:s, s:s, s:i, s:i, s:s, s:b}", "name", rule->pw_name,
                            "proto", rule->pw_proto, "first-port", rule->pw_first_port,
                            "last-port", rule->pw_last_port, "action",
                            actions[rule->pw_action], "log", rule->pw_log);

    set_cidr(out, "from", rule->pw_from, rule->pw_from_prefix);
    set_cidr(out, "to", rule->pw_to, rule->pw_to_prefix);
    return out;
}

static json_t *hosts_json(const Plan *plan, const GArray *hosts)
{
    json_t *out = json_array();

    for (guint i = 0; i < hosts->len; i++)
        json_array_append_new(out, plan_json_host(plan, g_array_index(hosts, int, i)));
    return out;
}

static json_t *resolvers_json(const GArray *addrs)
{
    json_t *out = json_array();

    for (guint i = 0; i < addrs->len; i++) {
        g_autofree char *text = plan_addr_text(g_array_index(addrs, guint32, i));
        json_array_append_new(out, json_string(text));
    }
    return out;
}

static json_t *reset_json(const PlanHost *host)
{
    const PlanReset *reset = &host->ph_reset;

    return json_pack("{s:s, s:I, s:i, s:I, s:I, s:b, s:I}", "by",
                     plan_reset_by_name(reset->rs_by), "cost-milli",
                     (json_int_t)reset->rs_cost, "limit", reset->rs_limit.rl_limit,
                     "per-us", (json_int_t)reset->rs_limit.rl_per_us, "cooldown-us",
                     (json_int_t)reset->rs_cooldown_us, "approval", reset->rs_approval,
                     "expires-us", (json_int_t)reset->rs_expires_us);
}

static json_t *retry_json(const PlanHost *host)
{
    return json_pack("{s:i, s:I}", "times", host->ph_retries, "wait-us",
                     (json_int_t)host->ph_retry_wait_us);
}

static json_t *watch_json(const PlanHost *host)
{
    return json_pack("{s:i, s:o, s:o}", "rate", host->ph_watch_rate, "paths",
                     plan_json_texts(host->ph_watch_paths), "mask",
                     plan_json_texts(host->ph_watch_mask));
}

static json_t *host_json(const Plan *plan, gconstpointer data)
{
    const PlanHost *host = data;
    json_t *out = json_pack(
        "{s:s, s:s, s:s, s:o, s:s, s:s, s:I, s:I, s:i, s:b, s:s, s:b}", "id", host->ph_id,
        "domain", host->ph_domain, "uuid", host->ph_uuid, "team",
        plan_json_team(plan, host->ph_team), "owner", plan_side_name(host->ph_owner),
        "image", plan_image(plan, host->ph_image)->pi_id, "memory",
        (json_int_t)host->ph_memory, "disk", (json_int_t)host->ph_disk, "cpus",
        host->ph_cpus, "router", host->ph_router, "agent",
        plan_agent_name(host->ph_agent), "required", host->ph_required);

    json_object_set_new(out, "nics", plan_json_each(plan, host->ph_nics, nic_json));
    json_object_set_new(out, "routes", plan_json_each(plan, host->ph_routes, route_json));
    json_object_set_new(out, "names", plan_json_each(plan, host->ph_names, name_json));
    json_object_set_new(out, "files", plan_json_each(plan, host->ph_files, file_json));
    json_object_set_new(out, "users", plan_json_each(plan, host->ph_users, user_json));
    json_object_set_new(out, "services", plan_json_texts(host->ph_services));
    json_object_set_new(out, "title", parry_text_to_json(host->ph_title));
    json_object_set_new(out, "labels", plan_json_texts(host->ph_labels));
    json_object_set_new(out, "after", hosts_json(plan, host->ph_after));
    json_object_set_new(out, "dns", resolvers_json(host->ph_dns));
    json_object_set_new(out, "reset", reset_json(host));
    json_object_set_new(out, "watch", watch_json(host));
    if (host->ph_hugepages)
        json_object_set_new(out, "hugepages", json_true());
    if (host->ph_retries)
        json_object_set_new(out, "retry", retry_json(host));
    json_object_set_new(out, "forward", json_string(host->ph_drop ? "drop" : "accept"));
    json_object_set_new(out, "firewall", plan_json_each(plan, host->ph_rules, rule_json));
    json_object_set_new(out, "publish",
                        plan_json_each(plan, host->ph_publish, publish_json));
    return out;
}

static json_t *target_json(const Plan *plan, gconstpointer data)
{
    const PlanTarget *target = data;

    return json_pack("{s:s, s:o, s:o, s:s, s:i, s:o}", "id", target->ta_id, "team",
                     plan_json_team(plan, target->ta_team), "host",
                     plan_json_host(plan, target->ta_host), "kind", target->ta_kind,
                     "criticality", target->ta_criticality, "title",
                     parry_text_to_json(target->ta_title));
}

/* A secret's commitment: who knows the secret can tell that it is the one. */
static json_t *secret_json(const char *secret)
{
    char digest[65];

    cjson_sha256_bytes(secret, strlen(secret), digest);
    return json_string(digest);
}

static json_t *target_ref(const Plan *plan, int index)
{
    return index < 0 ? json_null() : json_string(plan_target(plan, index)->ta_id);
}

static json_t *weakness_json(const Plan *plan, gconstpointer data)
{
    const PlanWeakness *weakness = data;

    return json_pack(
        "{s:s, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o}", "id", weakness->wk_id, "team",
        plan_json_team(plan, weakness->wk_team), "host",
        plan_json_host(plan, weakness->wk_host), "technique", weakness->wk_technique,
        "title", parry_text_to_json(weakness->wk_title), "severity",
        weakness->wk_severity, "cwe", plan_json_text(weakness->wk_cwe), "fix",
        weakness->wk_fix ? parry_text_to_json(weakness->wk_fix) : json_null(), "secret",
        plan_json_text(weakness->wk_secret));
}

static json_t *flag_json(const Plan *plan, gconstpointer data)
{
    const PlanFlag *flag = data;

    return json_pack(
        "{s:s, s:o, s:o, s:o, s:s, s:o, s:I}", "id", flag->fl_id, "team",
        plan_json_team(plan, flag->fl_team), "host", plan_json_host(plan, flag->fl_host),
        "target", target_ref(plan, flag->fl_target), "path", flag->fl_path, "sha256",
        secret_json(flag->fl_value), "rotate-us", (json_int_t)flag->fl_rotate_us);
}

static json_t *open_flag_json(const Plan *plan, gconstpointer data)
{
    json_t *out = flag_json(plan, data);

    json_object_set_new(out, "value", json_string(((const PlanFlag *)data)->fl_value));
    return out;
}

json_t *plan_json_flags(const Plan *plan, gboolean open)
{
    return plan_json_each(plan, plan->p_flags, open ? open_flag_json : flag_json);
}

static json_t *credential_json(const Plan *plan, gconstpointer data)
{
    static const char *const changes[] = {"forbidden", "report", "free"};
    const PlanCredential *credential = data;

    return json_pack("{s:s, s:o, s:o, s:s, s:s, s:s}", "id", credential->cr_id, "team",
                     plan_json_team(plan, credential->cr_team), "host",
                     plan_json_host(plan, credential->cr_host), "account",
                     credential->cr_account, "secret", credential->cr_secret, "change",
                     changes[credential->cr_change]);
}

static json_t *record_json(const Plan *plan G_GNUC_UNUSED, gconstpointer data)
{
    const PlanRecord *record = data;
    json_t *out = json_pack("{s:s}", "name", record->rd_name);

    set_addr(out, "addr", record->rd_addr);
    return out;
}

static json_t *zone_json(const Plan *plan, gconstpointer data)
{
    const PlanZone *zone = data;

    return json_pack("{s:o, s:s, s:o, s:o}", "team", plan_json_team(plan, zone->zn_team),
                     "domain", zone->zn_domain, "servers",
                     hosts_json(plan, zone->zn_servers), "records",
                     plan_json_each(plan, zone->zn_records, record_json));
}

json_t *plan_json_targets(const Plan *plan)
{
    return plan_json_each(plan, plan->p_targets, target_json);
}

void plan_json_estates(const Plan *plan, json_t *out)
{
    const struct {
        const char *key;
        const GPtrArray *all;
        json_t *(*one)(const Plan *, gconstpointer);
    } parts[] = {
        {"networks", plan->p_networks, network_json},
        {"pools", plan->p_pools, pool_json},
        {"images", plan->p_images, image_json},
        {"hosts", plan->p_hosts, host_json},
        {"weaknesses", plan->p_weaknesses, weakness_json},
        {"flags", plan->p_flags, flag_json},
        {"credentials", plan->p_credentials, credential_json},
        {"zones", plan->p_zones, zone_json},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        json_object_set_new(out, parts[i].key,
                            plan_json_each(plan, parts[i].all, parts[i].one));
}
