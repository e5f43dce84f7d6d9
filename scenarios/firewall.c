/*
 * A router's rules. What the scenario names (a network, a host) becomes addresses: a host
 * with several makes a line for each, under the rule's name, in the rule's place.
 */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

/* What the wire takes, and a line of the protocol holds (docs/agent-protocol.md). */
#define RULES_MAX 64

typedef struct {
    guint32 addr;
    int prefix; /* 0: any */
} Place;

static void place_add(GArray *places, guint32 addr, int prefix)
{
    Place place = {addr, prefix};

    g_array_append_val(places, place);
}

static void host_places(const PlanHost *host, GArray *places)
{
    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];
        if (nic->ni_addr)
            place_add(places, nic->ni_addr, 32);
    }
}

/* The network that the name is most likely a slip of; "any" where it is none. */
static const char *closest_network(const Loader *loader, int team, const char *name)
{
    const Node *homes[] = {loader_estate(loader, team), loader->ld_root};
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (gsize i = 0; i < G_N_ELEMENTS(homes); i++) {
        const Node *networks = node_get(homes[i], "networks");
        for (guint j = 0; j < node_len(networks); j++)
            g_ptr_array_add(names, (char *)node_key_at(networks, j));
    }
    const char *close = value_closest(name, names);
    return close ? close : "any";
}

/* Addresses that the name means in the team's estate; empty with a finding. */
static GArray *places_of(Loader *loader, int team, Node *node)
{
    const Plan *plan = loader->ld_plan;
    GArray *out = g_array_new(FALSE, FALSE, sizeof(Place));

    if (!node || !g_strcmp0(node_text(node), "any")) {
        place_add(out, 0, 0);
        return out;
    }
    if (!node_text(node))
        return out;
    g_autofree char *own =
        g_strdup_printf("%s/%s", plan_team(plan, team)->pt_id, node->nd_text);
    gpointer network = g_hash_table_lookup(loader->ld_net_ids, own);
    if (!network)
        network = g_hash_table_lookup(loader->ld_net_ids, node->nd_text);
    int host = loader_host(loader, team, node->nd_text);
    if (network && host >= 0) {
        loader_error(loader, node, "give one of them another name",
                     "\"%s\" is both a network and a host", node->nd_text);
    } else if (network) {
        const PlanNetwork *to = plan_network(plan, GPOINTER_TO_INT(network) - 1);
        place_add(out, to->pn_addr, to->pn_prefix);
    } else if (host >= 0) {
        host_places(plan_host(plan, host), out);
        if (!out->len)
            loader_error(loader, node, NULL, "the host \"%s\" has no address",
                         node->nd_text);
    } else {
        loader_dangling(loader, node, "network or host of this estate",
                        node_get(loader_estate(loader, team), "hosts"),
                        closest_network(loader, team, node->nd_text));
    }
    return out;
}

typedef struct {
    int first, last;
} Ports;

static void ports_add(GArray *out, const Node *node)
{
    Ports ports;

    if (node_text(node) && value_port_range(node->nd_text, &ports.first, &ports.last))
        g_array_append_val(out, ports);
}

static GArray *ports_of(const Node *node)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(Ports));
    Ports all = {0, 0};

    if (node && node->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(node); i++)
            ports_add(out, node_at(node, i));
    else if (node)
        ports_add(out, node);
    else
        g_array_append_val(out, all);
    return out;
}

static void line_add(PlanHost *router, const PlanWallRule *like, Place from, Place to,
                     Ports ports)
{
    PlanWallRule *line = g_memdup2(like, sizeof *like);

    line->pw_name = g_strdup(like->pw_name);
    line->pw_proto = g_strdup(like->pw_proto);
    line->pw_from = from.addr;
    line->pw_from_prefix = from.prefix;
    line->pw_to = to.addr;
    line->pw_to_prefix = to.prefix;
    line->pw_first_port = ports.first;
    line->pw_last_port = ports.last;
    g_ptr_array_add(router->ph_rules, line);
}

static PlanWallAction action_of(const char *word)
{
    if (!g_strcmp0(word, "accept"))
        return WALL_ACCEPT;
    return !g_strcmp0(word, "reject") ? WALL_REJECT : WALL_DROP;
}

