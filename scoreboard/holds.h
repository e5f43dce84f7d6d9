/*
 * When teams were held: white took one out of the drill for a while (`team.held/1` to
 * `team.released/1`), and the drill went on without it. On the drill clock.
 *
 * A held team's clocks stand: what it has to do within a time may take so much longer,
 * none of its checks counts, none of its injects begins. docs/scoring.md, "Holds".
 */
#ifndef PARRY_SCOREBOARD_HOLDS_H
#define PARRY_SCOREBOARD_HOLDS_H

#include "scenarios/plan.h"
#include "scoreboard/journal.h"

typedef struct Holds Holds;

typedef struct {
    gint64 hs_from_us, hs_until_us; /* drill clock; until G_MAXINT64: it is held */
    gint64 hs_seq, hs_end_seq;      /* of its events, 0: not (yet) */
    char *hs_reason;
} HoldStretch;

Holds *holds_new(const Plan *plan); /* which must outlive it */
void holds_free(Holds *holds);

/* Takes the two events; others are passed over. A team that is held already, or is not,
 * stays so. */
void holds_apply(Holds *holds, const JournalEvent *event);
/* The same, for who knows it before it is an event. */
void holds_begin(Holds *holds, int team, gint64 at_us, const char *reason, gint64 seq);
void holds_end(Holds *holds, int team, gint64 at_us, gint64 seq);

/* The one that is on, or NULL. team: -1 is none's and never held. */
const HoldStretch *holds_on(const Holds *holds, int team);
/* All of the team, in order: HoldStretch elements, owned by the holds. */
const GPtrArray *holds_of(const Holds *holds, int team);
/* Whether the team was held at that time. */
gboolean holds_at(const Holds *holds, int team, gint64 at_us);

/* So much of the time from from_us to until_us was the team held, or, where plan is
 * given, a window open; what is both counts once. */
gint64 holds_within(const Holds *holds, const Plan *plan, int team, gint64 from_us,
                    gint64 until_us);
/* When within_us have passed for the team since from_us, holds (and windows, where plan
 * is given) left out. G_MAXINT64: it is held, and nobody knows. */
gint64 holds_deadline(const Holds *holds, const Plan *plan, int team, gint64 from_us,
                      gint64 within_us);

#endif
