/*
 * A hold on the QEMU of a domain, so that libvirt hears of its end only when all of it is
 * over.
 *
 * libvirt takes the end of the monitor's connection for the process's. It looks at once
 * whether that is gone; QEMU closes the connection some milliseconds before it is, and
 * then libvirt sleeps 200 ms before it looks again, a third of a reset. So a second
 * handle of QEMU's sockets is kept open until the process is gone (pidfd_getfd(2)).
 *
 * For a libvirt on this machine and a caller with the right to; nothing depends on it.
 */
#ifndef PARRY_RANGE_HOLD_H
#define PARRY_RANGE_HOLD_H

#include <glib.h>

typedef struct Hold Hold;

/* Of the QEMU whose command line bears that UUID; NULL: none is to be found, or no hold
 * to be had. */
Hold *hold_take(const char *uuid);
/* Waits until it is gone, and nobody's child any more, and lets go. FALSE: it is still
 * there after so long. NULL: FALSE at once. */
gboolean hold_wait(Hold *hold, gint64 limit_us);
void hold_free(Hold *hold);

#endif
