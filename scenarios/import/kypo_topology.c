/* KYPO: topology.yml becomes an estate, variables.yml secrets. */
#include "scenarios/import/kypo.h"

#include "scenarios/values.h"

#include <string.h>

#define HOSTS "estates." KYPO_ESTATE ".hosts"

/* Items of a list of mappings. */
static guint list_len(Kypo *kypo, const Node *list)
{
    if (!list || list->nd_kind == NODE_LIST)
        return node_len(list);
    if (list->nd_kind != NODE_SCALAR || *list->nd_text)
        import_left(kypo->ky_import, list, "a list is expected here");
    return 0;
}

/* Says that the thing stands there under that name. */
static void say_name(Kypo *kypo, const Node *thing, const char *name, const char *to)
{
    const Node *node = import_get(thing, "name");

    if (!g_strcmp0(node_text(node), name))
        import_taken(kypo->ky_import, node, "%s", to);
    else
        import_changed(kypo->ky_import, node, to,
                       "a name has small letters, digits and -, and is short");
}

/* The name of a thing that has one nothing else of its kind has; else it is left. */
static const char *name_of(Kypo *kypo, const Node *thing, GHashTable *known)
{
    const char *name = import_get_text(thing, "name");

    if (name && *name && !g_hash_table_contains(known, name))
        return name;
    import_left(kypo->ky_import, thing,
                name ? "the name is there already" : "it has no name");
    return NULL;
}

/* --- networks --- */

/* NULL, or why the network cannot be taken: its addresses, or another's. */
static const char *cidr_fault(const Kypo *kypo, const char *text, KypoRange *range)
{
    const KeySpec spec = {.ks_key = "cidr", .ks_type = KEY_CIDR};
    char *why = NULL;
    gboolean good = text && value_check(&spec, KEY_CIDR, text, &why) &&
                    value_cidr(text, &range->kr_addr, &range->kr_prefix);

    g_free(why);
    if (!good || range->kr_prefix < 8 || range->kr_prefix > 30)
        return "its cidr is no network from /8 to /30";
    guint32 top = range->kr_addr >> 24;
    if (top == 0 || top == 127 || top >= 224)
        return "no host can be on addresses of this block";
    for (guint i = 0; i < kypo->ky_ranges->len; i++) {
        const KypoRange *other = &g_array_index(kypo->ky_ranges, KypoRange, i);
        int prefix = MIN(range->kr_prefix, other->kr_prefix);
        if ((range->kr_addr ^ other->kr_addr) >> (32 - prefix) == 0)
            return "its addresses overlap those of a network before it";
    }
    return NULL;
}

static void add_network(Kypo *kypo, const Node *network, gboolean shared)
{
    Import *import = kypo->ky_import;
    const Node *cidr = import_get(network, "cidr");
    const char *name = name_of(kypo, network, kypo->ky_networks);

    if (!name)
        return;
    KypoRange range;
    const char *fault = cidr_fault(kypo, node_text(cidr), &range);
    if (!fault && g_hash_table_size(kypo->ky_networks) >= IMPORT_NETWORKS_MAX)
        fault = "more networks than are taken";
    if (fault) {
        import_left(import, network, "%s", fault);
        return;
    }
    g_array_append_val(kypo->ky_ranges, range);
    char *slug = import_name(kypo->ky_nets, name, IMPORT_NAME);
    json_t *map = shared
                      ? import_at(import, "networks", slug, NULL)
                      : import_at(import, "estates", KYPO_ESTATE, "networks", slug, NULL);
    g_autofree char *to =
        g_strdup_printf("%snetworks.%s", shared ? "" : "estates." KYPO_ESTATE ".", slug);
    g_hash_table_insert(kypo->ky_networks, g_strdup(name), slug);
    json_object_set_new(map, "cidr", json_string(cidr->nd_text));
    say_name(kypo, network, slug, to);
    import_taken(import, cidr, "%s.cidr", to);
    import_left(import, import_get(network, "hidden"),
                "nothing draws the topology for players");
    if (shared && import_get(network, "accessible_by_user"))
        import_left(import, import_get(network, "accessible_by_user"),
                    "the network between the teams is white's");
}

/* --- hosts --- */

