/* The range on a real private libvirt: made, looked at, sabotaged, lost, taken down. */
#include "orchestrator/host/host.h"
#include "orchestrator/range/filter.h"
#include "orchestrator/range/range.h"
#include "tests/integration/host_fixture.h"
#include "tests/integration/range_wire.h"
#include "tests/unit/cunit_main.h"
#include "tests/unit/range_plan.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_S 60

static char *home, *uri;
static HostStatus status;
static Plan *plan;
static RangeConfig config;
static struct event_base *base;
static Range *range;
static virConnectPtr conn; /* the test's own look at the world */

/* What the range called back with. */
static guint calls, failures;
static char *last_error;
static int last_code;
static guint counted;
static RangeRemoved removed;
static json_t *rows;
static GString *events; /* "2 crashed;" … */
static int links_lost, links_found;
static int listeners[3] = {-1, -1, -1};

/* ---- callbacks and waiting ---- */

static void done(const GError *error, gpointer data)
{
    (void)data;
    calls++;
    failures += error != NULL;
    g_free(last_error);
    last_error = g_strdup(error ? error->message : "");
    last_code = error ? error->code : -1;
}

static void on_counted(guint count, const GError *error, gpointer data)
{
    counted = count;
    done(error, data);
}

static void on_torn_down(const RangeRemoved *gone, const GError *error, gpointer data)
{
    removed = *gone;
    done(error, data);
}

static void on_inspected(json_t *found, const GError *error, gpointer data)
{
    json_decref(rows);
    rows = found;
    done(error, data);
}

static void on_event(int host, RangeEvent event, const char *detail, gpointer data)
{
    static const char *const names[] = {"started", "stopped", "crashed", "paused",
                                        "resumed"};

    (void)data;
    g_string_append_printf(events, "%d %s;", host, names[event]);
    printf("[host %d %s: %s] ", host, names[event], detail);
}

static void on_link(gboolean connected, const char *reason, gpointer data)
{
    (void)data;
    if (connected)
        links_found++;
    else
        links_lost++;
    printf("[%s] ", connected ? "connected" : reason);
}

/* Runs the loop until *count has reached a number, or the time is over. */
static gboolean reached(const guint *count, guint number)
{
    gint64 until = g_get_monotonic_time() + (gint64)LIMIT_S * G_USEC_PER_SEC;
    struct timeval tick = {.tv_usec = 20000};

    while (*count < number && g_get_monotonic_time() < until) {
        event_base_loopexit(base, &tick);
        event_base_dispatch(base);
    }
    return *count >= number;
}

/* Waits for n calls since the last forget(), all of which must have worked. */
static void expect_done(guint n)
{
    CU_ASSERT_TRUE(reached(&calls, n));
    CU_ASSERT_EQUAL(failures, 0);
    if (failures)
        printf("%s\n", last_error);
    calls = failures = 0;
}

static gboolean events_are(gpointer wanted)
{
    struct timeval tick = {.tv_usec = 20000};

    event_base_loopexit(base, &tick);
    event_base_dispatch(base);
    return g_str_equal(events->str, wanted);
}

static void expect_events(const char *wanted)
{
    CU_ASSERT_TRUE(fixture_wait(events_are, (gpointer)wanted, LIMIT_S));
    if (!g_str_equal(events->str, wanted))
        printf("got \"%s\"\n", events->str);
    g_string_truncate(events, 0);
}

/* ---- making ---- */

static void create_domain(int host)
{
    g_autofree char *console = g_strdup_printf("%s/drills/%d.log", home, host);
    g_autofree char *channel = g_strdup_printf("%s/drills/%d.sock", home, host);
    /* Nothing to boot from: the firmware looks for it for ever. */
    RangeDomain boot = {.rd_console = console, .rd_channel = channel};

    range_domain_create(range, host, &boot, done, NULL);
}

static void make_all(void)
{
    for (int i = 0; i < (int)plan->p_networks->len; i++)
        range_network_create(range, i, done, NULL);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        range_filter_create(range, i, done, NULL);
    expect_done(plan->p_networks->len + plan->p_hosts->len);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        create_domain(i);
    expect_done(plan->p_hosts->len);
}

static int domain_state(int host)
{
    virDomainPtr domain =
        virDomainLookupByUUIDString(conn, plan_host(plan, host)->ph_uuid);
    int state = -1;

    if (!domain)
        return -1;
    virDomainGetState(domain, &state, NULL, 0);
    virDomainFree(domain);
    return state;
}

