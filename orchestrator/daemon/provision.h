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

#include "orchestrator/daemon/daemon.h"

Provision *provision_new(Daemon *d);
void provision_free(Provision *provision);

/* Begins; ends in DRILL_READY or DRILL_FAILED. hello_timeout_us: how long a VM may take
 * from power-on to its agent's hello. */
void provision_begin(Provision *provision, gint64 hello_timeout_us);

/* A drill that is taken up: finds what there is of it, and goes on where it stopped. VMs
 * that run are adopted by their UUIDs; those that are gone are told of, and brought back
 * where they are required. */
void provision_take_up(Provision *provision);

/* The first host that this one waits for (`after`) and that is not ready, or -1.
 * *hopeless: it never will be. */
int provision_blocker(const Hosts *hosts, const PlanHost *host, gboolean *hopeless);
/* A host can never become ready: named, with the reason. */
void provision_host_failed(Provision *provision, int host, const char *reason);
/* Something changed: is everyone there, or is it hopeless? */
void provision_advance(Provision *provision);

/* Ends and removes every VM, network and filter of the drill, whatever state it is in,
 * then done. A provisioning under way is given up. */
typedef void (*ProvisionDown)(Daemon *d, const RangeRemoved *removed, const GError *error,
                              gpointer data);
void provision_down(Provision *provision, ProvisionDown done, gpointer data);

#endif
