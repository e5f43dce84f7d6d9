/*
 * A real parry-hub between the link and fake agents: everything comes once and in order,
 * whoever dies in between.
 */
#include "orchestrator/sandbox/sandbox.h"
#include "tests/integration/fake_agent.h"
#include "tests/integration/hub_rig.h"
#include "tests/unit/cunit_main.h"

#include <dirent.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOOT_2 "00000000-0000-0000-0000-000000000002"

/* Orders that an agent took, in order; it answers each with a result. */
static void answer(FakeAgent *agent, const struct wire_msg *m)
{
    GArray *taken = agent->fa_data;

    if (m->kind != WIRE_ORDER)
        return;
    g_array_append_val(taken, m->id);
    fake_agent_result(agent, m->id);
}

/* Like answer, but keeps silent. */
static void note(FakeAgent *agent, const struct wire_msg *m)
{
    GArray *taken = agent->fa_data;

    if (m->kind == WIRE_ORDER)
        g_array_append_val(taken, m->id);
}

static GArray *numbers_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(gint64));
}

/* Whether it holds first, first + 1, … in order: nothing lost, nothing twice. */
static gboolean counts_from(const GArray *numbers, gint64 first, guint n)
{
    for (guint i = 0; i < numbers->len; i++)
        if (g_array_index(numbers, gint64, i) != first + i) {
            fprintf(stderr, "at %u: %" G_GINT64_FORMAT "\n", i,
                    g_array_index(numbers, gint64, i));
            return FALSE;
        }
    return numbers->len == n;
}

static GArray *result_ids(const Rig *rig, guint host)
{
    GArray *ids = numbers_new();

    for (guint i = 0; i < rig->rg_records->len; i++) {
        const RigRecord *record = &g_array_index(rig->rg_records, RigRecord, i);
        gint64 id = (gint64)record->body.result.id;
        if (record->head.rc_host == host && record->head.rc_type == HUB_RESULT)
            g_array_append_val(ids, id);
    }
    return ids;
}

static gboolean results_count_from(const Rig *rig, guint host, gint64 first, guint n)
{
    g_autoptr(GArray) ids = result_ids(rig, host);

    return counts_from(ids, first, n);
}

static FakeAgent *agent_new(Rig *rig, guint host,
                            void (*message)(FakeAgent *, const struct wire_msg *),
                            gpointer data)
{
    g_autofree char *path = rig_path(rig, host);

    return fake_agent_new(rig->rg_base, path, "web", message, data);
}

static void round_trip(const char *program)
{
    g_autoptr(GArray) taken = numbers_new();
    Rig rig;

    rig_start(&rig, program, 1);
    CU_ASSERT_TRUE(rig_order(&rig, 0, 7, NULL)); /* before anybody is there */
    FakeAgent *agent = agent_new(&rig, 0, answer, taken);
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_RESULT) == 1);
    CU_ASSERT_TRUE(link_connected(rig.rg_link, 0));
    CU_ASSERT_TRUE(counts_from(taken, 7, 1));
    const RigRecord *hello = rig_last(&rig, 0, HUB_HELLO);
    CU_ASSERT_PTR_NOT_NULL_FATAL(hello);
    CU_ASSERT_STRING_EQUAL(hello->body.hello.name, "web");
    CU_ASSERT_EQUAL(hello->body.hello.anew, HUB_REBOOTED);
    CU_ASSERT_EQUAL(rig_last(&rig, 0, HUB_RESULT)->body.result.id, 7);
    struct wire_queue_stats stats;
    RIG_UNTIL(&rig, (wire_queue_stats(agent->fa_queue, &stats), stats.unacked == 0));
    RIG_UNTIL(&rig, agent->fa_pings > 0);
    fake_agent_free(agent);
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_GONE) == 1);
    CU_ASSERT_FALSE(link_connected(rig.rg_link, 0));
    rig_stop(&rig);
}

static void test_round_trip(void)
{
    round_trip(NULL);
}

static void test_round_trip_plain(void)
{
    round_trip(PARRY_BINARY_DIR "/tests/parry-hub-plain");
}