static pid_t qemu_pid(int host)
{
    return fixture_member_with(status.init_pid, plan_host(plan, host)->ph_domain);
}

static gboolean new_range(void)
{
    g_autoptr(GError) error = NULL;

    range = range_new(base, plan, &config, &error);
    if (error)
        printf("%s\n", error->message);
    return range != NULL;
}

static void test_make(void)
{
    CU_ASSERT_TRUE_FATAL(new_range());
    make_all();
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        CU_ASSERT_EQUAL(domain_state(i), VIR_DOMAIN_RUNNING);
    CU_ASSERT_STRING_EQUAL(events->str, "");
}

static void test_a_repeat_is_harmless(void)
{
    pid_t before = qemu_pid(HOST_WEB);

    make_all();
    CU_ASSERT_EQUAL(qemu_pid(HOST_WEB), before);
    CU_ASSERT_NOT_EQUAL(before, 0);
}

/* The same names and UUIDs, but another drill's: nothing is taken over or removed. */
static void test_strangers_are_left_alone(void)
{
    Range *own = range;

    config.rg_drill = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    CU_ASSERT_TRUE_FATAL(new_range());
    range_network_create(range, NET_LAN, done, NULL);
    CU_ASSERT_TRUE(reached(&calls, 1));
    CU_ASSERT_EQUAL(last_code, RANGE_ERROR_FOREIGN);
    create_domain(HOST_WEB);
    CU_ASSERT_TRUE(reached(&calls, 2));
    CU_ASSERT_EQUAL(last_code, RANGE_ERROR_FOREIGN);
    CU_ASSERT_PTR_NOT_NULL(strstr(last_error, plan_host(plan, HOST_WEB)->ph_domain));
    range_domain_destroy(range, HOST_WEB, done, NULL);
    CU_ASSERT_TRUE(reached(&calls, 3));
    CU_ASSERT_EQUAL(last_code, RANGE_ERROR_FOREIGN);
    range_free(range);
    range = own;
    config.rg_drill = plan->p_uuid;
    calls = failures = 0;
    CU_ASSERT_EQUAL(domain_state(HOST_WEB), VIR_DOMAIN_RUNNING);
    g_string_truncate(events, 0); /* the second range told what it found there */
}

/* ---- the proof ---- */

/* Inspects; returns how many findings there are, and whether one's text has the words. */
static guint findings(const char *words, gboolean *said)
{
    guint n = 0;
    size_t i;
    json_t *row;

    range_inspect(range, on_inspected, NULL);
    expect_done(1);
    *said = FALSE;
    json_array_foreach (rows, i, row) {
        const char *text = json_string_value(json_array_get(row, 3));

        if (!json_is_true(json_array_get(row, 0 + 1)))
            continue;
        n++;
        *said |= words && strstr(text, words) != NULL;
        if (!words)
            printf("%s: %s\n", json_string_value(json_array_get(row, 0)), text);
    }
    return n;
}

static void test_inspection_passes(void)
{
    gboolean said;

    CU_ASSERT_EQUAL(findings(NULL, &said), 0);
    /* 2 networks, 2 rows a host, strangers, 3 rows a bridge, ways out, 2 filters. */
    CU_ASSERT_EQUAL(json_array_size(rows), 2 + 6 + 1 + 6 + 1 + SHARED_NICS);
}

/* Does something in the hypervisor's namespace, must find it, undoes it, must not. */
static void sabotage(const char *words, const char *const *act, const char *const *undo)
{
    gboolean said;

    CU_ASSERT_TRUE(wire_run(status.init_pid, act));
    CU_ASSERT_TRUE(findings(words, &said) > 0);
    CU_ASSERT_TRUE(said);
    CU_ASSERT_TRUE(wire_run(status.init_pid, undo));
    CU_ASSERT_EQUAL(findings(NULL, &said), 0);
}

static void test_an_address_is_found(void)
{
    const char *lan = plan_network(plan, NET_LAN)->pn_bridge;
    const char *const act[] = {"ip", "addr", "add", "10.10.1.254/24", "dev", lan, NULL};
    const char *const undo[] = {"ip", "addr", "del", "10.10.1.254/24", "dev", lan, NULL};

    sabotage("has address 10.10.1.254/24", act, undo);
}

