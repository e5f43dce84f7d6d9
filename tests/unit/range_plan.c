#include "tests/unit/range_plan.h"

#include "orchestrator/range/tag.h"

#define DRILLS "6ba7b811-9dad-11d1-80b4-00c04fd430c8" /* a namespace for test drills */

static guint32 addr(int a, int b, int c, int d)
{
    return (guint32)a << 24 | (guint32)b << 16 | (guint32)c << 8 | (guint32)d;
}

static void add_network(Plan *plan, const char *id, int team, guint32 net)
{
    PlanNetwork *made = g_new0(PlanNetwork, 1);
    guint n = plan->p_networks->len;

    made->pn_id = g_strdup(id);
    made->pn_libvirt = g_strdup_printf("prt-%s-%u", plan->p_name, n);
    made->pn_bridge = g_strdup_printf("prt%s%u", plan->p_name, n);
    made->pn_uuid = tag_uuid5(plan->p_uuid, id);
    made->pn_team = team;
    made->pn_addr = net;
    made->pn_prefix = 24;
    g_ptr_array_add(plan->p_networks, made);
}

static void add_nic(PlanHost *host, int network, guint32 at, gboolean isolated)
{
    PlanNic *nic = g_new0(PlanNic, 1);

    nic->ni_network = network;
    nic->ni_addr = at;
    nic->ni_isolated = isolated;
    g_snprintf(nic->ni_mac, sizeof(nic->ni_mac), "52:54:00:aa:%02x:%02x",
               (guint)host->ph_index, host->ph_nics->len);
    g_ptr_array_add(host->ph_nics, nic);
}

static PlanHost *add_host(Plan *plan, const char *id, int team)
{
    PlanHost *host = g_new0(PlanHost, 1);
    g_autofree char *key = g_strconcat("host/", id, "/0", NULL);
    g_auto(GStrv) parts = g_strsplit(id, "/", 2);

    host->ph_index = (int)plan->p_hosts->len;
    host->ph_id = g_strdup(id);
    host->ph_name = g_strdup(parts[1]);
    host->ph_domain = g_strdup_printf("pr-%s-%s-%s", plan->p_name, parts[0], parts[1]);
    host->ph_uuid = tag_uuid5(plan->p_uuid, key);
    host->ph_team = team;
    host->ph_owner = SIDE_BLUE;
    host->ph_memory = 64 << 20;
    host->ph_cpus = 1;
    host->ph_nics = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(plan->p_hosts, host);
    return host;
}

Plan *range_plan_new(const char *word)
{
    Plan *plan = g_new0(Plan, 1);
    PlanHost *host;

    plan->p_name = g_strdup(word);
    plan->p_uuid = tag_uuid5(DRILLS, word);
    plan->p_networks = g_ptr_array_new();
    plan->p_hosts = g_ptr_array_new();
    add_network(plan, "internet", -1, addr(203, 0, 113, 0));
    add_network(plan, "a/lan", 0, addr(10, 10, 1, 0));
    host = add_host(plan, "a/gateway", 0);
    add_nic(host, NET_INTERNET, addr(203, 0, 113, 10), TRUE);
    add_nic(host, NET_LAN, addr(10, 10, 1, 1), FALSE);
    host = add_host(plan, "b/gateway", 1);
    add_nic(host, NET_INTERNET, addr(203, 0, 113, 20), TRUE);
    host = add_host(plan, "a/web", 0);
    add_nic(host, NET_LAN, addr(10, 10, 1, 10), FALSE);
    return plan;
}

void range_plan_free(Plan *plan)
{
    for (guint i = 0; i < plan->p_networks->len; i++) {
        PlanNetwork *net = g_ptr_array_index(plan->p_networks, i);

        g_free(net->pn_id);
        g_free(net->pn_libvirt);
        g_free(net->pn_bridge);
        g_free(net->pn_uuid);
        g_free(net);
    }
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        PlanHost *host = g_ptr_array_index(plan->p_hosts, i);

        g_free(host->ph_id);
        g_free(host->ph_name);
        g_free(host->ph_domain);
        g_free(host->ph_uuid);
        g_ptr_array_unref(host->ph_nics);
        g_free(host);
    }
    g_ptr_array_unref(plan->p_networks);
    g_ptr_array_unref(plan->p_hosts);
    g_free(plan->p_name);
    g_free(plan->p_uuid);
    g_free(plan);
}
