/*
 * What the files of the injects share: injects.c (their life), inject_trigger.c (until an
 * inject begins), inject_run.c (until its one terminal state), inject_expect.c (what is
 * expected of its team, and the cleanup), inject_people.c (what people say to it). Not
 * for other modules.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_INJECT_PRIV_H
#define PARRY_ORCHESTRATOR_DAEMON_INJECT_PRIV_H

#include "orchestrator/daemon/injects.h"
#include "orchestrator/daemon/orders.h"

typedef struct Run Run;

typedef enum { EP_SHUT, EP_OPEN, EP_MET, EP_MISSED } ExpectationState;

/* One expectation of one inject. */
typedef struct {
    Run *ep_run;
    const PlanExpect *ep_plan;
    guint ep_index; /* its place in in_expect */
    ExpectationState ep_state;
    gboolean ep_due;     /* its time is over: a look that begins now decides */
    gboolean ep_closing; /* the look that is under way decides */
    gint64 ep_good_us;   /* eradicate: well in every look since then; -1: not well */
    gboolean ep_fell;    /* recover: its check was seen other than UP since the attack */
} Expectation;

struct Run {
    Injects *ru_injects;
    const PlanInject *ru_plan;
    /* until it begins */
    gboolean ru_triggered; /* ru_due_us is known */
    gint64 ru_due_us;
    gboolean ru_approved;
    const char
        *ru_held; /* "approval", "quiet", "scope", "together", "team-held"; NULL: none */
    gint64 ru_held_us;
    gint64 ru_asked_us; /* when its condition is looked at again, -1: on events only */
    /* from then on */
    gint64 ru_seq;        /* of inject.wanted/1, 0 before */
    int ru_attempt;       /* from 1 */
    gboolean ru_started;  /* this attempt's order has begun */
    gboolean ru_waiting;  /* for the next attempt */
    gboolean ru_ran;      /* only its effect is still to be looked for */
    gboolean ru_aborted;  /* by white's stop: there is no other attempt */
    int ru_lost;          /* attempts that a hold of a team took */
    gint64 ru_look_us;    /* when the look under way began */
    gboolean ru_undone;   /* the dead-man ran its cleanup */
    gint64 ru_exec_us;    /* -1 before */
    gint64 ru_exec_seq;   /* of inject.executed/1 */
    const char *ru_state; /* the terminal one, NULL before */
    gint64 ru_end_seq;
    gboolean ru_succeeded; /* an attack whose effect was seen */
    gboolean ru_reported;  /* a report of its team matched it */
    gboolean ru_skewed;    /* the skew of its like is recorded */
    /* what is expected */
    Expectation *ru_expect;
    guint ru_n_expect;
    gboolean ru_looking;
    gboolean ru_again; /* someone asked meanwhile */
    gboolean ru_gone;  /* as that look finds it */
    guint ru_at;       /* the expectation that it is at */
    gint64 ru_gone_seq;
    gboolean ru_cleaning, ru_clean;
    /* as a journal that is taken up tells it */
    gint64 ru_again_us;                   /* of the next attempt */
    gint64 ru_attack_seq, ru_cleanup_seq; /* the latest orders, 0: none */
    gboolean ru_attack_open, ru_cleanup_open;
    gboolean ru_looked; /* the cleanup's effect was looked at */
    int ru_exit;        /* of the latest attack's script, -1: it did not end by itself */
};

struct Injects {
    Daemon *ij_daemon;
    Run *ij_runs;
    guint ij_count;
    unsigned ij_touched; /* CONDITION_NEEDS_*: what events since the last look were of */
    gboolean ij_over;    /* the drill has ended: nothing begins, nothing is tried again */
    InjectsSettled ij_settled;
    gpointer ij_settled_data;
};

/* ---- injects.c ---- */

/* Appends an event about the inject; body (taken over) gets its name. */
gint64 run_event(Run *run, const char *kind, const char *actor, gint64 ref, json_t *body);
/* Whether it came to that; for a message success and failure are its answer's. */
gboolean run_outcome(const Run *run, PlanOutcome outcome);
/* Where the drill has ended: goes on once nothing is open any more. */
void settled_step(Injects *injects);

/* ---- inject_trigger.c ---- */

void trigger_arm(Run *run);
/* After a commit: triggers on the outcome of others, and on conditions. */
void triggers_look(Injects *injects);
gboolean triggers_watch(const Injects *injects, int check);
/* One of those that go together ended, executed, or is not waited for any more. */
void together_moved(Run *run);
/* The held team, of those that it concerns, or -1. */
int run_held_team(const Run *run);
/* From when on it may begin by the windows and, of an attack, by the scope; -1: never in
 * this drill. *why is set where that is later: "quiet", "scope". */
gint64 trigger_open_from(const Run *run, gint64 at_us, const char **why);
/* The drill has ended before it began. */
void trigger_over(Run *run);
/* Its trigger has come, and was told: puts it on the timeline. */
void trigger_due(Run *run, gint64 at_us);

/* ---- inject_run.c ---- */

void run_begin(Run *run);
void run_end(Run *run, const char *actor, const char *state, const char *reason);
/* The drill has ended: no further attempt. */
void run_over(Run *run);
/* Taken up again between its beginning and its end. */
void run_rejoin(Run *run);
void effect_check(Run *run, CheckDone done);

/* ---- inject_expect.c ---- */

void expects_new(Run *run);
/* The attempt has begun: from here on a report is a detection. */
void expects_executed(Run *run);
/* The effect was seen, or the message sent: everything that can be expected is. */
void expects_open(Run *run);
/* Blocked or failed: nothing is expected, but for prevention that was earned. */
void expects_shut(Run *run);
void expects_prevented(Run *run);
/* All open ones of that kind; TRUE where there were any. */
gboolean expects_meet(Run *run, PlanExpectKind kind, gint64 ref);
gboolean expects_any(const Run *run, PlanExpectKind kind, ExpectationState state);
const PlanExpect *expects_first(const PlanInject *plan, PlanExpectKind kind);
/* Its host is reset: containment and eradication that are open are void. */
void expects_void(Run *run, gint64 ref);
/* Nothing comes after the end: what is open is looked at once more and closed. */
void expects_close(Run *run);
/* Checks were made: services may be back. */
void expects_checked(Run *run);
gboolean expects_watch(const Run *run, int check);
void expects_look(Run *run);
void cleanup_if_settled(Run *run);
/* Whether it is one that opens at all, and closes by its time. */
gboolean expect_opens(const Expectation *ep);
/* Taken up again after its end: its windows, looks and its cleanup. */
void expects_rejoin(Run *run);
/* A round of checks as it is replayed: services that were away since the attack. */
void expects_fell(Run *run);

#endif
