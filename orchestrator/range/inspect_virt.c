#include "orchestrator/range/inspect.h"

#include "orchestrator/range/domain_xml.h"
#include "orchestrator/range/filter.h"
#include "orchestrator/range/sweep.h"
#include "orchestrator/range/tag.h"

#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/* Whether an element of <devices> may be there. */
typedef struct {
    const char *dv_name;
    const char *dv_attribute; /* NULL: in any form */
    const char *dv_value;
} Device;

/* All that a guest of a drill has; whatever else is found is a finding. Interfaces and
 * channels are looked at more closely besides. */
static const Device devices[] = {
    {"emulator", NULL, NULL},        {"controller", NULL, NULL},
    {"disk", "type", "file"},        {"interface", "type", "network"},
    {"serial", "type", "file"},      {"console", "type", "file"},
    {"serial", "type", "unix"},      {"console", "type", "unix"},
    {"channel", "type", "unix"},     {"input", "bus", "ps2"},
    {"audio", "type", "none"},       {"rng", "model", "virtio"},
    {"memballoon", "model", "none"},
};

/* All that a drill's network has: no <ip>, <forward>, <dns>, <route>, <portgroup> …. */
static const char *const network_parts[] = {"name",   "uuid", "metadata",
                                            "bridge", "mac",  "title"};

static xmlDocPtr parse(char *xml)
{
    xmlDocPtr doc =
        xml ? xmlReadMemory(xml, (int)strlen(xml), "object.xml", NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)
            : NULL;

    free(xml);
    return doc;
}

