/* Networks and hosts: each team with an estate gets a copy of it. */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

#define MIB (G_GUINT64_CONSTANT(1) << 20)

static void expand_link(Loader *loader, PlanNetwork *network, const Node *link)
{
    const char *rate = node_get_text(link, "rate");

    network->pn_delay_us = key_duration(&keys_link, link, "delay");
    network->pn_jitter_us = key_duration(&keys_link, link, "jitter");
    network->pn_loss = key_percent(&keys_link, link, "loss");
    if (rate)
        value_rate(rate, &network->pn_rate);
    if (network->pn_jitter_us > network->pn_delay_us)
        loader_error(loader, node_get(link, "jitter"), NULL,
                     "the jitter is longer than the delay that it changes");
    if (network->pn_loss == 100)
        loader_error(loader, node_get(link, "loss"), NULL,
                     "nothing would ever get through");
}

/* Nets that no host can have an address of, whatever the prefix. */
static void check_block(Loader *loader, Node *cidr, guint32 addr)
{
    guint top = addr >> 24;

    if (top == 0 || top == 127 || top >= 224)
        loader_error(loader, cidr,
                     "take one of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
                     "%s is not for hosts: it is %s", cidr->nd_text,
                     top == 127   ? "every host's own loopback"
                     : top == 0   ? "\"this network\""
                     : top >= 240 ? "reserved"
                                  : "multicast");
}

static void expand_network(Loader *loader, int team, Node *name, const Node *def)
{
    Plan *plan = loader->ld_plan;
    Node *cidr = node_get(def, "cidr");
    PlanNetwork *network = g_new0(PlanNetwork, 1);

    network->pn_team = team;
    network->pn_id =
        team < 0 ? g_strdup(name->nd_text)
                 : g_strdup_printf("%s/%s", plan_team(plan, team)->pt_id, name->nd_text);
    network->pn_bridge = ident_bridge(plan->p_uuid, plan->p_networks->len);
    network->pn_libvirt = g_strdup(network->pn_bridge);
    network->pn_mirror = -1;
    g_autofree char *key = g_strdup_printf("net/%s", network->pn_id);
    network->pn_uuid = ident_uuid5(plan->p_uuid, key);
    if (node_text(cidr))
        value_cidr(cidr->nd_text, &network->pn_addr, &network->pn_prefix);
    if (node_text(cidr) && (network->pn_prefix < 8 || network->pn_prefix > 30))
        loader_error(loader, cidr, NULL, "the prefix is not from /8 to /30");
    else if (node_text(cidr))
        check_block(loader, cidr, network->pn_addr);
    expand_link(loader, network, node_get(def, "link"));
    g_hash_table_insert(loader->ld_net_ids, g_strdup(network->pn_id),
                        GINT_TO_POINTER((int)plan->p_networks->len + 1));
    g_ptr_array_add(loader->ld_ports, g_array_new(FALSE, FALSE, sizeof(LoaderPort)));
    g_ptr_array_add(plan->p_networks, network);
}

static gboolean overlap(const PlanNetwork *a, const PlanNetwork *b)
{
    int prefix = MIN(a->pn_prefix, b->pn_prefix);

    if (!a->pn_prefix || !b->pn_prefix) /* not known: its cidr was bad */
        return FALSE;
    return (a->pn_addr ^ b->pn_addr) >> (32 - prefix) == 0;
}

/* A host of the team may see its estate's networks and the shared ones. */
static void check_overlaps(Loader *loader, int team, Node *networks)
{
    const GPtrArray *all = loader->ld_plan->p_networks;
    guint own = all->len - node_len(networks);

    for (guint i = own; i < all->len; i++) {
        const PlanNetwork *network = all->pdata[i];
        Node *key = networks->nd_keys->pdata[i - own];
        for (guint j = 0; j < i; j++) {
            const PlanNetwork *other = all->pdata[j];
            if (other->pn_team != -1 && other->pn_team != team)
                continue;
            const char *slash = strchr(other->pn_id, '/');
            const char *name = slash ? slash + 1 : other->pn_id;
            if (!strcmp(name, key->nd_text))
                loader_error(loader, key, "choose another name",
                             "a shared network is named \"%s\" too", name);
            else if (overlap(network, other))
                loader_error(loader, node_get(node_at(networks, i - own), "cidr"), NULL,
                             "overlaps the network \"%s\", which the same hosts may see",
                             name);
        }
    }
}