static void test_a_foreign_port_is_found(void)
{
    const char *lan = plan_network(plan, NET_LAN)->pn_bridge;
    const char *const act[] = {"ip",   "link", "add",  "prtport", "master", lan,
                               "type", "veth", "peer", "name",    "prtfar", NULL};
    const char *const undo[] = {"ip", "link", "del", "prtport", NULL};

    sabotage("port prtport is no planned NIC", act, undo);
}

static void test_a_vlan_on_a_bridge_is_found(void)
{
    const char *lan = plan_network(plan, NET_LAN)->pn_bridge;
    const char *const act[] = {"ip",   "link", "add",  "link",    lan,
                               "name", "prtv", "type", "macvlan", NULL};
    const char *const undo[] = {"ip", "link", "del", "prtv", NULL};

    sabotage("prtv stands on it", act, undo);
}

static void test_a_lost_isolation_is_found(void)
{
    g_autofree char *tap = filter_port(plan, HOST_RIVAL, 0);
    const char *const act[] = {"bridge", "link",     "set", "dev",
                               tap,      "isolated", "off", NULL};
    const char *const undo[] = {"bridge", "link",     "set", "dev",
                                tap,      "isolated", "on",  NULL};

    sabotage("is not isolated", act, undo);
}

/* nft with a command about the rival's filter; %1$s: the table, %2$s: the port. */
static gboolean nft(const char *format)
{
    g_autofree char *table = filter_table(plan->p_uuid);
    g_autofree char *port = filter_port(plan, HOST_RIVAL, 0);
    g_autofree char *command = g_strdup_printf(format, table, port);
    const char *const argv[] = {"nft", command, NULL};

    return wire_run(status.init_pid, argv);
}

/* Each way to loosen a filter; the repeated making puts it right again. */
static void test_a_lost_filter_is_found(void)
{
    static const char *const acts[] = {
        "delete element bridge %1$s from_port { \"%2$s\" }",
        "delete element bridge %1$s to_port { \"%2$s\" }",
        "insert rule bridge %1$s from_%2$s accept",
        "add rule bridge %1$s to_%2$s counter",
        "insert rule bridge %1$s from accept",
        "flush chain bridge %1$s to",
        "add table bridge %1$s { flags dormant; }",
        "delete table bridge %1$s",
    };
    gboolean said;

    for (guint i = 0; i < G_N_ELEMENTS(acts); i++) {
        CU_ASSERT_TRUE(nft(acts[i]));
        CU_ASSERT_TRUE(findings("is not bound to 52:54:00:aa:01:00", &said) > 0);
        if (!said)
            printf("not found: %s\n", acts[i]);
        CU_ASSERT_TRUE(said);
        if (strstr(acts[i], "dormant"))
            CU_ASSERT_TRUE(nft("delete table bridge %1$s"));
        for (int host = 0; host < (int)plan->p_hosts->len; host++)
            range_filter_create(range, host, done, NULL);
        expect_done(plan->p_hosts->len);
        CU_ASSERT_EQUAL(findings(NULL, &said), 0);
    }
}

/* Forwarding alone is refused by libvirt's rules; without those it is a way out. */
static void test_forwarding_is_found(void)
{
    const char *const on[] = {"sysctl", "-qw", "net.ipv4.ip_forward=1", NULL};
    const char *const off[] = {"sysctl", "-qw", "net.ipv4.ip_forward=0", NULL};
    const char *const act[] = {"iptables", "-D", "FORWARD", "-j", "LIBVIRT_FWO", NULL};
    const char *const undo[] = {"iptables", "-A", "FORWARD", "-j", "LIBVIRT_FWO", NULL};

    CU_ASSERT_TRUE(wire_run(status.init_pid, on));
    sabotage("the hypervisor routes IPv4", act, undo);
    CU_ASSERT_TRUE(wire_run(status.init_pid, off));
}

/* To a range whose directory is elsewhere, consoles and channels lead outside of it. */
static void test_a_file_elsewhere_is_found(void)
{
    Range *own = range;
    gboolean said;

    config.rg_dir = "/elsewhere";
    CU_ASSERT_TRUE_FATAL(new_range());
    CU_ASSERT_EQUAL(findings("outside the drill's directory", &said), plan->p_hosts->len);
    CU_ASSERT_TRUE(said);
    range_free(range);
    range = own;
    config.rg_dir = home;
    g_string_truncate(events, 0);
}

