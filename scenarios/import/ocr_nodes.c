/* SDL: nodes and infrastructure become networks and hosts with addresses. */
#include "scenarios/import/ocr.h"

#include "scenarios/values.h"

#include <string.h>

/* Routers have the host parts below. */
#define PART_FIRST 10
/* A /24 holds so many hosts from there on; larger networks get a /16. */
#define PART_MAX 250

/* A switch in the making. */
typedef struct {
    char *name;
    json_t *map;
    guint number;  /* among the networks */
    guint next;    /* host part */
    guint routers; /* host parts given to routers */
} Switch;

typedef struct {
    Ocr *ocr;
    const Node *nodes, *infra;
    GHashTable *switches; /* SDL's name to Switch */
} Build;

static void switch_free(gpointer data)
{
    Switch *net = data;

    g_free(net->name);
    g_free(net);
}

static gboolean is_switch(const Node *node)
{
    const char *type = import_get_text(node, "type");

    return type && !g_ascii_strcasecmp(type, "switch");
}

/* How many of it there are: `web: 3`, or `web: {count: 3}`; 0 where it is not deployed.
 */
static gint64 count_of(const Build *build, const char *key, const Node **where)
{
    const Node *entry = build->infra ? node_get(build->infra, key) : NULL;
    gint64 count = 1;

    *where = NULL;
    if (!build->infra)
        return 1;
    if (!entry)
        return 0;
    *where = entry->nd_kind == NODE_SCALAR ? entry : import_get(entry, "count");
    if (node_text(*where) && !import_int(node_text(*where), 0, IMPORT_COUNT_MAX, &count))
        return -1;
    return count;
}

static const Node *links_of(const Build *build, const char *key)
{
    return import_get(node_get(build->infra, key), "links");
}

/* --- networks --- */

static void add_switch(Build *build, const char *key, const Node *node)
{
    Import *import = build->ocr->oc_import;
    const Node *where;
    gint64 count = count_of(build, key, &where);
    guint number = g_hash_table_size(build->switches);

    if (!count || number >= IMPORT_NETWORKS_MAX) {
        import_left(import, node,
                    count ? "more networks than are taken"
                          : "not in infrastructure: not deployed");
        return;
    }
    Switch *net = g_new0(Switch, 1);
    net->name = g_strdup(
        ocr_thing(build->ocr, OCR_NETWORK, key, node, "estates." OCR_ESTATE ".networks"));
    net->number = number;
    net->next = PART_FIRST;
    net->map = import_at(import, "estates", OCR_ESTATE, "networks", net->name, NULL);
    import_taken(import, import_get(node, "type"), "estates.%s.networks.%s", OCR_ESTATE,
                 net->name);
    import_left(import, import_get(node, "description"),
                "a network has no place for a description");
    const char *to = import_to(import, "estates.%s.networks.%s", OCR_ESTATE, net->name);
    if (count == 1)
        import_taken(import, where, "%s", to);
    else
        import_changed(import, where, to, "a switch becomes one network, however many");
    import_left(import, import_get(node_get(build->infra, key), "dependencies"),
                "networks are made before all hosts");
    g_hash_table_insert(build->switches, g_strdup(key), net);
}

/* Names of the networks, each once, that the links of a node lead to. */
static GPtrArray *linked(Build *build, const char *key)
{
    const Node *links = links_of(build, key);
    GPtrArray *out = g_ptr_array_new();

    for (guint i = 0; i < node_len(links); i++) {
        const Node *link = node_at(links, i);
        Switch *net =
            node_text(link) ? g_hash_table_lookup(build->switches, link->nd_text) : NULL;
        if (net && !g_ptr_array_find(out, net, NULL))
            g_ptr_array_add(out, net);
        else
            import_left(build->ocr->oc_import, link,
                        net ? "linked twice to the same network"
                            : "no switch of that name is deployed");
    }
    return out;
}

