/* `parry resets`: those that players ask for, and white's word on them. */
#include "orchestrator/cli/cli.h"

#include "scenarios/base/duration.h"

#include <stdio.h>
#include <string.h>

#define CALL_TIMEOUT_MS 10000

typedef struct {
    char *rs_approve, *rs_refuse, *rs_by, *rs_reason;
    gboolean rs_json;
} Resets;

static void resets_clear(Resets *resets)
{
    g_free(resets->rs_approve);
    g_free(resets->rs_refuse);
    g_free(resets->rs_by);
    g_free(resets->rs_reason);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Resets, resets_clear)

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void print_ask(const json_t *ask)
{
    gint64 cost = json_integer_value(json_object_get(ask, "cost"));
    gboolean waits = strcmp(text_of(ask, "state"), "waits") == 0;
    g_autofree char *at =
        duration_clock(json_integer_value(json_object_get(ask, "at_us")));
    g_autofree char *until =
        duration_clock(json_integer_value(json_object_get(ask, "until_us")));

    printf("%s  %-26s %-9s %s: %s", at, text_of(ask, "host"), text_of(ask, "state"),
           text_of(ask, "player"), text_of(ask, "reason"));
    if (cost)
        printf(" (costs %.1f)", (double)cost / 1000);
    if (waits)
        printf("; void after %s", until);
    else
        printf("; %s%s%s", text_of(ask, "by"), *text_of(ask, "word") ? ": " : "",
               text_of(ask, "word"));
    printf("\n");
}

static int list(RpcClient *client, const Resets *resets, const Drill *drill)
{
    int status = EXIT_OK;
    json_t *answer = cli_call(client, "resets", NULL, CALL_TIMEOUT_MS, &status);
    const json_t *asks = json_object_get(answer, "asks"), *ask;
    size_t i;

    if (!answer)
        return status;
    if (resets->rs_json)
        return cli_json(answer);
    json_array_foreach (asks, i, ask) {
        print_ask(ask);
    }
    if (!json_array_size(asks))
        printf("drill %s: no player has asked for a reset\n", drill->dr_name);
    json_decref(answer);
    return EXIT_OK;
}

static int decide(RpcClient *client, const Resets *resets)
{
    const char *host = resets->rs_approve ? resets->rs_approve : resets->rs_refuse;
    json_t *params =
        json_pack("{s:s, s:b}", "host", host, "approve", resets->rs_approve != NULL);
    int status = EXIT_OK;

    if (resets->rs_by)
        json_object_set_new(params, "by", json_string(resets->rs_by));
    if (resets->rs_reason)
        json_object_set_new(params, "reason", json_string(resets->rs_reason));
    json_t *answer = cli_call(client, "reset.decide", params, CALL_TIMEOUT_MS, &status);
    if (!answer)
        return status;
    if (resets->rs_json)
        return cli_json(answer);
    printf("%s: %s\n", host,
           resets->rs_approve ? "approved, the reset has begun" : "refused");
    json_decref(answer);
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    g_auto(Resets) resets = {0};
    const GOptionEntry entries[] = {
        {"approve", 0, 0, G_OPTION_ARG_STRING, &resets.rs_approve,
         "let the reset of that host begin; all: of every one that waits", "HOST"},
        {"refuse", 0, 0, G_OPTION_ARG_STRING, &resets.rs_refuse, "refuse it", "HOST"},
        {"by", 0, 0, G_OPTION_ARG_STRING, &resets.rs_by,
         "who says so, for the journal: a role or a pseudonym", "WHO"},
        {"reason", 0, 0, G_OPTION_ARG_STRING, &resets.rs_reason,
         "is told to the team, and goes into the journal", "TEXT"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &resets.rs_json, "the answer as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };
    int status = EXIT_OK;

    if (!cli_options(&cmd_resets, entries, &argc, &argv, 1, 1, &status))
        return status;
    if (resets.rs_approve && resets.rs_refuse)
        return cli_fail(EXIT_USAGE, "--approve and --refuse: one of them at a time");
    g_autoptr(Drill) drill = cli_drill(argv[1], &status);
    g_autoptr(RpcClient) client = drill ? cli_connect(drill, &status) : NULL;
    if (!client)
        return status;
    return resets.rs_approve || resets.rs_refuse ? decide(client, &resets)
                                                 : list(client, &resets, drill);
}

const CliCommand cmd_resets = {
    "resets", "NAME", "resets that players ask for; --approve and --refuse them", run};
