/* The configuration that the private libvirtd, virtlogd and its QEMUs run with. */
#ifndef PARRY_HOST_CONFIG_H
#define PARRY_HOST_CONFIG_H

#include "orchestrator/host/paths.h"

#include <sys/types.h>

/* The host name inside; libvirt looks it up at each start of a domain. */
#define HOST_CONFIG_NAME "parry-host"

/*
 * Writes what the private root has below /etc: libvirt's own files, accounts (root and
 * QEMU's), machine id, name services. Definitions that libvirt keeps there stay.
 */
gboolean host_config_write(const HostPaths *paths, uid_t qemu_uid, gid_t qemu_gid,
                           GError **error);

#endif