/* A switch that is linked to others: a router stands between. */
static void add_router(Build *build, const char *key)
{
    Ocr *ocr = build->ocr;
    Import *import = ocr->oc_import;
    Switch *own = g_hash_table_lookup(build->switches, key);
    g_autoptr(GPtrArray) others = linked(build, key);
    const Node *links = links_of(build, key);

    g_ptr_array_remove(others, own);
    if (!others->len || own->routers + 1 >= PART_FIRST)
        return;
    g_autofree char *wish = g_strconcat("router-", own->name, NULL);
    g_autofree char *name = import_name(ocr->oc_taken[OCR_HOST], wish, IMPORT_HOST_NAME);
    json_t *nics = json_pack("{s:i}", own->name, ++own->routers);
    for (guint i = 0; i < others->len; i++) {
        Switch *other = others->pdata[i];
        if (other->routers + 1 < PART_FIRST)
            json_object_set_new(nics, other->name, json_integer(++other->routers));
    }
    json_object_set_new(
        import_at(import, "estates", OCR_ESTATE, "hosts", NULL), name,
        json_pack("{s:s, s:{}, s:o}", "image", "micro", "router", "nics", nics));
    ocr->oc_hosts++;
    import_changed(import, links,
                   import_to(import, "estates.%s.hosts.%s", OCR_ESTATE, name),
                   "networks are joined by a router, not by a cable");
    import_covers(import, links);
}

/* --- hosts --- */

static void host_image(Build *build, const Node *node, json_t *host, const char *path)
{
    Import *import = build->ocr->oc_import;
    const Node *source = import_get(node, "source");
    const char *name, *version;
    gboolean mapped = FALSE;

    if (!ocr_source(node, &name, &version)) {
        json_object_set_new(host, "image", json_string("micro"));
        return;
    }
    MapSource *known = import_map_find(import, name, version);
    const char *image = import_image(import, known ? known->ms_name : name, &mapped);
    json_object_set_new(host, "image", json_string(image));
    import_changed(import, source, import_to(import, "%s.image", path),
                   mapped ? "the map says \"%s\"%s"
                          : "nothing in the map stands for \"%s\"%s: micro",
                   known && mapped ? known->ms_base : name,
                   known && mapped && version && !strchr(known->ms_name, '@')
                       ? ", of whatever version"
                       : "");
    import_covers(import, source);
}

#define MEMORY_LEAST (G_GUINT64_CONSTANT(192) << 20)

static void host_resources(Build *build, const Node *node, json_t *host, const char *path)
{
    Import *import = build->ocr->oc_import;
    const Node *resources = import_get(node, "resources");
    const Node *ram = import_get(resources, "ram"), *cpu = import_get(resources, "cpu");
    g_autofree char *size = node_text(ram) ? import_size(node_text(ram)) : NULL;
    guint64 bytes = 0;
    gint64 cpus;

    if (size && value_size(size, &bytes) && bytes < MEMORY_LEAST) {
        json_object_set_new(host, "memory", json_string("192M"));
        import_changed(import, ram, import_to(import, "%s.memory", path),
                       "a Debian guest does not boot with less");
    } else if (size) {
        json_object_set_new(host, "memory", json_string(size));
        import_taken(import, ram, "%s.memory", path);
    } else {
        import_left(import, ram, "no size from 1 MiB to 16 TiB");
    }
    if (import_int(node_text(cpu), 1, 64, &cpus)) {
        json_object_set_new(host, "cpus", json_integer(cpus));
        import_taken(import, cpu, "%s.cpus", path);
    } else {
        import_left(import, cpu, "not from 1 to 64");
    }
}

static void host_users(Build *build, const Node *node, json_t *host, const char *path)
{
    Import *import = build->ocr->oc_import;
    const Node *roles = import_get(node, "roles");

    for (guint i = 0; i < node_len(roles) && roles->nd_kind == NODE_MAP; i++) {
        const Node *role = node_at(roles, i);
        const char *user =
            i < IMPORT_LIST_MAX ? ocr_role_user(node, node_key_at(roles, i)) : NULL;
        const Node *name = node_text(role) ? role : import_get(role, "username");
        if (!user) {
            import_left(import, role,
                        "no name that an account may have, or more than are taken");
            continue;
        }
        import_left(import, import_get(role, "entities"),
                    "who may log in follows from who owns the host");
        if (strcmp(user, "root") != 0) {
            json_t *users = json_object_get(host, "users");
            if (!users)
                json_object_set_new(host, "users", users = json_object());
            json_object_set_new(users, user, json_object());
            import_taken(import, name, "%s.users.%s", path, user);
        } else {
            import_taken(import, name, "%s", path);
        }
    }
}

