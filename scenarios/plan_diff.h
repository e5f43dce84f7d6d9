/*
 * What changes between two plans of one drill: the stored one and an edited scenario.
 */
#ifndef PARRY_SCENARIOS_PLAN_DIFF_H
#define PARRY_SCENARIOS_PLAN_DIFF_H

#include "scenarios/plan.h"

typedef enum { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED } PlanDiffKind;

typedef struct {
    PlanDiffKind df_kind;
    char *df_what; /* "host", "inject", "check", "network", "drill" … */
    char *df_id;   /* "health/web"; empty where there is only one */
    char *df_key;  /* what of it: "memory", "nics/dmz/addr"; NULL: the whole of it */
    char *df_old, *df_new; /* as people write it; NULL where there is none */
} PlanDiff;

/*
 * PlanDiff, by subject and in the plans' order; empty: nothing changes. Load both plans
 * with the same UUID. Left out is what only follows from names and addresses: UUIDs,
 * MACs, names in libvirt, hosts files, digests. Free with g_ptr_array_unref().
 */
GPtrArray *plan_diff(const Plan *old, const Plan *new);

/* A line each, such as "~ host web  health, lands  memory  256 MiB -> 384 MiB": what
 * happens alike to several teams is told once. In `width` terminal columns (0: as wide as
 * it takes). Free with g_free(). */
char *plan_diff_text(const GPtrArray *diffs, int width);
/* A list of objects: change, what, id, key, old, new; the caller owns it. */
json_t *plan_diff_json(const GPtrArray *diffs);

#endif
