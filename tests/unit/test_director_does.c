/*
 * What Parry does in guests, seen from the host: limits of orders, what the dead-man and
 * white's stop end, what an attack left behind, agents that fall silent.
 */
#include "orchestrator/daemon/clocks.h"
#include "orchestrator/daemon/director.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/orders.h"
#include "orchestrator/daemon/residue.h"
#include "orchestrator/daemon/residue_diff.h"
#include "orchestrator/daemon/roster.h"
#include "orchestrator/daemon/silence.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/director_world.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define ATTACK(name, more, inner)                                                        \
    "  " name ": {" more ", for: health, host: web, technique: T1491, attack: {run: "    \
    "'spoil " name "', cleanup: 'undo " name "', " inner                                 \
    " effect: {command: {run: 'see " name "'}}}}\n"

/* ---- an agent that does as it is told here ---- */

static struct {
    World *world;
    DaemonDeliver next;
    gpointer next_data;
    const char *hold; /* orders with that word in their script are not answered */
    json_t *held;     /* the newest of them */
    int held_host;
    guint cleanups, snapshots, aborts;
    const char *before, *after; /* what snapshots say, one after another */
    GArray *ids;                /* of gint64: id << 8 | host, snapshots to be answered */
} agent;

static void take(int host, const json_t *msg, gpointer data)
{
    const char *kind = json_string_value(json_object_get(msg, "k"));
    const char *script = json_string_value(json_object_get(msg, "script"));
    gint64 key = json_integer_value(json_object_get(msg, "id")) << 8 | host;

    (void)data;
    agent.cleanups += script && g_str_has_prefix(script, "undo");
    agent.aborts += strcmp(kind, "abort") == 0;
    if (strcmp(kind, "snapshot") == 0) {
        agent.snapshots++;
        g_array_append_val(agent.ids, key);
    } else if (agent.hold && script && strstr(script, agent.hold)) {
        json_decref(agent.held);
        agent.held = json_deep_copy(msg);
        agent.held_host = host;
    } else {
        agent.next(host, msg, agent.next_data);
    }
}

static World *begin(const char *extra)
{
    World *world = world_new(extra, FALSE);

    memset(&agent, 0, sizeof(agent));
    agent.world = world;
    agent.next = world->d.dm_deliver;
    agent.next_data = world->d.dm_deliver_data;
    agent.ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    world->d.dm_deliver = take;
    return world;
}

static void end(World *world)
{
    world_free(world);
    json_decref(agent.held);
    g_array_unref(agent.ids);
}

static gint64 held_id(void)
{
    return json_integer_value(json_object_get(agent.held, "id"));
}

static gint64 held_int(const char *member)
{
    return json_integer_value(json_object_get(agent.held, member));
}

static void start_held(void)
{
    struct hub_head head = {.rc_type = HUB_STARTED, .rc_host = (uint32_t)agent.held_host};
    struct hub_started started = {.id = (uint64_t)held_id()};

    orders_record(agent.world->d.dm_orders, &head, &started, "");
    world_settle(agent.world);
}

static void end_held(int status, int exit, OrderDeadman deadman, const char *text)
{
    struct hub_head head = {.rc_type = HUB_RESULT,
                            .rc_host = (uint32_t)agent.held_host,
                            .rc_len = (uint32_t)strlen(text)};
    struct hub_result result = {.id = (uint64_t)held_id(),
                                .status = status,
                                .exit = exit,
                                .deadman = (int32_t)deadman};

    orders_record(agent.world->d.dm_orders, &head, &result, text);
    world_settle(agent.world);
}

static gboolean says(const char *kind, const char *inject, const char *member,
                     const char *text)
{
    g_autofree char *is = world_body(agent.world, kind, inject, member);

    if (!strstr(is, text))
        fprintf(stderr, "%s: %s is \"%s\", not \"%s\"\n", kind, member, is, text);
    return strstr(is, text) != NULL;
}

/* ---- orders ---- */

