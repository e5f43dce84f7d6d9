#include "orchestrator/range/inspect.h"

#include "orchestrator/range/filter.h"

#include <string.h>

static const PlanNic *tap_nic(const Inspection *inspection, const InspectTap *tap)
{
    const PlanHost *owner = g_ptr_array_index(inspection->in_plan->p_hosts, tap->tp_host);

    return g_ptr_array_index(owner->ph_nics, tap->tp_nic);
}

static const PlanHost *tap_host(const Inspection *inspection, const InspectTap *tap)
{
    return g_ptr_array_index(inspection->in_plan->p_hosts, tap->tp_host);
}

static const InspectTap *find_tap(const Inspection *inspection, const char *dev)
{
    for (guint i = 0; i < inspection->in_taps->len; i++) {
        const InspectTap *tap = g_ptr_array_index(inspection->in_taps, i);

        if (g_strcmp0(tap->tp_dev, dev) == 0)
            return tap;
    }
    return NULL;
}

/* ---- bridges ---- */

/* What hangs on a bridge, as a port or on top of it, must be a planned NIC's tap. */
static guint check_ports(const Inspection *inspection, const NetView *view, int network,
                         const NetLink *bridge, GString *wrong)
{
    guint ports = 0;

    for (guint i = 0; i < view->nv_links->len; i++) {
        const NetLink *link = g_ptr_array_index(view->nv_links, i);
        const InspectTap *tap = find_tap(inspection, link->if_name);

        if (link->if_lower == bridge->if_index)
            inspect_wrong(wrong, "%s stands on it", link->if_name);
        if (link->if_master != bridge->if_index)
            continue;
        ports++;
        if (!g_str_equal(link->if_kind, "tun") || !tap)
            inspect_wrong(wrong, "port %s is no planned NIC's tap", link->if_name);
        else if (tap_nic(inspection, tap)->ni_network != network)
            inspect_wrong(wrong, "port %s belongs to another network", link->if_name);
    }
    return ports;
}

/* Each planned NIC of a running guest, on the bridge that the plan says. */
static void check_taps(const Inspection *inspection, const NetView *view, int network,
                       const NetLink *bridge, GString *wrong)
{
    for (guint i = 0; i < inspection->in_taps->len; i++) {
        const InspectTap *tap = g_ptr_array_index(inspection->in_taps, i);
        const NetLink *link = netns_link(view, tap->tp_dev);
        const PlanNic *nic = tap_nic(inspection, tap);
        const char *host = tap_host(inspection, tap)->ph_id;

        if (nic->ni_network != network)
            continue;
        if (!link || link->if_master != bridge->if_index)
            inspect_wrong(wrong, "the tap of %s, %s, is not a port of it", host,
                          nic->ni_mac);
        else if (nic->ni_isolated && !link->if_isolated)
            inspect_wrong(wrong, "port %s of %s is not isolated", link->if_name, host);
    }
}

/* Whether libvirt's rules refuse to route to and from the bridge. */
static gboolean refused(const char *rules, const char *bridge)
{
    g_autofree char *in = g_strdup_printf("-A LIBVIRT_FWI -o %s -j REJECT", bridge);
    g_autofree char *out = g_strdup_printf("-A LIBVIRT_FWO -i %s -j REJECT", bridge);

    return rules && strstr(rules, in) && strstr(rules, out) &&
           strstr(rules, "-A FORWARD -j LIBVIRT_FWI") &&
           strstr(rules, "-A FORWARD -j LIBVIRT_FWO");
}

/*
 * The kernel routes packets that come in by an interface without addresses too, where
 * forwarding is on: a guest need only send them to the bridge's MAC.
 */
static void row_forwarding(Inspection *inspection, const NetView *view,
                           const NetLink *bridge)
{
    g_autofree char *name = g_strdup_printf("bridge %s: forwarding", bridge->if_name);
    g_autoptr(GString) wrong = g_string_new(NULL);

    if (bridge->if_forwards4 && !refused(view->nv_iptables, bridge->if_name))
        inspect_wrong(wrong,
                      "the hypervisor routes IPv4 from it and no rule refuses that: "
                      "sysctl net.ipv4.ip_forward=0");
    if (bridge->if_forwards6 && !refused(view->nv_ip6tables, bridge->if_name))
        inspect_wrong(wrong,
                      "the hypervisor routes IPv6 from it and no rule refuses that: "
                      "sysctl net.ipv6.conf.all.forwarding=0");
    inspect_row(inspection, name, wrong->str,
                bridge->if_forwards4 || bridge->if_forwards6
                    ? "on in the kernel, refused for this bridge by libvirt's rules"
                    : "off");
}

