#include "orchestrator/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What `up` and `run` have in common. */
static gboolean parse(const CliCommand *command, int argc, char **argv, Launch *launch,
                      int *status)
{
    const GOptionEntry entries[] = {
        {"rehearsal", 'r', 0, G_OPTION_ARG_NONE, &launch->la_rehearsal,
         "scripted players; the clock leaps when nothing is under way", NULL},
        {"keep", 'k', 0, G_OPTION_ARG_NONE, &launch->la_keep,
         "keep what there is: after a failure, and after a run", NULL},
        {"connect", 'c', 0, G_OPTION_ARG_STRING, &launch->la_connect,
         "use this libvirt, not Parry's own (or PARRY_CONNECT)", "URI"},
        {"gate", 0, 0, G_OPTION_ARG_STRING, &launch->la_gate,
         "where players' ssh listens (127.0.0.1:2222, or a free port)", "ADDR:PORT"},
        {"board", 0, 0, G_OPTION_ARG_STRING, &launch->la_board,
         "where the web scoreboard listens (127.0.0.1:8080, or a free port)",
         "ADDR:PORT"},
        {"boot-timeout", 0, 0, G_OPTION_ARG_INT, &launch->la_boot_timeout_s,
         "how long a VM may take to say hello (180)", "SECONDS"},
        {"no-clones", 0, 0, G_OPTION_ARG_NONE, &launch->la_no_clones,
         "boot every VM, restore none from the memory of another", NULL},
        {"yes", 'y', 0, G_OPTION_ARG_NONE, &launch->la_yes,
         "make again what is gone of a drill, without a question", NULL},
        {"degraded", 0, 0, G_OPTION_ARG_NONE, &launch->la_degraded,
         "begin without required hosts that cannot be made: their checks count for "
         "nobody, attacks on them fall away",
         NULL},
        CLI_SET(launch->la_set),
        {"json", 0, command == &cmd_up ? 0 : G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE,
         &launch->la_json, "progress and result as JSON, one object a line", NULL},
        G_OPTION_ENTRY_NULL,
    };
    const char *connect = g_getenv("PARRY_CONNECT");

    launch->la_boot_timeout_s = 180;
    if (!cli_options(command, entries, &argc, &argv, 1, 1, status))
        return FALSE;
    if (launch->la_json && command != &cmd_up) {
        *status = cli_fail(EXIT_USAGE, "%s: --json is for `up`", command->cc_name);
        return FALSE;
    }
    if (!launch->la_connect && connect && *connect)
        launch->la_connect = g_strdup(connect);
    launch->la_scenario = argv[1];
    return TRUE;
}

static void launch_clear(Launch *launch)
{
    g_free(launch->la_connect);
    g_free(launch->la_gate);
    g_free(launch->la_board);
    g_strfreev(launch->la_set);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Launch, launch_clear)

static const char *player_key(const Plan *plan, const PlanTeam *team, char **path)
{
    g_autofree char *home = drill_home();
    const PlanMember *member = team->pt_members->len ? team->pt_members->pdata[0] : NULL;

    if (!member || member->pm_key)
        return NULL;
    g_autofree char *name = g_strconcat(team->pt_id, "-", member->pm_name, NULL);
    *path = g_build_filename(home, "keys", plan->p_name, "players", name, NULL);
    return *path;
}

static const char *listen_of(const json_t *services, const char *name)
{
    json_t *service;
    gsize i;

    json_array_foreach (services, i, service)
        if (g_strcmp0(json_string_value(json_object_get(service, "name")), name) == 0)
            return json_string_value(json_object_get(service, "listen"));
    return NULL;
}

static void print_ways_in(const Plan *plan, const json_t *status)
{
    const json_t *services = json_object_get(status, "services");
    const char *gate = listen_of(services, "parry-gate");
    const char *board = listen_of(services, "parry-board");
    const char *port = gate ? strrchr(gate, ':') : NULL;

    printf("scoreboard: http://%s/\n", board ? board : "?");
    for (guint t = 0; port && t < plan->p_teams->len; t++) {
        const PlanTeam *team = plan_team(plan, (int)t);
        g_autofree char *path = NULL;
        if (team->pt_side != SIDE_RED && team->pt_side != SIDE_BLUE)
            continue;
        const char *key = player_key(plan, team, &path);
        printf("%-11s ssh%s%s -p %s %s@localhost\n",
               t ? "" : "terminals:", key ? " -i " : "", key ? key : "", port + 1,
               team->pt_id);
    }
    fflush(stdout);
}