static void orders_are_limited(void)
{
    World *world = begin("injects:\n" ATTACK("plain", "at: 1h", "residue: false,") ATTACK(
        "tight", "at: 2h", "limits: {memory: 16M, processes: 9, output: 1K},"));
    const PlanHost *web =
        plan_host(world->d.dm_plan, plan_host_index(world->d.dm_plan, "health/web"));

    agent.hold = "spoil";
    world_to(world, HOUR);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(agent.held, "purpose")),
                           "attack");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(agent.held, "cleanup")),
                           "undo plain");
    CU_ASSERT_EQUAL(held_int("mem_kb"), (gint64)web->ph_memory / 2048);
    CU_ASSERT_EQUAL(held_int("procs"), LIMITS_PROCESSES);
    CU_ASSERT_EQUAL(held_int("out_max"), LIMITS_OUTPUT);
    end_held(HUB_DONE, 0, DEADMAN_NONE, "");
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(held_int("mem_kb"), 16384);
    CU_ASSERT_EQUAL(held_int("procs"), 9);
    CU_ASSERT_EQUAL(held_int("out_max"), 1024);
    end_held(HUB_DONE, 137, DEADMAN_NONE, "a process was killed at 16384 KiB of memory");
    CU_ASSERT_TRUE(says("inject.ended/1", "tight@health", "reason", "16384 KiB"));
    end(world);
}

static void a_deadman_ends_the_inject(void)
{
    World *world =
        begin("injects:\n" ATTACK("deaf", "at: 1h", "") ATTACK("left", "at: 2h", ""));

    agent.hold = "spoil";
    world_to(world, HOUR);
    start_held();
    end_held(HUB_FAILED, -1, DEADMAN_CLEANED, "killed: nothing from the host for 60 ms");
    CU_ASSERT_STRING_EQUAL(world_state(world, "deaf@health"), "failed");
    CU_ASSERT_TRUE(
        says("inject.ended/1", "deaf@health", "reason", "nothing from the host"));
    CU_ASSERT_TRUE(says("deadman.fired/1", "deaf@health", "cleanup", "done"));
    CU_ASSERT_EQUAL(agent.cleanups, 0); /* it ran in the guest */
    world_to(world, 2 * HOUR);
    start_held();
    end_held(HUB_FAILED, -1, DEADMAN_UNCLEANED,
             "killed: nothing from the host for 60 ms");
    CU_ASSERT_TRUE(says("deadman.fired/1", "left@health", "cleanup", "failed"));
    CU_ASSERT_EQUAL(agent.cleanups, 1); /* not there: from here */
    end(world);
}

/* What white stopped is not tried again when the drill goes on. */
static void a_stop_ends_orders(void)
{
    World *world = begin("injects:\n" ATTACK(
        "long", "at: 1h, retry: {times: 2, wait: 1m}", "residue: false,"));
    Daemon *d = &world->d;

    agent.hold = "spoil";
    world_to(world, HOUR);
    start_held();
    daemon_set_state(d, DRILL_STOPPED, "white", "enough");
    world_settle(world);
    CU_ASSERT_EQUAL(agent.aborts, d->dm_plan->p_hosts->len);
    CU_ASSERT_EQUAL(orders_in_flight(d->dm_orders), 1);
    daemon_set_state(d, DRILL_RUNNING, "white", "on");
    end_held(HUB_FAILED, -1, DEADMAN_NONE, "aborted by the host");
    CU_ASSERT_STRING_EQUAL(world_state(world, "long@health"), "failed");
    CU_ASSERT_TRUE(says("inject.ended/1", "long@health", "reason", "aborted: enough"));
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(world_count(world, "inject.retry/1", "long@health"), 0);
    CU_ASSERT_EQUAL(agent.cleanups, 1);
    end(world);
}

/* ---- what is left ---- */

#define FILE_ITEM(path, sha)                                                             \
    "{\"part\":\"files\",\"key\":\"" path "\",\"mode\":420,\"sha256\":\"" sha "\"}\n"
#define PROCESS(pid, args, more)                                                         \
    "{\"part\":\"processes\",\"key\":\"" pid "\",\"exe\":\"/bin/x\",\"args\":\"" args    \
    "\",\"ppid\":1,\"uid\":0" more "}\n"

static void answer_snapshots(const char *text)
{
    g_autoptr(GArray) ids = agent.ids;

    agent.ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < ids->len; i++) {
        gint64 key = g_array_index(ids, gint64, i);
        struct hub_head head = {
            .rc_type = HUB_OUT, .rc_host = key & 0xff, .rc_len = (uint32_t)strlen(text)};
        struct hub_out out = {.id = (uint64_t)(key >> 8), .stream = 1};
        struct hub_result result = {.id = (uint64_t)(key >> 8), .status = HUB_DONE};
        orders_record(agent.world->d.dm_orders, &head, &out, text);
        head.rc_type = HUB_RESULT;
        head.rc_len = 0;
        orders_record(agent.world->d.dm_orders, &head, &result, "");
    }
    world_settle(agent.world);
}