static void add_addresses(GString *wrong, const NetLink *link)
{
    for (guint i = 0; i < link->if_addresses->len; i++)
        inspect_wrong(wrong, "%s has address %s", link->if_name,
                      (const char *)g_ptr_array_index(link->if_addresses, i));
}

static void row_addresses(Inspection *inspection, const NetView *view,
                          const NetLink *bridge)
{
    g_autofree char *name = g_strdup_printf("bridge %s: addresses", bridge->if_name);
    g_autoptr(GString) wrong = g_string_new(NULL);

    add_addresses(wrong, bridge);
    for (guint i = 0; i < view->nv_links->len; i++) {
        const NetLink *link = g_ptr_array_index(view->nv_links, i);

        if (link->if_master == bridge->if_index)
            add_addresses(wrong, link);
    }
    inspect_row(inspection, name, wrong->str, "none, on the bridge and its ports");
}

static void inspect_bridge(Inspection *inspection, const NetView *view, int network)
{
    const PlanNetwork *net = g_ptr_array_index(inspection->in_plan->p_networks, network);
    const NetLink *bridge = netns_link(view, net->pn_bridge);
    g_autofree char *name = g_strdup_printf("bridge %s: ports", net->pn_bridge);
    g_autofree char *good = NULL;
    g_autoptr(GString) wrong = g_string_new(NULL);

    if (!bridge || !g_str_equal(bridge->if_kind, "bridge")) {
        inspect_wrong(wrong, "not proved: there is no bridge of that name");
        inspect_row(inspection, name, wrong->str, "");
        return;
    }
    if (bridge->if_master)
        inspect_wrong(wrong, "it is a port of another bridge itself");
    guint ports = check_ports(inspection, view, network, bridge, wrong);
    check_taps(inspection, view, network, bridge, wrong);
    good = g_strdup_printf("%u, all of planned NICs (network %s)", ports, net->pn_id);
    inspect_row(inspection, name, wrong->str, good);
    row_addresses(inspection, view, bridge);
    row_forwarding(inspection, view, bridge);
}

/* ---- the namespace ---- */

/* In a namespace that is the drills' alone nothing may lead out at all. */
static void row_uplinks(Inspection *inspection, const NetView *view)
{
    g_autoptr(GString) wrong = g_string_new(NULL);

    for (guint i = 0; i < view->nv_links->len && !view->nv_own; i++) {
        const NetLink *link = g_ptr_array_index(view->nv_links, i);

        if (!link->if_loopback && !g_str_equal(link->if_kind, "bridge") &&
            !g_str_equal(link->if_kind, "tun"))
            inspect_wrong(wrong, "%s leads out of it", link->if_name);
    }
    inspect_row(inspection, "hypervisor: ways out", wrong->str,
                view->nv_own
                    ? "the machine's own network namespace: none from the drill's "
                      "bridges (see each)"
                    : "a network namespace of its own with nothing but lo, bridges "
                      "and taps");
}

/* ---- filters ---- */

static void row_filter(Inspection *inspection, const NetView *view, const InspectTap *tap)
{
    const PlanNic *nic = tap_nic(inspection, tap);
    g_autofree char *name = g_strdup_printf(
        "host %s: filter of %s", tap_host(inspection, tap)->ph_id, nic->ni_mac);
    g_autofree char *port = filter_port(inspection->in_plan, tap->tp_host, tap->tp_nic);
    g_autofree char *address = plan_addr_text(nic->ni_addr);
    g_autoptr(GString) wrong = g_string_new(NULL);

    if (!view->nv_rehearsed)
        inspect_wrong(wrong, "not proved: nft cannot be run: apt-get install nftables");
    else if (g_strcmp0(tap->tp_dev, port) != 0)
        inspect_wrong(wrong, "its tap is %s and not %s, which the rules are for",
                      tap->tp_dev ? tap->tp_dev : "without a name", port);
    else if (!filter_holds(view->nv_filter, view->nv_rehearsed, port))
        inspect_wrong(wrong, "port %s is not bound to %s and %s: its rules have changed",
                      port, nic->ni_mac, address);
    inspect_row(inspection, name, wrong->str,
                "bound to its MAC and address in the kernel");
}

void inspect_kernel(Inspection *inspection, const NetView *view)
{
    for (guint i = 0; i < inspection->in_plan->p_networks->len; i++)
        inspect_bridge(inspection, view, (int)i);
    row_uplinks(inspection, view);
    for (guint i = 0; i < inspection->in_taps->len; i++) {
        const InspectTap *tap = g_ptr_array_index(inspection->in_taps, i);

        if (filter_needed(inspection->in_plan, tap_nic(inspection, tap)))
            row_filter(inspection, view, tap);
    }
}