static gboolean is(xmlNodePtr node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static xmlNodePtr child(xmlNodePtr node, const char *name)
{
    for (xmlNodePtr at = node ? node->children : NULL; at; at = at->next)
        if (is(at, name))
            return at;
    return NULL;
}

static char *attribute(xmlNodePtr node, const char *name)
{
    xmlChar *value = node ? xmlGetNoNsProp(node, BAD_CAST name) : NULL;
    char *copy = g_strdup((const char *)value);

    if (value)
        xmlFree(value);
    return copy;
}

static gboolean has(xmlNodePtr node, const char *name, const char *value)
{
    g_autofree char *found = attribute(node, name);

    return g_strcmp0(found, value) == 0;
}

/* ---- networks ---- */

static void check_network(GString *wrong, const PlanNetwork *net, xmlDocPtr doc)
{
    xmlNodePtr root = xmlDocGetRootElement(doc);

    for (xmlNodePtr part = root ? root->children : NULL; part; part = part->next) {
        gboolean known = part->type != XML_ELEMENT_NODE;

        for (guint i = 0; i < G_N_ELEMENTS(network_parts) && !known; i++)
            known = is(part, network_parts[i]);
        if (!known)
            inspect_wrong(wrong, "its definition has <%s>", (const char *)part->name);
    }
    if (!has(child(root, "bridge"), "name", net->pn_bridge))
        inspect_wrong(wrong, "its bridge is not %s", net->pn_bridge);
}

static gboolean inspect_network(Inspection *inspection, const PlanNetwork *net,
                                GError **error)
{
    g_autoptr(virNetwork) network =
        virNetworkLookupByUUIDString(inspection->in_conn, net->pn_uuid);
    g_autoptr(GString) wrong = g_string_new(NULL);
    g_autofree char *name = g_strdup_printf("network %s: definition", net->pn_id);

    if (!network && !virt_failed_as(VIR_ERR_NO_NETWORK, VIR_ERR_NO_NETWORK)) {
        virt_error(error, inspection->in_conn, net->pn_libvirt, "look up network");
        return FALSE;
    }
    g_autoptr(xmlDoc) doc = network ? parse(virNetworkGetXMLDesc(network, 0)) : NULL;
    if (doc)
        check_network(wrong, net, doc);
    else
        inspect_wrong(wrong, "not proved: libvirt has no network %s", net->pn_libvirt);
    inspect_row(inspection, name, wrong->str, "a bridge without address or forwarding");
    return TRUE;
}

gboolean inspect_networks(Inspection *inspection, GError **error)
{
    const GPtrArray *networks = inspection->in_plan->p_networks;

    for (guint i = 0; i < networks->len; i++)
        if (!inspect_network(inspection, g_ptr_array_index(networks, i), error))
            return FALSE;
    return TRUE;
}

/* ---- domains ---- */

static void check_device(GString *wrong, xmlNodePtr node)
{
    for (guint i = 0; i < G_N_ELEMENTS(devices); i++) {
        const Device *known = &devices[i];

        if (is(node, known->dv_name) &&
            (!known->dv_attribute || has(node, known->dv_attribute, known->dv_value)))
            return;
    }
    inspect_wrong(wrong, "it has a <%s> that no guest of a drill has",
                  (const char *)node->name);
}

/* What a guest can write to must be the drill's own: files below its directory. */
static void check_file(GString *wrong, const char *directory, xmlNodePtr node)
{
    xmlNodePtr source = child(node, "source");
    g_autofree char *file = attribute(source, "file");
    g_autofree char *path = file ? g_strdup(file) : attribute(source, "path");
    g_autofree char *log = attribute(child(node, "log"), "file");
    g_autofree char *below = g_strconcat(directory, "/", NULL);
    const char *const all[] = {path, log};

    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        if (all[i] && !child(node, "readonly") && !g_str_has_prefix(all[i], below))
            inspect_wrong(wrong, "its <%s> leads to %s, outside the drill's directory",
                          (const char *)node->name, all[i]);
}

/* The agent's; and that of the guest's own agent where the agent comes by it. */
static gboolean own_channel(const Inspection *inspection, const PlanHost *owner,
                            xmlNodePtr node)
{
    xmlNodePtr target = child(node, "target");

    return has(target, "name", DOMAIN_CHANNEL) ||
           (has(target, "name", DOMAIN_GUEST_AGENT) &&
            plan_agent_way(inspection->in_plan, owner) == AGENT_GUEST_AGENT);
}

/* Where its RAM is; a file of it must be the drill's own. */
static gboolean own_ram(const Inspection *inspection, const PlanHost *owner,
                        xmlNodePtr node)
{
    g_autoptr(GStrvBuilder) found = g_strv_builder_new();
    const char *dir = inspection->in_config->rg_dir;
    g_auto(GStrv) args = NULL;

    for (xmlNodePtr at = node->children; at; at = at->next) {
        g_autofree char *value = is(at, "arg") ? attribute(at, "value") : NULL;

        if (value)
            g_strv_builder_add(found, value);
        else if (at->type == XML_ELEMENT_NODE)
            return FALSE;
    }
    args = g_strv_builder_end(found);
    json_t *object = args[0] && args[1] ? json_loads(args[1], 0, NULL) : NULL;
    g_autofree char *ram =
        g_strdup(json_string_value(json_object_get(object, "mem-path")));
    g_auto(GStrv) planned = domain_ram_args(owner, ram);
    g_autofree char *below = dir ? g_strconcat(dir, "/", NULL) : NULL;
    json_decref(object);
    return is(node, "commandline") &&
           g_strv_equal((const char *const *)args, (const char *const *)planned) &&
           (!ram || !below || g_str_has_prefix(ram, below));
}

static void check_devices(Inspection *inspection, const PlanHost *owner, xmlNodePtr root)
{
    g_autoptr(GString) wrong = g_string_new(NULL);
    g_autofree char *name = g_strdup_printf("host %s: devices", owner->ph_id);
    xmlNodePtr list = child(root, "devices");

    for (xmlNodePtr at = list ? list->children : NULL; at; at = at->next) {
        if (at->type != XML_ELEMENT_NODE)
            continue;
        check_device(wrong, at);
        if (is(at, "channel") && !own_channel(inspection, owner, at))
            inspect_wrong(wrong, "it has a channel that is not the agent's");
        if (inspection->in_config->rg_dir)
            check_file(wrong, inspection->in_config->rg_dir, at);
    }
    /* Elements of libvirt's extension namespaces pass anything on to QEMU. */
    for (xmlNodePtr at = root->children; at; at = at->next)
        if (at->type == XML_ELEMENT_NODE && at->ns && !own_ram(inspection, owner, at))
            inspect_wrong(wrong, "it has a <%s> of %s", (const char *)at->name,
                          (const char *)at->ns->href);
    inspect_row(inspection, name, wrong->str,
                "no host device, shared folder, graphics, foreign channel or file");
}

/* Index of the planned NIC with that MAC, or -1. */
static int planned_nic(const PlanHost *owner, const char *mac)
{
    for (guint i = 0; mac && i < owner->ph_nics->len; i++) {
        const PlanNic *nic = g_ptr_array_index(owner->ph_nics, i);

        if (g_ascii_strcasecmp(nic->ni_mac, mac) == 0)
            return (int)i;
    }
    return -1;
}

static void check_nic(Inspection *inspection, GString *wrong, const PlanHost *owner,
                      int index, xmlNodePtr node)
{
    const Plan *plan = inspection->in_plan;
    const PlanNic *nic = g_ptr_array_index(owner->ph_nics, index);
    const PlanNetwork *net = g_ptr_array_index(plan->p_networks, nic->ni_network);
    g_autofree char *port = filter_port(plan, owner->ph_index, index);
    InspectTap *tap = g_new0(InspectTap, 1);

    if (!has(child(node, "source"), "network", net->pn_libvirt))
        inspect_wrong(wrong, "NIC %s is not on network %s", nic->ni_mac, net->pn_id);
    if (filter_needed(plan, nic) && !has(child(node, "target"), "dev", port))
        inspect_wrong(wrong, "NIC %s is not plugged in by %s, which its filter is for",
                      nic->ni_mac, port);
    if (nic->ni_isolated && !has(child(node, "port"), "isolated", "yes"))
        inspect_wrong(wrong, "NIC %s is not isolated from its neighbours", nic->ni_mac);
    *tap = (InspectTap){owner->ph_index, index, attribute(child(node, "target"), "dev")};
    g_ptr_array_add(inspection->in_taps, tap);
}

static void check_nics(Inspection *inspection, const PlanHost *owner, xmlNodePtr root)
{
    g_autoptr(GString) wrong = g_string_new(NULL);
    g_autofree char *name = g_strdup_printf("host %s: network cards", owner->ph_id);
    g_autoptr(GByteArray) seen = g_byte_array_new();
    xmlNodePtr list = child(root, "devices");

    g_byte_array_set_size(seen, owner->ph_nics->len);
    memset(seen->data, 0, seen->len);
    for (xmlNodePtr at = list ? list->children : NULL; at; at = at->next) {
        g_autofree char *mac =
            is(at, "interface") ? attribute(child(at, "mac"), "address") : NULL;
        int index = planned_nic(owner, mac);

        if (!is(at, "interface"))
            continue;
        if (index < 0) {
            inspect_wrong(wrong, "NIC %s is not in the plan", mac ? mac : "without MAC");
            continue;
        }
        if (seen->data[index]++)
            inspect_wrong(wrong, "NIC %s is there twice", mac);
        check_nic(inspection, wrong, owner, index, at);
    }
    for (guint i = 0; i < owner->ph_nics->len; i++)
        if (!seen->data[i])
            inspect_wrong(wrong, "planned NIC %s is missing",
                          ((PlanNic *)g_ptr_array_index(owner->ph_nics, i))->ni_mac);
    inspect_row(inspection, name, wrong->str,
                "exactly the planned ones, each on its network");
}

static const PlanHost *planned_host(const Plan *plan, const char *uuid)
{
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = g_ptr_array_index(plan->p_hosts, i);

        if (g_ascii_strcasecmp(host->ph_uuid, uuid) == 0)
            return host;
    }
    return NULL;
}

