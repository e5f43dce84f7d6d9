/*
 * What the files of the ledger share: ledger.c (the fold), ledger_inject.c (embargo and
 * deadlines), account.c (what the fold is worth). Not for other modules.
 */
#ifndef PARRY_SCOREBOARD_LEDGER_PRIV_H
#define PARRY_SCOREBOARD_LEDGER_PRIV_H

#include "scoreboard/ledger.h"
#include "scoreboard/profile_hk.h"

#define CHECK_REFS_MAX                                                                   \
    256 /* changes of a check that a line names; the last is always in */

typedef enum {
    EXPECT_OPEN,
    EXPECT_MISSED,
    EXPECT_MET
} ExpectState; /* in order of strength */

typedef struct {
    const PlanExpect *es_plan; /* NULL: if_prevent, which needs no word of the scenario */
    ExpectState es_state;
    gboolean es_void;  /* its host was reset: nobody will know; open for ever */
    gboolean es_given; /* met by an event that said how many points */
    gint64 es_points;  /* then */
    gint64 es_seq;
    gint64 es_after_us; /* -1: not said */
} ExpectFold;

typedef struct {
    LedgerInject if_shown;
    const PlanInject *if_plan;
    gint64 if_wanted_us;
    gboolean if_scored;      /* its phase scores */
    gboolean if_disclosed;   /* an event said so */
    gboolean if_victim_down; /* it ended while everything scored on that host was down */
    gint64 if_effect_seq, if_effect_us; /* verified; 0 and -1 before */
    gint64 if_report;      /* seq of the first report in time that matched, 0: none */
    gint64 if_match_seq;   /* of its report.matched/1 */
    gboolean if_named;     /* that report named one of the indicators */
    ExpectFold *if_expect; /* as in_expect of the plan, prevention apart */
    guint if_n_expect;
    ExpectFold if_prevent;
    gint64 if_weight; /* base times criticality, points */
    gint64 if_worth;  /* what it took, milli-points */
    int if_nth;       /* use of that weakness, from 1; 0: not taken */
} InjectFold;

typedef struct {
    gint64 rf_seq, rf_us;
    int rf_team;
    int rf_inject;         /* -1: matches nothing yet */
    gboolean rf_unmatched; /* white or the daemon said so */
    char *rf_indicator;
} ReportFold;

typedef struct {
    gint64 af_seq, af_points, af_ref;
    int af_team;
    gboolean af_bonus;
    char *af_reason;
} AdjustFold;

/* A reset that players asked for. */
typedef struct {
    gint64 rs_asked, rs_decided, rs_wanted, rs_over; /* seqs, 0: not yet */
    int rs_team, rs_host;
    gint64 rs_cost; /* milli-points, where it was begun and did not fail */
    gboolean rs_failed;
    char *rs_player, *rs_why;
} ResetFold;

/* The last reset of a host, whoever wanted it. */
typedef struct {
    gint64 rh_from_us, rh_until_us; /* drill clock; -1: none; G_MAXINT64: not over */
    gint64 rh_seq;                  /* reset.wanted/1 */
    gboolean rh_white;              /* nobody had asked for it */
    gboolean rh_failed;
} ResetHost;

typedef struct {
    LedgerCheck cf_shown;
    char *cf_text;
    gint64 cf_round_us;      /* clock of the last counted round, -1 before */
    gint64 cf_until_us;      /* clock up to which that round stands */
    gint64 cf_outage_us;     /* length of the running outage */
    gboolean cf_spared;      /* that round does not count: see ledger_reset.c */
    gint64 cf_units, cf_all; /* twice UP + RECOVERING, twice checked */
    GArray *cf_refs;         /* gint64: rounds at which its status changed */
} CheckFold;

/* What a team's account comes to for one kind of viewer. */
typedef enum { AS_WHITE, AS_SELF, AS_ROOM, AS_COUNT } Audience;

typedef struct {
    LedgerStanding ac_standing;
    GPtrArray *ac_lines; /* LedgerLine */
} Account;

struct Ledger {
    const Plan *lg_plan;
    gint64 lg_seq, lg_clock_us;
    gint64 lg_at_us;
    gboolean lg_running;
    gboolean lg_simulated;
    char *lg_state, *lg_reason;
    GPtrArray *lg_missing; /* char *: hosts that the drill began without, and so far is */
    gboolean lg_closed;    /* the drill ended: nothing is hidden any more */
    Holds *lg_holds;
    LedgerCheckpoint lg_checkpoint;
    InjectFold *lg_injects;
    guint lg_n_injects;
    CheckFold *lg_checks;
    guint lg_n_checks;
    GHashTable *lg_wanted;      /* seq of inject.wanted -> index + 1 */
    GHashTable *lg_reports;     /* seq -> ReportFold */
    GPtrArray *lg_report_order; /* the same, in order */
    GPtrArray *lg_adjusts;      /* AdjustFold */
    GPtrArray *lg_resets;       /* ResetFold */
    ResetHost *lg_reset_hosts;  /* by host */
    GHashTable *lg_weakness;    /* "team/target/technique" -> uses */
    GHashTable *lg_taken;       /* "red/blue" -> points taken, milli-points as gint64* */
    Account *lg_accounts;       /* team * AS_COUNT + audience; made when asked for */
    gboolean lg_fresh;          /* lg_accounts are of lg_seq */
    GStringChunk *lg_texts;     /* texts of the accounts' lines */
    LedgerStanding *lg_ranked;  /* by team, for lg_viewer */
    int lg_viewer;
};

/* ---- ledger_inject.c ---- */
/* Takes an event that concerns an inject; FALSE where it is none of those. */
gboolean inject_fold(Ledger *ledger, const JournalEvent *event);
/* Expectation with its deadline looked at: an open one past it counts as missed. */
ExpectState inject_expect(const Ledger *ledger, const InjectFold *inject,
                          const ExpectFold *expect);
/* All of one kind: met where all are, missed where none is open and not all are met; open
 * where there are none. */
ExpectState inject_expects(const Ledger *ledger, const InjectFold *inject,
                           PlanExpectKind kind);
/* The seq that settled the first of the kind that is settled, 0: none. */
gint64 inject_expect_seq(const InjectFold *inject, PlanExpectKind kind);
/* Points of preventing it: what the scenario says, else those of detect, contain,
 * eradicate and recover together. */
gint64 inject_prevent_points(const InjectFold *inject);
/* Attack whose effect was verified. */
gboolean inject_succeeded(const InjectFold *inject);
/* Named by a report in time, or settled as detected. */
gboolean inject_detected(const InjectFold *inject);
/* Blocked, or failed while everything on its victim's host was down. */
gboolean inject_came_to_nothing(const InjectFold *inject);
gboolean inject_is_attack(const InjectFold *inject);

/* ---- ledger_reset.c ---- */
void resets_fold_init(Ledger *ledger);
void resets_fold_clear(Ledger *ledger);
void resets_fold(Ledger *ledger, const JournalEvent *event);
/* Whether a round of that check that began at at_us and was told at now_us does not
 * count. */
gboolean resets_spare(const Ledger *ledger, const PlanCheck *check, gint64 at_us,
                      gint64 now_us);

/* ---- account.c ---- */
void accounts_clear(Ledger *ledger);

#endif
