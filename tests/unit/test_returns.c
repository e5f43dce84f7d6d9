/* What a journal says of hosts that were lost and come back, to the daemon that takes it
 * up; and who the hypervisor is. */
#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/resets.h"
#include "orchestrator/daemon/returns.h"
#include "orchestrator/host/host.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/range_plan.h"

#include <string.h>
#include <unistd.h>

#define WEB "a/web"

static void daemon_begin(Daemon *d)
{
    *d = (Daemon){.dm_plan = range_plan_new("returns"), .dm_base = event_base_new()};
    d->dm_hosts = hosts_new(d);
    d->dm_resets = resets_new(d);
    d->dm_returns = returns_new(d);
}

static void daemon_end(Daemon *d)
{
    returns_free(d->dm_returns);
    resets_free(d->dm_resets);
    hosts_free(d->dm_hosts);
    event_base_free(d->dm_base);
    range_plan_free(d->dm_plan);
}

/* As resume_event() does. body is JSON with ' for ". */
static void replay(Daemon *d, gint64 seq, const char *kind, gint64 ref, const char *body)
{
    g_autofree char *text = g_strdelimit(g_strdup(body), "'", '"');
    JournalEvent event = {.ev_seq = seq,
                          .ev_kind = kind,
                          .ev_host = WEB,
                          .ev_ref = ref,
                          .ev_at_us = seq * G_USEC_PER_SEC,
                          .ev_body = json_loads(text, 0, NULL)};

    CU_ASSERT_PTR_NOT_NULL_FATAL(event.ev_body);
    returns_replay(d->dm_returns, &event);
    hosts_replay(d->dm_hosts, &event);
    json_decref((json_t *)event.ev_body);
}

static void replay_made(Daemon *d)
{
    replay(d, 1, "domain.wanted/1", 0, "{'uuid': 'u', 'epoch': 1}");
    replay(d, 2, "domain.done/1", 1, "{'from': 'boot'}");
    replay(d, 3, "agent.hello/1", 0, "{'boot': 'one', 'epoch': 1}");
    replay(d, 4, "agent.ready/1", 0, "{}");
    replay(d, 5, "domain.lost/1", 0, "{'reason': 'gone'}");
}

static void test_on_its_way(void)
{
    Daemon d;

    daemon_begin(&d);
    replay_made(&d);
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_LOST);
    CU_ASSERT_FALSE(returns_pending(d.dm_returns, HOST_WEB));
    replay(&d, 6, "return.wanted/1", 0, "{'from': 'disk', 'reason': 'lost'}");
    CU_ASSERT_TRUE(returns_pending(d.dm_returns, HOST_WEB));
    CU_ASSERT_TRUE(returns_from_disk(d.dm_returns, HOST_WEB));
    CU_ASSERT_FALSE(returns_pending(d.dm_returns, HOST_GATEWAY));
    /* Whoever says hello next is another guest. */
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_CREATE);
    CU_ASSERT_STRING_EQUAL(hosts_boot(d.dm_hosts, HOST_WEB), "");
    CU_ASSERT_FALSE(returns_settled(d.dm_returns));
    daemon_end(&d);
}

static void test_ended(void)
{
    Daemon d;

    daemon_begin(&d);
    replay_made(&d);
    replay(&d, 6, "return.wanted/1", 0, "{'from': 'anew', 'reason': 'lost'}");
    CU_ASSERT_FALSE(returns_from_disk(d.dm_returns, HOST_WEB));
    replay(&d, 7, "domain.wanted/1", 0, "{'uuid': 'u', 'epoch': 2}");
    replay(&d, 8, "domain.done/1", 7, "{'from': 'boot'}");
    replay(&d, 9, "agent.hello/1", 0, "{'boot': 'two', 'epoch': 2}");
    replay(&d, 10, "agent.ready/1", 0, "{}");
    replay(&d, 11, "return.done/1", 6, "{'from': 'anew', 'dur_us': 1}");
    CU_ASSERT_FALSE(returns_pending(d.dm_returns, HOST_WEB));
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_READY);
    CU_ASSERT_TRUE(returns_settled(d.dm_returns));
    replay(&d, 12, "domain.lost/1", 0, "{'reason': 'gone'}");
    replay(&d, 13, "return.wanted/1", 0, "{'from': 'anew', 'reason': 'lost'}");
    replay(&d, 14, "return.failed/1", 13, "{'reason': 'no room'}");
    CU_ASSERT_FALSE(returns_pending(d.dm_returns, HOST_WEB));
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_LOST);
    CU_ASSERT_STRING_EQUAL(hosts_reason(d.dm_hosts, HOST_WEB), "no room");
    daemon_end(&d);
}

