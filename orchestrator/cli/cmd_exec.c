#include "orchestrator/cli/cli.h"

#include "scenarios/values.h"

#include <stdio.h>

/* "64M" as the scenario language has it. */
static gboolean set_size(json_t *params, const char *name, const char *text, int *status)
{
    guint64 bytes;

    if (!text)
        return TRUE;
    if (!value_size(text, &bytes)) {
        fprintf(stderr, "parry exec: --%s: %s is no size such as 64M\n", name, text);
        *status = EXIT_USAGE;
        return FALSE;
    }
    json_object_set_new(params, name, json_integer((json_int_t)bytes));
    return TRUE;
}

/* A process that a signal ended counts as a shell counts it. */
static int print_answer(const json_t *answer)
{
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    int signal = (int)json_integer_value(json_object_get(answer, "signal"));

    fputs(json_string_value(json_object_get(answer, "out")), stdout);
    fputs(json_string_value(json_object_get(answer, "err")), stderr);
    if (reason && *reason)
        fprintf(stderr, "parry exec: %s\n", reason);
    return signal ? 128 + signal
                  : (int)json_integer_value(json_object_get(answer, "exit"));
}

static int run(int argc, char **argv)
{
    g_autofree char *user = NULL, *memory = NULL, *output = NULL;
    int processes = 0;
    gboolean json = FALSE;
    int timeout_s = 30, status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"user", 'u', 0, G_OPTION_ARG_STRING, &user, "who runs it in the guest (root)",
         "NAME"},
        {"timeout", 't', 0, G_OPTION_ARG_INT, &timeout_s, "time limit (30)", "SECONDS"},
        {"memory", 'm', 0, G_OPTION_ARG_STRING, &memory,
         "most memory of all its processes (half of the guest's)", "SIZE"},
        {"processes", 'p', 0, G_OPTION_ARG_INT, &processes,
         "most processes at once (256)", "N"},
        {"output", 'o', 0, G_OPTION_ARG_STRING, &output,
         "how much of what it prints is kept (64K)", "SIZE"},
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
    if (processes)
        json_object_set_new(params, "processes", json_integer(processes));
    if (!set_size(params, "memory", memory, &status) ||
        !set_size(params, "output", output, &status)) {
        json_decref(params);
        return status;
    }
    json_t *answer = cli_call(client, "order", params, timeout_s * 1000 + 30000, &status);
    if (!answer)
        return status;
    if (json)
        return cli_json(answer);
    status = print_answer(answer);
    json_decref(answer);
    return status;
}

const CliCommand cmd_exec = {"exec", "NAME HOST SCRIPT",
                             "run a script in a host, as the organiser", run};
