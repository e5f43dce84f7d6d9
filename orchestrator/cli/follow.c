/*
 * Following a drill: its notifications turned into a table of VMs while it is
 * provisioned, and into a timeline while it runs. In a pipe each change is one plain
 * line.
 */
#include "orchestrator/cli/cli.h"

#include "orchestrator/cli/stages.h"
#include "scenarios/base/duration.h"
#include "scoreboard/view.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 200
#define CALL_MS 5000

typedef struct {
    const Plan *fo_plan;
    FollowUntil fo_until;
    Stages *fo_stages; /* NULL once provisioned */
    int fo_code;       /* -1: go on */
    char **fo_reason;
    json_t *fo_board; /* the newest */
} Follow;

static void state_moved(Follow *follow, const json_t *body)
{
    const char *to = json_string_value(json_object_get(body, "to"));
    const char *reason = json_string_value(json_object_get(body, "reason"));
    static const char *const ends[] = {
        [FOLLOW_UNTIL_READY] = "ready",
        [FOLLOW_UNTIL_JUDGING] = "judging",
        [FOLLOW_UNTIL_PROVISIONAL] = "provisional",
    };

    if (!to)
        return;
    if (strcmp(to, ends[follow->fo_until]) == 0 ||
        (follow->fo_until == FOLLOW_UNTIL_READY && strcmp(to, "paused") == 0)) {
        follow->fo_code = EXIT_OK;
    } else if (strcmp(to, "failed") == 0 || strcmp(to, "down") == 0) {
        follow->fo_code = EXIT_FAIL;
        g_free(*follow->fo_reason);
        *follow->fo_reason = g_strdup(reason && *reason ? reason : to);
    }
}

static void show_event(const json_t *event)
{
    const char *text = json_string_value(json_object_get(event, "text"));

    if (text && *text)
        printf("%s\n", text);
    fflush(stdout);
}

static void on_notification(Follow *follow, const json_t *message)
{
    const char *method = json_string_value(json_object_get(message, "method"));
    const json_t *params = json_object_get(message, "params");
    const char *kind = json_string_value(json_object_get(params, "kind"));

    if (g_strcmp0(method, "board") == 0) {
        json_decref(follow->fo_board);
        follow->fo_board = json_incref((json_t *)params);
    } else if (g_strcmp0(method, "progress") == 0 && follow->fo_stages) {
        stages_progress(follow->fo_stages, params);
    } else if (g_strcmp0(method, "event") == 0 && kind) {
        if (follow->fo_stages)
            stages_event(follow->fo_stages, params);
        else
            show_event(params);
        if (strcmp(kind, "drill.state/1") == 0)
            state_moved(follow, json_object_get(params, "body"));
    }
}

/* A second Ctrl-C is a yes, and so is a question that nobody is there to answer. */
static gboolean really(void)
{
    char answer[16] = "";

    if (!isatty(0))
        return TRUE;
    fprintf(stderr, "\nend this drill and remove its VMs? [y/N] ");
    ssize_t n = read(0, answer, sizeof(answer) - 1);
    return cli_interrupted() || (n > 0 && (answer[0] == 'y' || answer[0] == 'Y'));
}

static void show_score(const Follow *follow)
{
    if (!follow->fo_board)
        return;
    g_autofree char *text =
        view_board_text(follow->fo_board, cli_columns(), cli_colour(1), "en");
    printf("\n%s", text);
    fflush(stdout);
}

/* The last board is on its way when the last state is: it comes within a beat. */
static void drain(Follow *follow, RpcClient *client)
{
    for (int i = 0; i < 5; i++) {
        json_t *message = rpc_client_next(client, TICK_MS, NULL);
        if (!message)
            continue;
        on_notification(follow, message);
        json_decref(message);
    }
}

static void follow_step(Follow *follow, RpcClient *client)
{
    g_autoptr(GError) error = NULL;
    json_t *message = rpc_client_next(client, TICK_MS, &error);

    if (message) {
        on_notification(follow, message);
        json_decref(message);
    } else if (error && !cli_interrupted_pending()) {
        follow->fo_code = EXIT_FAIL;
        g_free(*follow->fo_reason);
        *follow->fo_reason = g_strdup_printf("the daemon is gone: %s", error->message);
    }
    if (follow->fo_stages)
        stages_draw(follow->fo_stages);
    if (cli_interrupted() && really())
        follow->fo_code = EXIT_INTERRUPTED;
}

/* Those of a drill that is taken up are somewhere already. */
static void begin_stages(Follow *follow, RpcClient *client, gboolean json)
{
    json_t *hosts = rpc_client_call(client, "hosts", NULL, CALL_MS, NULL);

    follow->fo_stages = stages_new(follow->fo_plan, json);
    stages_hosts(follow->fo_stages, hosts);
    json_decref(hosts);
}

int follow(RpcClient *client, const Plan *plan, FollowUntil until, gboolean json,
           char **reason)
{
    Follow follow = {
        .fo_plan = plan, .fo_until = until, .fo_code = -1, .fo_reason = reason};

    if (until == FOLLOW_UNTIL_READY)
        begin_stages(&follow, client, json);
    while (follow.fo_code < 0)
        follow_step(&follow, client);
    if (follow.fo_stages) {
        stages_end(follow.fo_stages);
        stages_free(follow.fo_stages);
    } else if (follow.fo_code == EXIT_OK) {
        follow.fo_stages = NULL;
        drain(&follow, client);
        show_score(&follow);
    }
    json_decref(follow.fo_board);
    return follow.fo_code;
}