/* The latest that there is of it. */
static void test_ways(void)
{
    const PointMeta noon = {.pm_name = (char *)"noon", .pm_kind = POINT_ASKED};
    const PointMeta ready = {.pm_name = (char *)"ready", .pm_kind = POINT_AT_READY};

    CU_ASSERT_EQUAL(returns_way(TRUE, NULL, FALSE), RETURN_DISK);
    CU_ASSERT_EQUAL(returns_way(TRUE, &noon, TRUE), RETURN_DISK);
    CU_ASSERT_EQUAL(returns_way(FALSE, &noon, FALSE), RETURN_POINT);
    CU_ASSERT_EQUAL(returns_way(FALSE, &noon, TRUE), RETURN_POINT);
    CU_ASSERT_EQUAL(returns_way(FALSE, &ready, FALSE), RETURN_POINT);
    CU_ASSERT_EQUAL(returns_way(FALSE, &ready, TRUE), RETURN_ANEW);
    CU_ASSERT_EQUAL(returns_way(FALSE, NULL, FALSE), RETURN_ANEW);
}

/* Way and name are those that were chosen, whatever checkpoints there are by now. */
static void test_out_of_a_checkpoint(void)
{
    Daemon d;

    daemon_begin(&d);
    replay_made(&d);
    CU_ASSERT_PTR_NULL(returns_point(d.dm_returns, HOST_WEB));
    replay(&d, 6, "return.wanted/1", 0,
           "{'from': 'checkpoint', 'checkpoint': 'noon', 'reason': 'lost'}");
    CU_ASSERT_STRING_EQUAL(returns_point(d.dm_returns, HOST_WEB), "noon");
    CU_ASSERT_FALSE(returns_from_disk(d.dm_returns, HOST_WEB));
    CU_ASSERT_PTR_NULL(returns_point(d.dm_returns, HOST_GATEWAY));
    replay(&d, 7, "domain.wanted/1", 0, "{'uuid': 'u', 'epoch': 2}");
    replay(&d, 8, "domain.done/1", 7, "{'from': 'checkpoint', 'checkpoint': 'noon'}");
    CU_ASSERT_STRING_EQUAL(returns_point(d.dm_returns, HOST_WEB), "noon");
    CU_ASSERT_FALSE(returns_point_gone(d.dm_returns, HOST_WEB));
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_BOOT);
    replay(&d, 9, "agent.hello/1", 0, "{'boot': 'one', 'epoch': 2}");
    replay(&d, 10, "agent.ready/1", 0, "{}");
    replay(&d, 11, "return.done/1", 6,
           "{'from': 'checkpoint', 'checkpoint': 'noon', 'dur_us': 1}");
    CU_ASSERT_PTR_NULL(returns_point(d.dm_returns, HOST_WEB));
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_READY);
    daemon_end(&d);
}

