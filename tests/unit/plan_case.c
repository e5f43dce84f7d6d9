#include "tests/unit/plan_case.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

Plan *case_load(const char *text, const char *uuid)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = plan_load_bytes("f.yaml", "/", text, strlen(text), uuid, diags);
    g_autofree char *findings = parry_diags_text(diags, FALSE);

    if (!plan)
        printf("\n%s", findings);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

Plan *case_load_good(const char *path, const char *text)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = path ? plan_load(path, NULL, diags)
                      : plan_load_bytes("f.yaml", "/", text, strlen(text), NULL, diags);
    g_autofree char *findings = parry_diags_text(diags, FALSE);

    if (*findings)
        printf("\n%s", findings);
    CU_ASSERT_STRING_EQUAL(findings, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

const PlanTeam *case_team(const Plan *plan, const char *id)
{
    int index = plan_team_index(plan, id);

    CU_ASSERT_TRUE_FATAL(index >= 0);
    return plan_team(plan, index);
}

const PlanHost *case_host(const Plan *plan, const char *id)
{
    int index = plan_host_index(plan, id);

    CU_ASSERT_TRUE_FATAL(index >= 0);
    return plan_host(plan, index);
}

const PlanInject *case_inject(const Plan *plan, const char *id)
{
    int index = plan_inject_index(plan, id);

    CU_ASSERT_TRUE_FATAL(index >= 0);
    return plan_inject(plan, index);
}

const PlanNic *case_nic(const PlanHost *of, guint i)
{
    CU_ASSERT_TRUE_FATAL(i < of->ph_nics->len);
    return of->ph_nics->pdata[i];
}

void case_addr(guint32 addr, const char *want)
{
    g_autofree char *text = plan_addr_text(addr);

    CU_ASSERT_STRING_EQUAL(text, want);
}