/* ---- frames ---- */

/* The rival's own rules, in a table of their own, for a port on which this test is the
 * guest. */
static void test_a_spoofing_guest_is_stopped(void)
{
    static const char *const drill = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    g_autofree char *port = filter_port(plan, HOST_RIVAL, 0);
    g_autofree char *table = filter_table(drill);
    g_autofree char *rivals = filter_rules(plan, drill, HOST_RIVAL);
    g_auto(GStrv) parts = g_strsplit(rivals, port, -1);
    g_autofree char *rules = g_strjoinv(WIRE_GUEST_PORT, parts);
    g_autoptr(GError) error = NULL;
    Wire *wire = wire_new(status.init_pid, plan_network(plan, NET_INTERNET)->pn_bridge);

    CU_ASSERT_PTR_NOT_NULL_FATAL(wire);
    CU_ASSERT_TRUE(filter_apply(uri, rules, &error));
    CU_ASSERT_EQUAL(wire_check(wire), 0);
    CU_ASSERT_TRUE(filter_remove(uri, table, &error));
    wire_free(wire);
}

/* ---- what happens to domains ---- */

static void test_a_killed_qemu_is_told(void)
{
    pid_t pid = qemu_pid(HOST_WEB);

    CU_ASSERT_NOT_EQUAL_FATAL(pid, 0);
    kill(pid, SIGKILL);
    expect_events("2 crashed;");
    create_domain(HOST_WEB);
    expect_done(1);
    CU_ASSERT_EQUAL(domain_state(HOST_WEB), VIR_DOMAIN_RUNNING);
}

static void test_a_strangers_pause_is_told(void)
{
    virDomainPtr domain =
        virDomainLookupByUUIDString(conn, plan_host(plan, HOST_RIVAL)->ph_uuid);

    CU_ASSERT_PTR_NOT_NULL_FATAL(domain);
    CU_ASSERT_EQUAL(virDomainSuspend(domain), 0);
    expect_events("1 paused;");
    CU_ASSERT_EQUAL(virDomainResume(domain), 0);
    expect_events("1 resumed;");
    virDomainFree(domain);
}

static void test_a_reset_is_no_end(void)
{
    pid_t pid = qemu_pid(HOST_WEB);

    range_domain_reset(range, HOST_WEB, done, NULL);
    expect_done(1);
    CU_ASSERT_EQUAL(qemu_pid(HOST_WEB), pid);
    CU_ASSERT_STRING_EQUAL(events->str, "");
}

static void test_the_kill_switch(void)
{
    gint64 began = g_get_monotonic_time();

    range_suspend_all(range, on_counted, NULL);
    expect_done(1);
    printf("[%u suspended in %d ms] ", counted,
           (int)((g_get_monotonic_time() - began) / 1000));
    CU_ASSERT_EQUAL(counted, plan->p_hosts->len);
    /* What is made from now on stays still too. */
    range_domain_destroy(range, HOST_WEB, done, NULL);
    create_domain(HOST_WEB);
    expect_done(2);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        CU_ASSERT_EQUAL(domain_state(i), VIR_DOMAIN_PAUSED);
    range_suspend_all(range, on_counted, NULL);
    expect_done(1);
    CU_ASSERT_EQUAL(counted, 0);
    range_resume_all(range, on_counted, NULL);
    expect_done(1);
    CU_ASSERT_EQUAL(counted, plan->p_hosts->len);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        CU_ASSERT_EQUAL(domain_state(i), VIR_DOMAIN_RUNNING);
    CU_ASSERT_STRING_EQUAL(events->str, "");
}

