/*
 * DNS served inside an estate: what `dns` says becomes dnsmasq's configuration on its
 * servers and the resolvers of the estate's hosts. Each server answers with the addresses
 * that it reaches itself.
 */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

#define CONFIG_PATH "/etc/dnsmasq.d/parry.conf"
#define RESTART "systemctl restart dnsmasq"
#define SERVERS_MAX 3 /* as many as a resolver asks */

/* A name as the zone has it: one with dots that ends otherwise stands for itself. */
static char *full_name(const PlanZone *zone, const char *name)
{
    g_autofree char *tail = g_strconcat(".", zone->zn_domain, NULL);

    if (!strcmp(name, zone->zn_domain) || g_str_has_suffix(name, tail) ||
        strchr(name, '.'))
        return g_strdup(name);
    return g_strconcat(name, tail, NULL);
}

/* --- servers --- */

static gboolean serves_dns(const Loader *loader, const PlanHost *host)
{
    const PlanImage *image = plan_image(loader->ld_plan, host->ph_image);

    if (!image->pi_base || g_str_has_suffix(image->pi_base, ".qcow2"))
        return TRUE; /* nobody knows what an own image holds */
    return g_strv_contains((const char *const *)image->pi_packages, "dnsmasq");
}

static void server_add(Loader *loader, PlanZone *zone, Node *node)
{
    int index = loader_host_named(loader, zone->zn_team, node);

    if (index < 0)
        return;
    const PlanHost *host = plan_host(loader->ld_plan, index);
    if (!serves_dns(loader, host))
        loader_error(loader, node,
                     "give its image {base: debian/bookworm, packages: [dnsmasq]}",
                     "the image of \"%s\" has no package dnsmasq", host->ph_name);
    if (host->ph_agent == AGENT_NONE)
        loader_error(loader, node, NULL,
                     "the host \"%s\" has no agent that could set it up", host->ph_name);
    if (!host->ph_nics->len)
        loader_error(loader, node, "give it a NIC", "nobody reaches the host \"%s\"",
                     host->ph_name);
    if (zone->zn_servers->len >= SERVERS_MAX)
        loader_error(loader, node, NULL, "more than %d servers", SERVERS_MAX);
    else
        g_array_append_val(zone->zn_servers, index);
}

static void expand_servers(Loader *loader, PlanZone *zone, Node *servers)
{
    if (servers && servers->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(servers); i++)
            server_add(loader, zone, node_at(servers, i));
    else if (servers)
        server_add(loader, zone, servers);
}

/* --- records --- */

/* The host that a record names, or -1; an address goes to *addr. */
static int record_value(Loader *loader, const PlanZone *zone, Node *value, guint32 *addr)
{
    g_autofree char *text = loader_subst(loader, value, zone->zn_team);

    if (!text || value_address(text, addr))
        return -1;
    int index = loader_host(loader, zone->zn_team, text);
    if (index < 0)
        loader_dangling(loader, value, "host of this estate",
                        node_get(loader_estate(loader, zone->zn_team), "hosts"), NULL);
    return index;
}

static void record_add(PlanZone *zone, char *name, guint32 addr)
{
    PlanRecord *record = g_new0(PlanRecord, 1);

    record->rd_name = name;
    record->rd_addr = addr;
    g_ptr_array_add(zone->zn_records, record);
}

/* Names of the estate's hosts: their own, and those that they have besides. */
static void expand_hosts(Loader *loader, PlanZone *zone, int server)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;

    for (guint i = 0; i < hosts->len; i++) {
        const PlanHost *host = hosts->pdata[i];
        guint32 addr =
            host->ph_team == zone->zn_team ? wiring_near(loader, server, (int)i) : 0;
        g_auto(GStrv) names = key_texts(loader->ld_host_nodes->pdata[i], "dns");
        if (!addr)
            continue;
        record_add(zone, full_name(zone, host->ph_name), addr);
        for (char **name = names; *name; name++)
            record_add(zone, full_name(zone, *name), addr);
    }
}

static const PlanRecord *record_named(const PlanZone *zone, const char *name)
{
    for (guint i = 0; i < zone->zn_records->len; i++) {
        const PlanRecord *record = zone->zn_records->pdata[i];
        if (!strcmp(record->rd_name, name))
            return record;
    }
    return NULL;
}

