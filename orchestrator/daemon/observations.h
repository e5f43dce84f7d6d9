/*
 * What is done in the guests, as their agents see it: asks each agent to watch, takes
 * what it tells into the journal, and keeps count of what is missing.
 *
 * A row is a guest's word. What parryd can tell better it puts right: the time (by the
 * measured offset, and never outside the time in which the agent watched), the player
 * (one of the host's own team, or nobody), secrets of the scenario in arguments.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_OBSERVATIONS_H
#define PARRY_ORCHESTRATOR_DAEMON_OBSERVATIONS_H

#include "orchestrator/daemon/daemon.h"

Observations *observations_new(Daemon *d);
void observations_free(Observations *observations);

/* Every record of a host's agent, after hosts_record(). */
void observations_record(Observations *observations, const struct hub_head *head,
                         const void *body, const void *tail);
/* The host is personalised (again): its agent may begin, where it is to. */
void observations_watch(Observations *observations, int host);
/* A player opens a terminal there: the agent must know their login uid. */
void observations_player(Observations *observations, int host, const char *player);

/* An event is committed: rows of a batch are classified. */
void observations_on_event(Observations *observations, const JournalEvent *event);
/* The batch is committed: what was found in it becomes events of the next. */
void observations_committed(Observations *observations);
/* Rows that came since the last time become events of this batch. By the barrier. */
void observations_flush(Observations *observations);
/* Tells every loss that is known: the drill is over. */
void observations_final(Observations *observations);
/*
 * A daemon that takes a drill up. Between TRUE and FALSE events are those of its journal,
 * in order: agents number on from what it has, acts that were being gathered are gathered
 * on, and of those that are found again none is told twice.
 */
void observations_take_up(Observations *observations, gboolean replaying);

/*
 * How far the guest's clock is ahead of the host's, microseconds, and how wrong that can
 * be at most; FALSE while it is not known.
 */
gboolean observations_clock_offset(const Observations *observations, int host,
                                   gint64 *offset_us, gint64 *error_us);
/* The guest's clock was set by that much, and is right within rtt_us: measured anew, and
 * an event says so, and why. */
void observations_clock_corrected(Observations *observations, int host,
                                  gint64 corrected_us, gint64 rtt_us, const char *why);

/* {on, why, rows, bounded, lost: {kernel, queue, channel, hub}}; NULL where it is not to
 * be watched. */
json_t *observations_json(const Observations *observations, int host);
/* {offset_us, drift_ppb, rtt_us}; NULL where it is not known. */
json_t *observations_clock_json(const Observations *observations, int host);

/* The `observe` message for a host: a pure function of the plan. first: a player who must
 * be in its list, or NULL. */
json_t *observations_message(const Plan *plan, const PlanHost *host, const char *first);

#endif
