#include "orchestrator/daemon/conditions.h"

#include "orchestrator/daemon/injects.h"

#include <string.h>

unsigned condition_needs(const PlanCondition *condition)
{
    static const unsigned needs[] = {
        [CONDITION_CHECK] = NEEDS_CHECKS,   [CONDITION_INJECT] = NEEDS_INJECTS,
        [CONDITION_REPORT] = NEEDS_REPORTS, [CONDITION_CLAIM] = 0,
        [CONDITION_SCORE] = NEEDS_SCORE,    [CONDITION_NONE] = 0,
    };
    unsigned all =
        (gsize)condition->co_kind < G_N_ELEMENTS(needs) ? needs[condition->co_kind] : 0;

    for (guint i = 0; condition->co_parts && i < condition->co_parts->len; i++)
        all |= condition_needs(condition->co_parts->pdata[i]);
    return all;
}

unsigned condition_touched(const char *kind)
{
    static const struct {
        const char *begin;
        unsigned touched;
    } kinds[] = {
        {"drill.state/", NEEDS_ANY},
        {"check.round/", NEEDS_CHECKS | NEEDS_SCORE},
        {"inject.", NEEDS_INJECTS | NEEDS_SCORE},
        {"expect.", NEEDS_INJECTS | NEEDS_SCORE},
        {"message.", NEEDS_INJECTS},
        {"report.", NEEDS_REPORTS | NEEDS_SCORE},
        {"effect.", NEEDS_SCORE},
        {"score.", NEEDS_SCORE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_prefix(kind, kinds[i].begin))
            return kinds[i].touched;
    return 0;
}

static gboolean check_true(const Daemon *d, const PlanCondition *condition,
                           gint64 *again_us)
{
    const LedgerCheck *check = ledger_check(d->dm_ledger, condition->co_ref);
    gint64 at_us = check->lc_since_us + condition->co_lasts_us;
    CheckStatus wanted;

    if (!check->lc_seq || !check_status_parse(condition->co_state, &wanted) ||
        check->lc_status != wanted)
        return FALSE;
    if (daemon_now(d) >= at_us)
        return TRUE;
    *again_us = MIN(*again_us, at_us);
    return FALSE;
}

static gboolean score_true(const Daemon *d, const PlanCondition *condition, int team)
{
    gint64 total = ledger_standing(d->dm_ledger, team)->ls_total;

    return (condition->co_below == G_MININT64 || total < condition->co_below) &&
           (condition->co_above == G_MININT64 || total > condition->co_above);
}

/* Every part is asked, so that each says when to ask again. */
static guint parts_true(const Daemon *d, const PlanCondition *condition, int team,
                        gint64 *again_us)
{
    guint count = 0;

    for (guint i = 0; i < condition->co_parts->len; i++)
        count += condition_true(d, condition->co_parts->pdata[i], team, again_us) != 0;
    return count;
}

gboolean condition_true(const Daemon *d, const PlanCondition *condition, int team,
                        gint64 *again_us)
{
    switch (condition->co_kind) {
    case CONDITION_CHECK:
        return check_true(d, condition, again_us);
    case CONDITION_INJECT:
        return injects_outcome(d->dm_injects, condition->co_ref, condition->co_outcome);
    case CONDITION_REPORT:
        return injects_reported(d->dm_injects, condition->co_ref);
    case CONDITION_CLAIM:
        return FALSE; /* red's claims are not taken in this version: none was made */
    case CONDITION_SCORE:
        return score_true(d, condition, team);
    case CONDITION_ALL:
        return parts_true(d, condition, team, again_us) == condition->co_parts->len;
    case CONDITION_ANY:
        return parts_true(d, condition, team, again_us) > 0;
    case CONDITION_NONE:
        return parts_true(d, condition, team, again_us) == 0;
    }
    return FALSE;
}

gboolean condition_watches(const PlanCondition *condition, int check)
{
    if (condition->co_kind == CONDITION_CHECK && condition->co_ref == check)
        return TRUE;
    for (guint i = 0; condition->co_parts && i < condition->co_parts->len; i++)
        if (condition_watches(condition->co_parts->pdata[i], check))
            return TRUE;
    return FALSE;
}