/* The drill's network that an interface is plugged into, by name or by bridge, or NULL.
 */
static const PlanNetwork *drill_network(const Plan *plan, xmlNodePtr interface)
{
    xmlNodePtr source = child(interface, "source");

    for (guint i = 0; i < plan->p_networks->len; i++) {
        const PlanNetwork *net = g_ptr_array_index(plan->p_networks, i);

        if (has(source, "network", net->pn_libvirt) ||
            has(source, "bridge", net->pn_bridge))
            return net;
    }
    return NULL;
}

/* A domain that is not the drill's must not stand on the drill's networks. */
static void check_stranger(const Inspection *inspection, const char *name,
                           xmlNodePtr root, GString *wrong)
{
    xmlNodePtr list = child(root, "devices");

    for (xmlNodePtr at = list ? list->children : NULL; at; at = at->next) {
        const PlanNetwork *net =
            is(at, "interface") ? drill_network(inspection->in_plan, at) : NULL;

        if (net)
            inspect_wrong(wrong, "%s, not of this drill, stands on network %s", name,
                          net->pn_id);
    }
}

static void inspect_domain(Inspection *inspection, virDomainPtr domain,
                           GString *strangers)
{
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    char *xml = virDomainGetXMLDesc(domain, 0);
    g_autofree char *drill = xml ? tag_read(xml, NULL, NULL) : NULL;
    g_autoptr(xmlDoc) doc = parse(xml);
    xmlNodePtr root = doc ? xmlDocGetRootElement(doc) : NULL;
    const PlanHost *host;

    if (!root || virDomainGetUUIDString(domain, uuid) < 0)
        return; /* ended since it was listed */
    host = planned_host(inspection->in_plan, uuid);
    if (host) {
        check_devices(inspection, host, root);
        check_nics(inspection, host, root);
        return;
    }
    if (g_strcmp0(drill, inspection->in_config->rg_drill) == 0)
        inspect_wrong(strangers, "%s bears this drill's tag and is not in its plan",
                      virDomainGetName(domain));
    check_stranger(inspection, virDomainGetName(domain), root, strangers);
}

gboolean inspect_domains(Inspection *inspection, GError **error)
{
    g_autoptr(GString) strangers = g_string_new(NULL);
    virDomainPtr *all = NULL;
    int n = virConnectListAllDomains(inspection->in_conn, &all,
                                     VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    if (n < 0) {
        virt_error(error, inspection->in_conn, "domains", "list all");
        return FALSE;
    }
    for (int i = 0; i < n; i++) {
        inspect_domain(inspection, all[i], strangers);
        virDomainFree(all[i]);
    }
    free(all);
    inspect_row(inspection, "hypervisor: foreign domains", strangers->str,
                "none on the drill's networks");
    return TRUE;
}
