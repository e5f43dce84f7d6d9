/* The private file system of the host: everything that libvirtd and QEMU can see. */
#ifndef PARRY_HOST_ROOT_H
#define PARRY_HOST_ROOT_H

#include "orchestrator/host/paths.h"

#include <sys/types.h>

/*
 * Builds the root and makes it this process's own. To be called once, by pid 1 of fresh
 * mount, pid and network namespaces: afterwards nothing else of the machine's file
 * systems can be reached by path. kvm_gid is the group that may open /dev/kvm, or -1
 * for a root without that device. Errors name the mount that failed.
 */
gboolean host_root_enter(const HostPaths *paths, gid_t kvm_gid, GError **error);

/*
 * Closes what the set-up still needed: /proc/sys and the root itself become read-only.
 * After host_net_close(), which writes there.
 */
gboolean host_root_seal(GError **error);

#endif