static void host_after(Build *build, const char *key, json_t *host, const char *path)
{
    Ocr *ocr = build->ocr;
    const Node *dependencies = import_get(node_get(build->infra, key), "dependencies");
    json_t *after = json_array();

    for (guint i = 0; i < node_len(dependencies); i++) {
        const Node *item = node_at(dependencies, i);
        const GPtrArray *copies =
            node_text(item) ? g_hash_table_lookup(ocr->oc_copies, item->nd_text) : NULL;
        if (!copies || !strcmp(item->nd_text, key) ||
            json_array_size(after) + copies->len > IMPORT_COUNT_MAX) {
            import_left(ocr->oc_import, item,
                        g_hash_table_contains(build->switches,
                                              node_text(item) ? item->nd_text : "")
                            ? "networks are made before all hosts"
                            : "no other node of that name is deployed, or more than "
                              "are taken");
            continue;
        }
        for (guint c = 0; c < copies->len; c++)
            json_array_append_new(after, json_string(copies->pdata[c]));
        import_taken(ocr->oc_import, item, "%s.after", path);
    }
    if (json_array_size(after))
        json_object_set_new(host, "after", after);
    else
        json_decref(after);
}

/* Addresses of one copy on all its networks. */
static json_t *host_nics(const GPtrArray *nets)
{
    json_t *nics = json_object();

    for (guint i = 0; i < nets->len; i++) {
        Switch *net = nets->pdata[i];
        json_object_set_new(nics, net->name, json_integer(net->next++));
    }
    return nics;
}

static void say_count(Build *build, const Node *where, gint64 count,
                      const GPtrArray *names)
{
    Import *import = build->ocr->oc_import;
    const char *to = import_to(import, "estates.%s.hosts.%s", OCR_ESTATE,
                               (const char *)names->pdata[0]);

    if (count == 1)
        import_taken(import, where, "%s", to);
    else
        import_changed(import, where, to, "written out: %s to %s",
                       (const char *)names->pdata[0],
                       (const char *)names->pdata[names->len - 1]);
}

/* Names of the copies of a node, which are known before any host is made. */
static void name_hosts(Build *build, const char *key, const Node *node)
{
    Ocr *ocr = build->ocr;
    const Node *where;
    gint64 count = count_of(build, key, &where);

    if (count <= 0 || ocr->oc_hosts + count > IMPORT_HOSTS_MAX) {
        import_left(ocr->oc_import, node,
                    count ? "more hosts than are taken"
                          : "not in infrastructure: not deployed");
        if (where)
            import_left(ocr->oc_import, where, "see the node");
        return;
    }
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (gint64 i = 1; i <= count; i++) {
        g_autofree char *slug = import_slug(key, IMPORT_HOST_NAME);
        g_autofree char *wish = count > 1
                                    ? g_strdup_printf("%.20s-%" G_GINT64_FORMAT, slug, i)
                                    : g_strdup(slug);
        g_ptr_array_add(names,
                        import_name(ocr->oc_taken[OCR_HOST], wish, IMPORT_HOST_NAME));
    }
    ocr->oc_hosts += (guint)count;
    g_hash_table_insert(ocr->oc_copies, g_strdup(key), names);
    say_count(build, where, count, names);
}

static void say_host(Ocr *ocr, const char *key, const Node *node, const char *path,
                     const char *name)
{
    const char *type = import_get_text(node, "type");

    if (!strcmp(key, name))
        import_taken(ocr->oc_import, node, "%s", path);
    else
        import_changed(ocr->oc_import, node, path,
                       "a name has small letters, digits and -, and is short");
    if (type && !g_ascii_strcasecmp(type, "vm"))
        import_taken(ocr->oc_import, import_get(node, "type"), "%s", path);
    else
        import_changed(ocr->oc_import, import_get(node, "type"), path,
                       "neither VM nor Switch: taken for a VM");
}

