/*
 * Injects: each runs from its trigger to exactly one terminal state, then its
 * expectations are settled one by one, then it is cleaned up and its effect is verified
 * gone.
 *
 *   trigger ─ due ─┬ (approval, window, others) ─ wanted ─ executed ─┬ effect seen ─
 * succeeded ─ windows ─ cleaned up ├ expired, cancelled                ▲             ├ no
 * effect ─── blocked ───────────── cleaned up └ not-run: the drill ended          └─
 * again ─────┴ platform's fault: failed
 *
 * The attack's script exits 0 when the attempt ran and 10 when a defence stopped it; any
 * other status is the platform's fault and leaves the score alone.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_INJECTS_H
#define PARRY_ORCHESTRATOR_DAEMON_INJECTS_H

#include "orchestrator/daemon/daemon.h"

Injects *injects_new(Daemon *d); /* puts every inject on the director's timeline */
void injects_free(Injects *injects);

/* ---- triggers ---- */

/* A committed event, after the ledger took it; and the end of that commit, when
 * conditions are judged: may append events. */
void injects_on_event(Injects *injects, const JournalEvent *event);
void injects_committed(Injects *injects);

/* Whether that check's state moves a trigger or an expectation that waits: the clock must
 * not leap over a change of it. */
gboolean injects_watch(const Injects *injects, int check);

/* Whether the inject came to that outcome; whether its team's report matched it. */
gboolean injects_outcome(const Injects *injects, int inject, PlanOutcome outcome);
gboolean injects_reported(const Injects *injects, int inject);

/* ---- white's word ---- */

typedef enum {
    INJECTS_ERROR_UNKNOWN, /* no such inject */
    INJECTS_ERROR_STATE,   /* it is not manual, does not wait, or has begun */
} InjectsError;
#define INJECTS_ERROR (injects_error_quark())
GQuark injects_error_quark(void);

typedef enum { WORD_FIRE, WORD_APPROVE, WORD_CANCEL } InjectsWord;

/*
 * Fires, approves or cancels the injects of that name: "deface" for every team or for
 * `team` (-1: every), or "deface@health". actor is who speaks, by the name in which
 * (NULL: not said), reason may be NULL. Returns how many it was done to, 0 with an error
 * where none of them takes that word now.
 */
guint injects_word(Injects *injects, InjectsWord word, const char *name, int team,
                   const char *actor, const char *by, const char *reason, GError **error);

/* What waits, and for what: [{inject, name, team, why, since_us, until_us}]; why is
 * "approval", "quiet", "scope", "together", "retry", or "manual" for what white may fire;
 * until_us -1: not known. */
json_t *injects_waiting(const Injects *injects);

/* ---- people ---- */

/* A blue team's incident report: one host, a time, one indicator. Returns the seq of the
 * submission; *matched: the inject's index, or -1. text may be NULL. */
gint64 injects_report(Injects *injects, const char *actor, int team, int host,
                      gint64 about_us, const char *indicator, const char *text,
                      int *matched);
/* An answer to a message; -1 where that message is not that team's or was answered. */
gint64 injects_answer(Injects *injects, const char *actor, int team, int inject,
                      const char *text);
/* Looks whether the effect is gone (and the expected check is UP): after someone acted.
 */
void injects_verify(Injects *injects, int inject);

gint64 injects_executed_us(const Injects *injects, int inject); /* -1 before */

/* Messages to a team: [{inject, at_us, sender?, channel, subject, body, within_us,
 * answered, attachments: [{name, size}]}]. */
json_t *injects_inbox(const Injects *injects, int team, const char *lang);
/* What came with a message that the team has got, or NULL. The plan owns it. */
const PlanAttachment *injects_attachment(const Injects *injects, int team,
                                         const char *inject, const char *name);

/* The host is back to its first state, by reset.wanted/1 of that number: whether its team
 * would have contained or eradicated what was there will never be known. */
void injects_host_reset(Injects *injects, int host, gint64 ref);

/* ---- taken up again ---- */

/* An event of the journal, in order, after the ledger took it; then, with the clock and
 * the state as they are, goes on with all that was under way. */
void injects_replay(Injects *injects, const JournalEvent *event);
void injects_resume(Injects *injects);

/* ---- the end ---- */

/* The drill has ended: open windows are verified and closed, cleanups run, then done. */
typedef void (*InjectsSettled)(Daemon *d, gpointer data);
void injects_settle(Injects *injects, InjectsSettled done, gpointer data);

#endif
