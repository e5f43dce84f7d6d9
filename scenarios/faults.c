/* Faults: what breaks on a host. */
#include "scenarios/injects.h"

#include <string.h>

static const char *const fault_kinds[] = {"link-down", "latency",    "service-stop",
                                          "crash",     "clock-skew", "disk-full"};

/* Does the host have a NIC on the network that its estate calls so, or that is shared? */
static gboolean stands_in(const Plan *plan, const PlanHost *host, const char *name)
{
    g_autofree char *own =
        g_strdup_printf("%s/%s", plan_team(plan, host->ph_team)->pt_id, name);

    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];
        const char *id = plan_network(plan, nic->ni_network)->pn_id;
        if (!strcmp(id, own) || !strcmp(id, name))
            return TRUE;
    }
    return FALSE;
}

static void check_network(Loader *loader, const InjectDef *def, const PlanInject *inject,
                          const Node *fault)
{
    const Plan *plan = loader->ld_plan;
    const PlanHost *host = plan_host(plan, inject->in_host);
    Node *network = node_get(fault, "network");
    gboolean latency = !strcmp(inject->in_fault, "latency");

    if (node_text(network) && !stands_in(plan, host, network->nd_text)) {
        const Node *hosts = node_get(loader_estate(loader, inject->in_team), "hosts");
        g_autofree char *what = g_strdup_printf("network of \"%s\"", host->ph_name);
        loader_dangling(loader, network, what,
                        node_get(node_get(hosts, host->ph_name), "nics"), NULL);
    }
    if (!latency)
        return;
    if (!host->ph_router)
        loader_error(loader, node_get(def->jd_def, "host"), NULL,
                     "latency is made by a router: \"%s\" is none", host->ph_name);
    if (!node_get(fault, "delay") && !node_get(fault, "loss"))
        loader_error(loader, node_key(def->jd_what, "latency"),
                     "give it \"delay\" or \"loss\"", "nothing gets worse");
    if (node_get(fault, "jitter") && !node_get(fault, "delay"))
        loader_error(loader, node_key(fault, "jitter"), NULL,
                     "\"jitter\" goes with \"delay\"");
}

void fault_expand(Loader *loader, InjectDef *def, int team)
{
    int victim = inject_victim(loader, def, team);
    PlanInject *inject = victim < 0 ? NULL : inject_add(loader, def, team);

    if (!inject)
        return;
    inject->in_host = inject->in_from = victim;
    for (gsize i = 0; i < G_N_ELEMENTS(fault_kinds) && !inject->in_fault; i++)
        if (node_get(def->jd_what, fault_kinds[i]))
            inject->in_fault = g_strdup(fault_kinds[i]);
    inject->in_lasts_us = key_duration(&keys_fault, def->jd_what, "lasts");
    if (inject->in_fault) {
        const Node *fault = node_get(def->jd_what, inject->in_fault);
        if (node_get(fault, "network"))
            check_network(loader, def, inject, fault);
    }
    inject_traces(loader, def, inject);
    expects_expand(loader, def, inject, node_get(def->jd_def, "expect"));
}
