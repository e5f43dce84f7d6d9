/*
 * The profile hk-drill: damage, response and protection. Formulas: docs/scoring.md.
 * Pure functions of integers.
 */
#ifndef PARRY_SCOREBOARD_PROFILE_HK_H
#define PARRY_SCOREBOARD_PROFILE_HK_H

#include "scenarios/plan.h"
#include "scoreboard/ratio.h"

#define HK_WINDOW_US (G_GINT64_CONSTANT(4) * 3600 * 1000000)

/* Base worth in points of a breach of that kind of target; of an unknown kind that of
 * "attack-path", the least. */
gint64 hk_base(const PlanScoring *rules, const char *kind);
/* Per cent for the nth use (from 1) of one weakness of one target: 100, 70, 40, 0 where
 * the scenario says nothing else. */
int hk_repeat(const PlanScoring *rules, int nth);

/* How a report is graded: a head is a grade in per cent, or -1 where nobody graded it. */
typedef struct {
    int hq_detection, hq_analysis, hq_handling;
    int hq_warning, hq_coordination, hq_attribution;
} HkHeads;
/* q: the weighted mean over the graded heads; none graded gives 0. */
Ratio hk_quality(const HkHeads *heads);

/* R = sum of weight * q over sum of weight. */
typedef struct {
    gint64 hr_sum, hr_weight;
} HkResponse;
void hk_response_add(HkResponse *response, gint64 weight_points, Ratio q);
Ratio hk_response(const HkResponse *response); /* 1 with nothing to respond to */

typedef struct {
    gint64 hp_damage, hp_cap;      /* D and its cap, milli-points */
    Ratio hp_response;             /* R */
    Ratio hp_availability;         /* A */
    gint64 hp_bonus, hp_bonus_max; /* X and Xmax, milli-points */
} HkProtection;
/* Protection in milli-points of 10000 points, false reports not taken off yet. */
gint64 hk_protection(const HkProtection *in);
/* What false reports cost, in milli-points: 1 % of the protection each, after five, where
 * the scenario says nothing else; at most all of it. */
gint64 hk_false_cost(const PlanScoring *rules, gint64 protection, int unmatched);

#endif
