/* Dumps of the kernel's links and addresses by rtnetlink(7), in this thread's namespace.
 */
#ifndef PARRY_RANGE_RTNL_H
#define PARRY_RANGE_RTNL_H

#include <glib.h>

/* Fills links with one NetLink each. */
gboolean rtnl_links(GPtrArray *links, GError **error);

/* Adds to each NetLink its addresses. Link-local IPv6 addresses of bridge ports are left
 * out: what comes in by a port goes to the bridge, never to the port's own addresses. */
gboolean rtnl_addresses(GPtrArray *links, GError **error);

#endif
