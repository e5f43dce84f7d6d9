/*
 * What a host's VM has used so far: range_domain_used().
 */
#include "orchestrator/range/act.h"
#include "orchestrator/range/range_parts.h"

typedef struct {
    Range *us_range;
    const char *us_uuid; /* the plan's */
    ActState us_state;
    gint64 us_cpu_us;
    GError *us_error;
    RangeUsed us_done;
    gpointer us_data;
} Usage;

static void used_work(gpointer data)
{
    Usage *usage = data;
    g_autoptr(virConnect) conn =
        connection_get(range_connection(usage->us_range), &usage->us_error);

    if (conn)
        act_domain_used(conn, usage->us_uuid, &usage->us_state, &usage->us_cpu_us,
                        &usage->us_error);
}

static void used_done(gpointer data, gboolean ran)
{
    static const RangeLife lives[] = {[ACT_ABSENT] = RANGE_DOMAIN_ABSENT,
                                      [ACT_RUNNING] = RANGE_DOMAIN_RUNS,
                                      [ACT_PAUSED] = RANGE_DOMAIN_STANDS};
    g_autofree Usage *usage = data;

    if (!ran)
        g_set_error(&usage->us_error, RANGE_ERROR, RANGE_ERROR_CANCELLED,
                    "range: torn down or ended before the call began");
    usage->us_done(lives[usage->us_state], usage->us_cpu_us, usage->us_error,
                   usage->us_data);
    g_clear_error(&usage->us_error);
}

void range_domain_used(Range *range, int host, RangeUsed done, gpointer data)
{
    Usage *usage = g_new0(Usage, 1);

    usage->us_range = range;
    usage->us_uuid = range_host(range, host)->ph_uuid;
    usage->us_done = done;
    usage->us_data = data;
    pool_run(range_pool(range), POOL_SOON, used_work, used_done, usage);
}
