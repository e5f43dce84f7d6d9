#include "orchestrator/cli/cli.h"

#include "scoreboard/observed.h"

#include <stdio.h>
#include <string.h>

/* Where pages come from: the daemon, or the journal of a drill whose daemon is gone. */
typedef struct {
    RpcClient *so_client;
    Journal *so_journal;
    Plan *so_plan;
    const char *so_host, *so_what, *so_player;
    ObservedFilter so_filter;
    gint64 so_seq; /* where the next page begins */
    gint64 so_row;
} Source;

static void put(json_t *params, const char *name, const char *value)
{
    if (value)
        json_object_set_new(params, name, json_string(value));
}

/* The next page, or NULL with *status. */
static json_t *next_page(Source *source, int *status)
{
    g_autoptr(GError) error = NULL;
    json_t *page;

    if (source->so_client) {
        json_t *params = json_pack("{s:I, s:I}", "seq", (json_int_t)source->so_seq, "row",
                                   (json_int_t)source->so_row);
        put(params, "host", source->so_host);
        put(params, "what", source->so_what);
        put(params, "player", source->so_player);
        page = cli_call(source->so_client, "observations", params, 30000, status);
    } else {
        page = observed_page(source->so_journal, source->so_plan, source->so_seq,
                             (guint)source->so_row, &source->so_filter, &error);
        if (!page)
            *status = cli_fail(EXIT_FAIL, "%s", error->message);
    }
    if (page) {
        source->so_seq = json_integer_value(json_object_get(page, "seq"));
        source->so_row = json_integer_value(json_object_get(page, "row"));
    }
    return page;
}

static void print_row(const json_t *row, gboolean json)
{
    if (json) {
        json_dumpf(row, stdout, JSON_COMPACT);
        putchar('\n');
        return;
    }
    g_autofree char *line = observed_line(row);
    printf("%s\n", line);
}

/* What there is now: printed, or added to list. */
static gboolean take_all(Source *source, json_t *list, gboolean json, int *status)
{
    gboolean more = TRUE;

    while (more && !cli_interrupted_pending()) {
        json_t *page = next_page(source, status), *row;
        gsize i;
        if (!page)
            return FALSE;
        json_array_foreach (json_object_get(page, "rows"), i, row) {
            if (list)
                json_array_append(list, row);
            else
                print_row(row, json);
        }
        more = json_is_true(json_object_get(page, "more"));
        json_decref(page);
    }
    fflush(stdout);
    return TRUE;
}

/* Each batch is told of by an event; its rows are asked for. */
static int keep_up(Source *source, gboolean json)
{
    int status = EXIT_OK;
    g_autoptr(GError) error = NULL;
    json_t *answer =
        cli_call(source->so_client, "subscribe",
                 json_pack("{s:I}", "after", (json_int_t)G_MAXINT32), 5000, &status);

    if (!answer)
        return status;
    json_decref(answer);
    cli_catch_signals();
    gboolean go_on = take_all(source, NULL, json, &status);
    while (go_on && !cli_interrupted() && !error) {
        json_t *message = rpc_client_next(source->so_client, 500, &error);
        const char *kind = json_string_value(
            json_object_get(json_object_get(message, "params"), "kind"));
        if (g_strcmp0(kind, "observe.batch/1") == 0)
            go_on = take_all(source, NULL, json, &status);
        json_decref(message);
    }
    return status;
}

static gboolean open_source(Source *source, const Drill *drill, int *status)
{
    g_autoptr(GError) error = NULL;

    source->so_plan = drill_plan(drill, &error);
    if (!source->so_plan) {
        *status = cli_fail(EXIT_FAIL, "drill %s: %s", drill->dr_name, error->message);
        return FALSE;
    }
    source->so_filter = (ObservedFilter){-1, 0, source->so_player};
    if (source->so_host && (source->so_filter.of_host =
                                plan_host_index(source->so_plan, source->so_host)) < 0) {
        *status = cli_fail(EXIT_USAGE,
                           "--host: \"%s\" is no host of the drill; `parry "
                           "status %s` lists them",
                           source->so_host, drill->dr_name);
        return FALSE;
    }
    if (source->so_what &&
        !observed_whats(source->so_what, &source->so_filter.of_whats, &error)) {
        *status = cli_fail(EXIT_USAGE, "--what: %s", error->message);
        return FALSE;
    }
    if (drill->dr_alive) {
        source->so_client = cli_connect(drill, status);
        return source->so_client != NULL;
    }
    source->so_journal = journal_open_read(drill->dr_dir, &error);
    if (!source->so_journal)
        *status = cli_fail(EXIT_FAIL, "drill %s: %s", drill->dr_name, error->message);
    return source->so_journal != NULL;
}

static int show(Source *source, const Drill *drill, gboolean is_following, gboolean json)
{
    int status = EXIT_OK;
    json_t *list;

    if (!open_source(source, drill, &status))
        return status;
    if (is_following && !source->so_client)
        return cli_fail(EXIT_NO_DRILL,
                        "drill %s does not run: there is nothing to follow",
                        drill->dr_name);
    if (is_following)
        return keep_up(source, json);
    list = json ? json_array() : NULL;
    if (!take_all(source, list, json, &status)) {
        json_decref(list);
        return status;
    }
    return json ? cli_json(list) : EXIT_OK;
}

static int run(int argc, char **argv)
{
    g_autofree char *host = NULL, *what = NULL, *player = NULL;
    gboolean json = FALSE, is_following = FALSE;
    int status = EXIT_OK;
    const GOptionEntry entries[] = {
        {"host", 0, 0, G_OPTION_ARG_STRING, &host, "of this host only", "HOST"},
        {"what", 0, 0, G_OPTION_ARG_STRING, &what, "of these kinds only: exec,file,…",
         "KINDS"},
        {"player", 0, 0, G_OPTION_ARG_STRING, &player, "of this player only", "PLAYER"},
        {"follow", 'f', 0, G_OPTION_ARG_NONE, &is_following, "and what comes", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON, with --follow one a line",
         NULL},
        G_OPTION_ENTRY_NULL,
    };

    if (!cli_options(&cmd_observations, entries, &argc, &argv, 0, 1, &status))
        return status;
    g_autoptr(Drill) drill = cli_drill(argc > 1 ? argv[1] : NULL, &status);
    if (!drill)
        return status;
    Source source = {.so_host = host, .so_what = what, .so_player = player, .so_seq = 1};
    status = show(&source, drill, is_following, json);
    rpc_client_free(source.so_client);
    journal_close(source.so_journal);
    plan_free(source.so_plan);
    return status;
}

const CliCommand cmd_observations = {"observations", "[NAME]",
                                     "what agents saw being done on hosts", run};