/* "c1.r2gb.d10gb.swap", "csirtmu.tiny1x2", "standard.small": cores and memory. */
static gboolean flavor_size(const char *flavor, gint64 *cpus, gint64 *gib, gint64 *disk)
{
    static const struct {
        const char *name;
        int cpus, gib;
    } known[] = {{"tiny", 1, 1},  {"small", 1, 2},   {"medium", 2, 4},
                 {"large", 4, 8}, {"xlarge", 8, 16}, {"huge", 16, 32}};
    g_auto(GStrv) parts = g_strsplit(flavor, ".", 8);

    *cpus = *gib = *disk = 0;
    for (char **part = parts; *part; part++) {
        char *end = NULL;
        gint64 number = g_ascii_strtoll(*part + (**part != '\0'), &end, 10);
        if (**part == 'c' && number && !*end)
            *cpus = number;
        if (**part == 'r' && number && !strcmp(end, "gb"))
            *gib = number;
        if (**part == 'd' && number && !strcmp(end, "gb"))
            *disk = number;
        const char *size = *part + strspn(*part, "abcdefghijklmnopqrstuvwxyz");
        gint64 first = g_ascii_strtoll(size, &end, 10);
        if (size > *part + 1 && first && *end == 'x') {
            *cpus = first;
            *gib = g_ascii_strtoll(end + 1, NULL, 10);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
            if (!strcmp(*part, known[i].name)) {
                *cpus = known[i].cpus;
                *gib = known[i].gib;
            }
    }
    return *cpus >= 1 && *cpus <= 64 && *gib >= 1 && *gib <= 1024 && *disk >= 0 &&
           *disk <= 16384;
}

static void host_flavor(Kypo *kypo, const Node *def, json_t *host, const char *to)
{
    Import *import = kypo->ky_import;
    const Node *flavor = import_get(def, "flavor");
    const Node *volumes = import_get(def, "volumes");
    const Node *size = node_len(volumes) ? import_get(node_at(volumes, 0), "size") : NULL;
    gint64 cpus, gib, disk = 0, volume;

    if (node_text(flavor) && flavor_size(node_text(flavor), &cpus, &gib, &disk)) {
        g_autofree char *memory = g_strdup_printf("%" G_GINT64_FORMAT "G", gib);
        json_object_set_new(host, "memory", json_string(memory));
        json_object_set_new(host, "cpus", json_integer(cpus));
        import_changed(import, flavor, import_to(import, "%s.memory", to),
                       "a guess by its name: flavors are what each range makes them");
    } else {
        disk = 0;
        import_left(import, flavor, "its name tells no cores and memory");
    }
    gboolean has_disk =
        strcmp(json_string_value(json_object_get(host, "image")), "micro") != 0;
    if (import_int(node_text(size), 1, 16384, &volume) && has_disk) {
        disk = volume;
        import_changed(import, size, import_to(import, "%s.disk", to), "in GiB");
    } else {
        import_left(import, size,
                    has_disk ? "no whole GiB up to 16384" : "micro has no disk");
    }
    for (guint i = 1; i < node_len(volumes); i++)
        import_left(import, node_at(volumes, i), "a host has one disk");
    if (disk && has_disk) {
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT "G", disk);
        json_object_set_new(host, "disk", json_string(text));
    }
}

static void host_image(Kypo *kypo, const Node *def, json_t *host, const char *to)
{
    Import *import = kypo->ky_import;
    const Node *box = import_get(def, "base_box");
    const Node *image = import_get(box, "image");
    gboolean mapped = FALSE;
    const char *name =
        node_text(image) ? import_image(import, node_text(image), &mapped) : "micro";

    json_object_set_new(host, "image", json_string(name));
    import_changed(import, image, import_to(import, "%s.image", to),
                   mapped ? "the map says what stands for it"
                          : "nothing in the map stands for it: micro");
    import_left(import, import_get(box, "mgmt_user"), "Parry's agent needs no account");
    import_left(import, import_get(box, "man_user"), "Parry's agent needs no account");
    import_left(import, import_get(box, "mgmt_protocol"), "Parry's agent needs no ssh");
}