/* The hub is killed again and again while both directions are full. */
static void test_hub_killed(void)
{
    enum { N = 3000, KILLS = 3 };
    g_autoptr(GArray) taken = numbers_new();
    Rig rig;

    rig_start(&rig, NULL, 1);
    FakeAgent *agent = agent_new(&rig, 0, answer, taken);
    for (gint64 id = 1; id <= N; id++)
        CU_ASSERT_TRUE(rig_order(&rig, 0, id, NULL));
    for (guint kills = 1; kills <= KILLS; kills++) {
        RIG_UNTIL(&rig, link_hub_pid(rig.rg_link) != 0 &&
                            rig_n(&rig, 0, HUB_RESULT) > kills * N / (KILLS + 2));
        kill(link_hub_pid(rig.rg_link), SIGKILL);
        RIG_UNTIL(&rig, rig.rg_downs == kills);
        CU_ASSERT_TRUE(WIFSIGNALED(rig.rg_status) && WTERMSIG(rig.rg_status) == SIGKILL);
        CU_ASSERT_FALSE(link_connected(rig.rg_link, 0));
        CU_ASSERT_TRUE(rig_n(&rig, 0, HUB_RESULT) < N);
    }
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_RESULT) >= N);
    CU_ASSERT_EQUAL(rig.rg_ups, KILLS + 1);
    CU_ASSERT_TRUE(rig_n(&rig, 0, HUB_GONE) >= 1);
    CU_ASSERT_TRUE(counts_from(taken, 1, N));
    CU_ASSERT_TRUE(results_count_from(&rig, 0, 1, N));
    CU_ASSERT_EQUAL(rig_last(&rig, 0, HUB_HELLO)->body.hello.anew, HUB_RESUMED);
    fake_agent_free(agent);
    rig_stop(&rig);
}

static void test_guest_reconnects(void)
{
    enum { N = 2000 };
    g_autoptr(GArray) taken = numbers_new();
    Rig rig;

    rig_start(&rig, NULL, 1);
    FakeAgent *agent = agent_new(&rig, 0, answer, taken);
    for (gint64 id = 1; id <= N; id++)
        rig_order(&rig, 0, id, NULL);
    for (guint i = 1; i <= 5; i++) {
        RIG_UNTIL(&rig,
                  agent->fa_welcomes == i && rig_n(&rig, 0, HUB_RESULT) > i * N / 8);
        fake_agent_hang_up(agent);
        RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_GONE) == i);
    }
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_RESULT) >= N);
    CU_ASSERT_TRUE(counts_from(taken, 1, N));
    CU_ASSERT_TRUE(results_count_from(&rig, 0, 1, N));
    fake_agent_free(agent);
    rig_stop(&rig);
}

/* What is not durable is not acknowledged, is sent again, and is not handed out twice. */
static void test_uncommitted(void)
{
    g_autoptr(GArray) taken = numbers_new();
    struct wire_queue_stats stats;
    Rig rig;

    rig_start(&rig, NULL, 1);
    rig.rg_hold = TRUE;
    FakeAgent *agent = agent_new(&rig, 0, answer, taken);
    for (gint64 id = 1; id <= 3; id++)
        rig_order(&rig, 0, id, NULL);
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_RESULT) == 3);
    fake_agent_hang_up(agent);
    RIG_UNTIL(&rig, agent->fa_welcomes == 2);
    wire_queue_stats(agent->fa_queue, &stats);
    CU_ASSERT_TRUE(stats.unacked > 0);
    RIG_UNTIL(&rig, (wire_queue_stats(agent->fa_queue, &stats), stats.resent == 3));
    rig_order(&rig, 0, 4, NULL);
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_RESULT) == 4);
    CU_ASSERT_TRUE(results_count_from(&rig, 0, 1, 4));
    rig.rg_hold = FALSE;
    RIG_UNTIL(&rig, (wire_queue_stats(agent->fa_queue, &stats), stats.unacked == 0));
    fake_agent_free(agent);
    rig_stop(&rig);
}

