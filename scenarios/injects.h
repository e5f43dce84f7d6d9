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
    Node *jd_def; /* of a step: what it says, and else its chain */
    PlanInjectKind jd_kind;
    Node *jd_what; /* the mapping below attack, message, fault or traffic */
    gint64 jd_at;  /* jitter drawn */
    gboolean jd_has_at;
    gint64 jd_delay;           /* jitter drawn; after and when */
    GArray *jd_by;             /* red teams that take turns; empty: white's own */
    guint jd_number, jd_count; /* step of a chain, from 1, and of how many; 0: none */
} InjectDef;

/* --- injects.c --- */

/* "attack", "message", "fault", "traffic". */
const char *inject_kind_name(PlanInjectKind kind);
/* A new one for the team, with all that does not depend on its kind; NULL with a finding
 * where there are too many. */
PlanInject *inject_add(Loader *loader, const InjectDef *def, int team);
/* A script or another text of that mapping, with references replaced; NULL where there is
 * none. */
char *inject_script(Loader *loader, const Node *map, const char *key, int team);
/* How defenders find it and put it right: indicators and playbook. */
void inject_traces(Loader *loader, const InjectDef *def, PlanInject *inject);
/* The host of the team that the inject's (or the step's) `host` names; -1 with a finding.
 */
int inject_victim(Loader *loader, const InjectDef *def, int team);

/* --- one kind each; for the team --- */

/* What of an attack is the same for all teams: who does it, within the scope. */
void attack_read(Loader *loader, InjectDef *def);
void attack_expand(Loader *loader, InjectDef *def, int team);
void message_expand(Loader *loader, InjectDef *def, int team);
void fault_expand(Loader *loader, InjectDef *def, int team);
void traffic_expand(Loader *loader, InjectDef *def, int team);

/* --- expects.c --- */

/* Kinds of expectation that this kind of inject can never meet are told. */
void expects_check(Loader *loader, const InjectDef *def, Node *expect);
/* Adds what earns points: `expect` is the inject's, or the step's; may be NULL. */
void expects_expand(Loader *loader, const InjectDef *def, PlanInject *inject,
                    Node *expect);

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