static void add_hosts(Build *build, const char *key, const Node *node)
{
    Ocr *ocr = build->ocr;
    Import *import = ocr->oc_import;
    const GPtrArray *names = g_hash_table_lookup(ocr->oc_copies, key);

    if (!names)
        return;
    g_autoptr(GPtrArray) nets = linked(build, key);
    g_autofree char *path =
        g_strdup_printf("estates.%s.hosts.%s", OCR_ESTATE, (const char *)names->pdata[0]);
    json_t *hosts = import_at(import, "estates", OCR_ESTATE, "hosts", NULL);
    json_t *host = json_object();
    say_host(ocr, key, node, path, names->pdata[0]);
    host_image(build, node, host, path);
    ocr_title(ocr, node, host, path);
    host_resources(build, node, host, path);
    host_users(build, node, host, path);
    host_after(build, key, host, path);
    for (guint i = 0; i < names->len; i++) {
        json_t *copy = json_deep_copy(host);
        if (nets->len)
            json_object_set_new(copy, "nics", host_nics(nets));
        json_object_set_new(hosts, names->pdata[i], copy);
    }
    json_decref(host);
    const Node *links = links_of(build, key);
    for (guint i = 0; i < node_len(links); i++) {
        const Node *link = node_at(links, i);
        const char *net = ocr_find(ocr, OCR_NETWORK, node_text(link));
        if (net &&
            json_object_get(
                json_object_get(json_object_get(hosts, names->pdata[0]), "nics"), net))
            import_taken(import, link, "%s.nics.%s", path, net);
    }
    ocr_features(ocr, node, names);
    ocr_conditions(ocr, node, names);
    ocr_vulnerabilities(ocr, node, names);
    ocr_bindings(ocr, node, names);
}

/* --- all --- */

static void give_cidrs(const Build *build)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, build->switches);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Switch *net = value;
        g_autofree char *cidr = net->next > PART_MAX
                                    ? g_strdup_printf("10.%u.0.0/16", 11 + net->number)
                                    : g_strdup_printf("10.10.%u.0/24", 1 + net->number);
        json_object_set_new(net->map, "cidr", json_string(cidr));
    }
}

static void each(Build *build, gboolean switches,
                 void (*func)(Build *, const char *, const Node *))
{
    for (guint i = 0; i < node_len(build->nodes); i++) {
        const Node *node = node_at(build->nodes, i);
        if (node->nd_kind == NODE_MAP && is_switch(node) == switches)
            func(build, node_key_at(build->nodes, i), node);
    }
}

static void router_of(Build *build, const char *key, const Node *node G_GNUC_UNUSED)
{
    if (g_hash_table_contains(build->switches, key))
        add_router(build, key);
}

static void check_infra(Build *build)
{
    for (guint i = 0; i < node_len(build->infra); i++)
        if (!node_get(build->nodes, node_key_at(build->infra, i)))
            import_left(build->ocr->oc_import, node_at(build->infra, i),
                        "no node is named so");
}

void ocr_nodes(Ocr *ocr)
{
    Build build = {.ocr = ocr,
                   .nodes = import_get(ocr->oc_root, "nodes"),
                   .infra = import_get(ocr->oc_root, "infrastructure")};

    if (!build.nodes || !ocr_is_map(ocr, build.nodes))
        return;
    if (build.infra && build.infra->nd_kind != NODE_MAP)
        build.infra = NULL;
    build.switches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, switch_free);
    for (guint i = 0; i < node_len(build.nodes); i++)
        ocr_is_map(ocr, node_at(build.nodes, i));
    check_infra(&build);
    each(&build, TRUE, add_switch);
    each(&build, TRUE, router_of);
    each(&build, FALSE, name_hosts);
    each(&build, FALSE, add_hosts);
    give_cidrs(&build);
    ocr->oc_estate = ocr->oc_hosts > 0;
    if (g_hash_table_size(build.switches))
        import_added(ocr->oc_import, "estates." OCR_ESTATE ".networks",
                     "SDL has no addresses: a network each, routers from host part 1 "
                     "on, hosts from %d on",
                     PART_FIRST);
    g_hash_table_unref(build.switches);
}