/* The web server's memory comes back as the rival. */
static void test_memory_to_a_file_and_back(void)
{
    g_autofree char *image = g_strdup_printf("%s/drills/web.save", home);
    g_autofree char *at = g_strdup_printf("%s/drills/at.save", home);
    g_autofree char *console = g_strdup_printf("%s/drills/restored.log", home);
    g_autofree char *channel = g_strdup_printf("%s/drills/%d.sock", home, HOST_RIVAL);
    RangeDomain boot = {.rd_console = console, .rd_channel = channel};
    RangeSave save = {.sv_host = HOST_WEB, .sv_path = image};
    gboolean said;

    range_save(range, &save, done, NULL);
    range_domain_destroy(range, HOST_RIVAL, done, NULL);
    expect_done(2);
    CU_ASSERT_EQUAL(domain_state(HOST_WEB), -1);
    range_restore(range, HOST_RIVAL, &boot, image, at, done, NULL);
    expect_done(1);
    CU_ASSERT_EQUAL(domain_state(HOST_RIVAL), VIR_DOMAIN_RUNNING);
    CU_ASSERT_FALSE(g_file_test(at, G_FILE_TEST_EXISTS));
    create_domain(HOST_WEB);
    expect_done(1);
    CU_ASSERT_EQUAL(findings(NULL, &said), 0);
    CU_ASSERT_STRING_EQUAL(events->str, "");
    g_unlink(image);
}

static void test_restore_says_why_not(void)
{
    g_autofree char *at = g_strdup_printf("%s/drills/at.save", home);
    RangeDomain boot = {0};

    range_domain_destroy(range, HOST_WEB, done, NULL);
    expect_done(1);
    range_restore(range, HOST_WEB, &boot, "/nowhere", at, done, NULL);
    CU_ASSERT_TRUE(reached(&calls, 1));
    CU_ASSERT_EQUAL(failures, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(last_error, "/nowhere"));
    calls = failures = 0;
    create_domain(HOST_WEB);
    expect_done(1);
}

static void test_a_golden_guest(void)
{
    g_autofree char *image = g_strdup_printf("%s/drills/golden.save", home);
    RangeDomain boot = {.rd_golden = TRUE};
    RangeSave save = {.sv_host = HOST_WEB, .sv_golden = TRUE, .sv_path = image};
    pid_t before = qemu_pid(HOST_WEB);

    range_domain_create(range, HOST_WEB, &boot, done, NULL);
    expect_done(1);
    range_save(range, &save, done, NULL);
    expect_done(1);
    CU_ASSERT_TRUE(g_file_test(image, G_FILE_TEST_EXISTS));
    range_domain_create(range, HOST_WEB, &boot, done, NULL);
    expect_done(1);
    range_golden_destroy(range, HOST_WEB, done, NULL);
    expect_done(1);
    CU_ASSERT_EQUAL(qemu_pid(HOST_WEB), before);
    g_unlink(image);
}

static gboolean link_is_back(gpointer data)
{
    struct timeval tick = {.tv_usec = 20000};

    (void)data;
    event_base_loopexit(base, &tick);
    event_base_dispatch(base);
    return links_found > 0;
}

static gboolean gateway_ended(gpointer data)
{
    (void)data;
    return events_are((gpointer) "0 stopped;") || events_are((gpointer) "0 crashed;");
}

/* libvirtd is killed, and a guest dies before it is back. */
static void test_a_lost_connection(void)
{
    pid_t victim = qemu_pid(HOST_GATEWAY);

    CU_ASSERT_NOT_EQUAL_FATAL(status.libvirtd_pid, 0);
    CU_ASSERT_NOT_EQUAL_FATAL(victim, 0);
    virConnectClose(conn);
    conn = NULL;
    kill(status.libvirtd_pid, SIGKILL);
    kill(victim, SIGKILL);
    CU_ASSERT_TRUE(fixture_wait(link_is_back, NULL, LIMIT_S));
    CU_ASSERT_EQUAL(links_lost, 1);
    /* libvirt may tell of the end itself, or have found it before it was back. */
    CU_ASSERT_TRUE(fixture_wait(gateway_ended, NULL, LIMIT_S));
    g_string_truncate(events, 0);
    conn = virConnectOpen(uri);
    CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
    create_domain(HOST_GATEWAY);
    expect_done(1);
    CU_ASSERT_EQUAL(domain_state(HOST_RIVAL), VIR_DOMAIN_RUNNING);
}

/* ---- the end ---- */

/* Everything that could be left over, as one text. */
static char *whole_world(void)
{
    g_autofree char *kernel = wire_world(status.init_pid);

    return g_strdup_printf("domains %d networks %d filters %d\n%s",
                           virConnectListAllDomains(conn, NULL, 0),
                           virConnectListAllNetworks(conn, NULL, 0),
                           virConnectListAllNWFilters(conn, NULL, 0), kernel);
}

static char *before;

