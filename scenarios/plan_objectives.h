/*
 * What a drill is to show, as in the Open Cyber Range's SDL: metrics are added up by
 * evaluations, which tell whether training objectives are met, of which goals consist.
 * Names of others are as the scenario writes them; the loader has looked that they are
 * there.
 */
#ifndef PARRY_SCENARIOS_PLAN_OBJECTIVES_H
#define PARRY_SCENARIOS_PLAN_OBJECTIVES_H

#include "scenarios/plan_inject.h"

/* A condition is judged for one team. */
typedef struct {
    int tc_team;
    PlanCondition *tc_condition;
} PlanTeamCondition;

typedef struct {
    char *oc_name;
    ParryText *oc_title; /* never NULL */
} PlanCapability;

typedef struct {
    char *om_name;
    ParryText *om_title;
    gboolean om_conditional; /* else an evaluator gives the score */
    GPtrArray
        *om_conditions;   /* PlanTeamCondition, one a blue team; of conditional ones */
    gboolean om_artifact; /* a document must be handed in */
    gint64 om_max;        /* milli-points */
} PlanMetric;

typedef struct {
    char *oe_name;
    ParryText *oe_title;
    char **oe_metrics; /* strv */
    gint64 oe_min;     /* milli-points of what its metrics give together */
} PlanEvaluation;

typedef struct {
    char *ot_name;
    ParryText *ot_title;
    char *ot_evaluation;
    char *ot_capability; /* or NULL */
    ParryText *ot_notes; /* or NULL */
} PlanTrainingObjective;

typedef struct {
    char *og_name;
    ParryText *og_title;
    char **og_objectives; /* strv */
} PlanGoal;

typedef struct {
    GPtrArray *ob_capabilities; /* PlanCapability */
    GPtrArray *ob_metrics;      /* PlanMetric */
    GPtrArray *ob_evaluations;  /* PlanEvaluation */
    GPtrArray *ob_training;     /* PlanTrainingObjective */
    GPtrArray *ob_goals;        /* PlanGoal */
} PlanObjectives;

typedef enum { STOP_PAUSE, STOP_END } PlanStopAction;

/* The drill ends or pauses by itself once this is true of all these teams. */
typedef struct {
    GPtrArray *st_when; /* PlanTeamCondition, one a team */
    PlanStopAction st_action;
    ParryText *st_reason; /* or NULL */
} PlanStop;

#endif
