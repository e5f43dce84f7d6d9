/*
 * What the files that write the plan as JSON share: plan_json.c, plan_json_*.c.
 */
#ifndef PARRY_SCENARIOS_PLAN_JSON_H
#define PARRY_SCENARIOS_PLAN_JSON_H

#include "scenarios/loader.h"

/* The text, or null. */
json_t *plan_json_text(const char *text);
/* An array of the texts; of NULL an empty one. */
json_t *plan_json_texts(char *const *strv);
/* "health/web", or null for -1. */
json_t *plan_json_host(const Plan *plan, int index);
/* "health", or null for -1. */
json_t *plan_json_team(const Plan *plan, int index);
/* An array of what `one` makes of each element. */
json_t *plan_json_each(const Plan *plan, const GPtrArray *all,
                       json_t *(*one)(const Plan *, gconstpointer));

/* ---- plan_json_inject.c ---- */
json_t *plan_json_check(const Plan *plan, gconstpointer check);
json_t *plan_json_inject(const Plan *plan, gconstpointer inject);
json_t *plan_json_checks(const Plan *plan);
json_t *plan_json_injects(const Plan *plan);

/* ---- plan_json_secrets.c ---- */
/* The secrets; with their values where `open`. */
json_t *plan_json_secrets(const Plan *plan, gboolean open);
/* Hides the values of secrets in all texts below. */
void plan_json_mask(const Plan *plan, json_t *json);

/* ---- plan_json_people.c ---- */
json_t *plan_json_limits(const PlanLimits *limits);
json_t *plan_json_scoring(const PlanScoring *scoring);
/* Sets what concerns people and the drill itself, but for the rules. */
void plan_json_people(const Plan *plan, json_t *out);
/* {check, state, lasts-us}, {all: […]} …; of NULL an empty object. */
json_t *plan_json_condition(const Plan *plan, const PlanCondition *condition);

/* ---- plan_json_estate.c ---- */
json_t *plan_json_targets(const Plan *plan);
/* open: with their values, else by their SHA-256 only. */
json_t *plan_json_flags(const Plan *plan, gboolean open);
/* Sets what concerns networks, images, hosts and what is planted in them, but for the
 * rules. Secrets stand in it by their SHA-256 only. */
void plan_json_estates(const Plan *plan, json_t *out);

#endif
