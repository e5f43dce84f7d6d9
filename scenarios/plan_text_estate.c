/* What is planted in estates, for people. */
#include "scenarios/base/table.h"
#include "scenarios/plan_text.h"

/* Takes `what`. */
static void row(ParryTable *table, const char *kind, const char *id, const char *where,
                char *what)
{
    const char *cells[] = {kind, id, where, what};

    parry_table_row(table, cells);
    g_free(what);
}

static const char *host_id(const Plan *plan, int host)
{
    return plan_host(plan, host)->ph_id;
}

static char *zone_hosts(const Plan *plan, const PlanZone *zone)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (guint i = 0; i < zone->zn_servers->len; i++)
        g_string_append_printf(out, "%s%s", i ? ", " : "",
                               host_id(plan, g_array_index(zone->zn_servers, int, i)));
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void zone_rows(ParryTable *table, const Plan *plan)
{
    for (guint i = 0; i < plan->p_zones->len; i++) {
        const PlanZone *zone = plan->p_zones->pdata[i];
        g_autofree char *servers = zone_hosts(plan, zone);
        row(table, "zone", plan_team(plan, zone->zn_team)->pt_id, servers,
            g_strdup_printf("%s, %u names", zone->zn_domain, zone->zn_records->len));
    }
}

static void weakness_rows(ParryTable *table, const Plan *plan, const char *lang)
{
    for (guint i = 0; i < plan->p_weaknesses->len; i++) {
        const PlanWeakness *weakness = plan->p_weaknesses->pdata[i];
        row(table, "weakness", weakness->wk_id, host_id(plan, weakness->wk_host),
            g_strdup_printf("%s, %s: %s", weakness->wk_technique, weakness->wk_severity,
                            parry_text_get(weakness->wk_title, lang)));
    }
}

static void flag_rows(ParryTable *table, const Plan *plan)
{
    for (guint i = 0; i < plan->p_flags->len; i++) {
        const PlanFlag *flag = plan->p_flags->pdata[i];
        row(table, "flag", flag->fl_id, host_id(plan, flag->fl_host),
            flag->fl_target < 0
                ? g_strdup(flag->fl_path)
                : g_strdup_printf("%s, of %s", flag->fl_path,
                                  plan_target(plan, flag->fl_target)->ta_id));
    }
}

static void credential_rows(ParryTable *table, const Plan *plan)
{
    for (guint i = 0; i < plan->p_credentials->len; i++) {
        const PlanCredential *credential = plan->p_credentials->pdata[i];
        row(table, "credential", credential->cr_id, host_id(plan, credential->cr_host),
            g_strdup_printf("account %s, secret %s", credential->cr_account,
                            credential->cr_secret));
    }
}

char *plan_text_planted(const Plan *plan, const char *lang, int indent, int width)
{
    static const ParryColumn columns[] = {
        {.tc_title = "kind"},
        {.tc_title = "name", .tc_min = 12},
        {.tc_title = "host", .tc_min = 12},
        {.tc_title = "what", .tc_min = 20},
    };
    g_autoptr(ParryTable) table = parry_table_new(columns, G_N_ELEMENTS(columns));

    if (!plan->p_zones->len && !plan->p_weaknesses->len && !plan->p_flags->len &&
        !plan->p_credentials->len)
        return g_strdup("");
    zone_rows(table, plan);
    weakness_rows(table, plan, lang);
    flag_rows(table, plan);
    credential_rows(table, plan);
    return parry_table_text(table, indent, width);
}
