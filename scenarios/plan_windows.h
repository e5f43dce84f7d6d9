/*
 * A plan's windows on the drill clock: when nothing begins and nothing scores, and what
 * that does to deadlines. Both modes count: while the drill pauses nobody can act either.
 */
#ifndef PARRY_SCENARIOS_PLAN_WINDOWS_H
#define PARRY_SCENARIOS_PLAN_WINDOWS_H

#include "scenarios/plan.h"

/* The end of the window that at_us stands in (of the last where one follows on another);
 * at_us itself where it stands in none. */
gint64 plan_quiet_until(const Plan *plan, gint64 at_us);
gboolean plan_is_quiet(const Plan *plan, gint64 at_us);

/* So much of the time from from_us to until_us lies in windows. */
gint64 plan_quiet_within(const Plan *plan, gint64 from_us, gint64 until_us);

/* When within_us have passed since from_us, the time in windows left out: a deadline
 * stands still while its team is asleep. */
gint64 plan_deadline(const Plan *plan, gint64 from_us, gint64 within_us);

/* The first moment from at_us on at which the scope lets attacks begin; -1 where none
 * comes before the drill's end. */
gint64 plan_scope_from(const Plan *plan, gint64 at_us);

#endif
