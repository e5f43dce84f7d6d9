/*
 * Rows of observations into acts of defenders that a reviewer understands: a process
 * killed, an address blocked, persistence removed. What counts as which act is data
 * (actions.yaml, action_rules.h); docs/actions.md lists it.
 *
 * What a guest says is evidence, not truth: nothing here scores. State is bounded for
 * each host, whatever it sends, and one host's rows change nothing of another's. Pure: no
 * clock, no I/O; the same events and rows in the same order find the same acts, so that a
 * restarted parryd may feed the rows of the last minutes again with a function that drops
 * what is found.
 */
#ifndef PARRY_SCOREBOARD_ACTIONS_H
#define PARRY_SCOREBOARD_ACTIONS_H

#include "scenarios/plan.h"
#include "scoreboard/journal.h"

#define ACTION_REFS_MAX 16

typedef struct Actions Actions;

typedef struct {
    gint64 ar_seq; /* an observe.batch/1 */
    guint ar_row;
} ActionRef;

/* One act; everything lives during the call only. */
typedef struct {
    const char *ac_rule;   /* "kill-signal" */
    const char *ac_action; /* "killed-process" */
    int ac_host;           /* where it was done */
    int ac_team;           /* whose doing it was: the player's, else the host's */
    const char
        *ac_player; /* pseudonym, or "": somebody of the team's who had logged in */
    const char *ac_object; /* what it was done to, "" for nothing in particular */
    int ac_inject;         /* about this one's effect, or in its time; -1: none */
    gboolean ac_named;     /* the object is of ac_inject, not only host and time */
    gint64 ac_at_us;       /* drill clock, of the first row */
    gint64 ac_t_us;        /* the guest's corrected clock, of the first row */
    guint ac_rows;         /* how many rows told of it */
    guint ac_n_refs;       /* of these, at most ACTION_REFS_MAX */
    ActionRef ac_refs[ACTION_REFS_MAX];
    const struct ActionRule *ac_says; /* for actions_body() */
} Action;

/* plan must outlive it. */
Actions *actions_new(const Plan *plan);
void actions_free(Actions *actions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Actions, actions_free)

/* Every event, in order, before the rows of an observe.batch/1: gives drill time to rows,
 * and tells which injects are under way. */
void actions_event(Actions *actions, const JournalEvent *event);

/*
 * One row of the batch `seq`, in order. fn is called for each act that it completes, and
 * for those of the same host whose time of gathering is over; not at all for most rows.
 */
typedef void (*ActionFn)(const Action *action, gpointer data);
void actions_row(Actions *actions, gint64 seq, guint row, const JournalObservation *seen,
                 ActionFn fn, gpointer data);

/* Acts whose time of gathering is over at now_us (UTC), of all hosts: to be called every
 * few seconds, and with G_MAXINT64 when the drill ends. */
void actions_flush(Actions *actions, gint64 now_us, ActionFn fn, gpointer data);

/* When actions_flush() has something to do at the earliest (UTC), G_MAXINT64: nothing. */
gint64 actions_due_us(const Actions *actions);

/* The body of its player.action/1 (actor "parryd", the event's team and host those of
 * ac_team and ac_host, ref 0). Caller owns it. */
json_t *actions_body(const Plan *plan, const Action *action);

#endif
