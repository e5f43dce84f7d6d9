#include "orchestrator/range/filter_xml.h"

#include "orchestrator/range/tag.h"

/*
 * A rule is one protocol element inside <rule>. "out" is from the guest. Every protocol
 * used here (mac, arp, ip) is applied in the bridge's own tables: nothing depends on
 * whether the kernel hands bridged packets to iptables, nor on connection tracking.
 */
#define RULE(xml, action, direction, priority, ...)                                      \
    do {                                                                                 \
        xml_open(xml, "rule", "action", action, "direction", direction, "priority",      \
                 priority, NULL);                                                        \
        xml_item(xml, __VA_ARGS__, NULL);                                                \
        xml_close(xml);                                                                  \
    } while (0)

gboolean filter_needed(const Plan *plan, const PlanNic *nic)
{
    const PlanNetwork *net = g_ptr_array_index(plan->p_networks, nic->ni_network);

    return net->pn_team < 0;
}

static void rules_out(Xml *xml, const char *mac, const char *ip)
{
    RULE(xml, "drop", "out", "100", "mac", "match", "no", "srcmacaddr", mac);
    RULE(xml, "accept", "out", "200", "arp", "match", "yes", "srcmacaddr", mac,
         "arpsrcmacaddr", mac, "arpsrcipaddr", ip);
    RULE(xml, "drop", "out", "200", "arp", "match", "yes");
    RULE(xml, "drop", "out", "200", "ip", "match", "yes", "protocol", "udp",
         "srcportstart", "67");
    RULE(xml, "accept", "out", "300", "ip", "match", "yes", "srcmacaddr", mac,
         "srcipaddr", ip);
}

static void rules_in(Xml *xml, const char *mac)
{
    RULE(xml, "accept", "in", "200", "arp", "match", "yes", "dstmacaddr", mac);
    RULE(xml, "accept", "in", "200", "arp", "match", "yes", "dstmacaddr",
         "ff:ff:ff:ff:ff:ff");
    RULE(xml, "accept", "in", "300", "ip", "match", "yes", "dstmacaddr", mac);
    RULE(xml, "accept", "in", "300", "ip", "match", "yes", "dstmacaddr",
         "ff:ff:ff:ff:ff:ff");
}

char *filter_xml(const Plan *plan, const char *drill, int host, int nic)
{
    const PlanHost *owner = g_ptr_array_index(plan->p_hosts, host);
    const PlanNic *card = g_ptr_array_index(owner->ph_nics, nic);
    g_autofree char *name = tag_filter_name(drill, host, nic);
    g_autofree char *uuid = tag_uuid5(drill, name);
    g_autofree char *ip = plan_addr_text(card->ni_addr);
    Xml *xml = xml_new();

    xml_open(xml, "filter", "name", name, "chain", "root", NULL);
    xml_text(xml, "uuid", uuid);
    rules_out(xml, card->ni_mac, ip);
    rules_in(xml, card->ni_mac);
    /* No protocol inside: every frame of every kind. */
    xml_item(xml, "rule", "action", "drop", "direction", "inout", "priority", "1000",
             NULL);
    xml_close(xml);
    return xml_finish(xml);
}
