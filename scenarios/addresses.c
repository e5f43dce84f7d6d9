/* Addresses and MACs: fixed ones first, then those of pools, then `auto`, in the plan's
 * order. */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* `auto` begins here, so that the low host parts stay free for those who write them. */
#define AUTO_FIRST 10

static PlanNic *nic_of(const Loader *loader, const LoaderPort *port)
{
    return g_ptr_array_index(plan_host(loader->ld_plan, port->lp_host)->ph_nics,
                             port->lp_nic);
}

/* The node of the NIC's address: NICs whose network is not known have none in the plan.
 */
static Node *value_of(const Loader *loader, const LoaderPort *port)
{
    const PlanNetwork *network =
        plan_network(loader->ld_plan, nic_of(loader, port)->ni_network);
    const char *slash = strchr(network->pn_id, '/');

    return node_get(
        node_get(g_ptr_array_index(loader->ld_host_nodes, port->lp_host), "nics"),
        slash ? slash + 1 : network->pn_id);
}

static gboolean is_written(const char *text)
{
    return g_ascii_isdigit(*text);
}

/* The address that the node writes out, for the `number`th host of its definition; FALSE
 * for `auto`, a pool, and what is wrong. */
static gboolean fixed_address(Loader *loader, const PlanNetwork *network, Node *node,
                              int number, guint32 *addr)
{
    guint32 size = (guint32)1 << (32 - network->pn_prefix);
    gint64 part;

    if (!node_text(node) || !is_written(node->nd_text))
        return FALSE;
    g_autofree char *net = plan_addr_text(network->pn_addr);
    if (value_int(node->nd_text, &part)) {
        part += number;
        *addr = network->pn_addr + (guint32)part;
        if (part > 0 && part < (gint64)size - 1)
            return TRUE;
        loader_error(loader, node, NULL,
                     "the host part %" G_GINT64_FORMAT
                     " does not fit into %s/%d: 1 to %u can be",
                     part, net, network->pn_prefix, size - 2);
        return FALSE;
    }
    if (!value_address(node->nd_text, addr))
        return FALSE;
    *addr += (guint32)number;
    guint32 offset = *addr - network->pn_addr;
    if (offset > 0 && offset < size - 1)
        return TRUE;
    g_autofree char *text = plan_addr_text(*addr);
    loader_error(loader, node, NULL, "the address %s is not one for hosts in %s/%d", text,
                 net, network->pn_prefix);
    return FALSE;
}

static void collision(Loader *loader, Node *node, guint32 addr, const PlanHost *first,
                      const PlanHost *second)
{
    g_autofree char *text = plan_addr_text(addr);

    if (first->ph_team != second->ph_team && !strcmp(first->ph_name, second->ph_name))
        loader_error(loader, node, "write \"auto\" on shared networks",
                     "several teams get this host, each with the address %s", text);
    else
        loader_error(loader, node, NULL, "the address %s belongs to the host %s already",
                     text, first->ph_name);
}

/* Takes one written address; FALSE with a finding where another has it. */
static gboolean take_one(Loader *loader, int index, Node *node, guint32 addr,
                         PlanHost *host, GHashTable *taken)
{
    const PlanHost *first = g_hash_table_lookup(taken, GUINT_TO_POINTER(addr));
    const PlanPool *pool = pools_of(loader, index, addr);
    g_autofree char *text = plan_addr_text(addr);

    if (first) {
        collision(loader, node, addr, first, host);
        return FALSE;
    }
    if (pool)
        loader_error(loader, node, "write the pool's name, or another address",
                     "the address %s belongs to the pool \"%s\"", text, pool->po_name);
    g_hash_table_insert(taken, GUINT_TO_POINTER(addr), host);
    return TRUE;
}

/* Takes the fixed addresses of a network into `taken`: address to PlanHost. */
static void take_fixed(Loader *loader, int index, const GArray *ports, GHashTable *taken)
{
    const PlanNetwork *network = plan_network(loader->ld_plan, index);
    guint32 addr;

    for (guint i = 0; i < ports->len; i++) {
        const LoaderPort *port = &g_array_index(ports, LoaderPort, i);
        PlanHost *host = plan_host(loader->ld_plan, port->lp_host);
        Node *node = value_of(loader, port);
        if (fixed_address(loader, network, node, port->lp_number, &addr) &&
            take_one(loader, index, node, addr, host, taken))
            nic_of(loader, port)->ni_addr = addr;
    }
}

