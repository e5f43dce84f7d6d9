/*
 * Memory clones: hosts of one shape (image, memory, processors, devices) boot once, as a
 * golden guest that is plugged into nothing and told nothing; each of them is then
 * restored from its memory, over a disk of its own, and made itself by its agent.
 *
 *   asked ── in the cache? ── yes ──────────────────────────────────┐
 *                └ no: overlay ─ boot ─ hello ─ settle ─ save ─ keep ┴─ hosts go on
 *
 * A host that cannot be a clone, or whose clone fails at anything, boots: clones only
 * ever make provisioning faster. Why is in domain.done/1, clone.failed/1 and
 * golden.failed/1.
 *
 * The golden guest speaks over the channel of the first host that waits for it, in an
 * epoch of its own. All on the loop thread, with NULL for none allowed where said.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CLONES_H
#define PARRY_ORCHESTRATOR_DAEMON_CLONES_H

#include "orchestrator/daemon/daemon.h"
#include "orchestrator/daemon/golden.h"
#include "orchestrator/daemon/orders.h"

Clones *clones_new(Daemon *d);
void clones_free(Clones *clones);
/* From now on hosts boot. */
void clones_disable(Clones *clones, const char *reason);

/* How is the host to be made? TRUE: later; provision_station_go() will be called. FALSE:
 * now, as clones_golden() says. */
gboolean clones_take(Clones *clones, int host);
/* What the host is restored from; NULL: it boots. Clones may be NULL. */
const Golden *clones_golden(const Clones *clones, int host);
/* The file that such a guest's RAM is mapped from, as rd_ram; NULL: none. */
const char *clones_ram(Clones *clones, int host);
/* Why the host boots, or "". */
const char *clones_reason(const Clones *clones, int host);
/* The host boots from now on. An event says why. */
void clones_give_up(Clones *clones, int host, const char *reason);

/* The epoch for the host's next guest. */
guint32 clones_epoch(Clones *clones, int host);

/* A record that is the golden guest's and not the host's: TRUE, and nobody else's. */
gboolean clones_record(Clones *clones, const struct hub_head *head, const void *body,
                       const void *tail);

/*
 * The host's agent is there: makes it itself (where it was restored: identity first, and
 * the proof that nothing of the other is left), with all that the scenario gives it.
 * done: as personalise_host(). A clone that is not itself is given up and booted instead
 * while provisioning: then done is not called for it.
 */
void clones_personalise(Daemon *d, int host, AnswerDone done, gpointer data);

/*
 * A drill that is taken up: each event of its journal, in order. clones_resume(): range
 * and images are there; what restores from which golden guest goes on so, a golden guest
 * that was in the making is ended (another is made where one is needed), then done.
 */
typedef void (*ClonesResumed)(Daemon *d);
void clones_replay(Clones *clones, const JournalEvent *event);
void clones_resume(Daemon *d, ClonesResumed done);
/* Its agent was being told who it is: goes on. As clones_personalise(). */
void clones_personalise_resume(Daemon *d, int host, AnswerDone done, gpointer data);
/* Given up, and not made anew since: what is there of it is none of its own. */
gboolean clones_again(const Clones *clones, int host);

/* {on, golden: [{key, state, hosts, ...}], ...} for status. */
json_t *clones_json(const Clones *clones);

#endif
