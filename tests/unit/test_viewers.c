/* Who looks on and stops reading: parryd neither waits nor grows for them. */
#include "orchestrator/daemon/control.h"
#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/signer.h"
#include "tests/unit/cunit_main.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS 12000
#define EVENTS_READ 2500 /* less than a backlog: a slow machine may lag behind */
#define EVENT_BYTES 1000
#define GROWTH_MAX_KB                                                                    \
    (24 * 1024) /* a backlog of 4 MiB a viewer, and what malloc keeps                    \
                 */
#define PATIENCE_US (60 * (gint64)G_USEC_PER_SEC)
#define STOPPED 2

typedef struct {
    char *home;
    Drill *drill;
    Daemon d;
} World;

static Plan *plan_new(const char *path)
{
    static const char text[] = "parry: 1\n"
                               "drill: {name: looked-at, start: 2026-11-13T09:00, "
                               "duration: 10h}\n"
                               "teams: {health: {side: blue}}\n";
    g_autoptr(ParryDiags) diags = parry_diags_new();

    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
    Plan *plan = plan_load(path, NULL, diags);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static void world_begin(World *world)
{
    g_autoptr(GError) error = NULL;
    Daemon *d = &world->d;

    world->home = g_dir_make_tmp("parry-looked-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(world->home, "d.yaml", NULL);
    Plan *plan = plan_new(path);
    world->drill =
        drill_create(world->home, "looked-at", path, plan, NULL, FALSE, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world->drill);
    *d = (Daemon){.dm_home = world->home,
                  .dm_dir = world->drill->dr_dir,
                  .dm_plan = plan,
                  .dm_reason = g_strdup(""),
                  .dm_base = event_base_new()};
    g_queue_init(&d->dm_then);
    d->dm_journal = journal_create(d->dm_dir, &error);
    CU_ASSERT_TRUE_FATAL(d->dm_journal && signer_open(d, &error));
    journal_hurry(d->dm_journal, NULL);
    d->dm_ledger = ledger_new(plan);
    daemon_modules_new(d);
    d->dm_control = control_new(d, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d->dm_control);
    daemon_barrier(d);
}

static void world_end(World *world)
{
    Daemon *d = &world->d;

    control_free(d->dm_control);
    d->dm_control = NULL;
    daemon_modules_free(d);
    signer_close(d);
    ledger_free(d->dm_ledger);
    journal_close(d->dm_journal);
    plan_free(d->dm_plan);
    event_base_free(d->dm_base);
    g_free(d->dm_reason);
    drill_free(world->drill);
    CU_ASSERT_TRUE(drill_remove_tree(world->home, NULL));
    g_free(world->home);
}

/* ---- the viewers, each a process of its own ---- */

static RpcClient *follow(const Drill *drill)
{
    g_autofree char *path = drill_socket(drill, "white.sock");
    RpcClient *client = rpc_client_connect(path, NULL);

    if (!client)
        _exit(2);
    json_decref(rpc_client_call(client, "subscribe", NULL, 10000, NULL));
    return client;
}

/* As a viewer in a pipe that nobody reads: it has subscribed, and stands. */
static pid_t viewer_stopped(const Drill *drill)
{
    pid_t pid = fork();

    if (pid == 0) {
        RpcClient *client = follow(drill);
        raise(SIGSTOP);
        rpc_client_free(client);
        _exit(0);
    }
    return pid;
}

/* Reads all that comes; 0 when it has seen every event. */
static pid_t viewer_reading(const Drill *drill, int told)
{
    pid_t pid = fork();

    if (pid == 0) {
        RpcClient *client = follow(drill);
        int seen = 0;
        if (write(told, "", 1) != 1)
            _exit(2);
        while (seen < EVENTS_READ) {
            json_t *message = rpc_client_next(client, 30000, NULL);
            const json_t *params = json_object_get(message, "params");
            const char *kind = json_string_value(json_object_get(params, "kind"));
            if (!message)
                _exit(1);
            seen += g_strcmp0(kind, "helper.up/1") == 0;
            json_decref(message);
        }
        _exit(0);
    }
    return pid;
}

static void turn(World *world)
{
    event_base_loop(world->d.dm_base, EVLOOP_NONBLOCK);
    daemon_barrier(&world->d);
}

static long resident_kb(void)
{
    g_autofree char *text = NULL;
    const char *at;

    if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL) ||
        !(at = strstr(text, "VmRSS:")))
        return -1;
    return strtol(at + strlen("VmRSS:"), NULL, 10);
}