/* The pool that the node names, if it is one of that network; -1 with a finding. */
static int pool_named(Loader *loader, int network, Node *node)
{
    const Node *pools = node_get(loader->ld_root, "pools");
    int index = pools_find(loader, node->nd_text);

    if (node_get(pools, node->nd_text))
        g_hash_table_add(loader->ld_used, node_get(pools, node->nd_text));
    if (index < 0) {
        if (!node_get(pools, node->nd_text)) /* else what is wrong with it is told */
            loader_dangling(loader, node, "pool", pools, "auto");
        return -1;
    }
    const PlanPool *pool = loader->ld_plan->p_pools->pdata[index];
    if (pool->po_network == network)
        return index;
    loader_error(loader, node, NULL, "the pool \"%s\" is of the network \"%s\"",
                 pool->po_name, plan_network(loader->ld_plan, pool->po_network)->pn_id);
    return -1;
}

/* The next free one from where it was drawn; 0: none is left. */
static guint32 draw_address(const Loader *loader, const PlanPool *pool,
                            const PlanHost *host, GHashTable *taken)
{
    gint64 n = (gint64)pool->po_last - pool->po_first + 1;
    g_autofree char *name = g_strdup_printf("pool/%s/%s", pool->po_name, host->ph_id);
    gint64 at = ident_draw(loader->ld_plan->p_name, loader->ld_seed, name, n - 1);

    for (gint64 i = 0; i < n; i++) {
        guint32 addr = pool->po_first + (guint32)((at + i) % n);
        if (!g_hash_table_contains(taken, GUINT_TO_POINTER(addr)))
            return addr;
    }
    return 0;
}

/* Addresses of pools, and then all of their ranges: nothing else gets one of them. */
static void take_pools(Loader *loader, int index, const GArray *ports, GHashTable *taken)
{
    const GPtrArray *pools = loader->ld_plan->p_pools;

    for (guint i = 0; i < ports->len; i++) {
        const LoaderPort *port = &g_array_index(ports, LoaderPort, i);
        PlanHost *host = plan_host(loader->ld_plan, port->lp_host);
        Node *node = value_of(loader, port);
        if (!node_text(node) || is_written(node->nd_text) ||
            !strcmp(node->nd_text, "auto"))
            continue;
        int place = pool_named(loader, index, node);
        if (place < 0)
            continue;
        const PlanPool *pool = pools->pdata[place];
        guint32 addr = draw_address(loader, pool, host, taken);
        if (!addr)
            loader_error(loader, node, "give it a longer range",
                         "no address is left in the pool \"%s\"", pool->po_name);
        nic_of(loader, port)->ni_addr = addr;
        nic_of(loader, port)->ni_pool = place;
        g_hash_table_insert(taken, GUINT_TO_POINTER(addr), host);
    }
    for (guint i = 0; i < pools->len; i++) {
        const PlanPool *pool = pools->pdata[i];
        for (guint32 a = pool->po_first; pool->po_network == index; a++) {
            g_hash_table_insert(taken, GUINT_TO_POINTER(a), (gpointer)pool);
            if (a == pool->po_last)
                break;
        }
    }
}

static void take_auto(Loader *loader, const PlanNetwork *network, const GArray *ports,
                      GHashTable *taken)
{
    guint32 size = (guint32)1 << (32 - network->pn_prefix);
    guint32 next = size > 2 * AUTO_FIRST ? AUTO_FIRST : 1;

    for (guint i = 0; i < ports->len; i++) {
        const LoaderPort *port = &g_array_index(ports, LoaderPort, i);
        Node *node = value_of(loader, port);
        if (g_strcmp0(node_text(node), "auto") != 0)
            continue;
        while (next < size - 1 &&
               g_hash_table_contains(taken, GUINT_TO_POINTER(network->pn_addr + next)))
            next++;
        if (next >= size - 1) {
            loader_error(loader, node, "give the network a shorter prefix",
                         "no address is left on the network \"%s\"", network->pn_id);
            return;
        }
        nic_of(loader, port)->ni_addr = network->pn_addr + next++;
    }
}

static void expand_network(Loader *loader, guint index)
{
    const PlanNetwork *network = plan_network(loader->ld_plan, (int)index);
    const GArray *ports = loader->ld_ports->pdata[index];
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);

    if (network->pn_prefix < 8 || network->pn_prefix > 30) /* told already */
        return;
    take_fixed(loader, (int)index, ports, taken);
    take_pools(loader, (int)index, ports, taken);
    secrets_reserve(loader, (int)index, taken);
    take_auto(loader, network, ports, taken);
}

/* Three bytes of hash may meet: the next attempt is hashed anew, in the plan's order. */
static void expand_macs(const Plan *plan)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        for (guint j = 0; j < host->ph_nics->len; j++) {
            PlanNic *nic = host->ph_nics->pdata[j];
            int attempt = 0;
            do
                ident_mac(plan->p_uuid, host->ph_id, (int)j, attempt++, nic->ni_mac);
            while (!g_hash_table_add(taken, nic->ni_mac));
        }
    }
}

void addresses_expand(Loader *loader)
{
    for (guint i = 0; i < loader->ld_plan->p_networks->len; i++)
        expand_network(loader, i);
    expand_macs(loader->ld_plan);
}
