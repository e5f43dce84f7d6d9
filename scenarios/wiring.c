/*
 * How hosts reach each other: published ports, routes, names.
 *
 * A team's networks are joined by the routers of its estate. A shared network ends there:
 * nobody routes through it, and what stands behind another team's router is reached only
 * by the ports which that router publishes on its shared address.
 */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* What a host sees of its estate: for each network the first hop (0: attached, or not
 * seen) and, where a router leads out, that router and the hop towards it. */
typedef struct {
    GHashTable *hops; /* network index plus 1 to first hop */
    int exit_router;  /* host that has a NIC on a shared network, or -1 */
    guint32 exit_hop;
} View;

gboolean wiring_shared(const Loader *loader, int network)
{
    return plan_network(loader->ld_plan, network)->pn_team < 0;
}

static PlanNic *nic_at(const PlanHost *host, guint i)
{
    return host->ph_nics->pdata[i];
}

/* The host's NIC on that network, or NULL. */
static PlanNic *nic_on(const PlanHost *host, int network)
{
    for (guint i = 0; i < host->ph_nics->len; i++)
        if (nic_at(host, i)->ni_network == network)
            return nic_at(host, i);
    return NULL;
}

static gboolean has_shared_nic(const Loader *loader, const PlanHost *host)
{
    for (guint i = 0; i < host->ph_nics->len; i++)
        if (wiring_shared(loader, nic_at(host, i)->ni_network))
            return TRUE;
    return FALSE;
}

/* Takes the networks behind one router, met on a network with that first hop. */
static void view_router(const Loader *loader, View *view, GArray *queue,
                        const PlanHost *router, guint32 hop)
{
    for (guint i = 0; i < router->ph_nics->len; i++) {
        int network = nic_at(router, i)->ni_network;
        if (wiring_shared(loader, network)) {
            if (view->exit_router < 0) {
                view->exit_router = router->ph_index;
                view->exit_hop = hop;
            }
        } else if (!g_hash_table_contains(view->hops, GINT_TO_POINTER(network + 1))) {
            g_hash_table_insert(view->hops, GINT_TO_POINTER(network + 1),
                                GUINT_TO_POINTER(hop));
            g_array_append_val(queue, network);
        }
    }
}

/* Breadth first from the host's own networks, through its estate's routers. */
static void view_make(const Loader *loader, const PlanHost *host, View *view)
{
    g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(int));

    *view = (View){.hops = g_hash_table_new(NULL, NULL), .exit_router = -1};
    for (guint i = 0; i < host->ph_nics->len; i++) {
        int network = nic_at(host, i)->ni_network;
        if (wiring_shared(loader, network))
            continue;
        g_hash_table_insert(view->hops, GINT_TO_POINTER(network + 1), NULL);
        g_array_append_val(queue, network);
    }
    for (guint at = 0; at < queue->len; at++) {
        int network = g_array_index(queue, int, at);
        guint32 hop = GPOINTER_TO_UINT(
            g_hash_table_lookup(view->hops, GINT_TO_POINTER(network + 1)));
        const GArray *ports = loader->ld_ports->pdata[network];
        for (guint i = 0; i < ports->len; i++) {
            const LoaderPort *port = &g_array_index(ports, LoaderPort, i);
            const PlanHost *router = plan_host(loader->ld_plan, port->lp_host);
            if (router->ph_router && router != host)
                view_router(loader, view, queue, router,
                            hop ? hop : nic_at(router, (guint)port->lp_nic)->ni_addr);
        }
    }
}

