/*
 * Hosts whose VM is lost, and how they come back.
 *
 *   domain.lost ─ the scenario's word, or white's ─ return.wanted ─ from its own disk, or
 * out of its newest checkpoint, or anew ─ hello ─ personalise ─ return.done
 *
 * A return takes the way of provisioning, with its golden guests, its order and its
 * falling back to a boot. What the scenario says of one host (`lost: restore`) happens by
 * itself, `restores` times at most. `parry reset` brings a lost host back too, as it does
 * any other.
 *
 * Where all of a drill is gone at once, VMs and networks, the machine or the hypervisor
 * was started anew: the drill stands still and holds until white says that it is to be
 * made again (`parry up NAME`). Then it is `provisioning` once more, isolation is proved
 * once more, and a clock that had begun goes on when white resumes it.
 *
 * Loop thread only. Returns may be NULL: nobody is lost in a simulation.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_RETURNS_H
#define PARRY_ORCHESTRATOR_DAEMON_RETURNS_H

#include "orchestrator/daemon/daemon.h"
#include "orchestrator/daemon/point_store.h"

Returns *returns_new(Daemon *d);
void returns_free(Returns *returns);

/* The host is HOST_LOST, by domain.lost/1. */
void returns_host_lost(Returns *returns, int host);
/*
 * What a host comes back from, without another word of white's: the latest state of it
 * that there is. A disk on which its team has worked is later than any checkpoint of it.
 * Who has neither is as it was at first, which the golden guest of a clone knows as well
 * as a checkpoint `ready`. newest: of its checkpoints, NULL: it has none.
 */
typedef enum { RETURN_DISK, RETURN_POINT, RETURN_ANEW } ReturnWay;
ReturnWay returns_way(gboolean disk, const PointMeta *newest, gboolean golden);

/* Its VM is to be made, and what of: its own disk, a checkpoint (its name, else NULL), or
 * as it was at first. */
gboolean returns_pending(const Returns *returns, int host);
gboolean returns_from_disk(const Returns *returns, int host);
const char *returns_point(const Returns *returns, int host);
/* That checkpoint does not bring it back: it comes as it was at first. An event says
 * why. */
void returns_point_failed(Returns *returns, int host, const char *reason);
/* Of a drill that is taken up: so it was, and the host is not made anew since. */
gboolean returns_point_gone(const Returns *returns, int host);
/* Something changed: tells of those that are back, or never will be. TRUE: nobody is on
 * the way any more. */
gboolean returns_settled(Returns *returns);
/* Those on the way will not come: the range could not be made. */
void returns_failed(Returns *returns, const char *reason);

/* ---- everything at once ---- */

/* What there is of a drill that is taken up, as range_world() tells: TRUE where all is
 * gone and nothing may be made. */
gboolean returns_look(Returns *returns, const json_t *world);
/* The connection to libvirt; a hypervisor that was started anew has none of the drill. */
void returns_link(Returns *returns, gboolean connected);
/* NULL, or why the drill holds. */
const char *returns_held(const Returns *returns);
/* White's word: everything is made again. FALSE where nothing waits for it. */
gboolean returns_all(Returns *returns, const char *actor, GError **error);
/* `up` once more, of a drill that failed on that way: those that did not come back. */
void returns_again(Returns *returns, const char *actor);
/* All are ready and isolated: TRUE where the drill goes to where it was, which is not
 * `ready`. */
gboolean returns_over(Returns *returns);
/* {held, hosts (that are lost), coming} for status. */
json_t *returns_json(const Returns *returns);

/* Who the hypervisor is, as long as it runs; NULL where none does or nobody can tell.
 * Free with g_free(). */
char *returns_hypervisor(const Daemon *d);

/* A drill that is taken up: each event of its journal, in order; then what was on its way
 * is gone on with by provision_take_up(). */
void returns_replay(Returns *returns, const JournalEvent *event);
void returns_resume(Returns *returns);

#define RETURNS_ERROR (returns_error_quark())
GQuark returns_error_quark(void);

#endif