static void expect_nothing_left(void)
{
    g_autofree char *after = whole_world();

    CU_ASSERT_STRING_EQUAL(after, before);
    if (!g_str_equal(after, before))
        printf("before:\n%s\nafter:\n%s\n", before, after);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        CU_ASSERT_EQUAL(qemu_pid(i), 0);
}

static void test_teardown_leaves_nothing(void)
{
    gint64 began = g_get_monotonic_time();

    range_teardown(range, on_torn_down, NULL);
    expect_done(1);
    printf("[%u domains in %d ms] ", removed.rm_domains,
           (int)((g_get_monotonic_time() - began) / 1000));
    CU_ASSERT_EQUAL(removed.rm_domains, plan->p_hosts->len);
    CU_ASSERT_EQUAL(removed.rm_networks, plan->p_networks->len);
    CU_ASSERT_EQUAL(removed.rm_filters, 1);
    expect_nothing_left();
    CU_ASSERT_STRING_EQUAL(events->str, "");
    range_teardown(range, on_torn_down, NULL);
    expect_done(1);
    CU_ASSERT_EQUAL(removed.rm_domains + removed.rm_networks + removed.rm_filters, 0);
}

/* In the midst of making: what had not begun is called off, what had is removed. */
static void test_teardown_in_the_midst(void)
{
    for (int i = 0; i < (int)plan->p_networks->len; i++)
        range_network_create(range, i, done, NULL);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        range_filter_create(range, i, done, NULL);
    expect_done(plan->p_networks->len + plan->p_hosts->len);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        create_domain(i);
    range_teardown(range, on_torn_down, NULL);
    CU_ASSERT_TRUE(reached(&calls, plan->p_hosts->len + 1));
    calls = failures = 0;
    expect_nothing_left();
    g_string_truncate(events, 0);
}

/* A daemon that was killed leaves a drill; another process finds, stops, removes it. */
static void test_a_crashed_drill_is_removed(void)
{
    g_autoptr(GError) error = NULL;
    RangeRemoved gone = {0};
    guint suspended = 0;
    json_t *world;

    make_all();
    range_free(range);
    range = NULL;
    world = range_world(uri, &error);
    CU_ASSERT_EQUAL(json_array_size(world),
                    plan->p_hosts->len + plan->p_networks->len + 1);
    CU_ASSERT_STRING_EQUAL(
        json_string_value(json_object_get(json_array_get(world, 0), "drill")),
        plan->p_uuid);
    json_decref(world);
    CU_ASSERT_TRUE(range_suspend(uri, plan->p_uuid, &suspended, &error));
    CU_ASSERT_EQUAL(suspended, plan->p_hosts->len);
    CU_ASSERT_TRUE(
        range_remove(uri, "00000000-0000-5000-8000-000000000000", &gone, &error));
    CU_ASSERT_EQUAL(gone.rm_domains, 0);
    CU_ASSERT_TRUE(range_remove(uri, plan->p_uuid, &gone, &error));
    CU_ASSERT_EQUAL(gone.rm_domains, plan->p_hosts->len);
    expect_nothing_left();
}

/* A daemon that starts again is told of the domains that are there. */
static void test_a_restart_finds_its_domains(void)
{
    CU_ASSERT_TRUE_FATAL(new_range());
    make_all();
    range_free(range);
    CU_ASSERT_TRUE_FATAL(new_range());
    CU_ASSERT_TRUE(
        fixture_wait(events_are, (gpointer) "0 started;1 started;2 started;", 5) ||
        strlen(events->str) == strlen("0 started;1 started;2 started;"));
    range_teardown(range, on_torn_down, NULL);
    expect_done(1);
    expect_nothing_left();
}

/* The daemon ends in the midst of making: every call is answered, what began is done. */
static void test_a_range_freed_in_the_midst(void)
{
    RangeRemoved gone = {0};

    for (int i = 0; i < (int)plan->p_networks->len; i++)
        range_network_create(range, i, done, NULL);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        range_filter_create(range, i, done, NULL);
    for (int i = 0; i < (int)plan->p_hosts->len; i++)
        range_domain_destroy(range, i, done, NULL);
    range_inspect(range, on_inspected, NULL);
    range_suspend_all(range, on_counted, NULL);
    range_free(range);
    range = NULL;
    CU_ASSERT_EQUAL(calls, plan->p_networks->len + 2 * plan->p_hosts->len + 2);
    calls = failures = 0;
    CU_ASSERT_TRUE(range_remove(uri, plan->p_uuid, &gone, NULL));
    expect_nothing_left();
}

