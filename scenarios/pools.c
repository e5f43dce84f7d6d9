/* Pools: ranges of shared networks from which hosts get an address at random. */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

#define POOL_MAX 4096

/* Index of the shared network that the node names, or -1 with a finding. */
static int network_named(Loader *loader, Node *node)
{
    const Node *shared = node_get(loader->ld_root, "networks");
    gpointer place;

    if (!node_text(node))
        return -1;
    place = g_hash_table_lookup(loader->ld_net_ids, node->nd_text);
    if (place)
        return GPOINTER_TO_INT(place) - 1;
    loader_dangling(loader, node, "shared network", shared, NULL);
    return -1;
}

static gboolean range_fits(Loader *loader, const PlanPool *pool, Node *node)
{
    guint32 count = pool->po_last - pool->po_first; /* less one: all of IPv4 fits */
    const PlanNetwork *network = plan_network(loader->ld_plan, pool->po_network);
    guint32 size = network->pn_prefix ? (guint32)1 << (32 - network->pn_prefix) : 0;
    g_autofree char *net = plan_addr_text(network->pn_addr);

    if (count >= POOL_MAX) {
        loader_error(loader, node, NULL, "more than %d addresses", POOL_MAX);
        return FALSE;
    }
    if (!size || (pool->po_first - network->pn_addr > 0 &&
                  pool->po_first - network->pn_addr < size - 1 &&
                  pool->po_last - network->pn_addr < size - 1))
        return TRUE;
    loader_error(loader, node, NULL, "the range is not one for hosts in %s/%d", net,
                 network->pn_prefix);
    return FALSE;
}

static void check_apart(Loader *loader, const PlanPool *pool, Node *node)
{
    const GPtrArray *all = loader->ld_plan->p_pools;

    for (guint i = 0; i < all->len; i++) {
        const PlanPool *other = all->pdata[i];
        if (other->po_network == pool->po_network && other->po_first <= pool->po_last &&
            pool->po_first <= other->po_last)
            loader_error(loader, node, NULL, "overlaps the pool \"%s\"", other->po_name);
    }
}

/* FALSE where the pool cannot be. */
static gboolean expand_pool(Loader *loader, Node *name, const Node *def)
{
    Node *range = node_get(def, "range"), *change = node_get(def, "change");
    PlanPool pool = {.po_network = network_named(loader, node_get(def, "network"))};

    if (!strcmp(name->nd_text, "auto")) {
        loader_error(loader, name, "choose another name",
                     "\"auto\" means any free address");
        return FALSE;
    }
    if (pool.po_network < 0 || !node_text(range) ||
        !value_range(range->nd_text, &pool.po_first, &pool.po_last) ||
        !range_fits(loader, &pool, range))
        return FALSE;
    check_apart(loader, &pool, range);
    pool.po_change_us = key_duration(&keys_pool, def, "change");
    if (node_text(change) && pool.po_change_us < 10 * G_USEC_PER_SEC)
        loader_error(loader, change, NULL, "an address lasts 10 s at least");
    pool.po_name = g_strdup(name->nd_text);
    g_ptr_array_add(loader->ld_plan->p_pools, g_memdup2(&pool, sizeof pool));
    return TRUE;
}

void pools_expand(Loader *loader)
{
    const Node *pools = node_get(loader->ld_root, "pools");

    if (!pools || pools->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(pools); i++) {
        Node *name = pools->nd_keys->pdata[i];
        if (name->nd_bad || node_at(pools, i)->nd_kind != NODE_MAP)
            continue;
        if (!expand_pool(loader, name, node_at(pools, i)))
            g_hash_table_add(loader->ld_used, node_at(pools, i)); /* enough is told */
    }
}

int pools_find(const Loader *loader, const char *name)
{
    const GPtrArray *all = loader->ld_plan->p_pools;

    for (guint i = 0; i < all->len; i++)
        if (!strcmp(((const PlanPool *)all->pdata[i])->po_name, name))
            return (int)i;
    return -1;
}

const PlanPool *pools_of(const Loader *loader, int network, guint32 addr)
{
    const GPtrArray *all = loader->ld_plan->p_pools;

    for (guint i = 0; i < all->len; i++) {
        const PlanPool *pool = all->pdata[i];
        if (pool->po_network == network && pool->po_first <= addr &&
            addr <= pool->po_last)
            return pool;
    }
    return NULL;
}
