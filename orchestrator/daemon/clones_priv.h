/*
 * What the files of clones share: clones.c (their life), clones_resume.c (a drill that is
 * taken up). Not for other modules.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CLONES_PRIV_H
#define PARRY_ORCHESTRATOR_DAEMON_CLONES_PRIV_H

#include "orchestrator/daemon/clone_proof.h"
#include "orchestrator/daemon/clones.h"

typedef enum {
    GROUP_LOOKUP, /* in the cache; then its overlay */
    GROUP_BOOT,
    GROUP_SETTLE,
    GROUP_SAVE,
    GROUP_READY,
    GROUP_FAILED
} GroupState;

/* Hosts of one shape. */
typedef struct {
    Clones *gr_clones;
    char *gr_shape;
    int gr_host; /* over whose channel the golden guest speaks */
    GroupState gr_state;
    GArray *gr_waiting; /* of int */
    guint gr_hosts;     /* that are or become its clones */
    char *gr_key, *gr_overlay, *gr_saved;
    Golden gr_golden;
    gboolean gr_cached, gr_keys;
    GError *gr_error; /* of work on a thread */
    char *gr_reason;  /* GROUP_FAILED */
    gint64 gr_seq, gr_began_us;
    struct event *gr_late;
} Group;

/* A golden guest that an earlier daemon wanted. */
typedef struct {
    gint64 pa_seq; /* of golden.wanted/1 */
    int pa_host;   /* over whose channel it spoke */
    char *pa_key;  /* NULL: not ready */
    gboolean pa_open, pa_keys;
} Past;

typedef struct {
    Group *cr_group;   /* NULL: boots */
    char *cr_reason;   /* why it boots */
    char *cr_key;      /* as a journal that is taken up tells it: the golden guest's */
    gboolean cr_again; /* likewise: given up, and not made anew since */
    guint32 cr_epoch;
    gint64 cr_told; /* likewise: the order that told it who it is, 0: none is open */
    AnswerDone cr_done;
    gpointer cr_data;
} CloneRun;

struct Clones {
    Daemon *cl_daemon;
    GPtrArray *cl_groups;
    CloneRun *cl_runs; /* one a host */
    char *cl_off;      /* why there are none */
    CloneProof *cl_proof;
    GArray *cl_past; /* Past: of a journal that is taken up */
    guint cl_left;   /* golden guests of an earlier daemon that are being ended */
    ClonesResumed cl_resumed;
};

/* ---- clones.c ---- */

/* A group of that host's shape, in GROUP_LOOKUP; nothing is wanted yet. */
Group *clones_group_add(Clones *clones, int host);
/* Of the drill from now on. Blocks. */
gboolean clones_pin(Group *group, GError **error);
/* It is in the cache, whole: restored from it are those that come. */
void clones_group_take(Group *group);
/* The host boots, for that reason. */
void clones_boots(Clones *clones, int host, const char *reason);
/* What a golden guest over that host's channel leaves in disks/. */
void clones_remove_files(const char *saved, const char *overlay);
char *clones_saved_path(Daemon *d, int host);
char *clones_overlay_path(Daemon *d, int host);
/* Tells it what it is, and then all else: as clones_personalise() does. */
void clones_identify(Daemon *d, int host, gboolean keys);
/* The rest of it has been said: the proof, then cr_done. */
void clones_personalised(Daemon *d, gint64 id, gboolean ok, const char *text,
                         json_t *rows, gpointer data);

#endif
