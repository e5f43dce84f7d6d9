/*
 * `parry status` of a drill of many hosts without guests: a daemon's modules and its
 * white.sock in a process of its own, every host as it stands in a drill that runs, one
 * in fifty of them in trouble. How long the whole command takes, for people and as JSON,
 * beside the same program doing nothing; how long the daemon's answer takes, beside a
 * call that it refuses at once; and the same of a drill whose daemon was killed, out of a
 * journal of so many events, beside SQLite reading the same rows. Nothing is asserted.
 *
 *   bench-status [HOSTS [EVENTS [ROUNDS]]]     (default 500 200000 30)
 */
#include "orchestrator/daemon/control.h"
#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/signer.h"
#include "tests/bench/machine.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEAM_HOSTS 25
#define TROUBLE 50 /* one host in so many */

static void must(gboolean ok, const GError *error)
{
    if (!ok)
        g_error("%s", error ? error->message : "failed");
}

static Plan *plan_of(guint hosts, const char *path)
{
    GString *text = g_string_new(
        "parry: 1\n"
        "drill: {name: bench, start: 2026-11-13T09:00, duration: 10h}\n"
        "scope: {authorised-by: Control, safety-officer: Officer, allow: [T1491]}\n"
        "networks: {internet: {cidr: 10.0.0.0/16}}\n");
    ParryDiags *diags = parry_diags_new();
    g_autoptr(GError) error = NULL;

    g_string_append_printf(text,
                           "teams: {blue: {side: blue, count: %u, estate: site}}\n"
                           "estates:\n  site:\n    hosts:\n",
                           MAX(hosts / TEAM_HOSTS, 1));
    for (guint i = 0; i < MIN(hosts, TEAM_HOSTS); i++)
        g_string_append_printf(text,
                               "      h%u: {image: micro, nics: {internet: auto}}\n", i);
    must(g_file_set_contents(path, text->str, -1, &error), error);
    g_string_free(text, TRUE);
    Plan *plan = plan_load(path, NULL, diags);
    if (!plan)
        g_error("%s", parry_diags_text(diags, FALSE));
    parry_diags_free(diags);
    return plan;
}

/* ---- the daemon ---- */

static void stand(Daemon *d)
{
    for (guint i = 0; i < d->dm_plan->p_hosts->len; i++) {
        daemon_event(d, "domain.wanted/1", "parryd", -1, (int)i, 0, json_object());
        if (i % TROUBLE == 0) {
            daemon_event(d, "domain.failed/1", "parryd", -1, (int)i, 0,
                         json_pack("{s:s}", "reason", "start: no memory is left"));
            hosts_set(d->dm_hosts, (int)i, HOST_FAILED, "start: no memory is left");
        } else {
            daemon_event(d, "agent.ready/1", "agent", -1, (int)i, 0, json_object());
            hosts_set(d->dm_hosts, (int)i, HOST_READY, NULL);
        }
    }
    daemon_set_state(d, DRILL_RUNNING, "bench", "");
}

static void fill(Daemon *d, guint events)
{
    for (guint i = 0; i < events; i++) {
        daemon_event(d, "order.started/1", "agent", -1,
                     (int)(i % d->dm_plan->p_hosts->len), 0, json_object());
        if (i % 5000 == 0)
            daemon_barrier(d);
    }
    daemon_barrier(d);
}

/* Never returns. */
static void serve(const char *home, const Drill *drill, Plan *plan, guint events,
                  int told)
{
    Daemon *d = g_new0(Daemon, 1);
    g_autoptr(GError) error = NULL;

    d->dm_home = g_strdup(home);
    d->dm_dir = g_strdup(drill->dr_dir);
    d->dm_plan = plan;
    d->dm_reason = g_strdup("");
    d->dm_base = event_base_new();
    g_queue_init(&d->dm_then);
    d->dm_journal = journal_create(d->dm_dir, &error);
    must(d->dm_journal && signer_open(d, &error), error);
    d->dm_ledger = ledger_new(d->dm_plan);
    daemon_modules_new(d);
    stand(d);
    fill(d, events);
    d->dm_control = control_new(d, &error);
    must(d->dm_control != NULL, error);
    must(write(told, "", 1) == 1, NULL);
    for (;;) {
        event_base_loop(d->dm_base, EVLOOP_ONCE);
        daemon_barrier(d);
    }
}

static pid_t daemon_start(const char *home, const Drill *drill, Plan *plan, guint events)
{
    int told[2];
    char byte;
    pid_t pid;

    must(pipe(told) == 0, NULL);
    pid = fork();
    if (pid == 0)
        serve(home, drill, plan, events, told[1]);
    close(told[1]);
    must(read(told[0], &byte, 1) == 1, NULL);
    close(told[0]);
    return pid;
}

/* ---- measuring ---- */

static int by_time(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

typedef struct {
    double fi_median, fi_most; /* ms */
    gsize fi_bytes;            /* that the command printed */
} Figure;

static Figure figure_of(GArray *times)
{
    g_array_sort(times, by_time);
    return (Figure){g_array_index(times, double, times->len / 2),
                    g_array_index(times, double, times->len - 1), 0};
}

static void run_command(char **argv, gsize *bytes)
{
    g_autofree char *out = NULL, *err = NULL;
    g_autoptr(GError) error = NULL;
    int status;

    must(g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &out, &err, &status, &error),
         error);
    if (!g_spawn_check_wait_status(status, NULL))
        g_error("%s %s: %s", argv[0], argv[1], err);
    *bytes = strlen(out);
}

