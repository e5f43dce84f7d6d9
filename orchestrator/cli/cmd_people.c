#include "orchestrator/cli/cli.h"

#include "orchestrator/daemon/people.h"

#include <stdio.h>
#include <string.h>

/* TEAM/NAME of the scenario, so that a slip of the pen is no one's name. */
static gboolean is_player(const Plan *plan, const char *player)
{
    for (guint t = 0; t < plan->p_teams->len; t++) {
        const PlanTeam *team = plan_team(plan, (int)t);
        for (guint m = 0; m < team->pt_members->len; m++) {
            const PlanMember *member = team->pt_members->pdata[m];
            g_autofree char *known = g_strconcat(team->pt_id, "/", member->pm_name, NULL);
            if (strcmp(known, player) == 0)
                return TRUE;
        }
    }
    return FALSE;
}

static void add_json(const char *player, const char *name, gpointer data)
{
    json_array_append_new(data, json_pack("{s:s, s:s}", "player", player, "name", name));
}

static void print_line(const char *player, const char *name, gpointer data)
{
    g_autofree char *safe = parry_text_safe(name, -1);

    (void)data;
    printf("%-24s %s\n", player, safe);
}

static int list(People *people, const Drill *drill, gboolean json)
{
    g_autoptr(GError) error = NULL;
    json_t *all = json_array();

    if (!people_each(people, drill->dr_uuid, json ? add_json : print_line, all, &error)) {
        json_decref(all);
        return cli_fail(EXIT_FAIL, "%s", error->message);
    }
    if (json)
        return cli_json(all);
    json_decref(all);
    return EXIT_OK;
}

static int set(People *people, const Drill *drill, const char *player, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = drill_plan(drill, &error);

    if (!plan)
        return cli_fail(EXIT_FAIL, "%s", error->message);
    if (!is_player(plan, player))
        return cli_fail(EXIT_FAIL, "drill %s has no player \"%s\"", drill->dr_name,
                        player);
    if (!people_set(people, drill->dr_uuid, player, name, &error))
        return cli_fail(EXIT_FAIL, "%s", error->message);
    return EXIT_OK;
}

static int erase(People *people, const Drill *drill, const char *player)
{
    g_autoptr(GError) error = NULL;

    if (people_erase(people, drill->dr_uuid, player, &error))
        return EXIT_OK;
    return error ? cli_fail(EXIT_FAIL, "%s", error->message)
                 : cli_fail(EXIT_FAIL, "drill %s: nobody to erase", drill->dr_name);
}

static int run(int argc, char **argv)
{
    gboolean json = FALSE, forget = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"erase", 0, 0, G_OPTION_ARG_NONE, &forget,
         "forget that player's name; without PLAYER, everyone's of the drill", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "the list as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;

    if (!cli_options(&cmd_people, entries, &argc, &argv, 1, 3, &status))
        return status;
    g_autofree char *home = drill_home();
    g_autoptr(Drill) drill = cli_drill(argv[1], &status);
    if (!drill)
        return status;
    g_autoptr(People) people = people_open(home, &error);
    if (!people)
        return cli_fail(EXIT_FAIL, "%s", error->message);
    if (forget)
        return erase(people, drill, argc > 2 ? argv[2] : NULL);
    if (argc == 2)
        return list(people, drill, json);
    if (argc == 4)
        return set(people, drill, argv[2], argv[3]);
    return cli_fail(EXIT_USAGE, "people: PLAYER wants a REAL-NAME, or --erase");
}

const CliCommand cmd_people = {"people", "NAME [PLAYER [REAL-NAME]]",
                               "who the pseudonyms are; kept apart, erasable", run};