static void view_clear(View *view)
{
    g_clear_pointer(&view->hops, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(View, view_clear)

/* The NIC of a host that one reaches inside the estate, the nearer the better, or NULL.
 */
static const PlanNic *inner_nic(const View *view, const PlanHost *of)
{
    const PlanNic *behind = NULL;

    for (guint i = 0; i < of->ph_nics->len; i++) {
        gpointer network = GINT_TO_POINTER(nic_at(of, i)->ni_network + 1), hop;
        if (!g_hash_table_lookup_extended(view->hops, network, NULL, &hop))
            continue;
        if (!hop)
            return nic_at(of, i);
        if (!behind)
            behind = nic_at(of, i);
    }
    return behind;
}

/* --- publishing --- */

static void publish_port(Loader *loader, PlanHost *router, Node *node, guint32 to)
{
    int outer, inner;
    const char *proto;

    if (!node_text(node) || !value_port(node->nd_text, &outer, &inner, &proto))
        return;
    for (guint i = 0; i < router->ph_publish->len; i++) {
        const PlanPublish *other = router->ph_publish->pdata[i];
        if (other->pp_port == outer && !strcmp(other->pp_proto, proto)) {
            loader_error(loader, node, "publish one of them on another port: \"8080:80\"",
                         "the router publishes %s port %d already", proto, outer);
            return;
        }
    }
    PlanPublish *publish = g_new0(PlanPublish, 1);
    publish->pp_proto = g_strdup(proto);
    publish->pp_port = outer;
    publish->pp_to = to;
    publish->pp_to_port = inner;
    g_ptr_array_add(router->ph_publish, publish);
}

static void expand_publish(Loader *loader, PlanHost *router, const Node *def)
{
    Node *publish = node_get(def, "publish");
    const Node *hosts = node_get(loader_estate(loader, router->ph_team), "hosts");
    g_auto(View) view;

    view_make(loader, router, &view);
    if (!publish || publish->nd_kind != NODE_MAP)
        return;
    if (!has_shared_nic(loader, router) && router->ph_nics->len)
        loader_error(
            loader, node_key(def, "publish"), "give it a NIC on a shared network",
            "the router is on no shared network: nobody could see what it publishes");
    for (guint i = 0; i < node_len(publish); i++) {
        Node *name = publish->nd_keys->pdata[i], *ports = node_at(publish, i);
        int index = loader_host(loader, router->ph_team, name->nd_text);
        if (index < 0) {
            if (!name->nd_bad)
                loader_dangling(loader, name, "host of this estate", hosts, NULL);
            continue;
        }
        const PlanNic *nic = inner_nic(&view, plan_host(loader->ld_plan, index));
        guint32 to = nic ? nic->ni_addr : 0;
        if (!nic)
            loader_error(loader, name, NULL, "the router does not reach the host \"%s\"",
                         name->nd_text);
        if (ports->nd_kind == NODE_LIST)
            for (guint j = 0; j < node_len(ports); j++)
                publish_port(loader, router, node_at(ports, j), to);
        else
            publish_port(loader, router, ports, to);
    }
}

static void masquerade_named(Loader *loader, PlanHost *router, Node *name)
{
    for (guint i = 0; node_text(name) && i < router->ph_nics->len; i++) {
        const char *id =
            plan_network(loader->ld_plan, nic_at(router, i)->ni_network)->pn_id;
        const char *slash = strchr(id, '/');
        if (strcmp(slash ? slash + 1 : id, name->nd_text) != 0)
            continue;
        g_array_append_val(router->ph_masquerade, i);
        return;
    }
    if (node_text(name))
        loader_error(loader, name, NULL, "the router has no NIC on a network \"%s\"",
                     name->nd_text);
}

/* Estates have the same addresses inside: without masquerading no answer finds its way
 * back, so it is the default on all shared networks. */
static void expand_masquerade(Loader *loader, PlanHost *router, const Node *def)
{
    Node *names = node_get(def, "masquerade");

    if (names && names->nd_kind == NODE_LIST) {
        for (guint i = 0; i < node_len(names); i++)
            masquerade_named(loader, router, node_at(names, i));
    } else if (names) {
        masquerade_named(loader, router, names);
    } else {
        for (guint i = 0; i < router->ph_nics->len; i++)
            if (wiring_shared(loader, nic_at(router, i)->ni_network))
                g_array_append_val(router->ph_masquerade, i);
    }
}

/* --- routes --- */

static void route_add(PlanHost *host, guint32 dest, int prefix, guint32 via)
{
    for (guint i = 0; i < host->ph_routes->len; i++) {
        const PlanRoute *route = host->ph_routes->pdata[i];
        if (route->pr_dest == dest && route->pr_prefix == prefix)
            return; /* what the scenario writes comes first and wins */
    }
    PlanRoute *route = g_new0(PlanRoute, 1);
    route->pr_dest = dest;
    route->pr_prefix = prefix;
    route->pr_via = via;
    g_ptr_array_add(host->ph_routes, route);
}

static gboolean on_own_network(const Loader *loader, const PlanHost *host, guint32 addr)
{
    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNetwork *network =
            plan_network(loader->ld_plan, nic_at(host, i)->ni_network);
        if (network->pn_prefix &&
            (addr ^ network->pn_addr) >> (32 - network->pn_prefix) == 0)
            return TRUE;
    }
    return FALSE;
}

static void written_routes(Loader *loader, PlanHost *host, const Node *routes)
{
    if (!routes || routes->nd_kind != NODE_LIST)
        return;
    for (guint i = 0; i < node_len(routes); i++) {
        Node *to = node_get(node_at(routes, i), "to");
        Node *via = node_get(node_at(routes, i), "via");
        guint32 dest, hop;
        int prefix;
        if (!node_text(to) || !node_text(via) ||
            !value_cidr(to->nd_text, &dest, &prefix) ||
            !value_address(via->nd_text, &hop))
            continue;
        if (on_own_network(loader, host, hop))
            route_add(host, dest, prefix, hop);
        else
            loader_error(loader, via, NULL, "%s is on none of the host's networks",
                         via->nd_text);
    }
}

/* Hosts without a shared NIC get a default route towards the shared world; those with one
 * get a route to each inner network that they are not on. */
static void derived_routes(Loader *loader, PlanHost *host)
{
    const GPtrArray *networks = loader->ld_plan->p_networks;
    g_auto(View) view;
    guint32 gateway = 0;

    view_make(loader, host, &view);
    if (!has_shared_nic(loader, host) && view.exit_hop)
        gateway = view.exit_hop;
    for (guint i = 0; i < networks->len; i++) {
        const PlanNetwork *network = networks->pdata[i];
        guint32 hop =
            GPOINTER_TO_UINT(g_hash_table_lookup(view.hops, GUINT_TO_POINTER(i + 1)));
        if (hop && hop != gateway)
            route_add(host, network->pn_addr, network->pn_prefix, hop);
    }
    if (gateway)
        route_add(host, 0, 0, gateway);
}

/* --- reach --- */

/* At which of router's published ports does one find `to`? 0: port is not published. */
static int published_port(const PlanHost *router, const PlanHost *to, int port,
                          const char *proto)
{
    for (guint i = 0; i < router->ph_publish->len; i++) {
        const PlanPublish *publish = router->ph_publish->pdata[i];
        if (port &&
            (publish->pp_to_port != port || strcmp(publish->pp_proto, proto) != 0))
            continue;
        for (guint j = 0; j < to->ph_nics->len; j++)
            if (nic_at(to, j)->ni_addr == publish->pp_to &&
                router->ph_team == to->ph_team)
                return publish->pp_port;
    }
    return 0;
}

/* Is `to`, or a router that publishes it, on that shared network? */
static gboolean reach_on(const Loader *loader, int network, const PlanHost *to, int port,
                         const char *proto, guint32 *addr, int *outer)
{
    const GArray *ports = loader->ld_ports->pdata[network];
    const PlanNic *own = nic_on(to, network);

    if (own) {
        *addr = own->ni_addr;
        *outer = port;
        return TRUE;
    }
    for (guint i = 0; i < ports->len; i++) {
        const LoaderPort *on = &g_array_index(ports, LoaderPort, i);
        const PlanHost *router = plan_host(loader->ld_plan, on->lp_host);
        int found = router->ph_router ? published_port(router, to, port, proto) : 0;
        if (!found)
            continue;
        *addr = nic_at(router, (guint)on->lp_nic)->ni_addr;
        *outer = port ? found : 0;
        return TRUE;
    }
    return FALSE;
}

/* From one host on a shared network, or from behind one. */
static gboolean reach_shared(const Loader *loader, const PlanHost *edge,
                             const PlanHost *to, int port, const char *proto,
                             guint32 *addr, int *outer)
{
    for (guint i = 0; i < edge->ph_nics->len; i++) {
        int network = nic_at(edge, i)->ni_network;
        if (wiring_shared(loader, network) &&
            reach_on(loader, network, to, port, proto, addr, outer))
            return TRUE;
    }
    return FALSE;
}

gboolean wiring_reach(const Loader *loader, int from, int to, int port, const char *proto,
                      guint32 *addr, int *outer)
{
    const PlanHost *here = plan_host(loader->ld_plan, from);
    const PlanHost *there = plan_host(loader->ld_plan, to);
    g_auto(View) view;

    view_make(loader, here, &view);
    const PlanNic *nic = inner_nic(&view, there);
    if (nic) {
        *addr = nic->ni_addr;
        *outer = port;
        return TRUE;
    }
    if (reach_shared(loader, here, there, port, proto, addr, outer))
        return TRUE;
    return view.exit_router >= 0 && !has_shared_nic(loader, here) &&
           reach_shared(loader, plan_host(loader->ld_plan, view.exit_router), there, port,
                        proto, addr, outer);
}

guint32 wiring_shared_address(const Loader *loader, int team)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;

    for (guint i = 0; i < hosts->len; i++) {
        const PlanHost *host = hosts->pdata[i];
        for (guint j = 0; host->ph_team == team && j < host->ph_nics->len; j++)
            if (wiring_shared(loader, nic_at(host, j)->ni_network))
                return nic_at(host, j)->ni_addr;
    }
    return 0;
}

