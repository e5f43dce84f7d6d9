#include "orchestrator/cli/cli.h"

#include <stdio.h>

#define COUNTED(array) (array)->len, (array)->len == 1 ? "" : "s"

static int run(int argc, char **argv)
{
    gboolean json = FALSE;
    g_auto(GStrv) set = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "findings as JSON", NULL},
        CLI_SET(set),
        G_OPTION_ENTRY_NULL,
    };
    int status;

    if (!cli_options(&cmd_check, entries, &argc, &argv, 1, 1, &status))
        return status;
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(Plan) plan = cli_load(argv[1], set, diags);
    status = plan ? EXIT_OK : EXIT_SCENARIO;
    if (json) {
        cli_json(parry_diags_json(diags));
        return status;
    }
    g_autofree char *text = parry_diags_text(diags, cli_colour(2));
    fputs(text, stderr);
    if (plan)
        printf("%s: good: %u team%s, %u host%s, %u check%s, %u inject%s%s\n", argv[1],
               COUNTED(plan->p_teams), COUNTED(plan->p_hosts), COUNTED(plan->p_checks),
               COUNTED(plan->p_injects),
               plan_unbuilt(plan)->len ? "; uses keys that cannot run yet (notes above)"
                                       : "");
    return status;
}

const CliCommand cmd_check = {"check", "SCENARIO",
                              "check a scenario; every finding with line and caret", run};
