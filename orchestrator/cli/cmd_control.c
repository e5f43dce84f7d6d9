/*
 * The commands that are one call to the daemon: start, pause, resume, stop, end.
 */
#include "orchestrator/cli/cli.h"

#include "orchestrator/range/range.h"

#include <stdio.h>
#include <unistd.h>

#define CALL_TIMEOUT_MS 120000

static gboolean operands(const CliCommand *command, int argc, char **argv, char **reason,
                         gboolean *json, Drill **drill, int *status)
{
    const GOptionEntry entries[] = {
        {"reason", 0, 0, G_OPTION_ARG_STRING, reason, "goes into the journal", "TEXT"},
        {"json", 0, 0, G_OPTION_ARG_NONE, json, "the answer as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(command, entries, &argc, &argv, 0, 1, status))
        return FALSE;
    *drill = cli_drill(argc > 1 ? argv[1] : NULL, status);
    return *drill != NULL;
}

static int call(const CliCommand *command, const char *method, const char *done, int argc,
                char **argv)
{
    g_autofree char *reason = NULL;
    g_autoptr(Drill) drill = NULL;
    gboolean json = FALSE;
    int status = EXIT_OK;

    if (!operands(command, argc, argv, &reason, &json, &drill, &status))
        return status;
    g_autoptr(RpcClient) client = cli_connect(drill, &status);
    if (!client)
        return status;
    json_t *params = json_object();
    if (reason)
        json_object_set_new(params, "reason", json_string(reason));
    json_t *answer = cli_call(client, method, params, CALL_TIMEOUT_MS, &status);
    if (!answer)
        return status;
    if (json)
        return cli_json(answer);
    printf("drill %s %s\n", drill->dr_name, done);
    json_decref(answer);
    return EXIT_OK;
}

static int start(int argc, char **argv)
{
    return call(&cmd_start, "start", "runs: its clock has started", argc, argv);
}

static int pause_drill(int argc, char **argv)
{
    return call(&cmd_pause, "pause", "is paused: VMs and clock stand still", argc, argv);
}

static int resume(int argc, char **argv)
{
    return call(&cmd_resume, "resume", "goes on", argc, argv);
}

static int end(int argc, char **argv)
{
    return call(&cmd_end, "end", "has ended", argc, argv);
}

/* The kill switch works without the daemon too: straight at libvirt. */
static int stop_by_hand(const Drill *drill, guint *count)
{
    g_autofree char *uri = cli_uri(drill);
    g_autoptr(GError) error = NULL;

    if (uri && !range_suspend(uri, drill->dr_uuid, count, &error))
        return cli_fail(EXIT_FAIL, "drill %s: %u suspended, then: %s", drill->dr_name,
                        *count, error->message);
    return EXIT_OK;
}

static int stop(int argc, char **argv)
{
    g_autofree char *reason = NULL;
    g_autoptr(Drill) drill = NULL;
    gboolean json = FALSE;
    guint count = 0;
    int status = EXIT_OK;
    gint64 began = g_get_monotonic_time();

    if (!operands(&cmd_stop, argc, argv, &reason, &json, &drill, &status))
        return status;
    if (drill->dr_alive) {
        g_autoptr(RpcClient) client = cli_connect(drill, &status);
        json_t *answer = client ? cli_call(client, "stop",
                                           json_pack("{s:s}", "reason",
                                                     reason ? reason : "the kill switch"),
                                           CALL_TIMEOUT_MS, &status)
                                : NULL;
        if (!answer)
            return status;
        count = (guint)json_integer_value(json_object_get(answer, "suspended"));
        json_decref(answer);
    } else if ((status = stop_by_hand(drill, &count)) != EXIT_OK) {
        return status;
    }
    int ms = (int)((g_get_monotonic_time() - began) / 1000);
    if (json)
        return cli_json(json_pack("{s:s, s:i, s:i}", "drill", drill->dr_name, "suspended",
                                  (int)count, "ms", ms));
    printf("drill %s is stopped: %u VMs suspended in %d ms\n", drill->dr_name, count, ms);
    return EXIT_OK;
}

const CliCommand cmd_start = {"start", "[NAME]",
                              "start the clock of a drill that is ready", start};
const CliCommand cmd_pause = {"pause", "[NAME]", "suspend the VMs and the clock",
                              pause_drill};
const CliCommand cmd_resume = {"resume", "[NAME]", "go on after pause or stop", resume};
const CliCommand cmd_stop = {"stop", "[NAME]",
                             "the kill switch: suspend every VM at once", stop};
const CliCommand cmd_end = {"end", "[NAME]", "end the exercise before its planned end",
                            end};