/* --- names --- */

/* A hosts file in the making: addresses in the order in which they came. */
typedef struct {
    GPtrArray *order;    /* Entry */
    GHashTable *by_addr; /* address to Entry */
} Names;

typedef struct {
    guint32 addr;
    GPtrArray *names; /* owned texts */
} Entry;

static void entry_free(gpointer data)
{
    Entry *entry = data;

    g_ptr_array_unref(entry->names);
    g_free(entry);
}

/* Takes the name. */
static void name_add(Names *names, guint32 addr, char *name)
{
    Entry *entry = g_hash_table_lookup(names->by_addr, GUINT_TO_POINTER(addr));

    if (!entry) {
        entry = g_new0(Entry, 1);
        entry->addr = addr;
        entry->names = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(names->order, entry);
        g_hash_table_insert(names->by_addr, GUINT_TO_POINTER(addr), entry);
    }
    if (g_ptr_array_find_with_equal_func(entry->names, name, g_str_equal, NULL))
        g_free(name);
    else
        g_ptr_array_add(entry->names, name);
}

/* The host's own name and its dns names, with ".team" behind where `team` is given. */
static void names_of(const Loader *loader, const PlanHost *host, const char *team,
                     guint32 addr, Names *names)
{
    const Node *def = loader->ld_host_nodes->pdata[host->ph_index];
    g_auto(GStrv) dns = key_texts(def, "dns");

    name_add(names, addr,
             team ? g_strdup_printf("%s.%s", host->ph_name, team)
                  : g_strdup(host->ph_name));
    for (char **name = dns; *name; name++)
        name_add(names, addr,
                 team ? g_strdup_printf("%s.%s", *name, team) : g_strdup(*name));
}

