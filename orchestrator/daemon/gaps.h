/*
 * What is missing of one host's observations, and where it was lost.
 *
 * An agent's process numbers its rows from 1. A number that does not come was dropped by
 * the agent (it says how many: `lossy`), dropped by the hub (it counts them), or lost on
 * the channel: what neither accounts for. What the kernel lost never had a number. The
 * sums are an agent's word about itself, so they saturate rather than wrap.
 *
 * docs/agent-protocol.md: a `lossy` goes ahead of the heartbeat that follows it, and
 * behind the rows that were sent before it. So when a `lossy` or a heartbeat of the
 * agent's own has come, the holes between rows so far are accounted for, and what is over
 * is the channel's. Rows that were dropped after the last one that came are not holes
 * yet: until a later row comes the channel's share may be told too low, never too high.
 *
 * All times are microseconds of the host's wall clock. No clock is read here.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_GAPS_H
#define PARRY_ORCHESTRATOR_DAEMON_GAPS_H

#include <glib.h>

typedef struct {
    guint64 lo_kernel, lo_queue, lo_channel, lo_hub;
} Losses;

typedef struct {
    /* Of the agent's process. */
    guint64 ga_next;                   /* above all numbers that came */
    guint64 ga_holes;                  /* below it, and did not come */
    guint64 ga_number;                 /* the highest that is known to be given */
    Losses ga_known;                   /* as far as it was told or concluded */
    guint64 ga_hub_before, ga_hub_now; /* dropped of earlier connections, of this one */
    gint64 ga_last_us;                 /* time of the newest row, 0: none */
    gint64 ga_hole_from_us, ga_hole_to_us;    /* of holes that are not accounted for */
    gint64 ga_ping;                           /* in the last heartbeat */
    gboolean ga_resumed;                      /* the first row may begin below ga_next */
    gboolean ga_rebase_rows, ga_rebase_lossy; /* what comes first says where it stands */
    guint64 ga_queue_base;                    /* of lo_queue, before that */
    /* Of the host. */
    guint64 ga_rows;     /* that came */
    guint64 ga_numbered; /* that there were: came, or lost behind the kernel */
    Losses ga_all;
    Losses ga_new; /* of these, not told yet */
    gint64 ga_from_us, ga_to_us;
    gboolean ga_told;     /* there was an event */
    gint64 ga_told_at_us; /* when, by any clock that only goes forward */
} Gaps;

#define GAPS_EVERY_US (60 * G_USEC_PER_SEC) /* while a loss goes on */

/* Another process of the agent: its numbers begin at 1. Also before the first one. */
void gaps_restart(Gaps *gaps);
/*
 * A daemon that was started again: the process may go on from that number, or be another
 * one, which its first row tells. Of what was lost meanwhile it is not known where, and
 * it is told as the channel's.
 */
void gaps_resume(Gaps *gaps, guint64 next);
/* The process as it was some time ago (a memory image): it numbers and counts on from
 * there, so the first it says is taken as it is, and nothing before that is counted. */
void gaps_reverted(Gaps *gaps);
/* The same process on another connection. */
void gaps_connected(Gaps *gaps);

/* Rows n to n + count - 1 have come, seen from first_us to last_us; dropped: by the hub,
 * of this connection. */
void gaps_rows(Gaps *gaps, guint64 n, guint64 count, guint64 dropped, gint64 first_us,
               gint64 last_us);
/* The agent's own word: the last number given, sums so far, and the bounds of the latest
 * loss. */
void gaps_lossy(Gaps *gaps, guint64 number, guint64 kernel, guint64 queue,
                guint64 dropped, gint64 from_us, gint64 to_us);
/* A heartbeat; ping and queued: as in it. One that repeats the last ping is the agent's
 * own, before which it tells its losses; but a heartbeat overtakes that word in a queue,
 * so it proves nothing of the channel while anything waits there. */
void gaps_beat(Gaps *gaps, gint64 ping, guint64 queued);

typedef struct {
    Losses ge_lost;
    gint64 ge_from_us, ge_to_us;
} GapTold;

/*
 * TRUE where there is a loss to tell now: at once the first time, then GAPS_EVERY_US
 * apart, or whenever there is any with force. What it gives counts as told.
 */
gboolean gaps_take(Gaps *gaps, gint64 now_us, gboolean force, GapTold *told);

#endif
