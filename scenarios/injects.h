/*
 * What the parts share that expand injects: the inject as written, and the steps from
 * there to a PlanInject for each team.
 */
#ifndef PARRY_SCENARIOS_INJECTS_H
#define PARRY_SCENARIOS_INJECTS_H

#include "scenarios/loader.h"

/* An inject as written, before it is expanded for a team. */
typedef struct {
    Node *jd_name;
    Node *jd_def;
    gint64 jd_at; /* jitter drawn */
    gboolean jd_has_at;
    gint64 jd_delay; /* jitter drawn; after, when and manual */
    GArray *jd_by;   /* red teams that take turns; empty: white's own */
} InjectDef;

/* --- triggers.c --- */

/* Reads what makes it due, as far as that is the same for all teams. */
void triggers_read(Loader *loader, InjectDef *def);
/* Gives the inject what triggers_read() found; `after` and `when` come later. */
void triggers_set(const InjectDef *def, PlanInject *inject);
/* Once all injects are there: whom they wait for, and whether that ever comes. */
void triggers_resolve(Loader *loader);

/* --- conditions.c --- */

/* The condition that the inject has ended so: `steps` as loader_injects() gives them. */
PlanCondition *condition_of_inject(const GArray *steps, PlanOutcome outcome);
/* Tells at the node where the inject can never end so. */
void condition_check_outcome(Loader *loader, Node *at, int inject, PlanOutcome outcome);
PlanOutcome condition_outcome(const char *word);

#endif
