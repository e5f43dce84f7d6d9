#include "orchestrator/cli/cli.h"

#include "orchestrator/daemon/needs.h"
#include "orchestrator/host/trial.h"
#include "scenarios/base/duration.h"

#include <stdio.h>

static void cell(const char *text, int columns)
{
    g_autofree char *fit = parry_text_fit(text, columns);

    printf("%s  ", fit);
}

static void print_hosts(const Plan *plan)
{
    printf("\nHosts\n");
    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        g_autoptr(GString) nics = g_string_new(NULL);
        for (guint n = 0; n < host->ph_nics->len; n++) {
            const PlanNic *nic = host->ph_nics->pdata[n];
            g_autofree char *addr = plan_addr_text(nic->ni_addr);
            g_string_append_printf(nics, "%s%s on %s", n ? ", " : "", addr,
                                   plan_network(plan, nic->ni_network)->pn_id);
        }
        printf("  ");
        cell(host->ph_id, 22);
        cell(plan_image(plan, host->ph_image)->pi_id, 8);
        printf("%4" G_GUINT64_FORMAT " MiB  %-6s %s\n", host->ph_memory >> 20,
               plan_side_name(host->ph_owner), nics->str);
    }
}

static void print_timeline(const Plan *plan)
{
    printf("\nTimeline\n");
    for (guint i = 0; i < plan->p_injects->len; i++) {
        const PlanInject *inject = plan_inject(plan, (int)i);
        g_autofree char *at = duration_clock(inject->in_at_us);
        g_autoptr(GString) expect = g_string_new(NULL);
        for (guint e = 0; e < inject->in_expect->len; e++) {
            const PlanExpect *want = inject->in_expect->pdata[e];
            g_string_append_printf(expect, "%s%s", e ? ", " : "",
                                   plan_expect_name(want->ex_kind));
        }
        printf("  %12s  ", at);
        cell(inject->in_id, 24);
        cell(inject->in_technique ? inject->in_technique : "message", 10);
        cell(parry_text_get(inject->in_title, "en"), 30);
        printf("%s\n", expect->str);
    }
}

static void print_needs(const Plan *plan, const char *home, const char *accel)
{
    g_autofree char *memory = cli_size(plan_memory_needed(plan, accel));
    g_autofree char *memory_here = cli_size(needs_memory_here());
    g_autofree char *disk = cli_size(plan_disk_needed(plan));
    g_autofree char *disk_here =
        cli_size(needs_disk_here(g_file_test(home, G_FILE_TEST_IS_DIR) ? home : "/"));

    printf("\nNeeds (%s)\n  memory %s of %s available\n  disk   %s of %s free\n", accel,
           memory, memory_here, disk, disk_here);
}

static int run(int argc, char **argv)
{
    gboolean json = FALSE, secrets = FALSE;
    g_auto(GStrv) set = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "the whole plan as JSON", NULL},
        {"secrets", 0, 0, G_OPTION_ARG_NONE, &secrets, "with the values of its secrets",
         NULL},
        CLI_SET(set),
        G_OPTION_ENTRY_NULL,
    };
    int status;

    if (!cli_options(&cmd_plan, entries, &argc, &argv, 1, 1, &status))
        return status;
    g_autoptr(Plan) plan = cli_plan(argv[1], set, json, &status);
    if (!plan)
        return status;
    if (json)
        return cli_json(secrets ? plan_to_json_open(plan) : plan_to_json(plan));
    g_autofree char *home = drill_home();
    g_autoptr(TrialVerdict) verdict = trial_cached(home);
    g_autofree char *length = duration_text(plan->p_duration_us);
    printf("%s (%s): %s, %u teams, %u networks, %u hosts, %u injects\n",
           parry_text_get(plan->p_title, "en"), plan->p_name, length, plan->p_teams->len,
           plan->p_networks->len, plan->p_hosts->len, plan->p_injects->len);
    print_hosts(plan);
    print_timeline(plan);
    print_needs(plan, home, verdict ? verdict->accel : "qemu");
    return EXIT_OK;
}

const CliCommand cmd_plan = {"plan", "SCENARIO",
                             "show hosts, addresses, timeline and what is needed", run};
