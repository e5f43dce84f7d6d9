/*
 * Provisioning: from `defined` to `ready`, and back to nothing.
 *
 *   images ─ hypervisor ─ networks ─ per host: filters, disk, socket, domain, hello,
 *   personalise ─ isolation proof ─ ready
 *
 * Each step is wanted, done or failed in the journal; hosts go through theirs side by
 * side, but for those that wait for others to be ready first (`after`).
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PROVISION_H
#define PARRY_ORCHESTRATOR_DAEMON_PROVISION_H

#include "agents/images/images.h"
#include "orchestrator/daemon/daemon.h"
#include "orchestrator/range/pool.h"

Provision *provision_new(Daemon *d);
void provision_free(Provision *provision);

/* Begins; ends in DRILL_READY or DRILL_FAILED. hello_timeout_us: how long a VM may take
 * from power-on to its agent's hello. */
void provision_begin(Provision *provision, gint64 hello_timeout_us);

/* A drill that is taken up: finds what there is of it, and goes on where it stopped. VMs
 * that run are adopted by their UUIDs; those that are gone are told of, and come back as
 * returns.h says. */
void provision_take_up(Provision *provision);
/* It was asked to, and does not know yet what there is. */
gboolean provision_looks(const Provision *provision);

/* A host comes back (returns_pending()), or all that was lost does: as far as networks,
 * and with all proofs. */
void provision_return(Provision *provision, int host);
void provision_again(Provision *provision, const char *actor);

/* The first host that this one waits for (`after`) and that is not ready, or -1.
 * *hopeless: it never will be. */
int provision_blocker(const Hosts *hosts, const PlanHost *host, gboolean *hopeless);
/* A host can never become ready: named, with the reason. */
void provision_host_failed(Provision *provision, int host, const char *reason);
/* What clones.c needs to know, and a host that it has decided about goes on; again: it
 * was begun already and is made anew, by a boot. */
Pool *provision_pool(Provision *provision);
const ImageResult *provision_image(Provision *provision, int host);
gint64 provision_hello_us(const Provision *provision);
uid_t provision_qemu_uid(const Provision *provision);
gboolean provision_active(const Provision *provision);
/* Brings its agent into a host that has just booted, where that is done from outside. */
void provision_deliver(Provision *provision, int host);
void provision_station_go(Provision *provision, int host);
void provision_station_again(Provision *provision, int host);
/* Something changed: is everyone there, or is it hopeless? */
void provision_advance(Provision *provision);

/* Ends and removes every VM, network and filter of the drill, whatever state it is in,
 * then done. A provisioning under way is given up. */
typedef void (*ProvisionDown)(Daemon *d, const RangeRemoved *removed, const GError *error,
                              gpointer data);
void provision_down(Provision *provision, ProvisionDown done, gpointer data);

#endif
