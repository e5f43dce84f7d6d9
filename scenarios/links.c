/* Mirror ports: which host sees a copy of a network's frames. */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* TEAM/HOST, for a network that all share. */
static int host_by_id(Loader *loader, Node *node)
{
    gpointer place = g_hash_table_lookup(loader->ld_host_ids, node->nd_text);
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    g_autofree char *hint = NULL;

    if (place)
        return GPOINTER_TO_INT(place) - 1;
    for (guint i = 0; i < loader->ld_plan->p_hosts->len; i++)
        g_ptr_array_add(ids, plan_host(loader->ld_plan, (int)i)->ph_id);
    const char *close = value_closest(node->nd_text, ids);
    if (close)
        hint = g_strdup_printf("did you mean \"%s\"?", close);
    loader_error(loader, node, hint ? hint : "write it as TEAM/HOST", "no host is \"%s\"",
                 node->nd_text);
    return -1;
}

static void expand_mirror(Loader *loader, PlanNetwork *network, Node *node)
{
    int index = network->pn_team < 0 ? host_by_id(loader, node)
                                     : loader_host_named(loader, network->pn_team, node);

    network->pn_mirror = index;
    if (index < 0)
        return;
    const PlanHost *host = plan_host(loader->ld_plan, index);
    if (network->pn_team < 0 && host->ph_owner != SIDE_WHITE)
        loader_error(loader, node, "choose a host with \"owner: white\"",
                     "\"%s\" is not white's: it would see what other teams send",
                     node->nd_text);
}

void links_expand(Loader *loader)
{
    const GPtrArray *networks = loader->ld_plan->p_networks;

    for (guint i = 0; i < networks->len; i++) {
        PlanNetwork *network = networks->pdata[i];
        const char *slash = strchr(network->pn_id, '/');
        const Node *home = network->pn_team < 0 ? loader->ld_root
                                                : loader_estate(loader, network->pn_team);
        const Node *def =
            node_get(node_get(home, "networks"), slash ? slash + 1 : network->pn_id);
        if (node_get_text(def, "mirror"))
            expand_mirror(loader, network, node_get(def, "mirror"));
    }
}
