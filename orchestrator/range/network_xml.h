/*
 * The definition of a drill's network: a bridge and nothing else. No <ip>, so the
 * hypervisor has no address there and starts no DHCP or DNS; no <forward>, so libvirt
 * adds rules that refuse to route through it.
 */
#ifndef PARRY_RANGE_NETWORK_XML_H
#define PARRY_RANGE_NETWORK_XML_H

#include "scenarios/plan.h"

/* XML for virNetworkCreateXML(); the caller frees it. */
char *network_xml(const Plan *plan, const char *drill, int network);

#endif
