/*
 * Checkpoints of hosts that run: memory to a file, a fresh overlay, and the guest goes
 * on.
 *
 *   wanted ─ room ─ [ saved, guest gone ─ its disk frozen ─ restored ] ─ hashed ─ done
 *                     the guest stands still: a pause of this host alone
 *
 * One host at a time. While a host stands its orders' deadlines wait, checks of it are
 * UNCHECKED, and its agent is not silent; the epoch stays, for the agent's connection
 * goes on as over any break. What is wanted stands in the journal, and a daemon that
 * takes the drill up finishes it: where the guest is gone and its memory is in the file,
 * it comes back from there.
 *
 * A clone has a checkpoint from the first: its golden guest. Every other host gets one
 * named `ready` once the drill is ready, before anybody has laid hand on it.
 *
 * (What the journal calls `checkpoint/1` is another thing: its own signed note.)
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_POINTS_H
#define PARRY_ORCHESTRATOR_DAEMON_POINTS_H

#include "orchestrator/daemon/daemon.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/point_store.h"

Points *points_new(Daemon *d);
void points_free(Points *points);

typedef struct {
    guint pt_hosts, pt_failed;
    guint64 pt_bytes;
    gint64 pt_us;      /* that all of it took */
    gint64 pt_stop_us; /* the longest that a guest stood still */
    char *pt_reason;   /* the first failure's, with its host; or NULL */
} PointTotal;
typedef void (*PointsDone)(Daemon *d, const PointTotal *total, gpointer data);

/* Wants a checkpoint of these hosts; done (may be NULL) when the last of them has ended.
 * FALSE: the name is none to give, or taken; or a host cannot be saved now. */
gboolean points_want(Points *points, const char *name, PointKind kind,
                     const GArray *hosts, const char *actor, PointsDone done,
                     gpointer data, GError **error);

/* ---- what others ask (all of them may be called with NULL) ---- */

/* The host stands still for its checkpoint at this moment. */
gboolean points_standing(const Points *points, int host);
/* It stands, or stood after that boot time: what was seen of it then says nothing. */
gboolean points_stood(const Points *points, int host, gint64 since_us);
/* How long it stood in all since the daemon began: deadlines there move by as much. */
gint64 points_stood_us(const Points *points, int host);
/* What a reset of it would do, for white: "golden", "checkpoint" or "boot"; *why: of a
 * boot. */
const char *points_reset_way(const Points *points, int host, const char **why);

/* ---- what others tell ---- */

void points_state_changed(Points *points);
void points_on_event(Points *points, const JournalEvent *event);
/* The host's agent said hello again, as the guest it was. */
void points_hello(Points *points, int host);

/* ---- a drill that is taken up ---- */

/* Each event of its journal, in order; then what nobody wants any more is removed. */
void points_replay(Points *points, const JournalEvent *event);
void points_resumed(Points *points);
/* One of it was wanted, and has not ended. */
gboolean points_pending(const Points *points, int host);
/* The host's station is looked at; there: its VM exists. TRUE where it does not, and is
 * brought back from the memory that was saved of it: its channel is to be bound. After
 * range and images. */
gboolean points_station(Points *points, int host, gboolean there);

/* ---- resets ---- */

/* It has a checkpoint of that name: a file tells, unhashed. */
gboolean points_has(const Points *points, int host, const char *name);
/*
 * What a reset of the host goes back to, its files checked: to `name`; NULL: to what it
 * was when ready. done gets a Point (taken over), or NULL: the golden guest or a boot,
 * with the reason where a checkpoint was to be had and cannot be used.
 */
typedef void (*PointsFound)(Daemon *d, Point *point, const char *reason, gpointer data);
void points_find(Points *points, int host, const char *name, PointsFound done,
                 gpointer data);
/* On a worker: the disk of the host, which is gone, as it was in that checkpoint. */
gboolean points_revert_disk(const Points *points, int host, const Point *point,
                            GError **error);
/* The guest of a checkpoint is there again: it is the one it was, but for clock and
 * random numbers. done as of orders_ask(). */
void points_rejoin(Daemon *d, int host, AnswerDone done, gpointer data);
/* It was reset by a boot: its first checkpoint is made anew where it has none. */
void points_booted(Points *points, int host);

/* ---- for control ---- */

/* point_list_json(), with limit and making: [{name, host}]. */
json_t *points_json(Points *points);
/* Checks every file of that checkpoint (NULL: of all), off the loop. done owns rows:
 * [{name, host, ok, reason}]. */
typedef void (*PointsChecked)(Daemon *d, json_t *rows, gpointer data);
void points_check(Points *points, const char *name, PointsChecked done, gpointer data);
/* Removes it. FALSE: there is none, or it is in the making. */
gboolean points_delete(Points *points, const char *name, const char *actor,
                       guint64 *bytes, GError **error);

#endif