static void expand_networks(Loader *loader, int team, Node *networks)
{
    if (!networks || networks->nd_kind != NODE_MAP)
        return;
    if (loader->ld_plan->p_networks->len + node_len(networks) > LOADER_NETWORKS_MAX) {
        loader_error(loader, networks, NULL, "more than %d networks together",
                     LOADER_NETWORKS_MAX);
        return;
    }
    for (guint i = 0; i < node_len(networks); i++)
        expand_network(loader, team, networks->nd_keys->pdata[i], node_at(networks, i));
    check_overlaps(loader, team, networks);
}

/* The address is set when all NICs of the network are known. `number`: the host's place
 * among those that its definition makes. */
static void expand_nic(Loader *loader, PlanHost *host, Node *name, int number)
{
    g_autofree char *own = g_strdup_printf(
        "%s/%s", plan_team(loader->ld_plan, host->ph_team)->pt_id, name->nd_text);
    gpointer place = g_hash_table_lookup(loader->ld_net_ids, own);

    if (!place)
        place = g_hash_table_lookup(loader->ld_net_ids, name->nd_text);
    if (!place || strchr(name->nd_text, '/')) {
        const Node *estate = loader_estate(loader, host->ph_team);
        const Node *inner = node_get(estate, "networks");
        const Node *shared = node_get(loader->ld_root, "networks");
        loader_dangling(loader, name, "network of this estate or shared one",
                        node_len(inner) ? inner : shared,
                        node_len(inner) && node_len(shared) ? node_key_at(shared, 0)
                                                            : NULL);
        return;
    }
    int network = GPOINTER_TO_INT(place) - 1;
    PlanNic *nic = g_new0(PlanNic, 1);
    nic->ni_network = network;
    nic->ni_pool = -1;
    /* Blue cannot reach blue on what they share; white, red and green reach all. */
    nic->ni_isolated = plan_network(loader->ld_plan, network)->pn_team < 0 &&
                       host->ph_owner == SIDE_BLUE;
    LoaderPort port = {.lp_host = host->ph_index,
                       .lp_nic = (int)host->ph_nics->len,
                       .lp_number = number};
    g_array_append_val((GArray *)loader->ld_ports->pdata[network], port);
    g_ptr_array_add(host->ph_nics, nic);
}

static void expand_nics(Loader *loader, PlanHost *host, const Node *nics, int number)
{
    if (node_len(nics) > 16)
        loader_error(loader, nics->nd_keys->pdata[16], NULL, "more than 16 NICs");
    for (guint i = 0; i < node_len(nics); i++) {
        Node *name = nics->nd_keys->pdata[i];
        if (!name->nd_bad)
            expand_nic(loader, host, name, number);
    }
}

/* Memory and disk where the scenario names none, by what the image is. */
static void expand_sizes(Loader *loader, PlanHost *host, const Node *def)
{
    const char *base = plan_image(loader->ld_plan, host->ph_image)->pi_base;
    gboolean micro = !g_strcmp0(base, "micro");
    gboolean debian = base && g_str_has_prefix(base, "debian/");

    host->ph_memory = key_size(&keys_host, def, "memory");
    host->ph_disk = key_size(&keys_host, def, "disk");
    host->ph_cpus = (int)key_int(&keys_host, def, "cpus");
    host->ph_hugepages = key_bool(&keys_host, def, "hugepages");
    if (!host->ph_memory)
        host->ph_memory = micro ? 128 * MIB : debian ? 384 * MIB : 1024 * MIB;
    else if (host->ph_memory < (debian ? 192 : 96) * MIB) /* measured */
        loader_error(loader, node_get(def, "memory"), NULL,
                     "too little to boot: %s at least", debian ? "192M" : "96M");
    if (micro && host->ph_disk)
        loader_error(loader, node_get(def, "disk"), NULL,
                     "a micro host runs from memory and has no disk");
    if (!host->ph_disk && debian)
        host->ph_disk = 2048 * MIB;
}

static int image_index(Loader *loader, Node *node)
{
    const Node *images = node_get(loader->ld_root, "images");

    if (!node_text(node))
        return 0;
    for (guint i = 0; i < loader->ld_plan->p_images->len; i++) {
        if (strcmp(plan_image(loader->ld_plan, (int)i)->pi_id, node->nd_text) != 0)
            continue;
        if (i)
            g_hash_table_add(loader->ld_used, node_get(images, node->nd_text));
        return (int)i;
    }
    loader_dangling(loader, node, "image", images, "micro");
    return 0;
}

static PlanAgent agent_of(const char *word)
{
    PlanAgent agent = AGENT_AUTO;

    while (agent < AGENT_NONE && strcmp(word, plan_agent_name(agent)) != 0)
        agent++;
    return agent;
}