/* The same boot, another process: what it has not taken is sent again. */
static void test_agent_restarts(void)
{
    g_autoptr(GArray) taken = numbers_new();
    Rig rig;

    rig_start(&rig, NULL, 1);
    FakeAgent *agent = agent_new(&rig, 0, answer, taken);
    RIG_UNTIL(&rig, link_connected(rig.rg_link, 0));
    fake_agent_restart(agent, agent->fa_boot, 2);
    for (gint64 id = 1; id <= 3; id++)
        rig_order(&rig, 0, id, NULL);
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_RESULT) == 3);
    CU_ASSERT_EQUAL(rig_last(&rig, 0, HUB_HELLO)->body.hello.anew, HUB_RESTARTED);
    CU_ASSERT_TRUE(counts_from(taken, 1, 3));
    fake_agent_free(agent);
    rig_stop(&rig);
}

/* Another boot: what was meant for the old one dies, and the daemon is told so first. */
static void test_guest_reboots(void)
{
    g_autoptr(GArray) taken = numbers_new();
    Rig rig;

    rig_start(&rig, NULL, 1);
    FakeAgent *agent = agent_new(&rig, 0, answer, taken);
    rig_order(&rig, 0, 1, NULL);
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_RESULT) == 1);
    fake_agent_restart(agent, BOOT_2, 2);
    rig_order(&rig, 0, 2, NULL);
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_HELLO) == 2);
    CU_ASSERT_EQUAL(rig_last(&rig, 0, HUB_HELLO)->body.hello.anew, HUB_REBOOTED);
    rig_order(&rig, 0, 3, NULL);
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_RESULT) == 2);
    CU_ASSERT_EQUAL(taken->len, 2);
    CU_ASSERT_EQUAL(g_array_index(taken, gint64, 1), 3);
    fake_agent_free(agent);
    rig_stop(&rig);
}

/* A revert: the same memory again, an older epoch in it. */
static void test_epoch_moves(void)
{
    g_autoptr(GArray) taken = numbers_new();
    Rig rig;

    rig_start(&rig, NULL, 1);
    FakeAgent *agent = agent_new(&rig, 0, note, taken);
    for (gint64 id = 1; id <= 3; id++)
        rig_order(&rig, 0, id, NULL);
    RIG_UNTIL(&rig, taken->len == 3);
    CU_ASSERT_EQUAL(agent->fa_epoch, 1);
    g_autofree char *path = rig_path(&rig, 0);
    CU_ASSERT_TRUE(link_listen(rig.rg_link, 0, path, geteuid(), 2, NULL));
    CU_ASSERT_TRUE(rig_order(&rig, 0, 9, NULL));
    RIG_UNTIL(&rig, agent->fa_epoch == 2 && taken->len == 4);
    CU_ASSERT_EQUAL(g_array_index(taken, gint64, 3), 9);
    fake_agent_free(agent);
    rig_stop(&rig);
}

/* parryd was started again and knows nothing: an agent with a past begins anew. */
static void test_link_forgot(void)
{
    g_autoptr(GArray) taken = numbers_new();
    Rig rig;

    rig_start(&rig, NULL, 1);
    FakeAgent *agent = agent_new(&rig, 0, answer, taken);
    agent->fa_epoch = 1;
    wire_queue_set_taken(agent->fa_queue, 57);
    rig_order(&rig, 0, 1, NULL);
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_RESULT) == 1);
    CU_ASSERT_EQUAL(agent->fa_epoch, 2);
    CU_ASSERT_TRUE(counts_from(taken, 1, 1));
    fake_agent_free(agent);
    rig_stop(&rig);
}

/* parryd was started again, knows the agent, and reverts its guest: that has the same
 * boot id, and is not the one that was known. */
static void test_restored_and_reverted(void)
{
    g_autoptr(GArray) taken = numbers_new();
    Rig rig;

    rig_start(&rig, NULL, 1);
    link_restore(rig.rg_link, 0, "00000000-0000-0000-0000-000000000001");
    rig_order(&rig, 0, 5, NULL); /* for the guest that is gone */
    g_autofree char *path = rig_path(&rig, 0);
    CU_ASSERT_TRUE(link_listen(rig.rg_link, 0, path, geteuid(), 7, NULL));
    CU_ASSERT_TRUE(rig_order(&rig, 0, 9, NULL));
    FakeAgent *agent = agent_new(&rig, 0, note, taken);
    agent->fa_epoch = 3;
    wire_queue_set_taken(agent->fa_queue, 57);
    RIG_UNTIL(&rig, taken->len > 0);
    CU_ASSERT_EQUAL(agent->fa_epoch, 7);
    CU_ASSERT_TRUE(counts_from(taken, 9, 1));
    fake_agent_free(agent);
    rig_stop(&rig);
}

