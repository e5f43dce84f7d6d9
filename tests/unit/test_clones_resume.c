/* What a journal says of clones and resets, to the daemon that takes it up. */
#include "orchestrator/daemon/clones_priv.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/resets.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/range_plan.h"

#include <string.h>

#define GATEWAY "a/gateway"
#define WEB "a/web"

/* A daemon that has read a journal, and does nothing yet. */
static void daemon_begin(Daemon *d)
{
    *d = (Daemon){.dm_plan = range_plan_new("resume"), .dm_base = event_base_new()};
    d->dm_hosts = hosts_new(d);
    d->dm_clones = clones_new(d);
    d->dm_resets = resets_new(d);
}

static void daemon_end(Daemon *d)
{
    resets_free(d->dm_resets);
    clones_free(d->dm_clones);
    hosts_free(d->dm_hosts);
    event_base_free(d->dm_base);
    range_plan_free(d->dm_plan);
}

/* As resume_event() does. body is JSON with ' for ". */
static void replay(Daemon *d, gint64 seq, const char *kind, const char *host, gint64 ref,
                   const char *body)
{
    g_autofree char *text = g_strdelimit(g_strdup(body), "'", '"');
    JournalEvent event = {.ev_seq = seq,
                          .ev_kind = kind,
                          .ev_host = host,
                          .ev_ref = ref,
                          .ev_at_us = seq * G_USEC_PER_SEC,
                          .ev_body = json_loads(text, 0, NULL)};

    CU_ASSERT_PTR_NOT_NULL_FATAL(event.ev_body);
    resets_replay(d->dm_resets, &event);
    clones_replay(d->dm_clones, &event);
    hosts_replay(d->dm_hosts, &event);
    json_decref((json_t *)event.ev_body);
}

static void replay_made(Daemon *d, gint64 seq, const char *host, const char *epoch)
{
    g_autofree char *wanted = g_strdup_printf("{'uuid': 'u', 'epoch': %s}", epoch);

    replay(d, seq, "domain.wanted/1", host, 0, wanted);
    replay(d, seq + 1, "domain.done/1", host, seq, "{'from': 'golden', 'golden': 'key'}");
    replay(d, seq + 2, "agent.hello/1", host, 0, "{'boot': 'same', 'epoch': 9000}");
    replay(d, seq + 3, "agent.ready/1", host, 0, "{}");
}

static void test_clones(void)
{
    Daemon d;

    daemon_begin(&d);
    const Clones *clones = d.dm_clones;
    replay(&d, 1, "golden.wanted/1", "", 0, "{'like': 'a/gateway'}");
    CU_ASSERT_TRUE(g_array_index(clones->cl_past, Past, 0).pa_open);
    replay(&d, 2, "golden.done/1", "", 1, "{'golden': 'key', 'ssh_keys': true}");
    replay_made(&d, 10, GATEWAY, "2");
    replay_made(&d, 20, WEB, "1");
    const Past *past = &g_array_index(clones->cl_past, Past, 0);
    CU_ASSERT_EQUAL(clones->cl_past->len, 1);
    CU_ASSERT_FALSE(past->pa_open);
    CU_ASSERT_TRUE(past->pa_keys);
    CU_ASSERT_STRING_EQUAL(past->pa_key, "key");
    CU_ASSERT_STRING_EQUAL(clones->cl_runs[HOST_WEB].cr_key, "key");
    CU_ASSERT_FALSE(clones_again(clones, HOST_WEB));
    /* An epoch that was used never comes again; what a guest says of it is its own. */
    CU_ASSERT_EQUAL(clones_epoch(d.dm_clones, HOST_GATEWAY), 3);
    CU_ASSERT_EQUAL(clones_epoch(d.dm_clones, HOST_WEB), 2);
    daemon_end(&d);
}

static void test_given_up(void)
{
    Daemon d;

    daemon_begin(&d);
    replay_made(&d, 10, WEB, "1");
    replay(&d, 20, "clone.failed/1", WEB, 0, "{'reason': 'not itself'}");
    CU_ASSERT_TRUE(clones_again(d.dm_clones, HOST_WEB));
    CU_ASSERT_STRING_EQUAL(clones_reason(d.dm_clones, HOST_WEB), "not itself");
    CU_ASSERT_PTR_NULL(d.dm_clones->cl_runs[HOST_WEB].cr_key);
    replay(&d, 21, "domain.wanted/1", WEB, 0, "{'uuid': 'u', 'epoch': 2}");
    CU_ASSERT_FALSE(clones_again(d.dm_clones, HOST_WEB));
    replay(&d, 22, "domain.done/1", WEB, 21, "{'from': 'boot', 'reason': 'not itself'}");
    CU_ASSERT_PTR_NULL(d.dm_clones->cl_runs[HOST_WEB].cr_key);
    CU_ASSERT_STRING_EQUAL(clones_reason(d.dm_clones, HOST_WEB), "not itself");
    daemon_end(&d);
}

