/*
 * Makes a fresh boot this host of this drill: name, addresses, routes, names of others,
 * users, files, router, services, and the scripts that run once.
 */
#ifndef PARRY_AGENT_PERSONALISE_H
#define PARRY_AGENT_PERSONALISE_H

#include "agents/agent/agent.h"
#include "agents/agent/netlink.h"

/* Takes m over. Answered by one ready. */
void personalise_take(struct agent *a, struct wire_msg *m);

/* Ends what is under way; quietly: without an answer. */
void personalise_abort(struct agent *a, bool quietly);

/* What it shares with identity.c. Name of the host, to the kernel and /etc/hostname. */
bool personalise_hostname(const char *name, struct wire_error *e);

/* Switches the links with these MACs on, gives them their addresses, sets routes. */
bool personalise_links(struct netlink *nl, const struct wire_nic *nics, size_t n_nics,
                       const struct wire_route *routes, size_t n_routes,
                       struct wire_error *e);

#endif
