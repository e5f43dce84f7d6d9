#include "orchestrator/cli/cli.h"

#include "orchestrator/host/host.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

int cli_fail(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    fprintf(stderr, "%sparry: %s%s\n", cli_colour(2) ? "\033[31m" : "", text,
            cli_colour(2) ? "\033[0m" : "");
    return status;
}

gboolean cli_options(const CliCommand *command, const GOptionEntry *entries, int *argc,
                     char ***argv, int min, int max, int *status)
{
    g_autoptr(GOptionContext) context = g_option_context_new(command->cc_args);
    g_autofree char *program = g_strconcat("parry ", command->cc_name, NULL);
    g_autoptr(GError) error = NULL;

    g_set_prgname(program);
    g_option_context_set_summary(context, command->cc_summary);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    *status = EXIT_USAGE;
    if (!g_option_context_parse(context, argc, argv, &error)) {
        cli_fail(EXIT_USAGE, "%s; see `%s --help`", error->message, program);
        return FALSE;
    }
    /* GOption leaves the "--" that ended the options. */
    if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
        (*argv)++;
        (*argc)--;
    }
    if (*argc - 1 < min || *argc - 1 > max) {
        cli_fail(EXIT_USAGE, "usage: %s %s", program, command->cc_args);
        return FALSE;
    }
    return TRUE;
}

int cli_json(json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2));

    puts(text);
    free(text);
    json_decref(json);
    return EXIT_OK;
}

gboolean cli_colour(int fd)
{
    const char *no = getenv("NO_COLOR");

    return isatty(fd) && !(no && *no);
}

int cli_columns(void)
{
    struct winsize size;

    if (ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    return 80;
}

char *cli_size(guint64 bytes)
{
    return g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
}

Plan *cli_load(const char *path, char **set, ParryDiags *diags)
{
    PlanOptions options = {.po_set = (const char *const *)set};

    return plan_load_with(path, &options, diags);
}

Plan *cli_plan(const char *path, char **set, gboolean json, int *status)
{
    PlanOptions options = {.po_set = (const char *const *)set};

    return cli_plan_with(path, &options, json, status);
}

Plan *cli_plan_with(const char *path, const PlanOptions *options, gboolean json,
                    int *status)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = plan_load_with(path, options, diags);
    g_autofree char *text = parry_diags_text(diags, cli_colour(2));

    if (json && !plan)
        cli_json(parry_diags_json(diags));
    else
        fputs(text, stderr);
    if (!plan)
        *status = EXIT_SCENARIO;
    return plan;
}

gboolean cli_refuse_unbuilt(const Plan *plan, int *status)
{
    const GPtrArray *unbuilt = plan_unbuilt(plan);

    for (guint i = 0; i < unbuilt->len; i++) {
        const PlanUnbuilt *key = unbuilt->pdata[i];
        fprintf(stderr, "%s:%d:%d: error: `%s` is not built yet: this drill cannot run\n",
                key->pb_file, key->pb_line, key->pb_column, key->pb_key);
    }
    if (unbuilt->len)
        *status = EXIT_SCENARIO;
    return unbuilt->len > 0;
}

static Drill *only_drill(const char *home, int *status)
{
    g_autoptr(GPtrArray) all = drill_list(home);
    Drill *one = NULL;
    guint alive = 0;

    for (guint i = 0; i < all->len; i++) {
        Drill *drill = all->pdata[i];
        if (drill->dr_alive || (all->len == 1)) {
            one = drill;
            alive++;
        }
    }
    if (alive == 1)
        return drill_open(one->dr_dir, NULL);
    *status =
        cli_fail(EXIT_NO_DRILL, alive ? "several drills run: name one (`parry status`)"
                                      : "no drill runs; name one (`parry status`)");
    return NULL;
}

Drill *cli_drill(const char *name, int *status)
{
    g_autofree char *home = drill_home();
    g_autoptr(GError) error = NULL;

    if (!name)
        return only_drill(home, status);
    g_autofree char *dir = drill_dir(home, name);
    Drill *drill = strchr(name, '/') ? NULL : drill_open(dir, &error);
    if (!drill)
        *status =
            cli_fail(EXIT_NO_DRILL, "no drill \"%s\" in %s; `parry status` lists them",
                     name, home);
    return drill;
}

const char *cli_dead_state(const Drill *drill)
{
    g_autofree char *run = g_build_filename(drill->dr_dir, "run", NULL);
    g_autofree char *moved = drill_moved(drill->dr_dir);

    if (moved)
        return "moved";
    return g_file_test(run, G_FILE_TEST_EXISTS) ? "crashed" : "down";
}

/* What to type where nobody answers. */
static int say_dead(const Drill *drill)
{
    const char *name = drill->dr_name;

    if (strcmp(cli_dead_state(drill), "down") == 0)
        return cli_fail(EXIT_NO_DRILL,
                        "drill %s is down: its VMs are removed; journal and report stay "
                        "in %s",
                        name, drill->dr_dir);
    return cli_fail(EXIT_NO_DRILL,
                    "drill %s: its daemon does not run; `parry up %s` goes on with it, "
                    "`parry down %s` removes what it left",
                    name, name, name);
}

RpcClient *cli_connect(const Drill *drill, int *status)
{
    g_autofree char *path = drill_socket(drill, "white.sock");
    g_autoptr(GError) error = NULL;
    RpcClient *client;

    if (!drill->dr_alive) {
        *status = say_dead(drill);
        return NULL;
    }
    client = rpc_client_connect(path, &error);
    if (!client)
        *status = cli_fail(EXIT_FAIL, "drill %s: %s", drill->dr_name, error->message);
    return client;
}

json_t *cli_call(RpcClient *client, const char *method, json_t *params, int timeout_ms,
                 int *status)
{
    g_autoptr(GError) error = NULL;
    json_t *result = rpc_client_call(client, method, params, timeout_ms, &error);

    if (result)
        return result;
    *status = error->code == RPC_STATE       ? EXIT_STATE
              : error->code == RPC_NOT_FOUND ? EXIT_NO_DRILL
                                             : EXIT_FAIL;
    cli_fail(*status, "%s", error->message);
    return NULL;
}

char *cli_uri(const Drill *drill)
{
    g_autofree char *home = drill_home();
    g_auto(HostStatus) host = {0};

    if (drill && drill->dr_connect)
        return g_strdup(drill->dr_connect);
    if (!host_status(home, &host, NULL) || !host.running)
        return NULL;
    return g_strdup(host.uri);
}

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void cli_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

gboolean cli_interrupted(void)
{
    gboolean was = interrupted != 0;

    interrupted = 0;
    return was;
}

gboolean cli_interrupted_pending(void)
{
    return interrupted != 0;
}

gboolean cli_ask(const char *question)
{
    char answer[16] = "";

    if (!isatty(STDIN_FILENO))
        return FALSE;
    fprintf(stderr, "%s [y/N] ", question);
    ssize_t n = read(STDIN_FILENO, answer, sizeof(answer) - 1);
    return n > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}