/* A machine that died is booted from its own disk: resets restore it as before. */
static void test_brought_back(void)
{
    Daemon d;

    daemon_begin(&d);
    replay_made(&d, 10, WEB, "1");
    replay(&d, 20, "domain.lost/1", WEB, 0, "{'reason': 'gone'}");
    replay(&d, 21, "domain.wanted/1", WEB, 0, "{'uuid': 'u', 'epoch': 2}");
    replay(&d, 22, "domain.done/1", WEB, 21, "{'from': 'boot'}");
    CU_ASSERT_STRING_EQUAL(d.dm_clones->cl_runs[HOST_WEB].cr_key, "key");
    daemon_end(&d);
}

static void test_resets(void)
{
    Daemon d;

    daemon_begin(&d);
    replay_made(&d, 10, WEB, "1");
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_READY);
    CU_ASSERT_STRING_EQUAL(hosts_boot(d.dm_hosts, HOST_WEB), "same");
    replay(&d, 20, "reset.wanted/1", WEB, 0, "{'reason': ''}");
    CU_ASSERT_TRUE(resets_pending(d.dm_resets, HOST_WEB));
    CU_ASSERT_FALSE(resets_pending(d.dm_resets, HOST_GATEWAY));
    CU_ASSERT_STRING_EQUAL(hosts_boot(d.dm_hosts, HOST_WEB), "");
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_CREATE);
    /* Out of memory it failed: the reset's own boot is on its way. */
    replay(&d, 21, "clone.failed/1", WEB, 0, "{'reason': 'refused'}");
    CU_ASSERT_FALSE(clones_again(d.dm_clones, HOST_WEB));
    replay(&d, 22, "agent.hello/1", WEB, 0, "{'boot': 'same', 'epoch': 3}");
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_AGENT);
    replay(&d, 23, "reset.done/1", WEB, 20, "{'from': 'boot', 'epoch': 3}");
    CU_ASSERT_FALSE(resets_pending(d.dm_resets, HOST_WEB));
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_READY);
    CU_ASSERT_EQUAL(clones_epoch(d.dm_clones, HOST_WEB), 4);
    replay(&d, 24, "reset.wanted/1", WEB, 0, "{'reason': ''}");
    replay(&d, 25, "reset.failed/1", WEB, 24, "{'reason': 'no room'}");
    CU_ASSERT_FALSE(resets_pending(d.dm_resets, HOST_WEB));
    CU_ASSERT_EQUAL(hosts_state(d.dm_hosts, HOST_WEB), HOST_FAILED);
    daemon_end(&d);
}

static void test_switched_off(void)
{
    Daemon d;

    daemon_begin(&d);
    replay(&d, 1, "clones.off/1", "", 0, "{'reason': '--no-clones'}");
    CU_ASSERT_STRING_EQUAL(d.dm_clones->cl_off, "--no-clones");
    clones_disable(d.dm_clones, "once is enough"); /* and needs no journal */
    CU_ASSERT_STRING_EQUAL(d.dm_clones->cl_off, "--no-clones");
    daemon_end(&d);
}

static void test_noise(void)
{
    static const char *const kinds[] = {
        "golden.wanted/1", "golden.done/1",  "golden.failed/1", "domain.wanted/1",
        "domain.done/1",   "reset.wanted/1", "reset.done/1",    "clone.failed/1"};
    Daemon d;

    daemon_begin(&d);
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        replay(&d, i + 1, kinds[i], "", 0, "{}");
        replay(&d, i + 1, kinds[i], "nobody/here", 0, "{}");
        replay(&d, i + 1, kinds[i], WEB, 0, "{'epoch': -1, 'golden': 1, 'like': 2}");
    }
    CU_ASSERT_EQUAL(d.dm_clones->cl_past->len, 0);
    daemon_end(&d);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"who is a clone of what, and which epochs there were", test_clones},
        {"a clone that was given up", test_given_up},
        {"a machine that was brought back", test_brought_back},
        {"resets", test_resets},
        {"without clones", test_switched_off},
        {"noise", test_noise},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("clones taken up", tests);
}