/* The NIC at which `host` reaches another of its estate: inside rather than shared. */
static const PlanNic *nearest_nic(const PlanHost *host, const View *view,
                                  const PlanHost *other)
{
    const PlanNic *inner = inner_nic(view, other);

    for (guint i = 0; !inner && i < other->ph_nics->len; i++)
        if (nic_on(host, nic_at(other, i)->ni_network))
            inner = nic_at(other, i);
    return inner;
}

guint32 wiring_near(const Loader *loader, int from, int to)
{
    const PlanHost *here = plan_host(loader->ld_plan, from);
    g_auto(View) view;

    view_make(loader, here, &view);
    const PlanNic *nic = nearest_nic(here, &view, plan_host(loader->ld_plan, to));
    return nic ? nic->ni_addr : 0;
}

/* The hosts of its own estate, each at the address that this host reaches. */
static void estate_names(const Loader *loader, const PlanHost *host, Names *names)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;
    g_auto(View) view;

    view_make(loader, host, &view);
    for (guint i = 0; i < hosts->len; i++) {
        const PlanHost *other = hosts->pdata[i];
        if (other->ph_team != host->ph_team)
            continue;
        const PlanNic *nic = nearest_nic(host, &view, other);
        if (nic)
            names_of(loader, other, NULL, nic->ni_addr, names);
    }
}