static void test_send_errors(void)
{
    g_autofree char *script = g_strnfill(40000, 'x');
    g_autoptr(GError) error = NULL;
    Rig rig;

    rig_start(&rig, NULL, 1);
    CU_ASSERT_FALSE(link_send(rig.rg_link, 0, json_pack("{s:s}", "k", "ordre"), &error));
    CU_ASSERT_TRUE(g_error_matches(error, LINK_ERROR, LINK_ERROR_MESSAGE));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "unknown kind 'ordre'"));
    g_clear_error(&error);
    CU_ASSERT_FALSE(
        link_send(rig.rg_link, 0, json_pack("{s:s, s:i}", "k", "ack", "ack", 1), &error));
    CU_ASSERT_TRUE(g_error_matches(error, LINK_ERROR, LINK_ERROR_MESSAGE));
    g_clear_error(&error);
    CU_ASSERT_FALSE(rig_order(&rig, 1, 1, &error));
    CU_ASSERT_TRUE(g_error_matches(error, LINK_ERROR, LINK_ERROR_HOST));
    g_clear_error(&error);
    gint64 id = 1;
    while (link_send(rig.rg_link, 0,
                     json_pack("{s:s, s:I, s:s}", "k", "order", "id", (json_int_t)id,
                               "script", script),
                     &error) &&
           id < 1000)
        id++;
    CU_ASSERT_TRUE(g_error_matches(error, LINK_ERROR, LINK_ERROR_FULL));
    CU_ASSERT_TRUE(id > 100 && id < 110); /* 4 MiB of 40 KB each */
    rig_stop(&rig);
}

/* Output needs no word of the daemon; terminals stop until it has read. */
static void test_credit(void)
{
    static const unsigned char chunk[8192] = {1};
    struct wire_msg m;
    guint pushed = 0;
    Rig rig;

    rig_start(&rig, NULL, 1);
    FakeAgent *agent = agent_new(&rig, 0, NULL, NULL);
    RIG_UNTIL(&rig, agent->fa_welcomed);
    wire_msg_init(&m, WIRE_OUT);
    m.id = 5;
    m.out = (struct wire_out){1, {chunk, sizeof(chunk)}};
    while (pushed < 40) { /* five times the credit */
        RIG_UNTIL(&rig, wire_credit_left(agent->fa_queue) > 0);
        fake_agent_put(agent, &m);
        pushed++;
    }
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_OUT) == 40);
    RIG_UNTIL(&rig, wire_credit_left(agent->fa_queue) == WIRE_CREDIT);

    wire_msg_init(&m, WIRE_PTY);
    m.id = 6;
    m.out.data = (struct wire_bytes){chunk, sizeof(chunk)};
    for (pushed = 0; wire_credit_left(agent->fa_queue) > 0; pushed++)
        fake_agent_put(agent, &m);
    CU_ASSERT_EQUAL(pushed, WIRE_CREDIT / sizeof(chunk));
    RIG_UNTIL(&rig, rig_n(&rig, 0, HUB_PTY) == pushed);
    fake_agent_hang_up(agent); /* a new connection is no new credit */
    RIG_UNTIL(&rig, agent->fa_welcomes == 2);
    CU_ASSERT_EQUAL(wire_credit_left(agent->fa_queue), 0);
    link_consumed(rig.rg_link, 0, 10000);
    RIG_UNTIL(&rig, wire_credit_left(agent->fa_queue) == 10000);
    link_consumed(rig.rg_link, 0, 1 << 20); /* never more than was handed out */
    RIG_UNTIL(&rig, wire_credit_left(agent->fa_queue) == WIRE_CREDIT);
    CU_ASSERT_EQUAL(rig_n(&rig, 0, HUB_CUT), 0);
    fake_agent_free(agent);
    rig_stop(&rig);
}

/* ---- the process ---- */

static gboolean status_has(const char *status, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("\n%s:\t%s", name, value);

    return strstr(status, line) != NULL;
}