static void residue_is_told(void)
{
    World *world = begin("injects:\n" ATTACK("deface", "at: 1h", "")
                             ATTACK("clean", "at: 2h", "residue: false,"));

    world->d.dm_simulated = FALSE; /* its agents here know snapshots */
    world_to(world, HOUR);
    CU_ASSERT_EQUAL(agent.snapshots, 1);
    CU_ASSERT_EQUAL(world_executed(world, "deface@health"), -1); /* it waits for that */
    answer_snapshots(FILE_ITEM("/page", "aa") FILE_ITEM("/old", "bb")
                         PROCESS("7", "httpd", ""));
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@health"), "succeeded");
    CU_ASSERT_EQUAL(agent.cleanups, 1);
    CU_ASSERT_EQUAL(agent.snapshots, 2);
    CU_ASSERT_EQUAL(world_count(world, "residue/1", NULL), 0);
    answer_snapshots(FILE_ITEM("/page", "cc") FILE_ITEM("/tmp/.kept", "dd")
                         PROCESS("9", "httpd", "") PROCESS("11", "nc -l", "")
                             PROCESS("12", "looks", ",\"origin\":\"check\""));
    CU_ASSERT_TRUE(says("residue/1", "deface@health", "summary",
                        "file /tmp/.kept, process nc -l; gone: file /old; "
                        "changed: file /page"));
    world_to(world, 3 * HOUR);
    CU_ASSERT_EQUAL(agent.snapshots, 2);
    CU_ASSERT_EQUAL(world_count(world, "residue/1", "clean@health"), 0);
    end(world);
}

static gboolean replay_residue(const JournalEvent *event, gpointer data)
{
    residue_replay(data, event);
    return TRUE;
}

/* Its windows are open when the daemon ends; another one tells what is left. */
static void residue_is_told_by_another_daemon(void)
{
    World *world = begin("injects:\n" ATTACK(
        "deface", "at: 1h, expect: {detect: {within: 30m, points: 5}}", ""));

    world->d.dm_simulated = FALSE;
    world_to(world, HOUR);
    answer_snapshots(FILE_ITEM("/page", "aa") PROCESS("7", "httpd", ""));
    CU_ASSERT_EQUAL(world_count(world, "residue.before/1", "deface@health"), 1);
    CU_ASSERT_EQUAL(agent.cleanups, 0);
    residue_free(world->d.dm_residue);
    world->d.dm_residue = residue_new(&world->d);
    CU_ASSERT_TRUE(journal_each(world->d.dm_journal, 0, 0, replay_residue,
                                world->d.dm_residue, NULL));
    world_to(world, 2 * HOUR);
    CU_ASSERT_EQUAL(agent.cleanups, 1);
    answer_snapshots(FILE_ITEM("/page", "cc") PROCESS("7", "httpd", ""));
    CU_ASSERT_TRUE(says("residue/1", "deface@health", "summary", "changed: file /page"));
    end(world);
}

/* ---- an agent that is being replaced ---- */

static gboolean replay_roster(const JournalEvent *event, gpointer data)
{
    roster_replay(data, event);
    return TRUE;
}

/* A daemon ended after it had said that it puts another agent there. */
static void push_taken_up(const char *program)
{
    World *world = begin("injects:\n" ATTACK("clean", "at: 2h", "residue: false,"));
    Daemon *d = &world->d;
    int host = plan_host_index(d->dm_plan, "health/web");
    g_autofree char *run = g_build_filename(d->dm_dir, "run", NULL);
    g_autofree char *name = g_strdup_printf("push-%d", host);
    g_autofree char *path = g_build_filename(run, name, NULL);
    struct hub_head head = {.rc_type = HUB_HELLO, .rc_host = (uint32_t)host};
    struct hub_hello hello = {.agent = "0.1.0", .boot = "b"};

    g_mkdir(run, 0700);
    if (program)
        CU_ASSERT_TRUE(g_file_set_contents(path, program, -1, NULL));
    daemon_event(
        d, "agent.replace.wanted/1", "white", -1, host, 0,
        json_pack("{s:s, s:s, s:i}", "version", "0.1.0", "sha256", "ab", "size", 1));
    world_settle(world);
    roster_free(d->dm_roster);
    d->dm_roster = roster_new(d);
    CU_ASSERT_TRUE(journal_each(d->dm_journal, 0, 0, replay_roster, d->dm_roster, NULL));
    roster_resume(d->dm_roster);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "agent.replace.failed/1", NULL), !program);
    roster_record(d->dm_roster, &head, &hello);
    world_settle(world);
    CU_ASSERT_EQUAL(world_count(world, "agent.replace.failed/1", NULL), 1);
    g_autofree char *reason = world_body(world, "agent.replace.failed/1", NULL, "reason");
    /* These agents take a file and know of no replacing. */
    CU_ASSERT_PTR_NOT_NULL(strstr(reason, program ? "not simulated" : "push it anew"));
    CU_ASSERT_FALSE(g_file_test(path, G_FILE_TEST_EXISTS));
    end(world);
}

