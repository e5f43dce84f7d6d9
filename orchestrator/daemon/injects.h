/*
 * Injects: each runs from due to exactly one terminal state, then its expectations are
 * settled one by one, then it is cleaned up and its effect is verified gone.
 *
 *   due ─ wanted ─ executed ─┬ effect seen ─ succeeded ─ windows ─ settled ─ cleaned up
 *                            ├ no effect ─── blocked ──────────────────────── cleaned up
 *                            └ no answer, no start, other exit ─ failed
 *
 * The attack's script exits 0 when the attempt ran and 10 when a defence stopped it; any
 * other status is the platform's fault and leaves the score alone.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_INJECTS_H
#define PARRY_ORCHESTRATOR_DAEMON_INJECTS_H

#include "orchestrator/daemon/daemon.h"

Injects *injects_new(Daemon *d); /* puts every inject on the director's timeline */
void injects_free(Injects *injects);

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

/* Messages to a team: [{inject, at_us, from, subject, body, within_us, answered}]. */
json_t *injects_inbox(const Injects *injects, int team, const char *lang);

/* The drill has ended: open windows are verified and closed, cleanups run, then done. */
typedef void (*InjectsSettled)(Daemon *d, gpointer data);
void injects_settle(Injects *injects, InjectsSettled done, gpointer data);

#endif