/* TRUE once it has stopped itself. */
static gboolean is_stopped(World *world, pid_t pid)
{
    gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
    int status;

    while (g_get_monotonic_time() < deadline) {
        turn(world);
        if (waitpid(pid, &status, WUNTRACED | WNOHANG) == pid)
            return WIFSTOPPED(status);
    }
    return FALSE;
}

/* The longest turn of the loop. */
static gint64 flood(World *world, int events)
{
    g_autofree char *words = g_strnfill(EVENT_BYTES, 'w');
    gint64 longest = 0;

    for (int i = 0; i < events; i++) {
        gint64 start = g_get_monotonic_time();
        daemon_event(&world->d, "helper.up/1", "parryd", -1, -1, 0,
                     json_pack("{s:s, s:s}", "name", "test", "reason", words));
        if (i % 10 == 0)
            turn(world);
        longest = MAX(longest, g_get_monotonic_time() - start);
    }
    return longest;
}

/* It has read all, or nobody can tell any more. */
static int ended(World *world, pid_t pid)
{
    gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
    int status = -1;

    while (g_get_monotonic_time() < deadline) {
        turn(world);
        if (waitpid(pid, &status, WNOHANG) == pid)
            return status;
    }
    return -1;
}

/* By how much parryd grows over the flood, so many viewers standing. */
static long growth_kb(int viewers)
{
    World world;
    pid_t stopped[STOPPED];

    world_begin(&world);
    for (int i = 0; i < viewers; i++) {
        stopped[i] = viewer_stopped(world.drill);
        CU_ASSERT_TRUE(is_stopped(&world, stopped[i]));
    }
    long before = resident_kb();
    gint64 longest = flood(&world, EVENTS);
    long grown = resident_kb() - before;
    CU_ASSERT_TRUE(longest < 2 * G_USEC_PER_SEC); /* it never waited for them */
    for (int i = 0; i < viewers; i++) {
        kill(stopped[i], SIGKILL);
        waitpid(stopped[i], NULL, 0);
    }
    world_end(&world);
    return grown;
}

/* The same flood without them, in a process that has grown no less, is the measure: what
 * the events themselves take, and what a sanitizer keeps back. */
static void those_that_stop_are_let_go(void)
{
    growth_kb(0);
    long alone = growth_kb(0), beside = growth_kb(STOPPED);

    if (beside - alone >= GROWTH_MAX_KB)
        fprintf(stderr, "%ld KiB more, %ld without viewers\n", beside, alone);
    CU_ASSERT_TRUE(beside - alone < GROWTH_MAX_KB);
}

static void one_that_reads_hears_all_beside_them(void)
{
    World world;
    int told[2];
    char byte;

    world_begin(&world);
    pid_t stopped = viewer_stopped(world.drill);
    CU_ASSERT_TRUE(is_stopped(&world, stopped));
    CU_ASSERT_EQUAL_FATAL(pipe2(told, O_CLOEXEC | O_NONBLOCK), 0);
    pid_t reading = viewer_reading(world.drill, told[1]);
    while (read(told[0], &byte, 1) != 1 && !waitpid(reading, NULL, WNOHANG))
        turn(&world);
    flood(&world, EVENTS_READ);
    CU_ASSERT_EQUAL(ended(&world, reading), 0);
    kill(stopped, SIGKILL);
    waitpid(stopped, NULL, 0);
    close(told[0]);
    close(told[1]);
    world_end(&world);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"those that stop reading are let go", those_that_stop_are_let_go},
        {"one that reads hears all beside them", one_that_reads_hears_all_beside_them},
        CU_TEST_INFO_NULL,
    };

    signal(SIGPIPE, SIG_IGN);
    return cunit_main("viewers", tests);
}