static void expand_rule(Loader *loader, PlanHost *router, Node *name, const Node *def)
{
    PlanWallRule like = {
        .pw_name = name->nd_text,
        .pw_proto = (char *)key_text(&keys_rule, def, "proto"),
        .pw_action = action_of(node_get_text(def, "action")),
        .pw_log = key_bool(&keys_rule, def, "log"),
    };
    g_autoptr(GArray) from = places_of(loader, router->ph_team, node_get(def, "from"));
    g_autoptr(GArray) to = places_of(loader, router->ph_team, node_get(def, "to"));
    g_autoptr(GArray) ports = ports_of(node_get(def, "ports"));

    if (node_get(def, "ports") && strcmp(like.pw_proto, "tcp") != 0 &&
        strcmp(like.pw_proto, "udp") != 0)
        loader_error(loader, node_key(def, "ports"), "write proto: tcp, or udp",
                     "only tcp and udp have ports");
    if (router->ph_rules->len + from->len * to->len * ports->len > RULES_MAX) {
        loader_error(loader, name, "name a network instead of hosts, or a range of ports",
                     "the router's rules make more than %d lines", RULES_MAX);
        return;
    }
    for (guint i = 0; i < from->len; i++)
        for (guint j = 0; j < to->len; j++)
            for (guint k = 0; k < ports->len; k++)
                line_add(router, &like, g_array_index(from, Place, i),
                         g_array_index(to, Place, j), g_array_index(ports, Ports, k));
}

static gboolean covers(guint32 addr, int prefix, guint32 other, int other_prefix)
{
    return prefix <= other_prefix && (!prefix || (addr ^ other) >> (32 - prefix) == 0);
}

/* Does the first line fit all that the second does? */
static gboolean rule_covers(const PlanWallRule *a, const PlanWallRule *b)
{
    return (!strcmp(a->pw_proto, "any") || !strcmp(a->pw_proto, b->pw_proto)) &&
           covers(a->pw_from, a->pw_from_prefix, b->pw_from, b->pw_from_prefix) &&
           covers(a->pw_to, a->pw_to_prefix, b->pw_to, b->pw_to_prefix) &&
           (!a->pw_first_port ||
            (b->pw_first_port && a->pw_first_port <= b->pw_first_port &&
             b->pw_last_port <= a->pw_last_port));
}

/* The rule before that one which fits all that the line does, or NULL. */
static const PlanWallRule *decided_by(const PlanHost *router, guint index)
{
    const PlanWallRule *line = router->ph_rules->pdata[index];

    for (guint i = 0; i < index; i++) {
        const PlanWallRule *before = router->ph_rules->pdata[i];
        if (strcmp(before->pw_name, line->pw_name) != 0 && rule_covers(before, line))
            return before;
    }
    return NULL;
}

/* A rule all of whose lines others decide before it never does anything. */
static void check_reached(Loader *loader, const PlanHost *router, const Node *firewall)
{
    for (guint i = 0; i < node_len(firewall); i++) {
        const char *name = node_key_at(firewall, i);
        const PlanWallRule *before = NULL;
        gboolean all = TRUE;
        for (guint j = 0; all && j < router->ph_rules->len; j++) {
            const PlanWallRule *line = router->ph_rules->pdata[j];
            if (!strcmp(line->pw_name, name))
                all = (before = decided_by(router, j)) != NULL;
        }
        if (all && before)
            loader_warn(loader, firewall->nd_keys->pdata[i],
                        "the first rule that fits wins",
                        "never does anything: \"%s\" comes before it and fits all that "
                        "this one does",
                        before->pw_name);
    }
}

void firewall_expand(Loader *loader, PlanHost *router, const Node *def)
{
    const Node *firewall = node_get(def, "firewall");

    router->ph_drop = !g_strcmp0(key_text(&keys_router, def, "forward"), "drop");
    if (!firewall || firewall->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(firewall); i++) {
        Node *name = firewall->nd_keys->pdata[i];
        if (!name->nd_bad && node_at(firewall, i)->nd_kind == NODE_MAP)
            expand_rule(loader, router, name, node_at(firewall, i));
    }
    check_reached(loader, router, firewall);
}
