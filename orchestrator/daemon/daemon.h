/*
 * parryd: one drill, one directory, one journal, one process.
 *
 * This header is what the daemon's modules share. Everything runs on the loop thread. A
 * loop turn is: callbacks append events and queue what may only happen once they are
 * durable (daemon_then); then one commit; then the ledger, the subscribers and the queue
 * run (record.c). So nothing leaves the process that a crash could take back.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_DAEMON_H
#define PARRY_ORCHESTRATOR_DAEMON_DAEMON_H

#include "orchestrator/daemon/clock.h"
#include "orchestrator/hub/link.h"
#include "orchestrator/range/range.h"
#include "scenarios/plan.h"
#include "scoreboard/journal.h"
#include "scoreboard/ledger.h"

#include <event2/event.h>
#include <glib.h>
#include <jansson.h>

typedef enum {
    DRILL_DEFINED,
    DRILL_PROVISIONING,
    DRILL_READY,
    DRILL_RUNNING,
    DRILL_PAUSED,
    DRILL_STOPPED, /* the kill switch: every VM suspended */
    DRILL_ENDED,
    DRILL_JUDGING,
    DRILL_PROVISIONAL,
    DRILL_FAILED,
    DRILL_DOWN,
} DrillState;

typedef struct Orders Orders;
typedef struct Hosts Hosts;
typedef struct Clones Clones;
typedef struct Resets Resets;
typedef struct Points Points;
typedef struct ResetAsks ResetAsks;
typedef struct Provision Provision;
typedef struct Isolation Isolation;
typedef struct Checks Checks;
typedef struct Director Director;
typedef struct Injects Injects;
typedef struct Watches Watches;
typedef struct Scripts Scripts;
typedef struct Control Control;
typedef struct Terminals Terminals;
typedef struct Services Services;
typedef struct Alive Alive;
typedef struct Resuming Resuming;
typedef struct Silence Silence;
typedef struct Residue Residue;
typedef struct Roster Roster;
typedef struct Consoles Consoles;
typedef struct Observations Observations;
typedef struct Holding Holding;
typedef struct Room Room;
typedef struct Wall Wall;
typedef struct Pacing Pacing;

/* Takes what goes to a host's agent; msg is borrowed. */
typedef void (*DaemonDeliver)(int host, const json_t *msg, gpointer data);

typedef struct Daemon {
    struct event_base *dm_base;
    char *dm_home, *dm_dir;
    char *dm_uri;     /* libvirt's, NULL until provisioning wants one */
    char *dm_accel;   /* "kvm" or "qemu" */
    char *dm_connect; /* --connect, or NULL: the embedded host */
    gboolean dm_rehearsal;
    gboolean dm_simulated;    /* a rehearsal without guests: orchestrator/sim */
    DaemonDeliver dm_deliver; /* in place of parry-hub where simulated */
    gpointer dm_deliver_data;
    /* Where simulated: whatever was done to the host is undone. */
    void (*dm_put_back)(int host, gpointer data);
    gpointer dm_put_back_data;
    gboolean dm_quit;
    Plan *dm_plan;
    DrillState dm_state;
    char *dm_reason;      /* of the state */
    gint64 dm_went_on_us; /* boot time: when what stood last began to run again */

    Journal *dm_journal;
    Ledger *dm_ledger;
    gint64 dm_applied; /* last seq that ledger and subscribers have seen */
    gboolean dm_full;  /* the last commit failed: nothing is acknowledged */
    /* Asked before and after each commit: TRUE, and it goes no further, as if killed
     * there. For orchestrator/sim alone, NULL elsewhere. */
    gboolean (*dm_killed)(gboolean committed, gpointer data);
    gpointer dm_killed_data;
    GQueue dm_then; /* of closures, run after the next commit */
    DrillClock dm_clock;

    HubLink *dm_link;
    Range *dm_range;
    Orders *dm_orders;
    Hosts *dm_hosts;
    Clones *dm_clones; /* NULL where simulated */
    Resets *dm_resets; /* likewise */
    Points *dm_points; /* checkpoints of hosts; likewise */
    ResetAsks *dm_reset_asks;
    Provision *dm_provision;
    Isolation *dm_isolation;
    Checks *dm_checks;
    Director *dm_director;
    Injects *dm_injects;
    Watches *dm_watches;
    Scripts *dm_scripts;
    Control *dm_control;
    Terminals *dm_terminals;
    Services *dm_services;
    Alive *dm_alive;
    Resuming *dm_resume; /* of a journal that is taken up, NULL: it is a new one */
    Silence *dm_silence;
    Residue *dm_residue;
    Roster *dm_roster;
    Consoles *dm_consoles;
    Observations *dm_observations;
    Holding *dm_holding;
    Room *dm_room; /* NULL where simulated */
    Wall *dm_wall; /* likewise */
    Pacing *dm_pacing;
    gpointer dm_signer; /* CheckpointKey of scoreboard/checkpoint.h */
} Daemon;

/* ---- record.c ---- */

/*
 * Appends an event at the drill clock's now; team, host: plan indexes or -1; body is
 * taken over. Returns its seq. Where the disk is full the commit is tried again (room.h),
 * and nothing is acknowledged meanwhile.
 */
gint64 daemon_event(Daemon *d, const char *kind, const char *actor, int team, int host,
                    gint64 ref, json_t *body);
/* The same for a round of checks. */
gint64 daemon_event_checks(Daemon *d, int team, json_t *body, const JournalCheckRow *rows,
                           guint n_rows);
/* The same for a batch of observations. */
gint64 daemon_event_observations(Daemon *d, json_t *body, const JournalObservation *rows,
                                 guint n_rows);

typedef void (*DaemonThen)(Daemon *d, gint64 seq, gpointer data);
/* Runs fn once all that has been appended so far is durable. data is not owned. */
void daemon_then(Daemon *d, DaemonThen fn, gint64 seq, gpointer data);
/* Sends msg (taken over) to the host's agent once all appended so far is durable. */
void daemon_send(Daemon *d, int host, json_t *msg);

/* The end of a loop turn: commit, fold, notify, run what waited. */
void daemon_barrier(Daemon *d);

/* Folds all that the journal holds into ledger, streams and modules, each event by
 * resume_event() too: a daemon that takes up a drill. */
gboolean daemon_replay(Daemon *d, GError **error);

/* ---- modules.c ---- */

/*
 * Makes and frees all that decides, for a journal, signer and ledger that are open:
 * nothing here opens a socket or starts a process. daemon_modules_new() appends the
 * events that begin a journal where it is empty; else resume_drill() comes next.
 */
void daemon_modules_new(Daemon *d);
void daemon_modules_free(Daemon *d);
gint64 daemon_started(Daemon *d); /* appends daemon.started/1 */

/* ---- state.c ---- */

/* Moves the drill's state: an event and the reason; tells the director and the services.
 */
void daemon_set_state(Daemon *d, DrillState state, const char *actor, const char *reason);
const char *drill_state_name(DrillState state);
gboolean drill_state_parse(const char *name, DrillState *state);
/* Ends the loop after the next barrier. */
void daemon_quit(Daemon *d, const char *reason);
gint64 daemon_now(const Daemon *d); /* drill clock */

#endif