static Figure command(guint rounds, ...) G_GNUC_NULL_TERMINATED;

static Figure command(guint rounds, ...)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *word;
    Figure figure;
    gsize bytes = 0;
    va_list words;

    g_ptr_array_add(argv, (char *)PARRY_BINARY_DIR "/bin/parry");
    va_start(words, rounds);
    while ((word = va_arg(words, const char *)))
        g_ptr_array_add(argv, (char *)word);
    va_end(words);
    g_ptr_array_add(argv, NULL);
    for (guint i = 0; i < rounds; i++) {
        gint64 start = g_get_monotonic_time();
        run_command((char **)argv->pdata, &bytes);
        double ms = (double)(g_get_monotonic_time() - start) / 1000;
        g_array_append_val(times, ms);
    }
    figure = figure_of(times);
    figure.fi_bytes = bytes;
    return figure;
}

static Figure calls(const char *path, const char *method, guint rounds)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GError) error = NULL;
    g_autoptr(RpcClient) client = rpc_client_connect(path, &error);

    must(client != NULL, error);
    for (guint i = 0; i < rounds; i++) {
        gint64 start = g_get_monotonic_time();
        json_decref(rpc_client_call(client, method, NULL, 5000, NULL));
        double ms = (double)(g_get_monotonic_time() - start) / 1000;
        g_array_append_val(times, ms);
    }
    return figure_of(times);
}

/* The rows of the journal's projections, by bare SQLite. */
static Figure bare_rows(const char *dir, guint rounds)
{
    g_autofree char *path = g_build_filename(dir, "journal.db", NULL);
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));

    for (guint i = 0; i < rounds; i++) {
        gint64 start = g_get_monotonic_time();
        sqlite3_stmt *stmt = NULL;
        sqlite3 *db = NULL;
        must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                 sqlite3_prepare_v2(db, "SELECT * FROM host_state", -1, &stmt, NULL) ==
                     SQLITE_OK,
             NULL);
        while (sqlite3_step(stmt) == SQLITE_ROW)
            ;
        sqlite3_finalize(stmt);
        sqlite3_close(db);
        double ms = (double)(g_get_monotonic_time() - start) / 1000;
        g_array_append_val(times, ms);
    }
    return figure_of(times);
}

static void print_row(const char *what, Figure figure, Figure base, const char *of)
{
    printf("%-34s %7.1f ms, most %7.1f; %5.1f times %s", what, figure.fi_median,
           figure.fi_most, figure.fi_median / MAX(base.fi_median, 0.001), of);
    if (figure.fi_bytes)
        printf("; %zu bytes", figure.fi_bytes);
    printf("\n");
}

static void measure_alive(const Drill *drill, guint rounds, Figure nothing)
{
    g_autofree char *path = drill_socket(drill, "white.sock");
    Figure bare = calls(path, "no-such-method", rounds);

    print_row("daemon: a call that it refuses", bare, bare, "itself");
    print_row("daemon: status", calls(path, "status", rounds), bare, "that");
    print_row("parry status NAME", command(rounds, "status", "bench", NULL), nothing,
              "parry --version");
    print_row("parry status NAME --all",
              command(rounds, "status", "bench", "--all", NULL), nothing,
              "parry --version");
    print_row("parry status NAME --json",
              command(rounds, "status", "bench", "--json", NULL), nothing,
              "parry --version");
    print_row("parry status", command(rounds, "status", NULL), nothing,
              "parry --version");
}

static void measure_dead(const Drill *drill, guint rounds, Figure nothing)
{
    Figure bare = bare_rows(drill->dr_dir, rounds);

    print_row("crashed: bare SQLite, its rows", bare, bare, "itself");
    print_row("crashed: parry status NAME", command(rounds, "status", "bench", NULL),
              nothing, "parry --version");
    print_row("crashed: parry status NAME --json",
              command(rounds, "status", "bench", "--json", NULL), nothing,
              "parry --version");
}

static guint argument(int argc, char **argv, int i, guint otherwise)
{
    return i < argc ? (guint)strtoul(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *home = g_dir_make_tmp("parry-bench-XXXXXX", &error);
    guint hosts = argument(argc, argv, 1, 500), events = argument(argc, argv, 2, 200000);
    guint rounds = argument(argc, argv, 3, 30);

    must(home != NULL, error);
    setvbuf(stdout, NULL, _IOLBF, 0);
    g_setenv("PARRY_HOME", home, TRUE);
    g_autofree char *path = g_build_filename(home, "bench.yaml", NULL);
    Plan *plan = plan_of(hosts, path);
    g_autoptr(Drill) drill = drill_create(home, "bench", path, plan, NULL, FALSE, &error);
    must(drill != NULL, error);
    g_autofree char *libraries = g_strdup_printf(
        "SQLite %s, jansson %s", sqlite3_libversion(), jansson_version_str());
    machine_print(libraries);
    printf("%u hosts in %u teams, %u events, %u rounds, medians\n", plan->p_hosts->len,
           plan->p_teams->len, events, rounds);
    pid_t pid = daemon_start(home, drill, plan, events);
    Figure nothing = command(rounds, "--version", NULL);
    print_row("parry --version", nothing, nothing, "itself");
    measure_alive(drill, rounds, nothing);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    measure_dead(drill, rounds, nothing);
    plan_free(plan);
    if (!drill_remove_tree(home, &error))
        g_warning("%s", error->message);
    return 0;
}
