/*
 * The range's connection to libvirt: kept open, its loss noticed and told, opened again
 * with growing pauses; domain events registered afresh on each.
 */
#ifndef PARRY_RANGE_LINK_H
#define PARRY_RANGE_LINK_H

#include "orchestrator/range/pool.h"
#include "orchestrator/range/virt.h"

typedef struct Link Link;

/* A lifecycle event of some domain, of this drill or not. Loop thread. */
typedef void (*LinkOnDomain)(const char *uuid, int event, int detail, gpointer data);
/* Loop thread. reason: why it was lost, NULL when connected. Not called for the first
 * connection. */
typedef void (*LinkOnChange)(gboolean connected, const char *reason, gpointer data);

typedef struct {
    LinkOnDomain lk_on_domain;
    LinkOnChange lk_on_change;
    gpointer lk_data;
} LinkCalls;

Link *link_new(struct event_base *base, Pool *pool, const char *uri,
               const LinkCalls *calls);

/* Opens the first connection, blocking. Where it fails, it is not tried again. */
gboolean link_open(Link *link, GError **error);

/* A reference to the connection (virConnectClose it), or NULL with RANGE_ERROR_LINK while
 * there is none. Any thread. */
virConnectPtr link_get(Link *link, GError **error);

/* Ends calls to LinkCalls and attempts to reconnect. The pool must still be there; free
 * it next, and the link only after it: work in flight may hold the link. */
void link_close(Link *link);
void link_free(Link *link);

#endif