/* What a Debian guest must have for it; both find their device by udev. */
static const struct {
    PlanAgent ag_way;
    const char *ag_package;
} agent_needs[] = {
    {AGENT_SEED, "cloud-init"},
    {AGENT_SEED, "udev"},
    {AGENT_GUEST_AGENT, "qemu-guest-agent"},
    {AGENT_GUEST_AGENT, "udev"},
};

static void check_agent_packages(Loader *loader, const PlanHost *host, Node *node)
{
    const PlanImage *image = plan_image(loader->ld_plan, host->ph_image);

    for (guint i = 0; i < G_N_ELEMENTS(agent_needs); i++)
        if (agent_needs[i].ag_way == host->ph_agent &&
            !g_strv_contains((const char *const *)image->pi_packages,
                             agent_needs[i].ag_package))
            loader_error(loader, node, "name it among the image's packages",
                         "%s needs the package %s, which image %s does not have",
                         plan_agent_name(host->ph_agent), agent_needs[i].ag_package,
                         image->pi_id);
}

/* Not every image can take the agent every way. */
static void check_agent(Loader *loader, const PlanHost *host, Node *node)
{
    const PlanImage *image = plan_image(loader->ld_plan, host->ph_image);

    if (!image->pi_base)
        return;
    if (plan_image_is_own(image) && host->ph_agent == AGENT_INITRAMFS)
        loader_error(loader, node, "seed, guest-agent, image or none",
                     "an image of your own boots by its own loader: no initramfs of "
                     "Parry's brings the agent");
    if (!strcmp(image->pi_base, "micro") &&
        (host->ph_agent == AGENT_SEED || host->ph_agent == AGENT_GUEST_AGENT))
        loader_error(loader, node, "initramfs, image or none", "a micro image has no %s",
                     host->ph_agent == AGENT_SEED ? "cloud-init" : "qemu-guest-agent");
    if (g_str_has_prefix(image->pi_base, "debian/"))
        check_agent_packages(loader, host, node);
}

static void name_host(Loader *loader, PlanHost *host, Node *at, const char *name)
{
    const Plan *plan = loader->ld_plan;
    const PlanTeam *team = plan_team(plan, host->ph_team);

    host->ph_name = g_strdup(name);
    host->ph_domain =
        g_strdup_printf("pr-%s-%s-%s", plan->p_name, team->pt_id, host->ph_name);
    g_autofree char *key = g_strdup_printf("host/%s/0", host->ph_id);
    host->ph_uuid = ident_uuid5(plan->p_uuid, key);
    if (strlen(host->ph_domain) > 63)
        loader_error(loader, at, "shorten the drill's, the team's or the host's name",
                     "the domain's name \"%s\" has %" G_GSIZE_FORMAT
                     " characters of 63 at most",
                     host->ph_domain, strlen(host->ph_domain));
}

/* What the definition says of every host that it makes. */
static void describe_host(Loader *loader, PlanHost *host, const Node *def)
{
    const char *owner = node_get_text(def, "owner");

    host->ph_owner = !owner ? plan_team(loader->ld_plan, host->ph_team)->pt_side
                     : !strcmp(owner, "white") ? SIDE_WHITE
                                               : SIDE_GREEN;
    host->ph_image = image_index(loader, node_get(def, "image"));
    expand_sizes(loader, host, def);
    host->ph_agent = agent_of(key_text(&keys_host, def, "agent"));
    check_agent(loader, host, node_get(def, "agent"));
    host->ph_required = key_bool(&keys_host, def, "required");
    host->ph_retries = (int)key_int(&keys_retry_host, node_get(def, "retry"), "times");
    host->ph_retry_wait_us =
        key_duration(&keys_retry_host, node_get(def, "retry"), "wait");
    host->ph_services = key_texts(def, "services");
    host->ph_labels = key_texts(def, "labels");
    host->ph_title = loader_text(node_get(def, "title"), host->ph_name);
    host->ph_router = node_get(def, "router") != NULL;
    resets_expand_host(loader, host, def);
}

/* FALSE where there is no room for more. */
static gboolean expand_host(Loader *loader, int team, Node *at, Node *def,
                            const char *name, int number)
{
    Plan *plan = loader->ld_plan;
    g_autofree char *id = g_strdup_printf("%s/%s", plan_team(plan, team)->pt_id, name);

    if (plan->p_hosts->len >= LOADER_HOSTS_MAX) {
        loader_error(loader, at, NULL, "the teams have more than %d hosts together",
                     LOADER_HOSTS_MAX);
        return FALSE;
    }
    if (g_hash_table_contains(loader->ld_host_ids, id)) {
        loader_error(loader, at, "choose another name", "two hosts are named \"%s\"",
                     name);
        return TRUE;
    }
    PlanHost *host = plan_host_add(plan, id);
    g_hash_table_insert(loader->ld_host_ids, g_steal_pointer(&id),
                        GINT_TO_POINTER(host->ph_index + 1));
    g_ptr_array_add(loader->ld_host_nodes, def);
    host->ph_team = team;
    name_host(loader, host, at, name);
    describe_host(loader, host, def);
    expand_nics(loader, host, node_get(def, "nics"), number);
    return TRUE;
}

