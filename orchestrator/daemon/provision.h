/*
 * Provisioning: from `defined` to `ready`, and back to nothing.
 *
 *   images ─ hypervisor ─ networks ─ per host: filters, disk, socket, domain, hello,
 *   personalise ─ isolation proof ─ ready
 *
 * Each step is wanted, done or failed in the journal; hosts go through theirs side by
 * side, but for those that wait for others to be ready first (`after`). `ready` waits for
 * the required ones; the others are made on beside the drill. One that failed can be
 * made later: `parry up NAME` again.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_PROVISION_H
#define PARRY_ORCHESTRATOR_DAEMON_PROVISION_H

#include "agents/images/images.h"
#include "orchestrator/daemon/daemon.h"
#include "orchestrator/range/pool.h"

Provision *provision_new(Daemon *d);
void provision_free(Provision *provision);
/* The daemon ends: nothing of it acts any more. */
void provision_end(Provision *provision);

typedef struct {
    gint64 pa_hello_us;   /* how long a VM may take from power-on to its agent's hello */
    gboolean pa_again;    /* what failed before is tried again */
    gboolean pa_degraded; /* required hosts that fail shall not stop it */
    const char *pa_by;    /* in whose name, for the journal */
    const char *pa_how;   /* and how that was said: "option", "terminal" */
} ProvisionAsk;

/*
 * Begins, or goes on where it stopped: what is ready stays. Ends in DRILL_READY or
 * DRILL_FAILED. Of a drill that was ready already those hosts are made that are missing.
 */
void provision_begin(Provision *provision, const ProvisionAsk *ask);

/* A drill that is taken up: finds what there is of it, and goes on where it stopped. VMs
 * that run are adopted by their UUIDs; those that are gone are told of, and come back as
 * returns.h says. */
void provision_take_up(Provision *provision);
/* It was asked to, and does not know yet what there is. */
gboolean provision_looks(const Provision *provision);

/* A host comes back (returns_pending()), or all that was lost does: as far as networks,
 * and with all proofs. */
void provision_return(Provision *provision, int host);
void provision_station_return(Provision *provision, int host); /* with the others */
void provision_again(Provision *provision, const char *actor);

/* The first host that this one waits for (`after`) and that is not ready, or -1.
 * *hopeless: it never will be. */
int provision_blocker(const Hosts *hosts, const PlanHost *host, gboolean *hopeless);
/*
 * A try to make the host came to nothing: named, with the reason. It is tried again where
 * the scenario says so (`retry`), after a wait that doubles; else the host has failed.
 */
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

/* The host's VM ended by itself: where it was on its way, that was a try. */
void provision_host_lost(Provision *provision, int host, const char *reason);
/* How many tries of the host failed and were followed by another. */
int provision_tries(const Provision *provision, int host);
/* A drill that is taken up: each event of its journal, in order. */
void provision_replay(Provision *provision, const JournalEvent *event);
/*
 * {hosts: [{host, required, reason}], checks: [id], injects: [id], by, how}: what is
 * missing, what cannot be checked and which injects fail by the platform's fault without
 * them; by and how where somebody agreed to that. NULL: nothing is missing.
 */
json_t *provision_losses_json(const Daemon *d);

/* Ends and removes every VM, network and filter of the drill, whatever state it is in,
 * then done. A provisioning under way is given up. */
typedef void (*ProvisionDown)(Daemon *d, const RangeRemoved *removed, const GError *error,
                              gpointer data);
void provision_down(Provision *provision, ProvisionDown done, gpointer data);

#endif
