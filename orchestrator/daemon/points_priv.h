/*
 * What the files of checkpoints share: points.c (how one is made), points_auto.c (by
 * itself: when ready, by the clock), points_resume.c (a drill that is taken up),
 * points_use.c (lists, checks, resets). Not for other modules.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_POINTS_PRIV_H
#define PARRY_ORCHESTRATOR_DAEMON_POINTS_PRIV_H

#include "orchestrator/daemon/point_disk.h"
#include "orchestrator/daemon/points.h"

/* Free disk that stays so: the journal's own, first of all. */
#define POINTS_SPARE ((guint64)1 << 30)

/* Those that were asked for together. */
typedef struct {
    guint ba_left;
    PointTotal ba_total;
    gint64 ba_began_us;
    PointsDone ba_done;
    gpointer ba_data;
} PointBatch;

typedef enum {
    MAKE_WAITS,
    MAKE_PREPARE, /* room, and what has to be copied before */
    MAKE_SAVE,    /* from here the guest stands still … */
    MAKE_SWAP,
    MAKE_RESTORE, /* … to here */
    MAKE_KEEP,    /* copied, hashed, in place */
} MakeStep;

/* One host's part of a checkpoint on its way. */
typedef struct {
    Points *mk_points;
    int mk_host;
    PointKind mk_kind;
    char *mk_name, *mk_actor;
    PointBatch *mk_batch; /* NULL: nobody waits */
    MakeStep mk_step;
    MakeStep mk_from;    /* taken up: the step that it goes on with */
    gboolean mk_durable; /* that it is wanted */
    gboolean mk_retry;   /* restored once, in vain */
    gboolean mk_lost;    /* its memory is all that is left of the guest */
    gint64 mk_id;        /* seq of checkpoint.wanted/1 */
    gint64 mk_began_us, mk_stop_us;
    gint64 mk_at_us, mk_clock_us; /* of the moment that is kept */
    char *mk_work, *mk_memory;
    GPtrArray *mk_dropped; /* Dropped: to make room */
    Point *mk_point;
    GError *mk_error; /* of work on a thread */
    char *mk_reason;  /* why it failed */
} Make;

typedef struct {
    char *dr_name;
    guint dr_hosts;
    guint64 dr_bytes;
} Dropped;

typedef struct {
    gboolean hp_standing, hp_hello;  /* hello: its clock is to be set when it speaks */
    gint64 hp_since_us, hp_until_us; /* boot time: of the stop now, of the last one */
    gint64 hp_stood_us;              /* all of them before */
    gboolean hp_ready;               /* it has a checkpoint of that name */
    gboolean hp_booted;              /* by its last reset: nobody touched it since */
    char *hp_why;                    /* not */
} HostPoints;

struct Points {
    Daemon *pt_daemon;
    HostPoints *pt_hosts; /* one a host */
    GQueue pt_queue;      /* Make: the first is under way */
    GPtrArray *pt_open;   /* Make: of a journal that is taken up, wanted and not ended */
    struct event *pt_next;
    const char *pt_touched; /* who may have laid hand on hosts, or NULL */
    gint64 pt_interval;     /* number of the last scheduled one */
};

/* ---- points.c ---- */

Make *points_make_new(Points *points, int host, const char *name, PointKind kind,
                      const char *actor);
void points_make_free(gpointer make);
void points_make_paths(Make *make);
/* The guest stands still from here on. */
void points_stand(Make *make);
void points_push(Make *make, gboolean first);
void points_fail(Make *make, const char *reason);
DiskStack points_stack(const Points *points, int host);
gboolean points_ending(const Points *points);
gboolean points_has_disk(const Points *points, int host);

/* ---- points_resume.c ---- */

/* What there is of one that was wanted, when the drill is taken up. */
typedef struct {
    gboolean se_there;           /* its VM */
    gboolean se_went_on;         /* says the journal */
    gboolean se_begun, se_whole; /* the file of its memory */
    gboolean se_frozen;          /* its disk, or it has none */
} PointSeen;
MakeStep points_step(const PointSeen *seen);

/* ---- points_auto.c ---- */

void points_auto_new(Points *points);
/* Why it is not to be made after all, or NULL. */
const char *points_pointless(const Make *make);
/* One has ended: a scheduled one may be one too many. */
void points_trim(Points *points);

/* ---- points_use.c ---- */

void points_told_gone(Points *points, const char *name, guint hosts, guint64 bytes,
                      const char *actor, const char *why);

#endif
