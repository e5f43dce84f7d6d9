/*
 * The real agent, the real hub and the link, without a VM between them: the agent's
 * process stands on this machine and runs harmless commands.
 */
#include "tests/integration/hub_rig.h"
#include "tests/unit/cunit_main.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    Rig rig;
    GPid agent;
    char *state;
} Site;

static void agent_start(Site *site)
{
    g_autofree char *socket = rig_path(&site->rig, 0);
    char *argv[] = {PARRY_BINARY_DIR "/bin/parry-agent",
                    "--socket",
                    socket,
                    "--state",
                    site->state,
                    NULL};
    g_autoptr(GError) error = NULL;

    site->agent = 0;
    CU_ASSERT_TRUE(g_spawn_async(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                 &site->agent, &error));
    if (error)
        fprintf(stderr, "%s\n", error->message);
}

static void agent_kill(Site *site)
{
    if (site->agent <= 0)
        return;
    kill(site->agent, SIGKILL);
    waitpid(site->agent, NULL, 0);
}

static void site_start(Site *site)
{
    rig_start(&site->rig, NULL, 1);
    site->state = g_dir_make_tmp("parry-state-XXXXXX", NULL);
    agent_start(site);
    RIG_UNTIL(&site->rig, link_connected(site->rig.rg_link, 0));
}

static void site_stop(Site *site)
{
    GDir *dir = g_dir_open(site->state, 0, NULL);

    agent_kill(site);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(site->state, name, NULL);
        g_unlink(path);
    }
    if (dir)
        g_dir_close(dir);
    CU_ASSERT_EQUAL(g_rmdir(site->state), 0);
    g_free(site->state);
    rig_stop(&site->rig);
}

static void run_script(Site *site, gint64 id, const char *script)
{
    g_autoptr(GError) error = NULL;

    link_send(site->rig.rg_link, 0,
              json_pack("{s:s, s:I, s:s, s:i, s:s}", "k", "order", "id", (json_int_t)id,
                        "script", script, "out_max", 1 << 20, "cwd", "/"),
              &error);
    CU_ASSERT_PTR_NULL(error);
}

/* All that came of this type, in one piece. */
static GString *collect(const Rig *rig, HubRecordType type)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < rig->rg_records->len; i++) {
        const RigRecord *record = &g_array_index(rig->rg_records, RigRecord, i);
        if (record->head.rc_type == type)
            g_string_append_len(all, record->text, record->head.rc_len);
    }
    return all;
}

static gboolean collected(const Rig *rig, HubRecordType type, const char *text)
{
    GString *all = collect(rig, type);
    gboolean found = strstr(all->str, text) != NULL;

    g_string_free(all, TRUE);
    return found;
}

/* More output than the credit, and the hub killed in the middle of it. */
static void test_output(void)
{
    GString *expected = g_string_new(NULL);
    Site site;

    for (int i = 0; i < 30000; i++)
        g_string_append_printf(expected, "line %d\n", i);
    site_start(&site);
    run_script(&site, 5,
               "i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done");
    RIG_UNTIL(&site.rig, rig_n(&site.rig, 0, HUB_OUT) >= 10);
    CU_ASSERT_EQUAL(rig_n(&site.rig, 0, HUB_RESULT), 0);
    kill(link_hub_pid(site.rig.rg_link), SIGKILL);
    RIG_UNTIL(&site.rig, rig_n(&site.rig, 0, HUB_RESULT) == 1);
    CU_ASSERT_EQUAL(site.rig.rg_downs, 1);
    const RigRecord *result = rig_last(&site.rig, 0, HUB_RESULT);
    CU_ASSERT_EQUAL(result->body.result.status, HUB_DONE);
    CU_ASSERT_EQUAL(result->body.result.exit, 0);
    CU_ASSERT_EQUAL(result->body.result.cut, 0);
    GString *out = collect(&site.rig, HUB_OUT);
    CU_ASSERT_TRUE(g_string_equal(out, expected));
    if (!g_string_equal(out, expected))
        fprintf(stderr, "%zu bytes of %zu\n", out->len, expected->len);
    CU_ASSERT_EQUAL(rig_n(&site.rig, 0, HUB_STARTED), 1);
    CU_ASSERT_EQUAL(rig_n(&site.rig, 0, HUB_CUT), 0);
    g_string_free(out, TRUE);
    g_string_free(expected, TRUE);
    site_stop(&site);
}

/* The agent dies under an order: its successor says that the outcome is not known, and
 * takes what was sent meanwhile. */
static void test_agent_killed(void)
{
    Site site;

    site_start(&site);
    run_script(&site, 7, "echo $$; exec sleep 600");
    RIG_UNTIL(&site.rig, rig_n(&site.rig, 0, HUB_OUT) == 1);
    GPid orphan = atoi(rig_last(&site.rig, 0, HUB_OUT)->text);
    CU_ASSERT_TRUE(orphan > 1);
    agent_kill(&site);
    if (orphan > 1)
        kill(orphan, SIGKILL);
    RIG_UNTIL(&site.rig, rig_n(&site.rig, 0, HUB_GONE) == 1);
    run_script(&site, 8, "echo back");
    agent_start(&site);
    RIG_UNTIL(&site.rig, rig_n(&site.rig, 0, HUB_RESULT) == 2);
    CU_ASSERT_EQUAL(rig_last(&site.rig, 0, HUB_HELLO)->body.hello.anew, HUB_RESTARTED);
    for (guint i = 0; i < site.rig.rg_records->len; i++) {
        const RigRecord *record = &g_array_index(site.rig.rg_records, RigRecord, i);
        if (record->head.rc_type != HUB_RESULT)
            continue;
        gboolean first = record->body.result.id == 7;
        CU_ASSERT_EQUAL(record->body.result.status, first ? HUB_LOST : HUB_DONE);
    }
    CU_ASSERT_TRUE(collected(&site.rig, HUB_OUT, "back\n"));
    site_stop(&site);
}

static void type_keys(Site *site, const char *keys)
{
    g_autofree char *text = g_base64_encode((const guchar *)keys, strlen(keys));
    g_autoptr(GError) error = NULL;

    link_send(site->rig.rg_link, 0,
              json_pack("{s:s, s:i, s:s}", "k", "in", "id", 9, "data_b64", text), &error);
    CU_ASSERT_PTR_NULL(error);
}

static void test_terminal(void)
{
    g_autoptr(GError) error = NULL;
    Site site;

    site_start(&site);
    link_send(
        site.rig.rg_link, 0,
        json_pack("{s:s, s:i, s:i, s:i}", "k", "open", "id", 9, "cols", 80, "rows", 25),
        &error);
    CU_ASSERT_PTR_NULL(error);
    type_keys(&site, "echo hi$((40+2))\n");
    RIG_UNTIL(&site.rig, collected(&site.rig, HUB_PTY, "hi42"));
    type_keys(&site, "exit 3\n");
    RIG_UNTIL(&site.rig, rig_n(&site.rig, 0, HUB_PTYEND) == 1);
    site_stop(&site);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"output past the credit, the hub killed in it", test_output},
        {"the agent killed under an order", test_agent_killed},
        {"a terminal", test_terminal},
        CU_TEST_INFO_NULL,
    };

    if (geteuid() != 0) {
        printf("skipped: the agent runs orders as root\n");
        return 77;
    }
    return cunit_main("hub and agent", tests);
}
