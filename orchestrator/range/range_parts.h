/*
 * What the range's files that add an act of their own need of it.
 */
#ifndef PARRY_RANGE_RANGE_PARTS_H
#define PARRY_RANGE_RANGE_PARTS_H

#include "orchestrator/range/connection.h"
#include "orchestrator/range/pool.h"
#include "orchestrator/range/range.h"

Pool *range_pool(const Range *range);
Connection *range_connection(const Range *range);
const PlanHost *range_host(const Range *range, int host);

#endif
