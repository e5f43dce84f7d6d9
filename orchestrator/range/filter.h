/*
 * The filter of a NIC on a network that several teams share: its port may send ARP and
 * IPv4 from its own MAC and address and nothing else, so no host can pose as another, run
 * DHCP for others, speak IPv6, VLAN, STP or LLDP, or see frames meant for others.
 *
 * All filters of a drill stand in one nftables table of the bridge family, in the network
 * namespace of libvirt's bridges, under the names that their taps will have: they are
 * there before the guests are. Not libvirt's own nwfilter: that runs some 60 programs a
 * port, one after the other, both when it comes and when it goes.
 */
#ifndef PARRY_RANGE_FILTER_H
#define PARRY_RANGE_FILTER_H

#include "scenarios/plan.h"

/* Whether this NIC stands on a shared network and so gets a filter. */
gboolean filter_needed(const Plan *plan, const PlanNic *nic);

/* The name of the tap of such a NIC, at most 15 bytes; the caller frees it. */
char *filter_port(const Plan *plan, int host, int nic);

/* The name of a drill's table, and back (NULL: no table of Parry's); the caller frees. */
char *filter_table(const char *drill);
char *filter_drill(const char *table);

/*
 * nft commands, done as one transaction, that put a host's filters in place whatever is
 * there already; "" where it needs none. The caller frees them.
 */
char *filter_rules(const Plan *plan, const char *drill, int host);

/* Runs them where uri's bridges are. Blocking. Errors: RANGE_ERROR_FAILED. */
gboolean filter_apply(const char *uri, const char *rules, GError **error);

/* The drills' tables that are there; none at a libvirt that is not on this machine, for
 * there none can be made. NULL with error; else the caller unrefs the array of text. */
GPtrArray *filter_list(const char *uri, GError **error);

gboolean filter_remove(const char *uri, const char *table, GError **error);

/*
 * The drill's table as nft prints it, and as it should be: the same rules in a network
 * namespace made for the purpose, printed by the same nft. Run in the namespace of the
 * bridges (see netns.h); NULL where there is no table, or no nft. The caller frees them.
 */
char *filter_print(const char *drill);
char *filter_rehearse(const Plan *plan, const char *drill);

/* Whether printed has all of what rehearsed has about one port, and no more. */
gboolean filter_holds(const char *printed, const char *rehearsed, const char *port);

#endif