static int root_entries(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/root", (int)pid);
    DIR *dir = opendir(path);
    int n = 0;

    if (!dir)
        return -1;
    for (struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void test_sandboxed(void)
{
    g_autofree char *status = NULL, *path = NULL;
    Rig rig;

    rig_start(&rig, NULL, 3);
    RIG_UNTIL(&rig, link_hub_pid(rig.rg_link) != 0);
    pid_t pid = link_hub_pid(rig.rg_link);
    path = g_strdup_printf("/proc/%d/status", (int)pid);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &status, NULL, NULL));
    CU_ASSERT_TRUE(status_has(status, "CapEff", "0000000000000000"));
    CU_ASSERT_TRUE(status_has(status, "CapPrm", "0000000000000000"));
    CU_ASSERT_TRUE(status_has(status, "NoNewPrivs", "1"));
    CU_ASSERT_TRUE(status_has(status, "Seccomp", "2"));
    if (geteuid() == 0) {
        CU_ASSERT_TRUE(status_has(status, "Uid", "64124\t64124\t64124\t64124"));
        CU_ASSERT_TRUE(status_has(status, "CapBnd", "0000000000000000"));
        CU_ASSERT_EQUAL(root_entries(pid), 0);
        CU_ASSERT_EQUAL(link_hub_sandbox(rig.rg_link), SANDBOX_ALL);
    }
    rig_stop(&rig);
}

static void test_socket_mode(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *much = g_strnfill(120, 'x');
    struct stat st;
    Rig rig;

    rig_start(&rig, NULL, 1);
    g_autofree char *path = rig_path(&rig, 0);
    CU_ASSERT_EQUAL(g_stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
    CU_ASSERT_FALSE(link_listen(rig.rg_link, 0, much, geteuid(), 1, &error));
    CU_ASSERT_TRUE(g_error_matches(error, LINK_ERROR, LINK_ERROR_SOCKET));
    CU_ASSERT_NOT_EQUAL(g_stat(path, &st), 0); /* replaced, or gone */
    rig_stop(&rig);
}

/* A hub that cannot run is named, and tried again. */
static void test_hub_does_not_start(void)
{
    static const HubLinkCallbacks callbacks = {NULL, NULL};
    g_autoptr(GError) error = NULL;
    struct event_base *base = event_base_new();
    Rig rig;

    CU_ASSERT_PTR_NULL(
        link_new(base, "/nowhere/parry-hub", 1, 1, 1, &callbacks, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, LINK_ERROR, LINK_ERROR_SPAWN));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "/nowhere/parry-hub"));
    event_base_free(base);

    rig_start(&rig, "/bin/false", 1);
    RIG_UNTIL(&rig, rig.rg_downs == 3);
    CU_ASSERT_EQUAL(rig.rg_ups, 0);
    CU_ASSERT_TRUE(WIFEXITED(rig.rg_status) && WEXITSTATUS(rig.rg_status) == 1);
    rig_stop(&rig);
}

/* A hub that hangs is as good as dead. */
static void test_hub_hangs(void)
{
    Rig rig;

    rig_start(&rig, NULL, 1);
    RIG_UNTIL(&rig, rig.rg_ups == 1);
    kill(link_hub_pid(rig.rg_link), SIGSTOP);
    RIG_UNTIL(&rig, rig.rg_ups == 2);
    CU_ASSERT_TRUE(WIFSIGNALED(rig.rg_status) && WTERMSIG(rig.rg_status) == SIGKILL);
    rig_stop(&rig);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"hello, order, result", test_round_trip},
        {"the same with the hub as in a drill", test_round_trip_plain},
        {"the hub is killed: nothing lost, nothing twice", test_hub_killed},
        {"the guest reconnects: nothing lost, nothing twice", test_guest_reconnects},
        {"what is not durable is not acknowledged", test_uncommitted},
        {"the agent's process restarts", test_agent_restarts},
        {"the guest reboots", test_guest_reboots},
        {"the host is reverted", test_epoch_moves},
        {"parryd forgot", test_link_forgot},
        {"parryd knows it, and its guest is reverted", test_restored_and_reverted},
        {"messages that cannot be sent", test_send_errors},
        {"credit", test_credit},
        {"the hub is sandboxed", test_sandboxed},
        {"the socket is QEMU's alone", test_socket_mode},
        {"the hub does not start", test_hub_does_not_start},
        {"the hub hangs", test_hub_hangs},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("hub", tests);
}
