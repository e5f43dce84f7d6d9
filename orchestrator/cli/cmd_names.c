/*
 * The names that other commands take, one a line: for completion and for scripts.
 */
#include "orchestrator/cli/cli.h"

#include "orchestrator/daemon/point_store.h"

#include <stdio.h>
#include <string.h>

static const char *team_name(const Plan *plan, guint i)
{
    return plan_team(plan, (int)i)->pt_id;
}

static const char *host_name(const Plan *plan, guint i)
{
    return plan_host(plan, (int)i)->ph_id;
}

/* As the scenario calls it; the copies of its teams stand one after another. */
static const char *inject_name(const Plan *plan, guint i)
{
    const char *name = plan_inject(plan, (int)i)->in_name;

    for (guint before = 0; before < i; before++)
        if (strcmp(plan_inject(plan, (int)before)->in_name, name) == 0)
            return NULL;
    return name;
}

static const struct {
    const char *kind;
    gsize list; /* of a Plan */
    const char *(*name)(const Plan *plan, guint i);
} kinds[] = {
    {"teams", G_STRUCT_OFFSET(Plan, p_teams), team_name},
    {"hosts", G_STRUCT_OFFSET(Plan, p_hosts), host_name},
    {"injects", G_STRUCT_OFFSET(Plan, p_injects), inject_name},
};

static int print_drills(void)
{
    g_autofree char *home = drill_home();
    g_autoptr(GPtrArray) all = drill_list(home);

    for (guint i = 0; i < all->len; i++)
        puts(((const Drill *)all->pdata[i])->dr_name);
    return EXIT_OK;
}

static int print_of(gsize kind, const char *drill_name)
{
    int status = EXIT_OK;
    g_autoptr(GError) error = NULL;
    g_autoptr(Drill) drill = cli_drill(drill_name, &status);
    g_autoptr(Plan) plan = drill ? drill_plan(drill, &error) : NULL;

    if (!drill)
        return status;
    if (!plan)
        return cli_fail(EXIT_FAIL, "drill %s: %s", drill->dr_name, error->message);
    const GPtrArray *list = G_STRUCT_MEMBER(GPtrArray *, plan, kinds[kind].list);
    for (guint i = 0; i < list->len; i++) {
        const char *name = kinds[kind].name(plan, i);
        if (name)
            puts(name);
    }
    return EXIT_OK;
}

/* Each once; those of a drill that is down too. */
static int print_checkpoints(const char *drill_name)
{
    int status = EXIT_OK;
    g_autoptr(Drill) drill = cli_drill(drill_name, &status);
    g_autoptr(GPtrArray) all = drill ? point_list(drill->dr_dir, NULL) : NULL;
    g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; all && i < all->len; i++) {
        char *name = ((Point *)all->pdata[i])->po_meta.pm_name;
        if (g_hash_table_add(told, name))
            puts(name);
    }
    return status;
}

static int run(int argc, char **argv)
{
    int status;

    if (!cli_options(&cmd_names, NULL, &argc, &argv, 1, 2, &status))
        return status;
    if (strcmp(argv[1], "drills") == 0 && argc == 2)
        return print_drills();
    if (strcmp(argv[1], "checkpoints") == 0)
        return print_checkpoints(argc > 2 ? argv[2] : NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(argv[1], kinds[i].kind) == 0)
            return print_of(i, argc > 2 ? argv[2] : NULL);
    return cli_fail(EXIT_USAGE, "usage: parry names %s", cmd_names.cc_args);
}

const CliCommand cmd_names = {"names", "drills|teams|hosts|injects|checkpoints [NAME]",
                              "what other commands can be told, one a line", run};
