/* The embedded host, for real: namespaces, libvirtd, a guest, and nothing left over. */
#include "orchestrator/host/accounts.h"
#include "orchestrator/host/host.h"
#include "orchestrator/host/paths.h"
#include "tests/integration/host_fixture.h"
#include "tests/unit/cunit_main.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virConnect, virConnectClose)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

static char *home; /* shared by the tests; each leaves the host as it needs it */

static char *ensure(void)
{
    g_autoptr(GError) error = NULL;
    char *uri = NULL;

    if (!host_ensure(home, &uri, &error))
        printf("\n    %s\n", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(uri);
    return uri;
}

static pid_t host_pid(void)
{
    g_auto(HostStatus) status = {0};

    CU_ASSERT_TRUE(host_status(home, &status, NULL));
    return status.pid;
}

/* Several processes ask at once: one host, and each gets the same URI. */
static void test_ensure_at_once(void)
{
    pid_t asking[4];
    g_autoptr(HostPaths) paths = host_paths_new(home, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(asking); i++) {
        asking[i] = fork();
        if (asking[i] == 0) {
            g_autoptr(GError) error = NULL;
            char *uri = NULL;
            if (!host_ensure(home, &uri, &error))
                fprintf(stderr, "%s\n", error->message);
            _exit(uri && g_str_equal(uri, paths->uri) ? 0 : 1);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(asking); i++) {
        int status = -1;
        CU_ASSERT_EQUAL(waitpid(asking[i], &status, 0), asking[i]);
        CU_ASSERT_EQUAL(status, 0);
    }
    g_auto(HostStatus) status = {0};
    CU_ASSERT_TRUE_FATAL(host_status(home, &status, NULL));
    CU_ASSERT_TRUE(status.running);
    CU_ASSERT_TRUE(status.ready);
    CU_ASSERT_EQUAL(status.domains, 0);
    CU_ASSERT_EQUAL(status.restarts, 0);
    CU_ASSERT_PTR_NOT_NULL(status.reason);
    printf("\n    guests would run with %s: %s\n    ", status.accel, status.reason);
    pid_t first = status.pid;
    g_autofree char *again = ensure();
    CU_ASSERT_STRING_EQUAL(again, paths->uri);
    CU_ASSERT_EQUAL(host_pid(), first);
}

static void test_second_program_refused(void)
{
    const char *argv[] = {PARRY_BINARY_DIR "/bin/parry-host", "--home", home, NULL};
    g_autofree char *words = NULL;
    int status = 0;

    CU_ASSERT_TRUE_FATAL(g_spawn_sync("/", (char **)argv, NULL, G_SPAWN_DEFAULT, NULL,
                                      NULL, NULL, &words, &status, NULL));
    CU_ASSERT_TRUE(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(words, "another process holds it"));
}

/* Nothing of libvirt's own is there: no default network, no filter, no domain. */
static void test_starts_empty(void)
{
    g_autofree char *uri = ensure();
    g_autoptr(virConnect) conn = virConnectOpen(uri);

    CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
    CU_ASSERT_EQUAL(virConnectListAllNetworks(conn, NULL, 0), 0);
    CU_ASSERT_EQUAL(virConnectListAllNWFilters(conn, NULL, 0), 0);
    CU_ASSERT_EQUAL(virConnectListAllDomains(conn, NULL, 0), 0);
    CU_ASSERT_EQUAL(virConnectListAllStoragePools(conn, NULL, 0), 0);
}

/* Runs check in a child inside the network of the host. */
static gboolean inside_network(const char *uri, gboolean (*check)(void))
{
    int fd = host_network_namespace(uri, NULL);
    int status = -1;

    if (fd < 0)
        return FALSE;
    pid_t pid = fork();
    if (pid == 0)
        _exit(setns(fd, CLONE_NEWNET) == 0 && check() ? 0 : 1);
    close(fd);
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static gboolean only_loopback(void)
{
    g_autofree char *dev = NULL;
    g_autofree char *routes = NULL;
    g_autofree char *forward = NULL;
    int lines = 0;

    /* Read anew in this network: /proc/self/net follows the thread, /proc/net does too.
     */
    if (!g_file_get_contents("/proc/self/net/dev", &dev, NULL, NULL) ||
        !g_file_get_contents("/proc/self/net/route", &routes, NULL, NULL) ||
        !g_file_get_contents("/proc/sys/net/ipv4/ip_forward", &forward, NULL, NULL))
        return FALSE;
    for (char *c = routes; *c; c++)
        lines += *c == '\n';
    return strstr(dev, "lo:") && !strstr(dev, "eth") && lines == 1 &&
           g_str_equal(forward, "0\n");
}

static void test_network_has_no_way_out(void)
{
    g_autofree char *uri = ensure();

    CU_ASSERT_TRUE(inside_network(uri, only_loopback));
}

/* Whether libvirtd, and so every QEMU below it, sees this path. */
static gboolean visible(pid_t libvirtd, const char *path)
{
    g_autofree char *inside = g_strdup_printf("/proc/%d/root%s", (int)libvirtd, path);
    struct stat st;

    return lstat(inside, &st) == 0;
}

static void test_sees_only_its_home(void)
{
    g_auto(HostStatus) status = {0};
    g_autofree char *other = fixture_home_new();
    g_autofree char *uri = ensure();
    static const char *const hidden[] = {
        "/root", "/home",    "/boot",     "/srv",     "/var/tmp",    "/opt",
        "/mnt",  "/dev/vda", "/dev/kmsg", "/dev/mem", "/etc/shadow", NULL};
    static const char *const shown[] = {"images", "golden", "drills", NULL};
    static const char *const kept_back[] = {"host", "keys", "people.db", NULL};

    CU_ASSERT_TRUE_FATAL(host_status(home, &status, NULL));
    CU_ASSERT_TRUE_FATAL(status.libvirtd_pid > 0);
    CU_ASSERT_TRUE(visible(status.libvirtd_pid, "/usr/bin"));
    for (int i = 0; hidden[i]; i++)
        CU_ASSERT_FALSE(visible(status.libvirtd_pid, hidden[i]));
    CU_ASSERT_FALSE(visible(status.libvirtd_pid, other));
    for (int i = 0; shown[i]; i++) {
        g_autofree char *path = g_build_filename(home, shown[i], NULL);
        CU_ASSERT_TRUE(visible(status.libvirtd_pid, path));
    }
    for (int i = 0; kept_back[i]; i++) {
        g_autofree char *path = g_build_filename(home, kept_back[i], NULL);
        CU_ASSERT_FALSE(visible(status.libvirtd_pid, path));
    }
    rmdir(other);
}

/* A value of /proc/PID/status, stripped; to be freed. */
static char *process_value(pid_t pid, const char *key)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    const char *line = strstr(text, key);
    line = line ? line + strlen(key) : "";
    return g_strstrip(g_strndup(line, strcspn(line, "\n")));
}

static void check_confined(pid_t qemu)
{
    g_autofree char *uids = process_value(qemu, "\nUid:");
    g_autofree char *seccomp = process_value(qemu, "\nSeccomp:");
    g_autofree char *caps = process_value(qemu, "\nCapEff:");
    g_autofree char *no_new = process_value(qemu, "\nNoNewPrivs:");
    uid_t uid = 0;

    CU_ASSERT_TRUE(accounts_find(ACCOUNTS_QEMU, &uid, NULL));
    CU_ASSERT_EQUAL(g_ascii_strtoull(uids, NULL, 10), uid);
    CU_ASSERT_STRING_EQUAL(seccomp, "2");
    CU_ASSERT_STRING_EQUAL(caps, "0000000000000000");
    CU_ASSERT_STRING_EQUAL(no_new, "1");
}

static double seconds_since(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / 1e6;
}

/* Starts and destroys the guest a few times; the figures are printed, not judged. */
static void test_guest_starts_and_ends(void)
{
    g_autofree char *uri = ensure();
    g_autoptr(virConnect) conn = virConnectOpen(uri);
    g_auto(HostStatus) status = {0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
    CU_ASSERT_TRUE_FATAL(fixture_network_make(conn));
    CU_ASSERT_TRUE_FATAL(host_status(home, &status, NULL));
    printf("\n    %s\n",
           fixture_kernel() ? fixture_kernel() : "no kernel: firmware only");
    for (int i = 0; i < 3; i++) {
        gint64 start = g_get_monotonic_time();
        g_autoptr(virDomain) guest = fixture_guest_start(conn, home);
        double created = seconds_since(start);
        CU_ASSERT_PTR_NOT_NULL_FATAL(guest);
        pid_t qemu = fixture_member_with(status.init_pid, "guest=" GUEST);
        CU_ASSERT_TRUE(qemu > 0);
        check_confined(qemu);
        start = g_get_monotonic_time();
        CU_ASSERT_EQUAL(virDomainDestroy(guest), 0);
        printf("    filtered guest of 128 MiB: create %.2f s, destroy %.2f s\n", created,
               seconds_since(start));
        CU_ASSERT_EQUAL(kill(qemu, 0), -1); /* gone and reaped, no zombie */
    }
    printf("    ");
    CU_ASSERT_EQUAL(virConnectNumOfDomains(conn), 0);
}

static gboolean libvirtd_is_back(gpointer data)
{
    g_auto(HostStatus) status = {0};
    pid_t *killed = data;

    return host_status(home, &status, NULL) && status.ready && status.restarts > 0 &&
           status.libvirtd_pid != *killed && status.domains == 1;
}

/* Kills libvirtd and waits until another one has found the guest. */
static void kill_libvirtd(void)
{
    g_auto(HostStatus) status = {0};

    CU_ASSERT_TRUE_FATAL(host_status(home, &status, NULL));
    CU_ASSERT_EQUAL_FATAL(kill(status.libvirtd_pid, SIGKILL), 0);
    CU_ASSERT_TRUE(fixture_wait(libvirtd_is_back, &status.libvirtd_pid, 40));
}

/*
 * libvirtd is killed, more often than a host that is only starting would bear: the host
 * says so and starts it again; the guest runs on all the time.
 */
static void test_libvirtd_killed(void)
{
    g_autofree char *uri = ensure();
    g_autoptr(virConnect) conn = virConnectOpen(uri);
    g_auto(HostStatus) before = {0};
    g_auto(HostStatus) after = {0};

    CU_ASSERT_TRUE_FATAL(fixture_network_make(conn));
    g_autoptr(virDomain) guest = fixture_guest_start(conn, home);
    CU_ASSERT_PTR_NOT_NULL_FATAL(guest);
    CU_ASSERT_TRUE_FATAL(host_status(home, &before, NULL));
    CU_ASSERT_EQUAL(before.domains, 1);
    pid_t qemu = fixture_member_with(before.init_pid, "guest=" GUEST);
    for (int i = 0; i < 6; i++)
        kill_libvirtd();
    CU_ASSERT_TRUE(host_status(home, &after, NULL));
    CU_ASSERT_PTR_NOT_NULL_FATAL(after.last_loss);
    CU_ASSERT_PTR_NOT_NULL(strstr(after.last_loss, "libvirtd was killed by signal 9"));
    CU_ASSERT_EQUAL(after.restarts, 6);
    CU_ASSERT_EQUAL(after.pid, before.pid);
    CU_ASSERT_EQUAL(fixture_member_with(after.init_pid, "guest=" GUEST), qemu);
    g_autofree char *again = ensure();
    CU_ASSERT_STRING_EQUAL(again, uri);
}

/* With a guest running, stopping is refused and names it; forced, nothing is left. */
static void test_stop_leaves_nothing(void)
{
    g_auto(HostStatus) status = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *mounts = NULL;
    g_autoptr(HostPaths) paths = host_paths_new(home, NULL);

    CU_ASSERT_TRUE_FATAL(host_status(home, &status, NULL));
    CU_ASSERT_EQUAL_FATAL(status.domains, 1);
    guint64 net = fixture_namespace(status.init_pid, "net");
    guint64 mnt = fixture_namespace(status.init_pid, "mnt");
    guint64 pid = fixture_namespace(status.init_pid, "pid");
    CU_ASSERT_TRUE(fixture_members_of("pid", pid) >= 4); /* init, 2 daemons, QEMU */
    CU_ASSERT_FALSE(host_stop(home, FALSE, &error));
    CU_ASSERT_TRUE(g_error_matches(error, HOST_ERROR, HOST_ERROR_BUSY));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, GUEST));
    g_clear_error(&error);
    gint64 start = g_get_monotonic_time();
    CU_ASSERT_TRUE(host_stop(home, TRUE, &error));
    printf("\n    stopped in %.2f s\n    ", seconds_since(start));
    CU_ASSERT_EQUAL(fixture_members_of("net", net), 0);
    CU_ASSERT_EQUAL(fixture_members_of("mnt", mnt), 0);
    CU_ASSERT_EQUAL(fixture_members_of("pid", pid), 0);
    CU_ASSERT_TRUE(g_file_get_contents("/proc/self/mounts", &mounts, NULL, NULL));
    CU_ASSERT_PTR_NULL(strstr(mounts, home));
    CU_ASSERT_NOT_EQUAL(access(paths->sock, F_OK), 0);
    CU_ASSERT_NOT_EQUAL(access(paths->state, F_OK), 0);
    g_auto(HostStatus) after = {0};
    CU_ASSERT_TRUE(host_status(home, &after, NULL));
    CU_ASSERT_FALSE(after.running);
    CU_ASSERT_TRUE(host_stop(home, FALSE, NULL)); /* stopped already: no error */
}

static gboolean namespace_is_empty(gpointer data)
{
    return fixture_members_of("pid", *(guint64 *)data) == 0;
}

/* parry-host is killed: everything below it dies, and the next one starts afresh. */
static void test_host_killed(void)
{
    g_autofree char *uri = ensure();
    g_autoptr(virConnect) conn = virConnectOpen(uri);
    g_auto(HostStatus) status = {0};

    CU_ASSERT_TRUE_FATAL(fixture_network_make(conn));
    g_autoptr(virDomain) guest = fixture_guest_start(conn, home);
    CU_ASSERT_PTR_NOT_NULL(guest);
    CU_ASSERT_TRUE_FATAL(host_status(home, &status, NULL));
    guint64 pid = fixture_namespace(status.init_pid, "pid");
    CU_ASSERT_EQUAL_FATAL(kill(status.pid, SIGKILL), 0);
    CU_ASSERT_TRUE(fixture_wait(namespace_is_empty, &pid, 20));
    g_autofree char *again = ensure();
    g_autoptr(virConnect) anew = virConnectOpen(again);
    CU_ASSERT_PTR_NOT_NULL_FATAL(anew);
    CU_ASSERT_EQUAL(virConnectNumOfDomains(anew), 0);
    CU_ASSERT_TRUE(host_stop(home, FALSE, NULL));
}

/* A libvirtd that cannot start: the error carries its own words, and nothing stays. */
static void test_start_failure_explained(void)
{
    g_autoptr(HostPaths) paths = host_paths_new(home, NULL);
    g_autofree char *in_the_way = g_build_filename(paths->lib, "qemu", NULL);
    g_autoptr(GError) error = NULL;
    g_auto(HostStatus) status = {0};
    char *uri = NULL;

    CU_ASSERT_TRUE(host_paths_empty(paths->lib, NULL));
    CU_ASSERT_TRUE(g_file_set_contents(in_the_way, "x", 1, NULL));
    CU_ASSERT_FALSE(host_ensure(home, &uri, &error));
    CU_ASSERT_PTR_NULL(uri);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "/var/lib/libvirt/qemu"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, paths->log));
    CU_ASSERT_TRUE(host_status(home, &status, NULL));
    CU_ASSERT_FALSE(status.running);
    CU_ASSERT_TRUE(host_paths_empty(paths->lib, NULL));
    uri = ensure(); /* mended: starts */
    g_free(uri);
    CU_ASSERT_TRUE(host_stop(home, FALSE, NULL));
}

/* libvirt prints what its callers are told anyway. */
static void say_nothing(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"asked at once, one host", test_ensure_at_once},
        {"a second parry-host is refused", test_second_program_refused},
        {"starts empty", test_starts_empty},
        {"the network has no way out", test_network_has_no_way_out},
        {"sees only its home", test_sees_only_its_home},
        {"a guest starts and ends, confined", test_guest_starts_and_ends},
        {"libvirtd killed", test_libvirtd_killed},
        {"stopping leaves nothing", test_stop_leaves_nothing},
        {"parry-host killed", test_host_killed},
        {"a failed start is explained", test_start_failure_explained},
        CU_TEST_INFO_NULL,
    };
    const char *obstacle = fixture_obstacle();

    if (obstacle) {
        printf("skipped: %s\n", obstacle);
        return 77;
    }
    signal(SIGPIPE, SIG_IGN); /* libvirtd is killed under open connections */
    virSetErrorFunc(NULL, say_nothing);
    home = fixture_home_new();
    int status = cunit_main("host", tests);
    fixture_home_end(home);
    return status;
}