/* Its guest is none to keep: what there is of it is removed, and it is made anew. */
static void test_the_checkpoint_is_no_good(void)
{
    Daemon d;

    daemon_begin(&d);
    replay_made(&d);
    replay(&d, 6, "return.wanted/1", 0,
           "{'from': 'checkpoint', 'checkpoint': 'noon', 'reason': 'lost'}");
    replay(&d, 7, "domain.wanted/1", 0, "{'uuid': 'u', 'epoch': 2}");
    replay(&d, 8, "domain.done/1", 7, "{'from': 'checkpoint', 'checkpoint': 'noon'}");
    replay(&d, 9, "agent.hello/1", 0, "{'boot': 'one', 'epoch': 2}");
    replay(&d, 10, "return.anew/1", 6, "{'checkpoint': 'noon', 'reason': 'no answer'}");
    CU_ASSERT_TRUE(returns_pending(d.dm_returns, HOST_WEB));
    CU_ASSERT_PTR_NULL(returns_point(d.dm_returns, HOST_WEB));
    CU_ASSERT_TRUE(returns_point_gone(d.dm_returns, HOST_WEB));
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_CREATE);
    CU_ASSERT_STRING_EQUAL(hosts_boot(d.dm_hosts, HOST_WEB), "");
    replay(&d, 11, "domain.wanted/1", 0, "{'uuid': 'u', 'epoch': 3}");
    CU_ASSERT_FALSE(returns_point_gone(d.dm_returns, HOST_WEB));
    CU_ASSERT_TRUE(returns_pending(d.dm_returns, HOST_WEB));
    daemon_end(&d);
}

/* Nothing was asked of the world yet: nothing is held, and nothing waits for white. */
static void test_nothing_held(void)
{
    g_autoptr(GError) error = NULL;
    Daemon d;

    daemon_begin(&d);
    CU_ASSERT_PTR_NULL(returns_held(d.dm_returns));
    CU_ASSERT_FALSE(returns_all(d.dm_returns, "white", &error));
    CU_ASSERT_TRUE(g_error_matches(error, RETURNS_ERROR, EINVAL));
    CU_ASSERT_PTR_NULL(returns_held(NULL));
    CU_ASSERT_TRUE(returns_settled(NULL));
    daemon_end(&d);
}

static void write_state(const char *home, int init, guint64 start)
{
    g_autofree char *dir = g_build_filename(home, "host", NULL);
    g_autofree char *path = g_build_filename(dir, "state.json", NULL);
    g_autofree char *text = g_strdup_printf(
        "{\"pid\": 1, \"pid_start\": 1, \"init\": %d, \"init_start\": %" G_GUINT64_FORMAT
        ", \"since\": 1, \"ready\": true, \"restarts\": 0, \"settled\": true, \"accel\": "
        "\"qemu\", \"cpu\": \"\", \"reason\": \"\"}",
        init, start);

    CU_ASSERT_EQUAL_FATAL(g_mkdir_with_parents(dir, 0700), 0);
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
}

/* Field 22 of /proc/self/stat, behind the name in brackets. */
static guint64 own_start(void)
{
    g_autofree char *text = NULL;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents("/proc/self/stat", &text, NULL, NULL));
    g_auto(GStrv) fields = g_strsplit(strrchr(text, ')') + 2, " ", -1);
    return g_ascii_strtoull(fields[19], NULL, 10);
}

static void test_identity(void)
{
    g_autofree char *home = g_dir_make_tmp("parry-returns-XXXXXX", NULL);
    g_autofree char *none = host_identity(home);

    CU_ASSERT_PTR_NULL(none);
    write_state(home, (int)getpid(), own_start());
    g_autofree char *now = host_identity(home);
    CU_ASSERT_PTR_NOT_NULL(now);
    /* The pid is another process's now, or nobody's. */
    write_state(home, (int)getpid(), own_start() + 1);
    g_autofree char *later = host_identity(home);
    CU_ASSERT_PTR_NULL(later);
    CU_ASSERT_TRUE(drill_remove_tree(home, NULL));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"on its way", test_on_its_way},
        {"back, lost again, and not back", test_ended},
        {"what of", test_ways},
        {"out of a checkpoint", test_out_of_a_checkpoint},
        {"the checkpoint is no good", test_the_checkpoint_is_no_good},
        {"nothing is held", test_nothing_held},
        {"who the hypervisor is", test_identity},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("what is gone comes back", tests);
}
