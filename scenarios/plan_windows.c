#include "scenarios/plan_windows.h"

static const PlanWindow *window_at(const Plan *plan, guint index)
{
    return g_ptr_array_index(plan->p_windows, index);
}

gint64 plan_quiet_until(const Plan *plan, gint64 at_us)
{
    for (guint i = 0; i < plan->p_windows->len; i++) {
        const PlanWindow *window = window_at(plan, i);

        if (window->wi_from_us > at_us)
            break; /* they are in order of time */
        at_us = MAX(at_us, window->wi_until_us);
    }
    return at_us;
}

gboolean plan_is_quiet(const Plan *plan, gint64 at_us)
{
    return plan_quiet_until(plan, at_us) > at_us;
}

gint64 plan_quiet_within(const Plan *plan, gint64 from_us, gint64 until_us)
{
    gint64 quiet = 0;

    for (guint i = 0; i < plan->p_windows->len; i++) {
        const PlanWindow *window = window_at(plan, i);
        gint64 begin = MAX(window->wi_from_us, from_us);
        gint64 end = MIN(window->wi_until_us, until_us);

        if (end > begin) {
            quiet += end - begin;
            from_us = end; /* where two overlap it counts once */
        }
    }
    return quiet;
}

gint64 plan_deadline(const Plan *plan, gint64 from_us, gint64 within_us)
{
    gint64 at_us = from_us + within_us;

    for (guint i = 0; i < plan->p_windows->len; i++) {
        const PlanWindow *window = window_at(plan, i);
        gint64 begin = MAX(window->wi_from_us, from_us);

        if (begin >= at_us)
            break;
        if (window->wi_until_us > begin) {
            at_us += window->wi_until_us - begin;
            from_us = window->wi_until_us;
        }
    }
    return at_us;
}

gint64 plan_scope_from(const Plan *plan, gint64 at_us)
{
    const GPtrArray *windows = plan->p_scope.sp_windows;

    if (!windows)
        return at_us;
    for (guint i = 0; i < windows->len; i++) {
        const PlanWindow *window = g_ptr_array_index(windows, i);

        if (at_us < window->wi_until_us)
            return MAX(at_us, window->wi_from_us);
    }
    return -1;
}
