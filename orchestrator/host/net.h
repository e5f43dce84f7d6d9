/* The host's network namespace: a loopback, and nothing that leads out of it. */
#ifndef PARRY_HOST_NET_H
#define PARRY_HOST_NET_H

#include <glib.h>

/*
 * Brings the loopback up and switches forwarding and IPv6 off for all bridges to come.
 * Called inside the new namespace, with its /proc mounted. A fresh
 * namespace has no other interface.
 */
gboolean host_net_close(GError **error);

/* Brings the interface of this name up. */
gboolean host_net_up(const char *name, GError **error);

#endif
