/*
 * Links, addresses and routes by rtnetlink(7), without any program of the guest's. Calls
 * block for as long as the kernel takes, which is microseconds.
 */
#ifndef PARRY_AGENT_NETLINK_H
#define PARRY_AGENT_NETLINK_H

#include "agents/wire/msg.h"

#include <net/if.h>
#include <stdbool.h>

struct netlink;

/* NULL with the reason in *e. */
struct netlink *netlink_open(struct wire_error *e);
void netlink_close(struct netlink *nl);

/* Index and name of the link with this MAC ("52:54:00:00:00:01"). */
bool netlink_find(struct netlink *nl, const char *mac, int *index, char name[IF_NAMESIZE],
                  struct wire_error *e);

/* Indices of the Ethernet interfaces that are no bridge, VLAN or other construct, lowest
 * first; how many of them, max at most. */
size_t netlink_ethernets(struct netlink *nl, int *indices, size_t max,
                         struct wire_error *e);

/* Gives the link another MAC; switched off for as long as that takes. */
bool netlink_set_mac(struct netlink *nl, int index, const char *mac,
                     struct wire_error *e);

/* Switches a link on. */
bool netlink_up(struct netlink *nl, int index, struct wire_error *e);

/* Makes addr/prefix the only address of its family on the link (IPv6: link-local ones
 * stay). Having it already is success. */
bool netlink_set_address(struct netlink *nl, int index, const char *addr, int prefix,
                         struct wire_error *e);

/* Adds or replaces the route to "10.0.0.0/8" by way of an address. */
bool netlink_set_route(struct netlink *nl, const char *to, const char *via,
                       struct wire_error *e);

#endif