static void add_host(Kypo *kypo, const Node *def, gboolean router)
{
    Import *import = kypo->ky_import;
    const char *name = name_of(kypo, def, kypo->ky_hosts);

    if (!name)
        return;
    if (g_hash_table_size(kypo->ky_hosts) >= IMPORT_HOSTS_MAX) {
        import_left(import, def, "more hosts than are taken");
        return;
    }
    char *slug = import_name(kypo->ky_taken, name, IMPORT_HOST_NAME);
    g_autofree char *to = g_strdup_printf(HOSTS ".%s", slug);
    json_t *host = import_at(import, "estates", KYPO_ESTATE, "hosts", slug, NULL);
    g_hash_table_insert(kypo->ky_hosts, g_strdup(name), slug);
    say_name(kypo, def, slug, to);
    host_image(kypo, def, host, to);
    host_flavor(kypo, def, host, to);
    if (router)
        json_object_set_new(host, "router", json_object());
    json_object_set_new(host, "nics", json_object());
    import_left(import, import_get(def, "hidden"),
                "nothing draws the topology for players");
    import_left(import, import_get(def, "block_internet"),
                "no host reaches the Internet in a drill");
    import_left(import, import_get(def, "monitoring"), "checks watch hosts");
}

/* --- who is where --- */

/* A host part of the network, and not of another host of it. */
static gboolean good_address(json_t *network, const char *ip)
{
    guint32 addr, net;
    int prefix;

    if (!ip || !value_address(ip, &addr) ||
        !value_cidr(json_string_value(json_object_get(network, "cidr")), &net, &prefix))
        return FALSE;
    guint32 offset = addr - net, size = (guint32)1 << (32 - prefix);
    return offset > 0 && offset < size - 1;
}

static void add_mapping(Kypo *kypo, const Node *mapping, const char *key,
                        GHashTable *addresses)
{
    Import *import = kypo->ky_import;
    const Node *ip = import_get(mapping, "ip");
    const char *host_name = import_get_text(mapping, key);
    const char *net_name = import_get_text(mapping, "network");
    const char *host = host_name ? g_hash_table_lookup(kypo->ky_hosts, host_name) : NULL;
    const char *net = net_name ? g_hash_table_lookup(kypo->ky_networks, net_name) : NULL;

    json_t *network =
        net ? json_object_get(import_at(import, "estates", KYPO_ESTATE, "networks", NULL),
                              net)
            : NULL;
    if (!host || !network) {
        import_left(import, mapping, "its host or network was not taken");
        return;
    }
    json_t *nics = import_at(import, "estates", KYPO_ESTATE, "hosts", host, "nics", NULL);
    if (json_object_get(nics, net)) {
        import_left(import, mapping, "the host is on the network already");
        return;
    }
    g_autofree char *to = g_strdup_printf(HOSTS ".%s.nics.%s", host, net);
    g_autofree char *once = g_strdup_printf("%s %s", net, node_text(ip));
    gboolean good = good_address(network, node_text(ip)) &&
                    g_hash_table_add(addresses, g_steal_pointer(&once));
    json_object_set_new(nics, net, json_string(good ? ip->nd_text : "auto"));
    import_taken(import, import_get(mapping, key), "%s", to);
    import_taken(import, import_get(mapping, "network"), "%s", to);
    if (good)
        import_taken(import, ip, "%s", to);
    else
        import_changed(import, ip, to,
                       "no address of the network, or another host's: drawn");
}

static void add_group(Kypo *kypo, const Node *group, GHashTable *labels)
{
    Import *import = kypo->ky_import;
    const Node *nodes = import_get(group, "nodes"), *name = import_get(group, "name");
    const char *first = NULL;

    if (!kypo_is_map(kypo, group))
        return;
    if (!node_text(name)) {
        import_left(import, group, "it has no name");
        return;
    }
    g_autofree char *label = import_name(labels, node_text(name), IMPORT_NAME);
    for (guint i = 0; i < node_len(nodes); i++) {
        const Node *item = node_at(nodes, i);
        const char *host =
            node_text(item) ? g_hash_table_lookup(kypo->ky_hosts, node_text(item)) : NULL;
        if (!host) {
            import_left(import, item, "no host is named so");
            continue;
        }
        json_t *map = import_at(import, "estates", KYPO_ESTATE, "hosts", host, NULL);
        json_t *list = json_object_get(map, "labels");
        if (!list)
            json_object_set_new(map, "labels", list = json_array());
        if (json_array_size(list) >= IMPORT_LIST_MAX) {
            import_left(import, item, "the host has 32 labels");
            continue;
        }
        json_array_append_new(list, json_string(label));
        import_taken(import, item, HOSTS ".%s.labels", host);
        if (!first)
            first = host;
    }
    if (first)
        import_changed(import, name, import_to(import, HOSTS ".%s.labels", first),
                       "a group becomes the label \"%s\"", label);
    else
        import_left(import, name, "none of its hosts is there");
}

