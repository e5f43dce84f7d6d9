/*
 * KYPO / CyberRangeCZ: what the parts of its import share.
 */
#ifndef PARRY_SCENARIOS_IMPORT_KYPO_H
#define PARRY_SCENARIOS_IMPORT_KYPO_H

#include "scenarios/import/work.h"

#define KYPO_ESTATE "range"
#define KYPO_TEAM "trainees"

typedef struct {
    guint32 kr_addr;
    int kr_prefix;
} KypoRange;

typedef struct {
    Import *ky_import;
    GHashTable *ky_hosts;    /* name of a host or router to the scenario's */
    GHashTable *ky_networks; /* the same of networks */
    GHashTable *ky_secrets;  /* the same of variables */
    GHashTable *ky_taken;    /* names of hosts */
    GHashTable *ky_nets;     /* names of networks */
    GArray *ky_ranges;       /* KypoRange: the addresses of networks taken */
} Kypo;

/* What becomes of topology.yml. */
void kypo_topology(Kypo *kypo, const Node *root);
/* variables.yml: values that each sandbox draws. */
void kypo_variables(Kypo *kypo, const Node *root);
/* training.json: levels. */
void kypo_training(Kypo *kypo, const Node *root);
/* FALSE, and the node left, where it is no mapping. */
gboolean kypo_is_map(Kypo *kypo, const Node *node);

#endif
