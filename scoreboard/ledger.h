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
#include "scoreboard/journal.h"
#include "scoreboard/kinds.h"

typedef struct Ledger Ledger;

/* One line of a team's account. */
typedef struct {
    int li_team;
    const char *li_category; /* "injects", "protection", "availability" */
    const char *li_what;     /* inject or check id */
    const char *li_why;      /* "detected after 4m12s" */
    gint64 li_points;        /* milli-points, may be 0 or negative */
    gint64 li_possible;      /* milli-points */
    const GArray *li_refs;   /* of gint64: event seqs, never empty */
} LedgerLine;

typedef struct {
    int ls_team;
    int ls_rank;             /* among its side; equal scores share a rank */
    gint64 ls_total;         /* milli-points of 10000 points */
    gint64 ls_protection, ls_availability, ls_injects; /* milli-points of 10000 each */
    gint64 ls_damage;        /* D, milli-points */
    gint64 ls_taken;         /* red: points taken from blues, milli-points */
    int ls_detected, ls_contained, ls_prevented, ls_executed; /* counts */
    int ls_reports, ls_matched;
} LedgerStanding;

typedef enum {
    INJECT_PLANNED,
    INJECT_RUNNING,
    INJECT_SUCCEEDED,
    INJECT_BLOCKED,
    INJECT_FAILED,
    INJECT_SENT,
    INJECT_CANCELLED,
} InjectState;

typedef struct {
    InjectState lj_state;
    gint64 lj_seq;        /* inject.wanted, 0 before */
    gint64 lj_exec_us, lj_detect_us, lj_contain_us; /* drill clock, -1: not (yet) */
    gint64 lj_exec_seq, lj_detect_seq, lj_contain_seq, lj_end_seq;
    gboolean lj_detect_missed, lj_contain_missed;
} LedgerInject;

typedef struct {
    CheckStatus lc_status; /* of the last round, UNCHECKED before */
    gint64 lc_since_us;
    gint64 lc_seq;         /* last round */
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

gint64 ledger_seq(const Ledger *ledger);      /* last event applied */
gint64 ledger_clock_us(const Ledger *ledger); /* its drill clock */
const char *ledger_state(const Ledger *ledger); /* drill state */
const LedgerStanding *ledger_standing(Ledger *ledger, int team);
const LedgerInject *ledger_inject(const Ledger *ledger, int inject);
const LedgerCheck *ledger_check(const Ledger *ledger, int check);
/* LedgerLine elements; owned by the ledger, valid until the next apply. */
const GPtrArray *ledger_lines(Ledger *ledger, int team);
/* Standings, checks and injects as JSON, as viewed by role/team (see scoreboard/view.h). */

#endif
