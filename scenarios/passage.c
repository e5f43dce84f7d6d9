/*
 * Through which routers a connection goes, and whether their firewalls let it pass: what
 * parry-agent makes of a router's rules (agents/agent/router.c), worked out beforehand.
 */
#include "scenarios/loader.h"

#include <string.h>

/* A connection as a router sees it. */
typedef struct {
    guint32 from, to; /* host byte order */
    int port;         /* of the host behind the router */
    const char *proto;
    gboolean published;
} Flow;

static gboolean within(guint32 addr, guint32 net, int prefix)
{
    return !prefix || (addr ^ net) >> (32 - prefix) == 0;
}

static gboolean rule_fits(const PlanWallRule *rule, const Flow *flow)
{
    return (!strcmp(rule->pw_proto, "any") || !strcmp(rule->pw_proto, flow->proto)) &&
           within(flow->from, rule->pw_from, rule->pw_from_prefix) &&
           within(flow->to, rule->pw_to, rule->pw_to_prefix) &&
           (!rule->pw_first_port ||
            (rule->pw_first_port <= flow->port && flow->port <= rule->pw_last_port));
}

/* FALSE, and what decides in *why, where the router does not let the connection pass. */
static gboolean lets_pass(const PlanHost *router, const Flow *flow, const char **why)
{
    for (guint i = 0; i < router->ph_rules->len; i++) {
        const PlanWallRule *rule = router->ph_rules->pdata[i];
        *why = rule->pw_name;
        if (rule_fits(rule, flow))
            return rule->pw_action == WALL_ACCEPT;
    }
    *why = "forward";
    return flow->published || !router->ph_drop;
}

/* How a network was reached: through which router, from which network. */
typedef struct {
    int router; /* -1: the host is on it */
    int before;
} Step;

static void step_add(GHashTable *steps, GArray *queue, int network, int router,
                     int before)
{
    Step *step;

    if (g_hash_table_contains(steps, GINT_TO_POINTER(network)))
        return;
    step = g_new(Step, 1);
    *step = (Step){router, before};
    g_hash_table_insert(steps, GINT_TO_POINTER(network), step);
    g_array_append_val(queue, network);
}

/* Breadth first over the networks of the estate, as wiring.c finds first hops. */
static GHashTable *steps_from(const Loader *loader, const PlanHost *host)
{
    GHashTable *steps = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];
        if (!wiring_shared(loader, nic->ni_network))
            step_add(steps, queue, nic->ni_network, -1, -1);
    }
    for (guint at = 0; at < queue->len; at++) {
        int network = g_array_index(queue, int, at);
        const GArray *ports = loader->ld_ports->pdata[network];
        for (guint i = 0; i < ports->len; i++) {
            const PlanHost *router =
                plan_host(loader->ld_plan, g_array_index(ports, LoaderPort, i).lp_host);
            for (guint j = 0;
                 router->ph_router && router != host && j < router->ph_nics->len; j++) {
                const PlanNic *nic = router->ph_nics->pdata[j];
                if (!wiring_shared(loader, nic->ni_network))
                    step_add(steps, queue, nic->ni_network, router->ph_index, network);
            }
        }
    }
    return steps;
}

/* The network of the host's NIC with that address, or -1. */
static int network_of(const PlanHost *host, guint32 addr)
{
    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];
        if (nic->ni_addr == addr)
            return nic->ni_network;
    }
    return -1;
}

static guint32 address_on(const PlanHost *host, int network)
{
    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];
        if (nic->ni_network == network)
            return nic->ni_addr;
    }
    return 0;
}

/* Inside an estate, from one host to another one's network. */
static const PlanHost *stopped_inside(const Loader *loader, const PlanHost *from,
                                      int network, Flow *flow, const char **why)
{
    g_autoptr(GHashTable) steps = steps_from(loader, from);
    g_autoptr(GPtrArray) routers = g_ptr_array_new();
    const Step *step = g_hash_table_lookup(steps, GINT_TO_POINTER(network));

    for (; step && step->router >= 0;
         step = g_hash_table_lookup(steps, GINT_TO_POINTER(network))) {
        g_ptr_array_add(routers, plan_host(loader->ld_plan, step->router));
        network = step->before;
    }
    if (!flow->from)
        flow->from = address_on(from, network);
    for (guint i = routers->len; i > 0; i--) /* found from the far end */
        if (!lets_pass(routers->pdata[i - 1], flow, why))
            return routers->pdata[i - 1];
    return NULL;
}

/* The router that publishes `to` at that address, or NULL. */
static const PlanHost *publisher(const Loader *loader, const PlanHost *to, guint32 addr)
{
    for (guint i = 0; i < loader->ld_plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(loader->ld_plan, (int)i);
        if (host->ph_router && host->ph_team == to->ph_team && host != to &&
            network_of(host, addr) >= 0 && wiring_shared(loader, network_of(host, addr)))
            return host;
    }
    return NULL;
}

/* By a published port: the router's own rules first, then those further inside. */
static const PlanHost *stopped_outside(const Loader *loader, const PlanHost *from,
                                       const PlanHost *to, const PlanHost *router,
                                       int shared, Flow *flow, const char **why)
{
    flow->from = address_on(from, shared); /* 0, behind a router: not known here */
    for (guint i = 0; flow->from && i < to->ph_nics->len; i++) {
        const PlanNic *nic = to->ph_nics->pdata[i];
        flow->to = nic->ni_addr;
        flow->published = TRUE;
        for (guint j = 0; j < router->ph_publish->len; j++) {
            const PlanPublish *publish = router->ph_publish->pdata[j];
            if (publish->pp_to != nic->ni_addr || publish->pp_to_port != flow->port)
                continue;
            if (!lets_pass(router, flow, why))
                return router;
            flow->published = FALSE;
            return stopped_inside(loader, router, nic->ni_network, flow, why);
        }
    }
    return NULL;
}

const PlanHost *passage_stopped(const Loader *loader, int from, int to, guint32 addr,
                                int port, const char *proto, const char **why)
{
    const PlanHost *here = plan_host(loader->ld_plan, from);
    const PlanHost *there = plan_host(loader->ld_plan, to);
    int network = network_of(there, addr);
    Flow flow = {.to = addr, .port = port, .proto = proto};

    if (network >= 0)
        return wiring_shared(loader, network)
                   ? NULL
                   : stopped_inside(loader, here, network, &flow, why);
    const PlanHost *router = publisher(loader, there, addr);
    return router ? stopped_outside(loader, here, there, router, network_of(router, addr),
                                    &flow, why)
                  : NULL;
}