/* `count: 3` makes NAME-1 to NAME-3; without it, or with 1, there is one, named NAME. */
static void expand_hosts(Loader *loader, int team, Node *name, Node *def)
{
    int count = (int)key_int(&keys_host, def, "count");
    Node *dns = node_get(def, "dns");

    if (count > 1 && dns) {
        loader_error(loader, dns, "each is found by its own name, NAME-1 and so on",
                     "the same names cannot be those of %d hosts", count);
        for (guint i = 0; i < node_len(dns); i++)
            node_at(dns, i)->nd_bad = TRUE;
    }
    if (count <= 1)
        expand_host(loader, team, name, def, name->nd_text, 0);
    for (int i = 0; count > 1 && i < count; i++) {
        g_autofree char *numbered = g_strdup_printf("%s-%d", name->nd_text, i + 1);
        if (!expand_host(loader, team, name, def, numbered, i))
            return;
    }
}

int loader_host_named(Loader *loader, int team, Node *node)
{
    if (!node_text(node))
        return -1;
    int index = loader_host(loader, team, node->nd_text);
    if (index < 0)
        loader_dangling(loader, node, "host of this estate",
                        node_get(loader_estate(loader, team), "hosts"), NULL);
    return index;
}

/* Personalisation needs an agent; a host without one takes only what its image has. */
static void check_agentless(Loader *loader, const Node *def)
{
    static const char *const wants[] = {"files", "users",  "services",
                                        "run",   "router", NULL};

    if (g_strcmp0(node_get_text(def, "agent"), "none") != 0)
        return;
    for (int i = 0; wants[i]; i++)
        if (node_get(def, wants[i]))
            loader_error(loader, node_key(def, wants[i]), NULL,
                         "a host without agent takes no \"%s\"", wants[i]);
}

static void expand_estate(Loader *loader, int team)
{
    const Node *estate = loader_estate(loader, team);
    const Node *hosts = node_get(estate, "hosts");

    expand_networks(loader, team, node_get(estate, "networks"));
    resets_expand_team(loader, team);
    for (guint i = 0; i < node_len(hosts); i++) {
        Node *name = hosts->nd_keys->pdata[i], *def = node_at(hosts, i);
        if (name->nd_bad || def->nd_kind != NODE_MAP)
            continue;
        expand_hosts(loader, team, name, def);
        check_agentless(loader, def);
    }
}

void estates_expand(Loader *loader)
{
    expand_networks(loader, -1, node_get(loader->ld_root, "networks"));
    pools_expand(loader);
    for (guint i = 0; i < loader->ld_plan->p_teams->len; i++)
        expand_estate(loader, (int)i);
}

static void warn_unused(Loader *loader, const char *key, const char *what)
{
    const Node *map = node_get(loader->ld_root, key);

    if (!map || map->nd_kind != NODE_MAP)
        return;
    for (guint i = 0; i < node_len(map); i++)
        if (!g_hash_table_contains(loader->ld_used, node_at(map, i)))
            loader_warn(loader, map->nd_keys->pdata[i], NULL,
                        "nothing uses the %s \"%s\"", what, node_key_at(map, i));
}

static void warn_idle_networks(Loader *loader)
{
    const Plan *plan = loader->ld_plan;

    for (guint i = 0; i < plan->p_networks->len; i++) {
        const PlanNetwork *network = plan_network(plan, (int)i);
        const GArray *ports = loader->ld_ports->pdata[i];
        if (ports->len)
            continue;
        const Node *home = network->pn_team < 0 ? loader->ld_root
                                                : loader_estate(loader, network->pn_team);
        const char *slash = strchr(network->pn_id, '/');
        const char *name = slash ? slash + 1 : network->pn_id;
        loader_warn(loader, node_key(node_get(home, "networks"), name), NULL,
                    "no host is on the network \"%s\"", name);
    }
}

void unused_check(Loader *loader)
{
    warn_unused(loader, "estates", "estate");
    warn_unused(loader, "images", "image");
    warn_unused(loader, "pools", "pool");
    warn_unused(loader, "parameters", "parameter");
    warn_unused(loader, "secrets", "secret");
    warn_idle_networks(loader);
}
