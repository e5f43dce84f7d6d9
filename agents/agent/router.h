/*
 * Makes the guest a router: forwarding, masquerading to the outer networks, published
 * ports. The rules go to a file below /run/parry and from there into the kernel by
 * iptables-restore, which the router's initramfs has, or nft.
 */
#ifndef PARRY_AGENT_ROUTER_H
#define PARRY_AGENT_ROUTER_H

#include "agents/agent/netlink.h"

/*
 * Switches forwarding on and writes the rules. argv[0..3) becomes the command that loads
 * them, pointing to static text. False with the reason in *e.
 */
bool router_prepare(const struct wire_router *r, struct netlink *nl, const char *argv[3],
                    struct wire_error *e);

#endif
