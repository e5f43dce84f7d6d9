/*
 * A look at the network namespace that libvirt's bridges and taps live in, from the
 * kernel and not from libvirt: links, addresses, forwarding, the bridge's filter rules.
 *
 * Which namespace that is, the URI tells: for a local UNIX socket the process that
 * listens there. Of a remote libvirt nothing can be seen.
 */
#ifndef PARRY_RANGE_NETNS_H
#define PARRY_RANGE_NETNS_H

#include "scenarios/plan.h"

#include <glib.h>

typedef struct {
    int if_index;
    char *if_name;
    char *if_kind; /* "bridge", "tun", "veth" …; "" for lo and real cards */
    int if_master; /* index of the bridge that it is a port of, 0: of none */
    int if_lower;  /* index of the link that it stands on (VLAN, macvlan), 0: on none */
    gboolean if_loopback;
    gboolean if_isolated;  /* as a bridge's port */
    gboolean if_forwards4; /* the kernel routes what comes in here */
    gboolean if_forwards6;
    GPtrArray *if_addresses; /* of text, with prefix; link-local ones of ports left out */
} NetLink;

typedef struct {
    gboolean nv_own; /* it is this process's own namespace: the machine's */
    GPtrArray *nv_links;
    char *nv_filter;    /* the drill's filters as they are; NULL: none, or no nft */
    char *nv_rehearsed; /* the same as they should be (see filter_rehearse()) */
    char *nv_iptables,
        *nv_ip6tables; /* `… -S FORWARD` and libvirt's chains; NULL likewise */
} NetView;

/* Looks. Errors: RANGE_ERROR_FAILED, which then means "not proved". */
NetView *netns_look(const char *uri, const Plan *plan, const char *drill, GError **error);

void netns_view_free(NetView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetView, netns_view_free)

/* The link of that name or index, or NULL. */
NetLink *netns_link(const NetView *view, const char *name);
NetLink *netns_link_at(const NetView *view, int index);

/* Has a thread of its own go into the namespace of uri's bridges and calls visit there;
 * what it starts runs there too. Errors: visit's, RANGE_ERROR_FAILED. */
typedef gboolean (*NetnsVisit)(gpointer data, GError **error);
gboolean netns_enter(const char *uri, NetnsVisit visit, gpointer data, GError **error);

/* Runs a program of the system's in the namespace that the thread stands in. out: NULL,
 * or what it prints. Errors: RANGE_ERROR_FAILED with its own words. */
gboolean netns_output(const char *program, const char *const *args, char **out,
                      GError **error);

/* The path of the UNIX socket that a URI leads to, or NULL for a remote one; free it. */
char *netns_socket(const char *uri);

#endif
