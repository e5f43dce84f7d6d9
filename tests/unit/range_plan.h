/* A small plan made by hand for the tests of the range: two teams, a shared network, a
 * team's network, three hosts. */
#ifndef PARRY_TESTS_RANGE_PLAN_H
#define PARRY_TESTS_RANGE_PLAN_H

#include "scenarios/plan.h"

enum { NET_INTERNET, NET_LAN };
enum { HOST_GATEWAY, HOST_RIVAL, HOST_WEB };

#define SHARED_NICS 2 /* the gateway's and the rival's first */

/* word: makes names and UUIDs differ from those of other plans on the same libvirt; at
 * most 6 letters. Free with range_plan_free(). */
Plan *range_plan_new(const char *word);
void range_plan_free(Plan *plan);

#endif