static void test_no_libvirt_is_an_error(void)
{
    RangeConfig nowhere = {.rg_uri = "qemu+unix:///system?socket=/nowhere/sock",
                           .rg_accel = "qemu",
                           .rg_drill = plan->p_uuid};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NULL(range_new(base, plan, &nowhere, &error));
    CU_ASSERT_TRUE(g_error_matches(error, RANGE_ERROR, RANGE_ERROR_LINK));
    g_clear_error(&error);
    CU_ASSERT_PTR_NULL(range_world("qemu+unix:///system?socket=/nowhere/sock", &error));
    CU_ASSERT_TRUE(g_error_matches(error, RANGE_ERROR, RANGE_ERROR_LINK));
}

static gboolean begin(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *logs = NULL;

    home = fixture_home_new();
    if (!host_ensure(home, &uri, &error) || !host_status(home, &status, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return FALSE;
    }
    conn = virConnectOpen(uri);
    if (!conn)
        return FALSE;
    plan = range_plan_new("live");
    config = (RangeConfig){.rg_uri = uri,
                           .rg_accel = "qemu",
                           .rg_dir = home,
                           .rg_drill = plan->p_uuid,
                           .rg_on_event = on_event,
                           .rg_on_link = on_link};
    for (guint i = 0; i < G_N_ELEMENTS(listeners); i++) {
        g_autofree char *at = g_strdup_printf("%s/drills/%u.sock", home, i);

        listeners[i] = wire_listen(at);
    }
    base = event_base_new();
    events = g_string_new(NULL);
    before = whole_world();
    return TRUE;
}

static void end(void)
{
    range_free(range);
    if (conn)
        virConnectClose(conn);
    if (base)
        event_base_free(base);
    if (plan)
        range_plan_free(plan);
    if (events)
        g_string_free(events, TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(listeners); i++)
        if (listeners[i] >= 0)
            close(listeners[i]);
    json_decref(rows);
    g_free(last_error);
    g_free(before);
    host_status_clear(&status);
    fixture_home_end(home);
    g_free(uri);
}

static CU_TestInfo tests[] = {
    {"networks, filters and domains are made", test_make},
    {"a repeat is harmless", test_a_repeat_is_harmless},
    {"strangers are left alone", test_strangers_are_left_alone},
    {"the inspection passes", test_inspection_passes},
    {"an address on a bridge is found", test_an_address_is_found},
    {"a foreign port is found", test_a_foreign_port_is_found},
    {"a link on top of a bridge is found", test_a_vlan_on_a_bridge_is_found},
    {"a lost isolation is found", test_a_lost_isolation_is_found},
    {"a lost filter is found", test_a_lost_filter_is_found},
    {"forwarding is found", test_forwarding_is_found},
    {"a file elsewhere is found", test_a_file_elsewhere_is_found},
    {"a spoofing guest is stopped", test_a_spoofing_guest_is_stopped},
    {"a killed QEMU is told", test_a_killed_qemu_is_told},
    {"a stranger's pause is told", test_a_strangers_pause_is_told},
    {"a reset is no end", test_a_reset_is_no_end},
    {"memory to a file and back", test_memory_to_a_file_and_back},
    {"a restore says why not", test_restore_says_why_not},
    {"a golden guest", test_a_golden_guest},
    {"the kill switch", test_the_kill_switch},
    {"a lost connection", test_a_lost_connection},
    {"teardown leaves nothing", test_teardown_leaves_nothing},
    {"teardown in the midst of making", test_teardown_in_the_midst},
    {"a crashed drill is removed", test_a_crashed_drill_is_removed},
    {"a restart finds its domains", test_a_restart_finds_its_domains},
    {"a range freed in the midst", test_a_range_freed_in_the_midst},
    {"no libvirt is an error", test_no_libvirt_is_an_error},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    const char *obstacle = fixture_obstacle();
    int result = 1;

    if (obstacle) {
        printf("skipped: %s\n", obstacle);
        return 77;
    }
    setbuf(stdout, NULL);
    if (begin())
        result = cunit_main("range: on a private libvirt", tests);
    end();
    return result;
}
