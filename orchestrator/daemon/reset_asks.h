/*
 * Resets that players ask for: of an own host, on the terms of the scenario.
 *
 *   asked ─┬ approved (by white, or at once) ─ reset.wanted/1 … reset.done/1
 *          ├ refused                                        └ reset.failed/1 ─ waived
 *          └ expired: nobody answered in time, or the drill ended
 *
 * All of it is events: a module that reads them knows who may ask for what, and when
 * again. Times are the drill clock's, so that nothing expires while the drill is paused.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_RESET_ASKS_H
#define PARRY_ORCHESTRATOR_DAEMON_RESET_ASKS_H

#include "orchestrator/daemon/daemon.h"

ResetAsks *reset_asks_new(Daemon *d);
void reset_asks_free(ResetAsks *asks);

typedef enum {
    RESET_ASKS_ERROR_UNKNOWN, /* no host of that team's own, or nothing waits for it */
    RESET_ASKS_ERROR_REFUSED, /* not on these terms */
    RESET_ASKS_ERROR_STATE,   /* not now */
    RESET_ASKS_ERROR_REASON,  /* none, or too long */
} ResetAsksError;
#define RESET_ASKS_ERROR (reset_asks_error_quark())
GQuark reset_asks_error_quark(void);

/*
 * The team's player ("health/alice", or "script:health") asks, for a reason of 1 to
 * RESET_REASON_MAX bytes that is safe to show. host: plan index, -1: one that is unknown.
 * Returns the seq of reset.asked/1, or -1; where white need not agree the reset has begun
 * then. A refusal is journalled, of players one a minute and team.
 */
gint64 reset_asks_ask(ResetAsks *asks, const char *actor, int team, int host,
                      const char *reason, GError **error);

/* What the next one costs where it is asked for now, milli-points. */
gint64 reset_asks_cost(const ResetAsks *asks, int host);

/*
 * White's word on what waits for that host (-1: on all that waits). by: in whose name, or
 * NULL; reason may be NULL. Returns how many it was said to, 0 with an error.
 */
guint reset_asks_decide(ResetAsks *asks, int host, gboolean approve, const char *actor,
                        const char *by, const char *reason, GError **error);

/*
 * {hosts: [{id, name, may, why, cost, approval, limit, left, again_us}], team: {limit,
 * left}, asks: [{seq, host, player, reason, cost, state, at_us, until_us, decided_us, by,
 * word}]}, the newest first. team -1: of all, and only asks. actor: for whom `may` is.
 */
json_t *reset_asks_json(const ResetAsks *asks, int team, const char *actor);
/* Seq of the reset.asked/1 that waits for that host, or 0. */
gint64 reset_asks_waits(const ResetAsks *asks, int host);
/* Whether any reset is under way, white's own too: the clock does not leap meanwhile. */
gboolean reset_asks_busy(const ResetAsks *asks);
/* Those that wait for white, as the asks above. */
json_t *reset_asks_waiting(const ResetAsks *asks);

/* A committed event, a drill's that is taken up too; and the end of that commit, when
 * what follows may be appended. */
void reset_asks_on_event(ResetAsks *asks, const JournalEvent *event);
void reset_asks_committed(ResetAsks *asks);

void reset_asks_state_changed(ResetAsks *asks);
/* A drill that is taken up, once the injects know where they stand. */
void reset_asks_resume(ResetAsks *asks);

#endif