/* Hosts that are only where trainees have no access are white's. */
static void say_access(Kypo *kypo, const Node *networks)
{
    Import *import = kypo->ky_import;
    json_t *hosts = import_at(import, "estates", KYPO_ESTATE, "hosts", NULL);
    g_autoptr(GHashTable) closed = g_hash_table_new(g_str_hash, g_str_equal);
    const char *name, *net;
    json_t *host, *nic;

    for (guint i = 0; i < node_len(networks); i++) {
        const Node *access = import_get(node_at(networks, i), "accessible_by_user");
        const char *key = import_get_text(node_at(networks, i), "name");
        const char *slug = key ? g_hash_table_lookup(kypo->ky_networks, key) : NULL;
        if (!access || !slug)
            continue;
        if (!g_strcmp0(node_text(access), "false"))
            g_hash_table_add(closed, (gpointer)slug);
        import_changed(import, access,
                       import_to(import, "estates.%s.networks.%s", KYPO_ESTATE, slug),
                       "hosts that are only on networks without it are white's");
    }
    json_object_foreach (hosts, name, host) {
        json_t *nics = json_object_get(host, "nics");
        gboolean open = !json_object_size(nics) || json_object_get(host, "router");
        json_object_foreach (nics, net, nic)
            open = open || !g_hash_table_contains(closed, net);
        if (!open)
            json_object_set_new(host, "owner", json_string("white"));
    }
}

/* Routers stand on the network between the sandboxes. */
static void join_wan(Kypo *kypo, const Node *wan)
{
    const char *name = import_get_text(wan, "name");
    const char *slug = name ? g_hash_table_lookup(kypo->ky_networks, name) : NULL;
    json_t *hosts = import_at(kypo->ky_import, "estates", KYPO_ESTATE, "hosts", NULL);
    const char *key;
    json_t *host;

    if (!slug || !json_object_get(import_at(kypo->ky_import, "networks", NULL), slug))
        return;
    json_object_foreach (hosts, key, host)
        if (json_object_get(host, "router"))
            json_object_set_new(json_object_get(host, "nics"), slug, json_string("auto"));
}

static void top_name(Kypo *kypo, const Node *root)
{
    Import *import = kypo->ky_import;
    const Node *name = import_get(root, "name");

    if (!node_text(name) || !*node_text(name))
        return;
    g_autofree char *slug = import_slug(node_text(name), IMPORT_DRILL_NAME);
    json_object_set_new(import_at(import, "drill", NULL), "name", json_string(slug));
    if (!strcmp(slug, node_text(name)))
        import_taken(import, name, "drill.name");
    else
        import_changed(import, name, "drill.name",
                       "a name has small letters, digits and -, and is short");
}

