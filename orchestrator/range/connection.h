/*
 * The range's connection to libvirt: kept open, its loss noticed and told, opened again
 * with growing pauses; domain events registered afresh on each.
 */
#ifndef PARRY_RANGE_CONNECTION_H
#define PARRY_RANGE_CONNECTION_H

#include "orchestrator/range/pool.h"
#include "orchestrator/range/virt.h"

typedef struct Connection Connection;

/* A lifecycle event of some domain, of this drill or not. Loop thread. */
typedef void (*ConnectionOnDomain)(const char *uuid, int event, int detail,
                                   gpointer data);
/* Loop thread. reason: why it was lost, NULL when connected. Not called for the first
 * connection. */
typedef void (*ConnectionOnChange)(gboolean connected, const char *reason, gpointer data);

typedef struct {
    ConnectionOnDomain cn_on_domain;
    ConnectionOnChange cn_on_change;
    gpointer cn_data;
} ConnectionCalls;

Connection *connection_new(struct event_base *base, Pool *pool, const char *uri,
                           const ConnectionCalls *calls);

/* Opens the first connection, blocking. Where it fails, it is not tried again. */
gboolean connection_open(Connection *connection, GError **error);

/* A reference to the connection (virConnectClose it), or NULL with RANGE_ERROR_LINK while
 * there is none. Any thread. */
virConnectPtr connection_get(Connection *connection, GError **error);

/* Ends calls to ConnectionCalls and attempts to reconnect. The pool must still be there;
 * free it next, and the connection only after it: work in flight may hold it. */
void connection_close(Connection *connection);
void connection_free(Connection *connection);

#endif
