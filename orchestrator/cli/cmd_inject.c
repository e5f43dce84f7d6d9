/*
 * White's word on one inject: inject fires a manual one, approve lets a held one begin,
 * cancel ends one that has not begun.
 */
#include "orchestrator/cli/cli.h"

#include <stdio.h>

#define CALL_TIMEOUT_MS 10000

typedef struct {
    char *wo_team, *wo_drill, *wo_by, *wo_reason;
    gboolean wo_json;
} Word;

static void word_clear(Word *word)
{
    g_free(word->wo_team);
    g_free(word->wo_drill);
    g_free(word->wo_by);
    g_free(word->wo_reason);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Word, word_clear)

static void set_text(json_t *params, const char *name, const char *text)
{
    if (text)
        json_object_set_new(params, name, json_string(text));
}

static int say(const CliCommand *command, const char *method, const char *done, int argc,
               char **argv)
{
    g_auto(Word) word = {0};
    const GOptionEntry entries[] = {
        {"for", 0, 0, G_OPTION_ARG_STRING, &word.wo_team,
         "that team's only; every team's otherwise", "TEAM"},
        {"drill", 0, 0, G_OPTION_ARG_STRING, &word.wo_drill,
         "of which drill; the only one that runs otherwise", "NAME"},
        {"by", 0, 0, G_OPTION_ARG_STRING, &word.wo_by,
         "who says so, for the journal: a role or a pseudonym", "WHO"},
        {"reason", 0, 0, G_OPTION_ARG_STRING, &word.wo_reason, "goes into the journal",
         "TEXT"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &word.wo_json, "the answer as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };
    int status = EXIT_OK;

    if (!cli_options(command, entries, &argc, &argv, 1, 1, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(word.wo_drill, &status);
    g_autoptr(RpcClient) client = drill ? cli_connect(drill, &status) : NULL;
    if (!client)
        return status;
    json_t *params = json_pack("{s:s}", "inject", argv[1]);
    set_text(params, "team", word.wo_team);
    set_text(params, "by", word.wo_by);
    set_text(params, "reason", word.wo_reason);
    json_t *answer = cli_call(client, method, params, CALL_TIMEOUT_MS, &status);
    if (!answer)
        return status;
    if (word.wo_json)
        return cli_json(answer);
    int count = (int)json_integer_value(json_object_get(answer, "injects"));
    printf("inject %s: %s for %d team%s\n", argv[1], done, count, count == 1 ? "" : "s");
    json_decref(answer);
    return EXIT_OK;
}

static int inject(int argc, char **argv)
{
    return say(&cmd_inject, "inject", "fired", argc, argv);
}

static int approve(int argc, char **argv)
{
    return say(&cmd_approve, "approve", "approved", argc, argv);
}

static int cancel(int argc, char **argv)
{
    return say(&cmd_cancel, "cancel", "cancelled", argc, argv);
}

const CliCommand cmd_inject = {"inject", "INJECT", "fire a manual inject", inject};
const CliCommand cmd_approve = {"approve", "INJECT", "let a held inject begin", approve};
const CliCommand cmd_cancel = {"cancel", "INJECT", "end an inject before it has begun",
                               cancel};
