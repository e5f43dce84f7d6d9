/*
 * What a host's agent is told at once is one line of the agent's protocol, and a line has
 * its limits (docs/agent-protocol.md): who expands past them learns it here, not when the
 * guest refuses the line.
 */
#include "scenarios/loader.h"

#define VALUES_MAX 1000 /* of a line's 1024; the rest is the message itself */
#define FILES_RIDING                                                                     \
    32 /* more go ahead, one by one (orchestrator/daemon/personalise.c) */
#define NAMES_MAX 200
#define ROUTES_MAX 64
#define PUBLISHED_MAX 64

/* --- of a script --- */

PlanLimits loader_limits(const Node *map)
{
    const Node *node = node_get(map, "limits");
    PlanLimits limits = {
        .li_processes = (int)key_int(&keys_limits, node, "processes"),
        .li_output = key_size(&keys_limits, node, "output"),
    };

    if (node_get(node, "memory"))
        limits.li_memory = key_size(&keys_limits, node, "memory");
    return limits;
}

/* --- of a host --- */

static guint names_values(const PlanHost *host)
{
    guint sum = 0;

    for (guint i = 0; i < host->ph_names->len; i++)
        sum += 3 + g_strv_length(((const PlanName *)host->ph_names->pdata[i])->pd_names);
    return sum;
}

static guint users_values(const PlanHost *host)
{
    guint sum = 0;

    for (guint i = 0; i < host->ph_users->len; i++)
        sum += 6 + g_strv_length(((const PlanUser *)host->ph_users->pdata[i])->pu_groups);
    return sum;
}

/* JSON values of the message, objects and lists included. */
static guint values_of(const PlanHost *host)
{
    return host->ph_nics->len * 4 + host->ph_routes->len * 3 + names_values(host) +
           users_values(host) + MIN(host->ph_files->len, FILES_RIDING) * 6 +
           host->ph_publish->len * 5 + host->ph_rules->len * 9 + host->ph_dns->len +
           g_strv_length(host->ph_services) + g_strv_length(host->ph_run);
}

static void check_host(Loader *loader, const PlanHost *host, Node *def)
{
    const struct {
        const char *what;
        guint count, max;
    } limits[] = {
        {"addresses in its hosts file", host->ph_names->len, NAMES_MAX},
        {"routes", host->ph_routes->len, ROUTES_MAX},
        {"published ports", host->ph_publish->len, PUBLISHED_MAX},
        {"values to tell its agent", values_of(host), VALUES_MAX},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
        if (limits[i].count <= limits[i].max || def->nd_bad) /* once a definition */
            continue;
        loader_error(loader, def, "let it see fewer hosts, or have fewer rules and users",
                     "the host \"%s\" would have %u %s: %u can be", host->ph_name,
                     limits[i].count, limits[i].what, limits[i].max);
        return;
    }
}

void limits_check(Loader *loader)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;

    for (guint i = 0; i < hosts->len; i++)
        check_host(loader, hosts->pdata[i], loader->ld_host_nodes->pdata[i]);
}
