/*
 * A picture of the plan's networks in graphviz's language: estates as clusters, networks
 * as buses, hosts coloured by who has root, addresses on the wires.
 */
#ifndef PARRY_SCENARIOS_TOPOLOGY_H
#define PARRY_SCENARIOS_TOPOLOGY_H

#include "scenarios/plan.h"

/*
 * Input for dot(1). Of an estate that more than three teams have, one copy stands for all
 * of them, with the range of its shared addresses; `each` draws every copy. Titles in
 * `lang`. Free with g_free().
 */
char *topology_dot(const Plan *plan, const char *lang, gboolean each);

#endif
