/*
 * A small plan made by hand and a stream of events, for the tests of ledger, view, report
 * and verification: one red team and two blue ones with the same two hosts each.
 */
#ifndef PARRY_TESTS_SCORE_FIXTURE_H
#define PARRY_TESTS_SCORE_FIXTURE_H

#include "scenarios/plan.h"
#include "scoreboard/journal.h"
#include "scoreboard/ledger.h"

#define SEC G_GINT64_CONSTANT(1000000)
#define MIN_US (60 * SEC)
#define HOUR (60 * MIN_US)

/* Indexes into the plan. Checks, hosts and injects of team `health`; add FIXTURE_LANDS
 * for those of `lands`. */
enum { TEAM_RED, TEAM_HEALTH, TEAM_LANDS };
enum { HOST_WEB, HOST_FILES };
enum { CHECK_WEB, CHECK_SSH, CHECK_RESTORED };
enum { INJECT_DEFACE, INJECT_GUESS, INJECT_AGAIN, INJECT_BRIEF };
#define FIXTURE_HOSTS 2
#define FIXTURE_CHECKS 3
#define FIXTURE_INJECTS 4

Plan *fixture_plan(void); /* free with plan_free() */

/* Where events go: to a ledger, to a journal, or to both. */
typedef struct {
    const Plan *fx_plan;
    Ledger *fx_ledger;   /* or NULL */
    Journal *fx_journal; /* or NULL */
    gint64 fx_seq;
    gint64 fx_clock; /* drill clock of the next event */
} Feed;

Feed feed_new(const Plan *plan, Ledger *ledger, Journal *journal);

/* A plan, its ledger, and what feeds it. */
typedef struct {
    Plan *plan;
    Ledger *ledger;
    Feed feed;
} World;

World world_of(Plan *plan); /* takes the plan over */
World world_new(void);      /* of fixture_plan() */
void world_clear(World *world);

/* Takes body over; returns the event's seq. */
gint64 feed(Feed *feed, const char *kind, const char *team, const char *host, gint64 ref,
            json_t *body);
/* One round with the given status for each check of the team (all its checks). */
gint64 feed_round(Feed *feed, int team, CheckStatus web, CheckStatus ssh);
/* Rounds one minute apart until `until`. */
void feed_rounds(Feed *feed, int team, gint64 until, CheckStatus web, CheckStatus ssh);

/* An attack that is executed now and whose effect is seen; its inject.wanted's seq. */
gint64 feed_attack(Feed *feed, int inject);
/* One that is blocked now. */
gint64 feed_blocked(Feed *feed, int inject);
/* The victim's report, matched; its seq. */
gint64 feed_report(Feed *feed, int inject, const char *indicator);
void feed_expect(Feed *feed, gint64 wanted, int inject, const char *expect, gboolean met,
                 gint64 points, gint64 after_us);

/* A whole drill: what health does well, lands does badly. Ends in state `ended`. */
void feed_drill(Feed *feed);

#endif
