/*
 * What one host's VM is made of: image, disk, channel, log. The same for a cold boot, a
 * memory clone and a reset.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_BOOT_H
#define PARRY_ORCHESTRATOR_DAEMON_BOOT_H

#include "agents/images/images.h"
#include "orchestrator/daemon/daemon.h"

typedef struct {
    RangeDomain bo_domain; /* borrows from the others and from the image */
    char *bo_channel, *bo_serial, *bo_guest, *bo_console, *bo_cmdline;
    char *bo_disk; /* where the overlay is, or belongs; NULL: no disk */
} Boot;

void boot_init(Boot *boot, Daemon *d, const ImageResult *image, int host);
void boot_clear(Boot *boot);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Boot, boot_clear)

/* DRILL/DIR/DOMAINEXT. */
char *boot_path(Daemon *d, int host, const char *dir, const char *ext);
/* The hub's socket for the host. Sockets are numbered, not named: the path of one has 107
 * bytes. */
char *boot_channel(Daemon *d, int host);

#endif
