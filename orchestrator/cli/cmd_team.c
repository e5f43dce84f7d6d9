/* `parry team`: one team out of the drill for a while, and back. */
#include "orchestrator/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define CALL_TIMEOUT_MS 120000

static int say(const char *word, const char *name, const char *reason,
               const char *drill_name, gboolean json)
{
    gboolean hold = strcmp(word, "hold") == 0;
    int status = EXIT_OK;

    if (!hold && strcmp(word, "release") != 0)
        return cli_fail(EXIT_USAGE, "team: \"%s\" is neither hold nor release", word);
    if (hold && !(reason && *reason))
        return cli_fail(EXIT_USAGE, "team hold: --reason is needed: players see it");
    g_autoptr(Drill) drill = cli_drill(drill_name, &status);
    g_autoptr(RpcClient) client = drill ? cli_connect(drill, &status) : NULL;
    if (!client)
        return status;
    json_t *answer =
        cli_call(client, hold ? "team.hold" : "team.release",
                 json_pack("{s:s, s:s}", "team", name, "reason", reason ? reason : ""),
                 CALL_TIMEOUT_MS, &status);
    if (!answer)
        return status;
    if (json)
        return cli_json(answer);
    int vms = (int)json_integer_value(json_object_get(answer, "vms"));
    printf("team %s %s; %d VM%s %s\n", name,
           hold ? "is held: its clocks stand still" : "takes part again", vms,
           vms == 1 ? "" : "s", hold ? "suspended" : "resumed");
    json_decref(answer);
    return EXIT_OK;
}

static int team(int argc, char **argv)
{
    g_autofree char *reason = NULL, *drill = NULL;
    gboolean json = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"reason", 0, 0, G_OPTION_ARG_STRING, &reason,
         "for the journal, the board and its players", "TEXT"},
        {"drill", 0, 0, G_OPTION_ARG_STRING, &drill,
         "of which drill; the only one that runs otherwise", "NAME"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "the answer as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_team, entries, &argc, &argv, 2, 2, &status))
        return status;
    return say(argv[1], argv[2], reason, drill, json);
}

const CliCommand cmd_team = {"team", "hold|release TEAM",
                             "take one team out of the drill for a while", team};
