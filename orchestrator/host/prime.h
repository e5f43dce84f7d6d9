/* Opens the first connection to a fresh libvirtd and has it probe QEMU, in a child. */
#ifndef PARRY_HOST_PRIME_H
#define PARRY_HOST_PRIME_H

#include <glib.h>
#include <sys/types.h>

/* What arrives at the descriptor, one byte each; end of file: the child has ended. */
#define HOST_PRIME_OPENED 'o' /* libvirt answers */
#define HOST_PRIME_PRIMED 'p' /* QEMU's capabilities are known */

/*
 * Starts the child for this URI. *fd_out (non-blocking, close it) tells its progress;
 * its words about a failure go to the standard error. The caller reaps the pid. The
 * first start of a domain would otherwise pay for the probe: 3.7 s without a cache.
 */
pid_t host_prime_start(const char *uri, gboolean kvm, int *fd_out, GError **error);

#endif
