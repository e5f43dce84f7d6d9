/*
 * What an order may use, and that nothing of it gets away: with control groups where the
 * machine has them, and without.
 */
#include "tests/unit/agent_host.h"
#include "tests/unit/cunit_main.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* Leaves its session, forks twice, and tells its number. */
#define ESCAPES                                                                          \
    "setsid sh -c 'trap \"\" TERM; sh -c \"trap \\\"\\\" TERM; echo \\$\\$; "            \
    "while :; do sleep 1; done\" & exit 0' & "

static struct wire_msg order(int64_t id, const char *script)
{
    struct wire_msg m;

    wire_msg_init(&m, WIRE_ORDER);
    m.id = id;
    m.order.script = script;
    return m;
}

/* Where cgroup2 is mounted, or NULL. */
static const char *cgroup_mount(void)
{
    static char path[256];
    char line[512], type[32];
    FILE *f = fopen("/proc/self/mounts", "r");
    bool found = false;

    while (f && !found && fgets(line, sizeof(line), f))
        found =
            sscanf(line, "%*s %255s %31s", path, type) == 2 && !strcmp(type, "cgroup2");
    if (f)
        fclose(f);
    return found ? path : NULL;
}

static void without_cgroup(void)
{
    const char *path;

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        _exit(126);
    while ((path = cgroup_mount()))
        if (umount2(path, MNT_DETACH) < 0)
            _exit(126);
}

/* As in a guest that has no systemd: control groups, but nobody who mounted them. */
static void with_unmounted_cgroup(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        _exit(126);
    while (umount2("/sys/fs/cgroup", MNT_DETACH) == 0)
        ;
}

static bool gone(struct host *h, const char *pid)
{
    int number = atoi(pid);

    if (number < 2)
        return false;
    for (int i = 0; i < HOST_WAIT_MS / 20; i++) {
        if (kill(number, 0) < 0 && errno == ESRCH)
            return true;
        host_pump(h, 20);
    }
    return false;
}

static char *wait_pid(struct host *h, int64_t id)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(host_wait(h, WIRE_OUT, id));
    return host_data(h, id, 1, NULL);
}

static void deadline_kills_what_escaped(const char *script)
{
    struct host h;
    struct wire_msg m = order(1, script);

    CU_ASSERT_FATAL(host_start(&h, false));
    m.order.timeout_ms = 1000;
    host_send(&h, &m);
    char *pid = wait_pid(&h, 1);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_FAILED);
    CU_ASSERT(gone(&h, pid));
    free(pid);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_deadline(void)
{
    deadline_kills_what_escaped(ESCAPES "sleep 600");
    if (cgroup_mount())
        deadline_kills_what_escaped(
            "setsid env -i sh -c 'sleep 611 & echo $!' & sleep 600");
}

static void test_deadline_without_cgroup(void)
{
    host_before_agent = without_cgroup;
    deadline_kills_what_escaped(ESCAPES "sleep 600");
    host_before_agent = NULL;
}

static void test_deadline_with_own_mount(void)
{
    host_before_agent = with_unmounted_cgroup;
    deadline_kills_what_escaped("setsid env -i sh -c 'sleep 611 & echo $!' & sleep 600");
    host_before_agent = NULL;
}

/* Its leader obeys SIGTERM at once; what escaped does not. */
static void test_cancel(void)
{
    struct host h;
    struct wire_msg m = order(1, ESCAPES "exec sleep 600");

    CU_ASSERT_FATAL(host_start(&h, false));
    host_send(&h, &m);
    char *pid = wait_pid(&h, 1);
    wire_msg_init(&m, WIRE_CANCEL);
    m.id = 1;
    host_send(&h, &m);
    CU_ASSERT_PTR_NOT_NULL(host_wait(&h, WIRE_RESULT, 1));
    CU_ASSERT(gone(&h, pid));
    free(pid);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void killed_agent_leaves_nothing(void)
{
    struct host h;
    struct wire_msg m = order(7, ESCAPES "sleep 600");

    CU_ASSERT_FATAL(host_start(&h, true));
    const struct wire_msg *r =
        host_order(&h, 6, "sleep 600 >/dev/null 2>&1 & echo $!"); /* ended: may stay */
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    char *stays = host_data(&h, 6, 1, NULL);
    host_send(&h, &m);
    char *pid = wait_pid(&h, 7);
    host_kill_agent(&h);
    CU_ASSERT_FATAL(host_start_agent(&h));
    r = host_wait(&h, WIRE_RESULT, 7);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.status, WIRE_LOST);
    CU_ASSERT(gone(&h, pid));
    CU_ASSERT_EQUAL(kill(atoi(stays), SIGKILL), 0);
    free(stays);
    free(pid);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_killed_agent(void)
{
    killed_agent_leaves_nothing();
    host_before_agent = without_cgroup;
    killed_agent_leaves_nothing();
    host_before_agent = NULL;
}

/* One that wants more memory than it was given does not get it; the agent goes on. */
static void test_memory(void)
{
    struct host h;
    struct wire_msg m = order(1, "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo "
                                 "${#x}");

    CU_ASSERT_FATAL(host_start(&h, false));
    m.order.mem_kb = 65536;
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT(r->result.exit != 0);
    r = host_order(&h, 2, "echo fine");
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->result.exit, 0);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

static void test_processes(void)
{
    struct host h;
    struct wire_msg m = order(1, "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait");

    CU_ASSERT_FATAL(host_start(&h, false));
    m.order.procs = 4;
    m.order.timeout_ms = 3000;
    m.order.user = "games"; /* the limit without a control group is not root's */
    host_send(&h, &m);
    const struct wire_msg *r = host_wait(&h, WIRE_RESULT, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    char *err = host_data(&h, 1, 2, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "fork"));
    free(err);
    CU_ASSERT_EQUAL(host_stop(&h), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a deadline kills what escaped", test_deadline},
        {"and without control groups", test_deadline_without_cgroup},
        {"control groups that nobody mounted", test_deadline_with_own_mount},
        {"cancel kills what escaped", test_cancel},
        {"what a killed agent left is killed", test_killed_agent},
        {"memory", test_memory},
        {"processes", test_processes},
        CU_TEST_INFO_NULL,
    };

    if (geteuid() != 0) {
        puts("skipped: the agent changes users, which needs root");
        return 77;
    }
    wire_init();
    return cunit_main("agent limits", tests);
}
