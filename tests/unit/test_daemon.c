/*
 * What of parryd is a function of its arguments, and what writes files: recordings, the
 * message that personalises a host, the rows of the isolation proof, the drill's
 * directory, the clock.
 */
#include "orchestrator/daemon/cast.h"
#include "orchestrator/daemon/clock.h"
#include "orchestrator/daemon/drill.h"
#include "orchestrator/daemon/hosts.h"
#include "orchestrator/daemon/isolation.h"
#include "orchestrator/daemon/needs.h"
#include "orchestrator/daemon/people.h"
#include "orchestrator/daemon/personalise.h"
#include "orchestrator/daemon/provision.h"
#include "tests/unit/cunit_main.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static Plan *first_drill(void)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = plan_load(PARRY_SOURCE_DIR "/examples/first-drill.yaml", NULL, diags);

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

/* ---- recordings ---- */

static char *record(void (*play)(Cast *cast))
{
    g_autofree char *dir = g_dir_make_tmp("parry-cast-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "a.cast", NULL);
    Cast *cast = cast_open(path, 80, 24, "alice on health/web", NULL);
    char *text = NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(cast);
    CU_ASSERT_PTR_NULL(cast_open(path, 80, 24, "again", NULL)); /* never overwritten */
    play(cast);
    cast_close(cast);
    CU_ASSERT_TRUE(g_file_get_contents(path, &text, NULL, NULL));
    g_unlink(path);
    g_rmdir(dir);
    return text;
}

/* All that a recording shows, and that its lines are what asciicast v2 asks for. */
static char *shown(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(g_strchomp((char *)text), "\n", -1);
    g_autoptr(GString) out = g_string_new(NULL);
    json_t *head = json_loads(lines[0], 0, NULL);
    double last = 0;

    CU_ASSERT_EQUAL(json_integer_value(json_object_get(head, "version")), 2);
    json_decref(head);
    for (guint i = 1; lines[i]; i++) {
        json_t *event = json_loads(lines[i], 0, NULL);
        double at = json_real_value(json_array_get(event, 0));
        CU_ASSERT_PTR_NOT_NULL_FATAL(event);
        CU_ASSERT_TRUE(at >= last);
        last = at;
        g_string_append(out, json_string_value(json_array_get(event, 2)));
        json_decref(event);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Whoever wrote it was killed in the middle of a line. */
static void test_recording_of_the_killed(void)
{
    static const char whole[] = "{\"version\":2}\n[0.1,\"o\",\"hello\"]\n"
                                "[0.2,\"r\",\"80x24\"]\n[0.3,\"o\",\"\u00e9\"]\n";
    g_autofree char *dir = g_dir_make_tmp("parry-cast-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "a.cast", NULL);
    g_autofree char *cut = g_strconcat(whole, "[0.4,\"o\",\"wor", NULL);
    g_autofree char *text = NULL;

    CU_ASSERT_EQUAL(cast_mend(path), 0);
    CU_ASSERT_TRUE(g_file_set_contents(path, cut, -1, NULL));
    CU_ASSERT_EQUAL(cast_mend(path), 7);
    CU_ASSERT_TRUE(g_file_get_contents(path, &text, NULL, NULL));
    CU_ASSERT_STRING_EQUAL(text, whole);
    g_unlink(path);
    g_rmdir(dir);
}

static void play_split(Cast *cast)
{
    const char *text = "衞生署 é 🛡";

    for (const char *at = text; *at; at++)
        cast_output(cast, at, 1);
}

static void play_invalid(Cast *cast)
{
    cast_output(cast, "a\xff\xfe\0b", 5);
    cast_output(cast, "\xe8\xa1", 2); /* begun, never finished */
    cast_resize(cast, 100, 30);
}

static void test_cast(void)
{
    g_autofree char *split = record(play_split);
    g_autofree char *split_shown = shown(split);
    g_autofree char *invalid = record(play_invalid);
    g_autofree char *invalid_shown = shown(invalid);

    CU_ASSERT_STRING_EQUAL(split_shown, "衞生署 é 🛡");
    CU_ASSERT_STRING_EQUAL(invalid_shown,
                           "a\xef\xbf\xbd\xef\xbf\xbd b100x30\xef\xbf\xbd");
}

/* ---- personalise ---- */

static const PlanHost *host_of(const Plan *plan, const char *id)
{
    int index = plan_host_index(plan, id);

    CU_ASSERT_TRUE_FATAL(index >= 0);
    return plan_host(plan, index);
}

static void test_personalise(void)
{
    g_autoptr(Plan) plan = first_drill();

    for (guint i = 0; i < plan->p_hosts->len; i++) {
        const PlanHost *host = plan_host(plan, (int)i);
        json_t *msg = personalise_message(plan, host);
        CU_ASSERT_EQUAL(json_array_size(json_object_get(msg, "nics")),
                        host->ph_nics->len);
        CU_ASSERT_EQUAL(json_array_size(json_object_get(msg, "users")),
                        host->ph_users->len);
        CU_ASSERT_EQUAL(json_object_get(msg, "router") != NULL, host->ph_router != 0);
        /* It must fit a line of the protocol, whatever the scenario plants. */
        CU_ASSERT_TRUE(json_dumpb(msg, NULL, 0, JSON_COMPACT) < 60000);
        json_decref(msg);
    }
    json_t *gateway = personalise_message(plan, host_of(plan, "health/gateway"));
    const json_t *publish =
        json_object_get(json_object_get(gateway, "router"), "publish");
    CU_ASSERT_TRUE(json_array_size(publish) >= 1);
    json_decref(gateway);
}

static Plan *load_text(const char *text)
{
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = plan_load_bytes("f.yaml", "/", text, strlen(text), NULL, diags);

    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

#define ESTATE                                                                           \
    "parry: 1\n"                                                                         \
    "drill: {name: t, start: 2026-11-13T09:00, duration: 10h}\n"                         \
    "teams: {blue: {side: blue, estate: e}}\n"                                           \
    "secrets: {admin: {kind: password}}\n"                                               \
    "images: {names: {base: debian/bookworm, packages: [dnsmasq]}}\n"                    \
    "estates:\n  e:\n"                                                                   \
    "    networks: {dmz: {cidr: 10.0.0.0/24}, lan: {cidr: 10.0.1.0/24}}\n"               \
    "    dns: {server: ns, domain: health.test}\n"                                       \
    "    credentials: {chief: {host: web, account: root, secret: admin}}\n"              \
    "    hosts:\n"                                                                       \
    "      gate: {image: micro, nics: {dmz: 1, lan: 1}, after: ns, router: {forward: "   \
    "drop, firewall: {web: {from: lan, to: web, proto: tcp, ports: 80, action: "         \
    "accept}}}}\n"                                                                       \
    "      ns: {image: names, nics: {dmz: 53}}\n"                                        \
    "      web: {image: micro, nics: {dmz: 10}, after: [ns, gate]}\n"

static void test_personalise_network(void)
{
    g_autoptr(Plan) plan = load_text(ESTATE);
    json_t *gate = personalise_message(plan, host_of(plan, "blue/gate"));
    json_t *web = personalise_message(plan, host_of(plan, "blue/web"));
    json_t *want = json_pack("[{s:s, s:s, s:s, s:s, s:s, s:i, s:i}]", "name", "web",
                             "proto", "tcp", "action", "accept", "from", "10.0.1.0/24",
                             "to", "10.0.0.10/32", "first", 80, "last", 80);
    const json_t *router = json_object_get(gate, "router");
    const json_t *root = json_array_get(json_object_get(web, "users"), 0);

    CU_ASSERT_TRUE(json_equal(json_object_get(router, "rules"), want));
    CU_ASSERT_TRUE(json_is_true(json_object_get(router, "drop")));
    CU_ASSERT_STRING_EQUAL(
        json_string_value(json_array_get(json_object_get(web, "dns"), 0)), "10.0.0.53");
    /* root keeps the shell that its image gives it. */
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(root, "uid")), 0);
    CU_ASSERT_PTR_NULL(json_object_get(root, "shell"));
    CU_ASSERT_PTR_NOT_NULL(json_object_get(root, "password"));
    json_decref(want);
    json_decref(gate);
    json_decref(web);
}

/* ---- the order of hosts ---- */

static void test_order_of_hosts(void)
{
    g_autoptr(Plan) plan = load_text(ESTATE);
    struct event_base *base = event_base_new();
    Daemon d = {.dm_plan = plan, .dm_base = base};
    Hosts *hosts = hosts_new(&d);
    int gate = plan_host_index(plan, "blue/gate"), ns = plan_host_index(plan, "blue/ns");
    const PlanHost *web = host_of(plan, "blue/web");
    gboolean hopeless;

    CU_ASSERT_EQUAL(provision_blocker(hosts, plan_host(plan, ns), &hopeless), -1);
    CU_ASSERT_EQUAL(provision_blocker(hosts, plan_host(plan, gate), &hopeless), ns);
    CU_ASSERT_FALSE(hopeless);
    hosts_set(hosts, ns, HOST_AGENT, NULL); /* hello is not enough */
    CU_ASSERT_EQUAL(provision_blocker(hosts, web, &hopeless), ns);
    hosts_set(hosts, ns, HOST_READY, NULL);
    CU_ASSERT_EQUAL(provision_blocker(hosts, web, &hopeless), gate);
    hosts_set(hosts, gate, HOST_READY, NULL);
    CU_ASSERT_EQUAL(provision_blocker(hosts, web, &hopeless), -1);
    hosts_set(hosts, gate, HOST_FAILED, "personalise: run script 1: exit 1");
    CU_ASSERT_EQUAL(provision_blocker(hosts, web, &hopeless), gate);
    CU_ASSERT_TRUE(hopeless);
    hosts_free(hosts);
    event_base_free(base);
}

/* ---- isolation ---- */

static guint count_rows(const json_t *rows, const char *name, const char *addr)
{
    json_t *row;
    gsize i;
    guint count = 0;

    json_array_foreach (rows, i, row)
        count += g_str_has_prefix(json_string_value(json_array_get(row, 0)), name) &&
                 (!addr || strcmp(json_string_value(json_array_get(row, 2)), addr) == 0);
    return count;
}

static json_t *rows_of(const Plan *plan, const char *id, json_t **expected)
{
    json_t *own = json_pack("[s]", "192.0.2.200");
    json_t *rows = isolation_rows(plan, host_of(plan, id), own, expected);

    CU_ASSERT_EQUAL(json_array_size(rows), json_array_size(*expected));
    json_decref(own);
    return rows;
}

/* Only silence is asked about again: what is reached and must not be is a finding. */
static void test_isolation_silence(void)
{
    static const struct {
        const char *seen;
        gboolean nothing;
    } cases[] = {
        {"[[\"control\", true, \"\"], [\"outside\", false, \"\"]]", FALSE},
        {"[[\"control\", false, \"\"], [\"outside\", false, \"\"]]", TRUE},
        {"[[\"control\", false, \"\"], [\"outside\", true, \"\"]]", FALSE},
        {"[[\"control\", true, \"\"], [\"outside\", true, \"\"]]", FALSE},
        {"[]", FALSE},
    };
    json_t *expected = json_pack("[b, b]", 1, 0);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *seen = json_loads(cases[i].seen, 0, NULL);

        CU_ASSERT_EQUAL(isolation_says_nothing(seen, expected), cases[i].nothing);
        json_decref(seen);
    }
    json_decref(expected);
}

static void test_isolation(void)
{
    g_autoptr(Plan) plan = first_drill();
    json_t *expected, *rows = rows_of(plan, "health/web", &expected);

    CU_ASSERT_EQUAL(count_rows(rows, "hypervisor", "192.0.2.200"), 2);
    CU_ASSERT_TRUE(count_rows(rows, "hypervisor on health/dmz", NULL) >= 1);
    CU_ASSERT_EQUAL(count_rows(rows, "outside", NULL), 2);
    CU_ASSERT_EQUAL(count_rows(rows, "DNS", NULL), 1);
    CU_ASSERT_TRUE(count_rows(rows, "other team: lands/gateway", NULL) >= 2);
    CU_ASSERT_EQUAL(count_rows(rows, "other team: health", NULL), 0);
    CU_ASSERT_EQUAL(count_rows(rows, "control: own router", NULL), 1);
    CU_ASSERT_TRUE(json_is_true(json_array_get(expected, 0)));  /* the control */
    CU_ASSERT_TRUE(json_is_false(json_array_get(expected, 1))); /* and nothing else */
    json_decref(rows);
    json_decref(expected);

    /* Red may reach blue: that is its trade. A referee is white's. */
    rows = rows_of(plan, "red/box", &expected);
    CU_ASSERT_EQUAL(count_rows(rows, "other team", NULL), 0);
    json_decref(rows);
    json_decref(expected);
    rows = rows_of(plan, "health/referee", &expected);
    CU_ASSERT_EQUAL(count_rows(rows, "other team", NULL), 0);
    json_decref(rows);
    json_decref(expected);
}

/* ---- needs ---- */

static void test_needs(void)
{
    g_autoptr(Plan) plan = first_drill();
    g_autoptr(GError) error = NULL;
    PlanHost *host = plan_host(plan, 0);

    CU_ASSERT_TRUE(needs_memory_here() > 0);
    CU_ASSERT_TRUE(needs_disk_here("/") > 0);
    CU_ASSERT_EQUAL(needs_disk_here("/no/such/place"), 0);
    host->ph_memory = needs_memory_here() * 2;
    CU_ASSERT_FALSE(needs_check(plan, "/", "kvm", &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "MiB available"));
}

/* ---- the drill's directory ---- */

static void put(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
}

/* A drill is what it was made from, whatever becomes of the files and of --set. */
static void test_drill_files(void)
{
    static const char *const set[] = {"many=3", NULL};
    PlanOptions options = {.po_set = set};
    g_autofree char *home = g_dir_make_tmp("parry-home-XXXXXX", NULL);
    g_autofree char *sub = g_build_filename(home, "src/sub", NULL);
    g_autofree char *top = g_build_filename(home, "src/top.yaml", NULL);
    g_autoptr(ParryDiags) diags = parry_diags_new();
    g_autoptr(GError) error = NULL;

    CU_ASSERT_EQUAL_FATAL(g_mkdir_with_parents(sub, 0755), 0);
    put(home, "src/top.yaml",
        "parry: 1\nincludes: [sub/teams.yaml]\nparameters: {many: {type: int}}\n"
        "drill: {name: t, start: 2026-01-01T00:00, duration: 6h}\n");
    put(sub, "teams.yaml", "teams: {t: {side: blue, count: '${param.many}'}}\n");
    g_autoptr(Plan) checked = plan_load_with(top, &options, diags);
    CU_ASSERT_PTR_NOT_NULL_FATAL(checked);
    g_autoptr(Drill) drill = drill_create(home, "d", top, checked, NULL, TRUE, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(drill);
    put(sub, "teams.yaml", "teams: {}\n");
    g_autoptr(Drill) again = drill_open(drill->dr_dir, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    g_autoptr(Plan) plan = drill_plan(again, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(plan->p_teams->len, 3);
    CU_ASSERT_STRING_EQUAL(plan->p_scenario_sha256, checked->p_scenario_sha256);
    CU_ASSERT_TRUE(drill_remove_tree(home, NULL));
}

static void test_drill(void)
{
    g_autofree char *home = g_dir_make_tmp("parry-home-XXXXXX", NULL);
    g_autofree char *lock = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(ParryDiags) diags = parry_diags_new();
    const char *path = PARRY_SOURCE_DIR "/examples/first-drill.yaml";
    g_autoptr(Plan) checked = plan_load(path, NULL, diags);
    g_autoptr(Drill) drill =
        drill_create(home, "d", path, checked, "test:///default", TRUE, &error);

    CU_ASSERT_PTR_NOT_NULL_FATAL(drill);
    CU_ASSERT_PTR_NULL(
        drill_create(home, "d", drill->dr_scenario, checked, NULL, FALSE, NULL));
    g_autoptr(Drill) again = drill_open(drill->dr_dir, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_STRING_EQUAL(again->dr_uuid, drill->dr_uuid);
    CU_ASSERT_STRING_EQUAL(again->dr_connect, "test:///default");
    CU_ASSERT_TRUE(again->dr_rehearsal);
    CU_ASSERT_FALSE(again->dr_alive);
    g_autoptr(Plan) plan = drill_plan(again, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_STRING_EQUAL(plan->p_uuid, drill->dr_uuid);

    /* Alive is who holds the journal's lock. */
    lock = g_build_filename(drill->dr_dir, "journal.lock", NULL);
    int fd = open(lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    CU_ASSERT_EQUAL(flock(fd, LOCK_EX), 0);
    g_autoptr(Drill) alive = drill_open(drill->dr_dir, NULL);
    CU_ASSERT_TRUE(alive && alive->dr_alive);
    close(fd);

    g_autoptr(GPtrArray) all = drill_list(home);
    CU_ASSERT_EQUAL(all->len, 1);
    CU_ASSERT_TRUE(drill_remove(home, drill, TRUE, &error));
    CU_ASSERT_FALSE(g_file_test(drill->dr_dir, G_FILE_TEST_EXISTS));
    g_autofree char *drills = g_build_filename(home, "drills", NULL);
    g_rmdir(drills);
    CU_ASSERT_EQUAL(g_rmdir(home), 0);
}

/* A drill.json that somebody has edited is an error with a name, not a crash. */
static void test_drill_refuses(void)
{
    static const char *const bad[] = {"", "{", "[]", "{\"name\": 1}",
                                      "{\"name\": \"x\"}"};
    g_autofree char *dir = g_dir_make_tmp("parry-drill-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "drill.json", NULL);

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_TRUE(g_file_set_contents(path, bad[i], -1, NULL));
        CU_ASSERT_PTR_NULL(drill_open(dir, &error));
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "not a drill"));
    }
    g_unlink(path);
    g_rmdir(dir);
}

/* ---- people ---- */

static void count_people(const char *player, const char *name, gpointer data)
{
    CU_ASSERT_STRING_EQUAL(player, "health/alice");
    CU_ASSERT_STRING_EQUAL(name, "Alice Chan Tai-man");
    ++*(int *)data;
}

static void test_people(void)
{
    g_autofree char *home = g_dir_make_tmp("parry-people-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(home, "people.db", NULL);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(People) people = people_open(home, &error);
    struct stat st;
    gsize len;
    int count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(people);
    CU_ASSERT_TRUE(people_set(people, "d1", "health/alice", "somebody else", &error));
    CU_ASSERT_TRUE(
        people_set(people, "d1", "health/alice", "Alice Chan Tai-man", &error));
    CU_ASSERT_TRUE(people_set(people, "d2", "health/alice", "of another drill", &error));
    CU_ASSERT_TRUE(people_each(people, "d1", count_people, &count, &error));
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_TRUE(people_erase(people, "d1", NULL, &error));
    CU_ASSERT_FALSE(people_erase(people, "d1", "health/alice", &error));
    CU_ASSERT_PTR_NULL(error);
    g_clear_pointer(&people, people_close);

    /* Erased is erased from the file too; nobody else reads it. */
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
    CU_ASSERT_TRUE(g_file_get_contents(path, &bytes, &len, NULL));
    CU_ASSERT_PTR_NULL(memmem(bytes, len, "Tai-man", 7));
    CU_ASSERT_PTR_NOT_NULL(memmem(bytes, len, "of another drill", 16));
    g_unlink(path);
    g_rmdir(home);
}

/* ---- clock ---- */

static void test_clock(void)
{
    const gint64 hour = (gint64)3600 * G_USEC_PER_SEC;
    DrillClock clock = {0};
    char boot[40];

    CU_ASSERT_EQUAL(clock_now(&clock), 0);
    clock_leap(&clock, 5000000);
    CU_ASSERT_EQUAL(clock_now(&clock), 5000000); /* it stands, and leaps all the same */
    clock_leap(&clock, 1000000);
    CU_ASSERT_EQUAL(clock_now(&clock), 5000000); /* never backwards */
    clock_run(&clock);
    clock_run(&clock);
    gint64 now = clock_now(&clock);
    CU_ASSERT_TRUE(now >= 5000000);
    clock_leap(&clock, now + hour);
    clock_stand(&clock);
    gint64 stands = clock_now(&clock);
    CU_ASSERT_TRUE(stands >= now + hour);
    CU_ASSERT_EQUAL(clock_now(&clock), stands);
    clock_boot_id(boot);
    CU_ASSERT_EQUAL(strlen(boot), 36);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"recordings", test_cast},
        {"personalise", test_personalise},
        {"rules, resolvers and root reach the guest", test_personalise_network},
        {"hosts wait for others", test_order_of_hosts},
        {"isolation rows", test_isolation},
        {"a probe that says nothing", test_isolation_silence},
        {"needs", test_needs},
        {"the drill's directory", test_drill},
        {"a drill keeps its files and parameters", test_drill_files},
        {"a broken drill.json", test_drill_refuses},
        {"people", test_people},
        {"the clock", test_clock},
        {"the recording of one that was killed", test_recording_of_the_killed},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("daemon", tests);
}
