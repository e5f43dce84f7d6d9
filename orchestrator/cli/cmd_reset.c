/* `parry reset`: hosts back to the state in which they were ready. */
#include "orchestrator/cli/cli.h"

#include <stdio.h>

#define RESET_TIMEOUT_MS 600000

static int say(const Drill *drill, const char *target, const char *to,
               const json_t *answer)
{
    int hosts = (int)json_integer_value(json_object_get(answer, "hosts"));
    int failed = (int)json_integer_value(json_object_get(answer, "failed"));
    gint64 us = json_integer_value(json_object_get(answer, "us"));

    const char *waits = json_string_value(json_object_get(answer, "waits"));

    if (waits) {
        printf("%s: %d host%s made anew; ready once it runs (%s)\n", target, hosts,
               hosts == 1 ? " is" : "s are", waits);
        return EXIT_OK;
    }
    if (failed)
        return cli_fail(EXIT_FAIL, "drill %s: %d of %d hosts of %s are not back: %s",
                        drill->dr_name, failed, hosts, target,
                        json_string_value(json_object_get(answer, "reason")));
    printf("%s: %d host%s back as %s%s, after %.2f s\n", target, hosts,
           hosts == 1 ? "" : "s", to ? "in checkpoint " : "when ready", to ? to : "",
           (double)us / G_USEC_PER_SEC);
    return EXIT_OK;
}

static int reset(int argc, char **argv)
{
    g_autofree char *reason = NULL, *to = NULL;
    gboolean json = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"to", 0, 0, G_OPTION_ARG_STRING, &to,
         "to a checkpoint of `parry checkpoint`, not to when ready", "CHECKPOINT"},
        {"reason", 0, 0, G_OPTION_ARG_STRING, &reason, "goes into the journal", "TEXT"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "the answer as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_reset, entries, &argc, &argv, 2, 2, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(argv[1], &status);
    g_autoptr(RpcClient) client = drill ? cli_connect(drill, &status) : NULL;
    if (!client)
        return status;
    json_t *params = json_pack("{s:s, s:s, s:s*}", "target", argv[2], "reason",
                               reason ? reason : "", "to", to);
    json_t *answer = cli_call(client, "reset", params, RESET_TIMEOUT_MS, &status);
    if (!answer)
        return status;
    if (json)
        return cli_json(answer);
    status = say(drill, argv[2], to, answer);
    json_decref(answer);
    return status;
}

const CliCommand cmd_reset = {
    "reset", "NAME HOST|TEAM|all",
    "put hosts back to how they were when ready, or to a checkpoint", reset};
