/*
 * The ledger: the score as a fold over the journal.
 *
 * ledger_apply() is fed each committed event in order; after any prefix the ledger holds
 * standings, checks, injects and every score line with the events behind it. Integers
 * only (milli-points, rounded down); no clock, no randomness, no I/O.
 * Formulas and profiles: docs/scoring.md.
 */
#ifndef PARRY_SCOREBOARD_LEDGER_H
#define PARRY_SCOREBOARD_LEDGER_H

#include "scenarios/plan.h"
#include "scoreboard/holds.h"
#include "scoreboard/journal.h"
#include "scoreboard/kinds.h"

typedef struct Ledger Ledger;

/* One line of a team's account. */
typedef struct {
    int li_team;
    const char *li_category; /* "injects", "protection", "availability", "adjustment",
                              * "resets"; of red: "attack" */
    const char *li_part;     /* "expect"; "damage", "response", "false-reports", "bonus";
                              * "check"; "adjustment"; "reset"; "taken" */
    const char *li_what;     /* inject or check id, else "" */
    const char *li_why;      /* "detected after 4m12s" */
    gint64 li_points;        /* milli-points, may be 0 or negative */
    gint64 li_possible;      /* milli-points */
    const GArray *li_refs;   /* of gint64: event seqs, never empty */
} LedgerLine;

typedef struct {
    int ls_team;
    int ls_rank;     /* among its side and bracket; equal scores share a rank */
    gint64 ls_total; /* milli-points of 10000 points */
    gint64 ls_protection, ls_availability, ls_injects; /* milli-points of 10000 each */
    gint64 ls_damage;                                  /* D, milli-points */
    gint64 ls_taken;  /* red: points taken from blues, milli-points */
    gint64 ls_resets; /* what resets cost that the team asked for, milli-points */
    int ls_detected, ls_contained, ls_prevented, ls_executed; /* counts */
    int ls_reports, ls_matched, ls_unmatched;
} LedgerStanding;

typedef enum {
    INJECT_PLANNED,
    INJECT_HELD, /* due, and waits: for approval, a window's end, others */
    INJECT_RUNNING,
    INJECT_SUCCEEDED, /* from here on terminal */
    INJECT_BLOCKED,
    INJECT_FAILED,
    INJECT_SENT,
    INJECT_CANCELLED,
    INJECT_EXPIRED, /* too late: it never began */
    INJECT_NOT_RUN, /* the drill ended before it began */
} InjectState;

typedef struct {
    InjectState lj_state;
    gint64 lj_seq; /* inject.wanted, 0: it has not begun */
    /* Drill clock, -1: not (yet). Where several expectations are of one kind: when the
     * last of them was met. */
    gint64 lj_exec_us, lj_detect_us, lj_contain_us, lj_eradicate_us, lj_recover_us;
    gint64 lj_exec_seq, lj_detect_seq, lj_contain_seq, lj_eradicate_seq, lj_recover_seq;
    gint64 lj_end_seq;
    gboolean lj_detect_missed, lj_contain_missed;
} LedgerInject;

typedef struct {
    CheckStatus lc_status; /* of the last round, UNCHECKED before */
    gint64 lc_since_us;
    gint64 lc_seq;                           /* last round */
    gint64 lc_up, lc_recovering, lc_checked; /* rounds, weighted by stands_for */
    gint64 lc_down_us, lc_longest_us;
    const char *lc_text;
} LedgerCheck;

/* plan must outlive the ledger. */
Ledger *ledger_new(const Plan *plan);
void ledger_free(Ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_free)

/* rows: the check rows of a check.round/1 event, else NULL and 0. */
void ledger_apply(Ledger *ledger, const JournalEvent *event, const JournalCheckRow *rows,
                  guint n_rows);

/* A ledger of all committed events of a journal up to seq (0: all). */
Ledger *ledger_read(const Plan *plan, Journal *journal, gint64 seq, GError **error);

/* Whether what happens at that time scores: by its phase (outside of all it does), and in
 * none of the windows. */
gboolean ledger_scores_at(const Plan *plan, gint64 clock_us);

gint64 ledger_seq(const Ledger *ledger);       /* last event applied */
gint64 ledger_clock_us(const Ledger *ledger);  /* its drill clock */
gint64 ledger_at_us(const Ledger *ledger);     /* UTC of the event with that clock */
gboolean ledger_running(const Ledger *ledger); /* the clock runs */
/* Ids of the hosts that the drill goes on without, by consent; borrowed. */
const GPtrArray *ledger_missing(const Ledger *ledger);
gboolean ledger_simulated(const Ledger *ledger); /* there were no guests */
const char *ledger_state(const Ledger *ledger);  /* drill state */
const char *ledger_reason(const Ledger *ledger); /* why it is in that state, or "" */
/* When which team was held; owned by the ledger. */
const Holds *ledger_holds(const Ledger *ledger);
const LedgerStanding *ledger_standing(Ledger *ledger, int team);
const LedgerInject *ledger_inject(const Ledger *ledger, int inject);
const LedgerCheck *ledger_check(const Ledger *ledger, int check);
/* LedgerLine elements; owned by the ledger, valid until the next apply. */
const GPtrArray *ledger_lines(Ledger *ledger, int team);
/*
 * The same as somebody may know it: `viewer` is a team's index, LEDGER_ROOM for the
 * public, or LEDGER_WHITE for everything. Attacks that are under embargo for the viewer
 * count for nothing here: neither as damage nor as missed, so that no figure gives them
 * away. Valid until the next call for another viewer, or the next apply.
 */
#define LEDGER_ROOM (-1)
#define LEDGER_WHITE (-2)
const LedgerStanding *ledger_standing_for(Ledger *ledger, int team, int viewer);
const GPtrArray *ledger_lines_for(Ledger *ledger, int team, int viewer);

/*
 * Whether the viewer may know of an inject. Messages: the team that got them, once sent.
 * An attack: its red team at once; its victim by a report that matched it; all by
 * `inject.disclosed/1`, by the clock passing its execution plus the longest detect window
 * (4 h where it has none) or the scenario's disclose-after, whichever is later, and by
 * the end of the drill. The scenario's windows are left out of these times.
 */
gboolean ledger_disclosed(const Ledger *ledger, int inject, int viewer);
/* When the report window of an inject closes: drill clock, -1 where it has not begun. */
gint64 ledger_window_us(const Ledger *ledger, int inject);
/* The inject's index for the seq of its inject.wanted/1, or -1. */
int ledger_inject_of(const Ledger *ledger, gint64 wanted_seq);
/* The inject that an event is about (by its body's "inject", else by its ref), or -1. */
int ledger_event_inject(const Ledger *ledger, const JournalEvent *event);

const char *
inject_state_name(InjectState state); /* "planned", "held", "running", "not-run", … */

typedef struct {
    gint64 lk_size; /* 0: none yet */
    gint64 lk_seq;
    char lk_root[65];
} LedgerCheckpoint;
/* The newest checkpoint. */
const LedgerCheckpoint *ledger_checkpoint(const Ledger *ledger);

#endif