static void a_push_is_taken_up(void)
{
    push_taken_up("program");
    push_taken_up(NULL);
}

static gboolean nothing_runs(gint64 act, gpointer data)
{
    (void)data;
    return act == 5;
}

static void differences(void)
{
    static const char hostile[] =
        "nonsense\n[1]\n{\"part\":\"files\"}\n{\"part\":7}\n"
        "{\"part\":\"files\",\"key\":\"/a\\u001b[2J\"}\n" PROCESS(
            "3", "own", ",\"origin\":\"order\",\"act\":5")
            PROCESS("4", "left",
                    ",\"origin\":\"order\",\"act\":4") "{\"part\":\"files\",\"key";
    Snapshot *none = snapshot_read("", 0, nothing_runs, NULL);
    Snapshot *some = snapshot_read(hostile, strlen(hostile), nothing_runs, NULL);
    g_autoptr(GString) full = g_string_new(NULL);

    CU_ASSERT_EQUAL(snapshot_count(none), 0);
    CU_ASSERT_EQUAL(snapshot_count(some), 2);
    json_t *diff = snapshot_diff(none, some, full);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(diff, "added")), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(full->str, "+ process left\n"));
    CU_ASSERT_PTR_NULL(strchr(full->str, '\033'));
    json_decref(diff);
    g_string_truncate(full, 0);
    diff = snapshot_diff(some, some, full);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(diff, "summary")),
                           "nothing");
    CU_ASSERT_EQUAL(full->len, 0);
    json_decref(diff);
    snapshot_free(none);
    snapshot_free(some);
}

static void paths_are_bounded(void)
{
    World *world = begin("injects:\n" ATTACK("deface", "at: 1h", ""));
    g_auto(GStrv) paths =
        residue_paths(world->d.dm_plan, plan_inject(world->d.dm_plan, 0));
    const char *const *all = (const char *const *)paths;

    CU_ASSERT_TRUE(g_strv_contains(all, "/tmp"));
    CU_ASSERT_TRUE(g_strv_contains(all, "/page")); /* planted below the root: it alone */
    CU_ASSERT_FALSE(g_strv_contains(all, "/"));
    end(world);
}

/* ---- silence ---- */