void kypo_topology(Kypo *kypo, const Node *root)
{
    const Node *networks = import_get(root, "networks"), *wan = import_get(root, "wan");
    const Node *groups = import_get(root, "groups");
    g_autoptr(GHashTable) addresses = import_names_new();
    g_autoptr(GHashTable) labels = import_names_new();
    static const struct {
        const char *list, *maps, *key;
    } kinds[] = {{"hosts", "net_mappings", "host"},
                 {"routers", "router_mappings", "router"}};

    if (!root)
        return;
    /* A label may not be named as a team or a side. */
    g_hash_table_add(labels, g_strdup(KYPO_TEAM));
    for (const char *const *side =
             (const char *const[]){"red", "blue", "white", "green", "observer", NULL};
         *side; side++)
        g_hash_table_add(labels, g_strdup(*side));
    top_name(kypo, root);
    if (wan && kypo_is_map(kypo, wan))
        add_network(kypo, wan, TRUE);
    for (guint i = 0; i < list_len(kypo, networks); i++)
        if (kypo_is_map(kypo, node_at(networks, i)))
            add_network(kypo, node_at(networks, i), FALSE);
    for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
        const Node *list = import_get(root, kinds[k].list);
        for (guint i = 0; i < list_len(kypo, list); i++)
            if (kypo_is_map(kypo, node_at(list, i)))
                add_host(kypo, node_at(list, i), k == 1);
    }
    for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
        const Node *list = import_get(root, kinds[k].maps);
        for (guint i = 0; i < list_len(kypo, list); i++)
            if (kypo_is_map(kypo, node_at(list, i)))
                add_mapping(kypo, node_at(list, i), kinds[k].key, addresses);
    }
    join_wan(kypo, wan);
    say_access(kypo, networks);
    for (guint i = 0; i < list_len(kypo, groups); i++)
        add_group(kypo, node_at(groups, i), labels);
}

/* --- variables --- */

static void take_number(Kypo *kypo, const Node *def, const char *key, json_t *secret,
                        const char *as, gint64 min, gint64 max, const char *to)
{
    const Node *node = import_get(def, key);
    gint64 number;

    if (!node)
        return;
    if (import_int(node_text(node), min, max, &number)) {
        json_object_set_new(secret, as, json_integer(number));
        import_taken(kypo->ky_import, node, "%s.%s", to, as);
    } else {
        import_left(kypo->ky_import, node,
                    "not from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
    }
}

/* A range has two ends, or none. */
static void check_ports(Kypo *kypo, const Node *def, json_t *secret)
{
    const json_t *from = json_object_get(secret, "from");
    const json_t *to = json_object_get(secret, "to");

    if ((!from && !to) ||
        (from && to && json_integer_value(from) <= json_integer_value(to)))
        return;
    json_object_del(secret, "from");
    json_object_del(secret, "to");
    import_left(kypo->ky_import, import_get(def, "min"), "no range with the maximum");
    import_left(kypo->ky_import, import_get(def, "max"), "no range with the minimum");
}

static void add_variable(Kypo *kypo, const char *key, const Node *def, GHashTable *taken)
{
    static const struct {
        const char *type, *kind;
    } kinds[] = {{"username", "name"},
                 {"password", "password"},
                 {"text", "text"},
                 {"port", "port"}};
    Import *import = kypo->ky_import;
    const Node *type = import_get(def, "type");
    const char *kind = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (!g_strcmp0(node_text(type), kinds[i].type))
            kind = kinds[i].kind;
    if (!kind || g_hash_table_size(taken) >= IMPORT_CHECKS_MAX) {
        import_left(import, def,
                    kind ? "more than are taken" : "no secret is of that type");
        return;
    }
    char *name = import_name(taken, key, IMPORT_NAME);
    json_t *secret = import_at(import, "secrets", name, NULL);
    g_autofree char *to = g_strdup_printf("secrets.%s", name);
    g_hash_table_insert(kypo->ky_secrets, g_strdup(key), name);
    json_object_set_new(secret, "kind", json_string(kind));
    import_changed(import, def, to, "each team has its value; write it as ${secret.%s}",
                   name);
    import_taken(import, type, "%s.kind", to);
    if (!strcmp(kind, "port")) {
        take_number(kypo, def, "min", secret, "from", 1, 65535, to);
        take_number(kypo, def, "max", secret, "to", 1, 65535, to);
    } else if (strcmp(kind, "name") != 0) {
        take_number(kypo, def, "length", secret, "length", 8, 64, to);
    } else
        import_left(import, import_get(def, "length"), "the length of names is drawn");
    check_ports(kypo, def, secret);
    import_left(import, import_get(def, "prohibited_values"),
                "no value can be kept from being drawn");
}

void kypo_variables(Kypo *kypo, const Node *root)
{
    g_autoptr(GHashTable) taken = import_names_new();

    for (guint i = 0; i < node_len(root); i++)
        if (kypo_is_map(kypo, node_at(root, i)))
            add_variable(kypo, node_key_at(root, i), node_at(root, i), taken);
}
