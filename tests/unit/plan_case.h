/*
 * What the tests of the scenario language share: a text becomes a plan, or the test ends;
 * and elements of a plan by their ids.
 */
#ifndef PARRY_TESTS_UNIT_PLAN_CASE_H
#define PARRY_TESTS_UNIT_PLAN_CASE_H

#include "scenarios/plan.h"

#define MINUTE (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)
#define HOUR (60 * MINUTE)

/* The plan, to be freed; what was found is printed where there is none, and the test
 * ends. `uuid`: the drill's, or NULL. */
Plan *case_load(const char *text, const char *uuid);
/* The same of a file (`path`) or a text that must load without any finding. */
Plan *case_load_good(const char *path, const char *text);

const PlanTeam *case_team(const Plan *plan, const char *id);
const PlanHost *case_host(const Plan *plan, const char *id);
const PlanInject *case_inject(const Plan *plan, const char *id);
const PlanNic *case_nic(const PlanHost *of, guint i);
void case_addr(guint32 addr, const char *want);

#endif