static int show_ready(const Drill *drill, RpcClient *client)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = drill_plan(drill, &error);
    int code = EXIT_OK;
    json_t *status = plan ? cli_call(client, "status", NULL, -1, &code) : NULL;

    if (!plan)
        return cli_fail(EXIT_FAIL, "%s", error->message);
    if (!status)
        return code;
    print_ways_in(plan, status);
    json_decref(status);
    return EXIT_OK;
}

/* The last object: how it stands, without its hosts, which had theirs. */
static int tell_ready(RpcClient *client)
{
    static const char *const kept[] = {"name", "uuid", "state", "reason", "services"};
    int code = EXIT_OK;
    json_t *status = cli_call(client, "status", NULL, -1, &code), *out = json_object();

    for (gsize i = 0; status && i < G_N_ELEMENTS(kept); i++)
        json_object_set(out, kept[i], json_object_get(status, kept[i]));
    if (status) {
        char *text = json_dumps(out, JSON_COMPACT);
        puts(text);
        free(text);
    }
    json_decref(out);
    json_decref(status);
    return code;
}

/* Ready, or wherever it was when its daemon ended. */
static void say_where(const Drill *drill, RpcClient *client)
{
    int status = EXIT_OK;
    json_t *answer = cli_call(client, "status", NULL, -1, &status);
    const char *state = json_string_value(json_object_get(answer, "state"));
    const char *reason = json_string_value(json_object_get(answer, "reason"));

    if (!state)
        return;
    if (json_object_get(answer, "losses")) {
        fprintf(stderr, "drill %s goes on without:\n", drill->dr_name);
        consent_say(json_object_get(answer, "losses"));
    }
    if (strcmp(state, "ready") == 0)
        printf("drill %s is ready; `parry start %s` starts its clock\n", drill->dr_name,
               drill->dr_name);
    else if (strcmp(state, "paused") == 0)
        printf("drill %s is paused (%s); `parry resume %s` goes on\n", drill->dr_name,
               reason, drill->dr_name);
    else
        printf("drill %s goes on: %s\n", drill->dr_name, state);
    json_decref(answer);
}

static int up(int argc, char **argv)
{
    g_auto(Launch) launch = {0};
    RpcClient *client = NULL;
    int status = EXIT_OK;

    if (!parse(&cmd_up, argc, argv, &launch, &status))
        return status;
    Drill *there = launch_standing(&launch, &status);
    if (!there && status != EXIT_OK)
        return status;
    g_autoptr(Drill) drill = there ? launch_resume(&launch, there, &client, &status)
                                   : launch_up(&launch, &client, &status);
    if (!drill)
        return status;
    if (launch.la_json) {
        status = tell_ready(client);
    } else {
        status = show_ready(drill, client);
        say_where(drill, client);
    }
    rpc_client_free(client);
    return status;
}

/* The drill from its start to its report. The report is written whatever came of it. */
static int play(const Launch *launch, const Drill *drill, RpcClient *client)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = drill_plan(drill, &error);
    g_autofree char *reason = NULL;
    int status = EXIT_OK;
    json_t *answer = cli_call(client, "start", NULL, -1, &status);

    if (!answer)
        return status;
    json_decref(answer);
    printf("\n");
    status =
        follow(client, plan,
               launch->la_rehearsal ? FOLLOW_UNTIL_PROVISIONAL : FOLLOW_UNTIL_JUDGING,
               FALSE, &reason);
    if (status == EXIT_FAIL)
        cli_fail(status, "drill %s: %s", drill->dr_name, reason);
    return status;
}

static int run(int argc, char **argv)
{
    g_auto(Launch) launch = {0};
    RpcClient *client = NULL;
    int status = EXIT_OK;

    if (!parse(&cmd_run, argc, argv, &launch, &status))
        return status;
    g_autoptr(Drill) drill = launch_up(&launch, &client, &status);
    if (!drill)
        return status;
    show_ready(drill, client);
    status = play(&launch, drill, client);
    rpc_client_free(client);
    g_autoptr(Drill) now = drill_open(drill->dr_dir, NULL);
    int report = now ? report_print(now) : EXIT_NO_DRILL;
    if (launch.la_keep && status != EXIT_INTERRUPTED)
        printf("the drill is kept; `parry down %s` removes it\n", drill->dr_name);
    else if (now && launch_down(now, FALSE, FALSE) != EXIT_OK)
        return EXIT_FAIL;
    return status != EXIT_OK ? status : report;
}

const CliCommand cmd_up = {
    "up", "SCENARIO|NAME",
    "make the drill's VMs; or go on where its daemon or its machine died", up};
const CliCommand cmd_run = {"run", "SCENARIO",
                            "up, start, follow, report and down, in one", run};
