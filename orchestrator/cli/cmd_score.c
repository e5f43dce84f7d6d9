#include "orchestrator/cli/cli.h"

#include "scoreboard/view.h"

#include <stdio.h>

/* From the journal alone: the drill need not run. */
static json_t *board_from_journal(const Drill *drill, const char *lang, int *status)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = drill_plan(drill, &error);
    g_autoptr(Journal) journal = plan ? journal_open_read(drill->dr_dir, &error) : NULL;
    g_autoptr(Ledger) ledger = journal ? ledger_read(plan, journal, 0, &error) : NULL;
    Viewer white = {ROLE_DIRECTOR, -1, 0};

    if (ledger)
        return view_board_json(&white, plan, ledger, lang);
    *status = cli_fail(EXIT_FAIL, "drill %s: %s", drill->dr_name, error->message);
    return NULL;
}

static void draw(const json_t *board, const char *lang, gboolean live)
{
    g_autofree char *text = view_board_text(board, cli_columns(), cli_colour(1), lang);

    printf("%s%s%s", live && cli_colour(1) ? "\033[H\033[J" : "", text, live ? "\n" : "");
    fflush(stdout);
}

static int live(const Drill *drill, const char *lang)
{
    int status = EXIT_OK;
    g_autoptr(RpcClient) client = cli_connect(drill, &status);
    g_autoptr(GError) error = NULL;
    json_t *answer;

    if (!client)
        return status;
    cli_catch_signals();
    answer = cli_call(client, "subscribe", json_pack("{s:s}", "lang", lang), -1, &status);
    if (!answer)
        return status;
    json_decref(answer);
    while (!cli_interrupted() && !error) {
        json_t *message = rpc_client_next(client, 500, &error);
        const char *method = json_string_value(json_object_get(message, "method"));
        if (g_strcmp0(method, "board") == 0)
            draw(json_object_get(message, "params"), lang, TRUE);
        json_decref(message);
    }
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    g_autofree char *lang = NULL;
    gboolean json = FALSE, is_live = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"live", 'l', 0, G_OPTION_ARG_NONE, &is_live, "keep it on the screen", NULL},
        {"lang", 0, 0, G_OPTION_ARG_STRING, &lang, "en or zh-Hant", "LANG"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_score, entries, &argc, &argv, 0, 1, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(argc > 1 ? argv[1] : NULL, &status);
    if (!drill)
        return status;
    if (is_live)
        return live(drill, lang ? lang : "en");
    json_t *board = board_from_journal(drill, lang ? lang : "en", &status);
    if (!board)
        return status;
    if (json)
        return cli_json(board);
    draw(board, lang ? lang : "en", FALSE);
    json_decref(board);
    return EXIT_OK;
}

const CliCommand cmd_score = {"score", "[NAME]", "the text scoreboard, once or --live",
                              run};