/* What other teams show on a shared network: their hosts on it, and what routers publish.
 */
static void shared_names(const Loader *loader, const PlanHost *host, int network,
                         Names *names)
{
    const Plan *plan = loader->ld_plan;
    const GArray *ports = loader->ld_ports->pdata[network];

    for (guint i = 0; i < ports->len; i++) {
        const LoaderPort *port = &g_array_index(ports, LoaderPort, i);
        const PlanHost *other = plan_host(plan, port->lp_host);
        const char *team = plan_team(plan, other->ph_team)->pt_id;
        guint32 addr = nic_at(other, (guint)port->lp_nic)->ni_addr;
        if (other->ph_team == host->ph_team)
            continue;
        names_of(loader, other, team, addr, names);
        const Node *published = node_get(
            node_get(loader->ld_host_nodes->pdata[other->ph_index], "router"), "publish");
        for (guint j = 0; j < node_len(published); j++) {
            int index = loader_host(loader, other->ph_team, node_key_at(published, j));
            if (index >= 0)
                names_of(loader, plan_host(plan, index), team, addr, names);
        }
    }
}

/* Blue's estates see themselves; others also what teams show on shared networks. */
static void expand_names(Loader *loader, PlanHost *host)
{
    gboolean blue = plan_team(loader->ld_plan, host->ph_team)->pt_side == SIDE_BLUE;
    Names names = {g_ptr_array_new_with_free_func(entry_free),
                   g_hash_table_new(NULL, NULL)};

    estate_names(loader, host, &names);
    for (guint i = 0; !blue && i < host->ph_nics->len; i++)
        if (wiring_shared(loader, nic_at(host, i)->ni_network))
            shared_names(loader, host, nic_at(host, i)->ni_network, &names);
    for (guint i = 0; i < names.order->len; i++) {
        Entry *entry = names.order->pdata[i];
        PlanName *name = g_new0(PlanName, 1);
        name->pd_addr = entry->addr;
        g_ptr_array_add(entry->names, NULL);
        name->pd_names = g_strdupv((char **)entry->names->pdata);
        g_ptr_array_add(host->ph_names, name);
    }
    g_hash_table_unref(names.by_addr);
    g_ptr_array_unref(names.order);
}

/* One name, one host: within an estate names have no team behind them. */
static void check_name_clashes(Loader *loader, const PlanHost *host, GHashTable *names)
{
    Node *dns = node_get(loader->ld_host_nodes->pdata[host->ph_index], "dns");
    g_auto(GStrv) all = key_texts(loader->ld_host_nodes->pdata[host->ph_index], "dns");

    for (char **name = all; *name; name++) {
        g_autofree char *key = g_strdup_printf("%d %s", host->ph_team, *name);
        const PlanHost *other = g_hash_table_lookup(names, key);
        if (other && other != host)
            loader_error(loader, dns, NULL, "the host %s is named \"%s\" already",
                         other->ph_name, *name);
        else
            g_hash_table_insert(names, g_steal_pointer(&key), (gpointer)host);
    }
}

static void check_names(Loader *loader)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;
    g_autoptr(GHashTable) names =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < hosts->len; i++) {
        PlanHost *host = hosts->pdata[i];
        g_hash_table_insert(names, g_strdup_printf("%d %s", host->ph_team, host->ph_name),
                            host);
    }
    for (guint i = 0; i < hosts->len; i++)
        check_name_clashes(loader, hosts->pdata[i], names);
}

void wiring_expand(Loader *loader)
{
    const GPtrArray *hosts = loader->ld_plan->p_hosts;

    for (guint i = 0; i < hosts->len; i++) {
        PlanHost *host = hosts->pdata[i];
        const Node *def = loader->ld_host_nodes->pdata[i];
        if (host->ph_router) {
            expand_publish(loader, host, node_get(def, "router"));
            expand_masquerade(loader, host, node_get(def, "router"));
            firewall_expand(loader, host, node_get(def, "router"));
        }
        written_routes(loader, host, node_get(def, "routes"));
        derived_routes(loader, host);
    }
    check_names(loader);
    for (guint i = 0; i < hosts->len; i++)
        expand_names(loader, hosts->pdata[i]);
}
