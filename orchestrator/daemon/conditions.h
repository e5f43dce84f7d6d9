/*
 * Conditions: something that is true of one team, or not. Judged by the ledger's fold and
 * by what injects came to, after the commit of an event that could have changed it; never
 * by polling.
 */
#ifndef PARRY_ORCHESTRATOR_DAEMON_CONDITIONS_H
#define PARRY_ORCHESTRATOR_DAEMON_CONDITIONS_H

#include "orchestrator/daemon/daemon.h"

/* What a condition hangs on: a bit set. */
enum {
    NEEDS_CHECKS = 1,
    NEEDS_INJECTS = 2,
    NEEDS_REPORTS = 4,
    NEEDS_SCORE = 8,
    NEEDS_ANY = 15,
};
unsigned condition_needs(const PlanCondition *condition);
/* What an event of that kind can change. */
unsigned condition_touched(const char *kind);

/*
 * Whether it is true of the team now. Where only time is missing (a check that must last
 * in its state) *again_us is lowered to the drill time at which to ask again.
 */
gboolean condition_true(const Daemon *d, const PlanCondition *condition, int team,
                        gint64 *again_us);
/* Whether it hangs on that check. */
gboolean condition_watches(const PlanCondition *condition, int check);

#endif