static void expand_records(Loader *loader, PlanZone *zone, int server,
                           const Node *records)
{
    if (!records || records->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(records); i++) {
        Node *name = records->nd_keys->pdata[i], *value = node_at(records, i);
        guint32 addr = 0;
        int host = record_value(loader, zone, value, &addr);
        if (host >= 0 && !(addr = wiring_near(loader, server, host)))
            loader_error(loader, value, NULL, "the server \"%s\" does not reach \"%s\"",
                         plan_host(loader->ld_plan, server)->ph_name, value->nd_text);
        if (!addr || !node_text(name))
            continue;
        g_autofree char *full = full_name(zone, name->nd_text);
        if (record_named(zone, full))
            loader_error(loader, name, "choose another name",
                         "\"%s\" is the name of a host already", full);
        else
            record_add(zone, g_steal_pointer(&full), addr);
    }
}

/* --- what reaches the guests --- */

/* listen-address lifts Debian's restriction to hosts of the server's own networks. */
static char *config_text(const PlanZone *zone, const PlanHost *server)
{
    GString *out = g_string_new("# Made from the scenario.\n"
                                "no-resolv\nno-hosts\nlocal-ttl=60\n"
                                "listen-address=127.0.0.1\n");

    for (guint i = 0; i < server->ph_nics->len; i++) {
        const PlanNic *nic = server->ph_nics->pdata[i];
        g_autofree char *addr = plan_addr_text(nic->ni_addr);
        g_string_append_printf(out, "listen-address=%s\n", addr);
    }
    g_string_append_printf(out, "local=/%s/\n", zone->zn_domain);
    for (guint i = 0; i < zone->zn_records->len; i++) {
        const PlanRecord *record = zone->zn_records->pdata[i];
        g_autofree char *addr = plan_addr_text(record->rd_addr);
        g_string_append_printf(out, "host-record=%s,%s\n", record->rd_name, addr);
    }
    return g_string_free(out, FALSE);
}

static void plant_config(const PlanZone *zone, PlanHost *server)
{
    char *text = config_text(zone, server);
    PlanFile *file = g_new0(PlanFile, 1);
    guint n = g_strv_length(server->ph_run);

    file->pf_path = g_strdup(CONFIG_PATH);
    file->pf_bytes = g_bytes_new_take(text, strlen(text));
    file->pf_mode = 0644;
    file->pf_owner = g_strdup("root");
    file->pf_group = g_strdup("root");
    g_ptr_array_add(server->ph_files, file);
    /* It may run since the guest's boot, without this file; first, so that the scenario's
     * own scripts can rely on it. */
    server->ph_run = g_renew(char *, server->ph_run, n + 2);
    memmove(server->ph_run + 1, server->ph_run, (n + 1) * sizeof *server->ph_run);
    server->ph_run[0] = g_strdup(RESTART);
}

static void point_resolvers(const Loader *loader, const PlanZone *zone)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;

    for (guint i = 0; i < hosts->len; i++) {
        PlanHost *host = hosts->pdata[i];
        for (guint j = 0; host->ph_team == zone->zn_team && j < zone->zn_servers->len;
             j++) {
            int server = g_array_index(zone->zn_servers, int, j);
            guint32 addr = wiring_near(loader, (int)i, server);
            if (addr)
                g_array_append_val(host->ph_dns, addr);
        }
    }
}

static void expand_zone(Loader *loader, int team)
{
    const Node *def = node_get(loader_estate(loader, team), "dns");
    const char *domain = node_get_text(def, "domain");

    if (!def || def->nd_kind != NODE_MAP || !domain)
        return;
    PlanZone *zone = plan_zone_add(loader->ld_plan, team);
    zone->zn_domain = g_strdup(domain);
    expand_servers(loader, zone, node_get(def, "server"));
    for (guint i = 0; i < zone->zn_servers->len; i++) {
        int server = g_array_index(zone->zn_servers, int, i);
        g_ptr_array_set_size(zone->zn_records, 0);
        expand_hosts(loader, zone, server);
        expand_records(loader, zone, server, node_get(def, "records"));
        plant_config(zone, plan_host(loader->ld_plan, server));
    }
    point_resolvers(loader, zone);
}

void zones_expand(Loader *loader)
{
    for (int i = 0; i < (int)loader->ld_plan->p_teams->len; i++)
        expand_zone(loader, i);
}
