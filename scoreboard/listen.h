/*
 * A listening TCP socket, on the port asked for or on a free one where that is taken:
 * parryd makes the board's and the gate's, and hands them over as a descriptor.
 */
#ifndef PARRY_SCOREBOARD_LISTEN_H
#define PARRY_SCOREBOARD_LISTEN_H

#include <glib.h>

/*
 * Listens on addr (a numeric IPv4 or IPv6 address) and port; where the port is taken, on
 * the following `tries` - 1 ports, then on any free one; tries 0: on that port or not at
 * all. Port 0 is any free one. *port_out (may be NULL) is the port it became. The socket
 * is non-blocking and close-on-exec. -1 with a G_IO_ERROR otherwise.
 */
int listen_tcp(const char *addr, guint16 port, int tries, guint16 *port_out,
               GError **error);

/*
 * Splits "ADDR:PORT", "[ADDR6]:PORT" or "PORT" (then on 127.0.0.1). *addr is to be freed.
 */
gboolean listen_parse(const char *text, char **addr, guint16 *port, GError **error);

#endif
