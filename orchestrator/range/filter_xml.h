/*
 * The filter of one NIC on a network that several teams share: its port may send ARP and
 * IPv4 from its own MAC and address and nothing else, so no host can pose as another, run
 * DHCP for others, speak IPv6, VLAN, STP or LLDP, or see frames meant for others.
 *
 * One filter a NIC, with MAC and address written into it: a filter with parameters would
 * make libvirt learn an address from the guest's own traffic wherever one was left out.
 */
#ifndef PARRY_RANGE_FILTER_XML_H
#define PARRY_RANGE_FILTER_XML_H

#include "scenarios/plan.h"

/* Whether this NIC stands on a shared network and so gets a filter. */
gboolean filter_needed(const Plan *plan, const PlanNic *nic);

/* XML for virNWFilterDefineXML(); the caller frees it. */
char *filter_xml(const Plan *plan, const char *drill, int host, int nic);

#endif
