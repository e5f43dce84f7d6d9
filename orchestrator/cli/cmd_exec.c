#include "orchestrator/cli/cli.h"

#include <stdio.h>

static int run(int argc, char **argv)
{
    g_autofree char *user = NULL;
    gboolean json = FALSE;
    int timeout_s = 30, status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"user", 'u', 0, G_OPTION_ARG_STRING, &user, "who runs it in the guest (root)",
         "NAME"},
        {"timeout", 't', 0, G_OPTION_ARG_INT, &timeout_s, "time limit (30)", "SECONDS"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "the result as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_exec, entries, &argc, &argv, 3, 3, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(argv[1], &status);
    g_autoptr(RpcClient) client = drill ? cli_connect(drill, &status) : NULL;
    if (!client)
        return status;
    json_t *params = json_pack("{s:s, s:s, s:I}", "host", argv[2], "script", argv[3],
                               "timeout_ms", (json_int_t)timeout_s * 1000);
    if (user)
        json_object_set_new(params, "user", json_string(user));
    json_t *answer = cli_call(client, "order", params, timeout_s * 1000 + 30000, &status);
    if (!answer)
        return status;
    if (json)
        return cli_json(answer);
    fputs(json_string_value(json_object_get(answer, "out")), stdout);
    fputs(json_string_value(json_object_get(answer, "err")), stderr);
    status = (int)json_integer_value(json_object_get(answer, "exit"));
    json_decref(answer);
    return status;
}

const CliCommand cmd_exec = {"exec", "NAME HOST SCRIPT",
                             "run a script in a host, as the organiser", run};