static void why_it_is_silent(void)
{
    static const struct {
        SilenceFacts facts;
        const char *words;
    } cases[] = {
        {{31 * SEC, TRUE, TRUE, RANGE_DOMAIN_RUNS, 2 * SEC, 15 * SEC},
         "no sign of life for 31 s; its channel is connected; its VM runs and used 2.00 "
         "s "
         "of CPU in 15 s: the agent was stopped or killed, or gets no CPU"},
        {{40 * SEC, FALSE, TRUE, RANGE_DOMAIN_RUNS, 10, 15 * SEC},
         "no sign of life for 40 s; its channel is not connected; its VM runs and used "
         "no "
         "CPU time in 15 s: it hangs"},
        {{31 * SEC, TRUE, TRUE, RANGE_DOMAIN_STANDS, 0, 0},
         "no sign of life for 31 s; its channel is connected; its VM stands still, and "
         "not "
         "by this drill"},
        {{31 * SEC, TRUE, FALSE, RANGE_DOMAIN_ABSENT, 0, 0},
         "no sign of life for 31 s; its channel is connected; the hypervisor does not "
         "say "
         "what its VM does"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *words = silence_words(&cases[i].facts);
        CU_ASSERT_STRING_EQUAL(words, cases[i].words);
    }
}

static CheckStatus verdict(World *world, const char *host)
{
    CheckStatus status = CHECK_UP;
    const char *why;

    silence_verdict(world->d.dm_silence, plan_host_index(world->d.dm_plan, host), &status,
                    &why);
    return status;
}

static void silence_counts(void)
{
    World *world = begin("");
    Daemon *d = &world->d;
    SilenceFacts facts = {31 * SEC, TRUE, TRUE, RANGE_DOMAIN_RUNS, SEC, 15 * SEC};
    int web = plan_host_index(d->dm_plan, "health/web");
    struct hub_head head = {.rc_type = HUB_BEAT, .rc_host = (uint32_t)web};
    struct hub_beat beat = {0};

    CU_ASSERT_EQUAL(verdict(world, "health/web"), CHECK_UP);
    silence_fell(d->dm_silence, web, &facts);
    silence_fell(d->dm_silence, plan_host_index(d->dm_plan, "health/referee"), &facts);
    facts.sf_life = RANGE_DOMAIN_STANDS;
    silence_fell(d->dm_silence, plan_host_index(d->dm_plan, "lands/web"), &facts);
    world_settle(world);
    CU_ASSERT_EQUAL(verdict(world, "health/web"), CHECK_DOWN);
    CU_ASSERT_EQUAL(verdict(world, "health/referee"), CHECK_UNCHECKED); /* white's own */
    CU_ASSERT_EQUAL(verdict(world, "lands/web"), CHECK_UNCHECKED); /* nor its fault */
    CU_ASSERT_TRUE(says("agent.lost/1", NULL, "vm", "paused"));
    json_t *team = hosts_json(d->dm_hosts, plan_team_index(d->dm_plan, "health"));
    CU_ASSERT_STRING_EQUAL(
        json_string_value(json_object_get(json_array_get(team, 0), "reason")),
        "its agent is silent");
    json_decref(team);
    hosts_record(d->dm_hosts, &head, &beat, "");
    world_settle(world);
    CU_ASSERT_EQUAL(hosts_state(d->dm_hosts, web), HOST_READY);
    CU_ASSERT_EQUAL(world_count(world, "agent.back/1", NULL), 1);
    CU_ASSERT_EQUAL(verdict(world, "health/web"), CHECK_UP);
    end(world);
}

/* A defender who stops the agent has not prevented the attack. */
static void silence_prevents_nothing(void)
{
    World *world = begin("injects:\n" ATTACK("deface", "at: 1h", "residue: false,"));
    Daemon *d = &world->d;
    SilenceFacts facts = {31 * SEC, TRUE, TRUE, RANGE_DOMAIN_RUNS, SEC, 15 * SEC};
    int web = plan_host_index(d->dm_plan, "health/web");
    struct hub_head head = {.rc_type = HUB_RESULT, .rc_host = (uint32_t)web};

    agent.hold = "spoil";
    world_to(world, HOUR);
    start_held();
    silence_fell(d->dm_silence, web, &facts);
    struct hub_result result = {.id = (uint64_t)held_id(), .status = HUB_DONE};
    orders_record(d->dm_orders, &head, &result, "");
    /* Its look is asked now, and nobody answers. */
    orders_checks_end(d->dm_orders, web, CHECK_DOWN, "the agent is silent");
    world_settle(world);
    CU_ASSERT_STRING_EQUAL(world_state(world, "deface@health"), "failed");
    end(world);
}

/* ---- clocks ---- */

static void clock_answers(void)
{
    gint64 by = 0;

    CU_ASSERT_TRUE(clocks_corrected("stepped by -1234 us", &by));
    CU_ASSERT_EQUAL(by, -1234);
    CU_ASSERT_FALSE(clocks_corrected("stepped by many us", &by));
    CU_ASSERT_FALSE(clocks_corrected("", &by));
    CU_ASSERT_FALSE(clocks_corrected(NULL, &by));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"orders carry their limits", orders_are_limited},
        {"the dead-man ends an inject", a_deadman_ends_the_inject},
        {"a stop ends orders for good", a_stop_ends_orders},
        {"what an attack left is told", residue_is_told},
        {"and by another daemon", residue_is_told_by_another_daemon},
        {"an agent that was being replaced", a_push_is_taken_up},
        {"differences of snapshots", differences},
        {"where files are compared", paths_are_bounded},
        {"why an agent is silent, in words", why_it_is_silent},
        {"silence counts by whose host it is", silence_counts},
        {"silence prevents nothing", silence_prevents_nothing},
        {"what an agent says of its clock", clock_answers},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("director does", tests);
}
